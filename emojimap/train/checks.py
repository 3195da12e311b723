"""Checks of the training data before the first step: pairs, sizes and values."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track

from emojimap.errors import DataError
from emojimap.train.maps import LEVELS, PARTS, read_grey
from emojimap.train.samples import Sample

_NAMED = 5
_ASPECT = 0.02
"""Maps may have another size than their photo, but not another shape by more than this."""
_MASK = np.isin(np.arange(256), (0, 255))
_LEVELS = np.isin(np.arange(256), LEVELS)
_CLASSES = np.isin(np.arange(256), (*range(len(PARTS) + 1), 255))


def check(samples: Sequence[Sample], console: Console | None = None) -> None:
    """Look at every photo and label, and name what is wrong.

    Parameters
    ----------
    samples : sequence of Sample
        Of any split.
    console : rich.console.Console, optional
        Where a progress bar is drawn.

    Raises
    ------
    DataError
        If a photo or label can't be decoded, or has a wrong size or value, or a person stands in
        both splits; the first few are named.
    """
    problems = list(_shared_people(samples))
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        found = pool.map(_problems, samples)
        for some in track(found, "checking data", len(samples), console=console, transient=True):
            problems += some
    finally:
        pool.shutdown(cancel_futures=True)
    if problems:
        more = len(problems) - _NAMED
        rest = f"; and {more} more" if more > 0 else ""
        raise DataError(
            f"the data has {len(problems)} faults: {'; '.join(problems[:_NAMED])}{rest}"
        )


def _shared_people(samples: Sequence[Sample]) -> Iterator[str]:
    """Types of hair are no people: Figaro1k's groups stand in both splits."""
    splits: dict[tuple[str, str], set[str]] = {}
    for sample in samples:
        if sample.source != "figaro1k":
            splits.setdefault((sample.source, sample.group), set()).add(sample.split)
    for (source, group), found in sorted(splits.items()):
        if len(found) > 1:
            yield f"{group} of {source} stands in train and val"


def _problems(sample: Sample) -> list[str]:
    photo = cv2.imread(str(sample.photo), cv2.IMREAD_COLOR)
    if photo is None:
        return [f"{sample.photo} can't be decoded"]
    shape = photo.shape[:2]
    found = [
        *_map_problems(sample.hair, shape, _MASK, "0 and 255", same=True),
        *_map_problems(sample.levels, shape, _LEVELS, "0, 128 and 255", same=True),
        *_map_problems(sample.parsing, shape, _CLASSES, "0 to 18 and 255", same=False),
    ]
    found += _map_problems(sample.guess, shape, np.ones(256, bool), "0 to 255", same=True)
    for part in sample.parts:
        found += _map_problems(part, shape, _MASK, "0 and 255", same=False)
    if sample.mesh is not None:
        found += _mesh_problems(sample, shape)
    return found


def _map_problems(
    path: Path | None, shape: tuple[int, ...], good: np.ndarray, values: str, *, same: bool
) -> Iterator[str]:
    if path is None:
        return
    grey = read_grey(path)
    if grey is None:
        yield f"{path} is no single-channel 8-bit picture"
        return
    height, width = grey.shape
    if same and grey.shape != shape:
        yield f"{path} is {width}x{height}, its photo {shape[1]}x{shape[0]}: they must be equal"
    elif abs(width * shape[0] / (height * shape[1]) - 1) > _ASPECT:
        yield f"{path} is {width}x{height}, its photo {shape[1]}x{shape[0]}: another shape"
    wrong = np.unique(grey[~good[grey]])
    if wrong.size:
        yield f"{path} holds the value {wrong[0]}: only {values} are known"


def _mesh_problems(sample: Sample, shape: tuple[int, ...]) -> Iterator[str]:
    mesh = sample.mesh
    if mesh is None:
        return
    if mesh.shape != (478, 2) or not np.isfinite(mesh).all():
        yield f"the mesh of {sample.photo} is no (478, 2) array of finite numbers"
        return
    x, y = mesh.mean(axis=0)
    if not (0 <= x < shape[1] and 0 <= y < shape[0]):
        yield f"the mesh of {sample.photo} has its middle at ({x:.0f}, {y:.0f}), outside the photo"
