"""Where on a face skin and lips are looked for."""

from __future__ import annotations

import numpy as np

from emojimap.arrays import F32, Bool, check_points
from emojimap.colours._view import View

PATCH_RADIUS_EYES = 0.14
"""Usual radius of a patch of skin, eye distances."""


def skin_patches(landmarks: F32, radius_eyes: float = PATCH_RADIUS_EYES) -> F32:
    """Places where skin is usually bare: forehead, nose, cheeks and chin.

    Parameters
    ----------
    landmarks : (68, 2) ndarray of float32
        iBUG order, x then y.
    radius_eyes : float
        Radius of a patch in eye distances.

    Returns
    -------
    (11, 3) ndarray of float32
        x, y, radius, in the landmarks' pixels; three on the forehead, the nose, six on the
        cheeks, the chin.

    Raises
    ------
    ArgumentError
        If the landmarks have another shape.
    """
    points = check_points(landmarks, 68)
    left, right = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    along = right - left
    up = np.array([along[1], -along[0]])
    brows = points[17:27].mean(axis=0)
    centres = [brows + share * along + 0.35 * up for share in (-0.4, 0.0, 0.4)]
    centres.append((points[28] + points[29]) / 2)
    for eye, jaw, low, mouth in ((left, 2, 4, 48), (right, 14, 12, 54)):
        down, out = points[mouth] - eye, points[jaw] - eye
        centres.append(eye + 0.5 * down + 0.12 * out)
        centres.append(eye + 0.45 * down + 0.32 * out)
        centres.append(0.6 * points[mouth] + 0.4 * points[low])
    centres.append((points[57] + points[8]) / 2)
    radius = np.full((len(centres), 1), radius_eyes * float(np.hypot(*along)))
    return np.hstack([np.array(centres), radius]).astype(np.float32)


def in_patches(view: View, patches: F32, inside: Bool, least: float) -> tuple[Bool, int]:
    """Return the patches that show enough.

    Parameters
    ----------
    view : View
        The face.
    patches : (n, 3) ndarray of float32
        x, y, radius in pixels of the view.
    inside : (h, w) ndarray of bool
        What may be looked at.
    least : float
        Share of a patch that must be inside.

    Returns
    -------
    (h, w) ndarray of bool
        The union of those patches, inside.
    int
        How many these are.
    """
    seen, count = np.zeros_like(inside), 0
    height, width = inside.shape
    for x, y, radius in patches.tolist():
        left, right = max(0, int(x - radius)), min(width, int(x + radius) + 2)
        top, bottom = max(0, int(y - radius)), min(height, int(y + radius) + 2)
        if left >= right or top >= bottom:
            continue
        rows, columns = np.ogrid[top:bottom, left:right]
        disc = (columns - x) ** 2 + (rows - y) ** 2 <= radius**2
        disc &= inside[top:bottom, left:right]
        if np.count_nonzero(disc) >= max(6.0, least * np.pi * radius**2):
            seen[top:bottom, left:right] |= disc
            count += 1
    return seen, count


def lips_mask(view: View) -> Bool:
    """Return the lips without the opening of the mouth and without hair.

    Parameters
    ----------
    view : View
        The face.

    Returns
    -------
    (h, w) ndarray of bool
        The lips.
    """
    outer, inner = (view.polygon(view.landmarks[part]) for part in (slice(48, 60), slice(60, 68)))
    return outer & ~inner & ~view.masks["facial_hair"]
