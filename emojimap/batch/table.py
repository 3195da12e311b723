"""The table of results: a line for each face, and one for each photo that failed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from typing import Any, get_args

from emojimap import styles
from emojimap.avatar import Avatar
from emojimap.batch.folder import Record
from emojimap.batch.job import FORMATS
from emojimap.errors import EmojimapError
from emojimap.styles.base import ColourRole, Role, Style

KINDS = ("csv", "parquet")

_FIRST = ("photo", "name", "face", "style")
_LAST = {
    "score": float,
    "confidence": float,
    "box_x": float,
    "box_y": float,
    "box_width": float,
    "box_height": float,
    "seconds": float,
    "error": str,
}
_WORN = ("headwear", "glasses")


def columns(drawn: Iterable[Style], formats: Sequence[str]) -> list[str]:
    """Name the columns.

    Parameters
    ----------
    drawn : iterable of Style
        Styles of the run.
    formats : sequence of str
        What was written of each face.

    Returns
    -------
    list of str
        Parts by their roles, as ``hair``, and by the style's own name where they have none; colours
        likewise, with ``_colour`` after it.
    """
    parts = [part for style in drawn for part in _part_columns(style)]
    roles = [role for role in get_args(Role) if role in parts]
    paints = [paint for style in drawn for paint in _colour_columns(style).values()]
    known = [f"{role}_colour" for role in get_args(ColourRole) if f"{role}_colour" in paints]
    files = [name for name in FORMATS if name in formats]
    return list(dict.fromkeys([*_FIRST, *files, *roles, *parts, *known, *paints, *_LAST]))


def rows(record: Record) -> Iterator[dict[str, Any]]:
    """Give the lines of one photo.

    Parameters
    ----------
    record : Record
        From the journal.

    Yields
    ------
    dict of str to object
        By column; what is missing is empty.
    """
    common = {"photo": record.shown, "name": record.name, "seconds": record.seconds}
    if record.error:
        yield {**common, "error": record.error}
    for row in record.rows:
        style = styles.load(row["style"])
        box = dict(zip(("box_x", "box_y", "box_width", "box_height"), row["box"], strict=True))
        paints = _colour_columns(style)
        yield {
            **common,
            "face": row["face"],
            "style": row["style"],
            **row["files"],
            **_parts(style, row),
            **{paints[name]: value for name, value in row["colours"].items()},
            "score": row["score"],
            "confidence": row["confidence"],
            **box,
        }


def as_csv(names: Sequence[str], lines: Iterable[dict[str, Any]]) -> bytes:
    """Write lines as CSV.

    Parameters
    ----------
    names : sequence of str
        Columns.
    lines : iterable of dict
        From `rows`.

    Returns
    -------
    bytes
        UTF-8. Names of photos that are not UTF-8 are written with backslashes.
    """
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue().encode("utf-8", "backslashreplace")


def as_parquet(names: Sequence[str], lines: Iterable[dict[str, Any]]) -> bytes:
    """Write lines as Parquet.

    Parameters
    ----------
    names : sequence of str
        Columns.
    lines : iterable of dict
        From `rows`.

    Returns
    -------
    bytes
        Numbers as float64, the face's number as int64, all else as text.

    Raises
    ------
    EmojimapError
        If PyArrow is missing.
    """
    check_parquet()
    pa: Any = import_module("pyarrow")
    parquet: Any = import_module("pyarrow.parquet")
    kinds: dict[Any, Any] = {float: pa.float64(), str: pa.string()}
    fields = [
        (name, pa.int64() if name == "face" else kinds[_LAST.get(name, str)]) for name in names
    ]
    filled = [{name: _text(line.get(name)) for name in names} for line in lines]
    out = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(filled, pa.schema(fields)), out)
    return out.getvalue()


def check_parquet() -> None:
    """Refuse at once what would fail at the end.

    Raises
    ------
    EmojimapError
        If PyArrow is missing.
    """
    try:
        import_module("pyarrow")
    except ImportError as error:
        raise EmojimapError(
            "--table parquet needs pyarrow: pip install 'emojimap[parquet]'"
        ) from error


def _text(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    return value


def _part_columns(style: Style) -> dict[str, list[str]]:
    """Columns, each with the part that stands in it; parts of two roles stand in either."""
    found: dict[str, list[str]] = {
        role: list(names[:1]) for role, names in style.part_names.items()
    }
    named = {name for names in found.values() for name in names}
    own = [name for name in style.parts if name not in named]
    return found | {f"{name}_part" if name in found else name: [name] for name in own}


def _parts(style: Style, row: dict[str, Any]) -> dict[str, str]:
    homes: dict[str, list[str]] = {}
    for column, names in _part_columns(style).items():
        for name in names:
            homes.setdefault(name, []).append(column)
    worn = _worn(style, row) if any(len(columns) > 1 for columns in homes.values()) else ()
    return {
        _home(homes[name], worn): variant
        for name, variant in row["parts"].items()
        if variant is not None
    }


def _home(columns: Sequence[str], worn: Sequence[str]) -> str:
    """Column of a part: of hair and hat, that of what it shows."""
    plain = [column for column in columns if column not in _WORN]
    return next((column for column in columns if column in worn), (plain or list(columns))[0])


def _worn(style: Style, row: dict[str, Any]) -> list[str]:
    shown = style.shown(Avatar(style.name, row["parts"], row["colours"]))
    return [
        name
        for name, is_worn in (("headwear", shown.headwear), ("glasses", shown.glasses != "none"))
        if is_worn
    ]


def _colour_columns(style: Style) -> dict[str, str]:
    """Column of each colour, by the style's own names."""
    roles: dict[str, str] = {name: role for role, name in style.colour_names.items()}
    taken = set(roles.values())
    return {
        name: f"{roles.get(name, f'{name}_own' if name in taken else name)}_colour"
        for name in style.colours
    }
