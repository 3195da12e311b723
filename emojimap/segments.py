"""A face cut into segments that can be compared with the parts of avatars.

A photo's light and colours are taken out first, as colours are compared on their own: the skin gets
one neutral tone, what hardly differs from it is levelled, and hair, beard and the outline of the
face become silhouettes. What is left looks like a part drawn alone on plain skin.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import cv2
import numpy as np

from emojimap.arrays import F32, F64, U8, Bool, check_points, check_rgb
from emojimap.canonical import CANVAS, EYE_Y, coverage, face_frame

KINDS = ("hair", "eyes", "brows", "nose", "mouth", "face", "beard")
"""Segments of a face."""

SILHOUETTES = ("hair", "face", "beard")
"""Segments of which the outline alone is kept."""

FEATURES = ("eyes", "brows", "nose", "mouth")
"""Segments that show what is drawn on the skin."""

WHOLE = "whole"
"""The aligned face in one picture, which embedders take like a segment."""

SIZE = 64
"""Side of a segment, pixels."""

WHOLE_SIZE = 112
"""Side of an aligned face, pixels."""

GROUND = (128, 128, 128)
"""Colour around a silhouette."""

PAINT: Mapping[str, tuple[int, int, int]] = MappingProxyType(
    {"skin": (212, 178, 153), "hair": (72, 56, 48), "iris": (70, 45, 30), "lips": (186, 108, 100)}
)
"""Neutral colours: of plain skin, of silhouettes, and for the parts of avatars."""

BOXES: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {
        "eyes": (0.0, 2.0, 0.8),
        "brows": (-0.38, 2.2, 0.8),
        "nose": (0.55, 1.1, 1.1),
        "mouth": (0.0, 1.5, 1.0),
    }
)
"""Height of the middle below the eye line (a mouth's is its own), width and height of what a
feature's segment shows, in units of `unit`."""

_ZOOMS = {"hair": (0.0, 0.0, CANVAS), "face": (24.0, 28.0, 48.0), "beard": (24.0, 38.0, 48.0)}
"""Left, top and side of what a silhouette shows, pixels of the canonical canvas."""

_POINTS = {
    "eyes": (slice(36, 42), slice(42, 48)),
    "brows": (slice(17, 22), slice(22, 27)),
    "nose": (slice(27, 36),),
    "mouth": (slice(48, 60),),
}
_MARGINS = {"eyes": 0.12, "brows": 0.09, "nose": 0.10, "mouth": 0.10}  # units
_DARK = ("brows", "nose")  # what is lighter than the skin there is light that falls on it
_SKIN_LAB = np.array([74.7, 8.9, 16.6], np.float32)
_LEVEL, _GAIN = np.array([7.0, 4.0, 5.0], np.float32), 1.25
_FINE = 2  # features are cut at this many times their size
_MOUTH_SHARE = 0.9  # FFHQ weighs the way to the mouth with 1.8 against 2 for that between the eyes
_WHOLE_UNITS = 4.0


def unit(points: F32) -> float:
    """Length that features are measured in: the larger of two distances, as in FFHQ's alignment.

    Parameters
    ----------
    points : (68 or more, 2) ndarray of float32
        Landmarks.

    Returns
    -------
    float
        Distance of the eyes, or 0.9 of that from eyes to mouth, where the head is turned.

    References
    ----------
    .. [1] T. Karras, S. Laine and T. Aila, "A Style-Based Generator Architecture for Generative
       Adversarial Networks", CVPR 2019, appendix A.
    """
    left, right = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    mouth = (points[48] + points[54]) / 2
    eyes, down = right - left, mouth - (left + right) / 2
    return max(float(np.hypot(*eyes)), _MOUTH_SHARE * float(np.hypot(*down)), 1.0)


def cut(photo: U8, points: F32, masks: Mapping[str, F32]) -> dict[str, U8]:
    """Cut an upright head into segments.

    Parameters
    ----------
    photo : (S, S, 3) ndarray of uint8
        RGB, the head frame.
    points : (70, 2) ndarray of float32
        Landmarks in the head frame.
    masks : mapping of str to (S, S) ndarray of float32
        ``hair``, ``facial_hair`` and ``skin``, soft.

    Returns
    -------
    dict of str to (64, 64, 4) ndarray of uint8
        RGBA by kind, see `KINDS`. Alpha is the silhouette's coverage, and 255 for features.

    Raises
    ------
    ArgumentError
        If a shape is wrong.
    """
    check_rgb(photo)
    landmarks = check_points(points, 70)
    frame = face_frame(landmarks[:68])
    covers = {
        "hair": np.asarray(masks["hair"], np.float32),
        "face": _jaw(landmarks, photo.shape[:2]),
        "beard": np.asarray(masks["facial_hair"], np.float32),
    }
    found = {
        kind: silhouette(coverage(mask, zoomed(kind, frame), SIZE)) for kind, mask in covers.items()
    }
    level = _levelled(photo, masks["skin"] > 0.5, landmarks)
    # A moustache is no part of nose or mouth: it has a segment of its own.
    level[masks["facial_hair"] > 0.5] = PAINT["skin"]
    found |= {kind: _feature(kind, level, landmarks) for kind in FEATURES}
    return {kind: found[kind] for kind in KINDS}


def whole(photo: U8, points: F32, size: int = WHOLE_SIZE) -> U8:
    """Cut an aligned face, as FFHQ aligns: turned and scaled by eyes and mouth.

    Parameters
    ----------
    photo : (H, W, 3) or (H, W, 4) ndarray of uint8
        RGB, or RGBA with colours multiplied by alpha.
    points : (68 or more, 2) ndarray of float32
        Landmarks.
    size : int
        Side of the result, pixels.

    Returns
    -------
    (size, size, 4) ndarray of uint8
        RGBA; alpha is 0 outside the photo.
    """
    left, right = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    mouth = (points[48] + points[54]) / 2
    middle = (left + right) / 2
    down = mouth - middle
    along = (right - left) + np.array([down[1], -down[0]])  # eyes, and down turned a quarter back
    along = along / max(float(np.hypot(*along)), 1e-6)
    centre = middle + 0.1 * down
    return cropped(photo, centre, along, _WHOLE_UNITS * unit(points), (size, size))


def cropped(photo: U8, centre: F32 | F64, along: F32 | F64, side: float, shape: tuple[int, int],
            height: float | None = None) -> U8:  # fmt: skip
    """Cut a turned rectangle out of a picture, without aliasing where it shrinks.

    Parameters
    ----------
    photo : (H, W, 3) or (H, W, 4) ndarray of uint8
        RGB or RGBA.
    centre : (2,) ndarray of float
        Middle of the rectangle, (x, y) pixels.
    along : (2,) ndarray of float
        Unit vector along its width.
    side : float
        Its width, pixels.
    shape : (int, int)
        Rows and columns of the result.
    height : float, optional
        Its height, pixels; the width by default.

    Returns
    -------
    (rows, columns, 4) ndarray of uint8
        RGBA; alpha is 0 outside the picture.
    """
    rows, columns = shape
    if photo.shape[2] == 3:
        photo = np.dstack([photo, np.full(photo.shape[:2], 255, np.uint8)])
    fine = max(1, min(8, round(side / columns)))
    steps = np.array([side / columns, (height or side) / rows]) / fine
    turn = np.array([[along[0], along[1]], [-along[1], along[0]]]) / steps[:, None]
    half = np.array([columns * fine, rows * fine]) / 2 - 0.5
    matrix = np.hstack([turn, (half - turn @ np.asarray(centre, np.float64))[:, None]])
    out = cv2.warpAffine(photo, matrix, (columns * fine, rows * fine), flags=cv2.INTER_LINEAR)
    return np.asarray(cv2.resize(out, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)


def silhouette(cover: F32) -> U8:
    """Draw coverage as a silhouette.

    Parameters
    ----------
    cover : (S, S) ndarray of float32
        0..1.

    Returns
    -------
    (S, S, 4) ndarray of uint8
        RGBA: hair's neutral colour on the neutral ground; alpha is the coverage.
    """
    share = np.clip(cover, 0, 1).astype(np.float32)[:, :, None]
    ink, ground = (np.array(colour, np.float32) for colour in (PAINT["hair"], GROUND))
    picture = np.concatenate([ground + (ink - ground) * share, 255 * share], axis=2)
    return np.asarray(np.round(picture), np.uint8)


def grounded(pictures: U8) -> U8:
    """Lay pictures on the neutral ground.

    Parameters
    ----------
    pictures : (..., 4) ndarray of uint8
        RGBA, alpha not multiplied in.

    Returns
    -------
    (..., 4) ndarray of uint8
        RGBA; alpha is 255 everywhere.
    """
    alpha = pictures[..., 3:].astype(np.float32) / 255
    ground = np.array(GROUND, np.float32)
    out = np.full_like(pictures, 255)
    out[..., :3] = np.round(ground + (pictures[..., :3] - ground) * alpha)
    return out


def zoomed(kind: str, frame: F64) -> F64:
    """Affine map to the part of the canonical canvas that a silhouette shows.

    Parameters
    ----------
    kind : {"hair", "face", "beard"}
        Which silhouette.
    frame : (2, 3) ndarray of float64
        Map to the canonical canvas.

    Returns
    -------
    (2, 3) ndarray of float64
        Map to a canvas of the same side that shows that part alone.
    """
    left, top, side = _ZOOMS[kind]
    scale = CANVAS / side
    matrix = frame * scale
    matrix[:, 2] -= scale * np.array([left, top])
    return matrix


def below_eyes(cover: F32) -> F32:
    """Keep what lies below the eye line of a face's silhouette, where its outline is its own."""
    top, side = _ZOOMS["face"][1:]
    rows = top + (np.arange(cover.shape[0]) + 0.5) * side / cover.shape[0]
    return np.asarray(cover * (rows >= EYE_Y)[:, None], np.float32)


def _jaw(points: F32, shape: tuple[int, ...]) -> F32:
    """Fill the face below the eye line, by the outline of its jaw, in the head frame."""
    canvas = np.zeros(shape[:2], np.float32)
    outline = np.round(points[:17] * 16).astype(np.int32)
    cv2.fillPoly(canvas, [outline], 1.0, lineType=cv2.LINE_AA, shift=4)
    eyes = float(points[36:48, 1].mean())
    canvas[: max(0, round(eyes))] = 0
    return canvas


def _levelled(photo: U8, skin: Bool, points: F32) -> U8:
    """Give the skin a neutral tone, and to what hardly differs from it the same."""
    lab = cv2.cvtColor(photo.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    inside = np.zeros(photo.shape[:2], np.uint8)
    cv2.fillConvexPoly(inside, cv2.convexHull(np.round(points[:68]).astype(np.int32)), 1)
    seen = lab[skin & (inside > 0)]
    tone = np.median(seen if len(seen) else lab[inside > 0], axis=0) if inside.any() else _SKIN_LAB
    # Lightness is compared as a share, so that the same brow counts alike on dark skin.
    apart = lab - tone
    apart[:, :, 0] *= _SKIN_LAB[0] / max(float(tone[0]), 15.0)
    apart = np.sign(apart) * np.maximum(np.abs(apart) - _LEVEL, 0) * _GAIN
    out = np.clip(_SKIN_LAB + apart, (0, -40, -40), (100, 60, 60)).astype(np.float32)
    rgb = np.clip(cv2.cvtColor(out, cv2.COLOR_LAB2RGB), 0, 1)
    return np.asarray(np.round(rgb * 255), np.uint8)


def _feature(kind: str, level: U8, points: F32) -> U8:
    """One feature on plain skin."""
    size, length = SIZE * _FINE, unit(points)
    below, width, height = BOXES[kind]
    middle = points[36:48].mean(axis=0) + np.array([0, below * length])
    if kind == "mouth":
        middle = (points[48:60].min(axis=0) + points[48:60].max(axis=0)) / 2
    elif kind == "nose":
        middle[0] = points[27:36, 0].mean()
    box = width * length, height * length
    cut_out = cropped(level, middle, np.array([1.0, 0.0]), box[0], (size, size), box[1])
    share = _region(kind, points, middle, box, length)[:, :, None] * (cut_out[:, :, 3:] / 255)
    skin = np.array(PAINT["skin"], np.float32)
    apart = cut_out[:, :, :3] - skin
    if kind in _DARK:
        apart = np.minimum(apart, 0)
    picture = skin + apart * share
    small = cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    return np.dstack([np.round(small).astype(np.uint8), np.full((SIZE, SIZE), 255, np.uint8)])


def _region(kind: str, points: F32, middle: F32, box: tuple[float, float], length: float) -> F32:
    """Feathered region of a feature in its segment, 0..1."""
    size = SIZE * _FINE
    scale = np.array([size / box[0], size / box[1]])
    canvas = np.zeros((size, size), np.float32)
    for part in _POINTS[kind]:
        shape = (points[part] - middle) * scale + size / 2
        hull = cv2.convexHull(np.round(shape * 16).astype(np.int32))
        cv2.fillConvexPoly(canvas, hull, 1.0, lineType=cv2.LINE_AA, shift=4)
    spread = np.maximum(np.round(2 * _MARGINS[kind] * length * scale), 1).astype(int) | 1
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (int(spread[0]), int(spread[1])))
    grown = cv2.dilate(canvas, ellipse)
    blur = int(spread.min() // 2) | 1
    out: F32 = cv2.GaussianBlur(grown, (blur, blur), 0)
    return out
