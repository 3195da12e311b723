"""A first pack for a DiceBear definition, by looking at it.

Roles and moods are guessed from names, places from drawings: the eyes by drawing the face with and
without them, the outline by the skin alone. What can't be seen is guessed and marked; a person has
to look over the rest too.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emojimap.arrays import F64, Bool
from emojimap.errors import StyleError
from emojimap.styles import definition as definition_
from emojimap.styles.base import Role
from emojimap.styles.definition import Definition, Element
from emojimap.styles.raster import pixels

_SIDE = 512
_EAR, _NECK = 8, 0.55  # rows in which an ear ends; width of a neck, widths of the face
_ROLES: tuple[tuple[Role, str], ...] = (  # the first word that is found in a part's name decides
    ("facial_hair", r"facial|beard|mou?stache"),
    ("back_hair", r"(rear|back).*hair|hair.*(rear|back)"),
    ("sideburns", r"sideburn"),
    ("headwear", r"^(hat|headwear|cap)s?$"),
    ("hair", r"hair|^top$"),
    ("glasses", r"glasses|accessor"),
    ("brows", r"brow"),
    ("eyes", r"^eyes?$"),
    ("mouth", r"mouth|lips"),
    ("nose", r"nose"),
    ("ears", r"^ears?$"),
    ("face", r"^(head|face)$"),
    ("clothes", r"cloth|shirt|outfit"),
)
_COLOURS = (
    ("facial_hair", r"facial|beard"),
    ("hair", r"hair"),
    ("skin", r"skin|^base$"),
    ("headwear", r"hat|headwear"),
    ("clothes", r"cloth|shirt"),
    ("glasses", r"glasses|accessor"),
    ("iris", r"iris|^eyes?$"),
    ("brows", r"brow"),
)
_PLAIN = {
    "eyes": ("default", "open", "happy", "normal", "round"),
    "mouth": ("smile", "twinkle", "happy", "default"),
    "brows": ("defaultNatural", "neutral", "default", "normal"),
    "clothes": ("shirtCrewNeck", "tShirt", "shirt", "rounded"),
}
_MOODS = re.compile(
    r"sad|angry|closed|cry|dizz|frown|scream|vomit|concern|sleep|(?<!t)wink|tongue|pacifier|disbelief",
    re.I,
)
_HATS = re.compile(r"hat|hijab|turban|beanie|^cap$|helmet|hood", re.I)
_DARK_GLASSES = re.compile(r"sun|dark|shade|wayfarer|kurt", re.I)
_GLASSES = re.compile(r"glass|prescription|round", re.I)
_MOUTHS = (
    ("neutral", r"serious|neutral|straight|default|smile"),
    ("smile", r"twinkle|smile|happy|default"),
    ("twinkle", r"twinkle|smile|happy|default"),
    ("open", r"laugh|bigsmile|^smile|open|teeth|smile|happy|default"),
)
_SKIN_MARK, _DARK = "#ff0000", "#000000"
_GUESS = {"eyes": [[0.4, 0.45], [0.6, 0.45]], "outline": [[0.3, 0.45], [0.7, 0.45]]}
_CHIN_GUESS = [0.5, 0.7]


@dataclass(frozen=True, eq=False)
class Sketch:
    """What was found in a definition.

    Parameters
    ----------
    roles : dict of str to list of str
        Components by role.
    colours : dict of str to str
        Colours by role.
    parts, palette : dict of str to str
        A plain avatar.
    optional : list of str
        Components that may be absent.
    hair, headwear : list of str
        Variants that are such.
    anchors : dict
        See `emojimap.styles.pack`.
    guessed : list of str
        What could not be seen, in words.
    """

    roles: dict[str, list[str]]
    colours: dict[str, str]
    parts: dict[str, str]
    palette: dict[str, str]
    optional: list[str]
    hair: list[str]
    headwear: list[str]
    anchors: dict[str, Any]
    guessed: list[str]


def look(definition: Definition) -> Sketch:
    """Find roles, colours, a plain avatar and the places of a definition.

    Parameters
    ----------
    definition : dict
        Valid under DiceBear's schema.

    Returns
    -------
    Sketch
        For `toml`.

    Raises
    ------
    StyleError
        If it has no component that could be hair: such a style can't be fitted.
    """
    components = {
        name: list(component["variants"])
        for name, component in definition.get("components", {}).items()
        if component.get("variants")
    }
    roles = _by_name(components, _ROLES, several=True)
    if "hair" not in roles:
        raise StyleError(
            f"none of {', '.join(components) or 'no components'} is named like hair: a style "
            "without hair can't be fitted; if one of them is, write the pack by hand"
        )
    _behind(definition, roles)
    colours = {role: names[0] for role, names in _by_name(definition["colors"], _COLOURS).items()}
    optional = _optional(definition, roles)
    pieces = [part for role in ("hair", "back_hair") for part in roles.get(role, [])]
    worn = sorted({v for part in pieces for v in components[part] if _HATS.search(v)})
    hair = [v for part in pieces for v in components[part] if v not in worn]
    worn += [v for part in roles.get("headwear", []) for v in components[part]]
    if worn and "headwear" not in roles:
        roles["headwear"] = [p for p in roles["hair"] if set(components[p]) & set(worn)]
    parts = {
        name: _plain(role, variants)
        for name, variants in components.items()
        for role in [next((r for r, parts in roles.items() if name in parts), "")]
        if name not in optional
    }
    palette = {
        name: str((colour.get("values") or ["#808080"])[0])
        for name, colour in definition["colors"].items()
    }
    anchors, guessed = _anchors(definition, roles, colours, parts, palette)
    return Sketch(
        roles, colours, parts, palette, optional, list(dict.fromkeys(hair)), worn, anchors, guessed
    )


def name_of(path: Path) -> str:
    """Return a name that a style may have, from that of its file: ``My Art.json`` is my-art."""
    return "-".join(re.findall(r"[a-z][a-z0-9]*", path.stem.lower())) or "style"


def is_moody(variant: str) -> bool:
    """Tell whether the name of a variant speaks of a mood that suits nobody."""
    return _MOODS.search(variant) is not None


def toml(sketch: Sketch, name: str, source: str, definition: Definition) -> str:
    """Write a pack.

    Parameters
    ----------
    sketch : Sketch
        From `look`.
    name : str
        What the style will be asked for by.
    source : str
        Path of the definition as the pack shall name it.
    definition : dict
        The definition.

    Returns
    -------
    str
        TOML.
    """
    title = definition.get("meta", {}).get("source", {}).get("name", name)
    lines = [
        f"# How emojimap reads and draws the {name} style: a first draft, made by looking at the",
        "# definition. Look it over, then run: emojimap styles check THIS_FILE --sheet masks.png",
        *(f"# Guessed, not seen: {text}" for text in sketch.guessed),
        f"name = {_text(name)}",
        f"title = {_text(title)}",
        f"definition = {_text(source)}",
        f"optional = {_text(sketch.optional)}",
        "",
        "[roles]",
        *(f"{role} = {_text(parts)}" for role, parts in sketch.roles.items()),
        "",
        "[colours]",
        *(f"{role} = {_text(colour)}" for role, colour in sketch.colours.items()),
        "",
        "[default.parts]",
        *(f"{part} = {_text(variant)}" for part, variant in sketch.parts.items()),
        "",
        "[default.colours]",
        *(f"{colour} = {_text(value)}" for colour, value in sketch.palette.items()),
        "",
        "[templates]",
        f"hair = {_text(sketch.hair)}",
        *([f"headwear = {_text(sketch.headwear)}"] if sketch.headwear else []),
        "",
        "[priors]  # what odd variants cost: 0.02 a little, 0.2 much",
        "",
        "[anchors]  # fractions of the canvas; the outline leaves the ears out",
        *(f"{key} = {_text(value)}" for key, value in sketch.anchors.items()),
        *_trait_lines(sketch, definition),
    ]
    return "\n".join(lines) + "\n"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)  # strings and lists are written as in TOML


def _trait_lines(sketch: Sketch, definition: Definition) -> list[str]:
    def variants(role: str) -> list[str]:
        parts = sketch.roles.get(role, [])
        return [v for part in parts for v in definition["components"][part]["variants"]]

    lines: list[str] = []
    frames = [v for v in variants("glasses") if _GLASSES.search(v) or _DARK_GLASSES.search(v)]
    dark = [v for v in frames if _DARK_GLASSES.search(v)]
    clear = [v for v in frames if v not in dark]
    if frames:
        clear, dark = clear or dark, dark or clear
        lines += ["", "[traits.glasses]", f"clear = {_text(clear[0])}", f"dark = {_text(dark[0])}"]
    mouths = [v for v in variants("mouth") if not _MOODS.search(v)]
    if mouths:
        lines += ["", "[traits.mouth]"]
        lines += [f"{mood} = {_text(_named(mouths, words))}" for mood, words in _MOUTHS]
    if beards := variants("facial_hair"):
        lines += ["", "[traits.facial_hair]  # shares of moustache, chin, cheeks that it covers"]
        lines += [f"{v} = {_text(_beard(v))}" for v in beards]
    return lines


def _beard(variant: str) -> list[float]:
    word = variant.lower()
    if "mou" in word or "mus" in word or "walrus" in word:
        return [0.85, 0.9, 0.7] if "beard" in word else [0.8, 0.0, 0.0]
    if any(short in word for short in ("goatee", "chin", "soul")):
        return [0.5, 0.5, 0.1]
    return [0.9, 0.9, 0.8]


def _named(names: list[str], words: str) -> str:
    for word in words.split("|"):
        for name in names:
            if re.search(word, name, re.I):
                return name
    return names[0]


def _by_name(
    names: Iterable[str], table: Iterable[tuple[str, str]], *, several: bool = False
) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        for role, words in table:
            if re.search(words, name, re.I):
                if several or role not in found:
                    found.setdefault(role, []).append(name)
                break
    return {role: found[role] for role, _ in table if role in found}


def _behind(definition: Definition, roles: dict[str, list[str]]) -> None:
    """Move pieces of hair that are drawn before the face to the back hair."""
    drawn = [node.get("name") for node in definition["canvas"]["elements"]]
    face = min((drawn.index(p) for p in roles.get("face", []) if p in drawn), default=-1)
    back = [part for part in roles["hair"] if part in drawn and drawn.index(part) < face]
    if back and len(back) < len(roles["hair"]):
        roles["hair"] = [part for part in roles["hair"] if part not in back]
        roles["back_hair"] = [*roles.get("back_hair", []), *back]


def _optional(definition: Definition, roles: Mapping[str, list[str]]) -> list[str]:
    loose = {p for r in ("facial_hair", "glasses", "back_hair") for p in roles.get(r, [])}
    return [
        name
        for name, component in definition["components"].items()
        if component.get("variants") and ("probability" in component or name in loose)
    ]


def _plain(role: str, variants: list[str]) -> str:
    for wanted in _PLAIN.get(role, ()):
        for variant in variants:
            if variant.lower() == wanted.lower():
                return variant
    calm = [variant for variant in variants if not _MOODS.search(variant)]
    return (calm or variants)[0]


def _anchors(
    definition: Definition,
    roles: Mapping[str, list[str]],
    colours: Mapping[str, str],
    parts: Mapping[str, str],
    palette: Mapping[str, str],
) -> tuple[dict[str, Any], list[str]]:
    guessed = []
    options = _options(definition, parts, palette)
    eyes = _eyes(definition, roles.get("eyes", []), options)
    if eyes is None:
        eyes = np.array(_GUESS["eyes"])
        guessed.append("the place of the eyes")
    outline, chin = _GUESS["outline"], _CHIN_GUESS
    skin = _skin(definition, roles, colours.get("skin", ""), options)
    found = None if skin is None else _face(skin, eyes)
    if found is None:
        guessed.append("the outline of the face")
    else:
        outline, chin = found
    anchors = {"eyes": eyes.round(4).tolist(), "outline": outline, "chin": chin}
    return anchors, guessed


def _options(
    definition: Definition, parts: Mapping[str, str], palette: Mapping[str, str]
) -> Definition:
    options: Definition = {"seed": "emojimap"}
    for name in definition["components"]:
        options[f"{name}Probability"] = 100 if name in parts else 0
        if name in parts:
            options[f"{name}Variant"] = parts[name]
    return options | {f"{name}Color": [value[1:]] for name, value in palette.items()}


def _eyes(definition: Definition, parts: list[str], options: Definition) -> F64 | None:
    """Centres of what the eyes' component draws, left and right of the middle."""
    if not parts:
        return None
    without = options | {f"{part}Probability": 0 for part in parts}
    draw = definition_.renderer(definition)
    a, b = (pixels(draw(one), _SIDE, "white").astype(int) for one in (options, without))
    rows, columns = np.nonzero(np.abs(a - b).max(axis=2) > 40)
    if not rows.size:
        return None
    left = columns < (columns.min() + columns.max()) / 2
    centres = [
        [(columns[s].min() + columns[s].max() + 1) / 2, (rows[s].min() + rows[s].max() + 1) / 2]
        for s in (left, ~left)
        if s.any()
    ]
    return np.array(centres) / _SIDE if len(centres) == 2 else None


def _skin(
    definition: Definition, roles: Mapping[str, list[str]], colour: str, options: Definition
) -> Bool | None:
    """Pixels of the skin, the ears and all that covers the face left away."""
    if not colour:
        return None
    away = {p for r, parts in roles.items() if r not in ("face", "clothes") for p in parts}
    bare = options | {f"{part}Probability": 0 for part in away}
    marked = copy.deepcopy(definition)
    _paint(marked["canvas"]["elements"], colour)
    for component in marked["components"].values():
        for variant in component.get("variants", {}).values():
            _paint(variant["elements"], colour)
    image = pixels(definition_.renderer(marked)(bare), _SIDE, "black")
    found: Bool = image[:, :, 0] > 127
    return found if found.any() else None


def _paint(nodes: list[Element], colour: str) -> None:
    for node in definition_.walk(nodes):
        attributes = node.get("attributes", {})
        for key in ("fill", "stroke"):
            value = attributes.get(key)
            if isinstance(value, dict):
                attributes[key] = _SKIN_MARK if value.get("name") == colour else _DARK


def _face(skin: Bool, eyes: F64) -> tuple[list[list[float]], list[float]] | None:
    """Two ends of the outline and the chin, where a neck makes the skin narrow."""
    middle, row = (eyes.mean(axis=0) * _SIDE).astype(int)
    runs = [_run(skin[y], middle) for y in range(row, _SIDE)]
    widths = np.array([0 if run is None else run[1] - run[0] for run in runs])
    if not widths[0]:
        return None
    drop = int((eyes[1, 0] - eyes[0, 0]) * _SIDE)
    if len(widths) <= drop:
        return None
    # Ears stand out at the eyes' height: the face begins where the width falls at their end.
    falls = widths[: drop - _EAR] - widths[_EAR:drop]
    ears = falls.max() > 0.05 * widths[:drop].max()
    at = int(np.argmax(falls)) + _EAR if ears else 0
    left, right = runs[at] or (0, 0)
    narrow = np.nonzero(widths < _NECK * (right - left))[0]
    neck = narrow.size and widths[min(int(narrow[0]) + drop // 3, len(widths) - 1)]
    # A neck begins there and hides the rest of what is about an ellipse.
    hidden = int(narrow[0]) / float(np.sqrt(1 - _NECK**2)) if neck else 0.0
    down = hidden or float(np.nonzero(widths)[0].max())
    height = (row + 0.5) / _SIDE
    ends = [[round(float(x) / _SIDE, 4), round(height, 4)] for x in (left, right)]
    chin = [round(float(eyes[:, 0].mean()), 4), round((row + down) / _SIDE, 4)]
    return ends, chin


def _run(row: Bool, middle: int) -> tuple[int, int] | None:
    """Return the ends of the run of True that holds a column."""
    if not row[middle]:
        return None
    left = middle - int(np.argmin(row[middle::-1])) if not row[: middle + 1].all() else -1
    right = middle + int(np.argmin(row[middle:])) if not row[middle:].all() else len(row)
    return left + 1, right
