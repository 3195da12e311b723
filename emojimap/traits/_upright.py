"""Landmarks in a frame of their own: level eyes, the face's size as the unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emojimap.arrays import F32, F64


@dataclass(frozen=True, eq=False)
class Upright:
    """A face with level eyes.

    Parameters
    ----------
    points : (68, 2) ndarray of float64
        x along the eye line, y down, from the middle between the eyes, in face sizes: the geometric
        mean of the face's width and its height from eyes to chin.
    unit : float
        Distance of the eyes in pixels of the picture.
    size : float
        The face's size in pixels of the picture.
    """

    points: F64
    unit: float
    size: float

    @property
    def width(self) -> float:
        """Width of the face, face sizes."""
        return float(np.ptp(self.points[:17, 0]))

    @property
    def chin(self) -> float:
        """Height from the eyes to the chin, face sizes."""
        return float(self.points[8, 1])

    @property
    def mouth(self) -> float:
        """Height from the eyes to the corners of the mouth, face sizes."""
        return float(self.points[[48, 54], 1].mean())

    def jaw(self, height: float) -> float:
        """Width of the face at a height below the eyes, face sizes."""
        x, y = self.points[:17, 0], self.points[:17, 1]
        right = np.interp(height, y[8:][::-1], x[8:][::-1])
        return float(right - np.interp(height, y[:9], x[:9]))


def upright(points: F32) -> Upright | None:
    """Turn and scale landmarks.

    Parameters
    ----------
    points : (68 or more, 2) ndarray of float32
        Landmarks, pixels.

    Returns
    -------
    Upright or None
        None where they span no face.
    """
    eyes = np.stack([points[36:42].mean(axis=0), points[42:48].mean(axis=0)]).astype(np.float64)
    unit = float(np.hypot(*(eyes[1] - eyes[0])))
    if not unit > 0:
        return None
    along = (eyes[1] - eyes[0]) / unit
    down = np.array([-along[1], along[0]])
    moved = points[:68] - eyes.mean(axis=0)
    found = np.stack([moved @ along, moved @ down], axis=1)
    area = float(np.ptp(found[:17, 0]) * found[8, 1])
    if not area > 0:
        return None
    size = float(np.sqrt(area))
    return Upright(found / size, unit, size)
