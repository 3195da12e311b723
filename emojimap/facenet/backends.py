"""From the files that ship to networks that run, on the CPU or on a GPU."""

from __future__ import annotations

from pathlib import Path

from emojimap.errors import ArgumentError, ModelError
from emojimap.facenet import weights
from emojimap.facenet.network import Network, Networks

DEVICES = ("cpu", "cuda")


def networks(
    folder: Path | None = None, *, device: str = "cpu", threads: int | None = None
) -> Networks:
    """Load the networks of a face.

    Parameters
    ----------
    folder : Path, optional
        Folder with ``manifest.json``; by default the weights that ship with the program. Without
        an entry ``hair`` the network ``face`` does both jobs.
    device : {"cpu", "cuda"}
        ONNX Runtime on the CPU, or torch on a GPU (extra `train`).
    threads : int, optional
        CPU threads of one pass; by default one per core, at most 4.

    Returns
    -------
    Networks
        Ready to run.

    Raises
    ------
    ModelError
        If a file is missing, damaged or foreign, or the device is not there.
    ArgumentError
        If the device is not known.
    """
    if device not in DEVICES:
        raise ArgumentError(f"device {device!r}: use {' or '.join(DEVICES)}")
    face = _network("face", folder, device, threads)
    if "hair" not in weights.names(folder):
        return Networks(face, face)
    return Networks(face, _network("hair", folder, device, threads))


def _network(name: str, folder: Path | None, device: str, threads: int | None) -> Network:
    found = weights.load(name, folder)
    if device == "cuda":
        return _on_gpu(found)
    from emojimap.facenet._onnx import OnnxNetwork

    return OnnxNetwork(found, threads)


def _on_gpu(found: weights.Weights) -> Network:
    try:
        from emojimap.facenet._torch import TorchNetwork

        return TorchNetwork(found)
    except ImportError as error:
        raise ModelError(
            f"device cuda needs torch ({error}): pip install 'emojimap[train]', or use --device cpu"
        ) from error
