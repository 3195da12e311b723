"""Faces whose true colours are known, and how far from these the colours found are."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emojimap import analysis as analysis_
from emojimap.analysis import Analysis, AnalysisSettings, Head
from emojimap.arrays import F64
from emojimap.colours import Colours, ColourSettings
from emojimap.errors import NoFaceError, PhotoError
from emojimap.metrics import delta_e
from emojimap.tune.labels import COLOURS, Label

MOST = 30.0
"""Larger differences count as this one, and so does a colour that isn't found."""

_NO_HEAD = Head(
    np.zeros((0, 0, 3), np.uint8), np.zeros((0, 2), np.float32), {}, np.zeros((2, 3), np.float64)
)
_NUMBERED = re.compile(r"(.+)_\d+")
_CAMERAS = {"IMG", "DSC", "DSCN", "DSCF", "PXL", "DCIM", "P", "PHOTO", "IMAGE", "MVIMG"}


@dataclass(frozen=True, eq=False)
class Face:
    """A face and its true colours.

    Parameters
    ----------
    label : Label
        What a person has picked.
    analysis : Analysis
        What is seen, as far as colours depend on it.
    """

    label: Label
    analysis: Analysis


def read(
    labels: Sequence[Label],
    settings: AnalysisSettings,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[list[Face], dict[Path, str]]:
    """Look at every photo that has a label, once.

    Parameters
    ----------
    labels : sequence of Label
        Those without any colour are passed over.
    settings : AnalysisSettings
        How; the largest face is taken.
    progress : callable, optional
        Called with the photos done and their number.

    Returns
    -------
    faces : list of Face
        In the order of the labels.
    failures : dict of Path to str
        Photos that can't be read or show no face, and why.
    """
    judged = [label for label in labels if label.judged]
    faces: list[Face] = []
    failures: dict[Path, str] = {}
    for done, label in enumerate(judged, 1):
        try:
            seen = analysis_.analyse(label.photo, settings=settings)
            faces.append(Face(label, _lean(seen)))
        except (NoFaceError, PhotoError) as error:
            failures[label.photo] = str(error)
        if progress is not None:
            progress(done, len(judged))
    return faces, failures


def _lean(seen: Analysis) -> Analysis:
    """Drop what colours don't depend on: the head frame alone takes some megabytes."""
    return replace(seen, head=_NO_HEAD, colours=Colours())


def errors(faces: Sequence[Face], settings: ColourSettings) -> F64:
    """Compare the colours found with the true ones.

    Parameters
    ----------
    faces : sequence of Face
        Any number.
    settings : ColourSettings
        How the colours are found.

    Returns
    -------
    (n, 3) ndarray of float64
        CIEDE2000, at most `MOST`, in the columns of `COLOURS`; NaN where nobody has judged.
    """
    table = np.full((len(faces), len(COLOURS)), np.nan)
    places, true, found = [], [], []
    for row, face in enumerate(faces):
        colours = analysis_.recoloured(face.analysis, settings).colours
        for column, role in enumerate(COLOURS):
            judged, colour = getattr(face.label, role), getattr(colours, role)
            if judged is not None:
                table[row, column] = MOST
            if judged is not None and colour is not None:
                places.append((row, column))
                true.append(np.frombuffer(bytes.fromhex(judged[1:]), np.uint8))
                found.append(colour)
    if places:
        table[tuple(np.transpose(places))] = delta_e(np.stack(true), np.stack(found)).clip(max=MOST)
    return table


def weights(table: F64) -> F64:
    """Weigh photos so that every colour counts alike, however many photos it was judged on.

    Parameters
    ----------
    table : (n, 3) ndarray of float64
        From `errors`.

    Returns
    -------
    (n, 3) ndarray of float64
        Their sum is 1; 0 where nobody has judged.
    """
    judged = ~np.isnan(table)
    counts = judged.sum(axis=0)
    shares = 1.0 / np.maximum(counts, 1) / max(int(np.count_nonzero(counts)), 1)
    return np.where(judged, shares, 0.0)


def mean(table: F64) -> float:
    """Mean error: of the photos for each colour, then of the colours.

    Parameters
    ----------
    table : (n, 3) ndarray of float64
        From `errors`.

    Returns
    -------
    float
        CIEDE2000.
    """
    return float((weights(table) * np.nan_to_num(table)).sum())


def scores(table: F64) -> dict[str, float]:
    """Mean errors, colour by colour and in all.

    Parameters
    ----------
    table : (n, 3) ndarray of float64
        From `errors`.

    Returns
    -------
    dict of str to float
        The colours that were judged, and ``mean``.
    """
    judged = {
        role: table[:, i] for i, role in enumerate(COLOURS) if not np.isnan(table[:, i]).all()
    }
    return {role: float(np.nanmean(column)) for role, column in judged.items()} | {
        "mean": mean(table)
    }


def gain(before: F64, after: F64, persons: Sequence[str]) -> tuple[float, float]:
    """Compare the errors of two settings on the same photos.

    Parameters
    ----------
    before, after : (n, 3) ndarray of float64
        From `errors`.
    persons : sequence of str
        Who is seen in each photo; two or more.

    Returns
    -------
    gain : float
        How much smaller the mean error is after.
    se : float
        Standard error of that; the photos of a person count as one, since they are alike.
    """
    parts = (weights(before) * np.nan_to_num(before - after)).sum(axis=1)
    names, member = np.unique(np.asarray(persons), return_inverse=True)
    shares = np.bincount(member, weights=parts, minlength=len(names))
    count = len(names)
    spread = float(((shares - shares.mean()) ** 2).sum())
    return float(parts.sum()), math.sqrt(count / (count - 1) * spread)


def people(photos: Sequence[Path]) -> list[str]:
    """Tell by the files' names which photos show one person.

    Parameters
    ----------
    photos : sequence of Path
        Such as ``Ada_Lovelace_0001.jpg``.

    Returns
    -------
    list of str
        Names without the number at the end. Of names that cameras give, and if all are alike,
        every photo is taken for a person of its own.
    """
    found = []
    for photo in photos:
        numbered = _NUMBERED.fullmatch(photo.stem)
        camera = numbered is not None and numbered[1].upper() in _CAMERAS
        found.append(numbered[1] if numbered and not camera else photo.stem)
    return found if len(set(found)) > 1 else [str(photo) for photo in photos]


def folds(persons: Sequence[str], count: int, seed: int) -> npt.NDArray[np.int64]:
    """Share photos out, those of a person together.

    Parameters
    ----------
    persons : sequence of str
        Who is seen in each photo.
    count : int
        Most folds; there are fewer if the persons or photos are few.
    seed : int
        Of the draw.

    Returns
    -------
    (n,) ndarray of int64
        Fold of each photo, from 0 up.
    """
    names, member = np.unique(np.asarray(persons), return_inverse=True)
    sizes = np.bincount(member, minlength=len(names))
    filled = np.zeros(max(1, min(count, len(names), len(persons) // 2)), np.int64)
    home = np.zeros(len(names), np.int64)
    drawn = np.random.default_rng(seed).permutation(len(names))
    # Large ones first: small ones then even the folds out.
    for person in drawn[np.argsort(-sizes[drawn], kind="stable")]:
        home[person] = filled.argmin()
        filled[home[person]] += sizes[person]
    return home[member]
