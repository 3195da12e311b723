"""Training batches: photos in memory, crops drawn by step number, made ahead in a thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from emojimap.arrays import F32, U8, Bool
from emojimap.errors import DataError
from emojimap.train.augment import AugmentSettings, Crop, cut, mosaic
from emojimap.train.labels import fuse
from emojimap.train.samples import Sample

_AHEAD = 4


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
    hair = None if sample.hair is None else _grey(sample, str(sample.hair)) > 127
    if hair is not None and hair.shape != shape:
        raise DataError(f"{sample.hair} is {hair.shape}, its photo {shape}: they must be equal")
    parsing = None
    if sample.parsing is not None:
        parsing = _grey(sample, str(sample.parsing))
        if parsing.shape != shape:
            parsing = cv2.resize(parsing, shape[::-1], interpolation=cv2.INTER_NEAREST)
    allowed = fuse(shape, hair, parsing, sample.mesh, beard_is_hair=sample.beard_is_hair)
    return cv2.cvtColor(colour, cv2.COLOR_BGR2RGB), allowed


def _grey(sample: Sample, path: str) -> U8:
    mask = cv2.imread(path, cv2.IMREAD_UNCHANGED)
    if mask is None or mask.ndim != 2:
        raise DataError(f"{path} of {sample.name} is no single-channel picture: convert it")
    grey: U8 = mask
    return grey


class Drawer:
    """Draws batches; the same step of the same seed gives the same batch.

    Parameters
    ----------
    samples : sequence of Sample
        Of the training split.
    size : int
        Side of the crops, pixels.
    batch : int
        Crops per step.
    seed : int
        Start of every random draw.
    settings : AugmentSettings
        Ranges of the augmentation.

    Raises
    ------
    DataError
        If a validation photo is among the samples, or none is left.
    """

    mosaic_share = 0.06

    def __init__(
        self,
        samples: Sequence[Sample],
        size: int,
        batch: int,
        seed: int,
        settings: AugmentSettings | None = None,
        *,
        hand_made_share: float = 0.56,
    ) -> None:
        held_out = [sample.name for sample in samples if sample.split != "train"]
        if held_out:
            raise DataError(f"{held_out[0]} is a validation photo: it is never trained on")
        groups = [
            [sample for sample in samples if sample.hair is not None],
            [sample for sample in samples if sample.hair is None],
        ]
        self._groups = [group for group in groups if group]
        if not self._groups:
            raise DataError("no training photos: check the splits in hair/index.csv")
        self._size, self._batch, self._seed = size, batch, seed
        self._settings = settings or AugmentSettings()
        self._hand_made_share = hand_made_share
        self._memory: dict[int, tuple[U8, U8]] = {}

    def draw(self, step: int) -> Batch:
        """Draw the batch of a step.

        Parameters
        ----------
        step : int
            Number of the step.

        Returns
        -------
        Batch
            `batch` crops.
        """
        rng = np.random.default_rng([self._seed, step])
        crops = [self._crop(rng) for _ in range(self._batch)]
        return Batch(
            np.stack([crop.photo for crop in crops]),
            np.stack([crop.allowed for crop in crops]),
            np.stack([crop.points for crop in crops]),
            np.stack([crop.seen for crop in crops]),
        )

    def _crop(self, rng: np.random.Generator) -> Crop:
        if rng.random() < self.mosaic_share:
            across = int(rng.integers(2, 5))
            return mosaic([self._single(rng) for _ in range(across**2)], self._size)
        return self._single(rng)

    def _single(self, rng: np.random.Generator) -> Crop:
        first = len(self._groups) == 1 or rng.random() < self._hand_made_share
        group = self._groups[0 if first else 1]
        sample = group[int(rng.integers(len(group)))]
        if id(sample) not in self._memory:
            self._memory[id(sample)] = load(sample)
        photo, allowed = self._memory[id(sample)]
        return cut(photo, allowed, sample.points, self._size, self._settings, rng)

    def stream(self, start: int, stop: int) -> Iterator[Batch]:
        """Batches of consecutive steps, made ahead in a thread.

        Parameters
        ----------
        start, stop : int
            First step, and the one after the last.

        Yields
        ------
        Batch
            In order.
        """
        ready: queue.Queue[Batch | BaseException] = queue.Queue(_AHEAD)
        closed = threading.Event()

        def work() -> None:
            try:
                for step in range(start, stop):
                    batch = self.draw(step)
                    while not closed.is_set():
                        try:
                            ready.put(batch, timeout=0.5)
                            break
                        except queue.Full:
                            continue
                    if closed.is_set():
                        return
            except BaseException as error:  # noqa: BLE001 - handed to the consumer, who raises it
                ready.put(error)

        threading.Thread(target=work, daemon=True).start()
        try:
            for _ in range(start, stop):
                item = ready.get()
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            closed.set()
