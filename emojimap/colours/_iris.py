"""Irises: their colour where the photo is large enough to show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from emojimap.arrays import F32, F64, U8
from emojimap.colours._locus import cartesian, polar, to_lab
from emojimap.colours._skin import Skin, light_of
from emojimap.colours._view import Sampled
from emojimap.errors import ArgumentError
from emojimap.settings import Checked, setting


@dataclass(frozen=True)
class IrisSettings(Checked):
    """How irises are measured.

    Parameters
    ----------
    least_diameter_px : float
        Smaller irises show no colour.
    least_pixels : int
        Fewer pixels tell nothing.
    ring_inner, ring_outer : float
        Part of the radius that is looked at, between pupil and rim.
    top_share : float
        What is higher over the middle than this share of the radius lies in the lid's shadow.
    dark_share, bright_share : float
        Share of the pixels dropped as lashes and pupil, and as reflections.
    light_share, exposure_share : float
        Share of the light's colour and strength, judged by the skin, that is taken out.
    chroma_gain : float
        Factor on the chroma: an iris is small on a cartoon.
    chroma_most : float
        Chroma is cut off here.
    least_degrees, most_degrees : float
        Hues that eyes have, from brown over green to blue; the rest is reflected light.
    darkest_l, lightest_l : float
        Range of the lightness.
    usual : (float, float, float)
        L*, a*, b* where none can be seen: brown, by far the most frequent, and the least striking
        where it is wrong.
    """

    least_diameter_px: float = setting(13.0, 4, 200)
    least_pixels: int = setting(60, 1, 100_000)
    ring_inner: float = setting(0.42, 0, 1, "of the radius")
    ring_outer: float = setting(0.88, 0, 1, "of the radius")
    top_share: float = setting(0.3, -1, 1)
    dark_share: float = setting(0.25, 0, 0.5)
    bright_share: float = setting(0.17, 0, 0.5)
    light_share: float = setting(0.5, 0, 1)
    exposure_share: float = setting(0.3, 0, 1)
    chroma_gain: float = setting(1.3, 1, 3)
    chroma_most: float = setting(38.0, 0, 150, "chroma")
    least_degrees: float = setting(48.0, 0, 180)
    most_degrees: float = setting(280.0, 180, 320)
    darkest_l: float = setting(24.0, 0, 100)
    lightest_l: float = setting(60.0, 0, 100)
    usual: tuple[float, ...] = setting((30.0, 11.0, 17.0), -100, 100, "Lab units", size=3)

    def __post_init__(self) -> None:
        super().__post_init__()
        for low, high in (("ring_inner", "ring_outer"), ("darkest_l", "lightest_l")):
            if getattr(self, low) > getattr(self, high):
                raise ArgumentError(
                    f"IrisSettings.{low} {getattr(self, low)} is over {high} {getattr(self, high)}"
                )


class Iris(NamedTuple):
    """Irises as measured and as they are drawn.

    Parameters
    ----------
    raw, colour : (3,) ndarray of float64
        Lab, before and after correction.
    sampled : Sampled
        The pixels.
    eyes : int
        How many irises were used.
    """

    raw: F64
    colour: F64
    sampled: Sampled
    eyes: int


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
    places, lab = (np.concatenate(part) for part in zip(*rings, strict=True))
    if len(lab) < settings.least_pixels:
        return f"only {len(lab)} pixels of the irises are seen"
    every = Sampled(places, lab, np.ones(len(lab), bool), 1.0)
    sampled = every.trimmed(settings.dark_share, settings.bright_share)
    raw = np.median(sampled.colours, axis=0).astype(np.float64)
    return Iris(raw, _drawn(raw, skin, settings), sampled, len(rings))


def _ring(photo: U8, lids: F32, iris: F32, settings: IrisSettings) -> tuple[F32, F32]:
    """Places and Lab of an iris between pupil and rim, between the lids, without its shaded top."""
    x, y, radius = (float(value) for value in iris)
    left, right = max(0, int(x - radius)), min(photo.shape[1], int(x + radius) + 2)
    top, bottom = max(0, int(y - radius)), min(photo.shape[0], int(y + radius) + 2)
    if left >= right or top >= bottom:
        return np.zeros((0, 2), np.float32), np.zeros((0, 3), np.float32)
    rows, columns = np.ogrid[top:bottom, left:right]
    away = np.hypot(columns - x, rows - y) / radius
    ring = (away >= settings.ring_inner) & (away <= settings.ring_outer)
    ring &= rows - y > -settings.top_share * radius
    opening = np.zeros(ring.shape, dtype=np.uint8)
    corners = np.clip(np.round((lids - (left, top)) * 16), -(2**20), 2**20).astype(np.int32)
    cv2.fillPoly(opening, [corners], 1, shift=4)
    ring &= opening.astype(bool)
    places = np.argwhere(ring)[:, ::-1] + (left, top)
    return places.astype(np.float32), to_lab(photo[top:bottom, left:right][ring])


def _drawn(raw: F64, skin: Skin | None, settings: IrisSettings) -> F64:
    """Take out the light's colour and make the rest readable on a cartoon."""
    light = light_of(skin)
    lightness, *ab = light.taken_out(raw, settings.exposure_share, settings.light_share)
    chroma, hue = polar(ab)
    hue %= 360
    low, high = settings.least_degrees, settings.most_degrees
    if not low <= hue <= high:
        hue = low if (hue < low or hue > (high + 360) / 2) else high
    chroma = min(chroma * settings.chroma_gain, settings.chroma_most)
    lightness = float(np.clip(lightness, settings.darkest_l, settings.lightest_l))
    return np.array([lightness, *cartesian(chroma, hue)])
