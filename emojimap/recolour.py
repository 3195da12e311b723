"""Flat art in new colours: each pixel is unmixed into base colours, and mixed again from others.

In flat art a region is painted with one base colour and tints of it: outlines and shadows go
towards black, highlights towards white. So a pixel says how much of which base colour it holds:

    pixel = sum of amount * base + rest,    rest: black, white and what has no base
    new   = pixel + sum of amount * (new base - base)

Nothing changes where no base changes; outlines, highlights and blended edges follow their region;
alpha is not touched. Replacing colours instead leaves the old outlines, shifting them in Lab makes
neon ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from emojimap.arrays import F32, U8, Bool

_AS_GOOD, _BETTER = 1.0, 1.5
_RIDGE = 0.01
_BLACK = 12
_REACH_PX = 2
_ODD = 40.0
_NEUTRAL = 12
_WHITE = np.full(3, 255, np.float32)


@dataclass(frozen=True)
class Material:
    """A region of one base colour.

    Parameters
    ----------
    label : int
        Of its pixels.
    base : tuple of int
        sRGB.
    under : int or None
        Label of the material that shows through it, if one does.
    opacity : float
        How little of that shows through, 0..1.
    shine : float
        Most white that a highlight may be taken for, 0..1: on a pale base highlights are all
        white, and would stay so on a dark one.
    """

    label: int
    base: tuple[int, int, int]
    under: int | None = None
    shine: float = 1.0
    opacity: float = 1.0


def amounts(picture: U8, labels: U8, materials: Sequence[Material]) -> dict[int, F32]:
    """How much of each base colour every pixel holds.

    Parameters
    ----------
    picture : (H, W, 4) ndarray of uint8
        RGBA, alpha not multiplied in.
    labels : (H, W) ndarray of uint8
        Region of each pixel; those of no material keep their colour, but for what their edges
        hold of the materials beside them.
    materials : sequence of Material
        At most one for a label.

    Returns
    -------
    dict of int to (H, W) ndarray of float32
        By label: 0 for nothing of the base colour to 1 for the base colour itself.
    """
    found = {m.label: np.zeros(labels.shape, np.float32) for m in materials}
    near = {
        m.label: _near(labels == m.label, 1 if max(m.base) < _BLACK else _REACH_PX)
        for m in materials
    }
    for one in materials:
        place = np.nonzero(labels == one.label)
        _unmix(picture[place][:, :3], place, one, materials, near, found)
    rest = (labels > 0) & ~np.isin(labels, list(found))
    for one in materials:
        if max(one.base) - min(one.base) >= _NEUTRAL:  # else every grey would hold some of it
            place = np.nonzero(rest & near[one.label])
            colours = picture[place][:, :3].astype(np.float32)
            share, _, off = _pair(colours, _base(one), _WHITE)
            found[one.label][place] = np.where(off <= _ODD, share, 0)
    return found


def repaint(
    picture: U8,
    held: Mapping[int, F32],
    materials: Sequence[Material],
    colours: Mapping[int, tuple[int, int, int]],
) -> U8:
    """Paint a picture in new base colours.

    Parameters
    ----------
    picture : (H, W, 4) ndarray of uint8
        RGBA, as given to `amounts`.
    held : mapping of int to (H, W) ndarray of float32
        From `amounts`.
    materials : sequence of Material
        As given to `amounts`.
    colours : mapping of int to tuple of int
        New sRGB base by label; the others stay.

    Returns
    -------
    (H, W, 4) ndarray of uint8
        RGBA; alpha is that of the picture.
    """
    out = picture[..., :3].astype(np.float32)
    for one in materials:
        if one.label in colours:
            change = np.array(colours[one.label], np.float32) - _base(one)
            out += held[one.label][..., None] * change
    painted = picture.copy()
    painted[..., :3] = np.clip(np.rint(out), 0, 255)
    return painted


def on_line(colours: F32, base: F32) -> tuple[F32, F32]:
    """Find colours on the line of tints of a base: from black through it to white.

    Parameters
    ----------
    colours : (n, 3) ndarray of float32
        sRGB, 0..255.
    base : (3,) ndarray of float32
        sRGB, 0..255.

    Returns
    -------
    share : (n,) ndarray of float32
        Amount of the base in the nearest tint, 0..1.
    off : (n,) ndarray of float32
        Euclidean distance to that tint.
    """
    shade = np.clip(colours @ base / max(float(base @ base), 1.0), 0, 1)
    light = 255.0 - base
    shine = np.clip((colours - base) @ light / max(float(light @ light), 1.0), 0, 1)
    dark_off = np.linalg.norm(colours - shade[:, None] * base, axis=1)
    light_off = np.linalg.norm(colours - base - shine[:, None] * light, axis=1)
    darker = dark_off <= light_off
    return np.where(darker, shade, 1 - shine), np.where(darker, dark_off, light_off)


def _unmix(
    pixels: U8,
    place: tuple[np.ndarray, ...],
    one: Material,
    materials: Sequence[Material],
    near: Mapping[int, Bool],
    found: dict[int, F32],
) -> None:
    """Fill in the amounts of the pixels of one material, and of what is mixed into them."""
    colours = pixels.astype(np.float32)
    base = _base(one)
    share, off = on_line(colours, base)
    bright = colours @ base > float(base @ base)
    share = np.where(bright, np.maximum(share, 1 - one.shine), share)
    if max(one.base) < _BLACK:
        share = 1 - colours.mean(axis=1) / 255
    # Beside another material a blend with it is as likely as a tint; later ones must be better.
    margin = np.full(len(colours), _AS_GOOD, np.float32)
    for other in materials:
        through = other.label == one.under
        rows = np.flatnonzero(near[other.label][place] | through)
        if other is one or not rows.size:
            continue
        mine, its, left = _pair(colours[rows], base, _base(other))
        if through:
            mine, its = _shining(colours[rows], one, other, mine, its)
        better = (left <= off[rows] + margin[rows]) | through
        rows, mine, its, left = rows[better], mine[better], its[better], left[better]
        for label in found:
            found[label][place[0][rows], place[1][rows]] = 0
        share[rows], off[rows], margin[rows] = mine, left, -_BETTER
        found[other.label][place[0][rows], place[1][rows]] = its
    found[one.label][place] = share


def _shining(colours: F32, one: Material, under: Material, mine: F32, its: F32) -> tuple[F32, F32]:
    """Shares in highlights on a material that lets another through: both give way to white."""
    shown = one.opacity * _base(one) + (1 - one.opacity) * _base(under)
    bright = colours @ shown > 1.02 * float(shown @ shown)
    share = np.maximum(on_line(colours, shown)[0], 1 - one.shine)
    return (
        np.where(bright, share * one.opacity, mine),
        np.where(bright, share * (1 - one.opacity), its),
    )


def _pair(colours: F32, mine: F32, other: F32) -> tuple[F32, F32, F32]:
    """Shares of two bases in colours, each 0 to 1, and what is left."""
    for first, base in ((True, other), (False, mine)):
        if max(mine if first else other) < _BLACK:  # black has no share but what the other leaves
            share = np.clip(colours @ base / max(float(base @ base), 1.0), 0, 1)
            off = np.linalg.norm(colours - share[:, None] * base, axis=1)
            return (1 - share, share, off) if first else (share, 1 - share, off)
    both = np.stack([mine, other], 1)
    gram = both.T @ both
    gram += np.diag(_RIDGE**2 * np.diag(gram) + 1e-3)
    shares = colours @ both @ np.linalg.inv(gram)
    shares = np.clip(shares, 0, 1)
    for k in (0, 1):  # where one was cut off the other makes up for it
        base = both[:, k]
        left = colours - shares[:, 1 - k, None] * both[:, 1 - k]
        cut = (shares[:, 1 - k] <= 0) | (shares[:, 1 - k] >= 1)
        again = np.clip(left @ base / max(float(base @ base), 1.0), 0, 1)
        shares[:, k] = np.where(cut, again, shares[:, k])
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1.0)  # a pixel holds no more than one
    off = np.linalg.norm(colours - shares @ both.T, axis=1)
    return shares[:, 0], shares[:, 1], off


def _base(material: Material) -> F32:
    return np.array(material.base, np.float32)


def _near(mask: Bool, reach: int) -> Bool:
    side = 2 * reach + 1
    found: Bool = cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    return found
