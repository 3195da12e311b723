"""Settings: ranges, names, files, and errors that name the line."""

import inspect
import re
from dataclasses import dataclass, field, fields, replace

import pytest

from emojimap.errors import ArgumentError, SettingsError
from emojimap.fit import FitSettings
from emojimap.settings import Checked, setting, toml, tree
from emojimap.settings.fields import fault, unit_of, wanted

DEFAULT = FitSettings()
PLACES = tree.places(DEFAULT)


@dataclass(frozen=True)
class Leaf(Checked):
    """A leaf.

    Parameters
    ----------
    width_px, height_px : float
        Size.
    count : int
        How many.
    on : bool
        Whether.
    table : tuple of (float, float)
        Rows.
    """

    width_px: float = setting(3.0, 0, 10)
    height_px: float = setting(4.0, 0, 10)
    count: int = setting(2, 1, 5)
    on: bool = setting(True, 0, 1)
    table: tuple[tuple[float, ...], ...] = setting(((1.0, 2.0),), 0, 9, columns=("x", "y"))


@dataclass(frozen=True)
class Root:
    """A root."""

    leaf: Leaf = field(default_factory=Leaf)


def load(tmp_path, text, base=DEFAULT):
    path = tmp_path / "my.toml"
    path.write_text(text, "utf-8")
    return toml.load(path, base)


class TestFields:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"width_px": 11},
            {"width_px": float("nan")},
            {"width_px": "3"},
            {"width_px": True},
            {"count": 2.5},
            {"count": 0},
            {"on": 1},
            {"table": ()},
            {"table": ((1.0,),)},
            {"table": ((1.0, 99.0),)},
            {"table": [(1.0, 2.0)]},
        ],
    )
    def test_refused(self, wrong):
        with pytest.raises(ArgumentError, match=rf"Leaf\.{next(iter(wrong))} is .*: give "):
            Leaf(**wrong)

    def test_taken(self):
        leaf = Leaf(width_px=10, count=5, on=False, table=((0, 9), (1.5, 2)))
        assert leaf.count == 5

    def test_messages_have_range_and_unit(self):
        by = {one.name: one for one in fields(Leaf)}
        assert wanted(by["width_px"]) == "0 to 10 pixels"
        assert wanted(by["count"]) == "a whole 1 to 5"
        assert wanted(by["on"]) == "true or false"
        assert "rows of x, y" in wanted(by["table"])
        assert fault(by["count"], 9) == "is 9: give a whole 1 to 5"
        assert unit_of(by["count"]) == ""


class TestTree:
    def test_sections_have_different_names(self):
        paths = {place.path for place in PLACES}
        assert len({place.section for place in PLACES}) == len(paths)

    def test_every_number_of_the_settings_is_in_the_tree(self):
        """What is not declared by `setting` could not be tuned."""
        for place in PLACES:
            node = tree.section(DEFAULT, place.path)
            for one in fields(node):
                if isinstance(one.default, (int, float, tuple)):
                    assert "range" in one.metadata, f"{type(node).__name__}.{one.name}"

    def test_documented(self):
        for place in PLACES:
            kind = type(tree.section(DEFAULT, place.path))
            assert re.search(rf"\b{place.name}\b", inspect.getdoc(kind)), str(place)

    def test_found_with_and_without_unit(self):
        assert str(tree.find(DEFAULT, "skin.patch_radius_eyes")) == "skin.patch_radius_eyes"
        assert str(tree.find(DEFAULT, "skin.patch_radius")) == "skin.patch_radius_eyes"
        assert str(tree.find(DEFAULT, "hair.lightness_percentile")) == "hair.lightness_percentile"

    @pytest.mark.parametrize(
        ("name", "told"),
        [
            ("skn.trim_share", "did you mean skin"),
            ("skin.trim_shar", "did you mean trim_share"),
            ("skin.patch_radius_px", "another unit: skin.patch_radius_eyes is told in eye dist"),
            ("skin.", "no setting"),
            ("", "no section"),
        ],
    )
    def test_not_found(self, name, told):
        with pytest.raises(SettingsError, match=told):
            tree.find(DEFAULT, name)

    def test_changed(self):
        place = tree.find(DEFAULT, "iris.ring_outer")
        new = tree.changed(DEFAULT, {place: 0.8, tree.find(DEFAULT, "overlap.levels"): 4})
        assert tree.value(new, place) == 0.8
        assert new.overlap.levels == 4
        assert new.analysis.colours.hair == DEFAULT.analysis.colours.hair
        assert tree.changed(DEFAULT, {}) == DEFAULT
        with pytest.raises(SettingsError, match="give 0 to 1"):
            tree.changed(DEFAULT, {place: 2.0})
        with pytest.raises(ArgumentError, match="ring_inner"):
            tree.changed(DEFAULT, {place: 0.1})


class TestToml:
    def test_there_and_back(self, tmp_path):
        assert load(tmp_path, toml.dump(DEFAULT)) == DEFAULT
        other = tree.changed(
            DEFAULT,
            {tree.find(DEFAULT, "skin.trim_share"): 0.1, tree.find(DEFAULT, "parse.mirror"): True},
        )
        assert load(tmp_path, toml.dump(other)) == other
        short = toml.dump(other, base=DEFAULT)
        assert short.count(" = ") == 2
        assert load(tmp_path, short) == other
        assert toml.dump(DEFAULT, base=DEFAULT) == ""

    def test_every_setting_is_explained(self):
        lines = toml.dump(Root()).splitlines()
        assert lines[:4] == ["# A leaf.", "[leaf]", "# Size.", "width_px = 3.0  # 0 to 10 pixels"]
        assert lines[4] == "height_px = 4.0  # 0 to 10 pixels"
        assert "# Rows." in lines

    def test_an_empty_file_changes_nothing(self, tmp_path):
        assert load(tmp_path, "\n# nothing\n[skin]\n") == DEFAULT

    def test_spellings(self, tmp_path):
        text = '\ufeff skin.trim_share = 0.2\n[ "hair" ]\r\n locus_share=1\n'
        found = load(tmp_path, text).analysis.colours
        assert found.skin.trim_share == 0.2
        assert found.hair.locus_share == 1

    @pytest.mark.parametrize(
        ("text", "line", "told"),
        [
            ("[skin]\n\npatch_radus_eyes = 1", 3, "did you mean patch_radius_eyes"),
            ("[skin]\npatch_radius_px = 5", 2, "another unit"),
            ("[skin]\npatch_radius_eyes = 5", 2, "is 5: give 0.02 to 0.3 eye distances"),
            ("[skin]\npatch_radius_eyes = '5 px'", 2, "give 0.02 to 0.3 eye distances"),
            ("[skin]\nleast_pixels = 3.5", 2, "a whole 1 to 100,000"),
            ("[hair]\n[skni]\n", 2, "did you mean skin"),
            ("trim_share = 1", 1, "stands in no section"),
            ("[parse]\nmirror = 1", 2, "true or false"),
            ("[skin]\ncurve = [[1]]", 2, "rows of estimate, tone"),
            ("[skin]\npatch_radius = 0.1\npatch_radius_eyes = 0.2", 3, "twice"),
            ("[skin]\ncurve = [\n  [1.0, 2.0],  # ]\n  [3.0, 4.0],\n]\ntrim_share = 9", 6, "0.45"),
            ("[hair]  # [skin]\n# trim_share = 9\n\nlocus_share = 9", 4, "give 0 to 1"),
            ("skin = { trim_share = 9 }", 1, "0.45"),
            ("[skin]\ntrim_share = 1" + "0" * 400, 2, "0.45"),
            ("[skin]\n'a\tb' = 1", 1, "no setting"),
        ],
    )
    def test_errors_name_the_line(self, tmp_path, text, line, told):
        with pytest.raises(SettingsError, match=re.escape(f"my.toml line {line}: ")) as caught:
            load(tmp_path, text)
        assert told in str(caught.value)

    def test_lines_hold_in_the_file_that_show_writes(self, tmp_path):
        text = toml.dump(DEFAULT)
        for wrong in ("lift_most_l = 400.0", "usual = [1.0]", "least_eye_distance_px = -1.0"):
            name = wrong.split(" = ")[0]
            lines = text.split("\n")
            number = next(i for i, line in enumerate(lines) if line.startswith(f"{name} = "))
            lines[number] = wrong
            with pytest.raises(SettingsError, match=rf"line {number + 1}: \w+\.{name} is"):
                load(tmp_path, "\n".join(lines))

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (b"[skin\n", "no TOML"),
            (b"a = 1\na = 2", "no TOML"),
            (b"\xff\xfe", "no text in UTF-8"),
            (b"a = 1" + b"0" * 5000, "no TOML"),
            (b"a = " + b"[" * 3000, "no TOML"),
            (b" " * 2_000_000, "no settings file is that large"),
            (b"[iris]\nring_inner = 0.9\nring_outer = 0.2", "ring_inner 0.9 is over ring_outer"),
        ],
    )
    def test_broken_files(self, tmp_path, content, told):
        path = tmp_path / "my.toml"
        path.write_bytes(content)
        with pytest.raises(SettingsError, match=told) as caught:
            toml.load(path, DEFAULT)
        assert "my.toml" in str(caught.value)

    def test_missing_file(self, tmp_path):
        with pytest.raises(SettingsError, match="emojimap tune show"):
            toml.load(tmp_path / "none.toml", DEFAULT)
        with pytest.raises(SettingsError, match="can't be read"):
            toml.load(tmp_path, DEFAULT)


def test_docstrings_do_not_contradict_the_ranges():
    """A range in words would go stale beside the one that is checked."""
    for place in PLACES:
        kind = type(tree.section(DEFAULT, place.path))
        assert not re.search(r"; \d[\d.,]* to \d", inspect.getdoc(kind)), kind.__name__


def test_replacing_keeps_the_checks():
    with pytest.raises(ArgumentError, match="trim_share"):
        replace(DEFAULT.analysis.colours.skin, trim_share=3.0)
