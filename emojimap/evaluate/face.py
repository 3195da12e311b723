"""Scores of the face network on photos of people it has never seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from emojimap import masks as masks_
from emojimap.analysis import AnalysisSettings
from emojimap.arrays import F32, U8, Bool
from emojimap.errors import DataError
from emojimap.facenet import LABELS
from emojimap.facenet.crops import apply, square, warp
from emojimap.facenet.find import Face, find
from emojimap.facenet.landmarks import eye_distance
from emojimap.facenet.network import Network
from emojimap.facenet.parse import onto_photo, parse
from emojimap.metrics import iou
from emojimap.train.batches import load
from emojimap.train.labels import BIT
from emojimap.train.samples import Sample

_HAIR, _BEARD = LABELS.index("hair"), LABELS.index("facial_hair")
_FOUND_WITHIN = 0.5
"""A face counts as found if its middle is this near to the true one, in face sizes."""
_OFF_CENTRE = 0.2
"""Share of the photo's side."""
_BEARD_AREA = 0.12
"""Squared eye distances of hand-marked facial hair that make a beard; less than a quarter of
that makes none, and what lies between is not judged."""


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
    beard_truth, beard_found : bool or None
        Facial hair marked by hand; believed by the program.
    beard_score : float
        Evidence for facial hair, larger is surer.
    """

    sample: Sample
    found: bool | None = None
    hair_iou: float | None = None
    hair_counts: tuple[int, int] = (0, 0)
    whole_iou: float | None = None
    whole_counts: tuple[int, int] = (0, 0)
    landmark_error: float | None = None
    iris_error: float | None = None
    beard_truth: bool | None = None
    beard_found: bool | None = None
    beard_score: float = 0.0


def measure(sample: Sample, network: Network, settings: AnalysisSettings | None = None) -> Row:
    """Measure one photo.

    Parameters
    ----------
    sample : Sample
        With a hand-made hair mask or a mesh, or both.
    network : Network
        The face network.
    settings : AnalysisSettings, optional
        See there.

    Returns
    -------
    Row
        What could be measured.
    """
    settings = settings or AnalysisSettings()
    photo, allowed = load(sample)
    truth = None if sample.hair is None else _mask(sample.hair)
    whole = None if truth is None else _whole(photo, network, beard=sample.beard_is_hair)
    values: dict[str, Any] = {}
    if truth is not None and whole is not None:
        values["whole_iou"], values["whole_counts"] = iou(whole, truth), _counts(whole, truth)
    if sample.points is None:
        return Row(sample, **values)
    faces = find(photo, network, settings.find)
    if truth is not None:
        subject = _subject(sample, faces, photo.shape)
        values |= _masks(photo, allowed, truth, subject, sample, network, settings)
    if _is_subject(sample, sample.points, photo.shape):
        values |= _landmarks(_nearest(faces, sample.points), sample.points)
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
    truth: Bool,
    face: Face | None,
    sample: Sample,
    network: Network,
    settings: AnalysisSettings,
) -> dict[str, Any]:
    hair, found, score = np.zeros(truth.shape, bool), False, 0.0
    if face is not None:
        head = parse(photo, face, network, settings.parse)
        points = apply(head.matrix, face.points)
        named = dict(zip(LABELS, head.probabilities, strict=True))
        soft = masks_.clean(named, points, settings.masks)
        shown = soft["hair"]
        if sample.beard_is_hair:
            shown = np.maximum(shown, soft["facial_hair"])
        hair = onto_photo(shown, head.matrix, (truth.shape[0], truth.shape[1])) > 0.5
        found = bool((soft["facial_hair"] > 0.5).any())
        score = masks_.facial_hair_evidence(named, points)
    values: dict[str, Any] = {"hair_iou": iou(hair, truth), "hair_counts": _counts(hair, truth)}
    if sample.beard_is_hair and sample.points is not None:
        area = float((allowed == BIT["facial_hair"]).sum()) / eye_distance(sample.points) ** 2
        if area >= _BEARD_AREA or area < _BEARD_AREA / 4:
            values |= {
                "beard_truth": area >= _BEARD_AREA,
                "beard_found": found,
                "beard_score": score,
            }
    return values


def _whole(photo: U8, network: Network, *, beard: bool) -> Bool:
    height, width = photo.shape[:2]
    middle = np.array([width - 1, height - 1]) / 2
    matrix = square(middle, float(max(height, width)), 0.0, network.size)
    found = network(warp(photo, matrix, network.size)[None]).probabilities[0]
    hairy = found[_HAIR] + found[_BEARD] if beard else found[_HAIR]
    return onto_photo(hairy, matrix, (height, width)) > 0.5


def _mask(path: Path) -> Bool:
    grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if grey is None:
        raise DataError(f"{path} can't be decoded: replace it or take it out")
    return np.asarray(grey > 127)


def _nearest(faces: Sequence[Face], points: F32) -> Face | None:
    middle = points[:68].mean(axis=0)
    near = [
        (float(np.hypot(*(face.points[:68].mean(axis=0) - middle))) / face.size, i)
        for i, face in enumerate(faces)
    ]
    if not near or min(near)[0] > _FOUND_WITHIN:
        return None
    return faces[min(near)[1]]


def _counts(found: Bool, truth: Bool) -> tuple[int, int]:
    return int((found & truth).sum()), int((found | truth).sum())


def summary(rows: Sequence[Row]) -> dict[str, float | int | None]:
    """Sum up the photos of one data set.

    Parameters
    ----------
    rows : sequence of Row
        At least one.

    Returns
    -------
    dict
        Means, pooled IoU, rates; None where there was nothing to measure.
    """
    beards = [row for row in rows if row.beard_truth is not None]
    truth = np.array([bool(row.beard_truth) for row in beards], dtype=bool)
    score = np.array([row.beard_score for row in beards])
    said = np.array([bool(row.beard_found) for row in beards], dtype=bool)
    return {
        "photos": len(rows),
        "hair_iou": _mean(row.hair_iou for row in rows),
        "hair_iou_pooled": _pooled([row.hair_counts for row in rows]),
        "hair_iou_whole_photo": _mean(row.whole_iou for row in rows),
        "hair_iou_whole_photo_pooled": _pooled([row.whole_counts for row in rows]),
        "faces": sum(row.found is not None for row in rows),
        "faces_found": _mean(None if r.found is None else float(r.found) for r in rows),
        "landmark_error": _mean(row.landmark_error for row in rows),
        "iris_error": _mean(row.iris_error for row in rows),
        "bearded": int(truth.sum()),
        "beard_auc": auc(score, truth),
        "beard_true_at_1pc_false": true_rate(score, truth, 0.01),
        "beard_found": float(said[truth].mean()) if truth.any() else None,
        "beard_false": float(said[~truth].mean()) if (~truth).any() else None,
    }


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _pooled(counts: Sequence[tuple[int, int]]) -> float | None:
    both, either = np.sum(counts, axis=0)
    return float(both / either) if either else None


def auc(score: Any, truth: Any) -> float | None:
    """Area under the ROC curve.

    Parameters
    ----------
    score : (n,) array_like of float
        Larger is surer.
    truth : (n,) array_like of bool
        What is so.

    Returns
    -------
    float or None
        Share of pairs of a true and a false one that the score puts in order, ties half; None
        without both kinds.
    """
    score, truth = np.asarray(score, float), np.asarray(truth, bool)
    yes, no = score[truth], score[~truth]
    if not yes.size or not no.size:
        return None
    order = (yes[:, None] > no[None]).mean() + 0.5 * (yes[:, None] == no[None]).mean()
    return float(order)


def true_rate(score: Any, truth: Any, false_rate: float) -> float | None:
    """Share of the true ones found at a threshold that lets few false ones through.

    Parameters
    ----------
    score : (n,) array_like of float
        Larger is surer.
    truth : (n,) array_like of bool
        What is so.
    false_rate : float
        At most this share of the false ones may pass.

    Returns
    -------
    float or None
        None without both kinds.
    """
    score, truth = np.asarray(score, float), np.asarray(truth, bool)
    yes, no = score[truth], np.sort(score[~truth])[::-1]
    if not yes.size or not no.size:
        return None
    allowed = int(np.floor(false_rate * no.size))
    return float((yes > no[allowed]).mean()) if allowed < no.size else 1.0


def errors_of(rows: Sequence[Row], worst: int = 10) -> list[tuple[str, float]]:
    """Name the photos with the worst hair.

    Parameters
    ----------
    rows : sequence of Row
        Measured.
    worst : int
        How many.

    Returns
    -------
    list of (str, float)
        Name and hair IoU, worst first.
    """
    judged = [(row.sample.name, row.hair_iou) for row in rows if row.hair_iou is not None]
    return sorted(judged, key=lambda pair: pair[1])[:worst]
