"""A style pack: the small TOML that says how to read and draw a DiceBear definition.

=====================  =====================================================================
name, title            what the style is asked for by, and called
definition             ``package:file.json``, or a path beside the pack
checked                SHA-256 of definitions known to be valid; believed of built-in packs only
optional               parts that may be absent
[roles]                hair, headwear, facial_hair ... = the style's components
[colours]              skin, hair, iris ... = the style's colour names
[default.parts]        a plain avatar; optional parts that are not named are absent
[default.colours]      every colour, "#rrggbb"
[templates]            the variants that are hair, and those that are headwear
[priors]               what is taken off a variant's score
[anchors]              eyes, two ends of the face's outline, chin: fractions of the canvas
[traits.glasses]       clear, dark = variant
[traits.mouth]         neutral, smile, twinkle, open = variant
[traits.facial_hair]   variant = covered share of moustache, chin and cheeks that it stands for
[iris]                 circles drawn over the eyes: layers, and centres by variant
[[overlays]]           translucent layers that get another opacity
[[repaints]]           layers of a fixed fill that get a colour of the style, and a shade over it
[head]                 for pictures of the head alone: its outline, an SVG path that takes the
                       place of the first layer; layers left out; pairs of colours that are one
=====================  =====================================================================
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from emojimap.avatar import hex_colour
from emojimap.errors import ArgumentError, StyleError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_REQUIRED = ("name", "definition", "roles", "colours", "default", "templates", "anchors")
_COMPLETE = {  # tables that have all of these keys, where they are there at all
    "default": {"parts", "colours"},
    "templates": {"hair", "headwear"},
    "anchors": {"eyes", "outline", "chin"},
    "iris": {"part", "colour", "layers", "centres"},
    "head": {"path", "without", "same"},
}
_COMPLETE_TRAITS = {
    "glasses": {"clear", "dark"},
    "mouth": {"neutral", "smile", "twinkle", "open"},
}
_ROLES = {
    *("hair", "headwear", "facial_hair", "glasses"),
    *("mouth", "eyes", "brows", "nose", "clothes"),
}
_COLOUR_ROLES = {"skin", "hair", "facial_hair", "headwear", "clothes", "glasses", "iris"}


@dataclass(frozen=True)
class Pack:
    """A pack as written; the module's table explains the fields.

    Parameters
    ----------
    path : Path
        Where it was read.
    digest : str
        SHA-256 of its bytes, hexadecimal.
    """

    path: Path
    digest: str
    name: str
    definition: str
    roles: Mapping[str, list[str]]
    colours: Mapping[str, str]
    default: Mapping[str, Mapping[str, str]]
    templates: Mapping[str, list[str]]
    anchors: Mapping[str, Any]
    title: str = ""
    checked: list[str] = field(default_factory=list)
    optional: list[str] = field(default_factory=list)
    priors: Mapping[str, float] = field(default_factory=dict)
    traits: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    iris: Mapping[str, Any] = field(default_factory=dict)
    overlays: list[Mapping[str, Any]] = field(default_factory=list)
    repaints: list[Mapping[str, Any]] = field(default_factory=list)
    head: Mapping[str, Any] = field(default_factory=dict)


def read(path: Path) -> Pack:
    """Return the pack in a file.

    Parameters
    ----------
    path : Path
        A TOML file.

    Returns
    -------
    Pack
        With known keys only.

    Raises
    ------
    StyleError
        If the file can't be read, is no TOML, lacks a key or has one that is unknown.
    """
    try:
        raw = path.read_bytes()
        table = tomllib.loads(raw.decode("utf-8"))
    except OSError as error:
        raise StyleError(f"{path}: {error.strerror}: give a readable pack") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StyleError(f"{path} is no TOML: {error}") from error
    known = {item.name for item in fields(Pack)} - {"path", "digest"}
    _check_keys(path, "", table, known)
    if missing := [key for key in _REQUIRED if key not in table]:
        raise StyleError(f"{path}: {', '.join(missing)} missing: compare with a built-in pack")
    _check_tables(path, table)
    return Pack(path=path, digest=hashlib.sha256(raw).hexdigest(), **table)


def _check_tables(path: Path, table: dict[str, Any]) -> None:
    _check_keys(path, "roles.", table["roles"], _ROLES)
    _check_keys(path, "colours.", table["colours"], _COLOUR_ROLES)
    traits = table.get("traits", {})
    _check_keys(path, "traits.", traits, {*_COMPLETE_TRAITS, "facial_hair"})
    for key, known in _COMPLETE_TRAITS.items():
        _check_complete(path, f"traits.{key}.", traits.get(key), known)
    for key, known in _COMPLETE.items():
        _check_complete(path, f"{key}.", table.get(key), known)
    for overlay in table.get("overlays", []):
        _check_complete(path, "overlays.", overlay, {"part", "variant", "fill", "opacity"})
    for repaint in table.get("repaints", []):
        _check_complete(path, "repaints.", repaint, {"part", "variant", "fill", "colour", "shade"})
    for layer in table.get("iris", {}).get("layers", []):
        _check_complete(
            path, "iris.layers.", {"dx": 0, "dy": 0, **layer}, {"r", "fill", "dx", "dy"}
        )
        # Fills go into the drawing: nothing but a colour may stand there.
        if layer["fill"] != table["iris"]["colour"]:
            _check_colour(path, "iris.layers.fill", layer["fill"])
    for name, value in table["default"]["colours"].items():
        _check_colour(path, f"default.colours.{name}", value)


def _check_colour(path: Path, where: str, value: Any) -> None:
    try:
        hex_colour(value, where)
    except ArgumentError as error:
        raise StyleError(f"{path}: {error}") from error


def _check_complete(path: Path, where: str, table: Any, known: set[str]) -> None:
    if table is None:
        return
    _check_keys(path, where, table, known)
    if missing := sorted(known - set(table)):
        raise StyleError(f"{path}: {where}{missing[0]} is missing: set it")


def _check_keys(path: Path, where: str, table: Any, known: set[str]) -> None:
    if not isinstance(table, dict):
        raise StyleError(f"{path}: {where[:-1]} is {table!r}: it must be a table")
    if unknown := sorted(set(table) - known):
        raise StyleError(f"{path}: unknown key {where}{unknown[0]}: use {', '.join(sorted(known))}")
