"""Many avatars of one style fast: each piece is drawn once, and the pictures are laid over.

canvas -> pieces -> strokes: what one variant of a piece draws, cut to its bounding box -> picture

A stroke is drawn by the rasteriser at the final size, so that a picture differs from the drawing of
the whole by rounding alone. What is blended with all that lies below it (`mix-blend-mode`) is a
stroke of its own, blended anew each time. Colours are those of one face, and stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from PIL import ImageColor

from emojimap.arrays import F32, U8
from emojimap.avatar import Avatar
from emojimap.errors import ArgumentError
from emojimap.styles import definition, raster
from emojimap.styles.base import Style
from emojimap.styles.definition import Definition, Element, walk
from emojimap.styles.dicebear import DicebearStyle

Worn = tuple["str | None", ...]

_BACKGROUND = "background"
_ISOLATING = {"mask", "clip-path", "filter", "opacity", "isolation"}
_HOLDING = ("defs", "mask", "clipPath")
_MODE = "mix-blend-mode:"
_NOTHING = np.float32(1e-6)


def _overlay(below: F32, over: F32) -> F32:
    return np.where(below <= 0.5, 2 * below * over, 1 - 2 * (1 - below) * (1 - over))


_BLENDS: Mapping[str, Callable[[F32, F32], F32]] = MappingProxyType(
    {
        "multiply": lambda below, over: below * over,
        "screen": lambda below, over: below + over - below * over,
        "overlay": _overlay,
        "hard-light": lambda below, over: _overlay(over, below),
        "darken": np.minimum,
        "lighten": np.maximum,
        "difference": lambda below, over: np.abs(below - over),
        "exclusion": lambda below, over: below + over - 2 * below * over,
    }
)
"""How colours below and over are blended, by CSS name; both 0..1."""


@dataclass(frozen=True, eq=False)
class _Stroke:
    """A picture of a piece, premultiplied, and where it lies; 0..1."""

    place: tuple[slice, slice]
    colour: F32
    mode: str = ""

    def onto(self, canvas: F32) -> None:
        """Lay it over a canvas."""
        below, over = canvas[self.place], self.colour
        left = 1 - over[:, :, 3:]
        if not self.mode:
            below *= left
            below += over
            return
        # As W3C's "Compositing and Blending" composes: blended as far as there is a ground.
        ground, cover = below[:, :, 3:], over[:, :, 3:]
        blended = _BLENDS[self.mode](_plain(below), _plain(over))
        below[:, :, :3] = (
            below[:, :, :3] * left + (1 - ground) * over[:, :, :3] + cover * ground * blended
        )
        below[:, :, 3:] = ground * left + cover


def _plain(picture: F32) -> F32:
    """Colours without the opacity that is multiplied into them."""
    return np.asarray(picture[:, :, :3] / np.maximum(picture[:, :, 3:], _NOTHING), np.float32)


@dataclass(frozen=True, eq=False)
class _Piece:
    """What stands at one place of the canvas, and the components whose variants change it."""

    nodes: list[Element]
    parts: tuple[str, ...]


class Layers:
    """Pictures of the avatars of one style in the colours of one face.

    Parameters
    ----------
    style : Style
        Any; one that is not made of layers is drawn whole, each avatar once.
    colours : mapping of str to str
        As an avatar has; those left out are plain.
    size : int
        Side of the pictures, pixels.

    Attributes
    ----------
    layered : bool
        Whether the style can be composed of layers.
    drawn : int
        How often the rasteriser ran: strokes, or whole pictures.

    Raises
    ------
    ArgumentError
        If the size is under 1.
    StyleError
        If a colour is unknown.
    """

    def __init__(self, style: Style, colours: Mapping[str, str], size: int = 128) -> None:
        if size < 1:
            raise ArgumentError(f"size {size}: give 1 pixel or more")
        self.style, self.size, self.drawn = style, size, 0
        full = style.check(Avatar(style.name, {}, colours))
        self._plain, self._colours = dict(full.parts), dict(full.colours)
        self._known: set[tuple[str, str | None]] = set()
        self._strokes: dict[tuple[int, Worn], list[_Stroke]] = {}
        self._wholes: dict[tuple[tuple[str, str | None], ...], U8] = {}
        self._definition: Definition = {}
        self._pieces: list[_Piece] = []
        if isinstance(style, DicebearStyle) and _can_layer(style.drawing):
            self._definition = style.drawing
            self._pieces = list(_pieces(style.drawing))
        self.layered = bool(self._pieces)
        self._ground = self._background()

    def picture(self, parts: Mapping[str, str | None]) -> U8:
        """Draw an avatar.

        Parameters
        ----------
        parts : mapping of str to (str or None)
            As an avatar has; those left out are plain.

        Returns
        -------
        (size, size, 4) ndarray of uint8
            RGBA, as `Style.pixels` gives it but for rounding.

        Raises
        ------
        StyleError
            If a part or a variant is unknown.
        """
        self._check(parts)
        full = {**self._plain, **parts}
        if not self.layered:
            return self._whole(full)
        canvas = self._ground.copy()
        for number, piece in enumerate(self._pieces):
            key = number, tuple(full[part] for part in piece.parts)
            found = self._strokes.get(key)
            if found is None:
                found = self._strokes[key] = list(self._draw(piece, full))
            for stroke in found:
                stroke.onto(canvas)
        return _straight(canvas)

    def _check(self, parts: Mapping[str, str | None]) -> None:
        new = [pair for pair in parts.items() if pair not in self._known]
        if new:
            self.style.check(Avatar(self.style.name, dict(new), {}))
            self._known.update(new)

    def _whole(self, parts: Mapping[str, str | None]) -> U8:
        key = tuple(sorted(parts.items()))
        if key not in self._wholes:
            avatar = Avatar(self.style.name, parts, self._colours)
            self._wholes[key] = self.style.pixels(avatar, self.size)
            self.drawn += 1
        return self._wholes[key]

    def _background(self) -> F32:
        """Return the empty canvas: else each stroke would have the background's colour under it."""
        ground = np.zeros((self.size, self.size, 4), np.float32)
        colour = self._colours.pop(_BACKGROUND, None) if self.layered else None
        if colour is not None:
            ground[:] = (*(value / 255 for value in ImageColor.getrgb(colour)[:3]), 1.0)
        return ground

    def _draw(self, piece: _Piece, parts: Mapping[str, str | None]) -> Iterator[_Stroke]:
        """Draw a piece as it is worn."""
        options = Avatar(self.style.name, parts, self._colours).to_dict()
        for mode, drawing in _runs(self._definition, piece, parts):
            image = raster.pixels(definition.renderer(drawing)(options), self.size)
            self.drawn += 1
            if image[:, :, 3].any():
                yield _stroke(image, mode)


def _stroke(image: U8, mode: str) -> _Stroke:
    rows, columns = (np.flatnonzero(image[:, :, 3].any(axis=axis)) for axis in (1, 0))
    place = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    colour = image[place].astype(np.float32) / np.float32(255)
    colour[:, :, :3] *= colour[:, :, 3:]
    return _Stroke(place, colour, mode)


def _straight(canvas: F32) -> U8:
    """From premultiplied 0..1 to RGBA."""
    alpha = canvas[:, :, 3:]
    scale = np.full_like(alpha, 255)
    np.divide(255, alpha, out=scale, where=(alpha > 0) & (alpha < 1))
    out = np.empty(canvas.shape, np.uint8)
    colour = canvas[:, :, :3] * scale
    colour += 0.5
    out[:, :, :3] = np.minimum(colour, 255)
    out[:, :, 3:] = np.minimum(alpha * 255 + 0.5, 255)
    return out


def _can_layer(drawing: Definition) -> bool:
    """Whether all that is blended stands where it can be taken out, in a mode that is known."""
    components = drawing.get("components", {})
    variants = [v for one in components.values() for v in one.get("variants", {}).values()]
    lists = [drawing["canvas"]["elements"], *(variant["elements"] for variant in variants)]
    inside = [child for nodes in lists[:1] for node in nodes for child in node.get("children", [])]
    nested = [inside, *lists[1:]]  # elements whose components are drawn as one with them
    if any(_mode(node) not in {"", *_BLENDS} for nodes in lists for node in walk(nodes)):
        return False
    return not any(
        node.get("type") == "component" and _blends_inside(node, components)
        for nodes in nested
        for node in walk(nodes)
    )


def _blends_inside(node: Element, components: Mapping[str, Any]) -> bool:
    """Whether a variant of a component blends with what lies below it."""
    variants = components[_source(node["name"], components)].get("variants", {}).values()
    return any(_blends(inner) for variant in variants for inner in variant["elements"])


def _blends(node: Element) -> bool:
    """Whether an element, or one in it, is blended with what lies below the element."""
    if _mode(node):
        return True
    return not _isolates(node) and any(_blends(child) for child in node.get("children", []))


def _rules(node: Element) -> list[str]:
    style = str(node.get("attributes", {}).get("style", ""))
    return [rule.replace(" ", "") for rule in style.split(";") if rule.strip()]


def _mode(node: Element) -> str:
    found = [rule for rule in _rules(node) if rule.startswith(_MODE)]
    return found[0].removeprefix(_MODE).replace("normal", "") if found else ""


def _isolates(node: Element) -> bool:
    """Whether an element is drawn for itself before it is laid over what is below."""
    if node.get("name") in _HOLDING:
        return True
    named = {*node.get("attributes", {}), *(rule.partition(":")[0] for rule in _rules(node))}
    return bool(named & _ISOLATING)


def _pieces(drawing: Definition) -> Iterator[_Piece]:
    """Split the canvas: what holds components alone, and runs of what is always the same."""
    held: list[Element] = []
    for node in drawing["canvas"]["elements"]:
        parts = _parts([node], drawing["components"])
        if not parts:
            held.append(node)
            continue
        if held:
            yield _Piece(held, ())
            held = []
        yield _Piece([node], parts)
    if held:
        yield _Piece(held, ())


def _parts(nodes: list[Element], components: Mapping[str, Any]) -> tuple[str, ...]:
    """Components in elements, and in all that may be in those."""
    found: dict[str, None] = {}
    for inner in walk(nodes):
        if inner.get("type") == "component":
            source = _source(inner["name"], components)
            found[source] = None
            for variant in components[source].get("variants", {}).values():
                found.update(dict.fromkeys(_parts(variant["elements"], components)))
    return tuple(found)


def _source(name: str, components: Mapping[str, Any]) -> str:
    return str(components[name].get("extends", name))


def _runs(
    drawing: Definition, piece: _Piece, parts: Mapping[str, str | None]
) -> Iterator[tuple[str, Definition]]:
    """Split what a piece draws where something is blended; each run with its mode."""
    first = piece.nodes[0]
    if first.get("type") != "component" or _isolates(first) or _mode(first):
        for mode, nodes in _strips(piece.nodes):
            yield mode, _alone(drawing, nodes)
        return
    source = _source(first["name"], drawing["components"])
    worn = parts[source]
    if worn is None:
        return
    component = drawing["components"][source]
    variant = component["variants"][worn]
    for mode, nodes in _strips(variant["elements"]):
        variants = {worn: {**variant, "elements": nodes}}
        known = {**drawing["components"], source: {**component, "variants": variants}}
        yield mode, _alone({**drawing, "components": known}, [first])


def _alone(drawing: Definition, nodes: list[Element]) -> Definition:
    return {**drawing, "canvas": {**drawing["canvas"], "elements": nodes}}


def _strips(nodes: list[Element]) -> Iterator[tuple[str, list[Element]]]:
    """Yield runs of elements that are laid over, and each that is blended by itself."""
    # Masks and gradients draw nothing, and are wherever they may be referred to.
    held = shared = [node for node in nodes if node.get("name") in _HOLDING]
    for node in nodes:
        if node in shared:
            continue
        if not _blends(node):
            held = [*held, node]
            continue
        if held != shared:
            yield "", held
            held = shared
        for mode, strip in _opened(node):
            yield mode, [*shared, *strip]
    if held != shared:
        yield "", held


def _opened(node: Element) -> Iterator[tuple[str, list[Element]]]:
    """Take apart an element that is blended, or holds what is."""
    if mode := _mode(node):
        left = ";".join(rule for rule in _rules(node) if not rule.startswith(_MODE))
        yield mode, [{**node, "attributes": {**node["attributes"], "style": left}}]
        return
    for mode, strip in _strips(node["children"]):
        yield mode, [{**node, "children": strip}]
