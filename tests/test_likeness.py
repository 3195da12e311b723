"""Distances of avatars: what is equal, what is near, what says nothing."""

from __future__ import annotations

import numpy as np
import pytest

from emojimap import likeness, styles
from emojimap.avatar import Avatar
from emojimap.errors import ArgumentError
from emojimap.likeness import TERMS, WEIGHTS, Look, differences, look, weighted
from emojimap.overlap import MaskIndex
from emojimap.styles import Style
from emojimap.traits import Traits, natural


@pytest.fixture(params=styles.names())
def style(request: pytest.FixtureRequest) -> Style:
    return styles.load(str(request.param))


def test_weights_are_of_terms_and_positive() -> None:
    assert set(WEIGHTS) <= set(TERMS)
    assert all(weight > 0 for weight in WEIGHTS.values())
    for name in styles.names():
        likeness.check_weights(styles.load(name).weights, name)


def test_every_style_tells_its_avatars_apart(style: Style) -> None:
    plain = style.default()
    skin, hair = style.colour_names["skin"], style.colour_names["hair"]
    assert plain.distance(plain) == 0
    near = plain.with_(colours={hair: "#4f3530"})
    dark = plain.with_(colours={hair: "#101010", skin: "#5c3829"})
    ids = style.template_masks("hair", 8)[0]
    other = plain.with_(parts=style.template_parts("hair", ids[-1]))
    assert 0 < plain.distance(near) < plain.distance(dark) <= 1
    assert 0 < plain.distance(other) <= 1
    assert plain.distance(dark) == pytest.approx(dark.distance(plain))


def test_hair_that_lies_alike_is_nearer_than_other_hair() -> None:
    def worn(top: str | None) -> Avatar:
        return Avatar("avataaars", {"top": top}, {})

    short = worn("shortFlat")
    assert short.distance(worn("theCaesar")) < short.distance(worn("straight01"))
    assert short.distance(worn("shortRound")) < short.distance(worn(None))


def test_hair_under_a_hat_says_nothing() -> None:
    hat = Avatar("avataaars", {"top": "winterHat03"}, {"hair": "#101010"})
    assert hat.distance(hat.with_(colours={"hair": "#eeeeee"})) == 0
    assert hat.distance(hat.with_(colours={"hat": "#ff0000"})) > 0
    assert "hairline" not in look(hat).traits.measures


def test_the_colour_of_a_beard_counts_where_there_are_two() -> None:
    plain = styles.load("avataaars").default()
    bearded = plain.with_(parts={"facialHair": "beardMedium"})
    red = {"facialHair": "#c93305"}
    assert plain.distance(plain.with_(colours=red)) == 0
    assert bearded.distance(bearded.with_(colours=red)) > 0
    assert plain.distance(bearded) > 0.02


def test_styles_can_not_be_compared_with_each_other() -> None:
    a, b = (styles.load(name).default() for name in styles.names()[:2])
    with pytest.raises(ArgumentError, match="one style"):
        a.distance(b)


def test_what_one_does_not_show_is_left_out() -> None:
    known = Look(Traits(measures={"curl": natural("curl", 2.0)}))
    apart = differences([known, known], [Look(Traits()), known])
    column = TERMS.index("curl")
    assert np.isnan(apart[0, column])
    assert apart[1, column] == 0
    far = differences([known], [Look(Traits(measures={"curl": natural("curl", -1.0)}))])
    assert far[0, column] == pytest.approx(1)
    assert weighted(apart, {"curl": 1.0}).tolist() == [0, 0]


def test_glasses_differ_less_by_their_lenses_than_by_being_there() -> None:
    none, clear, dark = (Look(Traits(glasses=kind)) for kind in ("none", "clear", "dark"))  # type: ignore[arg-type]
    apart = differences([none, clear], [clear, dark])[:, TERMS.index("glasses")]
    assert 0 < apart[1] < apart[0] == 1


@pytest.mark.parametrize("weights", [{"smell": 1.0}, {"curl": -1.0}, {"curl": float("nan")}])
def test_weights_are_checked(weights: dict[str, float]) -> None:
    with pytest.raises(ArgumentError, match="give 0 or more"):
        weighted(np.zeros((1, len(TERMS))), weights)


def test_templates_cost_what_their_hair_lies_otherwise() -> None:
    masks = np.zeros((3, 64, 64), np.float32)
    masks[1, 8:18, 18:46] = 1
    masks[2, 8:60, 14:24] = 1
    index = MaskIndex.build(masks, ("none", "short", "long"), levels=8)
    measured = likeness.hair_places(index)
    assert all(values.shape == (3,) for values in measured.values())
    from emojimap.traits import places

    apart = likeness.hair_apart(Traits(measures=places(masks[1])), measured)
    assert apart is not None
    assert apart[1] == pytest.approx(0, abs=1e-6)
    assert min(apart[0], apart[2]) > 0.05
    assert apart.max() <= 1


def test_hidden_hair_costs_nothing() -> None:
    masks = np.ones((2, 64, 64), np.float32)
    index = MaskIndex.build(masks, ("a", "b"), levels=8)
    assert likeness.hair_apart(Traits(headwear=True), likeness.hair_places(index)) is None
