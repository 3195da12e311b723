"""CIE Lab under D65, and the curves on which human skin and undyed hair lie in it."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from emojimap.arrays import F32, F64, U8

# Skin from the darkest to the fairest: lightness, a, b.
_SKIN = np.array(
    [
        (20, 7, 9),
        (38, 15, 20),
        (57, 18, 27),
        (66, 16, 27),
        (75, 13, 25),
        (82, 10, 22),
        (93, 3, 9),
    ],
    dtype=np.float64,
)
# Undyed hair with pigment: lightness, usual chroma, least and greatest hue in degrees.
_HAIR = np.array(
    [
        (5, 3, 30, 70),
        (18, 8, 32, 62),
        (30, 15, 35, 60),
        (45, 22, 45, 67),
        (60, 27, 55, 76),
        (75, 26, 66, 83),
        (90, 16, 70, 90),
    ],
    dtype=np.float64,
)


def to_lab(rgb: U8) -> F32:
    """Convert sRGB to Lab.

    Parameters
    ----------
    rgb : (..., 3) ndarray of uint8
        sRGB.

    Returns
    -------
    (..., 3) ndarray of float32
        Lightness 0..100, a (green to red) and b (blue to yellow).
    """
    flat = np.ascontiguousarray(rgb, dtype=np.uint8).reshape(-1, 1, 3)
    if not flat.size:
        return np.zeros(rgb.shape, dtype=np.float32)
    lab: F32 = cv2.cvtColor(flat.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return lab.reshape(rgb.shape)


def to_rgb(lab: Any) -> U8:
    """Convert one Lab colour to sRGB; outside its gamut the chroma gives way, not the hue.

    Parameters
    ----------
    lab : (3,) array_like of float
        Lightness, a, b.

    Returns
    -------
    (3,) ndarray of uint8
        sRGB.
    """
    scale = np.linspace(1.0, 0.0, 21)
    colours = np.tile(np.asarray(lab, dtype=np.float32), (21, 1))
    colours[:, 0] = np.clip(colours[:, 0], 0, 100)
    colours[:, 1:] *= scale[:, None].astype(np.float32)
    rgb = cv2.cvtColor(colours[:, None], cv2.COLOR_LAB2RGB)[:, 0]
    back = cv2.cvtColor(rgb.clip(0, 1)[:, None], cv2.COLOR_RGB2LAB)[:, 0]
    inside = np.linalg.norm(back - colours, axis=1) < 1.5
    best = rgb[int(np.argmax(inside))] if inside.any() else rgb[-1]
    return np.asarray(best.clip(0, 1) * 255 + 0.5, np.uint8)


def skin_at(lightness: float) -> F64:
    """Return a and b of human skin at a lightness.

    Parameters
    ----------
    lightness : float
        0..100.

    Returns
    -------
    (2,) ndarray of float64
        a and b.
    """
    return np.array([np.interp(lightness, _SKIN[:, 0], _SKIN[:, k]) for k in (1, 2)])


def hair_at(lightness: float) -> tuple[float, float, float]:
    """Colour of undyed hair with pigment at a lightness.

    Parameters
    ----------
    lightness : float
        0..100.

    Returns
    -------
    (float, float, float)
        Usual chroma, least and greatest hue in degrees.
    """
    chroma, low, high = (float(np.interp(lightness, _HAIR[:, 0], _HAIR[:, k])) for k in (1, 2, 3))
    return chroma, low, high


def polar(ab: Any) -> tuple[float, float]:
    """Chroma and hue of a and b.

    Parameters
    ----------
    ab : (2,) array_like of float
        a and b.

    Returns
    -------
    (float, float)
        Chroma, and hue in degrees, -180..180.
    """
    return float(np.hypot(*ab)), float(np.degrees(np.arctan2(ab[1], ab[0])))


def cartesian(chroma: float, hue: float) -> F64:
    """Return a and b of chroma and hue.

    Parameters
    ----------
    chroma : float
        0 or more.
    hue : float
        Degrees.

    Returns
    -------
    (2,) ndarray of float64
        a and b.
    """
    return chroma * np.array([np.cos(np.radians(hue)), np.sin(np.radians(hue))])
