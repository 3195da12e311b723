"""Scores of many photos: means, pooled IoU, detections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from emojimap.evaluate.face import DETECTIONS, Row

GROUPS = ("hair type", "skin", "facial hair", "glasses", "head turn")


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
    found: dict[str, float | int | None] = {
        "photos": len(rows),
        "hair_iou": mean(row.hair_iou for row in rows),
        "hair_iou_pooled": pooled([row.hair_counts for row in rows]),
        **_with_face(rows),
        "hair_iou_whole_photo": mean(row.whole_iou for row in rows),
        "hair_iou_whole_photo_pooled": pooled([row.whole_counts for row in rows]),
        "faces": sum(row.found is not None for row in rows),
        "faces_found": mean(None if row.found is None else float(row.found) for row in rows),
        "landmark_error": mean(row.landmark_error for row in rows),
        "iris_error": mean(row.iris_error for row in rows),
    }
    for name in DETECTIONS:
        found |= _detection(rows, name)
    if any(row.peer_iou is not None for row in rows):
        found |= _peer(rows)
    return found


def _with_face(rows: Sequence[Row]) -> dict[str, float | int | None]:
    return {
        "photos_with_face": sum(row.hair_iou is not None for row in rows),
        "hair_iou_median": _median([row.hair_iou for row in rows]),
    }


def _detection(rows: Sequence[Row], name: str) -> dict[str, float | int | None]:
    judged = [row.detections[name] for row in rows if name in row.detections]
    truth = np.array([one.truth for one in judged], dtype=bool)
    score = np.array([one.score for one in judged])
    said = np.array([one.found for one in judged], dtype=bool)
    return {
        f"{name}_photos": int(truth.sum()),
        f"{name}_auc": auc(score, truth),
        f"{name}_true_at_1pc_false": true_rate(score, truth, 0.01),
        f"{name}_found": float(said[truth].mean()) if truth.any() else None,
        f"{name}_false": float(said[~truth].mean()) if (~truth).any() else None,
    }


def _peer(rows: Sequence[Row]) -> dict[str, float | int | None]:
    faces = [row for row in rows if row.hair_iou is not None]
    return {
        "peer_hair_iou": mean(row.peer_iou for row in faces),
        "peer_hair_iou_pooled": pooled([row.peer_counts for row in faces]),
        "peer_hair_iou_whole_photo": mean(row.peer_iou for row in rows),
        "peer_hair_iou_whole_photo_pooled": pooled([row.peer_counts for row in rows]),
    }


def breakdown(rows: Sequence[Row]) -> dict[str, dict[str, dict[str, float | int | None]]]:
    """Hair and landmarks by kind of photo.

    Parameters
    ----------
    rows : sequence of Row
        Of one data set.

    Returns
    -------
    dict of str to dict of str to dict
        Group, kind, measure; groups without two kinds are left out.
    """
    groups: dict[str, dict[str, list[Row]]] = {name: {} for name in GROUPS}
    cuts = _thirds([row.lightness for row in rows])
    for row in rows:
        kinds = {
            "hair type": row.sample.group if row.sample.source == "figaro1k" else None,
            "skin": _third(row.lightness, cuts),
            "facial hair": _yes_no(row, "facial_hair"),
            "glasses": _yes_no(row, "glasses"),
            "head turn": _turn(row.turn),
        }
        for name, kind in kinds.items():
            if kind is not None:
                groups[name].setdefault(kind, []).append(row)
    return {
        name: {kind: _short(some, name) for kind, some in sorted(kinds.items())}
        for name, kinds in groups.items()
        if len(kinds) > 1
    }


def _short(rows: Sequence[Row], group: str) -> dict[str, float | int | None]:
    if group == "hair type":
        # Most of them are seen from behind: what all have is the network on the whole photo.
        return {
            "photos": len(rows),
            "hair_iou_whole_photo": mean(row.whole_iou for row in rows),
            "hair_iou_whole_photo_pooled": pooled([row.whole_counts for row in rows]),
        }
    return {
        "photos": len(rows),
        "hair_iou": mean(row.hair_iou for row in rows),
        "hair_iou_pooled": pooled([row.hair_counts for row in rows]),
        "landmark_error": mean(row.landmark_error for row in rows),
    }


def _yes_no(row: Row, name: str) -> str | None:
    return None if name not in row.detections else ("yes" if row.detections[name].truth else "no")


def _turn(turn: float | None) -> str | None:
    if turn is None:
        return None
    return "1 frontal" if turn < 0.2 else "2 slight" if turn < 0.45 else "3 strong"


def _thirds(values: Sequence[float | None]) -> tuple[float, float]:
    known = [value for value in values if value is not None]
    if not known:
        return 0.0, 0.0
    low, high = np.percentile(known, [100 / 3, 200 / 3])
    return float(low), float(high)


def _third(value: float | None, cuts: tuple[float, float]) -> str | None:
    if value is None:
        return None
    return "1 dark" if value < cuts[0] else "2 middle" if value < cuts[1] else "3 light"


def mean(values: Iterable[float | None]) -> float | None:
    """Mean of what is known.

    Parameters
    ----------
    values : iterable of float or None
        None is left out.

    Returns
    -------
    float or None
        None if nothing is known.
    """
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None


def pooled(counts: Sequence[tuple[int, int]]) -> float | None:
    """IoU over the pixels of all photos.

    Parameters
    ----------
    counts : sequence of (int, int)
        Intersection and union of each photo.

    Returns
    -------
    float or None
        None if every union is empty.
    """
    both, either = np.sum(counts, axis=0) if len(counts) else (0, 0)
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
        Name and hair IoU (of the whole photo where no face is known), worst first.
    """
    values = [(r.sample.name, r.whole_iou if r.hair_iou is None else r.hair_iou) for r in rows]
    judged = [(name, value) for name, value in values if value is not None]
    return sorted(judged, key=lambda pair: pair[1])[:worst]
