"""One convolutional autoencoder with a linear bottleneck, for one kind of segment."""

from __future__ import annotations

import itertools
from typing import Any

import torch
import torch.nn.functional as nnf
from torch import nn

from emojimap.segments import SIZE

CHANNELS = (16, 32, 64, 96)
HALF = SIZE // 2
"""Side of what is given back."""

_CORE = SIZE >> len(CHANNELS)  # side of the innermost map
_PIXELS = 4 * HALF**2


class Autoencoder(nn.Module):
    """Encoder, linear bottleneck, decoder; the convolutions add to principal components.

    The bottleneck sees the features of the convolutions and, past them, the picture itself at half
    its side; the decoder mirrors that. With the convolutions silent this is a linear autoencoder,
    whose best weights are known: training starts there (`start_linear`).

    Parameters
    ----------
    codes : int
        Width of the bottleneck.
    """

    def __init__(self, codes: int) -> None:
        super().__init__()
        narrow = (4, *CHANNELS)
        self.encoder = nn.Sequential(
            *(_down(a, b) for a, b in zip(narrow, CHANNELS, strict=False)), nn.Flatten()
        )
        self.bottleneck = nn.Linear(CHANNELS[-1] * _CORE**2 + _PIXELS, codes)
        wide = CHANNELS[::-1]
        self.start = nn.Linear(codes, wide[0] * _CORE**2)
        self.decoder = nn.Sequential(
            *(_up(a, b) for a, b in itertools.pairwise(wide)),
            nn.Conv2d(wide[-1], 4, 3, padding=1),
        )
        self.back = nn.Linear(codes, _PIXELS)

    def encode(self, pictures: Any) -> Any:
        """(n, 4, 64, 64) in -1..1 to (n, codes)."""
        return self.bottleneck(features(self.encoder, pictures))

    def decode(self, codes: Any) -> Any:
        """(n, codes) to (n, 4, 32, 32): half the side is enough to learn from."""
        first = self.start(codes).view(-1, CHANNELS[-1], _CORE, _CORE)
        return self.back(codes).view(-1, 4, HALF, HALF) + self.decoder(first)

    def start_linear(self, pictures: Any) -> None:
        """Set the weights to those of the best linear autoencoder.

        Parameters
        ----------
        pictures : (n, 4, 64, 64) tensor
            In -1..1, more than there are codes.
        """
        with torch.no_grad():
            flat = half(pictures).flatten(1)
            middle = flat.mean(dim=0)
            codes = min(self.bottleneck.out_features, len(flat) - 1)
            _, spread, vectors = torch.svd_lowrank(
                flat - middle, q=min(2 * codes, len(flat)), niter=4
            )
            spread, vectors = spread[:codes], vectors.T[:codes]
            scale = (spread[0] / len(flat) ** 0.5).clamp_min(1e-6)  # the first code varies by 1
            self.bottleneck.weight.zero_()
            self.bottleneck.bias.zero_()
            self.back.weight.zero_()
            self.bottleneck.weight[:codes, -_PIXELS:] = vectors[:codes] / scale
            self.bottleneck.bias[:codes] = -(vectors[:codes] @ middle) / scale
            self.back.weight[:, :codes] = vectors[:codes].T * scale
            self.back.bias.copy_(middle)
            last = self.decoder[-1]
            last.weight.zero_()
            last.bias.zero_()


class Encoder(nn.Module):
    """What ships: a segment as it is cut, to a code that tells people apart.

    Parameters
    ----------
    trained : Autoencoder
        Its encoder is used.
    matrix : (d, codes) tensor
        Linear map of the bottleneck, from `emojimap.train.parts.telling`.
    middle : (codes,) tensor
        Mean code of photos.
    """

    def __init__(self, trained: Autoencoder, matrix: Any, middle: Any) -> None:
        super().__init__()
        self.encoder = trained.encoder
        self.last = nn.Linear(trained.bottleneck.in_features, len(matrix))
        with torch.no_grad():
            weight, bias = trained.bottleneck.weight, trained.bottleneck.bias
            self.last.weight.copy_(matrix @ weight)
            self.last.bias.copy_(matrix @ (bias - middle))

    def forward(self, pictures: Any) -> Any:
        """(n, 64, 64, 4) uint8 to (n, d)."""
        return self.last(features(self.encoder, scaled(pictures)))


def features(encoder: Any, pictures: Any) -> Any:
    """Features of the convolutions, and the picture at half its side, (n, f)."""
    return torch.cat([encoder(pictures), half(pictures).flatten(1)], dim=1)


def half(pictures: Any) -> Any:
    """(n, 4, 64, 64) to (n, 4, 32, 32)."""
    return nnf.avg_pool2d(pictures, 2)


def scaled(pictures: Any) -> Any:
    """(n, 64, 64, 4) uint8 to (n, 4, 64, 64) in -1..1."""
    return pictures.permute(0, 3, 1, 2).float() / 127.5 - 1


def _down(narrow: int, wide: int) -> Any:
    return nn.Sequential(
        nn.Conv2d(narrow, wide, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(wide), nn.ReLU()
    )


def _up(wide: int, narrow: int) -> Any:
    return nn.Sequential(
        nn.Upsample(scale_factor=2),
        nn.Conv2d(wide, narrow, 3, padding=1, bias=False),
        nn.BatchNorm2d(narrow),
        nn.ReLU(),
    )
