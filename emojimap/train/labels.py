"""Fusion of hand-made masks and teachers' maps into one map of admissible labels.

Each pixel holds the set of labels that it may have, as bits of a byte: one bit where it is known,
several where a source leaves it open (a teacher that calls beards skin says "face or facial
hair"), all where nothing is known. The loss asks only that the truth lies within the set, so
nothing is ever guessed. Hand-made hair wins over a teacher's.
"""

from __future__ import annotations

import cv2
import numpy as np

from emojimap.arrays import F32, U8, Bool
from emojimap.facenet import LABELS
from emojimap.facenet.landmarks import NOSE_BASE, roll
from emojimap.train.samples import MESH_TO_POINTS

BIT = {label: 1 << i for i, label in enumerate(LABELS)}
ANY = (1 << len(LABELS)) - 1
_HAIRY = BIT["hair"] | BIT["facial_hair"]
_HULLS = (1.0, 0.55, 0.88, 1.30)
"""Factors for the face's hull: as it is, core, inner, outer. Below the nose, hair in the inner
hull is facial hair where some of it reaches the core (long hair falls over the cheeks only), and
between the inner and the outer hull it may be either."""
_NOISE = 0.004
"""Hand-made masks of superpixels spill: a smaller share of the outer hull than this is no beard."""

_NOSE = 10
_FACE_CLASSES = (1, 2, 3, 4, 5, 6, 10, 11, 12, 13)
"""CelebAMask-HQ's classes, without the ears."""

# Three-level maps -> admissible labels: they tell neither hats from background nor beards from
# skin or hair.
_LEVELS = {
    0: BIT["background"] | BIT["body"] | BIT["headwear"],
    128: BIT["face"] | BIT["facial_hair"] | BIT["glasses"],
    255: _HAIRY,
}
_SURE = (26, 229)
"""A guess of at most or at least this is sure: 10% and 90%."""
# CelebAMask-HQ's classes -> admissible labels.
_CLASSES = {
    0: "background",
    **dict.fromkeys((1, 2, 3, 4, 5, 7, 8, 10, 11, 12, 13), "face"),
    6: "glasses",
    **dict.fromkeys((14, 15, 16), "body"),
    17: "hair",
    18: "headwear",
}


def class_table() -> U8:
    """Table from CelebAMask-HQ's class to admissible labels.

    Returns
    -------
    (256,) ndarray of uint8
        Earrings (9) and unknown classes leave every label open.
    """
    table = np.full(256, ANY, np.uint8)
    for number, label in _CLASSES.items():
        table[number] = BIT[label]
    return table


def level_table() -> U8:
    """Table from the value of a three-level map to admissible labels.

    Returns
    -------
    (256,) ndarray of uint8
        Other values leave every label open.
    """
    table = np.full(256, ANY, np.uint8)
    for value, labels in _LEVELS.items():
        table[value] = labels
    return table


def fuse(
    shape: tuple[int, int],
    hair: Bool | None,
    parsing: U8 | None,
    mesh: F32 | None,
    *,
    beard_is_hair: bool,
    levels: U8 | None = None,
    guess: U8 | None = None,
) -> U8:
    """Admissible labels of each pixel.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the photo.
    hair : (H, W) ndarray of bool or None
        Hand-made hair mask.
    parsing : (H, W) ndarray of uint8 or None
        Map in CelebAMask-HQ's classes, 255 = not looked at.
    mesh : (478, 2) ndarray of float32 or None
        Face mesh, photo pixels.
    beard_is_hair : bool
        Whether the hand-made mask marks beards too.
    levels : (H, W) ndarray of uint8 or None
        Three-level map: 0 background, 128 face, 255 hair.
    guess : (H, W) ndarray of uint8 or None
        Probability of hair by a trained network, 255 for sure; it wins over the teacher where it
        is sure and leaves hair open elsewhere.

    Returns
    -------
    (H, W) ndarray of uint8
        Bits of `BIT`.
    """
    allowed = np.full(shape, ANY, np.uint8) if parsing is None else class_table()[parsing]
    if levels is not None:
        allowed = level_table()[levels]
    lower, core, inner, outer = _below_nose(shape, mesh)
    if mesh is None and parsing is not None:
        lower = _below_nose_of(parsing)
    # Teachers trained on CelebAMask-HQ call beards skin: below the nose their skin says nothing
    # about facial hair, and neither does their hair inside the face.
    allowed = np.where(lower & (allowed == BIT["face"]), allowed | BIT["facial_hair"], allowed)
    allowed = np.where(lower & (allowed == BIT["hair"]), _HAIRY, allowed)
    if hair is None:
        return allowed.astype(np.uint8) if guess is None else _guessed(allowed, guess, outer)
    not_hair = ANY & ~(_HAIRY if beard_is_hair else BIT["hair"])
    negative = allowed & not_hair
    negative[negative == 0] = not_hair
    positive = np.full(shape, BIT["hair"], np.uint8)
    positive[outer] = _HAIRY
    if beard_is_hair:
        bearded = (hair & core).sum() > _NOISE * max(1, outer.sum())
        positive[inner] = BIT["facial_hair"] if bearded else _HAIRY | BIT["face"]
    return np.where(hair, positive, negative).astype(np.uint8)


def _guessed(allowed: U8, guess: U8, outer: Bool) -> U8:
    """Hair by a network's own guess (self-training); facial hair stays as it is."""
    denied = allowed & ~np.uint8(BIT["hair"])
    denied = np.where(denied == 0, ANY & ~BIT["hair"], denied)
    sure = np.where(outer, allowed | _HAIRY, BIT["hair"])
    open_ = np.where(allowed == BIT["hair"], ANY, allowed | BIT["hair"])
    low, high = _SURE
    return np.where(guess >= high, sure, np.where(guess <= low, denied, open_)).astype(np.uint8)


def _below_nose_of(parsing: U8) -> Bool:
    """Face below the nose by a map alone, for photos whose mesh is not known."""
    nose = np.flatnonzero((parsing == _NOSE).any(axis=1))
    face = np.argwhere(np.isin(parsing, _FACE_CLASSES))
    lower = np.zeros(parsing.shape, np.uint8)
    if not nose.size:
        return lower > 0
    hull = cv2.convexHull(face[:, ::-1].astype(np.float32))[:, 0]
    centre = hull.mean(axis=0)
    wider = centre + _HULLS[-1] * (hull - centre)
    cv2.fillConvexPoly(lower, np.round(wider).astype(np.int32), 1)
    lower[: int(np.percentile(nose, 80))] = 0
    return lower > 0


def _below_nose(shape: tuple[int, int], mesh: F32 | None) -> list[Bool]:
    """Masks of the face below the nose, one for each factor of `_HULLS`."""
    if mesh is None:
        return [np.zeros(shape, bool) for _ in _HULLS]
    points = mesh[list(MESH_TO_POINTS)]
    angle = roll(points)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    nose = points[NOSE_BASE]
    below = (rows - nose[1]) * np.cos(angle) - (columns - nose[0]) * np.sin(angle) > 0
    hull = cv2.convexHull(mesh[:468].astype(np.float32))[:, 0]
    centre = hull.mean(axis=0)
    masks = []
    for factor in _HULLS:
        canvas = np.zeros(shape, np.uint8)
        cv2.fillConvexPoly(canvas, np.round(centre + factor * (hull - centre)).astype(np.int32), 1)
        masks.append((canvas > 0) & below)
    return masks
