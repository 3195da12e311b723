"""A public selfie segmenter on the same photos, for comparison. Needs the extra `peer`."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from emojimap.arrays import F32, U8, Bool
from emojimap.errors import EmojimapError, ModelError

_HAIR = 1
_CLASSES = 6


class SelfiePeer:
    """Google's multi-class selfie segmentation (TensorFlow Lite), as its model card runs it.

    The whole photo is scaled to the input's size, whatever its aspect. Classes: 0 background,
    1 hair, 2 body skin, 3 face skin, 4 clothes, 5 others.

    Parameters
    ----------
    path : Path
        ``selfie_multiclass_256x256.tflite``.
    threads : int
        Of one pass.

    Raises
    ------
    EmojimapError
        If ``ai-edge-litert`` is not installed.
    ModelError
        If the file can't be read, or is another network.
    """

    def __init__(self, path: Path, threads: int = 2) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise EmojimapError(
                "ai-edge-litert not installed: pip install 'emojimap[peer]'"
            ) from error
        if not path.is_file():
            raise ModelError(f"{path} is no file: give the peer's .tflite")
        try:
            self._network = Interpreter(model_path=str(path), num_threads=threads)
            self._network.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            first = str(error).splitlines()[0]
            raise ModelError(f"{path} can't be read as a .tflite file: {first}") from error
        self._input = self._network.get_input_details()[0]
        self._output = self._network.get_output_details()[0]
        shape = tuple(self._output["shape"])
        if len(shape) != 4 or shape[3] != _CLASSES:
            raise ModelError(f"{path} gives {shape}, not (1, S, S, {_CLASSES}): another network")

    def hair(self, photo: U8) -> Bool:
        """Hair mask of a photo.

        Parameters
        ----------
        photo : (H, W, 3) ndarray of uint8
            RGB.

        Returns
        -------
        (H, W) ndarray of bool
            Where hair is the likeliest class.
        """
        _, height, width, _ = self._input["shape"]
        small = cv2.resize(photo, (int(width), int(height)), interpolation=cv2.INTER_AREA)
        self._network.set_tensor(self._input["index"], small[None].astype(np.float32) / 127.5 - 1)
        self._network.invoke()
        logits: F32 = self._network.get_tensor(self._output["index"])[0]
        exp = np.exp(logits - logits.max(axis=-1, keepdims=True))
        share = (exp / exp.sum(axis=-1, keepdims=True))[:, :, _HAIR]
        large = cv2.resize(share, photo.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        return np.asarray(large > 0.5)
