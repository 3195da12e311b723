"""Ranking: the formula, the frame that pictures are compared in, and what the command says."""

import json
import sys

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from emojimap import embed, lineup, sheet, styles
from emojimap.avatar import Avatar
from emojimap.cli.rank import rank as command
from emojimap.errors import ArgumentError, DataError, EmojimapError, PhotoError, StyleError
from emojimap.facenet.network import Networks
from emojimap.lineup import SIDE, Portrait, Score, mean_colours, portrait, rank
from tests.conftest import blank, draw_face

RED, GREEN, BLUE, WHITE = (120, 0, 0), (0, 120, 0), (0, 0, 120), (250, 250, 250)


class MeanColour:
    """Embeds a picture as the mean of its colours."""

    name = "mean colour"

    def __init__(self):
        self.calls = []

    def embed(self, pictures, kind):
        self.calls.append((pictures.shape, kind))
        return pictures[:, :, :, :3].mean(axis=(1, 2)).astype(np.float32)


@pytest.fixture
def embedder():
    return MeanColour()


@pytest.fixture(autouse=True)
def _drawn_faces(monkeypatch, network):
    """Faces are found as drawn."""
    monkeypatch.setattr(lineup, "networks", lambda: Networks(network, network))


def flat(colour, shape=(60, 60)):
    return np.full((*shape, 3), colour, np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Four plain pictures, one of them below, and what is none."""
    place = tmp_path / "candidates"
    (place / "below").mkdir(parents=True)
    (place / ".hidden").mkdir()
    for name, colour in (("b", RED), ("a", GREEN), ("below/c", BLUE), ("w", WHITE)):
        Image.fromarray(flat(colour)).save(place / f"{name}.png")
    Image.fromarray(flat(RED)).save(place / ".hidden" / "h.png")
    (place / "notes.txt").write_text("no candidate")
    return place


class TestFormula:
    def test_equal_pictures_are_first_with_one(self, embedder):
        found = rank([flat(RED)], [flat(WHITE), flat(RED), flat(GREEN)], embedder)
        assert [one.name for one in found] == ["candidate 1", "candidate 0", "candidate 2"]
        assert [one.score for one in found] == [1.0, 0.57735, 0.0]

    def test_raw_is_the_plain_quotient(self, embedder):
        red, white = (np.array(colour, float) for colour in (RED, WHITE))
        found = rank([flat(RED)], [flat(WHITE), flat(RED)], embedder, raw=True)
        assert found[0].score == pytest.approx(red @ white / (red @ red), abs=1e-6)
        assert [one.score for one in found] == [2.083333, 1.0]

    def test_the_mean_over_the_references(self, embedder):
        (found,) = rank([flat(RED), flat(GREEN)], [flat(RED)], embedder)
        assert found.by_reference == (1.0, 0.0)
        assert found.score == 0.5

    def test_equal_scores_by_name(self, embedder, tmp_path):
        paths = [tmp_path / f"{name}.png" for name in "cab"]
        for path in paths:
            Image.fromarray(flat(RED)).save(path)
        found = rank([flat(RED)], paths, embedder)
        assert [one.name for one in found] == sorted(str(path) for path in paths)

    def test_a_black_reference_tells_nothing(self, embedder):
        for raw in (False, True):
            (found,) = rank([flat((0, 0, 0))], [flat(RED)], embedder, raw=raw)
            assert found.score == 0

    def test_many_candidates_in_small_batches(self, embedder):
        found = rank([flat(RED)], (flat((120, i, 0)) for i in range(40)), embedder)
        assert [one.name for one in found[:3]] == ["candidate 0", "candidate 1", "candidate 2"]
        assert max(shape[0] for shape, _ in embedder.calls) <= 16
        assert {kind for _, kind in embedder.calls} == {"whole"}

    def test_nothing_to_rank(self, embedder):
        with pytest.raises(ArgumentError, match="no reference"):
            rank([], [flat(RED)], embedder)
        with pytest.raises(ArgumentError, match="no candidate"):
            rank([flat(RED)], [], embedder)

    def test_unreadable_candidates(self, embedder, tmp_path):
        bad = tmp_path / "bad.json"
        bad.write_text("[]")
        told = []
        found = rank(
            [flat(RED)],
            [bad, flat(RED)],
            embedder,
            skipped=lambda name, error: told.append((name, error)),
        )
        assert len(found) == 1
        ((name, error),) = told
        assert name == str(bad)
        assert str(error).startswith(f"{bad}: no emojimapStyleVariant")
        with pytest.raises(ArgumentError, match=r"bad\.json"):
            rank([flat(RED)], [bad], embedder)
        with pytest.raises(ArgumentError, match="no candidate that can be read"):
            rank([flat(RED)], [bad], embedder, skipped=lambda *_: None)

    def test_an_unreadable_reference_fails(self, embedder, tmp_path):
        with pytest.raises(PhotoError, match=r"none\.png: no such file"):
            rank([tmp_path / "none.png"], [flat(RED)], embedder, skipped=lambda *_: None)


class TestPortrait:
    def test_a_face_is_aligned_wherever_it_stands(self):
        one = portrait(draw_face(blank(), (200, 200), 60))
        other = portrait(draw_face(blank(), (400, 260), 90, angle=0.5))
        assert one.aligned
        assert other.aligned
        assert one.picture.shape == (SIDE, SIDE, 4)
        both = [seen.picture[40:-40, 40:-40, :3].astype(int) for seen in (one, other)]
        assert np.abs(both[0] - both[1]).mean() < 12

    def test_no_face_no_alignment(self):
        seen = portrait(flat(RED, (60, 120)))
        assert not seen.aligned
        assert (seen.picture[SIDE // 2, SIDE // 2] == (*RED, 255)).all()
        assert (seen.picture[10, SIDE // 2] == (128, 128, 128, 0)).all()  # squared on grey

    def test_the_opaque_part_of_a_picture(self, tmp_path):
        picture = np.zeros((100, 200, 4), np.uint8)
        picture[40:80, 150:190] = (*BLUE, 255)
        path = tmp_path / "a.png"
        Image.fromarray(picture).save(path)
        for source in (path, path.read_bytes(), Image.fromarray(picture)):
            seen = portrait(source)
            assert not seen.aligned
            assert np.abs(seen.picture.astype(int) - (*BLUE, 255)).max() <= 1

    def test_a_face_on_a_transparent_ground(self, tmp_path):
        drawn = draw_face(blank(), (200, 200), 60)
        clear = np.dstack([drawn, np.where((drawn == 120).all(axis=2), 0, 255).astype(np.uint8)])
        Image.fromarray(clear).save(tmp_path / "a.png")
        seen = portrait(tmp_path / "a.png")
        assert seen.aligned
        assert (seen.picture[0, 0] == (128, 128, 128, 0)).all()
        assert (seen.picture[SIDE // 2, SIDE // 2, 3]) == 255

    def test_nothing_opaque(self, tmp_path):
        Image.new("RGBA", (50, 50), (10, 20, 30, 0)).save(tmp_path / "a.png")
        assert not portrait(tmp_path / "a.png").aligned

    @pytest.mark.parametrize("name", styles.names())
    def test_an_avatar_by_its_eyes(self, name, tmp_path):
        style = styles.load(name)
        path = tmp_path / "a.json"
        path.write_text(style.default().to_json())
        seen = portrait(path)
        assert seen.aligned
        assert (portrait(style.default()).picture == seen.picture).all()
        # An eye stands an eighth of the side beside the middle of the picture.
        dark = seen.picture[:, :, :3].max(axis=2) < 110
        for x in (3 * SIDE // 8, 5 * SIDE // 8):
            assert dark[SIDE // 2 - 20 : SIDE // 2 + 12, x - 14 : x + 14].any()

    def test_a_picture_of_the_cartoon_set(self, as_named, set_style):
        seen = portrait(set_style.default())
        assert seen.aligned
        assert (seen.picture[SIDE // 2, SIDE // 2, 3]) == 255

    def test_an_unknown_style(self):
        with pytest.raises(StyleError, match="nobodys"):
            portrait(Avatar("nobodys", {}, {}))


class TestMeanColours:
    def test_of_avatars(self):
        style = styles.load("avataaars")
        pair = [
            style.default().with_(colours={"hair": hair, "skin": "#c68642"})
            for hair in ("#000000", "#777777")
        ]
        found = mean_colours(pair)
        assert list(found) == ["hair", "skin"]
        assert found["hair"].count == 2
        assert np.abs(found["hair"].colour.astype(int) - 57).max() <= 2  # half the L* of #777777
        assert bytes(found["skin"].colour.tolist()).hex() == "c68642"

    def test_of_pictures_without_a_face(self, tmp_path):
        picture = np.zeros((80, 80, 4), np.uint8)
        picture[:40] = (*GREEN, 255)
        Image.fromarray(picture).save(tmp_path / "a.png")
        found = mean_colours([tmp_path / "a.png"])
        assert list(found) == ["picture"]
        assert np.abs(found["picture"].colour.astype(int) - GREEN).max() <= 1

    def test_of_a_photo(self, astronaut):
        found = mean_colours([astronaut])
        assert found["hair"].count == found["skin"].count == 1
        assert found["skin"].colour[0] > found["skin"].colour[2]

    def test_of_nothing(self):
        assert mean_colours([]) == {}


class TestSheet:
    @pytest.mark.parametrize(("left", "right"), [(1, 1), (2, 8), (7, 2)])
    def test_all_are_on_it(self, left, right):
        colours = [(10 + 20 * i, 255 - 20 * i, 40) for i in range(left + right)]
        seen = [portrait(flat(colour)) for colour in colours]
        drawn = sheet.lineup(
            [("a" * 60, one) for one in seen[:left]], [("b", 0.5, one) for one in seen[left:]]
        )
        assert drawn.dtype == np.uint8
        for colour in colours:
            assert (np.abs(drawn.astype(int) - colour).max(axis=2) <= 1).sum() > 160 * 160

    def test_nothing_to_draw(self):
        one = Portrait(np.zeros((SIDE, SIDE, 4), np.uint8), aligned=True)
        with pytest.raises(ArgumentError, match="nothing to draw"):
            sheet.lineup([("a", one)], [])


@pytest.fixture
def run(monkeypatch, embedder, tmp_path):
    """Runs the command, with the mean colour for a network."""
    asked = []

    def load(spec, **options):
        asked.append((spec, options))
        return embedder

    monkeypatch.setattr(embed, "load", load)
    reference = tmp_path / "reference.png"
    Image.fromarray(flat((110, 30, 0))).save(reference)
    app = typer.Typer()
    app.command()(command)

    def call(*arguments, reference=reference):
        done = CliRunner().invoke(app, [str(reference), *map(str, arguments)])
        if isinstance(done.exception, EmojimapError):
            raise done.exception
        return done

    call.asked = asked
    call.reference = reference
    return call


class TestCommand:
    def test_scores_and_paths_best_first(self, run, folder):
        done = run("--among", folder)
        assert done.exit_code == 0, done.output
        lines = done.stdout.splitlines()
        assert [line.split()[1] for line in lines] == [
            str(folder / name) for name in ("b.png", "w.png", "a.png")
        ]
        assert lines[0].startswith("0.96")
        assert all(line.endswith("(whole picture)") for line in lines)
        assert "no face found in 4 of 4 candidates" in done.stderr
        assert run.asked == [("autoencoder", {"layer": None, "pixels": None})]

    def test_json(self, run, folder):
        bad = folder / "bad.png"
        bad.write_bytes(b"no picture")
        done = run("--among", folder, "--json", "--top", 1, "--average", 2)
        found = json.loads(done.stdout)
        assert found["references"] == [str(run.reference)]
        assert found["embedder"] == "mean colour"
        ((best),) = found["scores"]
        assert best["path"] == str(folder / "b.png")
        assert best["by_reference"] == [best["score"]]
        assert best["aligned"] is False
        ((skipped),) = found["skipped"]
        assert skipped["path"] == str(bad)
        assert found["average"]["picture"]["pictures"] == 2
        assert found["average"]["picture"]["colour"].startswith("#")
        assert "1 of 5 candidates skipped" in done.stderr
        assert "bad.png: not a photo" in done.stderr

    def test_sheet(self, run, folder, tmp_path):
        target = tmp_path / "new" / "s.png"
        done = run("--among", folder, "--sheet", target)
        assert done.exit_code == 0, done.output
        with Image.open(target) as picture:
            assert picture.size == (4 * 168 + 12, 204)

    def test_average(self, run, folder):
        done = run("--among", folder / "b.png", "--average", 1)
        assert done.stdout.splitlines()[-1] == "picture  #780000  mean of 1"

    def test_only_a_few_skipped_are_named(self, run, folder):
        for i in range(8):
            (folder / f"bad{i}.json").write_text("{}")
        done = run("--among", folder)
        assert done.stderr.count("no emojimapStyleVariant") == 5
        assert "8 of 12 candidates skipped, 5 of them named above" in done.stderr

    def test_the_same_candidate_counts_once(self, run, folder):
        done = run("--among", folder, "--among", folder / "b.png", "--top", 9)
        assert len(done.stdout.splitlines()) == 4

    def test_options_reach_the_embedder(self, run, folder):
        run("--among", folder, "--embedder", "n.onnx", "--layer", "t", "--pixels", "bgr")
        assert run.asked == [("n.onnx", {"layer": "t", "pixels": "bgr"})]

    def test_nothing_there(self, run, tmp_path):
        with pytest.raises(DataError, match="no such folder"):
            run("--among", tmp_path / "none")
        (tmp_path / "empty").mkdir()
        with pytest.raises(DataError, match="holds no picture"):
            run("--among", tmp_path / "empty")

    def test_none_can_be_read(self, run, tmp_path):
        (tmp_path / "bad").mkdir()
        (tmp_path / "bad" / "a.png").write_bytes(b"?")
        with pytest.raises(ArgumentError, match="no candidate that can be read"):
            run("--among", tmp_path / "bad")

    def test_a_bad_reference(self, run, folder):
        with pytest.raises(PhotoError, match="no such file"):
            run("--among", folder, reference=folder / "none.png")

    def test_the_sheet_is_a_png_and_no_input(self, run, folder):
        with pytest.raises(EmojimapError, match=r"ends in \.png"):
            run("--among", folder, "--sheet", folder / "s.jpg")
        done = run("--among", folder, "--sheet", run.reference)
        assert done.exit_code == 2

    def test_usage(self, run):
        assert run().exit_code == 2

    def test_nothing_heavy_is_imported(self):
        import subprocess

        code = (
            "import sys, emojimap.cli; "
            "print(sorted({'torch', 'onnxruntime', 'cv2', 'numpy'} & set(sys.modules)))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.stdout.strip() == "[]", done.stderr


def test_scores_compare_by_what_they_say():
    one = Score("a", 0.5, (0.5,), True, "a")
    assert one == Score("a", 0.5, (0.5,), True, "elsewhere")
    assert "elsewhere" not in repr(one)


@pytest.mark.data
def test_real_faces_stand_in_one_place(data, monkeypatch):
    monkeypatch.undo()
    names = ("obama.jpg", "obama2.jpg", "biden.jpg")
    seen = [portrait(data / "photos" / name) for name in names]
    assert all(one.aligned for one in seen)
    skin = [one.picture[100:150, 90:134, :3].mean(axis=(0, 1)) for one in seen]
    assert all(colour[0] > colour[2] + 20 for colour in skin)  # cheeks and nose, nothing else
