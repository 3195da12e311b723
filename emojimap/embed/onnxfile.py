"""Any network in an ONNX file, at any of its layers, in ONNX Runtime on the CPU."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from emojimap import onnxgraph as graph_
from emojimap import workers
from emojimap.arrays import F32, U8
from emojimap.embed.pixels import Pixels, PixelSettings, named
from emojimap.errors import ArgumentError, ModelError
from emojimap.onnxgraph import Graph

USUAL_SIDE = 224
"""Side that a network of any size is given, pixels."""

TEMPLATE_SIDE = 112
"""Side of the faces that recognisers of the ArcFace family take, aligned to a template."""

_BATCH = 16
_BESIDE = "session.model_external_initializers_file_folder_path"
_CLASSES = 1000  # of ImageNet
_TEMPLATE_MIDDLE = 0.8
_TYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
}
_KNOWN = (("vggface2", "vgg-face2"), ("vggface", "vgg-face"), ("sface", "rgb"))
"""What a file's name holds, without signs, and how such networks were trained."""


@dataclass(frozen=True)
class Input:
    """What a network takes.

    Parameters
    ----------
    name : str
        Of the tensor.
    dtype : type
        NumPy's.
    batch : int or None
        Pictures that it takes at once; None for any number.
    rows, columns : int
        Size of a picture.
    channels : int
        3, or 1 for grey.
    first : bool
        Channels come before rows and columns.
    """

    name: str
    dtype: Any
    batch: int | None
    rows: int
    columns: int
    channels: int
    first: bool


class OnnxEmbedder:
    """A network from an ONNX file.

    Parameters
    ----------
    path : str or path
        The file.
    layer : str, optional
        Name of a tensor inside it, flattened; its first output by default.
    pixels : str or PixelSettings, optional
        See `emojimap.embed.pixels`. By default what `guessed` says. A name leaves it to the size of
        the input how much of an aligned face is shown.

    Raises
    ------
    ModelError
        If the file is missing, damaged or takes no pictures, or lacks the layer.
    ArgumentError
        If there are no such pixels.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        layer: str | None = None,
        pixels: Pixels | None = None,
    ) -> None:
        place = Path(path)
        if pixels is not None:
            named(pixels)  # before the file is read
        content = _content(place)
        graph = _graph(content, place)
        self._session = _session(place, content, graph, layer)
        self._output = layer or self._session.get_outputs()[0].name
        self.input = _input(self._session.get_inputs(), place)
        self.name = f"{place}:{layer}" if layer else str(place)
        gives = self._session.get_outputs()[0].shape
        self.pixels = _pixels(pixels or guessed(place, graph, self.input, gives), self.input)

    def embed(self, pictures: U8, kind: str) -> F32:
        """Embed pictures; see `emojimap.embed.Embedder`.

        Parameters
        ----------
        pictures : (n, S, S, 4) ndarray of uint8
            RGBA, at least one.
        kind : str
            Of a whole face the middle is taken, as `pixels` says.

        Returns
        -------
        (n, d) ndarray of float32
            The layer, flattened.

        Raises
        ------
        ArgumentError
            If there is no picture.
        ModelError
            If the network can't be run, or gives anything but finite numbers for each picture.
        """
        if not len(pictures):
            raise ArgumentError(f"{self.name}: no picture to embed, give at least one")
        step = self.input.batch or _BATCH
        parts = [self._run(pictures[i : i + step], kind) for i in range(0, len(pictures), step)]
        return np.concatenate(parts)

    def _run(self, pictures: U8, kind: str) -> F32:
        if self.input.channels == 1:
            pictures = _grey(pictures)
        fed = _arranged(
            self.pixels.feed(pictures, self.input.rows, self.input.columns, kind), self.input
        )
        try:
            (found,) = self._session.run([self._output], {self.input.name: fed})
        except Exception as error:  # ONNX Runtime's errors have no common root
            raise ModelError(f"{self.name} can't be run: {_line(error)}") from error
        if not isinstance(found, np.ndarray) or found.dtype.kind not in "fiu":
            raise ModelError(f"{self.name} gives no numbers: name another layer")
        if found.shape[:1] != fed.shape[:1]:
            if len(fed) > 1:
                raise ModelError(
                    f"{self.name} gives shape {found.shape} for {len(fed)} pictures: name a layer "
                    "with one row for each"
                )
            found = found[None]  # a network of one picture may drop the axis
        flat = np.asarray(found.reshape(len(fed), -1)[: len(pictures)], np.float32)
        if not np.isfinite(flat).all():
            raise ModelError(
                f"{self.name} gives values that are not finite: check how it wants its pixels"
            )
        return flat


def guessed(path: Path, graph: Graph, takes: Input, gives: Sequence[int | str | None]) -> str:
    """Guess how a network wants its pixels.

    Parameters
    ----------
    path : Path
        Its file, of which the name may tell the training.
    graph : Graph
        Its operations.
    takes : Input
        What it takes.
    gives : sequence of int, str or None
        Shape of its first output.

    Returns
    -------
    str
        Key of `emojimap.embed.pixels.PRESETS`: that of a known name; ``rgb`` where the network
        takes bytes or normalises them itself; ``imagenet`` for a thousand classes; else
        ``rgb-signed``.
    """
    stem = re.sub(r"[^a-z0-9]", "", path.stem.lower())
    for part, way in _KNOWN:
        if part in stem:
            return way
    if takes.dtype == np.uint8 or graph_.normalises(graph, takes.name):
        return "rgb"
    return "imagenet" if gives and gives[-1] == _CLASSES else "rgb-signed"


def _pixels(pixels: Pixels, takes: Input) -> PixelSettings:
    """Return settings as they are, and for a name how much of a face the input's size implies."""
    way = named(pixels)
    if isinstance(pixels, str) and takes.rows == takes.columns == TEMPLATE_SIDE:
        return replace(way, middle=_TEMPLATE_MIDDLE)
    return way


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} can't be read ({error.strerror}): give an ONNX file") from error


def _graph(content: bytes, path: Path) -> Graph:
    try:
        graph = graph_.read(content)
    except ValueError as error:
        raise ModelError(f"{path} is no ONNX file ({error}): give one") from error
    if not graph.nodes:
        raise ModelError(f"{path} is no ONNX file: no network in it")
    return graph


def _session(path: Path, content: bytes, graph: Graph, layer: str | None) -> Any:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = workers.threads()
    options.log_severity_level = 3
    source: str | bytes = str(path)
    if layer is not None and layer not in graph.outputs:
        _check_layer(path, graph, layer)
        source = graph_.exposing(content, layer)
        # Weights in files beside it are looked for in a folder, which bytes do not have.
        options.add_session_config_entry(_BESIDE, str(path.resolve().parent))
    try:
        return ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors have no common root
        raise ModelError(f"ONNX Runtime can't load {path}: {_line(error)}") from error


def _check_layer(path: Path, graph: Graph, layer: str) -> None:
    names = graph.tensors
    if layer in names:
        return
    near = difflib.get_close_matches(layer, names, n=4, cutoff=0.4) or names[-4:]
    raise ModelError(
        f"{path} has no tensor {layer!r} among its {len(names)}: the nearest are {', '.join(near)}"
    )


def _input(inputs: list[Any], path: Path) -> Input:
    """Read what a network takes off its only input."""
    if len(inputs) != 1:
        names = ", ".join(one.name for one in inputs)
        raise ModelError(f"{path} takes {len(inputs)} inputs ({names}): give a network of one")
    (only,) = inputs
    if only.type not in _TYPES:
        raise ModelError(f"{path} takes {only.type}: give a network of floats or bytes")
    sizes = [size if isinstance(size, int) and size > 0 else None for size in only.shape]
    first = len(sizes) == 4 and (sizes[1] in (1, 3) or sizes[1] is None is sizes[3])
    if len(sizes) != 4 or not (first or sizes[3] in (1, 3)):
        raise ModelError(
            f"{path} takes {only.shape}: give a network of pictures, (batch, 3, rows, columns) or "
            "(batch, rows, columns, 3)"
        )
    batch, rest = sizes[0], sizes[1:]
    channels, sides = (rest[0], rest[1:]) if first else (rest[2], rest[:2])
    rows, columns = (side or sides[1 - i] or USUAL_SIDE for i, side in enumerate(sides))
    return Input(only.name, _TYPES[only.type], batch, rows, columns, channels or 3, first)


def _arranged(fed: F32, takes: Input) -> Any:
    """Bring pictures into the network's layout, type and batch."""
    if takes.channels == 1:
        fed = fed[:, :, :, :1]
    if takes.batch is not None and len(fed) < takes.batch:
        fed = np.concatenate([fed, np.repeat(fed[-1:], takes.batch - len(fed), axis=0)])
    if takes.first:
        fed = fed.transpose(0, 3, 1, 2)
    if takes.dtype == np.uint8:
        fed = np.clip(np.round(fed), 0, 255)
    return np.ascontiguousarray(fed, takes.dtype)


def _grey(pictures: U8) -> U8:
    """Take the colour out of RGBA pictures."""
    grey = [cv2.cvtColor(picture[:, :, :3], cv2.COLOR_RGB2GRAY) for picture in pictures]
    return np.concatenate([np.repeat(np.stack(grey)[..., None], 3, 3), pictures[..., 3:]], 3)


def _line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
