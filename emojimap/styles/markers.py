"""Exact part masks: the drawing in marker colours, then in the canonical frame.

Hair becomes red, headwear green, everything else opaque black; translucent layers are dropped,
since they tint what lies under them and hide nothing. On a black ground the red and the green
channel then are the coverage of hair and of headwear, anti-aliased and with all that covers them
taken out.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from emojimap import canonical
from emojimap.arrays import F32, F64
from emojimap.styles.definition import Definition, Element
from emojimap.styles.pack import Pack
from emojimap.styles.raster import pixels

_HAIR, _HEADWEAR, _REST = "#ff0000", "#00ff00", "#000000"
_PAINTS = ("fill", "stroke", "stop-color", "color")
_OPACITIES = ("opacity", "fill-opacity", "stroke-opacity", "stop-opacity")
_ANCHORS = ("eyes", "outline", "chin")
_PIXELS_PER_PIXEL = 6  # of the drawing, for each pixel of the mask


def marked(definition: Definition, pack: Pack) -> Definition:
    """Return a copy of a definition in marker colours.

    Parameters
    ----------
    definition : dict
        A valid DiceBear definition.
    pack : Pack
        Says which variants are headwear, and which colour is hair.

    Returns
    -------
    dict
        The copy.
    """
    result = copy.deepcopy(definition)
    hair = pack.colours.get("hair", "")
    result["canvas"]["elements"] = _mark(result["canvas"]["elements"], hair, _REST)
    headwear = set(pack.templates.get("headwear", []))
    for part, component in result["components"].items():
        worn = headwear if part in pack.roles.get("headwear", []) else set()
        for name, variant in component.get("variants", {}).items():
            other = _HEADWEAR if name in worn else _REST
            variant["elements"] = _mark(variant["elements"], hair, other)
    return result


def coverage(svg: str, matrix: F64, size: int) -> tuple[F32, F32]:
    """Return the coverage of hair and of headwear in a drawing in marker colours.

    Parameters
    ----------
    svg : str
        Drawn from a definition of `marked`.
    matrix : (2, 3) ndarray of float64
        From fractions of the canvas to the canonical one.
    size : int
        Side of the masks, pixels.

    Returns
    -------
    hair, headwear : (size, size) ndarray of float32
        0..1.
    """
    side = size * _PIXELS_PER_PIXEL
    image = pixels(svg, side, "black")
    # From centres of pixels to fractions of the canvas.
    onto = matrix @ np.array([[1 / side, 0, 0.5 / side], [0, 1 / side, 0.5 / side], [0, 0, 1.0]])
    hair, headwear = (
        canonical.coverage(image[:, :, channel].astype(np.float32) / 255.0, onto, size)
        if image[:, :, channel].any()
        else np.zeros((size, size), np.float32)
        for channel in (0, 1)
    )
    return hair, headwear


def frame(anchors: Mapping[str, Any]) -> F64:
    """Return the map from fractions of the canvas to the canonical frame, from a pack's anchors."""
    eyes, outline, chin = (np.asarray(anchors[key], np.float32) for key in _ANCHORS)
    return canonical.frame(eyes, outline, chin)


def _mark(nodes: list[Element], hair: str, other: str) -> list[Element]:
    return [_marked(node, hair, other) for node in nodes if not _translucent(node)]


def _marked(node: Element, hair: str, other: str) -> Element:
    # The colours inside a mask say what shows, not what colour it has.
    if node.get("name") in ("mask", "clipPath"):
        return node
    attributes = node.get("attributes", {})
    for key in _PAINTS:
        if key in attributes:
            attributes[key] = _paint(attributes[key], hair, other)
    if "children" in node:
        node["children"] = _mark(node["children"], hair, other)
    return node


def _paint(value: Any, hair: str, other: str) -> Any:
    if isinstance(value, dict):
        return _HAIR if value.get("type") == "color" and value.get("name") == hair else other
    return value if value == "none" or str(value).startswith("url(") else other


def _translucent(node: Element) -> bool:
    attributes = node.get("attributes", {})
    if "mix-blend-mode" in str(attributes.get("style", "")):
        return True
    return any(_number(attributes.get(key)) < 1 for key in _OPACITIES)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 1.0
