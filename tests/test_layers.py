"""Layers: the same pictures as the rasteriser draws of whole avatars, each piece drawn once."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emojimap import styles
from emojimap.arrays import F64, U8
from emojimap.avatar import Avatar
from emojimap.errors import ArgumentError, StyleError
from emojimap.styles import Style
from emojimap.styles.layers import Layers

PACKS = Path(styles.__file__).parent
SIZE = 96


def premultiplied(picture: U8) -> F64:
    wide = picture.astype(np.float64)
    wide[:, :, :3] *= wide[:, :, 3:] / 255
    return wide


def error(layers: Layers, parts: dict[str, str | None], colours: dict[str, str]) -> F64:
    """Difference from the whole drawing in each value, 0..255."""
    whole = layers.style.pixels(Avatar(layers.style.name, parts, colours), layers.size)
    return np.abs(premultiplied(layers.picture(parts)) - premultiplied(whole))


def drawn_at_random(style: Style, rng: np.random.Generator) -> dict[str, str | None]:
    return {part: known[rng.integers(len(known))] for part, known in style.parts.items()}


@pytest.mark.parametrize("name", styles.names())
def test_pictures_are_those_of_the_rasteriser(name: str) -> None:
    style, rng = styles.load(name), np.random.default_rng(7)
    colours = {one: f"#{rng.integers(1 << 24):06x}" for one in style.colours}
    layers = Layers(style, colours, SIZE)
    assert layers.layered
    for _ in range(12):
        apart = error(layers, drawn_at_random(style, rng), colours)
        assert apart.mean() < 0.001 * 255
        # Two edges over each other are covered a little otherwise than one shape with both.
        assert np.quantile(apart, 0.999) < 16


@pytest.mark.parametrize("name", ["personas", "avataaars"])
def test_what_is_blended_with_the_ground_is_blended_anew(name: str) -> None:
    """Noses and lenses are drawn over faces of any colour."""
    style = styles.load(name)
    glass = {"accessories": "wayfarers"} if name == "avataaars" else {"nose": "wrinkles"}
    for skin in ("#3b2219", "#f2d3b1"):
        colours = {"skin": skin}
        assert error(Layers(style, colours, SIZE), dict(glass), colours).max() <= 16


def test_a_piece_inside_another_belongs_to_it() -> None:
    layers = Layers(styles.load("avataaars"), {}, SIZE)
    worn: dict[str, str | None] = {"clothes": "graphicShirt", "clothesGraphic": "bear"}
    bear = layers.picture(worn)
    assert (layers.picture({**worn, "clothesGraphic": "skull"}) != bear).any()
    assert (layers.picture(worn) == bear).all()
    assert error(layers, worn, {}).mean() < 0.255


def test_each_piece_is_drawn_once() -> None:
    layers = Layers(styles.load("big-ears"), {}, 32)
    layers.picture({"nose": "variant01", "mouth": "variant0701"})
    first = layers.drawn
    layers.picture({"nose": "variant03", "mouth": "variant0701"})
    assert layers.drawn == first + 1
    layers.picture({"nose": "variant01", "mouth": "variant0701"})
    assert layers.drawn == first + 1


def test_the_background_lies_under_all() -> None:
    style = styles.load("toon-head")
    colours = {"background": "#3366cc"}
    layers = Layers(style, colours, SIZE)
    assert layers.picture({})[0, 0].tolist() == [0x33, 0x66, 0xCC, 255]
    assert error(layers, {}, colours).mean() < 0.255


def test_what_is_unknown_is_named() -> None:
    style = styles.load("avataaars")
    with pytest.raises(StyleError, match="shortFlat"):
        Layers(style, {}).picture({"top": "shortFlatt"})
    with pytest.raises(StyleError, match="colour 'skinn' is unknown"):
        Layers(style, {"skinn": "#ffffff"})
    with pytest.raises(ArgumentError, match="size 0"):
        Layers(style, {}, 0)


def test_a_style_without_layers_is_drawn_whole(set_style: Style) -> None:
    layers = Layers(set_style, {}, 48)
    assert not layers.layered
    parts = dict(set_style.default().parts)
    whole = set_style.pixels(Avatar(set_style.name, parts, {}), 48)
    assert (layers.picture(parts) == whole).all()
    assert (layers.picture(parts) == whole).all()
    assert layers.drawn == 1


def changed(tmp_path: Path, nodes: list[dict[str, Any]]) -> Style:
    """A style with something drawn over everything else on its canvas."""
    found = json.loads(files("dicebear_styles").joinpath("avataaars.json").read_text("utf-8"))
    found["canvas"]["elements"] += nodes
    (tmp_path / "art.json").write_text(json.dumps(found), "utf-8")
    text = (PACKS / "avataaars.toml").read_text("utf-8")
    text = text.replace('"avataaars"', f'"{tmp_path.name.replace("_", "-")}"', 1)
    (tmp_path / "own.toml").write_text(
        text.replace("dicebear_styles:avataaars.json", "art.json"), "utf-8"
    )
    return styles.load(tmp_path / "own.toml")


def square(**attributes: str) -> dict[str, Any]:
    shape = {"d": "M90 90h100v100h-100z", "fill": "#a05a2c", **attributes}
    return {"type": "element", "name": "path", "attributes": shape}


def group(*children: dict[str, Any], **attributes: str) -> dict[str, Any]:
    inner = list(children)
    return {"type": "element", "name": "g", "attributes": attributes, "children": inner}


MODES = (
    "multiply", "screen", "overlay", "hard-light", "darken", "lighten", "difference", "exclusion",
)  # fmt: skip


def test_modes_blend_as_the_rasteriser_blends(tmp_path: Path) -> None:
    """A row of bars over the face, each in another mode; one in a group that is moved."""
    bars = [
        square(style=f"mix-blend-mode:{mode}", opacity=".7", d=f"M{60 + 20 * i} 60h18v160h-18z")
        for i, mode in enumerate(MODES)
    ]
    moved = group(*bars[4:], transform="translate(2 3)")
    layers = Layers(changed(tmp_path, [*bars[:4], moved]), {}, SIZE)
    assert layers.layered
    assert error(layers, {}, {}).mean() < 0.255
    apart = np.abs(
        Layers(styles.load("avataaars"), {}, SIZE).picture({}).astype(int) - layers.picture({})
    )
    for i in range(len(MODES)):
        left = round((62 + 20 * i + 2 * (i > 3)) * SIZE / 280)
        assert apart[:, left : left + 4].max() > 10


def test_what_a_group_holds_back_is_blended_inside_of_it(tmp_path: Path) -> None:
    under = square(fill="#2266aa")
    held = group(under, square(style="mix-blend-mode:multiply"), opacity=".5")
    layers = Layers(changed(tmp_path, [held]), {}, SIZE)
    assert layers.layered
    assert error(layers, {}, {}).mean() < 0.255


@pytest.mark.parametrize(
    "node",
    [
        square(style="mix-blend-mode:luminosity"),
        group({"type": "component", "name": "accessories", "attributes": {}}),
    ],
)
def test_what_can_not_be_taken_apart_is_drawn_whole(tmp_path: Path, node: dict[str, Any]) -> None:
    style = changed(tmp_path, [node])
    layers = Layers(style, {}, 48)
    assert not layers.layered
    worn = {**style.default().parts, "accessories": "sunglasses"}
    whole = style.pixels(Avatar(style.name, worn, {}), 48)
    assert (layers.picture(worn) == whole).all()
