"""Names and numbers of the landmarks: 68 iBUG points and two iris centres."""

from __future__ import annotations

import numpy as np

from emojimap.arrays import F32, F64

JAW = slice(0, 17)
BROWS = slice(17, 27)
LEFT_EYE = slice(36, 42)
RIGHT_EYE = slice(42, 48)
CHIN = 8
NOSE_BASE = 33
LEFT_IRIS, RIGHT_IRIS = 68, 69

IRIS_RADIUS_PER_EYE_WIDTH = 0.217
"""Median over 5,000 faces; the error against a face mesh's own radius is 4% in the median."""

_MIRROR_PAIRS = (
    [(i, 16 - i) for i in range(8)]
    + [(17 + i, 26 - i) for i in range(5)]
    + [(31, 35), (32, 34)]
    + [(36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)]
    + [(48, 54), (49, 53), (50, 52), (55, 59), (56, 58)]
    + [(60, 64), (61, 63), (65, 67)]
    + [(68, 69)]
)


def mirror_order() -> list[int]:
    """Which point takes each place when a face is mirrored left to right.

    Returns
    -------
    list of int
        70 indices: ``mirrored = points[mirror_order()]`` after x has been flipped.
    """
    order = list(range(70))
    for left, right in _MIRROR_PAIRS:
        order[left], order[right] = right, left
    return order


def eye_centres(points: F32) -> F32:
    """Centres of both eyes.

    Parameters
    ----------
    points : (68 or more, 2) ndarray of float32
        (x, y).

    Returns
    -------
    (2, 2) ndarray of float32
        Image-left eye first.
    """
    return np.stack([points[LEFT_EYE].mean(axis=0), points[RIGHT_EYE].mean(axis=0)])


def eye_distance(points: F32) -> float:
    """Distance of the two eye centres, in the unit of `points`.

    Parameters
    ----------
    points : (68 or more, 2) ndarray of float32
        (x, y).

    Returns
    -------
    float
        Never negative.
    """
    left, right = eye_centres(points)
    return float(np.hypot(*(right - left)))


def face_size(points: F32) -> float:
    """Size of a face: the larger of jaw width and 1.15 x brow-to-chin height.

    Parameters
    ----------
    points : (68 or more, 2) ndarray of float32
        (x, y).

    Returns
    -------
    float
        In the unit of `points`.
    """
    width = float(np.hypot(*(points[16] - points[0])))
    height = float(np.hypot(*(points[CHIN] - points[BROWS].mean(axis=0))))
    return max(width, 1.15 * height)


def roll(points: F32) -> float:
    """Turn of the eye line against the horizontal.

    Parameters
    ----------
    points : (68 or more, 2) ndarray of float32
        (x, y).

    Returns
    -------
    float
        Radians; positive where the image-right eye stands lower.
    """
    left, right = eye_centres(points)
    return float(np.arctan2(right[1] - left[1], right[0] - left[0]))


def axes(points: F32) -> tuple[F64, F64]:
    """Directions of the face in the picture.

    Parameters
    ----------
    points : (68 or more, 2) ndarray of float32
        (x, y).

    Returns
    -------
    along, down : (2,) ndarray of float64
        Unit vectors: along the eye line to the image's right, and from the brows to the chin.
    """
    angle = roll(points)
    along = np.array([np.cos(angle), np.sin(angle)])
    return along, np.array([-along[1], along[0]])


def iris_circles(points: F32) -> F32:
    """Both irises as circles: centre from the network, radius from the eyes' width.

    The radius of an iris is a nearly constant share of the eye's width, and at usual sizes it is
    known better from there than from any landmark on the iris itself.

    Parameters
    ----------
    points : (70, 2) ndarray of float32
        (x, y).

    Returns
    -------
    (2, 3) ndarray of float32
        x, y, radius; image-left eye first.
    """
    widths = [np.hypot(*(points[b] - points[a])) for a, b in ((36, 39), (42, 45))]
    radius = np.full((2, 1), IRIS_RADIUS_PER_EYE_WIDTH * float(np.mean(widths)), np.float32)
    return np.hstack([points[[LEFT_IRIS, RIGHT_IRIS]], radius]).astype(np.float32)
