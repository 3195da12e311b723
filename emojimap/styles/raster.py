"""SVG to pixels: the one place that knows the rasteriser."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from emojimap.arrays import U8


def png(svg: str, size: int, background: str | None = None) -> bytes:
    """Return an SVG document as PNG, the same bytes for the same document.

    Parameters
    ----------
    svg : str
        The document.
    size : int
        Width and height, pixels.
    background : str, optional
        CSS colour; transparent if left out.

    Returns
    -------
    bytes
        PNG, RGBA.
    """
    import resvg_py

    # Looking for the system's fonts is slow, and no style writes text.
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg, width=size, height=size, background=background, skip_system_fonts=True
        )
    )


def pixels(svg: str, size: int, background: str | None = None) -> U8:
    """Return an SVG document as (size, size, 4) uint8 RGBA; see `png`."""
    with Image.open(io.BytesIO(png(svg, size, background))) as image:
        return np.asarray(image.convert("RGBA"), dtype=np.uint8)
