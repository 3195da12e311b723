"""Part embedders: what they learn from, how they are trained, what ships."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("onnx", reason="needs the extra train")

from emojimap.embed.autoencoder import PREFIX, PartEmbedder  # noqa: E402
from emojimap.errors import DataError, ModelError  # noqa: E402
from emojimap.segments import KINDS, WHOLE  # noqa: E402
from emojimap.train import parts, parts_export  # noqa: E402
from emojimap.train import pieces as pieces_  # noqa: E402
from emojimap.train.parts import PartsSettings, codes, telling, train, view  # noqa: E402
from emojimap.train.pieces import Pieces, gather, people_first, read, wholes  # noqa: E402
from emojimap.train.samples import Sample  # noqa: E402

SMALL = PartsSettings(steps=6, photos=8, parts=4, codes=12, kept=4)


def drawn(count, seed, channel=0):
    """Discs of one size per person, on plain ground."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:64, :64]
    out = np.full((count, 64, 64, 4), 128, np.uint8)
    for i in range(count):
        radius, (x, y) = 8 + 4 * (i // 2 % 5), 32 + rng.normal(0, 1, 2)
        out[i, :, :, channel][np.hypot(rows - y, columns - x) < radius] = 30
    out[:, :, :, 3] = 255
    return out


@pytest.fixture
def pieces():
    people = tuple(f"person {i // 2 % 5}" for i in range(40))
    return Pieces(drawn(40, 0), people, drawn(10, 1), np.arange(10) % 2)


def test_a_run_that_stopped_goes_on_as_if_it_had_not(pieces, tmp_path, monkeypatch):
    straight = train("eyes", pieces, tmp_path, SMALL)
    halved = tmp_path / "halved"
    halved.mkdir()

    class Once:
        """An interrupt after three steps."""

        steps = 0

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        @property
        def seen(self):
            type(self).steps += 1
            return type(self).steps > 3

    with monkeypatch.context() as patch:
        patch.setattr(parts, "Interrupt", Once)
        assert train("eyes", pieces, halved, SMALL) is None
    seen = []
    gone_on = train("eyes", pieces, halved, SMALL, lambda step, loss: seen.append(step))
    assert seen == [4, 5, 6]
    for one, other in zip(straight.parameters(), gone_on.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_other_settings_are_refused(pieces, tmp_path):
    train("eyes", pieces, tmp_path, SMALL)
    with pytest.raises(DataError, match="the same settings"):
        train("eyes", pieces, tmp_path, PartsSettings(steps=6, photos=8, parts=4, codes=10))
    (tmp_path / "eyes.pt").write_bytes(b"no checkpoint")
    with pytest.raises(DataError, match="no checkpoint"):
        train("eyes", pieces, tmp_path, SMALL)


def test_it_learns(pieces, tmp_path):
    losses = []
    train("nose", pieces, tmp_path, PartsSettings(steps=40, photos=16, parts=8, codes=12),
          lambda step, loss: losses.append(loss))  # fmt: skip
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])


@pytest.mark.parametrize("kind", [*KINDS, WHOLE])
def test_views_are_near_and_never_equal(kind):
    pictures = torch.from_numpy(drawn(6, 3))
    first, second = (view(pictures, kind, np.random.default_rng(i)) for i in (0, 1))
    assert first.shape == (6, 4, 64, 64)
    assert first.min() >= 0
    assert first.max() <= 255
    assert (first != second).any()
    again = view(pictures, kind, np.random.default_rng(0))
    assert torch.equal(first, again)


def test_directions_that_tell_people_apart_count_most():
    rng = np.random.default_rng(0)
    people = np.repeat(np.arange(60), 4)
    values = rng.normal(0, 1, (240, 5)).astype(np.float32)
    values[:, 2] = np.repeat(rng.normal(0, 3, 60), 4) + rng.normal(0, 0.1, 240)
    names = tuple(str(one) for one in people)
    matrix, middle = telling(values, names, PartsSettings(kept=3, ridge=0.001))
    assert matrix.shape == (3, 5)
    assert np.abs(matrix[0]).argmax() == 2
    assert middle == pytest.approx(values.mean(axis=0), abs=1e-5)
    spread = ((values - middle) @ matrix.T).std(axis=0)
    assert spread[0] > 5 * spread[1]


def test_nobody_twice_is_refused():
    with pytest.raises(DataError, match="two photos of some"):
        telling(np.eye(3, dtype=np.float32), ("a", "b", "c"), SMALL)


@pytest.mark.filterwarnings("ignore")  # torch warns of its own exporter
def test_what_ships_gives_the_same_codes(pieces, tmp_path):
    network = train("mouth", pieces, tmp_path, SMALL)
    folder = tmp_path / "models"
    told = parts_export.ship("mouth", network, pieces, folder, SMALL)
    assert told.kept == 4
    assert told.size == (folder / f"{PREFIX}mouth.onnx").stat().st_size
    matrix, middle = telling(codes(network, pieces.photos), pieces.people, SMALL)
    wanted = (codes(network, pieces.photos) - middle) @ matrix.T
    found = PartEmbedder(folder).embed(pieces.photos, "mouth")
    assert np.abs(found - wanted).max() < 0.02 * wanted.std()
    card = parts_export.card({"mouth": told}, ["avataaars"], SMALL)
    assert "| mouth | 40 | 5 | 10 | 4 |" in card


@pytest.mark.filterwarnings("ignore")
def test_a_network_that_differs_does_not_ship(pieces, tmp_path, monkeypatch):
    network = train("mouth", pieces, tmp_path, SMALL)
    monkeypatch.setattr(parts_export, "_TOLERANCE", -1.0)
    with pytest.raises(ModelError, match="differs"):
        parts_export.ship("mouth", network, pieces, tmp_path / "models", SMALL)
    assert not list((tmp_path / "models").iterdir())


def sample(name, photo="x.png", source="faces-lfw"):
    return Sample(source, name, "train", name.rsplit("_", 1)[0], Path(photo))


def test_people_of_whom_there_are_several_photos_come_first():
    rows = [sample("a_1"), sample("b_1"), sample("b_2"), sample("hair", source="figaro1k")]
    assert [one.name for one in people_first(rows)] == ["b_1", "b_2", "a_1", "hair"]


@pytest.fixture
def gathered(tmp_path, astronaut, monkeypatch):
    from PIL import Image

    monkeypatch.setattr(pieces_, "CHUNK", 2)
    monkeypatch.setattr(pieces_, "_LEAST", 2)
    other = np.ascontiguousarray(astronaut[:, ::-1])
    shown = {
        "a_0": astronaut,
        "a_1": astronaut[4:, 6:],
        "b_0": other,
        "b_1": other[8:],
        "c_1": np.full((64, 64, 3), 90, np.uint8),
    }
    for name, picture in shown.items():
        Image.fromarray(picture).save(tmp_path / f"{name}.png")
    return [sample(name, str(tmp_path / f"{name}.png")) for name in shown]


def test_photos_are_cut_once(gathered, tmp_path, monkeypatch):
    out = tmp_path / "run"
    seen = []
    assert gather(gathered, out, progress=seen.append) == 4
    assert seen == [2, 4, 5]
    monkeypatch.setattr(pieces_, "analyse", None)  # nothing is looked at again
    assert gather(gathered, out) == 4
    found = read(out, "brows", ["avataaars"])
    assert found.people == ("a", "a", "b", "b")
    assert found.photos.shape == (4, 64, 64, 4)
    assert len(found.parts) == len(found.style) == 13
    with pytest.raises(DataError, match="other photos"):
        gather(gathered[:2], out)


def test_too_few_faces_are_refused(gathered, tmp_path, monkeypatch):
    monkeypatch.setattr(pieces_, "_LEAST", 5)
    with pytest.raises(DataError, match="4 of 5 photos show a face"):
        gather(gathered, tmp_path / "run")


def test_whole_avatars_are_drawn_at_random():
    from emojimap import styles

    style = styles.load("personas")
    first, again = (wholes(style, 3, np.random.default_rng(0)) for _ in range(2))
    assert first.shape == (3, 112, 112, 4)
    assert (first == again).all()
    assert (first[0] != first[1]).any()


@pytest.mark.filterwarnings("ignore")
def test_command(gathered, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from emojimap.cli import app
    from emojimap.train import readers

    monkeypatch.setattr(readers, "read_all", lambda *_: gathered)
    out, models = tmp_path / "run", tmp_path / "models"
    arguments = ["train", "parts", "--out", str(out), "--data", str(tmp_path), "--steps", "2"]
    result = CliRunner().invoke(app, [*arguments, "--kind", "nose", "--export", str(models)])
    assert result.exit_code == 0, result.output
    assert {p.name for p in models.iterdir()} == {"manifest.json", "parts-nose.onnx", "parts.md"}
    result = CliRunner().invoke(app, [*arguments, "--kind", "ears"])
    assert "ears" in str(result.exception)
