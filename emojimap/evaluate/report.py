"""Scores as one table of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_NAME, _CELL = 34, 13


def table(results: Mapping[str, Any]) -> str:
    """Lay out the scores.

    Parameters
    ----------
    results : mapping
        As `emojimap evaluate --json` prints it.

    Returns
    -------
    str
        Several blocks of lines.
    """
    sets = results["sets"]
    blocks = [_block(f"split {results['split']}", sets)]
    for source, groups in results["groups"].items():
        for group, kinds in groups.items():
            blocks.append(_turned(f"{source} by {group}", kinds))
    if results.get("faceless"):
        blocks.append(_lines("pictures without a face", results["faceless"]))
    blocks.append(_lines("one pass, one crop", results["latency"]))
    return "\n".join(blocks)


def _block(title: str, columns: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [f"{title:{_NAME}}" + "".join(f"{name:>{_CELL}}" for name in columns)]
    for measure in dict.fromkeys(name for column in columns.values() for name in column):
        cells = [cell(column.get(measure)) for column in columns.values()]
        lines.append(f"{measure:{_NAME}}" + "".join(f"{text:>{_CELL}}" for text in cells))
    return "\n".join(lines) + "\n"


def _turned(title: str, kinds: Mapping[str, Mapping[str, Any]]) -> str:
    """Kinds as rows, measures as columns."""
    measures = list(next(iter(kinds.values())))
    wide = max(_CELL, *(len(name) + 2 for name in measures))
    lines = [f"{title:{_NAME}}" + "".join(f"{name:>{wide}}" for name in measures)]
    for kind, values in kinds.items():
        lines.append(f"{kind:{_NAME}}" + "".join(f"{cell(values[m]):>{wide}}" for m in measures))
    return "\n".join(lines) + "\n"


def rows_table(title: str, rows: Mapping[str, Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Lay out one block: a title, a line of columns, a line for each row.

    Parameters
    ----------
    title : str
        First line.
    rows : mapping of str to mapping
        By name, values by column; a missing one is ``-``.
    columns : sequence of str
        In order.

    Returns
    -------
    str
        Lines.
    """
    name_width = max(_NAME, *(len(name) + 2 for name in rows)) if rows else _NAME
    lines = [title, " " * name_width + "".join(f"{name:>{_CELL}}" for name in columns)]
    for name, row in rows.items():
        cells = (cell(row.get(column)) for column in columns)
        lines.append(f"{name:{name_width}}" + "".join(f"{one:>{_CELL}}" for one in cells))
    return "\n".join(lines) + "\n"


def _lines(title: str, values: Mapping[str, Any]) -> str:
    lines = [f"{name:{_NAME}}{cell(value):>{_CELL}}" for name, value in values.items()]
    return "\n".join([title, *lines]) + "\n"


def cell(value: float | int | str | None) -> str:
    """Text of one value.

    Parameters
    ----------
    value : float, int, str or None
        What was measured.

    Returns
    -------
    str
        Four decimals, ``-`` for None.
    """
    if value is None:
        return "-"
    return f"{value:.4f}" if isinstance(value, float) else str(value)
