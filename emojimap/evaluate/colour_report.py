"""Scores of the colours as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emojimap.evaluate.report import cell

_NAME, _CELL = 44, 12


def table(results: Mapping[str, Any]) -> str:
    """Lay out the scores of the colours; differences are CIEDE2000.

    Parameters
    ----------
    results : mapping
        As `emojimap evaluate colours --json` prints it.

    Returns
    -------
    str
        Several blocks of lines.
    """
    head = f"split {results['split']}, {results['photos']} photos, {results['people']} people"
    pairs = {}
    for role in ("skin", "hair"):
        pairs[role] = results[role]["people"]
        pairs[f"{role}, measured"] = results[role]["people_raw"]
    blocks = [_columns(f"{head}: same person / different", pairs)]
    if "peer" in results:
        peer = {name: value for name, value in results["peer"].items() if name != "photos"}
        title = f"{results['peer']['photos']} photos where the peer finds one face"
        blocks.append(_columns(title, peer))
    blocks += [_light(results), _thirds(results)]
    blocks.append(_lines("hair against the hand-made mask", results["hair"]["hand_made"]))
    dye = dict(results["dye"])
    blocks.append(_lines("painted hair", dye | {f"  {k}": v for k, v in dye.pop("each").items()}))
    blocks.append(_spread(results["spread"]))
    blocks.append(_lines("one photo's colours, ms", results["milliseconds"]))
    lost = {"in which no face was found": results["photos_in_other_light_without_face"]}
    return "\n".join([*blocks, _lines("photos in other light", lost)])


def _columns(title: str, columns: Mapping[str, Mapping[str, Any]]) -> str:
    wide = max(_CELL, *(len(name) + 2 for name in columns))
    lines = [title, f"{'':{_NAME}}" + "".join(f"{name:>{wide}}" for name in columns)]
    for measure in dict.fromkeys(name for column in columns.values() for name in column):
        cells = [cell(column.get(measure)) for column in columns.values()]
        lines.append(
            f"{measure.replace('_', ' '):{_NAME}}" + "".join(f"{c:>{wide}}" for c in cells)
        )
    return "\n".join(lines) + "\n"


def _light(results: Mapping[str, Any]) -> str:
    columns = {}
    for role in ("skin", "hair"):
        found = dict(results[role]["light"])
        columns[role] = found | found.pop("each", {})
    return _columns("change in simulated light", columns)


def _thirds(results: Mapping[str, Any]) -> str:
    columns = {role: results[role]["thirds"] for role in ("skin", "hair")}
    return _columns("median change in simulated light by thirds of skin lightness", columns)


def _spread(found: Mapping[str, Any]) -> str:
    columns = {
        role: {
            name: value if isinstance(value, int) else " ".join(f"{v:g}" for v in value)
            for name, value in one.items()
        }
        for role, one in found.items()
    }
    lines = ["spread over people (L*, a*, b*; L* at 2, 25, 50, 75, 98%)"]
    for role, one in columns.items():
        lines += [
            f"{role + ' ' + name.replace('_', ' '):{_NAME}}{text}" for name, text in one.items()
        ]
    return "\n".join(lines) + "\n"


def _lines(title: str, values: Mapping[str, Any]) -> str:
    lines = [
        f"{name.replace('_', ' '):{_NAME}}{cell(value):>{_CELL}}" for name, value in values.items()
    ]
    return "\n".join([title, *lines]) + "\n"
