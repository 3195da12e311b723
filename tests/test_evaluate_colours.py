"""Scores of the colours: what they count, on colours that are known."""

import json
import stat
import sys

import numpy as np
import pytest
from PIL import Image

from emojimap.colours import to_lab, to_rgb
from emojimap.errors import ArgumentError, EmojimapError
from emojimap.evaluate import tone_peer
from emojimap.evaluate.colour_report import table
from emojimap.evaluate.colour_scores import peer_people, people, spread_over, summary
from emojimap.evaluate.colours import LIGHTS, Painted, Row, Seen, measure
from emojimap.evaluate.dyes import PAINTS, Paint, painted
from tests.command import run

RNG = np.random.default_rng(3)


def colour(*lab):
    return to_rgb(np.array(lab, float))


def seen(skin, hair=(30, 8, 12), kind="natural"):
    skin, hair = colour(*skin), colour(*hair)
    return Seen({"skin": skin, "hair": hair}, {"skin": skin, "hair": hair}, kind)


def crowd(count=12, within=1.0, lit=0.5):
    rows = []
    for person in range(count):
        for photo in range(2):
            lightness = 40 + 3 * person + within * photo
            changed = {light.name: seen((lightness + lit, 14, 24)) for light in LIGHTS}
            rows.append(Row(f"{person}_{photo}", str(person), seen((lightness, 14, 24)), changed))
    return rows


class TestPeople:
    def test_ratio_of_same_to_different(self):
        rows = crowd()
        found = people([(row.person, row.plain.final["skin"]) for row in rows])
        assert found["same_pairs"] == 12
        assert found["ratio"] < 0.2
        assert found["ratio_low"] <= found["ratio"] <= found["ratio_high"]

    def test_same_colours_for_all_tell_nothing(self):
        found = people([(str(i // 2), colour(70, 14, 24)) for i in range(8)])
        assert found["same"] == 0
        assert found["different"] == 0

    def test_without_pairs(self):
        assert people([("a", colour(50, 0, 0)), ("b", None)]) == {"same_pairs": 0}


class TestSummary:
    def test_every_block(self):
        rows = crowd()
        rows[0].painted.extend(
            [
                Painted("blue", True, "", False, True, True, True),
                Painted("pink", True, "", False, True, False, True),
                Painted("pink", True, "", True, False, False, False),
                Painted("brown", False, "", False, True, True, False),
                Painted("brown", False, "3500 K", False, True, True, True),
            ]
        )
        found = summary(rows) | {"split": "val", "spread": spread_over(rows)}
        assert found["photos"] == 24
        assert found["people"] == 12
        assert found["skin"]["light"]["median"] == pytest.approx(0.5, abs=0.4)
        assert set(found["skin"]["light"]["each"]) == {light.name for light in LIGHTS}
        assert found["dye"]["kept"] == 0.5
        assert found["dye"]["whole_way_hair_seen"] == 0.0
        assert found["dye"]["whole_way_kept"] == 0.0
        assert found["dye"]["natural_not_taken_for_dye"] == 1.0
        assert found["dye"]["natural_not_taken_for_dye_in_other_light"] == 0.0
        assert found["dye"]["own_hair_not_taken_for_dye"] == 1.0
        assert found["spread"]["skin"]["people"] == 12
        json.dumps(found)
        text = table(found)
        for words in ("same person / different", "2700 K", "worst to mean", "blue", "ms"):
            assert words in text

    def test_a_group_that_fares_worse_is_seen(self):
        rows = crowd(lit=0.5)
        for row in rows[:8]:
            row.lit.update({light.name: seen((70, 14, 24)) for light in LIGHTS})
        assert summary(rows)["skin"]["thirds"]["worst_to_mean"] > 2

    def test_peer_on_the_photos_of_both(self):
        rows = crowd()
        tones = {row.name: {"tone": colour(50, 10, 20)} for row in rows[:6]}
        found = peer_people(rows, tones)
        assert found["photos"] == 6
        assert found["peer tone"]["same"] == 0
        assert found["peer dominant"] == {"same_pairs": 0}
        assert found["ours"]["same_pairs"] == 3


class TestDyes:
    def test_paint_is_kept_by_hue_and_chroma(self):
        blue = next(paint for paint in PAINTS if paint.name == "blue")
        assert blue.kept(colour(*blue.lab))
        assert blue.kept(colour(50, 5, -40))
        assert not blue.kept(colour(42, 1, -8))
        assert not blue.kept(colour(42, 40, -20))
        platinum = next(paint for paint in PAINTS if paint.name == "platinum")
        assert platinum.kept(colour(82, 0, 14))
        assert not platinum.kept(colour(60, 6, 24))

    @pytest.mark.parametrize("paint", PAINTS, ids=lambda paint: paint.name)
    def test_painted_hair_has_the_colour_and_its_strands(self, paint):
        photo = np.full((60, 60, 3), 90, np.uint8)
        photo[10:50, 10:50] = RNG.integers(20, 70, (40, 40, 1))
        mask = np.zeros((60, 60), bool)
        mask[10:50, 10:50] = True
        new = painted(photo, mask, paint)
        inside = to_lab(new[15:45, 15:45].reshape(-1, 3))
        assert np.linalg.norm(np.median(inside, axis=0) - paint.lab) < 12
        assert inside[:, 0].std() > 1
        assert (new[:5] == photo[:5]).all()

    def test_wrong_input(self):
        with pytest.raises(ArgumentError):
            painted(np.zeros((4, 4, 3), np.uint8), np.zeros((5, 5), bool), PAINTS[0])
        photo = np.zeros((4, 4, 3), np.uint8)
        assert painted(photo, np.zeros((4, 4), bool), Paint("x", (50, 0, 0), True)) is photo


class TestPeer:
    def stone(self, tmp_path, body):
        script = tmp_path / "stone"
        script.write_text(f"#!{sys.executable}\nimport sys, pathlib\n{body}\n")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        return script

    def photos(self, tmp_path):
        for name in ("a.png", "b.png", "c.png"):
            Image.new("RGB", (4, 4)).save(tmp_path / name)
        return [tmp_path / name for name in ("a.png", "b.png", "c.png")]

    def test_report_is_read(self, tmp_path):
        body = (
            "out = pathlib.Path(sys.argv[sys.argv.index('-o') + 1])\n"
            "out.joinpath('result.csv').write_text('file,dominant 1,skin tone\\n'\n"
            "    'a.png,#c08d77,#9D7A54\\nb.png,,\\nc.png,#111111,#222222\\nc.png,#1,#2\\n')"
        )
        found = tone_peer.run(self.stone(tmp_path, body.replace("#1,#2", "#333333,#444444")),
                              self.photos(tmp_path))  # fmt: skip
        assert set(found) == {"a"}
        assert found["a"]["tone"].tolist() == [0x9D, 0x7A, 0x54]
        assert found["a"]["dominant"].tolist() == [0xC0, 0x8D, 0x77]

    def test_failures_are_told(self, tmp_path):
        photos = self.photos(tmp_path)
        with pytest.raises(EmojimapError, match="can't be started"):
            tone_peer.run(tmp_path / "none", photos)
        script = self.stone(tmp_path, "sys.exit('no cascade')")
        with pytest.raises(EmojimapError, match="exit status 1: no cascade"):
            tone_peer.run(script, photos)
        with pytest.raises(EmojimapError, match="no report"):
            tone_peer.run(self.stone(tmp_path, ""), photos)


def test_one_photo_in_every_light(astronaut, tmp_path, monkeypatch):
    monkeypatch.setattr("emojimap.evaluate.colours.LIGHTS", LIGHTS[:1])
    monkeypatch.setattr("emojimap.evaluate.colours.PAINTS", PAINTS[:1])
    path, mask = tmp_path / "a.png", tmp_path / "m.png"
    Image.fromarray(astronaut).save(path)
    hair = np.zeros(astronaut.shape[:2], np.uint8)
    hair[20:80, 180:260] = 255
    Image.fromarray(hair).save(mask)
    row = measure(path, "eileen", mask)
    assert set(row.lit) == {"2700 K"}
    assert [(one.paint, one.light == "", one.whole_way) for one in row.painted] == [
        ("blue", True, False),
        ("blue", False, False),
        ("blue", True, True),
    ]
    assert row.hand is not None
    assert 0 < row.milliseconds < 1000
    plain = measure(path, "eileen", mask, altered=False)
    assert plain.lit == {}
    assert (plain.hand == row.hand).all()
    assert (plain.plain.final["skin"] == row.plain.final["skin"]).all()
    Image.new("RGB", (100, 100)).save(path)
    assert measure(path, "nobody", None) is None


@pytest.mark.data
@pytest.mark.slow
def test_command(data):
    flags = ["--data", data, "--limit", 2, "--people", 3, "--plain", "--json"]
    done = run("evaluate", "colours", *flags)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["photos"] == 2
    assert found["spread"]["skin"]["people"] >= 2
    assert found["milliseconds"]["median"] > 0
    text = run("evaluate", "colours", *flags[:-1])
    assert "same person / different" in text.stdout
