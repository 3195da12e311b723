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


def fuse(
    shape: tuple[int, int],
    hair: Bool | None,
    parsing: U8 | None,
    mesh: F32 | None,
    *,
    beard_is_hair: bool,
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

    Returns
    -------
    (H, W) ndarray of uint8
        Bits of `BIT`.
    """
    allowed = np.full(shape, ANY, np.uint8) if parsing is None else class_table()[parsing]
    lower, core, inner, outer = _below_nose(shape, mesh)
    # Teachers trained on CelebAMask-HQ call beards skin: below the nose their skin says nothing
    # about facial hair, and neither does their hair inside the face.
    allowed = np.where(lower & (allowed == BIT["face"]), allowed | BIT["facial_hair"], allowed)
    allowed = np.where(lower & (allowed == BIT["hair"]), _HAIRY, allowed)
    if hair is None:
        return allowed.astype(np.uint8)
    not_hair = ANY & ~(_HAIRY if beard_is_hair else BIT["hair"])
    negative = allowed & not_hair
    negative[negative == 0] = not_hair
    positive = np.full(shape, BIT["hair"], np.uint8)
    positive[outer] = _HAIRY
    if beard_is_hair:
        bearded = (hair & core).sum() > _NOISE * max(1, outer.sum())
        positive[inner] = BIT["facial_hair"] if bearded else _HAIRY | BIT["face"]
    return np.where(hair, positive, negative).astype(np.uint8)


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
