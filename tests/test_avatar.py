"""Avatars as values: comparing, changing, and going through JSON."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
from dicebear.validator import OptionsValidator

from emojimap import styles
from emojimap.avatar import Avatar, Choice, hex_colour
from emojimap.errors import ArgumentError, EmojimapError

PARTS = {"top": "bob", "facialHair": None, "mouth": "smile"}
COLOURS = {"hair": "#aa3311", "skin": "#edb98a", "facialHair": "#aa3311", "iris": "#5b3a1e"}
CHOICES = {
    "top": Choice("bob", 0.8312, "best hair overlap", (("bun", 0.79), (None, 0.2))),
    "hairColor": Choice("#aa3311", 0.9, "median of 812 hair pixels", (("#2c1b18", 0.1),)),
    "mouth": Choice("smile", None, "corners raised by 0.12"),
}


def avatar() -> Avatar:
    return Avatar("avataaars", PARTS, COLOURS, CHOICES)


def test_equality_and_hash_ignore_explanations_and_order() -> None:
    other = Avatar("avataaars", dict(reversed(PARTS.items())), COLOURS)
    assert avatar() == other
    assert hash(avatar()) == hash(other)
    assert avatar() != other.with_(parts={"top": "bun"})


def test_it_cannot_be_changed_in_place() -> None:
    with pytest.raises(TypeError):
        avatar().parts["top"] = "bun"  # type: ignore[index]
    with pytest.raises(AttributeError):
        avatar().style = "other"  # type: ignore[misc]


def test_it_can_be_copied_and_sent_to_another_process() -> None:
    for twin in (copy.deepcopy(avatar()), pickle.loads(pickle.dumps(avatar()))):
        assert twin == avatar()
        assert twin.choices == avatar().choices


def test_with_sets_and_says_so() -> None:
    changed = avatar().with_(parts={"top": None}, colours={"hair": "ABC"})
    assert changed.parts["top"] is None
    assert changed.colours["hair"] == "#aabbcc"
    assert changed.parts["mouth"] == "smile"
    assert changed.choices["top"] == Choice(None, why="set by hand")
    assert changed.choices["hairColor"] == Choice("#aabbcc", why="set by hand")
    assert avatar().parts["top"] == "bob"


@pytest.mark.parametrize("value", ["AA3311", "#aa3311", "a31", " #A31 "])
def test_colours_are_written_one_way(value: str) -> None:
    assert hex_colour(value) == "#aa3311"


@pytest.mark.parametrize("value", ["", "#ab", "#aa3311ff", "red", None, 12, "#aa331\n1"])
def test_a_bad_colour_is_named(value: object) -> None:
    with pytest.raises(ArgumentError, match="hair"):
        Avatar("avataaars", {}, {"hair": value})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("style", "parts"),
    [("Toon Head", {}), ("", {}), ("a", {"top part": "bob"}), ("a", {"top": 'bob"/>'})],
)
def test_what_can_be_no_name_is_refused(style: str, parts: dict[str, str | None]) -> None:
    with pytest.raises(ArgumentError):
        Avatar(style, parts, {})


def test_json_gives_the_same_avatar_and_the_same_text() -> None:
    text = avatar().to_json()
    back = Avatar.from_json(text)
    assert back == avatar()
    assert back.choices == avatar().choices
    assert back.to_json() == text
    assert Avatar.from_json(text.encode()) == avatar()


def test_the_dictionary_is_a_valid_set_of_dicebear_options() -> None:
    options = avatar().to_dict()
    OptionsValidator.validate(options)
    assert options["topVariant"] == "bob"
    assert options["facialHairProbability"] == 0
    assert "facialHairVariant" not in options
    assert options["hairColor"] == ["aa3311"]
    assert options["topScoreVariant"] == {"bob": 0.8312, "bun": 0.79, "none": 0.2}
    assert options["seed"].endswith(" | mouth: corners raised by 0.12 | top: best hair overlap")


def test_long_explanations_shrink_alike_and_stay_valid() -> None:
    wordy = {name: Choice(None, 0.5, "because 𝔵|y " * 90) for name in ("top", "mouth", "skinColor")}
    options = avatar().explained(wordy).to_dict()
    OptionsValidator.validate(options)
    back = Avatar.from_dict(options)
    assert back == avatar()
    assert back.choices["mouth"].why.startswith("because 𝔵/y because")
    assert len(back.choices["mouth"].why) == len(back.choices["top"].why)


def test_options_edited_by_other_tools_are_understood() -> None:
    options = avatar().to_dict() | {
        "seed": "Felix",
        "topVariant": ["bun"],
        "mouthVariant": {"twinkle": 3},
        "hairColor": "#ABC",
        "size": 128,
        "topScoreVariant": "bun",
    }
    edited = Avatar.from_dict(options)
    assert edited.parts == {"top": "bun", "mouth": "twinkle", "facialHair": None}
    assert edited.colours["hair"] == "#aabbcc"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"topVariant": ["bob", "bun"]}, "topVariant"),
        ({"topProbability": 50}, "topProbability"),
        ({"hairColor": []}, "hairColor"),
        ({"hairColor": ["a31", "b42"]}, "hairColor"),
        ({"hatProbability": 100}, "hatVariant"),
        ({"emojimapStyleVariant": None}, "emojimapStyleVariant"),
        ({"emojimapStyleVariant": "../x"}, "style"),
    ],
)
def test_what_is_left_to_chance_is_named(change: dict[str, object], named: str) -> None:
    with pytest.raises(ArgumentError, match=named):
        Avatar.from_dict(avatar().to_dict() | change)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", "{}", b"\xff"])
def test_what_is_no_avatar_is_refused(text: str | bytes) -> None:
    with pytest.raises(EmojimapError):
        Avatar.from_json(text)


def test_style_names_survive_the_schema() -> None:
    odd = Avatar("toon-head", PARTS, COLOURS)
    OptionsValidator.validate(odd.to_dict())
    assert odd.to_dict()["emojimapStyleVariant"] == "toonHead"
    assert Avatar.from_dict(odd.to_dict()).style == "toon-head"


def test_choices_are_json() -> None:
    entry = CHOICES["top"].to_dict()
    assert json.loads(json.dumps(entry)) == entry
    assert list(entry) == ["variant", "score", "why", "runners_up"]


def test_distance_is_a_symmetric_measure() -> None:
    plain = styles.load("avataaars").default()
    near = plain.with_(colours={"hair": "#4d352f"})
    far = plain.with_(parts={"top": "curly", "facialHair": "beardMedium"}, colours={"hair": "#eee"})
    assert plain.distance(plain) == 0.0
    assert 0 < plain.distance(near) < 0.05 < plain.distance(far) <= 1.0
    assert plain.distance(far) == far.distance(plain)


def test_the_colour_of_a_part_that_is_absent_does_not_count() -> None:
    plain = styles.load("avataaars").default()
    assert plain.distance(plain.with_(colours={"facialHair": "#ffffff"})) == 0.0


def test_avatars_of_two_styles_have_no_distance() -> None:
    with pytest.raises(ArgumentError, match="toon-head"):
        avatar().distance(Avatar("toon-head", PARTS, COLOURS))
