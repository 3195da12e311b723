"""The face network in ONNX Runtime, on the CPU."""

from __future__ import annotations

import os

import numpy as np

from emojimap.arrays import U8
from emojimap.errors import ModelError
from emojimap.facenet import LABELS
from emojimap.facenet.network import Prediction
from emojimap.facenet.weights import Weights


class OnnxNetwork:
    """A face network from an ONNX file.

    Parameters
    ----------
    weights : Weights
        The checked file.
    threads : int, optional
        Threads of one pass; by default one per core, at most 4.

    Raises
    ------
    ModelError
        If ONNX Runtime can't load the file, or its labels are not this program's.
    """

    def __init__(self, weights: Weights, threads: int | None = None) -> None:
        import onnxruntime as ort

        if weights.labels != LABELS:
            raise ModelError(f"{weights.name} has labels {weights.labels}, not {LABELS}: reinstall")
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads or min(4, os.cpu_count() or 1)
        options.log_severity_level = 3
        try:
            self._session = ort.InferenceSession(
                weights.content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            first = str(error).splitlines()[0]
            raise ModelError(f"ONNX Runtime can't load {weights.name}: {first}") from error
        self.size = weights.size

    def __call__(self, crops: U8) -> Prediction:
        """Run the network; see `emojimap.facenet.network.Network`."""
        photos = np.ascontiguousarray(crops.transpose(0, 3, 1, 2), dtype=np.float32)
        photos /= np.float32(127.5)
        photos -= np.float32(1.0)
        logits, points, spread, *tone = self._session.run(None, {"photos": photos})
        logits -= logits.max(axis=1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= logits.sum(axis=1, keepdims=True)
        side = np.float32(crops.shape[1])
        told = tone[0] if tone else np.full(len(crops), np.nan, np.float32)
        return Prediction(logits, points * side - np.float32(0.5), spread, told)
