"""The flat colours that a Cartoon Set picture was painted with, found by place.

Every region has one base colour, and a line of tints through it: outlines are a fixed share of it,
highlights a mix with white. Brows have the hair's tint; some brows, and hair that is cut very
short, let the skin through.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import cv2
import numpy as np

from emojimap.arrays import U8, Bool
from emojimap.errors import PhotoError
from emojimap.recolour import on_line
from emojimap.styles.cartoonset import layout

Colour: TypeAlias = tuple[int, int, int]

OUTLINE = 0.478
"""Outline of hair, share of its base colour."""
SKIN_LINE = 0.088
"""Outline of face and ears, share of the skin's."""
BROW = 0.686
"""Brows, share of the hair's base colour."""
WHITE: Colour = (255, 255, 255)
MOUTH_LINE: Colour = (22, 22, 22)

_OPAQUE = 250
_LEAST_SKIN, _LEAST_HAIR, _LEAST_BEARD, _LEAST_BROWS, _LEAST_OUTLINE = 120, 900, 100, 60, 40
_LEAST_BRIDGE, _LEAST_RIM, _LEAST_IRIS, _LEAST_BLACK_IRIS = 24, 100, 40, 300
_LEAST_SIDE, _FULL_BEARD = 200, 1500
_TONE, _LEAST_TONE = 30.0, 0.6
_LENS_REACH, _LENS_SHARE, _DARK, _TINTED = 17.0, 0.5, 70, 40
_PALE = 235
_LEAST_OPACITY, _MIX_TOLERANCE = 0.2, 5.0


@dataclass(frozen=True)
class Paint:
    """A base colour as it is seen, and what it is made of.

    Parameters
    ----------
    shown : tuple of int
        sRGB as painted.
    base : tuple of int
        sRGB of the colour itself; differs from `shown` where it lets the skin through.
    opacity : float
        0..1; 1 unless the skin shows through.
    """

    shown: Colour
    base: Colour
    opacity: float = 1.0


@dataclass(frozen=True)
class Palette:
    """Base colours of one picture; None for what is not there.

    Parameters
    ----------
    skin, hair, facial_hair, brows, iris : Paint or None
        Of the region; an iris behind a tinted lens has none either.
    frames : tuple of tuple of int
        Colours of the glasses' frame, the one that recolours first; empty without glasses.
    lens : tuple of int or None
        Colour of dark lenses.
    tinted : bool
        The eyes are seen through lenses that shade from dark to clear.
    """

    skin: Paint
    hair: Paint | None
    facial_hair: Paint | None
    brows: Paint | None
    iris: Paint | None
    frames: tuple[Colour, ...]
    lens: Colour | None
    tinted: bool = False


def find(picture: U8) -> Palette:
    """Find the base colours of a picture.

    Parameters
    ----------
    picture : (500, 500, 4) ndarray of uint8
        RGBA.

    Returns
    -------
    Palette
        Of all regions.

    Raises
    ------
    PhotoError
        If there is no skin where every Cartoon Set face has its nose.
    """
    skin = mode(picture[layout.NOSE], _LEAST_SKIN)
    if skin is None or max(skin) < 24:
        raise PhotoError(
            "no flat skin colour around (250, 286), where every Cartoon Set face has its nose: "
            "is it a picture of that set?"
        )
    rest = but(picture, [skin, tint(skin, SKIN_LINE)])
    for window in (layout.EYE_BAND, layout.MOUTH):
        rest[window] = but(rest[window], [WHITE])
    shown = _hair(rest)
    frames, lens = _glasses(picture, rest, skin, shown)
    brow = _brow(rest, [shown, tint(shown, OUTLINE), lens, *frames])
    hair = None if shown is None else _see_through(picture, shown, skin, brow)
    root = hair.base if hair else _root(brow)
    iris = _iris(rest, frames)
    return Palette(
        skin=Paint(skin, skin),
        hair=hair,
        facial_hair=_beard(rest, skin, root),
        brows=None if brow is None else _mixed(brow, skin, tint(root, BROW)) or Paint(brow, brow),
        iris=None if lens else iris or _tinted_iris(picture),
        frames=frames,
        lens=lens,
        tinted=bool(frames) and lens is None and iris is None,
    )


def is_colour(picture: U8, colour: Colour | None, tolerance: int = 2) -> Bool:
    """Where opaque pixels have a colour, within `tolerance` in each channel."""
    if colour is None:
        return np.zeros(picture.shape[:2], np.bool_)
    low = (*(max(0, value - tolerance) for value in colour), _OPAQUE)
    high = (*(min(255, value + tolerance) for value in colour), 255)
    found: Bool = cv2.inRange(picture, low, high) > 0
    return found


def but(picture: U8, colours: Iterable[Colour | None], tolerance: int = 2) -> U8:
    """Return a copy in which the pixels of some colours are transparent."""
    rest = picture.copy()
    for colour in colours:
        rest[is_colour(rest, colour, tolerance)] = 0
    return rest


def tint(colour: Colour | None, share: float) -> Colour | None:
    """Return a share of a colour, None of None."""
    if colour is None:
        return None
    red, green, blue = (round(share * value) for value in colour)
    return red, green, blue


def mode(pixels: U8, least: int) -> Colour | None:
    """Return the most frequent opaque colour of at least `least` pixels, or None."""
    flat = pixels.reshape(-1, 4)
    flat = flat[flat[:, 3] >= _OPAQUE].astype(np.int32)
    if len(flat) < least:
        return None
    # Sorting all pixels is slow; a flat colour falls whole into one coarse bin.
    coarse = (flat[:, 0] >> 3 << 10) | (flat[:, 1] >> 3 << 5) | flat[:, 2] >> 3
    counts = np.bincount(coarse, minlength=1 << 15)
    found = []
    for _ in range(3):
        bin_ = int(counts.argmax())
        inside = flat[coarse == bin_]
        counts[bin_] = 0
        packed = (inside[:, 0] << 16) | (inside[:, 1] << 8) | inside[:, 2]
        values, times = np.unique(packed, return_counts=True)
        found += [(int(times.max()), int(values[times.argmax()]))] if values.size else []
    count, best = max(found)
    return ((best >> 16) & 255, (best >> 8) & 255, best & 255) if count >= least else None


def _hair(rest: U8) -> Colour | None:
    """Most frequent colour above the brows and beside the ears."""
    rows, columns = layout.EYE_BAND
    places = (rest[: rows.start], rest[:, : columns.start], rest[:, columns.stop :])
    found = mode(np.concatenate([place.reshape(-1, 4) for place in places]), _LEAST_HAIR)
    if found is not None:
        return found
    sides = [mode(rest[window], _LEAST_SIDE) for window in layout.SIDES]
    return sides[0] if sides[0] == sides[1] else None


def _glasses(
    picture: U8, rest: U8, skin: Colour, hair: Colour | None
) -> tuple[tuple[Colour, ...], Colour | None]:
    """Colours of the frame, and of dark lenses."""
    hairs = [hair, tint(hair, OUTLINE), tint(hair, BROW)]
    bridge = mode(but(rest[layout.BRIDGE], hairs), _LEAST_BRIDGE)
    if bridge is None:
        return (), None
    band = but(rest[layout.EYE_BAND], hairs)
    lenses = near_eyes(_LENS_REACH)[layout.EYE_BAND]
    lens = mode(band[lenses], int(_LENS_SHARE * lenses.sum()))
    white = is_colour(picture[layout.EYE_BAND], WHITE)[
        near_eyes(layout.EYE_REACH)[layout.EYE_BAND]
    ].sum()
    if lens is not None and (max(lens) > _DARK or white > _LEAST_IRIS):
        lens = None
    others = but(but(band, [bridge, lens]), [skin], _TINTED)
    rims = mode(others[_lower_rims()[layout.EYE_BAND]], _LEAST_RIM)
    frames = [colour for colour in (bridge, rims) if colour is not None and colour != lens]
    # The one with a colour first: it is what the glasses are called by.
    return tuple(sorted(frames, key=lambda colour: min(colour) >= _PALE)), lens


def _brow(rest: U8, others: Iterable[Colour | None]) -> Colour | None:
    both = np.concatenate([rest[window].reshape(-1, 4) for window in layout.BROWS])[None]
    return mode(but(both, [*others, (0, 0, 0)]), _LEAST_BROWS)


def _see_through(picture: U8, shown: Colour, skin: Colour, brow: Colour | None) -> Paint:
    """Tell hair that is cut very short, through which the skin is seen, by its outline."""
    opaque = Paint(shown, shown)
    if brow is None or is_colour(picture, tint(shown, OUTLINE)).sum() >= _LEAST_OUTLINE:
        return opaque
    found = _mixed(shown, skin, _root(brow))
    if found is None or found.opacity > 0.9:
        return opaque
    line = tint(found.base, OUTLINE)
    outlines = [_blend(line, under, found.opacity) for under in (skin, tint(skin, SKIN_LINE))]
    drawn = sum(int(is_colour(picture, outline, 4).sum()) for outline in outlines)
    return found if drawn >= _LEAST_OUTLINE else opaque


def _root(brow: Colour | None) -> Colour | None:
    """Hair colour that brows belong to."""
    if brow is None:
        return None
    red, green, blue = (min(255, round(value / BROW)) for value in brow)
    return red, green, blue


def _beard(rest: U8, skin: Colour, root: Colour | None) -> Paint | None:
    middle = but(rest[layout.MIDDLE_BEARD], [MOUTH_LINE])
    shown = mode(middle, _LEAST_BEARD)
    if shown is None or root is None:
        return None
    found = _mixed(shown, skin, root)
    if found is None and is_colour(middle, shown).sum() >= _FULL_BEARD:
        # Some art has hair in two tones, and the beard in that of the lower hair.
        share, off = on_line(np.array([shown], np.float32), np.array(root, np.float32))
        return Paint(shown, shown) if off[0] <= _TONE and share[0] >= _LEAST_TONE else None
    return found


def _mixed(shown: Colour, skin: Colour, base: Colour | None) -> Paint | None:
    """Return a colour as a base that lets the skin through, or None if it is no such mix."""
    if base is None:
        return None
    over = np.subtract(base, skin)
    opacity = float(np.subtract(shown, skin) @ over / max(float(over @ over), 1.0))
    if np.abs(np.subtract(shown, base)).max() <= _MIX_TOLERANCE:
        return Paint(shown, base if opacity < 1 else shown)
    apart = np.abs(np.subtract(shown, skin) - opacity * over).max()
    if not _LEAST_OPACITY <= opacity <= 1 or apart > _MIX_TOLERANCE:
        return None
    return Paint(shown, base, opacity)


def _blend(over: Colour | None, under: Colour | None, opacity: float) -> Colour | None:
    if over is None or under is None:
        return None
    red, green, blue = (
        round(opacity * a + (1 - opacity) * b) for a, b in zip(over, under, strict=True)
    )
    return red, green, blue


def _iris(rest: U8, frames: tuple[Colour, ...]) -> Paint | None:
    near = rest[near_eyes(layout.IRIS_REACH)][None]
    found = mode(but(near, [*frames, (0, 0, 0), (13, 14, 14)]), _LEAST_IRIS)
    if found is None and is_colour(near, (0, 0, 0)).sum() >= _LEAST_BLACK_IRIS:
        found = 0, 0, 0
    return None if found is None else Paint(found, found)


def _tinted_iris(picture: U8) -> Paint | None:
    """Middle colour around the pupils, for eyes behind a lens that shades from dark to clear."""
    ring = near_eyes(layout.PUPIL_RADIUS + 5) & ~near_eyes(layout.PUPIL_RADIUS + 1)
    pixels = picture[ring][:, :3]
    pixels = pixels[(pixels.max(axis=1) > _DARK) & (pixels.min(axis=1) < _PALE - _TINTED)]
    if len(pixels) < _LEAST_IRIS:
        return None
    red, green, blue = (int(value) for value in np.median(pixels, axis=0))
    return Paint((red, green, blue), (red, green, blue))


@cache
def _lower_rims() -> Bool:
    """Where rims are and brows are not."""
    rims = near_eyes(60) & ~near_eyes(20)
    rims[: layout.EYES[0, 1].astype(int)] = False
    rims.flags.writeable = False
    return rims


@cache
def near_eyes(reach: float) -> Bool:
    """Pixels of a picture within `reach` of an eye's centre."""
    near: Bool = np.isfinite(layout.near_eyes((layout.SIDE, layout.SIDE), reach))
    near.flags.writeable = False
    return near
