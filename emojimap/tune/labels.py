"""True colours of faces, as a person has picked them: one line of a CSV file for each photo.

    photo,skin,hair,iris
    faces/anna.jpg,#d9a183,#3b2a20,
    faces/ben.jpg,#8d5a3b,,#4a2f1c

A blank means that the photo doesn't tell. Photos are named relative to the file's own folder.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from emojimap import files
from emojimap.errors import ArgumentError, DataError, OutputError

COLOURS = ("skin", "hair", "iris")
"""What is judged, in the order of the columns."""

_COLUMNS = ("photo", *COLOURS)
_HEADER = ",".join(_COLUMNS)
_HEX = re.compile(r"#?([0-9a-fA-F]{6})")


@dataclass(frozen=True)
class Label:
    """True colours of the face in one photo; None where nobody has judged.

    Parameters
    ----------
    photo : Path
        The photo.
    skin : str or None
        ``#rrggbb``, lower case.
    hair : str or None
        The same.
    iris : str or None
        The same.
    """

    photo: Path
    skin: str | None = None
    hair: str | None = None
    iris: str | None = None

    def __post_init__(self) -> None:
        for name in COLOURS:
            value = getattr(self, name)
            if value is not None and value != as_hex(value):
                raise ArgumentError(f"{name} is {value!r}: give #rrggbb in lower case, or None")

    @property
    def judged(self) -> bool:
        """Whether any colour is known."""
        return any(getattr(self, name) is not None for name in COLOURS)


def as_hex(text: str) -> str:
    """Bring a colour into the one form that labels have.

    Parameters
    ----------
    text : str
        Six hexadecimal digits, with or without ``#``.

    Returns
    -------
    str
        ``#rrggbb``, lower case.

    Raises
    ------
    ArgumentError
        If it is something else, the three-digit form included.
    """
    found = _HEX.fullmatch(text)
    if found is None:
        raise ArgumentError(f"{text!r} is no colour: give six hexadecimal digits, as in #d9a183")
    return f"#{found[1].lower()}"


def place(photo: Path) -> Path:
    """Return where a photo lies, by which two ways of naming it are seen to be one.

    Links to folders are followed. A link to a photo is a photo of its own, with its own label.

    Parameters
    ----------
    photo : Path
        Relative or absolute.

    Returns
    -------
    Path
        Absolute.
    """
    photo = Path(os.path.abspath(photo)) if photo.name in ("", "..") else photo
    return Path(os.path.realpath(photo.parent)) / photo.name


def read(path: str | Path, *, root: Path | None = None, unfinished: bool = False) -> list[Label]:
    """Read labels, also as Excel saves them: with semicolons, CRLF or a byte order mark.

    Parameters
    ----------
    path : str or Path
        A CSV file with the columns photo, skin, hair, iris in any order.
    root : Path, optional
        Folder that the photos' names start at; by default the file's own.
    unfinished : bool
        Whether the work on it goes on: then there may be no label yet, and photos may be gone.

    Returns
    -------
    list of Label
        In the order of the file, lines without any colour included.

    Raises
    ------
    DataError
        If something is wrong; it names the file, the line and the value.
    """
    path = Path(path)
    root = path.parent if root is None else root
    rows = _rows(path)
    where, cells = next(rows, ("", []))
    columns = _columns(f"{path}, {where}", cells)
    labels: dict[Path, tuple[str, Label]] = {}
    for where, cells in rows:
        label = _label(f"{path}, {where}", _cells(f"{path}, {where}", columns, cells), root)
        first, _ = labels.setdefault(place(label.photo), (where, label))
        if first != where:
            raise DataError(f"{path}, {where}: {label.photo} stands in {first} too: delete one")
        if not unfinished and not os.path.isfile(label.photo):
            raise DataError(
                f"{path}, {where}: there is no photo {label.photo}: correct the path (it starts at "
                f"{root}) or delete the line"
            )
    found = [label for _, label in labels.values()]
    if not unfinished and not any(label.judged for label in found):
        raise DataError(f"{path} holds no colour: label photos first")
    return found


def _rows(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Lines that hold anything, each with its number in words."""
    text = _text(path)
    header = text.lstrip().splitlines()[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    # Strict: a quotation mark that is never closed would swallow the rest in silence.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        where = f"line {reader.line_num + 1}"
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(
                f"{path}, {where}: can't be read as CSV ({error}): mend the quotation marks"
            ) from error
        if any(cell.strip() for cell in cells):
            yield where, cells


def _text(path: Path) -> str:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file, check the path or label photos first") from error
    except OSError as error:
        raise DataError(f"{path} can't be read ({error.strerror}): name a CSV file") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path}, line {line}: byte {error.object[error.start]:#04x} is no UTF-8: save it as "
            "'CSV UTF-8'"
        ) from error
    if not text.strip():
        raise DataError(f"{path} is empty: its first line must be {_HEADER}")
    return text


def _columns(where: str, cells: list[str]) -> list[str]:
    """Names of the columns; Excel may leave blank ones behind them."""
    columns = [cell.strip().lower() for cell in cells]
    while columns and not columns[-1]:
        columns.pop()
    missing = [name for name in _COLUMNS if name not in columns]
    unknown = [name for name in columns if name not in _COLUMNS]
    if missing:
        raise DataError(
            f"{where}: no column {', '.join(missing)}: the first line must be {_HEADER}"
        )
    if unknown:
        raise DataError(f"{where}: unknown column {unknown[0]!r}: keep only {_HEADER}")
    if len(columns) > len(_COLUMNS):
        raise DataError(f"{where}: a column stands twice: keep only {_HEADER}")
    return columns


def _cells(where: str, columns: list[str], cells: list[str]) -> dict[str, str]:
    """Cells of a line by column; those that are missing at its end are blank."""
    for extra in cells[len(columns) :]:
        if extra.strip():
            raise DataError(
                f"{where}: {extra!r} is beyond the last column: quote names with commas"
            )
    cells = cells + [""] * len(columns)
    return dict(zip(columns, cells, strict=False))


def _label(where: str, cells: dict[str, str], root: Path) -> Label:
    if not cells["photo"].strip():
        raise DataError(f"{where}: no photo is named: fill in its path or delete the line")
    colours: dict[str, str | None] = {}
    for name in COLOURS:
        text = cells[name].strip()
        try:
            colours[name] = as_hex(text) if text else None
        except ArgumentError as error:
            raise DataError(f"{where}: {name}: {error}, or leave it blank") from error
    return Label(root / cells["photo"], **colours)


def write(path: str | Path, labels: Iterable[Label]) -> None:
    """Write labels whole: a reader never meets half a file.

    Parameters
    ----------
    path : str or Path
        The CSV file; its folder must exist.
    labels : iterable of Label
        One line each, in this order. Photos are named relative to the file's folder, except on
        another drive.

    Raises
    ------
    OutputError
        If it can't be written, or the name of a photo can't be.
    """
    path = Path(path)
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(_line(label, path) for label in labels)
    files.write(path, lines.getvalue())


def _line(label: Label, path: Path) -> Sequence[str]:
    name = _relative(label.photo, path)
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise OutputError(f"{name!r} can't be written as UTF-8: rename the photo") from error
    # The # keeps spreadsheets from taking 001234 or 12e456 for numbers.
    return [name, *(getattr(label, colour) or "" for colour in COLOURS)]


def _relative(photo: Path, path: Path) -> str:
    photo = place(photo)
    try:
        return Path(os.path.relpath(photo, os.path.realpath(path.parent))).as_posix()
    except ValueError:  # another drive
        return photo.as_posix()
