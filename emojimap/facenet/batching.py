"""Crops of several threads in one pass of a network, as a GPU wants them.

    thread ─ crops ─┐                        ┌─ its part ─ thread
    thread ─ crops ─┼─> one of them: network ┼─ its part ─ thread
    thread ─ crops ─┘                        └─ its part ─ thread

There is no thread beside those that call: the first that finds the network free runs it for all
that wait. While it runs the next ones gather, so a busy network gets full batches by itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import fields
from typing import TypeAlias

import numpy as np

from emojimap.arrays import U8
from emojimap.errors import ArgumentError
from emojimap.facenet.network import Landmarks, Network, Networks, Prediction

Found: TypeAlias = "Prediction | Landmarks"
"""Answers of a network."""


class Batching:
    """A network that several threads call at once.

    Parameters
    ----------
    network : Network
        Called by one thread at a time.
    most : int
        Crops of one pass; more only where a single caller brings more. 1 or more.
    wait_ms : float
        How long a free network waits for crops of other threads; 0 or more.

    Raises
    ------
    ArgumentError
        If a number is out of its range.
    """

    def __init__(self, network: Network, most: int = 32, wait_ms: float = 2.0) -> None:
        if most < 1 or not wait_ms >= 0:
            raise ArgumentError(f"most {most}, wait_ms {wait_ms}: give 1 or more, and 0 or more")
        self.size = network.size
        self._network, self._most, self._wait_s = network, most, wait_ms / 1000
        self._changed = threading.Condition()
        self._waiting: list[_Call] = []
        self._busy = False

    def __call__(self, crops: U8) -> Prediction:
        """Run the network; see `emojimap.facenet.network.Network`."""
        return self._ask(_Call(crops, self._network))  # type: ignore[return-value]

    def landmarks(self, crops: U8) -> Landmarks:
        """Run the network without its labels; see `emojimap.facenet.network.Network`."""
        return self._ask(_Call(crops, self._network.landmarks))  # type: ignore[return-value]

    def _ask(self, mine: _Call) -> Found:
        with self._changed:
            self._waiting.append(mine)
            self._changed.notify_all()
            while self._busy and not mine.done:
                self._changed.wait()
            if not mine.done:
                self._busy = True
        if not mine.done:
            self._run_all(mine)
        return mine.result()

    def _run_all(self, mine: _Call) -> None:
        """Run the network for oneself and those that wait, then leave it to another."""
        try:
            self._run(self._batch(mine))
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()

    def _batch(self, mine: _Call) -> list[_Call]:
        """Take the calls of one's own kind, in their order, as far as they fit."""
        until = time.monotonic() + self._wait_s
        with self._changed:
            while self._crops(mine) < self._most:
                left = until - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    break
            batch, count = [mine], len(mine.crops)
            for call in self._waiting:
                if call is mine or call.kind != mine.kind:
                    continue
                if count + len(call.crops) <= self._most:
                    batch.append(call)
                    count += len(call.crops)
            self._waiting = [call for call in self._waiting if call not in batch]
        return batch

    def _crops(self, mine: _Call) -> int:
        return sum(len(call.crops) for call in self._waiting if call.kind == mine.kind)

    def _run(self, batch: list[_Call]) -> None:
        try:
            found = batch[0].run(np.concatenate([call.crops for call in batch]))
            _share(found, batch)
        except Exception as error:  # noqa: BLE001 - raised in the threads that it concerns
            if len(batch) == 1:
                batch[0].fail(error)
            else:
                for call in batch:  # one of them is to blame, or all together are too many
                    self._run([call])


class _Call:
    """Crops of one thread, and in the end what came of them."""

    def __init__(self, crops: U8, run: Callable[[U8], Found]) -> None:
        self.crops, self.run = crops, run
        self.kind = crops.shape[1:], run  # calls of one kind go together
        self.done = False
        self._found: Found | None = None
        self._error: Exception | None = None

    def give(self, found: Found) -> None:
        self._found, self.done = found, True

    def fail(self, error: Exception) -> None:
        self._error, self.done = error, True

    def result(self) -> Found:
        if self._error is not None:
            raise self._error
        assert self._found is not None
        return self._found


def _share(found: Found, batch: list[_Call]) -> None:
    """Hand each call its own part, copied: a view would keep all the others alive."""
    ends = np.cumsum([len(call.crops) for call in batch])
    parts = {one.name: np.split(getattr(found, one.name), ends[:-1]) for one in fields(found)}
    for i, call in enumerate(batch):
        call.give(type(found)(**{name: part[i].copy() for name, part in parts.items()}))


def together(nets: Networks, most: int = 32, wait_ms: float = 2.0) -> Networks:
    """Let several threads share both networks of a face.

    Parameters
    ----------
    nets : Networks
        Which.
    most : int
        Crops of one pass.
    wait_ms : float
        How long a free network waits for crops of other threads.

    Returns
    -------
    Networks
        The same answers.
    """
    face = Batching(nets.face, most, wait_ms)
    return Networks(face, face if nets.hair is nets.face else Batching(nets.hair, most, wait_ms))
