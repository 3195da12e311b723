"""CIE Lab under D65, and the curves on which human skin and undyed hair lie in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from emojimap.arrays import F32, F64, U8
from emojimap.errors import ArgumentError
from emojimap.settings import Checked, setting


@dataclass(frozen=True)
class LocusSettings(Checked):
    """Curves on which human skin and undyed hair lie, from the darkest to the fairest.

    Parameters
    ----------
    skin : tuple of (float, float, float)
        L*, a*, b*.
    hair : tuple of (float, float, float, float)
        L*, usual chroma, least and greatest hue in degrees.
    """

    skin: tuple[tuple[float, ...], ...] = setting(
        (
            (20.0, 7.0, 9.0),
            (38.0, 15.0, 20.0),
            (57.0, 18.0, 27.0),
            (66.0, 16.0, 27.0),
            (75.0, 13.0, 25.0),
            (82.0, 10.0, 22.0),
            (93.0, 3.0, 9.0),
        ),
        0,
        100,
        columns=("L*", "a*", "b*"),
    )
    hair: tuple[tuple[float, ...], ...] = setting(
        (
            (5.0, 3.0, 30.0, 70.0),
            (18.0, 8.0, 32.0, 62.0),
            (30.0, 15.0, 35.0, 60.0),
            (45.0, 22.0, 45.0, 67.0),
            (60.0, 29.0, 55.0, 76.0),
            (75.0, 31.0, 66.0, 83.0),
            (90.0, 20.0, 70.0, 90.0),
        ),
        0,
        180,
        columns=("L*", "chroma", "least hue", "greatest hue"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("skin", "hair"):
            rising = [row[0] for row in getattr(self, name)]
            if len(rising) < 2 or rising != sorted(set(rising)):
                raise ArgumentError(
                    f"LocusSettings.{name}: give two rows or more, in which L* rises"
                )

    def skin_at(self, lightness: float) -> F64:
        """Return a* and b* of human skin at a lightness.

        Parameters
        ----------
        lightness : float
            0..100.

        Returns
        -------
        (2,) ndarray of float64
            a* and b*.
        """
        return interpolated(self.skin, lightness)

    def hair_at(self, lightness: float) -> tuple[float, float, float]:
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
        chroma, low, high = interpolated(self.hair, lightness).tolist()
        return chroma, low, high


def interpolated(table: tuple[tuple[float, ...], ...], at: float) -> F64:
    """Read a table between its rows.

    Parameters
    ----------
    table : tuple of tuple of float
        The first column rises; beyond its ends the end rows hold.
    at : float
        Value of the first column.

    Returns
    -------
    (k,) ndarray of float64
        The other columns.
    """
    rows = np.asarray(table, dtype=np.float64)
    return np.array([np.interp(at, rows[:, 0], column) for column in rows[:, 1:].T])


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


def to_linear(lab: Any) -> F64:
    """Convert Lab to linear sRGB.

    Parameters
    ----------
    lab : (..., 3) array_like of float
        Colours.

    Returns
    -------
    (..., 3) ndarray of float64
        Proportional to light, 0..1; beyond it is cut off.
    """
    colours = np.asarray(lab, np.float32)
    return np.asarray(
        cv2.cvtColor(colours.reshape(-1, 1, 3), cv2.COLOR_LAB2LRGB).reshape(colours.shape),
        np.float64,
    )


def from_linear(rgb: Any) -> F64:
    """Convert linear sRGB to Lab.

    Parameters
    ----------
    rgb : (..., 3) array_like of float
        Light, 0..1; what lies beyond is cut off.

    Returns
    -------
    (..., 3) ndarray of float64
        Lab.
    """
    colours = np.maximum(np.asarray(rgb, np.float32), 0)
    return np.asarray(
        cv2.cvtColor(colours.reshape(-1, 1, 3), cv2.COLOR_LRGB2LAB).reshape(colours.shape),
        np.float64,
    )


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
