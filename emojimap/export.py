"""Random avatars of a vector style as labelled pictures, in the layout of the Cartoon Set.

Each picture has 500x500 pixels, RGBA, the eyes where the Cartoon Set has them, and a CSV of its
attributes beside it. They train and test other programs, and this one.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path

import numpy as np

from emojimap import files, styles
from emojimap.arrays import F32
from emojimap.avatar import Avatar
from emojimap.errors import ArgumentError, OutputError, StyleError
from emojimap.styles import Role, raster
from emojimap.styles.cartoonset import layout
from emojimap.styles.dicebear import DicebearStyle
from emojimap.workers import workers

LAYOUTS = ("cartoonset",)
LABELS = "attributes.json"
CREDITS = "CREDITS.txt"

_PARTS: Mapping[Role, str] = {"hair": "hair", "facial_hair": "facial_hair", "glasses": "glasses"}
_COLOURS = {
    "skin": "face_color",
    "hair": "hair_color",
    "iris": "eye_color",
    "glasses": "glasses_color",
}
_IRISES = ("#5b3a1e", "#2f1b10", "#7a5c34", "#5f7d4a", "#4a78a6", "#7c8a92")
_AHEAD = 8

Options = Mapping[str, tuple[str | None, ...]]


def options(style: DicebearStyle) -> dict[str, tuple[str | None, ...]]:
    """Return the attributes of a style's pictures, and the values of each in the CSV's order.

    Parameters
    ----------
    style : DicebearStyle
        A vector style.

    Returns
    -------
    dict of str to tuple
        Parts and colours, under the Cartoon Set's names where it has such an attribute.
    """
    names = _labels(style)
    found = {names[part]: variants for part, variants in style.parts.items() if part in names}
    palettes: dict[str, tuple[str | None, ...]] = {**style.palettes}
    if iris := style.colour_names.get("iris"):
        palettes[iris] = _IRISES
    for colour, values in palettes.items():
        if f"{colour}Color" in names and values:
            found[names[f"{colour}Color"]] = values
    return found


def export(
    style_name: str,
    folder: Path,
    *,
    count: int = 1000,
    seed: int = 0,
    jobs: int = 1,
    layout_name: str = "cartoonset",
    progress: Callable[[int, float], None] | None = None,
) -> None:
    """Write random avatars.

    Parameters
    ----------
    style_name : str
        A vector style.
    folder : Path
        Where to; made if it is missing. Files of the same names are replaced.
    count : int
        How many.
    seed : int
        Of the random choices; picture i of a seed is the same whatever the count.
    jobs : int
        Processes that draw.
    layout_name : {"cartoonset"}
        How they lie on the canvas and in the folder.
    progress : callable, optional
        Called with the pictures written so far and their share 0..1.

    Raises
    ------
    ArgumentError
        If the count or the layout can't be.
    StyleError
        If the style is unknown or no vector style.
    OutputError
        If something can't be written, or other pictures are there.
    """
    if count < 1 or layout_name not in LAYOUTS:
        raise ArgumentError(
            f"count {count}, layout {layout_name!r}: give 1 or more, and {', '.join(LAYOUTS)}"
        )
    style = _vector(style_name)
    files.make_folder(folder)
    mine = {picture_name(number) for number in range(count)}
    if others := [path.name for path in folder.glob("*.png") if path.stem not in mine]:
        raise OutputError(
            f"{folder} holds {len(others)} other pictures, as {min(others)}: name an empty folder"
        )
    labels = {
        name: [value or "none" for value in values] for name, values in options(style).items()
    }
    files.write(folder / LABELS, json.dumps(labels, indent=1) + "\n")
    files.write(folder / CREDITS, f"{style.credit}; {style.licence}; {style.url}\n")
    draw = partial(_write, style_name, folder, seed)
    with workers(jobs, __name__) as pool:
        waiting = deque(pool.submit(draw, i) for i in range(min(count, _AHEAD * jobs)))
        for done in range(count):
            waiting.popleft().result()
            if done + len(waiting) + 1 < count:
                waiting.append(pool.submit(draw, done + len(waiting) + 1))
            _tell(progress, done + 1, count)


def pick(style: DicebearStyle, seed: int, number: int) -> tuple[Avatar, dict[str, tuple[int, int]]]:
    """Return one random avatar with its labels.

    Parameters
    ----------
    style : DicebearStyle
        A vector style.
    seed, number : int
        Which.

    Returns
    -------
    avatar : Avatar
        Every variant and colour equally likely; a part that may be absent is so half of the time.
    labels : dict of str to (int, int)
        Value of each attribute, and how many there are.
    """
    rng = np.random.default_rng((seed, number))
    names, table = _labels(style), options(style)
    labels: dict[str, tuple[int, int]] = {}
    parts: dict[str, str | None] = {}
    colours = {}
    for part, variants in style.parts.items():
        if part in names:
            # All hair is as likely, none too; of other parts half of the pictures have none.
            optional = variants[0] is None and names[part] != "hair"
            absent = optional and rng.random() < 0.5
            value = 0 if absent else int(rng.integers(int(optional), len(variants)))
            labels[names[part]], parts[part] = (value, len(variants)), variants[value]
    for colour in style.colours:
        name = names.get(f"{colour}Color", "")
        if name in table:
            value = int(rng.integers(len(table[name])))
            labels[name], colours[colour] = (value, len(table[name])), str(table[name][value])
    return Avatar(style.name, parts, colours), labels


def picture_name(number: int) -> str:
    """Return the name of a picture, as ``cs00000012``."""
    return f"cs{number:08d}"


def frame(eyes: F32) -> tuple[float, float, float, float]:
    """Part of a canvas that a picture shows, so that the eyes are where the Cartoon Set has them.

    Parameters
    ----------
    eyes : (2, 2) ndarray of float32
        Fractions of the canvas, (x, y).

    Returns
    -------
    tuple of float
        Left, top, width and height, fractions of the canvas.
    """
    scale = float((layout.EYES[1, 0] - layout.EYES[0, 0]) / (eyes[1, 0] - eyes[0, 0]))
    middle = eyes.mean(axis=0)
    left = float(middle[0]) - float(layout.EYES[:, 0].mean()) / scale
    top = float(middle[1]) - float(layout.EYES[:, 1].mean()) / scale
    return left, top, layout.SIDE / scale, layout.SIDE / scale


def _write(style_name: str, folder: Path, seed: int, number: int) -> None:
    style = _vector(style_name)
    avatar, labels = pick(style, seed, number)
    svg = style.head_svg(avatar, frame(style.eyes))
    rows = [f'"{name}", {value}, {count}\n' for name, (value, count) in labels.items()]
    stem = folder / picture_name(number)
    files.write(stem.with_suffix(".csv"), "".join(rows))
    files.write(stem.with_suffix(".png"), raster.png(svg, layout.SIDE))


@cache
def _vector(name: str) -> DicebearStyle:
    style = styles.load(name)
    if not isinstance(style, DicebearStyle):
        raise StyleError(f"style {name} is no vector style: it can't be drawn at random")
    return style


def _labels(style: DicebearStyle) -> dict[str, str]:
    """Names in the CSV of what a picture shows: of parts, and of colours as ``hairColor``."""
    found = {part: part for part in style.parts if part not in style.unseen}
    for role, name in _PARTS.items():
        found |= dict.fromkeys(style.part_names.get(role, ()), name)
    paints = {name: role for role, name in style.colour_names.items()}
    for colour in style.colours:
        if colour not in style.unseen:
            name = _COLOURS.get(paints.get(colour, ""), f"{colour}_color")
            found[f"{colour}Color"] = name
    return found


def _tell(progress: Callable[[int, float], None] | None, count: int, total: int) -> None:
    if progress is not None:
        progress(count, count / total)
