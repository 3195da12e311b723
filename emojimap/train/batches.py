"""Training batches: photos in memory, crops drawn by step number, made ahead in a thread."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np

from emojimap.arrays import F32, U8, Bool
from emojimap.errors import DataError
from emojimap.facenet.landmarks import face_size
from emojimap.train.augment import Crop, cut, mosaic
from emojimap.train.labels import fuse
from emojimap.train.maps import FROM_OFFICIAL, part_class, read_grey
from emojimap.train.samples import Sample
from emojimap.train.settings import TrainSettings

Loaded: TypeAlias = "tuple[U8, U8, F32 | None]"


@dataclass(frozen=True, eq=False)
class Batch:
    """Arrays of one step.

    Parameters
    ----------
    photos : (N, S, S, 3) ndarray of uint8
        RGB.
    allowed : (N, S, S) ndarray of uint8
        Admissible labels.
    points : (N, 70, 2) ndarray of float32
        Landmarks as fractions of the side.
    seen : (N, 70) ndarray of bool
        Which landmarks count.
    """

    photos: U8
    allowed: U8
    points: F32
    seen: Bool


def load(sample: Sample) -> tuple[U8, U8]:
    """Read a photo and fuse its labels.

    Parameters
    ----------
    sample : Sample
        What to read.

    Returns
    -------
    photo : (H, W, 3) ndarray of uint8
        RGB.
    allowed : (H, W) ndarray of uint8
        Admissible labels.

    Raises
    ------
    DataError
        If a file can't be decoded, or a hand-made mask has another size than its photo.
    """
    colour = cv2.imread(str(sample.photo), cv2.IMREAD_COLOR)
    if colour is None:
        raise DataError(f"{sample.photo} can't be decoded: replace it or take it out")
    shape = colour.shape[:2]
    hair = None if sample.hair is None else read_mask(sample.hair, shape)
    allowed = fuse(
        shape,
        hair,
        _parsing(sample, shape),
        sample.mesh,
        beard_is_hair=sample.beard_is_hair,
        levels=None if sample.levels is None else _grey(sample.levels, shape, same=True),
        guess=None if sample.guess is None else _grey(sample.guess, shape, same=True),
    )
    return cv2.cvtColor(colour, cv2.COLOR_BGR2RGB), allowed


def read_mask(path: Path, shape: tuple[int, int]) -> Bool:
    """Read a mask of a photo's size.

    Parameters
    ----------
    path : Path
        Single-channel picture, 255 inside.
    shape : (int, int)
        Height and width of the photo.

    Returns
    -------
    (H, W) ndarray of bool
        True inside.

    Raises
    ------
    DataError
        If it can't be decoded, or has another size.
    """
    return np.asarray(_grey(path, shape, same=True) > 127)


def _parsing(sample: Sample, shape: tuple[int, int]) -> U8 | None:
    """Map of CelebAMask-HQ's classes, as it is or laid together from the parts."""
    if sample.parsing is not None:
        classes = _grey(sample.parsing, shape, same=False)
        return FROM_OFFICIAL[classes] if sample.parsing_official else classes
    if not sample.parts:
        return None
    classes = np.zeros(shape, np.uint8)
    for part in sorted(sample.parts, key=part_class):
        classes[_grey(part, shape, same=False) > 127] = part_class(part)
    return classes


def _grey(path: Path, shape: tuple[int, int], *, same: bool) -> U8:
    grey = read_grey(path)
    if grey is None:
        raise DataError(f"{path} is no single-channel picture: convert it")
    if grey.shape == shape:
        return grey
    if same:
        raise DataError(f"{path} is {grey.shape}, its photo {shape}: they must be equal")
    scaled: U8 = cv2.resize(grey, shape[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    return scaled


class Drawer:
    """Draws batches; the same step of the same seed gives the same batch.

    Parameters
    ----------
    samples : sequence of Sample
        Of the training split.
    settings : TrainSettings
        Size, batch, seed, shares, augmentation, memory and threads.

    Raises
    ------
    DataError
        If a validation photo is among the samples, or none is left.
    """

    def __init__(self, samples: Sequence[Sample], settings: TrainSettings) -> None:
        held_out = [sample.name for sample in samples if sample.split != "train"]
        if held_out:
            raise DataError(f"{held_out[0]} is a validation photo: it is never trained on")
        self.samples = list(samples)
        groups = [
            [sample for sample in samples if sample.hand_made],
            [sample for sample in samples if not sample.hand_made],
        ]
        self._groups = [group for group in groups if group]
        if not self._groups:
            raise DataError("no training photos: check the splits in hair/index.csv")
        if settings.role != "hair" and all(sample.mesh is None for sample in samples):
            raise DataError(
                f"no sample has landmarks, which a network of role {settings.role} learns to find "
                "faces by: add landmarks.npz, or use --role hair"
            )
        self._settings = settings
        self._memory = Memory(settings.memory_gb, settings.size)

    def draw(self, step: int) -> Batch:
        """Draw the batch of a step.

        Parameters
        ----------
        step : int
            Number of the step.

        Returns
        -------
        Batch
            As many crops as the settings say.
        """
        rng = np.random.default_rng([self._settings.seed, step])
        crops = [self._crop(rng) for _ in range(self._settings.batch)]
        return Batch(
            np.stack([crop.photo for crop in crops]),
            np.stack([crop.allowed for crop in crops]),
            np.stack([crop.points for crop in crops]),
            np.stack([crop.seen for crop in crops]),
        )

    def _crop(self, rng: np.random.Generator) -> Crop:
        if rng.random() < self._settings.crops.mosaic_share:
            across = int(rng.integers(2, 5))
            cell = self._settings.size // across
            return mosaic([self._single(rng, cell) for _ in range(across**2)], self._settings.size)
        return self._single(rng, self._settings.size)

    def _single(self, rng: np.random.Generator, size: int) -> Crop:
        first = len(self._groups) == 1 or rng.random() < self._settings.hand_made_share
        group = self._groups[0 if first else 1]
        photo, allowed, points = self._memory.get(group[int(rng.integers(len(group)))])
        return cut(photo, allowed, points, size, self._settings.crops, rng)

    def stream(self, start: int, stop: int) -> Iterator[Batch]:
        """Batches of consecutive steps, made ahead in threads.

        Parameters
        ----------
        start, stop : int
            First step, and the one after the last.

        Yields
        ------
        Batch
            In order.
        """
        workers = self._settings.workers
        pool = ThreadPoolExecutor(workers)
        try:
            ahead = iter(range(start, stop))
            waiting = deque(pool.submit(self.draw, step) for step in islice(ahead, workers + 3))
            while waiting:
                yield waiting.popleft().result()
                waiting.extend(pool.submit(self.draw, step) for step in islice(ahead, 1))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def fingerprint(samples: Sequence[Sample]) -> str:
    """Hash of the samples and their labels' kinds: what the crops of a step depend on.

    Parameters
    ----------
    samples : sequence of Sample
        In the order in which they are drawn from.

    Returns
    -------
    str
        SHA-256, hexadecimal.
    """
    digest = hashlib.sha256()
    for sample in samples:
        kinds = [sample.hair, sample.levels, sample.parsing, sample.guess]
        present = [path is not None for path in kinds]
        line = (sample.source, sample.name, present, len(sample.parts), sample.mesh is not None)
        digest.update(repr(line).encode())
    return digest.hexdigest()


class Memory:
    """Decoded photos with their labels, the least used ones dropped.

    Photos much larger than the crops are scaled down once, which saves memory and time.

    Parameters
    ----------
    limit_gb : float
        Room for the arrays.
    size : int
        Side of the crops, pixels.
    """

    def __init__(self, limit_gb: float, size: int) -> None:
        self._limit, self._size, self._used = int(limit_gb * 2**30), size, 0
        self._kept: OrderedDict[int, Loaded] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, sample: Sample) -> Loaded:
        """Photo, admissible labels and landmarks of a sample.

        Parameters
        ----------
        sample : Sample
            Which one; it must outlive this memory.

        Returns
        -------
        photo : (H, W, 3) ndarray of uint8
            RGB.
        allowed : (H, W) ndarray of uint8
            Admissible labels.
        points : (70, 2) ndarray of float32 or None
            Landmarks in pixels of that photo.
        """
        with self._lock:
            if id(sample) in self._kept:
                self._kept.move_to_end(id(sample))
                return self._kept[id(sample)]
        loaded = _reduced(*load(sample), sample.points, self._size)
        with self._lock:
            if id(sample) not in self._kept:
                self._kept[id(sample)] = loaded
                self._used += _bytes(loaded)
            while self._used > self._limit and len(self._kept) > 1:
                self._used -= _bytes(self._kept.popitem(last=False)[1])
        return loaded


def _reduced(photo: U8, allowed: U8, points: F32 | None, size: int) -> Loaded:
    """Scale a photo down as far as no crop would show it."""
    whole = float(max(photo.shape[:2]))
    factor = size / face_size(points) if points is not None else 2.0 * size / whole
    if factor >= 0.8:
        return photo, allowed, points
    height, width = (max(1, round(side * factor)) for side in photo.shape[:2])
    small: U8 = cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA)
    labels: U8 = cv2.resize(allowed, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    if points is not None:
        scale = np.array([width / photo.shape[1], height / photo.shape[0]])
        points = ((points + 0.5) * scale - 0.5).astype(np.float32)
    return small, labels, points


def _bytes(loaded: Loaded) -> int:
    return loaded[0].nbytes + loaded[1].nbytes
