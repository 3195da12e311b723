"""DiceBear definitions: read, changed where a pack says so, and handed to dicebear-core."""

from __future__ import annotations

import copy
import hashlib
import importlib.resources
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

if sys.version_info >= (3, 11):
    from importlib.resources.abc import Traversable
else:
    from importlib.abc import Traversable

from emojimap.errors import StyleError
from emojimap.styles.pack import Pack

Definition = dict[str, Any]
Element = dict[str, Any]

_EMPTY: Definition = {"canvas": {"width": 1, "height": 1, "elements": []}}


def load(pack: Pack) -> tuple[Definition, str]:
    """Return the definition that a pack names, unchanged.

    Parameters
    ----------
    pack : Pack
        The pack.

    Returns
    -------
    definition : dict
        Decoded JSON, not yet validated.
    digest : str
        SHA-256 of the file, hexadecimal.

    Raises
    ------
    StyleError
        If it can't be read or is no JSON object.
    """
    package, _, name = pack.definition.rpartition(":")
    try:
        source = importlib.resources.files(package) if package else pack.path.parent
    except ImportError as error:
        raise StyleError(
            f"definition {pack.definition} of style {pack.name} can't be read ({error}): "
            "install dicebear-styles, or set its path in the pack"
        ) from error
    return read(source.joinpath(name), f"definition {pack.definition} of style {pack.name}")


def read(source: Traversable, what: str = "") -> tuple[Definition, str]:
    """Return the definition in a file.

    Parameters
    ----------
    source : Path or Traversable
        A JSON file.
    what : str
        What messages call it; by default its path.

    Returns
    -------
    definition : dict
        Decoded JSON, not yet validated.
    digest : str
        SHA-256 of the file, hexadecimal.

    Raises
    ------
    StyleError
        If it can't be read or is no JSON object.
    """
    remedy = "install dicebear-styles, or set its path in the pack" if what else "give JSON"
    what = what or str(source)
    try:
        raw = source.read_bytes()
        definition = json.loads(raw)
    except (OSError, ValueError) as error:
        raise StyleError(f"{what} can't be read ({error}): {remedy}") from error
    if not isinstance(definition, dict):
        raise StyleError(f"{what} is no JSON object: give a DiceBear style")
    return definition, hashlib.sha256(raw).hexdigest()


def changed(definition: Definition, pack: Pack) -> Definition:
    """Return a copy of a definition with the pack's own colours, parts and changes in it.

    Parameters
    ----------
    definition : dict
        From `load`.
    pack : Pack
        Its pack.

    Returns
    -------
    dict
        The copy.

    Raises
    ------
    StyleError
        If the pack names a part, a variant or a layer that the definition does not have.
    """
    result = copy.deepcopy(definition)
    for name, value in pack.default["colours"].items():
        result.setdefault("colors", {}).setdefault(name, {"values": [value]})
    for part, extra in pack.extras.items():
        _add_component(result, pack, part, **extra)
    for overlay in pack.overlays:
        _set_opacity(result, pack, **overlay)
    for repaint in pack.repaints:
        _repaint(result, pack, **repaint)
    if pack.iris:
        _draw_irises(result, pack)
    return result


def elements(definition: Definition, pack: Pack, part: str, variant: str) -> list[Element]:
    """Return the elements of a variant, or raise StyleError."""
    try:
        found: list[Element] = definition["components"][part]["variants"][variant]["elements"]
    except KeyError as error:
        raise StyleError(
            f"{pack.path.name} names {part}.{variant}, which {pack.definition} does not have"
        ) from error
    return found


def walk(nodes: list[Element]) -> Iterator[Element]:
    """Yield all elements of a tree, parents first."""
    for node in nodes:
        yield node
        yield from walk(node.get("children", []))


def validate(definition: Definition, name: str) -> None:
    """Raise StyleError unless a definition is valid under DiceBear's schema.

    Takes longer than all the rest of a drawing together, and is needed once for a definition.

    Parameters
    ----------
    definition : dict
        From `load`.
    name : str
        What the message calls it.
    """
    from dicebear import Style, StyleValidationError

    try:
        Style(definition)
    except StyleValidationError as error:
        raise StyleError(f"{name} is no valid DiceBear definition: {error}") from error


def renderer(definition: Definition) -> Callable[[Definition], str]:
    """Return a function from options to SVG.

    Parameters
    ----------
    definition : dict
        A valid definition: element names go into the SVG as they are, so one that is neither
        known nor went through `validate` must not come here.

    Returns
    -------
    callable
        Options, valid under DiceBear's schema, to an SVG document.
    """
    # dicebear imports jsonschema, which takes tens of milliseconds: only to draw.
    from dicebear import Style
    from dicebear.options import Options
    from dicebear.renderer import Renderer
    from dicebear.resolver import Resolver

    style = _fill(Style, definition, _EMPTY)

    def draw(options: Definition) -> str:
        return str(Renderer(style, Resolver(style, _fill(Options, options, {}))).render())

    return draw


def head_alone(definition: Definition, pack: Pack) -> Definition:
    """Return a copy of a definition that draws no more than the head, if its pack says how.

    Parameters
    ----------
    definition : dict
        From `changed`.
    pack : Pack
        Its pack; without a table ``head`` the whole figure is drawn.

    Returns
    -------
    dict
        The copy.
    """
    result = copy.deepcopy(definition)
    if pack.head:
        first, *others = result["canvas"]["elements"]
        first["attributes"]["d"] = pack.head["path"]
        left = [node for node in others if node["name"] not in pack.head["without"]]
        result["canvas"]["elements"] = [first, *left]
    return result


def _fill(kind: Any, data: Definition, valid: Definition) -> Any:
    """Make a DiceBear object of data known to be valid, without validating it again."""
    made = kind(valid)
    if getattr(made, "_data", None) != valid:
        return kind(data)  # another dicebear-core keeps its data elsewhere: the slow way is safe
    made._data = data
    return made


def _set_opacity(
    definition: Definition, pack: Pack, part: str, variant: str, fill: str, opacity: float
) -> None:
    layers = [
        node["attributes"]
        for node in walk(elements(definition, pack, part, variant))
        if node.get("attributes", {}).get("fill") == fill and "fill-opacity" in node["attributes"]
    ]
    if not layers:
        raise StyleError(f"{pack.path.name}: {part}.{variant} has no translucent {fill} layer")
    for attributes in layers:
        attributes["fill-opacity"] = f"{opacity:g}"


def _repaint(
    definition: Definition,
    pack: Pack,
    part: str,
    variant: str,
    fill: str,
    colour: str,
    shade: float = 0.0,
    opacity: float | None = None,
) -> None:
    every = definition["components"].get(part, {}).get("variants", {})
    names = list(every) if variant == "*" else [variant]
    painted = _paint(definition, fill)
    nodes = [
        (siblings, node)
        for name in names
        for siblings, node in _siblings(elements(definition, pack, part, name))
        if node.get("attributes", {}).get("fill") == painted
    ]
    if not nodes or colour not in definition["colors"]:
        raise StyleError(f"{pack.path.name}: {part}.{variant} has no {fill} layer, or no {colour}")
    for siblings, node in nodes:
        if shade:
            over = copy.deepcopy(node)
            over["attributes"] |= {"fill": "black", "fill-opacity": f"{shade:g}"}
            siblings.insert(siblings.index(node) + 1, over)
        node["attributes"]["fill"] = {"type": "color", "name": colour}
        if opacity is not None:
            node["attributes"].pop("opacity", None)
            node["attributes"]["fill-opacity"] = f"{opacity:g}"


def _siblings(nodes: list[Element]) -> list[tuple[list[Element], Element]]:
    """All elements of a tree, each with the list that it stands in."""
    found = [(nodes, node) for node in nodes]
    for node in nodes:
        found += _siblings(node.get("children", []))
    return found


def _add_component(
    definition: Definition,
    pack: Pack,
    part: str,
    variants: Mapping[str, list[Mapping[str, Any]]],
    before: str | None = None,
) -> None:
    if part in definition["components"]:
        raise StyleError(f"{pack.path.name}: extras.{part} is a part of the definition already")
    definition["components"][part] = {
        "width": definition["canvas"]["width"],
        "height": definition["canvas"]["height"],
        "variants": {
            name: {"elements": [_layer(definition, **layer) for layer in layers]}
            for name, layers in variants.items()
        },
    }
    drawn = definition["canvas"]["elements"]
    places = [i for i, node in enumerate(drawn) if node.get("name") == before]
    if before is not None and not places:
        raise StyleError(
            f"{pack.path.name}: extras.{part}.before names {before}, which isn't drawn"
        )
    place = places[0] if places else len(drawn)
    drawn.insert(place, {"name": part, "type": "component", "attributes": {}})


def _layer(
    definition: Definition,
    path: str,
    fill: str = "none",
    stroke: str = "none",
    width: float = 1.0,
    opacity: float = 1.0,
    cap: str = "round",
) -> Element:
    attributes: dict[str, Any] = {"d": path, "fill": _paint(definition, fill)}
    if stroke != "none":
        attributes |= {
            "stroke": _paint(definition, stroke),
            "stroke-width": f"{width:g}",
            "stroke-linecap": cap,
            "stroke-linejoin": "round",
        }
    if opacity != 1.0:
        attributes["opacity"] = f"{opacity:g}"
    return {"type": "element", "name": "path", "attributes": attributes}


def _paint(definition: Definition, value: str) -> Any:
    return {"type": "color", "name": value} if value in definition["colors"] else value


def _draw_irises(definition: Definition, pack: Pack) -> None:
    iris = pack.iris
    for variant, centres in iris["centres"].items():
        nodes = elements(definition, pack, iris["part"], variant)
        nodes += [
            _circle(iris["colour"], x, y, **layer) for x, y in centres for layer in iris["layers"]
        ]


def _circle(
    colour: str, x: float, y: float, r: float, fill: str, dx: float = 0, dy: float = 0
) -> Element:
    paint = {"type": "color", "name": colour} if fill == colour else fill
    place = {"cx": f"{x + dx:g}", "cy": f"{y + dy:g}", "r": f"{r:g}"}
    return {"type": "element", "name": "circle", "attributes": {**place, "fill": paint}}
