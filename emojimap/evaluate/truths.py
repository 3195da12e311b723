"""What the labels of a photo decide about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from skimage.color import rgb2lab

from emojimap.arrays import F32, U8, Bool
from emojimap.facenet.landmarks import NOSE_BASE, axes, eye_distance
from emojimap.metrics import iou
from emojimap.train.batches import read_mask
from emojimap.train.labels import ANY, BIT
from emojimap.train.samples import Sample

_AREAS = {"facial_hair": 0.12, "glasses": 0.25, "headwear": 0.7}
"""Squared eye distances of a thing that make it present; less than a quarter of that makes it
absent, and what lies between is not judged."""


@dataclass(frozen=True, eq=False)
class HairTruth:
    """Hair of a photo as a person has drawn it.

    Parameters
    ----------
    mask : (H, W) ndarray of bool
        Where hair is.
    decided : (H, W) ndarray of bool
        Where that is known.
    beard_is_hair : bool
        Whether facial hair counts.
    """

    mask: Bool
    decided: Bool
    beard_is_hair: bool

    def judge(self, found: Bool) -> tuple[float, tuple[int, int]]:
        """Compare a mask.

        Parameters
        ----------
        found : (H, W) ndarray of bool
            Hair as found.

        Returns
        -------
        iou : float
            On the decided pixels.
        counts : (int, int)
            Pixels of intersection and union.
        """
        a, b = found & self.decided, self.mask & self.decided
        return iou(a, b), (int((a & b).sum()), int((a | b).sum()))


def hair(sample: Sample, allowed: U8) -> HairTruth | None:
    """Hand-made hair of a photo.

    Parameters
    ----------
    sample : Sample
        Any.
    allowed : (H, W) ndarray of uint8
        Its admissible labels.

    Returns
    -------
    HairTruth or None
        None where no person has drawn it.
    """
    if sample.hair is not None:
        mask = read_mask(sample.hair, (allowed.shape[0], allowed.shape[1]))
        return HairTruth(mask, np.ones_like(mask), sample.beard_is_hair)
    if not sample.hand_made:
        return None
    # Three levels do not tell beards from hair; CelebAMask-HQ calls beards skin.
    beard = sample.levels is not None
    group = BIT["hair"] | (BIT["facial_hair"] if beard else 0)
    mask = (allowed & (ANY & ~group)) == 0
    return HairTruth(mask, mask | ((allowed & group) == 0), beard)


def things(sample: Sample, allowed: U8) -> dict[str, bool]:
    """Which things are on a face.

    Parameters
    ----------
    sample : Sample
        With a mesh; else nothing is decided.
    allowed : (H, W) ndarray of uint8
        Its admissible labels.

    Returns
    -------
    dict of str to bool
        ``facial_hair`` where beards were marked by hand, ``glasses`` and ``headwear`` where
        there is a map; doubtful ones are left out.
    """
    if sample.points is None:
        return {}
    names = ["facial_hair"] if sample.beard_is_hair else []
    names += ["glasses", "headwear"] if sample.parsing or sample.parts else []
    unit = eye_distance(sample.points) ** 2
    areas = {name: float((allowed == BIT[name]).sum()) / unit for name in names}
    return {
        name: area >= _AREAS[name]
        for name, area in areas.items()
        if area >= _AREAS[name] or area < _AREAS[name] / 4
    }


def lightness(photo: U8, allowed: U8) -> float | None:
    """Lightness of the face as the photo shows it.

    Parameters
    ----------
    photo : (H, W, 3) ndarray of uint8
        RGB.
    allowed : (H, W) ndarray of uint8
        Admissible labels.

    Returns
    -------
    float or None
        Median L* of the pixels that can only be face, 0..100; None without any.
    """
    face = photo[allowed == BIT["face"]]
    return float(np.median(rgb2lab(face[None])[0, :, 0])) if len(face) else None


def turn(points: F32) -> float:
    """Head turn left or right, from the place of the nose between the cheeks.

    Parameters
    ----------
    points : (70, 2) ndarray of float32
        Landmarks.

    Returns
    -------
    float
        0 frontal, 1 where the nose stands on a cheek's outline.
    """
    along, _ = axes(points)
    left, right, nose = points[[2, 14, NOSE_BASE]] @ along
    width = max(abs(float(right - left)), 1e-6)
    return float(min(1.0, abs(2 * (nose - left) / width - 1)))
