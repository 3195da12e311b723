"""Search: what was moved is found, nothing is done twice, and no gain is claimed by chance."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from emojimap import analysis as analysis_
from emojimap.analysis import Analysis
from emojimap.cli._search import search as command
from emojimap.colours import Colours, ColourSettings, SkinSettings
from emojimap.colours._locus import to_rgb
from emojimap.errors import (
    ArgumentError,
    DataError,
    EmojimapError,
    NoFaceError,
    OutputError,
    SettingsError,
)
from emojimap.fit import FitSettings
from emojimap.settings import toml
from emojimap.settings.tree import changed, find
from emojimap.tune import ranges, report
from emojimap.tune.faces import MOST, errors, folds, gain, mean, people, read, scores
from emojimap.tune.labels import Label
from emojimap.tune.search import journal_path, search
from emojimap.tune.worth import losses, put_back
from tests.drawn_face import Drawn

OFFSET = "skin.tone_offset_l"
HEX = "#{:02x}{:02x}{:02x}"
FACES = 12


def plain(seen, settings):
    """Skin by the number of the photo and two settings: what the real way takes 5 ms for."""
    skin = settings.skin
    lightness = 14.0 + seen.confidence * 3 + 0.5 * skin.tone_offset_l
    lightness = min(max(lightness, skin.darkest_l), skin.fairest_l)
    return replace(seen, colours=Colours(skin=to_rgb((lightness, 15.0, 22.0))))


class Photos:
    """Stands for the analysis; counts how often each photo is asked for and sampled."""

    def __init__(self):
        self.seen, self.sampled = [], 0
        self.faceless = set()
        self.stop_at = math.inf
        self.find = plain

    def analyse(self, photo, *, face=0, settings=None):
        self.seen.append(photo.name)
        if photo.name in self.faceless:
            raise NoFaceError("no face found")
        number = int(photo.stem.rpartition("_")[2])
        drawn = Drawn(skin=(44.0 + 3 * number, 15.0, 22.0 + number % 3))
        return Analysis(
            photo=drawn.photo,
            box=(0.0, 0.0, 1.0, 1.0),
            landmarks=drawn.landmarks,
            irises=drawn.irises,
            masks=drawn.masks,
            colours=Colours(),
            traits=None,
            head=None,
            confidence=float(number),
        )

    def recoloured(self, seen, settings):
        if self.sampled >= self.stop_at:
            raise KeyboardInterrupt
        self.sampled += 1
        return self.find(seen, settings)


@pytest.fixture
def photos(monkeypatch):
    found = Photos()
    found.real = analysis_.recoloured
    monkeypatch.setattr(analysis_, "analyse", found.analyse)
    monkeypatch.setattr(analysis_, "recoloured", found.recoloured)
    return found


def moved(**values):
    return changed(ColourSettings(), {find(ColourSettings(), k): v for k, v in values.items()})


def labelled(photos, settings, count=FACES, roles=("skin",)):
    """Labels that these settings would find exactly."""
    names = [Path(f"person{n}_{n}.jpg") for n in range(count)]
    found = [photos.find(photos.analyse(name), settings).colours for name in names]
    photos.seen.clear()
    return [
        Label(name, **{role: HEX.format(*getattr(colours, role)) for role in roles})
        for name, colours in zip(names, found, strict=True)
    ]


@pytest.fixture
def labels(photos):
    return labelled(photos, moved(**{OFFSET: 80.0}))


@pytest.fixture
def run(labels, tmp_path):
    pytest.importorskip("optuna", reason="the search needs optuna: emojimap[tune]")

    def once(trials=12, out="best.toml", labels=labels, vary=(OFFSET, "skin.darkest_l"), **more):
        more.setdefault("most_folds", 3)
        return search(labels, tmp_path / out, trials=trials, vary=vary, **more)

    return once


class TestSearch:
    def test_finds_what_was_moved(self, run):
        found = run(trials=20)
        assert found.after["skin"] < 0.6 * found.before["skin"]
        assert found.aside["skin"] < 0.7 * found.before["skin"]
        assert found.best.analysis.colours.skin.tone_offset_l > 74
        assert [one.setting for one in found.worths][:1] == [OFFSET]
        assert found.worths[0].worth > 1
        assert found.real
        assert report.verdict(found).startswith("the gain is real")

    def test_finds_it_on_drawn_faces(self, run, photos):
        photos.find = photos.real
        moved_away = labelled(photos, moved(**{OFFSET: 60.0}), 8, ("skin", "hair"))
        found = run(labels=moved_away, trials=5, vary=(f"{OFFSET}=58:72",), most_folds=2)
        assert set(found.before) == {"skin", "hair", "mean"}
        assert found.after["skin"] < 0.6 * found.before["skin"]

    def test_no_gain_where_the_defaults_are_right(self, run, photos):
        found = run(labels=labelled(photos, ColourSettings()))
        assert found.best == FitSettings()
        assert not found.worths
        assert not found.real
        assert report.verdict(found) == "nothing better was found: the defaults are as good"

    def test_every_photo_is_looked_at_once(self, run, photos):
        run(trials=3)
        assert len(photos.seen) == len(set(photos.seen)) == FACES

    def test_same_seed_same_result(self, run):
        first, second = run(out="a.toml"), run(out="b.toml")
        assert replace(first, failures={}) == replace(second, failures={})
        assert run(out="c.toml", seed=1).best != first.best

    def test_starts_from_given_settings(self, run, tmp_path):
        (tmp_path / "start.toml").write_text("[skin]\ntone_offset_l = 80.0\n")
        start = toml.load(tmp_path / "start.toml", FitSettings())
        found = run(start=start, trials=4)
        assert found.before["mean"] == pytest.approx(0, abs=0.01)
        assert found.best == start
        assert "the settings given are as good" in report.verdict(found)
        assert "tone_offset_l = 80.0" in report.as_toml(found)

    def test_photos_without_a_face_are_told(self, run, photos):
        photos.faceless = {"person3_3.jpg"}
        found = run(trials=2)
        assert found.failures == {Path("person3_3.jpg"): "no face found"}
        assert found.photos == FACES - 1

    def test_too_few_faces(self, run, photos):
        photos.faceless = {f"person{n}_{n}.jpg" for n in range(5)}
        with pytest.raises(DataError, match="7 photos with colours show a face, 5 show none"):
            run()

    def test_progress_rises_to_the_end(self, run):
        told, looked = [], []
        run(
            trials=3,
            progress=lambda *state: told.append(state),
            reading=lambda *state: looked.append(state),
        )
        done = [state[0] for state in told]
        assert done == sorted(done)
        assert told[-1][0] == told[-1][1] == {state[1] for state in told}.pop()
        assert looked == [(n + 1, FACES) for n in range(FACES)]

    def test_refused_combinations_are_passed_over(self, run, photos):
        found = run(
            labels=labelled(photos, ColourSettings()),
            vary=("skin.darkest_l=27:95", "skin.fairest_l=10:95"),
            trials=15,
        )
        skin = found.best.analysis.colours.skin
        assert skin.darkest_l <= skin.fairest_l

    def test_wrong_numbers(self, run):
        for wrong in ({"trials": 0}, {"most_folds": 1}, {"seed": -1}):
            with pytest.raises(ArgumentError, match="at least 1, 2 and 0"):
                run(**wrong)

    def test_places_that_cant_be_written(self, run, tmp_path):
        with pytest.raises(OutputError, match="is a folder"):
            run(out=".")
        with pytest.raises(OutputError, match=r"missing.*can't be written"):
            run(out="missing/best.toml")
        (tmp_path / "best.toml.trials").mkdir()
        with pytest.raises(OutputError, match="is a folder"):
            run()


class TestResume:
    def test_goes_on_where_it_was_stopped(self, run, photos):
        whole = run(out="whole.toml")
        needed = photos.sampled
        photos.sampled, photos.stop_at = 0, needed // 2
        with pytest.raises(KeyboardInterrupt):
            run()
        photos.stop_at = math.inf
        assert run() == whole
        # The trial that was cut off, the start and the comparisons are done again.
        assert photos.sampled < 1.4 * needed

    def test_a_finished_search_tries_nothing(self, run, photos, tmp_path):
        first = run()
        before = journal_path(tmp_path / "best.toml").read_bytes()
        tried = photos.sampled
        assert run() == first
        assert photos.sampled - tried <= 7 * FACES
        assert journal_path(tmp_path / "best.toml").read_bytes() == before

    def test_more_trials_add_to_those_done(self, run, tmp_path):
        run(trials=4)
        path = journal_path(tmp_path / "best.toml")
        before = path.read_bytes()
        assert run(trials=8).after["mean"] <= run(trials=4).after["mean"] + 0.05
        assert path.read_bytes().startswith(before)

    @pytest.mark.parametrize("cut", [1, 5, 200, 1500])
    def test_a_torn_journal_is_mended(self, run, tmp_path, cut):
        whole = run(trials=6)
        path = journal_path(tmp_path / "best.toml")
        path.write_bytes(path.read_bytes()[:-cut])
        assert run(trials=6) == whole
        assert all(json.loads(line) for line in path.read_bytes().splitlines())

    @pytest.mark.parametrize("left", [0, 1, 9, 150, 400])
    def test_killed_at_the_very_beginning(self, run, tmp_path, left):
        whole = run(trials=3)
        path = journal_path(tmp_path / "best.toml")
        path.write_bytes(path.read_bytes()[:left])
        assert run(trials=3) == whole

    def test_a_lock_left_by_a_killed_run_holds_nobody_up(self, run, tmp_path):
        (tmp_path / "best.toml.trials.lock").touch()
        run(trials=1, most_folds=2)
        assert not (tmp_path / "best.toml.trials.lock").exists()

    @pytest.mark.parametrize(
        "content",
        [b"photo,skin\na.jpg,#000000\n", b"\x89PNG\r\n", b'{"op_code":7}\n', b'{"op_code":99}\n'],
    )
    def test_foreign_files_are_refused_and_left(self, run, tmp_path, content):
        path = journal_path(tmp_path / "best.toml")
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"best\.toml\.trials is damaged, or no journal"):
            run()
        assert path.read_bytes() == content

    def test_a_damaged_line_is_refused(self, run, tmp_path):
        run(trials=3)
        path = journal_path(tmp_path / "best.toml")
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join([*lines[:4], lines[4][:30] + b"\n", *lines[5:]]))
        with pytest.raises(DataError, match=r"trials is damaged.*delete it"):
            run(trials=3)

    def test_another_search_is_refused(self, run, photos, labels, monkeypatch):
        run(trials=2)
        others = [replace(labels[0], skin="#123456"), *labels[1:]]
        start = replace(FitSettings(), analysis=analysis_.AnalysisSettings(device="cuda"))
        for what, more in {
            "labels": {"labels": others},
            "searched settings": {"vary": (OFFSET,)},
            "start settings": {"start": start},
            "folds": {"most_folds": 2},
            "seed": {"seed": 5},
        }.items():
            with pytest.raises(DataError, match=rf"best\.toml\.trials .* other {what}: delete it"):
                run(trials=2, **more)
        photos.find = lambda seen, settings: plain(replace(seen, confidence=5.0), settings)
        with pytest.raises(DataError, match="other photos or networks"):
            run(trials=2)
        monkeypatch.setattr("emojimap.tune.search.__version__", "9")
        with pytest.raises(DataError, match="other program version"):
            run(trials=2)


class TestErrors:
    def faces(self, labels):
        return read(labels, FitSettings().analysis)[0]

    def test_only_what_was_judged(self, labels):
        faces = self.faces([Label(Path("a_1.jpg")), *labels])
        table = errors(faces, moved(**{OFFSET: 80.0}))
        assert table.shape == (FACES, 3)
        assert table[:, 0] == pytest.approx(0, abs=1e-6)
        assert np.isnan(table[:, 1:]).all()

    def test_missing_colours_and_gross_errors_count_alike(self, photos, labels, monkeypatch):
        faces = self.faces([replace(labels[0], skin="#00ff00"), replace(labels[1], hair="#00ff00")])
        nothing = lambda seen, settings: replace(seen, colours=Colours(skin=np.zeros(3, np.uint8)))  # noqa: E731
        monkeypatch.setattr(analysis_, "recoloured", nothing)
        table = errors(faces, ColourSettings())
        assert table[0, 0] == MOST
        assert table[1, 1] == MOST

    def test_each_colour_counts_alike(self):
        table = np.array([[1.0, np.nan, np.nan], [3.0, np.nan, np.nan], [2.0, 8.0, np.nan]])
        assert mean(table) == pytest.approx(5)
        assert scores(table) == pytest.approx({"skin": 2, "hair": 8, "mean": 5})

    def test_photos_of_a_person_count_as_one(self):
        before, after = np.full((8, 3), np.nan), np.full((8, 3), np.nan)
        before[:, 0], after[:, 0] = 5.0, [4, 4, 4, 4, 5, 5, 5, 5]
        alone = gain(before, after, list("abcdefgh"))
        pairs = gain(before, after, list("aabbccdd"))
        assert alone[0] == pairs[0] == pytest.approx(0.5)
        assert alone[1] == pytest.approx(np.std(after[:, 0], ddof=1) / 8**0.5)
        assert pairs[1] > 1.05 * alone[1]


class TestFolds:
    def test_people_stay_together(self):
        photos = [Path(f"p/{name}_{n:04}.jpg") for name in "abcdefgh" for n in range(1, 4)]
        persons = people(photos)
        assert len(set(persons)) == 8
        for seed in range(5):
            shares = folds(persons, 4, seed)
            assert sorted(np.bincount(shares)) == [6, 6, 6, 6]
            for person in set(persons):
                assert (
                    len({fold for who, fold in zip(persons, shares, strict=True) if who == person})
                    == 1
                )

    def test_camera_names_are_no_people(self):
        assert len(set(people([Path(f"IMG_{n}.jpg") for n in range(9)]))) == 9

    def test_fewer_where_photos_are_few(self):
        assert folds(["a", "a", "b", "b"], 5, 0).max() == 1
        assert folds([str(n) for n in range(8)], 5, 0).max() == 3


class TestRanges:
    def test_sections_follow_the_colours_judged(self):
        def sections(*roles):
            return {one.place.section for one in ranges.usual(ColourSettings(), roles)}

        assert sections("skin") == {"skin"}
        assert sections("hair") == {"skin", "light", "hair"}
        assert sections("skin", "iris") == {"skin", "light", "iris"}

    def test_they_hold_the_start_and_stay_in_what_is_declared(self):
        for one in ranges.usual(ColourSettings(), ("skin", "hair", "iris")):
            low, high = one.place.field.metadata["range"]
            assert low <= one.low <= one.start <= one.high <= high
            assert one.low < one.high
            assert not isinstance(one.place.field.default, bool | tuple)
            assert one.rounded(one.start) == one.start
            assert "beard" not in one.place.name

    def test_values_are_short(self):
        (one,) = ranges.named(ColourSettings(), [f"{OFFSET}=60:80"])
        assert one.rounded(71.23456789) == 71.23
        assert one.rounded(80.0) == 80.0

    def test_whole_numbers(self):
        (one,) = ranges.named(ColourSettings(), ["skin.least_pixels=5:50"])
        assert (one.low, one.high, one.whole) == (5, 50, True)
        assert isinstance(one.rounded(7), int)
        assert ranges.named(ColourSettings(), ["skin.least_pixels"])[0].high < 200

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("skin.tone_ofset_l", "did you mean tone_offset_l"),
            ("skn.tone_offset_l", "no section"),
            ("skin.curve", "no single number"),
            (f"{OFFSET}=80", "give a range, low:high, inside 0 to 100"),
            (f"{OFFSET}=a:b", "give a range"),
            (f"{OFFSET}=60:700", "is 700"),
            (f"{OFFSET}=60:nan", "is nan"),
            (f"{OFFSET}=80:60", "around 69.6"),
            (f"{OFFSET}=75:80", "around 69.6, where the search starts"),
            ("skin.least_pixels=1.5:9", "give a range"),
        ],
    )
    def test_wrong_ones_are_named(self, text, words):
        with pytest.raises(SettingsError, match=words) as error:
            ranges.named(ColourSettings(), [text])
        assert text.partition(".")[0] in str(error.value)

    def test_twice(self):
        with pytest.raises(ArgumentError, match="named twice"):
            ranges.named(ColourSettings(), [OFFSET, f"{OFFSET}=60:80"])


class TestPutBack:
    def test_what_is_worth_nothing_goes(self):
        def judge(drawn):
            return 5.0 - 2.0 * drawn.get("a", 0) - 0.001 * drawn.get("b", 0) + drawn.get("c", 0)

        drawn = {"a": 1.0, "b": 1.0, "c": 0.5}
        assert put_back(drawn, judge) == {"a": 1.0}
        assert losses(drawn, judge) == pytest.approx({"a": 2.0, "b": 0.001, "c": -0.5})

    def test_little_by_little_is_not_lost(self):
        drawn = {str(n): 1.0 for n in range(20)}
        left = put_back(drawn, lambda some: 5.0 - 0.015 * len(some))
        assert 16 <= len(left) < 20

    def test_what_others_need_stays(self):
        def judge(drawn):
            if "low" not in drawn and "high" in drawn:
                raise ArgumentError("low is over high")
            return 5.0 - len(drawn)

        drawn = {"low": 1.0, "high": 2.0}
        assert put_back(drawn, judge) == drawn
        assert losses(drawn, judge)["low"] == math.inf

    def test_nothing(self):
        assert put_back({}, lambda drawn: 1 / 0) == {}


class TestReport:
    def test_toml_holds_what_differs(self, run, tmp_path):
        found = run()
        text = report.as_toml(found)
        assert f"{FACES} photos of {FACES} persons, 12 trials in each of 4 studies" in text
        assert "before" in text
        assert "kept aside" in text
        (tmp_path / "best.toml").write_text(text)
        assert toml.load(tmp_path / "best.toml", FitSettings()) == found.best
        assert "patch_radius" not in text

    def test_no_gain_is_said_everywhere(self, run):
        found = replace(run(trials=20), gain=-0.01, gain_se=0.05)
        assert "no gain is certain" in report.verdict(found)
        assert "# No gain is certain: -0.01 ± 0.05" in report.as_toml(found)
        assert not report.as_dict(found)["gain"]["real"]
        worse = replace(found, gain=-1.0)
        assert "an illusion" in report.verdict(worse)

    def test_json(self, run):
        found = json.loads(json.dumps(report.as_dict(run()), allow_nan=False))
        assert found["photos"] == FACES
        assert set(found["delta_e"]) == {"skin", "mean"}
        assert set(found["settings"][0]) == {"setting", "before", "after", "worth"}


class TestCommand:
    @pytest.fixture
    def call(self, photos, labels, tmp_path, monkeypatch):
        pytest.importorskip("optuna", reason="the search needs optuna: emojimap[tune]")
        monkeypatch.chdir(tmp_path)
        lines = ["photo,skin,hair,iris", *(f"{one.photo},{one.skin},," for one in labels)]
        Path("labels.csv").write_text("\n".join(lines) + "\n")
        for one in labels:
            one.photo.write_bytes(b"")
        app = typer.Typer()
        app.command()(command)
        words = ["labels.csv", "--trials", "12", "--folds", "2", "--vary", OFFSET]
        return lambda *more: CliRunner().invoke(app, [*words, *more])

    def test_writes_and_tells(self, call, photos):
        photos.faceless = {"person3_3.jpg"}
        done = call()
        assert done.exit_code == 0, done.output
        assert OFFSET in done.stdout
        assert "the gain is real" in done.stdout
        assert "left out person3_3.jpg: no face found" in done.stderr
        found = toml.load("best.toml", FitSettings())
        assert found.analysis.colours.skin.tone_offset_l > 74

    def test_json(self, call):
        done = call("--json", "-o", "other.toml")
        assert json.loads(done.stdout)["gain"]["real"]
        assert Path("other.toml").exists()

    def test_interrupted(self, call, photos):
        photos.stop_at = 100
        done = call()
        assert done.exit_code == 130
        assert "the same command goes on from here" in done.stderr
        assert not Path("best.toml").exists()
        photos.stop_at = math.inf
        assert call().exit_code == 0


def test_without_optuna(labels, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    with pytest.raises(EmojimapError, match=r"pip install 'emojimap\[tune\]'"):
        search(labels, tmp_path / "best.toml")


def test_skin_has_what_these_tests_move():
    assert SkinSettings.tone_offset_l < 75
