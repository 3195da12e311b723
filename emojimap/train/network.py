"""Weights of the face network: from ImageNet, from a run, from a file that ships."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch
from torch import nn

from emojimap.embed.imagenet import shipped_state
from emojimap.errors import ModelError
from emojimap.facenet._torch import LABEL_HEAD, FaceNet, has_tone, load_tensors, read_onnx


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


def load(path: Path, *, tone: bool = True, new_labels: bool = False) -> FaceNet:
    """Make a network of weights: of a checkpoint, a plain state dict, or an ONNX file that ships.

    Parameters
    ----------
    path : Path
        See `read_checkpoint`.
    tone : bool
        Keep the tone head, where there is one.
    new_labels : bool
        Start the label head anew where the weights are those of another one.

    Returns
    -------
    FaceNet
        In training mode, on the CPU.

    Raises
    ------
    ModelError
        If the file can't be read or holds other tensors than the network's.
    """
    if path.suffix == ".onnx":
        state = read_onnx(_bytes(path), str(path))
    else:
        content = read_checkpoint(path)
        state = _floats(content.get("ema", content), path)
    network = FaceNet(tone=tone and has_tone(state))
    new_labels &= not any(name.startswith(LABEL_HEAD) for name in state)
    load_tensors(network, state, str(path), new=LABEL_HEAD if new_labels else None)
    return network


def _floats(state: dict[str, Any], path: Path) -> dict[str, torch.Tensor]:
    if others := [name for name, value in state.items() if not isinstance(value, torch.Tensor)]:
        raise ModelError(f"{path} holds no weights: {others[0]} is no tensor: give a run's .pt")
    return {name: value.float() for name, value in state.items()}


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{path} can't be read ({error.strerror}): give a network's file"
        ) from error
