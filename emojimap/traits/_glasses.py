"""Measures of the frames of glasses."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from emojimap.arrays import F32, Bool

_LENS = 0.42  # radius around an eye in which its lens is looked for, eye distances


def frames(lightness: F32, points: F32, masks: Mapping[str, Bool], unit: float) -> dict[str, float]:
    """Measures of the frames.

    Parameters
    ----------
    lightness : (S, S) ndarray of float32
        L* of the picture.
    points : (68 or more, 2) ndarray of float32
        Landmarks; the eyes are level.
    masks : mapping of str to (S, S) ndarray of bool
        ``glasses`` and ``skin``.
    unit : float
        Distance of the eyes, pixels.

    Returns
    -------
    dict of str to float
        ``glasses_weight``, share by which the darkest fifth of the glasses is darker than the skin;
        ``glasses_height``, height of a lens in its widths. Empty where there are none.
    """
    glasses, skin = masks["glasses"], masks["skin"]
    if not glasses.any() or not skin.any():
        return {}
    usual = max(float(np.median(lightness[skin])), 1.0)
    dark = float(np.percentile(lightness[glasses], 20))
    shapes = []
    for eye in (points[36:42], points[42:48]):
        rows, columns = np.nonzero(glasses & disc(eye.mean(axis=0), _LENS * unit, glasses.shape))
        if rows.size:
            height, width = (np.ptp(np.percentile(axis, [3, 97])) for axis in (rows, columns))
            shapes.append(float(height / max(width, 1.0)))
    found = {"glasses_weight": (usual - dark) / usual}
    return found | ({"glasses_height": float(np.mean(shapes))} if shapes else {})


def disc(centre: F32, radius: float, shape: tuple[int, ...]) -> Bool:
    """Return a mask of a disc, (H, W) bool; centre (x, y) and radius in pixels."""
    canvas = np.zeros(shape, np.uint8)
    cv2.circle(canvas, (round(float(centre[0])), round(float(centre[1]))), round(radius), 1, -1)
    return canvas > 0
