"""The mean face, and how far a set of landmarks is from any turned and scaled copy of it."""

from __future__ import annotations

import numpy as np

from emojimap.arrays import F32, F64
from emojimap.facenet.landmarks import face_size

# Generalised Procrustes mean of about 6,500 faces, thousandths of the face size.
# fmt: off
_MEAN = (
    (-445, -218), (-441, -123), (-437, -26), (-422, 79), (-395, 191), (-309, 344), (-251, 400),
    (-147, 473), (-1, 507), (147, 474), (254, 401), (313, 344), (401, 191), (429, 80), (442, -25),
    (447, -123), (449, -218),
    (-357, -330), (-318, -363), (-260, -381), (-182, -376), (-93, -362),
    (90, -363), (180, -377), (258, -382), (317, -364), (357, -330),
    (0, -257), (-1, -164), (-2, -82), (-2, -30),
    (-107, 33), (-52, 48), (-1, 52), (50, 48), (106, 34),
    (-273, -236), (-233, -259), (-173, -262), (-108, -228), (-163, -219), (-224, -217),
    (108, -228), (172, -262), (231, -259), (273, -237), (223, -217), (162, -219),
    (-171, 186), (-100, 145), (-52, 136), (-1, 144), (50, 136), (99, 146), (171, 188),
    (98, 264), (52, 281), (-2, 287), (-54, 281), (-99, 264),
    (-155, 187), (-43, 175), (-1, 177), (42, 176), (156, 188), (42, 225), (-1, 227), (-44, 223),
)
# fmt: on


def mean_face() -> F64:
    """Mean landmarks.

    Returns
    -------
    (68, 2) ndarray of float64
        Upright, in face sizes, around (0, 0).
    """
    return np.array(_MEAN, dtype=np.float64) / 1000


def misshape(points: F32) -> float:
    """Root mean square distance of landmarks from the mean face laid over them.

    The mean face is turned, scaled and moved to fit in the least-squares sense (Procrustes
    analysis: Gower, "Generalized Procrustes analysis", Psychometrika 40, 1975).

    Parameters
    ----------
    points : (68 or more, 2) ndarray of float32
        iBUG order, x then y.

    Returns
    -------
    float
        In face sizes; 0.04 for a usual face, under 0.22 for 999 of 1,000, 0.33 for noise.
    """
    found = points[:68].astype(np.float64) @ np.array([1, 1j])
    found = (found - found.mean()) / max(face_size(points), 1e-9)
    mean = mean_face() @ np.array([1, 1j])
    mean = mean - mean.mean()
    turn = (np.conj(mean) * found).sum() / (np.abs(mean) ** 2).sum()
    return float(np.sqrt((np.abs(turn * mean - found) ** 2).mean()))
