"""The face network in ONNX Runtime, on the CPU."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from emojimap import onnxgraph, workers
from emojimap.arrays import F32, U8
from emojimap.errors import ModelError
from emojimap.facenet import LABELS
from emojimap.facenet.network import Landmarks, Prediction
from emojimap.facenet.weights import Weights


class OnnxNetwork:
    """A face network from an ONNX file.

    Parameters
    ----------
    weights : Weights
        The checked file.
    threads : int, optional
        Threads of one pass; by default one per core, at most 4, or `EMOJIMAP_THREADS`.

    Raises
    ------
    ModelError
        If ONNX Runtime can't load the file, or its labels are not this program's.
    """

    def __init__(self, weights: Weights, threads: int | None = None) -> None:
        if weights.labels != LABELS:
            raise ModelError(f"{weights.name} has labels {weights.labels}, not {LABELS}: reinstall")
        self._name, self._content = weights.name, weights.content
        self._threads = threads or workers.threads()
        self._whole = self._load(weights.content)
        self.size = weights.size

    def __call__(self, crops: U8) -> Prediction:
        """Run the network; see `emojimap.facenet.network.Network`."""
        logits, *rest = self._whole.run(None, {"photos": _normalised(crops)})
        logits -= logits.max(axis=1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= logits.sum(axis=1, keepdims=True)
        found = _landmarks(crops, *rest)
        return Prediction(logits, found.points, found.spread, found.tone)

    def landmarks(self, crops: U8) -> Landmarks:
        """Run the network without its labels; see `emojimap.facenet.network.Network`."""
        return _landmarks(crops, *self._short.run(None, {"photos": _normalised(crops)}))

    @cached_property
    def _short(self) -> Any:
        """The network up to its landmarks."""
        outputs = [output.name for output in self._whole.get_outputs()]
        return self._load(onnxgraph.keeping(self._content, outputs[1:]))

    def _load(self, content: bytes) -> Any:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.log_severity_level = 3
        try:
            return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            first = str(error).splitlines()[0]
            raise ModelError(f"ONNX Runtime can't load {self._name}: {first}") from error


def _normalised(crops: U8) -> F32:
    photos = np.ascontiguousarray(crops.transpose(0, 3, 1, 2), dtype=np.float32)
    photos /= np.float32(127.5)
    photos -= np.float32(1.0)
    return photos


def _landmarks(crops: U8, points: F32, spread: F32, tone: F32 | None = None) -> Landmarks:
    side = np.float32(crops.shape[1])
    told = np.full(len(crops), np.nan, np.float32) if tone is None else tone
    return Landmarks(points * side - np.float32(0.5), spread, told)
