"""Square crops of a photo and the way back from them."""

from __future__ import annotations

import cv2
import numpy as np

from emojimap.arrays import F32, F64, U8
from emojimap.facenet.landmarks import axes, roll

PADDING = 128
"""Grey that stands outside the photo, in training and in inference: 0 after normalisation."""


def square(centre: F32 | F64, side: float, angle: float, size: int) -> F64:
    """Affine map from a turned square of the photo to a crop.

    Parameters
    ----------
    centre : (2,) ndarray of float
        Middle of the square, (x, y) photo pixels.
    side : float
        Side of the square, photo pixels.
    angle : float
        Turn of the square, radians; the eye line's turn makes the face upright.
    size : int
        Side of the crop, pixels.

    Returns
    -------
    (2, 3) ndarray of float64
        crop = matrix @ (x, y, 1).
    """
    cosine, sine = np.cos(angle) * size / side, np.sin(angle) * size / side
    turn = np.array([[cosine, sine], [-sine, cosine]])
    return np.hstack([turn, (size / 2 - 0.5 - turn @ np.asarray(centre, np.float64))[:, None]])


def around(points: F32, side: float, size: int) -> F64:
    """Affine map from the photo to an upright crop around a face.

    Parameters
    ----------
    points : (68 or more, 2) ndarray of float32
        Landmarks in photo pixels.
    side : float
        Side of the crop, photo pixels.
    size : int
        Side of the crop, pixels.

    Returns
    -------
    (2, 3) ndarray of float64
        crop = matrix @ (x, y, 1).
    """
    along, down = axes(points)
    middle = [(axis.min() + axis.max()) / 2 for axis in (points @ along, points @ down)]
    return square(middle[0] * along + middle[1] * down, side, roll(points), size)


def apply(matrix: F64, points: F32) -> F32:
    """Map points.

    Parameters
    ----------
    matrix : (2, 3) ndarray of float64
        Affine map.
    points : (n, 2) ndarray of float32
        (x, y).

    Returns
    -------
    (n, 2) ndarray of float32
        Mapped.
    """
    return (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


def inverse(matrix: F64) -> F64:
    """Affine map that leads back.

    Parameters
    ----------
    matrix : (2, 3) ndarray of float64
        Affine map.

    Returns
    -------
    (2, 3) ndarray of float64
        Its inverse.
    """
    back: F64 = cv2.invertAffineTransform(matrix)
    return back


def warp(photo: U8, matrix: F64, size: int, border: int = cv2.BORDER_CONSTANT) -> U8:
    """Warp a photo into a square crop, without aliasing where it shrinks.

    Parameters
    ----------
    photo : (H, W, 3) ndarray of uint8
        RGB.
    matrix : (2, 3) ndarray of float64
        crop = matrix @ (x, y, 1).
    size : int
        Side of the crop, pixels.
    border : int
        OpenCV's border mode.

    Returns
    -------
    (size, size, 3) ndarray of uint8
        Grey `PADDING` outside the photo under the constant border.
    """
    zoom = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if zoom < 0.6:
        factor = max(zoom * 1.2, 16 / min(photo.shape[:2]))
        height, width = photo.shape[:2]
        small = max(1, round(width * factor)), max(1, round(height * factor))
        photo = cv2.resize(photo, small, interpolation=cv2.INTER_AREA)
        back = np.array([width / small[0], height / small[1]])
        matrix = np.hstack(
            [matrix[:, :2] * back, (matrix[:, :2] @ (back / 2 - 0.5) + matrix[:, 2])[:, None]]
        )
    out: U8 = cv2.warpAffine(
        photo,
        matrix,
        (size, size),
        flags=cv2.INTER_LINEAR,
        borderMode=border,
        borderValue=(PADDING,) * 3,
    )
    return out
