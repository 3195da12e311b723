"""The part embedders that ship: encoders of autoencoders, one for each kind of segment.

`emojimap train parts` makes them. They see photos and avatars alike, and their codes are
centred on the mean of photos, with what tells people apart weighing more than what changes from
photo to photo.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from emojimap import workers
from emojimap.arrays import F32, U8
from emojimap.errors import ArgumentError, ModelError
from emojimap.facenet import weights
from emojimap.segments import KINDS, SIZE, WHOLE, grounded

PREFIX = "parts-"
"""Of the names of the networks in the manifest; the kind follows."""

_BATCH = 256


class PartEmbedder:
    """Encoders of all kinds, each loaded when it is needed first.

    Parameters
    ----------
    folder : Path, optional
        Folder with ``manifest.json``; by default the weights that ship with the program.
    """

    name = "autoencoder"

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._sessions: dict[str, Any] = {}

    def embed(self, pictures: U8, kind: str) -> F32:
        """Embed pictures; see `emojimap.embed.Embedder`.

        Parameters
        ----------
        pictures : (n, S, S, 4) ndarray of uint8
            RGBA.
        kind : str
            One of `emojimap.segments.KINDS`, or ``whole``.

        Returns
        -------
        (n, d) ndarray of float32
            Codes.

        Raises
        ------
        ArgumentError
            If the kind is unknown or the pictures have another shape.
        ModelError
            If the kind's network is missing or damaged.
        """
        if pictures.ndim != 4 or pictures.shape[3] != 4 or pictures.dtype != np.uint8:
            raise ArgumentError(
                f"pictures are {pictures.dtype}, shape {pictures.shape}: give (n, S, S, 4) uint8"
            )
        session = self._session(kind)
        small = sized(grounded(pictures) if kind == WHOLE else pictures)
        starts = range(0, max(len(small), 1), _BATCH)
        found = [session.run(None, {"pictures": small[i : i + _BATCH]})[0] for i in starts]
        return np.concatenate(found)

    def _session(self, kind: str) -> Any:
        if kind not in (*KINDS, WHOLE):
            raise ArgumentError(f"kind {kind!r}: use {', '.join((*KINDS, WHOLE))}")
        if kind not in self._sessions:
            self._sessions[kind] = _open(weights.load(PREFIX + kind, self._folder))
        return self._sessions[kind]


@cache
def load() -> PartEmbedder:
    """Load the part embedders that ship, once per process.

    Returns
    -------
    PartEmbedder
        Ready to run.
    """
    return PartEmbedder()


def _open(found: weights.Weights) -> Any:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = workers.threads(2)
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(found.content, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        first = str(error).splitlines()[0]
        raise ModelError(f"ONNX Runtime can't load {found.name}: {first}") from error


def sized(pictures: U8) -> U8:
    """Return pictures, (n, S, S, 4) uint8, at the side that the networks take."""
    side = pictures.shape[1]
    if pictures.shape[1:3] == (SIZE, SIZE):
        return np.ascontiguousarray(pictures)
    way = cv2.INTER_AREA if side > SIZE else cv2.INTER_LINEAR
    out = np.empty((len(pictures), SIZE, SIZE, 4), np.uint8)
    for target, picture in zip(out, pictures, strict=True):
        cv2.resize(picture, (SIZE, SIZE), dst=target, interpolation=way)
    return out
