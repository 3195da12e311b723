"""Embedders: pictures to vectors, of which the angle tells how alike the pictures are.

    spec "autoencoder"        -> autoencoder.py   ships, ONNX Runtime
         "imagenet[:NAME]"    -> imagenet.py      needs the extra `train`
         "PATH.onnx"          -> onnxfile.py      any network, at any of its layers

An embedder takes RGBA pictures of one kind, all of one size, and resizes them as it needs.
"""

from __future__ import annotations

import os
from typing import Protocol

import numpy as np

from emojimap.arrays import F32, F64, U8
from emojimap.embed.pixels import Pixels
from emojimap.errors import ArgumentError

CHOICES = ("autoencoder", "imagenet", "imagenet:resnet50", "PATH.onnx")
"""What `load` takes."""


class Embedder(Protocol):
    """Turns pictures into vectors."""

    @property
    def name(self) -> str:
        """What it is asked for by."""

    def embed(self, pictures: U8, kind: str) -> F32:
        """Embed pictures.

        Parameters
        ----------
        pictures : (n, S, S, 4) ndarray of uint8
            RGBA, of any size; none at all is allowed.
        kind : str
            What they show, see `emojimap.segments.KINDS` and `emojimap.segments.WHOLE`.

        Returns
        -------
        (n, d) ndarray of float32
            Not normalised.
        """


def load(
    spec: str | os.PathLike[str], *, layer: str | None = None, pixels: Pixels | None = None
) -> Embedder:
    """Load an embedder.

    Parameters
    ----------
    spec : str or path
        ``autoencoder``, ``imagenet``, ``imagenet:`` and a timm network, or the path of an ``.onnx``
        file.
    layer : str, optional
        Name of a tensor inside an ``.onnx`` file; its first output by default.
    pixels : str or PixelSettings, optional
        How an ``.onnx`` file wants its pixels, see `emojimap.embed.pixels`; guessed by default.

    Returns
    -------
    Embedder
        Ready to run.

    Raises
    ------
    ArgumentError
        If there is no such embedder, or it takes no layer or pixels.
    ModelError
        If a network is missing, damaged or of the wrong kind.
    """
    name = os.fspath(spec)
    if name.lower().endswith(".onnx"):
        from emojimap.embed.onnxfile import OnnxEmbedder

        return OnnxEmbedder(name, layer, pixels)
    for option, value in (("layer", layer), ("pixels", pixels)):
        if value is not None:
            raise ArgumentError(f"{option} {value!r} with {name}: only an .onnx file takes one")
    return _known(name)


def cosine(a: F32 | F64, b: F32 | F64) -> F64:
    """Cosines of the angles between vectors.

    Parameters
    ----------
    a : (n, d) ndarray of float
        Vectors.
    b : (m, d) ndarray of float
        Others.

    Returns
    -------
    (n, m) ndarray of float64
        -1..1; 0 where a vector is zero.

    Raises
    ------
    ArgumentError
        If the lengths differ.
    """
    if np.ndim(a) != 2 or np.ndim(b) != 2 or np.shape(a)[1] != np.shape(b)[1]:
        raise ArgumentError(
            f"vectors of shapes {np.shape(a)} and {np.shape(b)}: give (n, d) and (m, d)"
        )
    out: F64 = np.clip(unit(a) @ unit(b).T, -1, 1)
    return out


def unit(vectors: F32 | F64) -> F64:
    """Vectors of length 1; a zero vector stays zero.

    Parameters
    ----------
    vectors : (n, d) ndarray of float
        Any.

    Returns
    -------
    (n, d) ndarray of float64
        Normalised.
    """
    wide = np.asarray(vectors, np.float64)
    length = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.asarray(wide / np.where(length > 0, length, 1), np.float64)


def _known(name: str) -> Embedder:
    first, _, network = name.partition(":")
    if name == "autoencoder":
        from emojimap.embed.autoencoder import load as load_parts

        return load_parts()
    if first == "imagenet" and (network or name == first):
        from emojimap.embed import imagenet

        return imagenet.load(network or imagenet.SHIPPED)
    raise ArgumentError(f"embedder {name!r}: use {', '.join(CHOICES[:-1])} or {CHOICES[-1]}")
