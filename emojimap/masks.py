"""From label probabilities to clean masks of one head.

The wide crop shows other people's hair, hats and faces too, and small islands of noise; what does
not touch this head is dropped. Facial hair leaves the hair here, before anything is compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from emojimap.arrays import F32, U8, Bool
from emojimap.settings import Checked, setting

NAMES = ("hair", "facial_hair", "skin", "glasses", "headwear", "body")
"""Masks of one head; `body` is neck and clothes."""


@dataclass(frozen=True)
class MaskSettings(Checked):
    """How the masks of a head are cleaned; lengths in eye distances, areas in their square.

    Parameters
    ----------
    reach : float
        Hair and headwear must come this near to the face.
    island_area : float
        Smaller islands are dropped.
    hair_area : float
        Less hair than this is none: a bald head shows a little at its rim.
    facial_hair_area : float
        Less facial hair than this is none: a wrong beard is the worst mistake of all.
    facial_hair_mean : float
        Mean probability that the facial hair must have.
    glasses_area : float
        Less than this is no glasses.
    headwear_area : float
        Less than this is no headwear.
    """

    reach: float = setting(0.35, 0, 10, "eye distances")
    island_area: float = setting(0.02, 0, 10, "squared eye distances")
    hair_area: float = setting(0.2, 0, 10, "squared eye distances")
    facial_hair_area: float = setting(0.2, 0, 10, "squared eye distances")
    facial_hair_mean: float = setting(0.85, 0, 1)
    glasses_area: float = setting(0.25, 0, 10, "squared eye distances")
    headwear_area: float = setting(0.7, 0, 10, "squared eye distances")


def clean(
    probabilities: Mapping[str, F32], points: F32, settings: MaskSettings | None = None
) -> dict[str, F32]:
    """Soft masks of one head.

    Parameters
    ----------
    probabilities : mapping of str to (S, S) ndarray of float32
        ``background``, ``face``, ``hair``, ``facial_hair``, ``glasses``, ``headwear``, ``body``,
        in the head frame.
    points : (70, 2) ndarray of float32
        Landmarks in the head frame.
    settings : MaskSettings, optional
        See there.

    Returns
    -------
    dict of str to (S, S) ndarray of float32
        For each of `NAMES`, 0..1; the mask is where it exceeds 0.5. They do not overlap there.
    """
    settings = settings or MaskSettings()
    unit = _eye_distance(points)
    near = _near(points, probabilities["hair"].shape, settings.reach * unit)
    below = _below_nose(points, probabilities["hair"].shape)
    beard = np.where(below, probabilities["facial_hair"], 0).astype(np.float32)
    # Hair and facial hair compete for a pixel only after hairy has won against all else.
    hairy = probabilities["hair"] + probabilities["facial_hair"]
    is_beard = beard > probabilities["hair"]
    beard = np.where(is_beard, hairy, 0).astype(np.float32)
    hair = np.where(is_beard, 0, hairy).astype(np.float32)
    smallest = settings.island_area * unit**2
    masks = {
        "hair": keep(hair, near, smallest),
        "facial_hair": keep(beard, near, 0),
        "skin": keep(probabilities["face"], near, smallest),
        "glasses": keep(probabilities["glasses"], _eyes(points, hair.shape, 0.45 * unit), smallest),
        "headwear": keep(probabilities["headwear"], near, smallest),
        "body": probabilities["body"].astype(np.float32),
    }
    _drop_doubtful(masks, probabilities["facial_hair"], unit, settings)
    return masks


def evidence(probabilities: Mapping[str, F32], points: F32, name: str) -> float:
    """How much facial hair, glasses or headwear a head shows, before any threshold.

    Parameters
    ----------
    probabilities : mapping of str to (S, S) ndarray of float32
        As in `clean`.
    points : (70, 2) ndarray of float32
        Landmarks in the head frame.
    name : {"facial_hair", "glasses", "headwear"}
        What to look for.

    Returns
    -------
    float
        Sum of the probabilities where such a thing can be, squared eye distances.
    """
    unit = max(_eye_distance(points), 1e-6)
    found = probabilities[name]
    if name == "glasses":
        where = _eyes(points, found.shape, 0.45 * unit)
    elif name == "facial_hair":
        where = _near(points, found.shape, 0.1 * unit) & _below_nose(points, found.shape)
    else:
        where = _near(points, found.shape, 1.5 * unit)
    return float(found[where].sum()) / unit**2


def keep(mask: F32, seed: Bool, smallest: float) -> F32:
    """Keep the islands of a soft mask that touch a seed.

    Parameters
    ----------
    mask : (S, S) ndarray of float32
        0..1.
    seed : (S, S) ndarray of bool
        Where an island must have a pixel.
    smallest : float
        Islands of fewer pixels are dropped too.

    Returns
    -------
    (S, S) ndarray of float32
        The mask, 0 on the islands that were dropped; its soft rims stay.
    """
    there = mask > 0.5
    if not there.any():
        return mask.astype(np.float32)
    left, top, width, height = cv2.boundingRect(there.view(np.uint8))
    box = slice(top, top + height), slice(left, left + width)
    count, islands, stats, _ = cv2.connectedComponentsWithStats(there.view(np.uint8)[box])
    touched = np.bincount(islands[seed[box]], minlength=count) > 0
    dropped = ~touched | (stats[:, cv2.CC_STAT_AREA] < smallest)
    dropped[0] = False
    kept = mask.astype(np.float32)
    if dropped.any():
        kept[box][dropped[islands]] = 0
    return kept


def _drop_doubtful(
    masks: dict[str, F32], beard_probability: F32, unit: float, settings: MaskSettings
) -> None:
    """Take back what is too little to be believed; facial hair becomes skin again."""
    if (masks["hair"] > 0.5).sum() < settings.hair_area * unit**2:
        masks["hair"] = np.zeros_like(masks["hair"])
    beard = masks["facial_hair"] > 0.5
    sure = float(beard_probability[beard].mean()) if beard.any() else 0.0
    if beard.sum() < settings.facial_hair_area * unit**2 or sure < settings.facial_hair_mean:
        masks["skin"] = np.maximum(masks["skin"], masks["facial_hair"])
        masks["facial_hair"] = np.zeros_like(masks["facial_hair"])
    if (masks["glasses"] > 0.5).sum() < settings.glasses_area * unit**2:
        masks["glasses"] = np.zeros_like(masks["glasses"])
    if (masks["headwear"] > 0.5).sum() < settings.headwear_area * unit**2:
        masks["headwear"] = np.zeros_like(masks["headwear"])


def _eye_distance(points: F32) -> float:
    return float(np.hypot(*(points[42:48].mean(axis=0) - points[36:42].mean(axis=0))))


def _near(points: F32, shape: tuple[int, ...], reach: float) -> Bool:
    hull = _filled(cv2.convexHull(points[:68].astype(np.float32))[:, 0], shape)
    distance = cv2.distanceTransform(1 - hull, cv2.DIST_L2, 3)
    return np.asarray(distance <= reach)


def _eyes(points: F32, shape: tuple[int, ...], radius: float) -> Bool:
    canvas = np.zeros(shape, np.uint8)
    for eye in (points[36:42], points[42:48]):
        x, y = eye.mean(axis=0)
        cv2.circle(canvas, (round(float(x)), round(float(y))), round(radius), 1, -1)
    return canvas > 0


def _below_nose(points: F32, shape: tuple[int, ...]) -> Bool:
    along = points[42:48].mean(axis=0) - points[36:42].mean(axis=0)
    along = along / max(float(np.hypot(*along)), 1e-6)
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    nose = points[33]
    depth = (rows - nose[1]) * along[0] - (columns - nose[0]) * along[1]
    return np.asarray(depth > -0.02 * shape[0])


def _filled(polygon: F32, shape: tuple[int, ...]) -> U8:
    canvas = np.zeros(shape, np.uint8)
    cv2.fillPoly(canvas, [np.round(polygon).astype(np.int32)], 1)
    return canvas
