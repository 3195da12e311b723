"""The roads from a face to an avatar, measured side by side."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from emojimap import styles
from emojimap.cli import app
from emojimap.errors import ArgumentError, DataError
from emojimap.evaluate.road_report import table
from emojimap.evaluate.road_scores import summary
from emojimap.evaluate.roads import Plan, Row, measure, own_parts, still
from emojimap.segments import KINDS
from emojimap.train.samples import Sample


class Pixels:
    name = "pixels"

    def embed(self, pictures, kind):
        return (pictures.astype(np.float32) - 128).reshape(len(pictures), -1)


def row(person, top, code, jitter, seed):
    """A photo whose codes are a person's with some noise."""
    rng = np.random.default_rng(seed)
    avatar = styles.load("avataaars").default().with_(parts={"top": top})
    own = {kind: (code + rng.normal(0, 0.1, 4)).astype(np.float32) for kind in KINDS}
    frames = {k: np.stack([v + rng.normal(0, jitter, 4) for _ in range(3)]) for k, v in own.items()}
    other = avatar.with_(parts={"top": "bob" if seed == 0 else top})
    return Row(
        Path("x.png"),
        person,
        (0, 0, 1, 1),
        {"overlap": avatar, "autoencoder": other},
        {"overlap": 10.0, "autoencoder": 20.0},
        {"autoencoder": own},
        [{"overlap": avatar, "autoencoder": avatar}],
        {"autoencoder": frames},
    )


@pytest.fixture
def rows():
    codes = np.eye(4)
    tops = ("shortFlat", "bob", "straight01", "fro")
    return [row(f"p{i}", tops[i], codes[i], 0.05, 2 * i + k) for i in range(4) for k in range(2)]


def test_scores_say_what_they_should(rows):
    found = summary(rows, ("overlap", "autoencoder"), "avataaars")
    assert (found["photos"], found["people"], found["same_pairs"]) == (8, 4, 4)
    overlap, parts = found["roads"]["overlap"], found["roads"]["autoencoder"]
    assert overlap["auc"] == 1
    assert overlap["equal_parts"] == {"same": 1, "chance": 0}
    assert overlap["still_parts"] == 1
    assert parts["hair_as_overlap"] == 7 / 8
    assert parts["still_hair"] == 7 / 8
    assert parts["ms"] == 20
    codes = found["embedders"]["autoencoder"]
    assert codes["auc"] == 1
    assert 0.05 < codes["unrest"] < 0.3
    text = table({**found, "split": "val", "style": "avataaars", "own_parts": {}})
    assert "AUC of codes" in text
    assert "top: same" in text


def test_restless_codes_are_seen(rows):
    calm = summary(rows, ("autoencoder",), "avataaars")["embedders"]["autoencoder"]["unrest"]
    tops = ("bob", "fro")
    wild = [row(f"p{i // 2}", tops[i % 2], np.eye(4)[i // 2], 0.2, i) for i in range(8)]
    found = summary(wild, ("autoencoder",), "avataaars")["embedders"]["autoencoder"]["unrest"]
    assert found > 2 * calm


def test_one_person_is_not_enough(rows):
    with pytest.raises(DataError, match="two of one person"):
        summary(rows[:2], ("overlap",), "avataaars")


def test_unknown_roads_are_named():
    with pytest.raises(ArgumentError, match="highway"):
        Plan(("highway",))


def test_frames_of_a_still_person_differ_a_little(astronaut):
    frames = list(still(astronaut, 3))
    assert [one.shape for one in frames] == [astronaut.shape] * 3
    for frame in frames:
        apart = np.abs(frame.astype(int) - astronaut).mean()
        assert 1 < apart < 20
    assert (frames[0] == next(iter(still(astronaut, 1)))).all()
    assert not list(still(astronaut, 0))


@pytest.mark.parametrize("name", ["avataaars", "personas"])
def test_drawn_avatars_give_their_parts_back(name):
    found = own_parts(name, Pixels(), 4)
    assert found
    for kind, (right, of) in found.items():
        assert right == of, kind
        assert of <= 4


def test_a_photo_goes_the_roads(astronaut, tmp_path):
    from PIL import Image

    path = tmp_path / "a.png"
    Image.fromarray(astronaut).save(path)
    sample = Sample("lfw", "a", "val", "somebody", path)
    plan = Plan(("overlap", "autoencoder", "refine"), "avataaars", evaluations=30)
    found = measure(sample, plan, 1)
    assert set(found.avatars) == {"overlap", "autoencoder", "refine"}
    assert found.codes["autoencoder"].keys() == set(KINDS)
    assert found.still_codes["autoencoder"]["hair"].shape[0] == 1
    assert set(found.still[0]) == {"overlap", "autoencoder"}
    Image.fromarray(np.full((90, 90, 3), 120, np.uint8)).save(path)
    assert measure(sample, plan, 0) is None


@pytest.mark.slow
@pytest.mark.data
def test_command(data):
    arguments = ["evaluate", "roads", "--data", str(data), "--limit", "8", "--frames", "0"]
    roads = ["--road", "overlap", "--road", "autoencoder", "--drawn", "2", "--jobs", "1", "--json"]
    result = CliRunner().invoke(app, [*arguments, *roads])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert set(found["roads"]) == {"overlap", "autoencoder"}
    assert 0 <= found["embedders"]["autoencoder"]["auc"] <= 1
    assert set(found["own_parts"]["autoencoder"]) == {"hair", "eyes", "brows", "mouth", "beard"}
