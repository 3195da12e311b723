"""Where things stand on a Cartoon Set picture: all have the same size and the face in one place.

Measured on real pictures; lengths and places are pixels, (x, y), of the 500x500 canvas.
"""

from __future__ import annotations

import numpy as np

from emojimap.arrays import F32

SIDE = 500
EYES = np.array([[205.0, 260.0], [295.0, 260.0]], np.float32)
MIDDLE = 250
FACE_WIDTH = 190.0
CHIN = 386.0
"""Usual height of the chin; 373 to 395 in the set."""
CHINS = 362, 404
"""What is above or below them is no chin, but the edge of something that hides it."""

Window = tuple[slice, slice]
"""Rows and columns."""

NOSE: Window = (slice(274, 299), slice(236, 265))
"""Ridge of the nose, below the bridge of glasses, above beard and nose line: only skin."""
BRIDGE: Window = (slice(243, 286), slice(238, 262))
"""Between the eyes: bare skin unless glasses are worn."""
EYE_BAND: Window = (slice(216, 312), slice(136, 365))
"""Eyes, brows' lower edges, glasses."""
BROWS: tuple[Window, Window] = (
    (slice(190, 252), slice(158, 245)),
    (slice(190, 252), slice(255, 342)),
)
LIDS: tuple[Window, Window] = (
    (slice(244, 285), slice(172, 235)),
    (slice(244, 285), slice(265, 328)),
)
"""Eyes with lids and lashes, below the brows."""
TEMPLES: tuple[Window, Window] = (
    (slice(20, 50), slice(0, 40)),
    (slice(20, 50), slice(189, 229)),
)
"""Ends of the temples, rows and columns of `EYE_BAND`."""
NOSE_TOP = 300
"""Nothing of glasses is as low as the nose line."""
SIDES: tuple[Window, Window] = (
    (slice(170, 222), slice(136, 172)),
    (slice(170, 222), slice(329, 365)),
)
"""Beside the brows, above the temples: all the hair of those who are bald above."""
MOUTH: Window = (slice(297, 354), slice(219, 281))
"""Nose line and mouth, drawn alike on every picture."""
BEARD: Window = (slice(306, 440), slice(150, 350))
"""Facial hair that is not beside the ears."""
MERGED_BEARD: Window = (slice(250, 402), slice(158, 342))
"""Facial hair that runs into hair beside the face."""
FACE: Window = (slice(160, 402), slice(136, 365))
"""Face and ears: skin is nowhere else."""
MIDDLE_BEARD: Window = (slice(306, 410), slice(215, 285))
"""What facial hair always reaches, and hair beside the jaw never."""
EYE_REACH = 26.0
"""Eye whites lie within this of the eye centres, lashes left out."""
IRIS_REACH = 15.0
PUPIL_RADIUS = 6.5
JAW_ROWS = np.arange(318, 400, 4)
"""Rows on which the width of the jaw is measured: below the ears, to below the lowest chin."""
USUAL_JAW = np.interp(JAW_ROWS, [318, 334, 350, 366, 382, 390], [80, 75, 66, 51, 30, 0])
"""Half the usual width of the face on `JAW_ROWS`."""

_EARS = 318.0
_MOUTH_CORNERS = (222.0, 278.0)


def near_eyes(shape: tuple[int, int], reach: float) -> F32:
    """Distance to the nearer eye centre where it is at most `reach`, else infinity."""
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    far = np.minimum(*(np.hypot(columns - x, rows - y) for x, y in EYES))
    return np.where(far <= reach, far, np.inf).astype(np.float32)


def landmarks(jaw: F32, chin: float) -> F32:
    """Return the 68 landmarks that a real face with this outline would have.

    Parameters
    ----------
    jaw : (n,) ndarray of float32
        Half the width of the face on each of `JAW_ROWS`; NaN for the usual one.
    chin : float
        Row of the lowest point.

    Returns
    -------
    (68, 2) ndarray of float32
        iBUG order, (x, y).
    """
    points = np.zeros((68, 2), np.float32)
    rows = np.concatenate([np.linspace(EYES[0, 1], _EARS, 4), np.linspace(_EARS, chin, 6)[1:]])
    known = chin > JAW_ROWS
    jaw = np.where(np.isnan(jaw), USUAL_JAW, jaw)
    half = np.interp(
        rows,
        [EYES[0, 1], *JAW_ROWS[known], chin],
        [FACE_WIDTH / 2, *jaw[known], 0.0],
    )
    points[:9] = np.stack([MIDDLE - half, rows], 1)
    points[8:17] = np.stack([MIDDLE + half[::-1], rows[::-1]], 1)
    _oval(points[36:42], EYES[0], 22.0, 12.0)
    _oval(points[42:48], EYES[1], 22.0, 12.0)
    for at, x in ((17, 168.0), (22, 262.0)):
        points[at : at + 5] = np.stack([np.linspace(x, x + 70, 5), np.full(5, 225.0)], 1)
    points[27:31] = np.stack([np.full(4, 250.0), np.linspace(262, 298, 4)], 1)
    points[31:36] = np.stack([np.linspace(232, 268, 5), np.full(5, 308.0)], 1)
    left, right = _MOUTH_CORNERS
    upper, lower = [320, 319, 319, 319, 320], [336, 345, 350, 345, 336]
    points[48:55] = np.stack([np.linspace(left, right, 7), [322, *upper, 322]], 1)
    points[55:60] = np.stack([np.linspace(right, left, 7)[1:-1], lower], 1)
    points[60:68] = points[[48, 50, 51, 52, 54, 56, 57, 58]]
    return points


def _oval(points: F32, centre: F32, width: float, height: float) -> None:
    """Fill an eye: six points, clockwise from its image-left corner."""
    angles = np.radians([180, 240, 300, 0, 60, 120])
    points[:, 0] = centre[0] + width * np.cos(angles)
    points[:, 1] = centre[1] + height * np.sin(angles)
