"""What many looks at one person say together.

Masks are averaged in a frame of their own, in which the face always lies alike: the head turns and
comes nearer, its hair stays where it is.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from emojimap.analysis import Analysis, Head
from emojimap.arrays import F32, F64
from emojimap.colours import ROLES, Colours, to_lab, to_rgb
from emojimap.colours import Evidence as ColourEvidence
from emojimap.facenet.crops import apply, around, inverse
from emojimap.facenet.landmarks import face_size
from emojimap.traits import Glasses, Traits, has_beard

HEAD_FACES = 3.0
"""Side of the frame in which heads are averaged, face sizes."""
_COVERS = ("moustache", "chin", "cheeks")
_SHARE = 0.5
"""What is seen in fewer of the looks is not there."""


def head_frame(points: F32, side: int) -> F64:
    """Map from the photo to the frame in which heads are averaged.

    Parameters
    ----------
    points : (70, 2) ndarray of float32
        Landmarks, photo pixels.
    side : int
        Side of that frame, pixels.

    Returns
    -------
    (2, 3) ndarray of float64
        frame = matrix @ (x, y, 1).
    """
    return around(points, HEAD_FACES * face_size(points), side)


class Evidence:
    """Running means of what is seen of one person.

    Parameters
    ----------
    looks : int
        Over about so many looks.
    """

    def __init__(self, looks: int) -> None:
        self._looks, self._count = looks, 0
        self._masks: dict[str, F32] = {}
        self._points: F32 | None = None
        self._numbers: dict[str, tuple[float, float]] = {}
        self._glasses: dict[Glasses, float] = {}
        self._labs: dict[str, tuple[F64, float]] = {}
        self._told: dict[str, ColourEvidence] = {}

    @property
    def masks(self) -> dict[str, F32]:
        """Mean masks of the head, each (S, S) float32; see `head_frame`."""
        return self._masks

    def add(self, seen: Analysis) -> Analysis:
        """Add one look.

        Parameters
        ----------
        seen : Analysis
            Of this person.

        Returns
        -------
        Analysis
            That look, with the means of all looks in place of what it saw itself.
        """
        self._count += 1
        share = max(1 / self._count, 1 / self._looks)
        head = self._head(seen, share)
        return replace(
            seen,
            head=head,
            traits=self._traits(seen.traits, head, share),
            colours=self._colours(seen.colours, share),
        )

    def _head(self, seen: Analysis, share: float) -> Head:
        side = seen.head.photo.shape[0]
        photo_points = apply(inverse(seen.head.matrix), seen.head.points)
        matrix = head_frame(photo_points, side)
        onto = np.vstack([matrix, [0, 0, 1]]) @ np.vstack([inverse(seen.head.matrix), [0, 0, 1]])
        points = apply(onto[:2], seen.head.points)
        first = self._points is None
        self._points = points if self._points is None else _mean(self._points, points, share)
        masks = {}
        for name, mask in seen.head.masks.items():
            new = cv2.warpAffine(mask, onto[:2], (side, side))
            masks[name] = new if first else _mean(self._masks[name], new, share)
        self._masks = masks  # frames that were handed out before are still being drawn
        photo = cv2.warpAffine(seen.head.photo, onto[:2], (side, side))
        return Head(photo, self._points, masks, matrix)

    def _traits(self, seen: Traits, head: Head, share: float) -> Traits:
        covers = {name: getattr(seen, name) for name in _COVERS}
        votes = {"headwear": float(seen.headwear), "beard": float(has_beard(seen))}
        means = self._means({**covers, **seen.measures, **votes}, share)
        beard = means.pop("beard") > _SHARE  # a wrong one looks worst
        for kind in self._glasses:
            self._glasses[kind] *= 1 - share
        self._glasses[seen.glasses] = self._glasses.get(seen.glasses, 0.0) + share
        headwear = means.pop("headwear") > _SHARE and bool((head.masks["headwear"] > 0.5).any())
        moustache, chin, cheeks = (means.pop(name) if beard else 0.0 for name in _COVERS)
        return replace(
            seen,
            glasses=max(self._glasses, key=self._glasses.__getitem__),
            headwear=headwear,
            moustache=moustache,
            chin=chin,
            cheeks=cheeks,
            measures={name: value for name, value in means.items() if name not in _COVERS},
        )

    def _means(self, new: dict[str, float], share: float) -> dict[str, float]:
        """Means of the numbers that most looks have."""
        for name in {*self._numbers, *new}:
            mean, weight = self._numbers.get(name, (0.0, 0.0))
            weight *= 1 - share
            if name in new:
                mean = (mean * weight + new[name] * share) / (weight + share)
                weight += share
            self._numbers[name] = mean, weight
        return {name: mean for name, (mean, weight) in self._numbers.items() if weight >= _SHARE}

    def _colours(self, seen: Colours, share: float) -> Colours:
        found = {}
        for role in ROLES:
            colour = getattr(seen, role)
            mean, weight = self._labs.get(role, (np.zeros(3), 0.0))
            weight *= 1 - share
            if colour is not None:
                lab = np.asarray(to_lab(colour), np.float64)
                mean = (mean * weight + lab * share) / (weight + share)
                weight += share
                self._told[role] = seen.evidence[role]
            self._labs[role] = mean, weight
            found[role] = to_rgb(tuple(mean)) if weight >= _SHARE else None
        told = {role: self._told.get(role, seen.evidence[role]) for role in ROLES}
        return Colours(**found, evidence=told)


def _mean(old: F32, new: F32, share: float) -> F32:
    return (old + np.float32(share) * (new - old)).astype(np.float32)
