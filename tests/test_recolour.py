"""Repainting: against pictures that were drawn in the new colours to begin with."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emojimap.arrays import F32, U8
from emojimap.recolour import Material, amounts, on_line, repaint
from emojimap.styles.cartoonset import regions
from emojimap.styles.cartoonset.extract import extract
from tests.drawn_cartoons import Cartoon, Colour, draw, tinted

COLOURS = st.tuples(*[st.integers(0, 255)] * 3)
BROWN, PALE, BLACK, WHITE, DARK = (
    Cartoon(),
    Cartoon(skin=(251, 219, 209), hair=(255, 187, 77), beard="moustache"),
    Cartoon(skin=(96, 61, 48), hair=(30, 21, 20), glasses="clear"),
    Cartoon(hair=(224, 224, 224), beard="full"),
    Cartoon(glasses="clear", frame=(4, 4, 4)),
)
CARTOONS = {
    "brown": BROWN,
    "pale": PALE,
    "black": BLACK,
    "white": WHITE,
    "dark frame": DARK,
    "dark frame and hair": DARK.but(hair=(30, 21, 20)),
    "pale frame": BROWN.but(glasses="clear", frame=(255, 246, 238), cut="high"),
    "dark lenses": BROWN.but(glasses="dark", cut="long"),
    "chin": BROWN.but(beard="chin", cut="curtains", chin=378),
    "buzz": BROWN.but(hair=(237, 111, 47), hair_opacity=0.58),
    "faint brows": BROWN.but(brow_opacity=0.39),
    "all brown": BROWN.but(hair=(91, 51, 28), skin=(170, 116, 84), beard="full", cut="long"),
}
SETS: list[dict[str, Colour]] = [
    {"skin": (250, 225, 210), "hair": (20, 18, 20), "iris": (60, 110, 190), "frame": (40, 40, 45)},
    {"skin": (60, 38, 28), "hair": (240, 225, 170), "iris": (90, 60, 30), "frame": (200, 30, 30)},
    {"skin": (200, 140, 100), "hair": (40, 90, 200), "iris": (90, 140, 60), "frame": (240,) * 3},
]


def repainted(cartoon: Cartoon, new: dict[str, Colour]) -> tuple[U8, U8]:
    seen = extract(draw(cartoon)[0])
    held = amounts(seen.picture, seen.labels, seen.materials())
    colours = {
        regions.SKIN: new["skin"],
        regions.HAIR: new["hair"],
        regions.FACIAL_HAIR: new["hair"],
        regions.BROWS: tinted(new["hair"], 0.686),
        regions.IRIS: new["iris"],
        regions.FRAME: new["frame"],
        regions.RIMS: new["frame"],
    }
    return repaint(seen.picture, held, seen.materials(), colours), seen.labels


@pytest.mark.parametrize("new", SETS, ids=["pale and black", "dark and blond", "blue"])
@pytest.mark.parametrize("name", CARTOONS)
def test_it_looks_as_if_drawn_in_the_new_colours(name: str, new: dict[str, Colour]) -> None:
    got, labels = repainted(CARTOONS[name], new)
    wanted = draw(CARTOONS[name].but(**new))[0]
    there = (wanted[..., 3] > 20) & (labels != regions.NAMES.index("lens") + 1)
    apart = np.abs(got.astype(int) - wanted)[there][:, :3].max(axis=1)
    # Blends of three colours stay unsolved, where brows, hairline and temples meet.
    assert apart.mean() < 1.5
    assert (apart > 30).mean() < 0.012
    assert np.array_equal(got[..., 3], wanted[..., 3])


@pytest.mark.parametrize("name", CARTOONS)
def test_nothing_changes_in_the_same_colours(name: str) -> None:
    seen = extract(draw(CARTOONS[name])[0])
    held = amounts(seen.picture, seen.labels, seen.materials())
    same = {m.label: m.base for m in seen.materials()}
    assert np.array_equal(repaint(seen.picture, held, seen.materials(), same), seen.picture)
    assert np.array_equal(repaint(seen.picture, held, seen.materials(), {}), seen.picture)


@given(base=COLOURS, new=COLOURS, share=st.floats(0, 1))
@settings(max_examples=80, deadline=None)
def test_a_tint_becomes_the_same_tint_of_the_new_base(
    base: Colour, new: Colour, share: float
) -> None:
    if max(base) < 60:
        base = (base[0] + 60, base[1], base[2])
    dark = np.rint(share * np.array(base)).astype(np.uint8)
    picture = np.empty((4, 4, 4), np.uint8)
    picture[..., :3], picture[..., 3] = dark, 200
    material = Material(1, base)
    labels = np.ones((4, 4), np.uint8)
    held = amounts(picture, labels, [material])
    got = repaint(picture, held, [material], {1: new})
    assert np.abs(got[..., :3] - share * np.array(new)).max() < 4
    assert (got[..., 3] == 200).all()


def test_highlights_of_pale_hair_are_not_white_on_dark_hair() -> None:
    picture = np.full((8, 8, 4), 255, np.uint8)
    picture[:4, :, :3] = 224
    labels = np.ones((8, 8), np.uint8)
    material = Material(1, (224, 224, 224), shine=0.45)
    got = repaint(picture, amounts(picture, labels, [material]), [material], {1: (20, 20, 20)})
    assert (got[:4, :, :3] == 20).all()
    assert 100 < got[6, 4, 0] < 160


def test_an_edge_keeps_its_shares() -> None:
    """Half red, half green becomes half blue, half yellow."""
    red, green = np.array([200, 20, 20]), np.array([20, 160, 40])
    picture = np.full((6, 9, 4), 255, np.uint8)
    picture[:, :4, :3], picture[:, 4, :3], picture[:, 5:, :3] = red, (red + green) // 2, green
    labels = np.ones((6, 9), np.uint8)
    labels[:, 5:] = 2
    materials = [Material(1, (200, 20, 20)), Material(2, (20, 160, 40))]
    held = amounts(picture, labels, materials)
    got = repaint(picture, held, materials, {1: (0, 0, 250), 2: (250, 250, 0)})
    assert np.abs(got[:, 4, :3].astype(int) - (125, 125, 125)).max() <= 2
    assert np.abs(got[:, :3, :3].astype(int) - (0, 0, 250)).max() <= 1


def test_a_line_beside_a_region_is_none_of_it() -> None:
    picture = np.full((6, 9, 4), 255, np.uint8)
    picture[:, :5, :3], picture[:, 5:, :3] = (96, 61, 48), 22
    labels = np.where(np.arange(9) < 5, 1, 9).astype(np.uint8)[None].repeat(6, 0)
    material = Material(1, (96, 61, 48))
    held = amounts(picture, labels, [material])
    got = repaint(picture, held, [material], {1: (250, 225, 210)})
    assert np.abs(got[:, 5:, :3].astype(int) - 22).max() <= 2


def test_distance_to_a_line_of_tints() -> None:
    base: F32 = np.array([200, 100, 50], np.float32)
    colours = np.array([[200, 100, 50], [100, 50, 25], [255, 255, 255], [0, 0, 200]], np.float32)
    share, off = on_line(colours, base)
    assert np.allclose(share[:3], [1, 0.5, 0], atol=1e-5)
    assert np.allclose(off[:3], 0, atol=1e-3)
    assert off[3] > 100
