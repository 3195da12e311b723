"""Which region each pixel of a picture belongs to.

Flat colours are seeds, told apart by place and by what they hang together with; from there the
labels grow over the blended pixels between them, each taking the neighbour whose colour is nearest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from emojimap import recolour
from emojimap.arrays import F32, U8, Bool
from emojimap.styles.cartoonset import layout, palette
from emojimap.styles.cartoonset.palette import MOUTH_LINE, OUTLINE, SKIN_LINE, WHITE, Palette

NONE, SKIN, HAIR, FACIAL_HAIR, BROWS, IRIS, FRAME, RIMS, LENS, OTHER = range(10)
NAMES: Final = ("skin", "hair", "facial_hair", "brows", "iris", "frame", "rims", "lens", "other")
"""Names of the labels from 1 on; `rims` have another colour than the rest of the frame, `other` is
eye whites, pupils and mouth."""

_GROWTH_STEPS = 24
_FLAT, _LINE_OFF, _LINE_APART, _TONE_APART, _FOREIGN_OFF = 4, 14.0, 3.0, 20.0, 45.0
_NEIGHBOURS = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if y or x]
_BEARD_TOP = 285
_BEARD_PIXELS, _MERGED_PIXELS = 40, 250
_BESIDE_BEARD = 7
_OUTLINE_REACH, _TEETH_REACH = 6, 2.5
_DARK, _AS_EYE_WHITES = 40, 250
_FRAME_PIXELS = 3
_FRAME_TOLERANCE = 8  # some temples differ a little from their bridge
_MINGLED = 4  # pixels of 3 x 3: single ones are blends that happen to have the colour
_LENS_REACH, _LENS_OFF = 46, 30.0
_TEMPLE_OFF, _TEMPLE_APART = 30.0, 36.0


@dataclass(frozen=True, eq=False)
class Regions:
    """Labels of a picture.

    Parameters
    ----------
    labels : (500, 500) ndarray of uint8
        0 where there is nothing, else 1 + the place in `NAMES`.
    merged : bool
        Hair and facial hair run into each other.
    """

    labels: U8
    merged: bool


def find(picture: U8, colours: Palette) -> Regions:
    """Label the regions of a picture.

    Parameters
    ----------
    picture : (500, 500, 4) ndarray of uint8
        RGBA.
    colours : Palette
        From `palette.find`.

    Returns
    -------
    Regions
        Every pixel that is not transparent has a label.
    """
    labels, merged = _seeds(picture, colours)
    _grow(labels, picture)
    return Regions(labels, merged)


def _seeds(picture: U8, colours: Palette) -> tuple[U8, bool]:
    is_colour = palette.is_colour
    labels = np.zeros(picture.shape[:2], np.uint8)
    skin = colours.skin.shown
    labels[is_colour(picture, skin) | is_colour(picture, palette.tint(skin, SKIN_LINE), 3)] = SKIN
    merged = _hairs(labels, picture, colours)
    _brows(labels, picture, colours)
    _eyes(labels, picture, colours)
    _glasses(labels, picture, colours)
    mouth = picture[layout.MOUTH]
    labels[layout.MOUTH][is_colour(mouth, WHITE) | is_colour(mouth, MOUTH_LINE)] = OTHER
    _flats(labels, picture, colours)
    return labels, merged


def _hairs(labels: U8, picture: U8, colours: Palette) -> bool:
    """Label head hair and facial hair with their outlines; tell whether they hang together."""
    hair, beard = colours.hair, colours.facial_hair
    flat = _solid(palette.is_colour(picture, hair.shown if hair else None))
    if hair is not None and min(hair.shown) >= _AS_EYE_WHITES:
        for window in (*layout.LIDS, layout.MOUTH):
            flat[window] = False
    if beard is None:
        labels[flat | _outline(picture, flat, hair.base if hair else None)] = HAIR
        return False
    tone = flat
    if hair is None or hair.shown != beard.shown:
        tone = _solid(palette.is_colour(picture, beard.shown))
    face, merged = _facial(tone)
    head = (flat | tone) & ~face
    labels[head], labels[face] = HAIR, FACIAL_HAIR
    outline = _outline(picture, head | face, beard.base)
    labels[outline] = np.where(_away(head)[outline] < _away(face)[outline], HAIR, FACIAL_HAIR)
    return merged


def _facial(flat: Bool) -> tuple[Bool, bool]:
    """Parts of one colour that are facial hair; whether one is hair at the same time."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(flat.astype(np.uint8))
    middle = np.bincount(parts[layout.MIDDLE_BEARD].ravel(), minlength=count)
    low = stats[:, cv2.CC_STAT_TOP] >= _BEARD_TOP
    chosen = low & (middle >= _BEARD_PIXELS)
    joined = ~low & (middle >= _MERGED_PIXELS)
    joined[0] = chosen[0] = False
    face: Bool = chosen[parts]
    if joined.any():
        inside = np.zeros_like(flat)
        inside[layout.MERGED_BEARD] = True
        face |= joined[parts] & inside
    # Small pieces between outlines, in reach of the rest.
    beside = _away(face) <= _BESIDE_BEARD
    touching = np.unique(parts[beside & flat])
    inner = np.zeros(count, np.bool_)
    right = stats[:, cv2.CC_STAT_LEFT] + stats[:, cv2.CC_STAT_WIDTH]
    columns = layout.BEARD[1]
    inner[touching] = True
    inner &= low & (stats[:, cv2.CC_STAT_LEFT] >= columns.start) & (right <= columns.stop)
    inner[0] = False
    return face | inner[parts], bool(joined.any())


def _outline(picture: U8, hairs: Bool, base: palette.Colour | None) -> Bool:
    """Outline of hair: what has its colour, and hangs together with hair."""
    line = _solid(palette.is_colour(picture, palette.tint(base, OUTLINE), 3))
    teeth = palette.is_colour(picture[layout.MOUTH], WHITE)
    line[layout.MOUTH] &= _away(teeth) > _TEETH_REACH
    return line & (_away(hairs) <= _OUTLINE_REACH)


def _solid(mask: Bool) -> Bool:
    count = cv2.boxFilter(mask.astype(np.uint8), -1, (3, 3), normalize=False)
    solid: Bool = mask & (count >= _MINGLED)
    return solid


def _brows(labels: U8, picture: U8, colours: Palette) -> None:
    if colours.brows is None:
        return
    for window in layout.BROWS:
        found = _solid(palette.is_colour(picture[window], colours.brows.shown))
        labels[window][found & (labels[window] == NONE)] = BROWS


def _eyes(labels: U8, picture: U8, colours: Palette) -> None:
    for window in layout.LIDS:
        dark = palette.is_colour(picture[window], (0, 0, 0), _DARK)
        white = palette.is_colour(picture[window], WHITE)
        free = (labels[window] == NONE) | (labels[window] == SKIN)
        labels[window][(dark | white) & free] = OTHER
    if colours.iris is not None:
        black = max(colours.iris.shown) < _DARK
        loose = _DARK if black or colours.tinted else 2
        found = palette.is_colour(picture, colours.iris.shown, loose)
        found &= palette.near_eyes(layout.IRIS_REACH)
        labels[found & ~_pupils(found) if black else found] = IRIS


def _pupils(irises: Bool) -> Bool:
    """Middles of black irises: nothing but its place tells a pupil from them."""
    pupils = np.zeros_like(irises)
    half = layout.MIDDLE
    for side in (slice(0, half), slice(half, None)):
        rows, columns = np.nonzero(irises[:, side])
        if rows.size:
            y, x = (round(float(np.median(place))) for place in (rows, columns))
            grid_y, grid_x = np.ogrid[: irises.shape[0], : irises[:, side].shape[1]]
            pupils[:, side] = np.hypot(grid_y - y, grid_x - x) <= layout.PUPIL_RADIUS
    return pupils


def _glasses(labels: U8, picture: U8, colours: Palette) -> None:
    band, drawn = labels[layout.EYE_BAND], picture[layout.EYE_BAND]
    for frame, label in zip(colours.frames, (FRAME, RIMS), strict=False):
        if max(frame) < _DARK:
            hairy = np.isin(band, (HAIR, FACIAL_HAIR, BROWS))
            band[_dark_frame(drawn, colours) & ~hairy] = label
        else:
            found = palette.is_colour(drawn, frame, _FRAME_TOLERANCE) & (band != SKIN)
            band[_large(found)] = label
            _temples(band, drawn, colours, frame)
    if colours.lens is not None:
        band[palette.is_colour(drawn, colours.lens)] = LENS
    elif colours.tinted:
        _tinted_lenses(band, drawn, colours.skin.base)


def _large(mask: Bool) -> Bool:
    """Parts of a mask that are no blends which happen to have the colour, however thin."""
    _, parts, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    large = stats[:, cv2.CC_STAT_AREA] >= _FRAME_PIXELS
    large[0] = False
    found: Bool = large[parts]
    return found


def _temples(band: U8, drawn: U8, colours: Palette, frame: palette.Colour) -> None:
    """Label ends of temples, which some glasses have in a darker tint."""
    shades = [frame, colours.skin.base, *([colours.hair.base] if colours.hair else [])]
    for window in layout.TEMPLES:
        free = band[window] == NONE
        pixels = drawn[window][free][:, :3].astype(np.float32)
        off, *others = (recolour.on_line(pixels, np.array(c, np.float32))[1] for c in shades)
        found = (off < _TEMPLE_OFF) & (np.min(others, axis=0) > _TEMPLE_APART)
        band[window][free] = np.where(found, FRAME, NONE)


def _dark_frame(drawn: U8, colours: Palette) -> Bool:
    """Black frames have the colour of pupils, lashes and lines, but hang together at the bridge."""
    dark = palette.is_colour(drawn, (0, 0, 0), _DARK)
    dark &= ~palette.is_colour(drawn, palette.tint(colours.skin.base, SKIN_LINE), 1)
    dark &= ~palette.near_eyes(layout.IRIS_REACH + 1)[layout.EYE_BAND]
    dark[layout.NOSE_TOP - layout.EYE_BAND[0].start :] = False
    # Thin rims are broken lines.
    near = cv2.dilate(dark.astype(np.uint8), np.ones((3, 3), np.uint8))
    count, parts = cv2.connectedComponents(near)
    top, left = (window.start for window in layout.EYE_BAND)
    rows, columns = layout.BRIDGE
    bridge = parts[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    held = np.bincount(bridge.ravel(), minlength=count) > 0
    held[0] = False
    found: Bool = held[parts] & dark
    return found


def _tinted_lenses(band: U8, drawn: U8, skin: palette.Colour) -> None:
    """Tell skin from eye whites behind lenses that shade from dark to clear."""
    inside = palette.near_eyes(_LENS_REACH)[layout.EYE_BAND] & (band == NONE)
    pixels = drawn[inside][:, :3].astype(np.float32)
    bases = np.array([skin, WHITE], np.float32)
    offs = [np.linalg.norm(pixels - (pixels @ b / (b @ b))[:, None] * b, axis=1) for b in bases]
    found = np.where(offs[0] <= offs[1], SKIN, OTHER)
    band[inside] = np.where(np.minimum(*offs) <= _LENS_OFF, found, NONE)


def _flats(labels: U8, picture: U8, colours: Palette) -> None:
    """Label what else is painted flat: tints of hair or skin, and things of another colour."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGBA2GRAY)
    square = np.ones((3, 3), np.uint8)
    flat = cv2.subtract(cv2.dilate(grey, square), cv2.erode(grey, square)) <= _FLAT
    flat &= (labels == NONE) & (picture[..., 3] >= 250)
    flat[layout.MOUTH] = False
    if colours.lens is not None:
        shine = flat & palette.near_eyes(_LENS_REACH)
        labels[shine] = OTHER
        flat &= ~shine
    if not flat.any():
        return
    pixels = picture[flat][:, :3].astype(np.float32)
    rows, columns = np.nonzero(flat)
    skin = recolour.on_line(pixels, np.array(colours.skin.base, np.float32))[1]
    (top, bottom), (left, right) = ((s.start, s.stop) for s in layout.FACE)
    skin[(rows < top) | (rows >= bottom) | (columns < left) | (columns >= right)] = np.inf
    paint = colours.hair or colours.facial_hair
    hair = np.full_like(skin, np.inf)
    if paint is not None:
        hair = recolour.on_line(pixels, np.array(paint.base, np.float32))[1]
    nearest, other = np.minimum(hair, skin), np.maximum(hair, skin)
    sure = np.where(nearest <= _LINE_OFF, _LINE_APART, _TONE_APART)
    found = np.where(hair < skin, HAIR, SKIN)
    found[other < nearest + sure] = NONE
    found[nearest > _FOREIGN_OFF] = OTHER
    if colours.facial_hair is not None:  # of head or beard, as its neighbours
        beard = (rows >= layout.BEARD[0].start) & (rows < layout.BEARD[0].stop)
        beard &= (columns >= layout.BEARD[1].start) & (columns < layout.BEARD[1].stop)
        found[(found == HAIR) & beard] = NONE
    labels[flat] = found


def _away(mask: Bool) -> F32:
    """Distance to a mask, pixels; infinite if it is empty."""
    if not mask.any():
        return np.full(mask.shape, np.inf, np.float32)
    away: F32 = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3)
    return away


def _grow(labels: U8, picture: U8) -> None:
    """Give every pixel that is not transparent the label of its most similar neighbour."""
    todo = (picture[..., 3] > 0) & (labels == NONE)
    todo[[0, -1]] = todo[:, [0, -1]] = False
    if not todo.any():
        return
    rows, columns = (np.flatnonzero(todo.any(axis=axis)) for axis in (1, 0))
    box = slice(rows[0] - 1, rows[-1] + 2), slice(columns[0] - 1, columns[-1] + 2)
    part, channels, open_ = labels[box], picture[box][..., :3].astype(np.int16), todo[box]
    for _ in range(_GROWTH_STEPS):
        beside = cv2.dilate((part != NONE).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        place = np.nonzero(beside & open_)
        if not place[0].size:
            break
        part[place] = _most_similar(part, channels, *place)
        open_[place] = False
    part[open_] = OTHER


def _most_similar(labels: U8, channels: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> U8:
    """Label of the neighbour with the nearest colour, for each of some pixels."""
    best = np.full(rows.size, np.iinfo(np.int16).max, np.int16)
    found = np.zeros(rows.size, np.uint8)
    mine = channels[rows, columns]
    for y, x in _NEIGHBOURS:
        label = labels[rows + y, columns + x]
        apart = np.abs(channels[rows + y, columns + x] - mine)
        far = apart[:, 0] + apart[:, 1] + apart[:, 2]
        nearer = (label != NONE) & (far < best)
        best[nearer], found[nearer] = far[nearer], label[nearer]
    return found
