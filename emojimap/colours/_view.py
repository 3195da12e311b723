"""The part of a photo that colours are measured on, at a size where that is cheap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from emojimap.arrays import F32, U8, Bool, check_mask, check_points, check_rgb
from emojimap.colours._locus import to_lab
from emojimap.errors import ArgumentError
from emojimap.settings import Checked, setting

NAMES = ("hair", "facial_hair", "skin", "glasses", "headwear", "body")
# Face neighbourhood in eye distances from the point between the eyes.
_SIDE, _ABOVE, _BELOW = 3.2, 3.6, 4.6


@dataclass(frozen=True)
class ViewSettings(Checked):
    """At what size skin, hair and clothes are measured.

    Parameters
    ----------
    eye_distance_px : float
        Photos are shrunk to at least this distance between the eyes.
    most_pixels : int
        Of more pixels than this only some are taken, evenly.
    """

    eye_distance_px: float = setting(48.0, 16, 1000)
    most_pixels: int = setting(4096, 100, 1_000_000)


class Sampled(NamedTuple):
    """Pixels that a colour was measured on.

    Parameters
    ----------
    places : (n, 2) ndarray of float32
        x, y of their middles in the photo.
    lab : (n, 3) ndarray of float32
        Their colours.
    kept : (n,) ndarray of bool
        Those that count; the others were trimmed as too dark, too light or of another colour.
    side_px : float
        How many photo pixels each is wide.
    """

    places: F32
    lab: F32
    kept: Bool
    side_px: float

    def trimmed(self, dark_share: float, bright_share: float) -> Sampled:
        """Let the darkest and the brightest not count; one pixel always does."""
        count = len(self.lab)
        first, last = int(count * dark_share), count - int(count * bright_share)
        kept = np.zeros(count, bool)
        kept[np.argsort(self.lab[:, 0], kind="stable")[first : max(first + 1, last)]] = True
        return self._replace(kept=kept)

    def keep(self, kept: Bool) -> Sampled:
        """Return the same pixels with other ones counting."""
        return self._replace(kept=np.asarray(kept, bool))

    @property
    def colours(self) -> F32:
        """Colours of the pixels that count, (m, 3) float32 Lab."""
        return self.lab[self.kept]


@dataclass(frozen=True)
class View:
    """A face's neighbourhood, shrunk, with everything in its own pixels.

    Parameters
    ----------
    rgb : (h, w, 3) ndarray of uint8
        The photo there.
    landmarks : (68, 2) ndarray of float32
        iBUG order, x then y.
    irises : (2, 3) ndarray of float32
        x, y, radius.
    masks : dict of str to (h, w) ndarray of bool
        One for each of `NAMES`; empty where none was given.
    step : int
        Photo pixels per pixel.
    eye_distance : float
        Pixels between the middles of the eyes.
    corner : (int, int)
        x, y of the upper left corner in the photo.
    most_pixels : int
        See `ViewSettings`.
    """

    rgb: U8
    landmarks: F32
    irises: F32
    masks: dict[str, Bool]
    step: int
    eye_distance: float
    corner: tuple[int, int]
    most_pixels: int

    def pixels(self, mask: Bool) -> Sampled:
        """Colours under a mask, evenly thinned out; all of them count."""
        chosen = np.flatnonzero(mask)
        chosen = chosen[:: max(1, -(-len(chosen) // self.most_pixels))]
        rows, columns = np.divmod(chosen, self.rgb.shape[1])
        places = np.stack([columns, rows], 1) * self.step + self.corner + (self.step - 1) / 2
        lab = to_lab(self.rgb.reshape(-1, 3)[chosen])
        return Sampled(places.astype(np.float32), lab, np.ones(len(lab), bool), float(self.step))

    def skin(self) -> Bool:
        """Face skin that nothing covers, (h, w) bool."""
        return self.masks["skin"] & ~self.any("glasses", "headwear", "hair", "facial_hair")

    def any(self, *names: str) -> Bool:
        """Union of the named masks, (h, w) bool."""
        return np.asarray(np.logical_or.reduce([self.masks[name] for name in names]), bool)

    def polygon(self, points: F32) -> Bool:
        """Pixels inside a closed line of (n, 2) points, (h, w) bool."""
        canvas = np.zeros(self.rgb.shape[:2], dtype=np.uint8)
        corners = np.clip(np.round(points * 16), -(2**20), 2**20).astype(np.int32)
        cv2.fillPoly(canvas, [corners], 1, shift=4)
        return canvas.astype(bool)


def view(
    photo: U8, landmarks: F32, irises: F32, masks: Mapping[str, Bool], settings: ViewSettings
) -> View:
    """Cut out and shrink.

    Parameters
    ----------
    photo : (H, W, 3) ndarray of uint8
        RGB.
    landmarks : (68, 2) ndarray of float32
        iBUG order, x then y.
    irises : (2, 3) ndarray of float32
        x, y, radius.
    masks : mapping of str to (H, W) ndarray of bool
        Any of `NAMES`.
    settings : ViewSettings
        Size of the result; it has up to twice the eye distance.

    Returns
    -------
    View
        At least one pixel.

    Raises
    ------
    ArgumentError
        If something has a wrong type, shape or name.
    """
    check_rgb(photo)
    landmarks = check_points(landmarks, 68)
    irises = np.asarray(irises, dtype=np.float32)
    if irises.shape != (2, 3) or not np.isfinite(irises).all():
        raise ArgumentError(f"irises has shape {irises.shape}: give (2, 3) finite x, y, radius")
    for name, mask in masks.items():
        if name not in NAMES:
            raise ArgumentError(f"masks has {name!r}: give any of {', '.join(NAMES)}")
        check_mask(mask, name, photo.shape[:2])
    eyes = np.stack([landmarks[36:42].mean(axis=0), landmarks[42:48].mean(axis=0)])
    distance = max(float(np.hypot(*(eyes[1] - eyes[0]))), 1.0)
    step = int(np.clip(distance / settings.eye_distance_px, 1, min(photo.shape[:2])))
    return _cut(photo, landmarks, irises, masks, distance, step, settings.most_pixels)


def _cut(
    photo: U8,
    landmarks: F32,
    irises: F32,
    masks: Mapping[str, Bool],
    distance: float,
    step: int,
    most_pixels: int,
) -> View:
    (left, right), (top, bottom) = _bounds(photo.shape[:2], landmarks, distance, step)
    region = photo[top:bottom, left:right]
    height, width = (bottom - top) // step, (right - left) // step
    if step > 1:
        # Every other pixel of large photos is enough for a mean over four or more.
        thin = region[::2, ::2] if step >= 4 else region
        rgb = cv2.resize(thin, (width, height), interpolation=cv2.INTER_AREA)
    else:
        rgb = np.ascontiguousarray(region)
    middle = slice(step // 2, None, step)
    small = {name: np.zeros((height, width), dtype=bool) for name in NAMES}
    small |= {name: mask[top:bottom, left:right][middle, middle] for name, mask in masks.items()}
    moved = (landmarks - (left, top) + 0.5) / step - 0.5
    scaled = np.column_stack(
        [(irises[:, :2] - (left, top) + 0.5) / step - 0.5, irises[:, 2] / step]
    )
    return View(
        rgb,
        moved.astype(np.float32),
        scaled.astype(np.float32),
        small,
        step,
        distance / step,
        (left, top),
        most_pixels,
    )


def _bounds(
    shape: tuple[int, int], landmarks: F32, distance: float, step: int
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Left and right, top and bottom; whole steps, inside the photo even if the face is not."""
    middle = landmarks[36:48].mean(axis=0)
    ranges = []
    for place, size, before, after in (
        (middle[0], shape[1], _SIDE, _SIDE),
        (middle[1], shape[0], _ABOVE, _BELOW),
    ):
        start = int(np.clip(place - before * distance, 0, max(size - step, 0)))
        stop = int(np.clip(place + after * distance, start + step, max(size, start + step)))
        stop = min(stop, size)
        ranges.append((start, start + max(1, (stop - start) // step) * step))
    return ranges[0], ranges[1]


def eroded(mask: Bool, radius: float) -> Bool:
    """Mask without its rim.

    Parameters
    ----------
    mask : (h, w) ndarray of bool
        Mask; what lies outside the picture counts as inside.
    radius : float
        Width of the rim, pixels; under 0.5 nothing happens.

    Returns
    -------
    (h, w) ndarray of bool
        The inner part.
    """
    # Landmarks may be anything: a kernel larger than the mask would only cost memory.
    side = 2 * round(min(radius, max(mask.shape))) + 1
    if side <= 1:
        return mask
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.erode(mask.astype(np.uint8), kernel), bool)


def spread(lab: F32) -> float:
    """Median distance of Lab colours from their median; 0 for none.

    Parameters
    ----------
    lab : (n, 3) ndarray of float32
        Colours.

    Returns
    -------
    float
        Lab units.
    """
    if not len(lab):
        return 0.0
    return float(np.median(np.linalg.norm(lab - np.median(lab, axis=0), axis=1)))


def thinned(photo: U8) -> U8:
    """Return some pixels of the whole photo, without black borders.

    Parameters
    ----------
    photo : (H, W, 3) ndarray of uint8
        RGB.

    Returns
    -------
    (n, 3) ndarray of uint8
        About 4,000.
    """
    step = max(1, int(np.sqrt(photo.shape[0] * photo.shape[1] / 4096)))
    some = photo[::step, ::step].reshape(-1, 3)
    lit = some[some.max(axis=1) > 3]
    return lit if len(lit) else some


def is_grey(photo: U8) -> bool:
    """Tell whether a photo is without colour.

    Parameters
    ----------
    photo : (H, W, 3) ndarray of uint8
        RGB.

    Returns
    -------
    bool
        True for black-and-white photos, JPEG's slight colours allowed.
    """
    some = thinned(photo).astype(np.int16)
    return float(np.percentile(some.max(axis=1) - some.min(axis=1), 97)) < 12
