"""Irises: their colour where the photo is large enough to show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from emojimap.arrays import F32, F64, U8
from emojimap.colours._locus import cartesian, polar, to_lab
from emojimap.colours._skin import Skin
from emojimap.colours._view import check_ranges, spread

# Brown: by far the most frequent eye colour, and the least striking where it is wrong.
_USUAL = (30.0, 11.0, 17.0)
_CHROMA_MOST = 38.0
# Hues that eyes have, from brown over green to blue, degrees; the rest is reflected light.
_HUE_LOW, _HUE_HIGH = 48.0, 280.0


@dataclass(frozen=True)
class IrisSettings:
    """How irises are measured.

    Parameters
    ----------
    least_diameter_px : float
        Smaller irises show no colour; 4 to 200 photo pixels.
    least_pixels : int
        Fewer pixels tell nothing; 1 or more.
    ring_inner, ring_outer : float
        Part of the radius that is looked at, between pupil and rim; 0 to 1.
    chroma_gain : float
        Factor on the chroma: an iris is small on a cartoon; 1 to 3.
    darkest_l, lightest_l : float
        Range of the lightness; 0 to 100.
    """

    least_diameter_px: float = 13.0
    least_pixels: int = 60
    ring_inner: float = 0.42
    ring_outer: float = 0.88
    chroma_gain: float = 1.3
    darkest_l: float = 24.0
    lightest_l: float = 60.0

    def __post_init__(self) -> None:
        check_ranges(
            self,
            {
                "least_diameter_px": (4, 200),
                "least_pixels": (1, 100_000),
                "ring_outer": (0, 1),
                "ring_inner": (0, self.ring_outer),
                "chroma_gain": (1, 3),
                "lightest_l": (0, 100),
                "darkest_l": (0, self.lightest_l),
            },
        )


class Iris(NamedTuple):
    """Irises as measured and as they are drawn.

    Parameters
    ----------
    raw, colour : (3,) ndarray of float64
        Lab, before and after correction.
    pixels : int
        How many were used.
    spread : float
        Median distance of these from their median, Lab.
    eyes : int
        How many irises were used.
    """

    raw: F64
    colour: F64
    pixels: int
    spread: float
    eyes: int


def usual_iris() -> F64:
    """Colour where none can be seen.

    Returns
    -------
    (3,) ndarray of float64
        Lab of a brown.
    """
    return np.array(_USUAL)


def iris_colour(
    photo: U8, landmarks: F32, irises: F32, skin: Skin | None, settings: IrisSettings
) -> Iris | str:
    """Measure the irises in the photo at its full size.

    Parameters
    ----------
    photo : (H, W, 3) ndarray of uint8
        RGB.
    landmarks : (68, 2) ndarray of float32
        iBUG order, x then y.
    irises : (2, 3) ndarray of float32
        x, y, radius.
    skin : Skin or None
        The face's skin, by which the light is judged.
    settings : IrisSettings
        How.

    Returns
    -------
    Iris or str
        The irises, or the reason why they show no colour.
    """
    widest = 2 * float(np.max(irises[:, 2]))
    if widest < settings.least_diameter_px:
        return (
            f"irises are {widest:.0f} px wide, under the {settings.least_diameter_px:g} px "
            "that show a colour"
        )
    rings = [
        _ring(photo, np.asarray(landmarks)[lids], iris, settings)
        for lids, iris in zip((slice(36, 42), slice(42, 48)), irises, strict=True)
        if 2 * iris[2] >= settings.least_diameter_px
    ]
    lab = np.concatenate(rings)
    if len(lab) < settings.least_pixels:
        return f"only {len(lab)} pixels of the irises are seen"
    order = np.argsort(lab[:, 0], kind="stable")
    # The darkest are lashes and pupil, the lightest reflections.
    kept = lab[order[len(order) // 4 : len(order) - len(order) // 6]]
    raw = np.median(kept, axis=0).astype(np.float64)
    return Iris(raw, _drawn(raw, skin, settings), len(kept), spread(kept), len(rings))


def _ring(photo: U8, lids: F32, iris: F32, settings: IrisSettings) -> F32:
    """Lab of an iris between pupil and rim, between the lids, without its shaded top."""
    x, y, radius = (float(value) for value in iris)
    left, right = max(0, int(x - radius)), min(photo.shape[1], int(x + radius) + 2)
    top, bottom = max(0, int(y - radius)), min(photo.shape[0], int(y + radius) + 2)
    if left >= right or top >= bottom:
        return np.zeros((0, 3), dtype=np.float32)
    rows, columns = np.ogrid[top:bottom, left:right]
    away = np.hypot(columns - x, rows - y) / radius
    ring = (away >= settings.ring_inner) & (away <= settings.ring_outer)
    ring &= rows - y > -0.3 * radius
    opening = np.zeros(ring.shape, dtype=np.uint8)
    corners = np.clip(np.round((lids - (left, top)) * 16), -(2**20), 2**20).astype(np.int32)
    cv2.fillPoly(opening, [corners], 1, shift=4)
    return to_lab(photo[top:bottom, left:right][ring & opening.astype(bool)])


def _drawn(raw: F64, skin: Skin | None, settings: IrisSettings) -> F64:
    """Take out the light's colour and make the rest readable on a cartoon."""
    ab = raw[1:].copy()
    lightness = float(raw[0])
    if skin is not None:
        share = min(lightness / max(float(skin.raw[0]), 20.0), 1.0)
        ab -= 0.5 * share * skin.light().clip(-15, 15)
        lightness += 0.3 * share * float(skin.tone[0] - skin.raw[0])
    chroma, hue = polar(ab)
    hue %= 360
    if not _HUE_LOW <= hue <= _HUE_HIGH:
        hue = _HUE_LOW if (hue < _HUE_LOW or hue > 320) else _HUE_HIGH
    chroma = min(chroma * settings.chroma_gain, _CHROMA_MOST)
    lightness = float(np.clip(lightness, settings.darkest_l, settings.lightest_l))
    return np.array([lightness, *cartesian(chroma, hue)])
