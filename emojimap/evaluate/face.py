"""Scores of the face network on photos of people it has never seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from emojimap import masks as masks_
from emojimap.analysis import AnalysisSettings
from emojimap.arrays import F32, U8, Bool
from emojimap.evaluate import truths
from emojimap.evaluate.peer import SelfiePeer
from emojimap.facenet import LABELS
from emojimap.facenet.crops import apply, square, warp
from emojimap.facenet.find import Face, find
from emojimap.facenet.landmarks import eye_distance
from emojimap.facenet.network import Network, Networks
from emojimap.facenet.parse import Head, onto_photo, parse, read_views
from emojimap.train.batches import load
from emojimap.train.samples import Sample

DETECTIONS = ("facial_hair", "glasses", "headwear")
_HAIR, _BEARD = LABELS.index("hair"), LABELS.index("facial_hair")
_FOUND_WITHIN = 0.5
"""A face counts as found if its middle is this near to the true one, in face sizes."""
_OFF_CENTRE = 0.2
"""Share of the photo's side."""


class Detection(NamedTuple):
    """Whether a thing is there, whether the program believes so, and its evidence."""

    truth: bool
    found: bool
    score: float


@dataclass(frozen=True, eq=False)
class Row:
    """Measurements of one photo; None where there is no truth, or nothing was found.

    Parameters
    ----------
    sample : Sample
        Which photo.
    found : bool or None
        Whether the face was found; None without a known face.
    hair_iou : float or None
        Of the hair as `analyse` gives it for the marked person; 0 where no face was found.
    hair_counts : (int, int)
        Pixels of intersection and union, for pooling.
    whole_iou : float or None
        The same with the network on the whole photo, letterboxed.
    whole_counts : (int, int)
        See above.
    landmark_error, iris_error : float or None
        Mean distance / eye distance.
    detections : dict of str to Detection
        For those of `DETECTIONS` that the labels decide.
    lightness : float or None
        Median L* of the face.
    turn : float or None
        Head turn, see `emojimap.evaluate.truths.turn`.
    peer_iou : float or None
        Hair IoU of the peer on the whole photo.
    peer_counts : (int, int)
        See above.
    """

    sample: Sample
    found: bool | None = None
    hair_iou: float | None = None
    hair_counts: tuple[int, int] = (0, 0)
    whole_iou: float | None = None
    whole_counts: tuple[int, int] = (0, 0)
    landmark_error: float | None = None
    iris_error: float | None = None
    detections: dict[str, Detection] = field(default_factory=dict)
    lightness: float | None = None
    turn: float | None = None
    peer_iou: float | None = None
    peer_counts: tuple[int, int] = (0, 0)


def measure(
    sample: Sample,
    networks: Networks,
    settings: AnalysisSettings | None = None,
    peer: SelfiePeer | None = None,
) -> Row:
    """Measure one photo.

    Parameters
    ----------
    sample : Sample
        With hand-made hair or a mesh, or both.
    networks : Networks
        The networks of the face.
    settings : AnalysisSettings, optional
        See there.
    peer : SelfiePeer, optional
        Measured on the same photo.

    Returns
    -------
    Row
        What could be measured.
    """
    settings = settings or AnalysisSettings()
    photo, allowed = load(sample)
    truth = truths.hair(sample, allowed)
    values: dict[str, Any] = {}
    if truth is not None:
        whole = _whole(photo, networks.hair, beard=truth.beard_is_hair)
        values["whole_iou"], values["whole_counts"] = truth.judge(whole)
        if peer is not None:
            values["peer_iou"], values["peer_counts"] = truth.judge(peer.hair(photo))
    if sample.points is None:
        return Row(sample, **values)
    faces = find(photo, networks.face, settings.find)
    if truth is not None:
        subject = _subject(sample, faces, photo.shape)
        values |= _masks(photo, allowed, truth, subject, sample, networks, settings)
    if _is_subject(sample, sample.points, photo.shape):
        values |= _landmarks(_nearest(faces, sample.points), sample.points)
        values["lightness"] = truths.lightness(photo, allowed)
        values["turn"] = truths.turn(sample.points)
    return Row(sample, **values)


def _subject(sample: Sample, faces: Sequence[Face], shape: tuple[int, ...]) -> Face | None:
    """Return the face whose hair was marked: the middle one in LFW, elsewhere the largest."""
    if not faces or sample.source != "lfw":
        return faces[0] if faces else None
    middle = np.array([shape[1], shape[0]]) / 2
    return min(faces, key=lambda face: np.hypot(*(face.points[:68].mean(axis=0) - middle)))


def _is_subject(sample: Sample, points: F32, shape: tuple[int, ...]) -> bool:
    """LFW shows its person in the middle: a mesh elsewhere is somebody else's."""
    middle = points[:68].mean(axis=0) / (shape[1], shape[0])
    return sample.source != "lfw" or bool(np.abs(middle - 0.5).max() < _OFF_CENTRE)


def _landmarks(face: Face | None, truth: F32) -> dict[str, Any]:
    if face is None:
        return {"found": False}
    error = np.hypot(*(face.points - truth).T) / eye_distance(truth)
    return {
        "found": True,
        "landmark_error": float(error[:68].mean()),
        "iris_error": float(error[68:].mean()),
    }


def _masks(
    photo: U8,
    allowed: U8,
    truth: truths.HairTruth,
    face: Face | None,
    sample: Sample,
    networks: Networks,
    settings: AnalysisSettings,
) -> dict[str, Any]:
    soft: dict[str, F32] = {}
    scores = dict.fromkeys(DETECTIONS, 0.0)
    hair = np.zeros(photo.shape[:2], bool)
    if face is not None:
        head = parse(photo, face, networks.hair, settings.parse)
        points = apply(head.matrix, face.points)
        soft, scores = _seen(head, points, settings)
        shown = soft["hair"]
        if truth.beard_is_hair:
            shown = np.maximum(shown, soft["facial_hair"])
        hair = onto_photo(shown, head.matrix, (photo.shape[0], photo.shape[1])) > 0.5
    known = truths.things(sample, allowed)
    found = {name: bool(name in soft and (soft[name] > 0.5).any()) for name in DETECTIONS}
    share, counts = truth.judge(hair)
    return {
        "hair_iou": share,
        "hair_counts": counts,
        "detections": {n: Detection(known[n], found[n], scores[n]) for n in known},
    }


def _seen(
    head: Head, points: F32, settings: AnalysisSettings
) -> tuple[dict[str, F32], dict[str, float]]:
    named = dict(zip(LABELS, head.probabilities, strict=True))
    scores = {name: masks_.evidence(named, points, name) for name in DETECTIONS}
    return masks_.clean(named, points, settings.masks), scores


def _whole(photo: U8, network: Network, *, beard: bool) -> Bool:
    height, width = photo.shape[:2]
    middle = np.array([width - 1, height - 1]) / 2
    matrix = square(middle, float(max(height, width)), 0.0, network.size)
    found = read_views(network, warp(photo, matrix, network.size), mirror=True)
    hairy = found[_HAIR] + found[_BEARD] if beard else found[_HAIR]
    return onto_photo(hairy, matrix, (height, width)) > 0.5


def _nearest(faces: Sequence[Face], points: F32) -> Face | None:
    middle = points[:68].mean(axis=0)
    near = [
        (float(np.hypot(*(face.points[:68].mean(axis=0) - middle))) / face.size, i)
        for i, face in enumerate(faces)
    ]
    if not near or min(near)[0] > _FOUND_WITHIN:
        return None
    return faces[min(near)[1]]
