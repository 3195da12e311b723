"""Self-training: hair guessed by a trained network on photos that nobody has labelled.

The guesses come from upright crops and their mirror images, two views that must agree (Xie et al.,
"Self-training with noisy student improves ImageNet classification", CVPR 2020); the student then
learns them under augmentation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track

from emojimap import files
from emojimap.arrays import F32, U8
from emojimap.errors import DataError
from emojimap.facenet import LABELS
from emojimap.facenet.crops import around, warp
from emojimap.facenet.landmarks import face_size
from emojimap.facenet.network import Network
from emojimap.facenet.parse import onto_photo
from emojimap.train.samples import Sample

_FACES = (3.0, 4.2)
"""Sides of the crops, face sizes."""
_HAIR = LABELS.index("hair")
_UNKNOWN = 128


def write(
    samples: Sequence[Sample], network: Network, folder: Path, console: Console | None = None
) -> int:
    """Guess the hair of every training photo that has a mesh and no hand-made hair.

    Parameters
    ----------
    samples : sequence of Sample
        Of any split; validation photos are left alone.
    network : Network
        That reads hair.
    folder : Path
        ``SOURCE/NAME.png`` are written here; what exists is kept, so that a second call goes on.
    console : rich.console.Console, optional
        Where a progress bar is drawn.

    Returns
    -------
    int
        How many photos have a guess.
    """
    chosen = [sample for sample in samples if _wanted(sample)]
    for sample in track(chosen, "guessing hair", console=console, transient=True):
        target = _place(folder, sample)
        if target.exists():
            continue
        photo = cv2.imread(str(sample.photo), cv2.IMREAD_COLOR)
        points = sample.points
        if photo is None or points is None:
            raise DataError(f"{sample.photo} can't be decoded: replace it or take it out")
        files.make_folder(target.parent)
        guess = _guess(cv2.cvtColor(photo, cv2.COLOR_BGR2RGB), points, network)
        with files.whole(target) as draft:
            draft.write_bytes(cv2.imencode(".png", guess)[1].tobytes())
    return len(chosen)


def attach(samples: Sequence[Sample], folder: Path) -> list[Sample]:
    """Give the samples their guesses.

    Parameters
    ----------
    samples : sequence of Sample
        Of any split.
    folder : Path
        Where `write` has put them.

    Returns
    -------
    list of Sample
        In the same order.

    Raises
    ------
    DataError
        If no sample has a guess there.
    """
    found = [_with(sample, _place(folder, sample)) for sample in samples]
    if all(sample.guess is None for sample in found):
        raise DataError(f"{folder} holds no guess for these photos: emojimap train label")
    return found


def _with(sample: Sample, place: Path) -> Sample:
    return replace(sample, guess=place) if _wanted(sample) and place.is_file() else sample


def _wanted(sample: Sample) -> bool:
    return sample.split == "train" and not sample.hand_made and sample.mesh is not None


def _place(folder: Path, sample: Sample) -> Path:
    return folder / sample.source / f"{sample.name}.png"


def _guess(photo: U8, points: F32, network: Network) -> U8:
    """Mean of all views, 0..255; 128 where no view reaches."""
    shape = photo.shape[0], photo.shape[1]
    total = np.zeros(shape, np.float32)
    weight = np.full(shape, 1e-6, np.float32)
    for faces in _FACES:
        matrix = around(points, faces * face_size(points), network.size)
        crop = warp(photo, matrix, network.size)
        seen = network(np.stack([crop, crop[:, ::-1]])).probabilities[:, _HAIR]
        hair = (seen[0] + seen[1][:, ::-1]) / 2
        total += onto_photo(hair, matrix, shape)
        weight += onto_photo(np.ones_like(hair), matrix, shape)
    guess = np.where(weight > 0.5, 255 * total / weight, _UNKNOWN)
    out: U8 = np.clip(np.round(guess), 0, 255).astype(np.uint8)
    return out
