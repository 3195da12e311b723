"""The options `--embedder`, `--layer` and `--pixels`, the same for every command that has them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from emojimap.embed import Embedder

EmbedderName = Annotated[
    str,
    typer.Option(
        "--embedder",
        metavar="autoencoder|imagenet|PATH.onnx",
        help="What turns pictures into codes: the part embedders that ship, an ImageNet network "
        "(extra `train`; imagenet:resnet50 or another of timm's is fetched once), or your own.",
    ),
]

Layer = Annotated[
    str | None,
    typer.Option("--layer", metavar="NAME", help="Tensor inside an .onnx file; its output if not."),
]

Pixels = Annotated[
    str | None,
    typer.Option(
        "--pixels",
        metavar="NAME",
        help="How PATH.onnx wants its pixels: rgb or bgr (0 to 255), rgb-unit (0 to 1), "
        "rgb-signed or bgr-signed (-1 to 1), imagenet, caffe, vgg-face, vgg-face2.",
        show_default="guessed, and said",
    ),
]


def read_embedder(name: str, layer: str | None, pixels: str | None = None) -> Embedder:
    """Load an embedder, and say on stderr which pixels a file is guessed to want.

    Parameters
    ----------
    name : str
        See `emojimap.embed.load`.
    layer : str or None
        A tensor inside an ``.onnx`` file.
    pixels : str or None
        Name of a way to give pixels.

    Returns
    -------
    Embedder
        Ready to run.

    Raises
    ------
    ArgumentError, ModelError
        As in `emojimap.embed.load`.
    """
    from emojimap import embed

    network = embed.load(name, layer=layer, pixels=pixels)
    if pixels is None:
        _tell(network)
    return network


def _tell(network: Embedder) -> None:
    """Say what was guessed about a network of the user's own."""
    from emojimap.embed.onnxfile import OnnxEmbedder
    from emojimap.embed.pixels import name_of

    if isinstance(network, OnnxEmbedder):
        size = f"{network.input.columns}x{network.input.rows}"
        sys.stderr.write(
            f"{network.name}: {size}, pixels guessed as {name_of(network.pixels)}; if that is "
            "wrong, so is the result: see --pixels\n"
        )
