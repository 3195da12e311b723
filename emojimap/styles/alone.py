"""Parts of a style drawn alone, in neutral colours, cut as the segments of a face are."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from emojimap import segments
from emojimap.arrays import F32, F64, U8
from emojimap.avatar import Avatar
from emojimap.segments import BOXES, FEATURES, PAINT, SIZE
from emojimap.styles import definition, raster
from emojimap.styles.base import ColourRole, Role
from emojimap.styles.markers import Parts
from emojimap.styles.pack import Pack

if TYPE_CHECKING:
    from emojimap.styles.dicebear import DicebearStyle

ROLES: Mapping[str, tuple[Role, ...]] = {
    "hair": ("hair", "back_hair"),
    "eyes": ("eyes",),
    "brows": ("brows",),
    "nose": ("nose",),
    "mouth": ("mouth", "lips"),
    "face": ("face",),
    "beard": ("facial_hair",),
}
"""Roles whose parts stand for each kind of segment."""

_OVER: tuple[Role, ...] = ("hair", "headwear", "glasses")
_CANVAS, _OPAQUE = 512, 20
_PAINTED = ("skin", "hair", "facial_hair", "brows", "lips", "iris")
_WIDTHS = {"nose": 0.62, "mouth": 0.86}
_AROUND = 0.1  # units
_LEAST = 0.7  # of the usual size: a nose that is a dash is small, and stays so
_BROWS_ABOVE = -0.36
"""Usual width of these features on photos, and height of the brows over the eyes, units."""


@dataclass(frozen=True, eq=False)
class PartPictures:
    """All parts of one kind, drawn alone.

    Parameters
    ----------
    ids : tuple of str
        What they are called.
    parts : tuple of (dict of str to (str or None))
        What to set in an avatar.
    usable : tuple of bool
        Whether the style's pack offers the part for a face; the others are sad, angry, odd.
    pictures : (n, 64, 64, 4) ndarray of uint8
        RGBA, as `emojimap.segments.cut` gives them for a face.
    """

    ids: tuple[str, ...]
    parts: tuple[dict[str, str | None], ...]
    usable: tuple[bool, ...]
    pictures: U8


def kinds(style: DicebearStyle) -> tuple[str, ...]:
    """Return the kinds of segments that a style has different parts for."""
    return tuple(kind for kind in segments.KINDS if len(_rows(style, kind)) > 1)


def part_pictures(style: DicebearStyle, kind: str) -> PartPictures:
    """Draw all parts of one kind alone.

    Parameters
    ----------
    style : DicebearStyle
        Whose parts.
    kind : str
        One of `emojimap.segments.KINDS`.

    Returns
    -------
    PartPictures
        In the order of the style; nothing where the style has no such parts.
    """
    rows = _rows(style, kind)
    names, parts, usable = (
        (tuple(column) for column in zip(*rows, strict=True)) if rows else ((),) * 3
    )
    if kind == "hair":
        _, masks = style.template_masks("hair", SIZE)
        pictures = [segments.silhouette(mask) for mask in masks]
    elif kind == "beard":
        pictures = [_beard(style, row) for row in parts]
    elif kind == "face":
        pictures = [_outline(style, row) for row in parts]
    else:
        pictures = [_crop(_alone(style, kind, row), _box(style, kind)) for row in parts]
    stacked = np.stack(pictures) if pictures else np.zeros((0, SIZE, SIZE, 4), np.uint8)
    return PartPictures(names, parts, usable, stacked)


def avatar_segments(style: DicebearStyle, avatar: Avatar) -> dict[str, U8]:
    """Cut a whole drawing into segments, by what the style says of its places.

    Parameters
    ----------
    style : DicebearStyle
        The avatar's.
    avatar : Avatar
        Any; its colours don't count.

    Returns
    -------
    dict of str to (64, 64, 4) ndarray of uint8
        RGBA by kind, as `emojimap.segments.cut`. Hair, headwear and glasses cover a feature here
        too; other features and a beard are kept out of it, as landmarks and masks keep them out of
        a photo's. The outline of the face is seen through hair and beard, as landmarks see it.
    """
    full = style.check(avatar)
    found = {
        "hair": segments.silhouette(style.hair_cover(full)),
        "face": _outline(style, _of(style, "face", full.parts)),
        "beard": _beard(style, _of(style, "beard", full.parts)),
    }
    for kind in FEATURES:
        found[kind] = _crop(_seen(style, kind, full.parts), _box(style, kind))
    return {kind: found[kind] for kind in segments.KINDS}


def aligned(style: DicebearStyle, picture: U8, size: int = segments.WHOLE_SIZE) -> U8:
    """Cut the aligned face out of a picture of a style, as `emojimap.segments.whole` does.

    Parameters
    ----------
    style : DicebearStyle
        The picture's.
    picture : (S, S, 4) ndarray of uint8
        RGBA.
    size : int
        Side of the result, pixels.

    Returns
    -------
    (size, size, 4) ndarray of uint8
        RGBA.
    """
    return around_eyes(picture, style.eyes * picture.shape[0], size)


def around_eyes(picture: U8, eyes: F32, size: int) -> U8:
    """Cut the aligned face out of a drawing whose eyes are level.

    Parameters
    ----------
    picture : (S, S, 4) ndarray of uint8
        RGBA.
    eyes : (2, 2) ndarray of float32
        Centres of the eyes, (x, y), pixels.
    size : int
        Side of the result, pixels.

    Returns
    -------
    (size, size, 4) ndarray of uint8
        RGBA.
    """
    length = float(np.hypot(*(eyes[1] - eyes[0])))
    # In a photo the mouth lies about 1.1 units below the eyes; a tenth of the way is the middle.
    centre = eyes.mean(axis=0) + np.array([0.0, 0.11 * length]) - 0.5
    return segments.cropped(picture, centre, np.array([1.0, 0.0]), 4 * length, (size, size))


def _rows(style: DicebearStyle, kind: str) -> list[tuple[str, dict[str, str | None], bool]]:
    """Name, parts and whether usable, of each choice of a kind."""
    if kind == "hair":
        priors = style.priors("hair")
        return [(i, style.template_parts("hair", i), i in priors) for i in priors]
    if kind == "mouth":
        return _mouths(style)
    role = ROLES[kind][0]
    known = _usable(style.pack, role)
    rows: list[tuple[str, dict[str, str | None], bool]] = []
    for part in style.part_names.get(role, ()):
        for variant in style.parts[part]:
            # Glasses that are drawn with the eyes are not eyes.
            if not _is_glasses(style.pack, part, variant):
                usable = variant in known or (variant is None and role == "facial_hair")
                rows.append((variant or "none", {part: variant}, usable))
    return rows


def _mouths(style: DicebearStyle) -> list[tuple[str, dict[str, str | None], bool]]:
    """Mouths with the lips that go with each: those of its mood, or closed ones."""
    tables = style.pack.traits
    mouths, lips = tables.get("mouth", {}), tables.get("lips", {})
    moods = {variant: mood for mood, variant in mouths.items()}
    further = style.pack.usable.get("mouth", [])
    rows: list[tuple[str, dict[str, str | None], bool]] = []
    for part in style.part_names.get("mouth", ()):
        for variant in style.parts[part]:
            worn = lips.get(moods.get(variant or "", "neutral"))
            both = {part: variant} | dict.fromkeys(style.part_names.get("lips", ()), worn)
            rows.append((variant or "none", both, variant in moods or variant in further))
    return rows


def _usable(pack: Pack, role: str) -> set[str | None]:
    """Variants of a role that a face may get."""
    table = pack.traits.get(role, {})
    plain = {pack.default["parts"].get(part) for part in pack.roles.get(role, [])}
    return {*table, *plain, *pack.usable.get(role, [])} - {None}


def _is_glasses(pack: Pack, part: str, variant: str | None) -> bool:
    table = pack.traits.get("glasses", {})
    drawn = {table.get(kind) for kind in ("clear", "dark")} | set(table)
    return part in pack.roles.get("glasses", []) and variant in drawn and "none" in table


def _of(style: DicebearStyle, kind: str, parts: Parts) -> dict[str, str | None]:
    """Return what an avatar wears of a kind."""
    return {part: parts[part] for role in ROLES[kind] for part in style.part_names.get(role, ())}


def _painted(style: DicebearStyle, parts: Parts) -> Avatar:
    """Return an avatar of these parts in neutral colours."""
    plain = style.default()
    neutral = {"facial_hair": "hair", "brows": "hair"}
    colours = {
        style.colour_names[role]: "#{:02x}{:02x}{:02x}".format(*PAINT[neutral.get(role, role)])
        for role in cast("tuple[ColourRole, ...]", _PAINTED)
        if role in style.colour_names
    }
    return Avatar(style.name, {**plain.parts, **parts}, {**plain.colours, **colours})


def _alone(style: DicebearStyle, kind: str, parts: Parts, over: tuple[Role, ...] = ()) -> U8:
    """Draw the parts of one kind and those of a few roles over them, RGBA."""
    roles = (*ROLES[kind], *over)
    names = {part for role in roles for part in style.part_names.get(role, ())}
    return raster.pixels(style.pieces_svg(_painted(style, parts), names), _CANVAS)


def _seen(style: DicebearStyle, kind: str, parts: Parts) -> U8:
    """Draw a feature and what covers it, in the feature's own surroundings, RGBA.

    Landmarks cut a photo's features out so: hair beside the brows is no part of them.
    """
    own = _alone(style, kind, parts)
    seen = _alone(style, kind, parts, _OVER).copy()
    side = round(_AROUND * _eyes(style)[1] * _CANVAS) | 1
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    near = cv2.dilate(own[:, :, 3], ellipse) > _OPAQUE
    seen[:, :, 3] *= near
    return seen


def _eyes(style: DicebearStyle) -> tuple[F64, float]:
    """Middle of the eyes and their distance, fractions of the canvas."""
    eyes = np.asarray(style.eyes, np.float64)
    return eyes.mean(axis=0), float(np.hypot(*(eyes[1] - eyes[0])))


@lru_cache(maxsize=64)
def _box(style: DicebearStyle, kind: str) -> tuple[float, float, float, float]:
    """Middle, width and height of what a kind's segments show, fractions of the canvas."""
    middle, length = _eyes(style)
    below, width, height = BOXES[kind]
    x, y, scale = middle[0], middle[1] + below * length, length
    if kind != "eyes" and (drawn := _extent(style, kind)) is not None:
        # Cartoons put features elsewhere: the style's usual part stands where a face's does.
        x, y = drawn[0], drawn[1]
        if kind == "brows":
            y = drawn[1] + (below - _BROWS_ABOVE) * length
        else:
            scale = max(drawn[2] / _WIDTHS[kind], _LEAST * length)
    return float(x), float(y), width * scale, height * scale


def _extent(style: DicebearStyle, kind: str) -> tuple[float, float, float] | None:
    """Median middle and width of a kind's usable parts, fractions of the canvas."""
    found = []
    for _, parts, usable in _rows(style, kind):
        if usable:
            rows, columns = np.nonzero(_alone(style, kind, parts)[:, :, 3] > _OPAQUE)
            if rows.size:
                left, right = columns.min(), columns.max() + 1
                found.append(((left + right) / 2, (rows.min() + rows.max() + 1) / 2, right - left))
    if not found:
        return None
    x, y, width = np.median(found, axis=0) / _CANVAS
    return float(x), float(y), float(width)


def _crop(picture: U8, box: tuple[float, float, float, float]) -> U8:
    """Cut a feature on plain skin out of a drawing of RGBA."""
    x, y, width, height = (value * picture.shape[0] for value in box)
    premultiplied = picture.astype(np.float32)
    premultiplied[:, :, :3] *= premultiplied[:, :, 3:] / 255
    cut = segments.cropped(
        np.asarray(np.round(premultiplied), np.uint8),
        np.array([x, y]) - 0.5,
        np.array([1.0, 0.0]),
        width,
        (SIZE, SIZE),
        height,
    ).astype(np.float32)
    skin = np.array(PAINT["skin"], np.float32) * (1 - cut[:, :, 3:] / 255)
    out = np.clip(np.round(cut[:, :, :3] + skin), 0, 255).astype(np.uint8)
    return np.dstack([out, np.full((SIZE, SIZE), 255, np.uint8)])


def _beard(style: DicebearStyle, parts: Parts) -> U8:
    if not any(parts.values()):
        return segments.silhouette(np.zeros((SIZE, SIZE), np.float32))
    return segments.silhouette(style.cover(parts, SIZE, "beard")[2])


def _outline(style: DicebearStyle, parts: Parts) -> U8:
    """Draw the face below the eyes, as its own part does; nothing where the style has none."""
    if not any(parts.values()):
        return segments.silhouette(np.zeros((SIZE, SIZE), np.float32))
    alone = _alone(style, "face", parts)[:, :, 3].astype(np.float32) / 255
    cover = style.in_frame(np.asarray(alone, np.float32), SIZE, "face")
    return segments.silhouette(segments.below_eyes(cover))


def pieces(drawing: definition.Definition, names: Iterable[str]) -> definition.Definition:
    """Return a copy of a definition that draws some of the pieces on its canvas and nothing else.

    Parameters
    ----------
    drawing : dict
        From `emojimap.styles.definition.changed`.
    names : iterable of str
        Parts.

    Returns
    -------
    dict
        The copy; groups that hold such a piece stay around it.
    """
    kept = set(names)
    canvas = {**drawing["canvas"], "elements": _only(drawing["canvas"]["elements"], kept)}
    return {**drawing, "canvas": canvas}


def _only(nodes: list[definition.Element], names: set[str]) -> list[definition.Element]:
    found = []
    for node in nodes:
        if node.get("type") == "component":
            if node["name"] in names:
                found.append(node)
        elif inner := _only(node.get("children", []), names):
            found.append({**copy.deepcopy(node), "children": inner})
    return found
