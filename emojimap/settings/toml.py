"""Settings as TOML: written with what each one means, read with errors that name the line."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import Any, TypeVar

from emojimap.errors import ArgumentError, SettingsError
from emojimap.settings.fields import fault, wanted
from emojimap.settings.tree import Place, changed, find, places, section, sections, value

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

T = TypeVar("T")
_WIDTH = 96
_MOST_BYTES = 1 << 20
_QUOTED = re.compile(r""""[^"]*"|'[^']*'""")


def dump(root: Any, *, base: Any = None) -> str:
    """Write settings as TOML.

    Parameters
    ----------
    root : dataclass instance
        A nest of settings.
    base : dataclass instance, optional
        Leave out what is the same there.

    Returns
    -------
    str
        A table for each section; before each setting what it means and takes.
    """
    chosen = [p for p in places(root) if base is None or value(root, p) != value(base, p)]
    blocks = []
    for path in dict.fromkeys(place.path for place in chosen):
        node = section(root, path)
        inside = [place for place in chosen if place.path == path]
        lines = [f"# {_first_line(node)}", f"[{inside[0].section}]"]
        meanings, told = _meanings(type(node)), ""
        for place in inside:
            meaning = meanings.get(place.name, "")
            if meaning and meaning != told:
                lines += _comment(meaning)
            told = meaning
            lines.append(f"{place.name} = {_literal(value(root, place))}  # {wanted(place.field)}")
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def load(path: str | Path, base: T) -> T:
    """Read settings.

    Parameters
    ----------
    path : str or Path
        TOML file; what it leaves out stays as in `base`.
    base : dataclass instance
        A nest of settings.

    Returns
    -------
    dataclass instance
        Of the type of `base`.

    Raises
    ------
    SettingsError
        If the file can't be read, or a key, type, unit or value is wrong; the message names file,
        line and what to write.
    """
    path = Path(path)
    text = _text(path)
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # Beside its own error: numbers of thousands of digits, thousands of nested brackets.
        raise SettingsError(f"{path} is no TOML: {error}") from error
    lines, known = _lines(text), sections(base)
    values: dict[Place, Any] = {}
    for head, table in tables.items():
        where = _at(path, lines.get((head,)))
        if not isinstance(table, dict):
            raise SettingsError(f"{where}: {head} stands in no section, such as [{known[0]}]")
        if head not in known:
            _found(where, base, head)
        for name, raw in table.items():
            where = _at(path, lines.get((head, name), lines.get((head,))))
            place, new = _found(where, base, f"{head}.{name}"), _tuples(raw)
            if place in values:
                raise SettingsError(f"{where}: {place} is given twice")
            if wrong := fault(place.field, new):
                raise SettingsError(f"{where}: {place} {wrong}")
            values[place] = new
    try:
        return changed(base, values)
    except ArgumentError as error:
        raise SettingsError(f"{path}: {error}") from error


def _found(where: str, base: Any, name: str) -> Place:
    try:
        return find(base, name)
    except SettingsError as error:
        raise SettingsError(f"{where}: {error}") from error


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"{path} can't be read: {error.strerror}; `emojimap tune show` writes such a file"
        ) from error
    if len(raw) > _MOST_BYTES:
        raise SettingsError(f"{path} is {len(raw):,} bytes: no settings file is that large")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is no text in UTF-8: byte {error.start:,}") from error


def _at(path: Path, line: int | None) -> str:
    return f"{path} line {line}" if line else str(path)


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """Line of each table and key, counted from 1; strings over several lines may mislead it."""
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    depth = 0
    for number, line in enumerate(text.split("\n"), 1):
        code = _QUOTED.sub("", line).partition("#")[0]
        inside, depth = depth > 0, depth + code.count("[") - code.count("]")
        if inside:
            continue  # rows of a table of numbers look like headers
        if head := re.match(r"\s*\[+\s*([^\[\]]+?)\s*\]+\s*(#.*)?$", line):
            table = _keys(head[1])
            found.setdefault(table, number)
        elif key := re.match(r"\s*([\w\-.\"' ]+?)\s*=", line):
            keys = table + _keys(key[1])
            found.setdefault(keys, number)
            found.setdefault(keys[:1], number)
    return found


def _keys(text: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in text.split("."))


def _tuples(raw: Any) -> Any:
    return tuple(_tuples(each) for each in raw) if isinstance(raw, list) else raw


def _literal(one: Any) -> str:
    if isinstance(one, bool):
        return "true" if one else "false"
    if isinstance(one, tuple):
        rows = [_literal(each) for each in one]
        if any(isinstance(each, tuple) for each in one):
            return "[\n" + "".join(f"    {row},\n" for row in rows) + "]"
        return f"[{', '.join(rows)}]"
    return repr(one)


def _comment(text: str) -> list[str]:
    words, lines = text.split(), [""]
    for word in words:
        if len(lines[-1]) + len(word) + 1 > _WIDTH - 2:
            lines.append("")
        lines[-1] += f" {word}"
    return [f"#{line}" for line in lines]


def _first_line(node: Any) -> str:
    return (inspect.getdoc(node) or type(node).__name__).splitlines()[0]


def _meanings(kind: type) -> dict[str, str]:
    """Texts of a numpydoc Parameters section; names that share one text each have it."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in (inspect.getdoc(kind) or "").partition("Parameters\n")[2].splitlines()[1:]:
        if head := re.match(r"(\w[\w, ]*) : ", line):
            names = head[1].split(", ")
            continue
        if line and not line.startswith(" "):
            break
        for name in names:
            found[name] = f"{found.get(name, '')} {line.strip()}".strip()
    return found
