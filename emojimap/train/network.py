"""Weights of the face network: from ImageNet, from a run, from a file that ships."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch
from torch import nn

from emojimap.embed.imagenet import shipped_state
from emojimap.errors import ModelError
from emojimap.facenet._torch import FaceNet, load_onnx


def load_imagenet(encoder: nn.Module) -> None:
    """Load the ImageNet weights of EfficientNet-lite0 into smp's encoder.

    Parameters
    ----------
    encoder : torch.nn.Module
        `segmentation_models_pytorch` encoder `tu-efficientnet_lite0`.

    Raises
    ------
    ModelError
        If the package's state dict does not fit the encoder.
    """
    weights = {"model." + name: value for name, value in shipped_state().items()}
    wanted = set(encoder.state_dict())
    if not wanted <= set(weights):
        raise ModelError(f"no ImageNet weights for {sorted(wanted - set(weights))[:3]}")
    nn.Module.load_state_dict(encoder, {name: weights[name] for name in wanted}, strict=True)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a file of `torch.save` that holds tensors and plain containers alone.

    Parameters
    ----------
    path : Path
        Checkpoint of a run, or a plain state dict.

    Returns
    -------
    dict
        Its content, on the CPU.

    Raises
    ------
    ModelError
        If the file can't be read, or holds anything else.
    """
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise ModelError(f"{path} can't be read as weights ({first}): give a run's .pt") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path} holds a {type(content).__name__}, no weights: give a run's .pt")
    return content


def load_state(network: FaceNet, path: Path) -> None:
    """Load weights: of a checkpoint, a plain state dict, or an ONNX file that ships.

    Parameters
    ----------
    network : FaceNet
        Changed in place.
    path : Path
        See `read_checkpoint`.

    Raises
    ------
    ModelError
        If the file can't be read or holds other tensors than the network's.
    """
    if path.suffix == ".onnx":
        load_onnx(network, _bytes(path), str(path))
        return
    content = read_checkpoint(path)
    state = content.get("ema", content)
    try:
        network.load_state_dict({name: value.float() for name, value in state.items()})
    except (RuntimeError, AttributeError) as error:
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise ModelError(f"{path} holds weights of another network: {first}") from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{path} can't be read ({error.strerror}): give a network's file"
        ) from error
