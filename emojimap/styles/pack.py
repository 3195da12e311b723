"""A style pack: the small TOML that says how to read and draw a DiceBear definition.

=====================  =====================================================================
name, title            what the style is asked for by, and called
definition             ``package:file.json``, or a path beside the pack
checked                SHA-256 of definitions known to be valid; believed of built-in packs only
optional               parts that may be absent
[roles]                hair, back_hair, headwear, facial_hair ... = the style's components; one
                       component may fill several roles
[colours]              skin, hair, iris ... = the style's colour names
[default.parts]        a plain avatar; optional parts that are not named are absent
[default.colours]      every colour, "#rrggbb"; those that the definition lacks are the pack's own
[templates]            hair, headwear: the variants that are such, of all pieces; bald: parts of a
                       head without hair, where leaving the pieces out does not make one
[priors]               what is taken off the score of a variant, or of a template (``a+b``)
[anchors]              eyes, two ends of the face's outline, chin: fractions of the canvas
[traits.glasses]       none, clear, dark = variant; further variants of either kind with the
                       measures that they stand for
[traits.mouth]         neutral, smile, twinkle, open = variant; the same for [traits.lips]
[traits.facial_hair]   variant = covered share of moustache, chin and cheeks that it stands for
[traits.ROLE]          variant = {measure = standard deviations from the usual face}, for any
                       other role; for hair and headwear what a template looks like beside its
                       outline. Variants that are not named are never chosen
[usable]               ROLE = further variants that a face may get where parts are chosen by their
                       looks alone (`emojimap construct`): none that is sad, angry, odd or closed
[distance]             term = weight of what tells two avatars apart, for `Avatar.distance`;
                       `emojimap evaluate likeness --calibrate` prints them
[iris]                 circles drawn over the eyes: layers, and centres by variant
[extras.PART]          a component of the pack's own, drawn over all others or before one of them:
                       variants of layers (SVG paths), in numbers of the canvas
[[overlays]]           translucent layers that get another opacity
[[repaints]]           layers of a fixed fill, or in a colour of the style, that get a colour of the
                       style, and a shade over it; variant "*" for all that have such a layer
[head]                 for pictures of the head alone: its outline, an SVG path that takes the
                       place of the first layer; layers left out; pairs of colours that are one
=====================  =====================================================================
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_args

from emojimap.avatar import hex_colour
from emojimap.errors import ArgumentError, StyleError
from emojimap.styles.base import ColourRole, Role
from emojimap.traits import MEASURES

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_REQUIRED = ("name", "definition", "roles", "colours", "default", "templates", "anchors")
_ROLES = set(get_args(Role))
_COLOUR_ROLES = set(get_args(ColourRole))
_TABLES: dict[str, tuple[set[str], set[str]]] = {  # keys that must, and that may be there
    "default": ({"parts", "colours"}, set()),
    "templates": ({"hair"}, {"headwear", "bald"}),
    "anchors": ({"eyes", "outline", "chin"}, set()),
    "iris": ({"part", "colour", "layers", "centres"}, set()),
    "head": ({"path", "without", "same"}, set()),
}
_ROWS: dict[str, tuple[set[str], set[str]]] = {
    "overlays": ({"part", "variant", "fill", "opacity"}, set()),
    "repaints": ({"part", "variant", "fill", "colour"}, {"shade", "opacity"}),
}
_LAYER = ({"path"}, {"fill", "stroke", "width", "opacity", "cap"})
_COMPLETE_TRAITS = {
    "glasses": {"clear", "dark"},
    "mouth": {"neutral", "smile", "twinkle", "open"},
    "lips": {"neutral", "smile", "twinkle", "open"},
}
_NUMBER = (int, float)
_PATH = re.compile(r"[MmLlHhVvCcSsQqTtAaZz0-9eE+\-., ]{1,10000}")


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
    templates: Mapping[str, Any]
    anchors: Mapping[str, Any]
    title: str = ""
    checked: list[str] = field(default_factory=list)
    optional: list[str] = field(default_factory=list)
    priors: Mapping[str, float] = field(default_factory=dict)
    traits: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    usable: Mapping[str, list[str]] = field(default_factory=dict)
    distance: Mapping[str, Any] = field(default_factory=dict)
    iris: Mapping[str, Any] = field(default_factory=dict)
    extras: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
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
    for key, (must, may) in _TABLES.items():
        _check_complete(path, f"{key}.", table.get(key), must, may)
    for key, (must, may) in _ROWS.items():
        for row in _list(path, key, table.get(key, [])):
            _check_complete(path, f"{key}.", row, must, may)
    for key in ("checked", "optional"):
        _names(path, key, table.get(key, []))
    _check_keys(path, "roles.", table["roles"], _ROLES)
    for role, parts in table["roles"].items():
        _names(path, f"roles.{role}", parts)
    usable = _table(path, "usable", table.get("usable", {}))
    _check_keys(path, "usable.", usable, _ROLES)
    for role, variants in usable.items():
        _names(path, f"usable.{role}", variants)
    _check_keys(path, "colours.", table["colours"], _COLOUR_ROLES)
    for key in ("hair", "headwear"):
        _names(path, f"templates.{key}", table["templates"].get(key, []))
    for key, value in _table(path, "priors", table.get("priors", {})).items():
        _check_number(path, f"priors.{key}", value)
    for key, value in _table(path, "distance", table.get("distance", {})).items():
        _check_number(path, f"distance.{key}", value)
    _check_anchors(path, table["anchors"])
    _check_traits(path, table.get("traits", {}))
    _check_drawing(path, table)


def _check_anchors(path: Path, anchors: Mapping[str, Any]) -> None:
    for key, points in (("eyes", 2), ("outline", 2), ("chin", 1)):
        value = [anchors[key]] if key == "chin" else anchors[key]
        pairs = isinstance(value, list) and len(value) >= points
        if not pairs or not all(_is_pair(point) for point in value):
            wanted = "[x, y]" if points == 1 else "[[x, y], [x, y]]"
            raise StyleError(
                f"{path}: anchors.{key} is {anchors[key]!r}: give {wanted}, fractions of the canvas"
            )


def _is_pair(point: Any) -> bool:
    return (
        isinstance(point, list)
        and len(point) == 2
        and all(isinstance(value, _NUMBER) and 0 <= value <= 1 for value in point)
    )


def _check_traits(path: Path, traits: Any) -> None:
    _check_keys(path, "traits.", traits, _ROLES)
    for role, table in traits.items():
        _table(path, f"traits.{role}", table)
        if role in _COMPLETE_TRAITS and (missing := sorted(_COMPLETE_TRAITS[role] - set(table))):
            raise StyleError(f"{path}: traits.{role}.{missing[0]} is missing: set it")
        for variant, value in table.items():
            _check_trait(path, role, variant, value)


def _check_trait(path: Path, role: str, variant: str, value: Any) -> None:
    where = f"traits.{role}.{variant}"
    if role in ("mouth", "lips") or (role == "glasses" and variant in ("none", "clear", "dark")):
        if not isinstance(value, str):
            raise StyleError(f"{path}: {where} is {value!r}: name a variant")
    elif role == "facial_hair":
        shares = isinstance(value, list) and len(value) == 3
        if not shares or not all(isinstance(v, _NUMBER) and 0 <= v <= 1 for v in value):
            raise StyleError(
                f"{path}: {where} is {value!r}: give [moustache, chin, cheeks], shares 0 to 1"
            )
    else:
        known = {*MEASURES, "kind"} if role == "glasses" else set(MEASURES)
        _check_keys(path, f"{where}.", value, known)
        for measure, amount in value.items():
            if measure == "kind":
                if amount not in ("clear", "dark"):
                    raise StyleError(f"{path}: {where}.kind is {amount!r}: use clear or dark")
            else:
                _check_number(path, f"{where}.{measure}", amount)


def _check_drawing(path: Path, table: dict[str, Any]) -> None:
    """Check all that goes into the drawing: nothing but numbers, colours and paths may."""
    own = table["default"]["colours"]
    iris = table.get("iris", {})
    for layer in iris.get("layers", []):
        _check_complete(path, "iris.layers.", layer, {"r", "fill"}, {"dx", "dy"})
        for key in set(layer) - {"fill"}:
            _check_number(path, f"iris.layers.{key}", layer[key])
        _check_paint(path, "iris.layers.fill", layer["fill"], own)
    for variant, centres in iris.get("centres", {}).items():
        for centre in _list(path, f"iris.centres.{variant}", centres):
            for value in _list(path, f"iris.centres.{variant}", centre):
                _check_number(path, f"iris.centres.{variant}", value)
    for part, extra in _table(path, "extras", table.get("extras", {})).items():
        _check_complete(path, f"extras.{part}.", extra, {"variants"}, {"before"})
        for variant, layers in _table(path, f"extras.{part}", extra["variants"]).items():
            for layer in _list(path, f"extras.{part}.{variant}", layers):
                _check_layer(path, f"extras.{part}.{variant}.", layer, own)
    for row in table.get("repaints", []):
        for key in ("shade", "opacity"):
            _check_number(path, f"repaints.{key}", row.get(key, 0))
    for row in table.get("overlays", []):
        _check_number(path, "overlays.opacity", row["opacity"])
    for name, value in own.items():
        _check_colour(path, f"default.colours.{name}", value)


def _check_layer(path: Path, where: str, layer: Any, own: Mapping[str, str]) -> None:
    _check_complete(path, where, layer, *_LAYER)
    if not isinstance(layer["path"], str) or not _PATH.fullmatch(layer["path"]):
        raise StyleError(f"{path}: {where}path is no SVG path: use its commands and numbers")
    for key in ("fill", "stroke"):
        if layer.get(key, "none") != "none":
            _check_paint(path, f"{where}{key}", layer[key], own)
    for key in ("width", "opacity"):
        _check_number(path, f"{where}{key}", layer.get(key, 0))
    if layer.get("cap", "round") not in ("round", "butt"):
        raise StyleError(f"{path}: {where}cap is {layer['cap']!r}: use round or butt")


def _check_paint(path: Path, where: str, value: Any, own: Mapping[str, str]) -> None:
    if value not in own:
        _check_colour(path, where, value)


def _check_colour(path: Path, where: str, value: Any) -> None:
    try:
        hex_colour(value, where)
    except ArgumentError as error:
        raise StyleError(f"{path}: {error}") from error


def _check_number(path: Path, where: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, _NUMBER):
        raise StyleError(f"{path}: {where} is {value!r}: give a number")


def _check_complete(path: Path, where: str, table: Any, must: set[str], may: set[str]) -> None:
    if table is None:
        return
    _check_keys(path, where, table, must | may)
    if missing := sorted(must - set(table)):
        raise StyleError(f"{path}: {where}{missing[0]} is missing: set it")


def _check_keys(path: Path, where: str, table: Any, known: set[str]) -> None:
    _table(path, where[:-1], table)
    if unknown := sorted(set(table) - known):
        raise StyleError(f"{path}: unknown key {where}{unknown[0]}: use {', '.join(sorted(known))}")


def _table(path: Path, where: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise StyleError(f"{path}: {where} is {value!r}: it must be a table")
    return value


def _list(path: Path, where: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise StyleError(f"{path}: {where} is {value!r}: it must be a list")
    return value


def _names(path: Path, where: str, value: Any) -> None:
    if not all(isinstance(name, str) for name in _list(path, where, value)):
        raise StyleError(f"{path}: {where} is {value!r}: it must be a list of names")
