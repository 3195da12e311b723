"""Folders that photos go on coming to: new and changed ones are fitted as they come."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from emojimap import photos
from emojimap.batch.inputs import Item
from emojimap.batch.pool import Pool
from emojimap.batch.run import Report, Run
from emojimap.errors import DataError, EmojimapError

_STEADY_S = 0.5
"""A photo is read when its size has not changed for so long: it may still be written."""
_LOOK_MS = 1000


def check(folders: Sequence[Path]) -> None:
    """Refuse at once what can't be watched.

    Parameters
    ----------
    folders : sequence of Path
        Which.

    Raises
    ------
    EmojimapError
        If watchfiles is missing.
    DataError
        If there is no folder.
    """
    _watchfiles()
    if not folders:
        raise DataError("--watch needs a folder among its inputs: name one")


def follow(
    run: Run,
    look: Callable[[], Sequence[Item]],
    folders: Sequence[Path],
    pool: Pool,
    said: Callable[[Report], None],
) -> None:
    """Fit what is new in folders, and write the table after each quiet spell, until interrupted.

    Parameters
    ----------
    run : Run
        After its first pass.
    look : callable
        Lists all photos that are there now.
    folders : sequence of Path
        Where they may come to. Photos that are taken away keep their avatars.
    pool : Pool
        Where to fit.
    said : callable
        Is given what came of each spell.
    """
    unsteady = True  # what came since the first pass
    for changed in _changes(folders):
        if not (changed or unsteady):
            continue
        items = look()
        missing = run.missing(items, again=False)
        moving = _moving(missing)
        unsteady = bool(moving)
        if len(moving) < len(missing):
            said(run([item for item in items if item.key not in moving], pool, again=False))


def _changes(folders: Sequence[Path]) -> Iterator[bool]:
    """Tell, once a second or more, whether a photo came or changed."""
    watching = _watchfiles().watch(
        *folders,
        watch_filter=lambda _, path: photos.is_photo(os.path.basename(path)),
        yield_on_timeout=True,
        rust_timeout=_LOOK_MS,
        raise_interrupt=True,
    )
    for found in watching:
        yield bool(found)


def _moving(items: Sequence[Item]) -> set[str]:
    """Return the keys of photos that are still being written."""
    before = {item.key: _state(item) for item in items}
    if items:
        time.sleep(_STEADY_S)
    return {item.key for item in items if before[item.key] != _state(item)}


def _state(item: Item) -> tuple[int, int] | None:
    try:
        state = os.stat(item.path)
    except OSError:
        return None
    return state.st_size, state.st_mtime_ns


def _watchfiles() -> Any:
    try:
        return import_module("watchfiles")
    except ImportError as error:
        raise EmojimapError("--watch needs watchfiles: pip install 'emojimap[watch]'") from error
