"""Exact part masks: the drawing in marker colours, then in the canonical frame.

Hair becomes red, headwear green, facial hair blue, everything else opaque black; translucent layers
are dropped, since they tint what lies under them and hide nothing - but for those in the colour of
hair, which are hair cut short. On a black ground each channel then is the coverage of one of them,
anti-aliased and with all that covers it taken out.

A style that composes hair of several pieces has hundreds of templates: there each piece is drawn
once, and the pieces are laid over each other in the canonical frame.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from emojimap import canonical
from emojimap.arrays import F32, F64, U8
from emojimap.styles.definition import Definition, Element
from emojimap.styles.pack import Pack
from emojimap.styles.raster import pixels

Parts = Mapping[str, "str | None"]
Layer = tuple[tuple[str, ...], "str | None", int]
"""What is drawn alone: names of elements, variant of a piece, side of the mask in pixels."""

_HAIR, _HEADWEAR, _BEARD, _REST = "#ff0000", "#00ff00", "#0000ff", "#000000"
_PAINTS = ("fill", "stroke", "stop-color", "color")
_OPACITIES = ("opacity", "fill-opacity", "stroke-opacity", "stop-opacity")
_ANCHORS = ("eyes", "outline", "chin")
_PIXELS_PER_PIXEL = 6  # of the drawing, for each pixel of the mask
_HAIR_ROLES = ("hair", "back_hair", "headwear")


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
    colour = pack.colours.get("hair", "")
    worn = set(pack.templates.get("headwear", []))
    hairy = {part for role in _HAIR_ROLES for part in pack.roles.get(role, [])}
    result["canvas"]["elements"] = _mark(result["canvas"]["elements"], "", _REST)
    for part, component in result["components"].items():
        for name, variant in component.get("variants", {}).items():
            hair = colour if part in hairy else ""
            is_hat = part in pack.roles.get("headwear", []) and name in worn
            other = _HEADWEAR if is_hat else _REST
            if part in pack.roles.get("facial_hair", []):
                hair, other = pack.colours.get("facial_hair", colour), _REST
            variant["elements"] = _mark(variant["elements"], hair, other, beard=part not in hairy)
    return result


def coverage(image: U8, matrix: F64, size: int) -> F32:
    """Return the coverage of hair, headwear and facial hair in a drawing in marker colours.

    Parameters
    ----------
    image : (S, S, 4) ndarray of uint8
        Drawn on black from a definition of `marked`.
    matrix : (2, 3) ndarray of float64
        From fractions of the canvas to the canonical one.
    size : int
        Side of the masks, pixels.

    Returns
    -------
    (3, size, size) ndarray of float32
        0..1.
    """
    channels = [image[:, :, i].astype(np.float32) / 255.0 for i in range(3)]
    return np.stack([framed(channel, matrix, size) for channel in channels])


def drawn(svg: str, size: int) -> U8:
    """Return a drawing as (S, S, 4) uint8, fine enough for masks of a size, on black."""
    return pixels(svg, size * _PIXELS_PER_PIXEL, "black")


def stacked(
    definition: Definition,
    templates: Sequence[Parts],
    draw: Callable[[Definition, Parts], str],
    matrix: F64,
    size: int,
    known: dict[Layer, F32],
) -> Iterator[F32]:
    """Yield the coverage of templates that are composed of the same pieces.

    Parameters
    ----------
    definition : dict
        In marker colours; the pieces stand on its canvas, not inside of something else.
    templates : sequence of mapping
        Variants of the pieces of each template.
    draw : callable
        From a definition and the variants of its pieces to SVG.
    matrix : (2, 3) ndarray of float64
        From fractions of the canvas to the canonical one.
    size : int
        Side of the masks, pixels.
    known : dict
        Layers that were drawn before, of the same style; those that are drawn are added.

    Yields
    ------
    (3, size, size) ndarray of float32
        As `coverage`, in order; edges where pieces overlap are exact to a few percent.
    """
    pieces = set(templates[0])
    runs = [
        (part if part in pieces else None, list(nodes))
        for part, nodes in itertools.groupby(
            definition["canvas"]["elements"],
            key=lambda node: node["name"] if node["name"] in pieces else None,
        )
    ]

    def layer(place: int, variant: str | None) -> F32:
        """Premultiplied red, green, blue and opacity of what stands at one place."""
        part, nodes = runs[place]
        key = tuple(node["name"] for node in nodes), variant, size
        if key not in known:
            alone = {**definition, "canvas": {**definition["canvas"], "elements": nodes}}
            image = pixels(draw(alone, {part: variant} if part else {}), size * _PIXELS_PER_PIXEL)
            alpha = image[:, :, 3:].astype(np.float32) / 255.0
            colour = np.concatenate([image[:, :, :3] / np.float32(255.0) * alpha, alpha], axis=2)
            known[key] = np.stack([framed(colour[:, :, i], matrix, size) for i in range(4)])
        return known[key]

    for parts in templates:
        found = np.zeros((3, size, size), np.float32)
        for place, (part, _) in enumerate(runs):
            variant = parts[part] if part else None
            if part is None or variant is not None:
                over = layer(place, variant)
                found = over[:3] + found * (1 - over[3])
        yield found


def can_stack(definition: Definition, pieces: Sequence[str]) -> bool:
    """Tell whether all pieces stand on the canvas itself."""
    names = [node["name"] for node in definition["canvas"]["elements"]]
    return all(piece in names for piece in pieces)


def framed(channel: F32, matrix: F64, size: int) -> F32:
    """Return a channel of a drawing, (S, S) float32, in the frame of a matrix; see `coverage`."""
    if not channel.any():
        return np.zeros((size, size), np.float32)
    side = channel.shape[0]
    # From centres of pixels to fractions of the canvas.
    onto = matrix @ np.array([[1 / side, 0, 0.5 / side], [0, 1 / side, 0.5 / side], [0, 0, 1.0]])
    return canonical.coverage(channel, onto, size)


def frame(anchors: Mapping[str, Any]) -> F64:
    """Return the map from fractions of the canvas to the canonical frame, from a pack's anchors."""
    eyes, outline, chin = (np.asarray(anchors[key], np.float32) for key in _ANCHORS)
    return canonical.frame(eyes, outline, chin)


def _mark(nodes: list[Element], hair: str, other: str, *, beard: bool = False) -> list[Element]:
    mark = _BEARD if beard else _HAIR
    return [
        _marked(node, hair, other, mark)
        for node in nodes
        if _is(node, hair) or not _translucent(node)
    ]


def _is(node: Element, colour: str) -> bool:
    """Whether an element is painted in a colour of the style."""
    return bool(colour) and node.get("attributes", {}).get("fill") == {
        "type": "color",
        "name": colour,
    }


def _marked(node: Element, hair: str, other: str, mark: str) -> Element:
    # The colours inside a mask say what shows, not what colour it has.
    if node.get("name") in ("mask", "clipPath"):
        return node
    attributes = node.get("attributes", {})
    if _is(node, hair):
        for key in (*_OPACITIES, "style"):
            attributes.pop(key, None)
    for key in _PAINTS:
        if key in attributes:
            attributes[key] = _paint(attributes[key], hair, other, mark)
    if "children" in node:
        node["children"] = _mark(node["children"], hair, other, beard=mark == _BEARD)
    return node


def _paint(value: Any, hair: str, other: str, mark: str) -> Any:
    if isinstance(value, dict):
        return mark if value.get("type") == "color" and value.get("name") == hair else other
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
