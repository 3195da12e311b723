"""The canonical frame: where photo and templates are laid over each other.

The face is turned so that the eyes are level, scaled uniformly so that the geometric mean of face
width and eye-to-chin height is `FACE_PX`, and moved so that the middle of the face stands at
`MIDDLE_X` and the eyes at `EYE_Y`, all in pixels of a square canvas of `CANVAS`. Photo and
templates go through the same function, so masks can be compared pixel by pixel. The geometric
mean is used because cartoons have eyes and chins in proportions of their own.
"""

from __future__ import annotations

import cv2
import numpy as np

from emojimap.arrays import F32, F64, Bool, check_points
from emojimap.errors import ArgumentError

CANVAS = 96
FACE_PX = 33.4
MIDDLE_X = 48.0
EYE_Y = 38.0
SIZE = 64
"""Side of the masks that are compared: the canvas, shrunk."""

_SUPERSAMPLING = 4


def frame(eyes: F32, outline: F32, chin: F32) -> F64:
    """Affine map from picture coordinates to the canonical canvas.

    Parameters
    ----------
    eyes : (2, 2) array_like of float
        Eye centres, (x, y), image-left first.
    outline : (n, 2) array_like of float
        Points of the face's outline (jaw up to the ears); its extent along the eye line is the
        face width and its middle goes to `MIDDLE_X`.
    chin : (2,) array_like of float
        Lowest point of the chin.

    Returns
    -------
    (2, 3) ndarray of float64
        Rotation, uniform scale and shift; canvas = matrix @ (x, y, 1).

    Raises
    ------
    ArgumentError
        If the points do not span a face (eyes in one place, no width or no height).
    """
    eyes = np.asarray(eyes, dtype=np.float64)
    outline = np.asarray(outline, dtype=np.float64)
    along = eyes[1] - eyes[0]
    length = float(np.hypot(*along))
    if not length > 0:
        raise ArgumentError(f"both eyes are at {tuple(eyes[0])}: a face has two places for them")
    along = along / length
    down = np.array([-along[1], along[0]])
    across = outline @ along
    width = float(across.max() - across.min())
    height = float((np.asarray(chin, dtype=np.float64) - eyes.mean(axis=0)) @ down)
    if width <= 0 or height <= 0:
        raise ArgumentError(
            f"face width {width:.3g} and eye-to-chin height {height:.3g}: both must be positive"
        )
    scale = FACE_PX / np.sqrt(width * height)
    matrix = np.empty((2, 3))
    matrix[0, :2] = along * scale
    matrix[1, :2] = down * scale
    matrix[0, 2] = MIDDLE_X - scale * (across.max() + across.min()) / 2
    matrix[1, 2] = EYE_Y - scale * float(eyes.mean(axis=0) @ down)
    return matrix


def face_frame(landmarks: F32) -> F64:
    """Affine map from the photo to the canonical canvas.

    Parameters
    ----------
    landmarks : (68, 2) ndarray of float32
        iBUG order, (x, y) photo pixels, image-left first.

    Returns
    -------
    (2, 3) ndarray of float64
        See `frame`.
    """
    points = check_points(landmarks, 68)
    eyes = np.stack([points[36:42].mean(axis=0), points[42:48].mean(axis=0)])
    return frame(eyes, points[:17], points[8])


def coverage(mask: Bool | F32, matrix: F64, size: int = SIZE) -> F32:
    """Share of each canonical pixel that a mask covers.

    Parameters
    ----------
    mask : (H, W) ndarray of bool or float32
        Mask, or coverage 0..1, in the picture's own frame.
    matrix : (2, 3) ndarray of float64
        From `frame` or `face_frame`.
    size : int
        Side of the result, pixels; the whole canvas is scaled to it.

    Returns
    -------
    (size, size) ndarray of float32
        0..1; outside the picture it is 0.
    """
    fine = size * _SUPERSAMPLING
    source = np.asarray(mask, dtype=np.float32)
    zoom = np.diag([fine / CANVAS, fine / CANVAS, 1.0])
    onto = zoom @ np.vstack([matrix, [0.0, 0.0, 1.0]])
    # Large pictures are shrunk by areas first: sampling them sparsely would lose thin strands.
    shrink = float(np.hypot(onto[0, 0], onto[1, 0]))
    if shrink < 0.5:
        height, width = source.shape
        small = max(1, round(width * shrink * 2)), max(1, round(height * shrink * 2))
        source = cv2.resize(source, small, interpolation=cv2.INTER_AREA)
        back_x, back_y = width / small[0], height / small[1]
        # Pixel centres: x_large + 0.5 = (x_small + 0.5) * back.
        onto = onto @ np.array(
            [[back_x, 0, back_x / 2 - 0.5], [0, back_y, back_y / 2 - 0.5], [0, 0, 1.0]]
        )
    shift = np.array(
        [[1, 0, fine / CANVAS / 2 - 0.5], [0, 1, fine / CANVAS / 2 - 0.5], [0, 0, 1.0]]
    )
    warped = cv2.warpAffine(source, (shift @ onto)[:2], (fine, fine), flags=cv2.INTER_LINEAR)
    out: F32 = cv2.resize(warped, (size, size), interpolation=cv2.INTER_AREA)
    return np.clip(out, 0.0, 1.0)


def visible(shape: tuple[int, int], matrix: F64, size: int = SIZE) -> Bool:
    """Canonical pixels that the photo shows.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the photo.
    matrix : (2, 3) ndarray of float64
        From `face_frame`.
    size : int
        Side of the result, pixels.

    Returns
    -------
    (size, size) ndarray of bool
        True where at least half of the pixel lies inside the photo.
    """
    return coverage(np.ones(shape, dtype=np.float32), matrix, size) >= 0.5
