"""Measures of the face that its landmarks give, and how its brows look."""

from __future__ import annotations

import cv2
import numpy as np

from emojimap.arrays import F32, F64
from emojimap.traits._upright import Upright

_BROWS = (17, 22)  # first of five points each
_ABOVE, _BELOW, _ROWS = 0.22, 0.16, 40  # of the window around a brow, eye distances
_SPREAD = 0.11


def proportions(face: Upright) -> dict[str, float]:
    """Measures of shape.

    Parameters
    ----------
    face : Upright
        Landmarks.

    Returns
    -------
    dict of str to float
        Ratios; see `emojimap.traits.MEASURES`.
    """
    p = face.points
    opening = (p[[41, 40, 46, 47], 1] - p[[37, 38, 44, 43], 1]).mean()
    lips = (p[61:64, 1].mean() - p[50:53, 1].mean()) + (p[56:59, 1].mean() - p[65:68, 1].mean())
    return {
        "chin_length": face.chin / face.width,
        "jaw_width": face.jaw(face.mouth) / face.width,
        "chin_width": face.jaw(face.mouth + 0.6 * (face.chin - face.mouth)) / face.width,
        "brow_height": -float(p[17:27, 1].mean()),
        "brow_arch": float(np.mean([_arch(p[first : first + 5]) for first in _BROWS])),
        "eye_size": float(opening),
        "nose_width": float(p[35, 0] - p[31, 0]),
        "nose_length": float(p[33, 1]),
        "mouth_width": float(p[54, 0] - p[48, 0]),
        "lip_fullness": float(lips),
    }


def brows(lightness: F32, points: F32, unit: float) -> dict[str, float]:
    """How dark the brows are against the skin around them, and how heavy.

    Parameters
    ----------
    lightness : (S, S) ndarray of float32
        L* of the picture.
    points : (68 or more, 2) ndarray of float32
        Landmarks in it; the eyes are level.
    unit : float
        Distance of the eyes, pixels.

    Returns
    -------
    dict of str to float
        ``brow_darkness``, share of the lightness of the skin; ``brow_weight``, that times the
        thickness in eye distances.
    """
    offsets = np.linspace(-_ABOVE * unit, _BELOW * unit, _ROWS)
    near = np.exp(-((offsets / (_SPREAD * unit)) ** 2))[:, None]
    darkness, thickness = [], []
    for first in _BROWS:
        brow = points[first : first + 5]
        columns = np.linspace(brow[0, 0], brow[4, 0], 25)[4:-4]
        middle = np.interp(columns, brow[:, 0], brow[:, 1])
        x = np.repeat(columns[None], _ROWS, axis=0).astype(np.float32)
        y = (middle[None] + offsets[:, None]).astype(np.float32)
        profile = cv2.remap(lightness, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        around = np.maximum(np.percentile(profile, 85, axis=0), 1.0)
        contrast = np.clip((around - profile) / around, 0, 1) * near
        peak = contrast.max(axis=0)
        darkness.append(float(peak.mean()))
        share = (contrast > 0.5 * np.maximum(peak, 1e-6)).sum(axis=0).mean() / _ROWS
        thickness.append(float(share) * (_ABOVE + _BELOW))
    dark = float(np.mean(darkness))
    return {"brow_darkness": dark, "brow_weight": dark * float(np.mean(thickness))}


def _arch(brow: F64) -> float:
    """Height of a brow's middle over the line between its ends."""
    line = np.interp(brow[2, 0], [brow[0, 0], brow[4, 0]], [brow[0, 1], brow[4, 1]])
    return float(line - brow[2, 1])
