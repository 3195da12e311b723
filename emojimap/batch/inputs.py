"""Which photos a run is about: folders, patterns, tables and lists become one list without doubles.

folder · pattern · photo · table.csv · list on stdin ─> items ─> names of their files (names.py)
"""

from __future__ import annotations

import csv
import glob
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from emojimap import photos
from emojimap.errors import DataError

STDIN = "-"
"""Stands for a list of paths on the standard input."""

_PHOTO, _NAME, _STYLE = ("photo", "path"), "name", "style"
_WILD = "*?["


@dataclass(frozen=True)
class Item:
    """One photo to fit.

    Parameters
    ----------
    shown : str
        The path as it was given; what tables and messages say.
    path : str
        Absolute.
    name : str
        What its files are to be called: a path below the folder of results, with the photo's
        suffix.
    style : str
        Style that was asked for beside it; empty for that of the run.
    fixed : bool
        Whether the name was given by hand, and stands as it is.
    fault : str
        Why there is nothing to fit; else empty.
    """

    shown: str
    path: str
    name: str
    style: str = ""
    fixed: bool = False
    fault: str = ""

    @property
    def key(self) -> str:
        """What it is known by from one run to the next."""
        return f"{self.path}\0{self.style}" if self.style else self.path


@dataclass
class Found:
    """What was asked for.

    Parameters
    ----------
    items : list of Item
        In order, each once.
    doubles : list of str
        Photos that were named again.
    folders : list of Path
        Folders among the inputs.
    """

    items: list[Item] = field(default_factory=list)
    doubles: list[str] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)


def gather(sources: Sequence[str], *, out: Path | None = None, listed: bytes = b"") -> Found:
    """List the photos of several sources.

    Parameters
    ----------
    sources : sequence of str
        Folders, patterns (``**`` for any depth), photos, tables (``.csv``), or ``-``.
    out : Path, optional
        Folder of the results, which is passed over where it lies in another.
    listed : bytes
        What ``-`` stands for: one path per line, or ended by NUL each.

    Returns
    -------
    Found
        A path that does not exist is an item with a fault, not an error.

    Raises
    ------
    DataError
        If a folder or a table can't be read, or a table gives a name that can't be one.
    """
    found = Found()
    seen = set()
    for source in sources:
        for item in _of(source, out, listed, found.folders):
            if item.key in seen:
                found.doubles.append(item.shown)
                continue
            seen.add(item.key)
            found.items.append(item)
    return found


def _of(source: str, out: Path | None, listed: bytes, folders: list[Path]) -> Iterable[Item]:
    if source == STDIN:
        return [_listed(path, "") for path in _lines(listed)]
    path = Path(source)
    if path.is_dir():
        folders.append(path)
        return _below(photos.walk(path, but=out), path)
    if path.suffix.lower() == ".csv" and path.exists():
        return list(_table(path))
    if not path.exists() and any(sign in source for sign in _WILD):
        return _matches(source, out)
    return [_single(source)]


def _single(source: str) -> Item:
    fault = "" if os.path.lexists(source) else "no such file, check the path"
    return Item(source, os.path.abspath(source), PurePath(source).name or "photo", fault=fault)


def _below(paths: Iterable[Path], folder: Path) -> list[Item]:
    return [
        Item(str(path), os.path.abspath(path), path.relative_to(folder).as_posix())
        for path in paths
    ]


def _matches(pattern: str, out: Path | None) -> list[Item]:
    """Photos that fit a pattern, named below its part without wildcards."""
    fixed: list[str] = []
    for part in PurePath(pattern).parts:
        if any(sign in part for sign in _WILD):
            break
        fixed.append(part)
    root = Path(*fixed)
    aside = None if out is None else Path(os.path.realpath(out))
    paths = sorted(
        Path(path)
        for path in glob.glob(pattern, recursive=True)
        if photos.is_photo(os.path.basename(path))
        and not os.path.isdir(path)
        and (aside is None or aside not in Path(os.path.realpath(path)).parents)
    )
    if not paths:
        fault = "no photo fits this pattern, check it"
        return [Item(pattern, os.path.abspath(pattern), "pattern", fault=fault)]
    return _below(paths, root)


def _lines(listed: bytes) -> list[str]:
    end = b"\0" if b"\0" in listed else b"\n"
    lines = (line.rstrip(b"\r") if end == b"\n" else line for line in listed.split(end))
    return [os.fsdecode(line) for line in lines if line.strip()]


def _listed(path: str, below: str) -> Item:
    """One path of a list; a relative one lies below a folder and is named by its own folders."""
    absolute = os.path.abspath(os.path.join(below, path))
    name = PurePath(path)
    if name.is_absolute() or ".." in name.parts:  # all of the path, below the results
        name = PurePath(absolute).relative_to(PurePath(absolute).anchor)
    fault = "" if os.path.lexists(absolute) else "no such file, check the path"
    return Item(
        os.path.join(below, path) if below else path,
        absolute,
        name.as_posix() if name.name else "photo",
        fault=fault,
    )


def _table(path: Path) -> Iterator[Item]:
    rows = _rows(path)
    header = [cell.strip().lower() for cell in rows[0][1]]
    photo = next((header.index(name) for name in _PHOTO if name in header), None)
    if photo is not None:
        rows = rows[1:]
    elif len(header) > 1 and not photos.is_photo(rows[0][1][0].strip()):
        raise DataError(
            f"{path} has the columns {', '.join(rows[0][1])}: call that of the paths `photo`"
        )
    else:
        header = []
    for line, row in rows:
        yield _row(path, line, row, header, photo or 0)


def _row(path: Path, line: int, row: list[str], header: list[str], photo: int) -> Item:
    cells = {name: cell.strip() for name, cell in zip(header, row, strict=False)}
    given = row[photo].strip() if photo < len(row) else ""
    if not given:
        where = f"{path}:{line}"
        return Item(where, os.path.abspath(where), "photo", fault="the line names no photo")
    item = _listed(given, os.path.dirname(path))
    name, style = cells.get(_NAME, ""), cells.get(_STYLE, "")
    if name:
        _check(name, f"{path}, line {line}")
    return Item(item.shown, item.path, name or item.name, style, bool(name), item.fault)


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Lines that are not empty, with their numbers."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path} can't be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8") from error
    first = text.partition("\n")[0]
    sign = ";" if ";" in first and "," not in first else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign)
    try:
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: no CSV ({error})") from error
    if not rows:
        raise DataError(f"{path} is empty: give a column `photo` with paths")
    return rows


def _check(name: str, where: str) -> None:
    parts = name.split("/")
    reason = (
        "it must stay below the folder of results"
        if name.startswith("/") or PurePath(name).drive or ".." in parts or "." in parts
        else "a part of it is empty"
        if not all(parts)
        else "a part of it is hidden"
        if any(part.startswith(".") for part in parts)
        else "it has a backslash or a sign that can't be printed"
        if "\\" in name or not name.isprintable()
        else ""
    )
    if reason:
        raise DataError(f"{where}: name {name!r} can't be used, {reason}: use words like team/anna")
