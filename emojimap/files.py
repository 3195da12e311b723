"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from emojimap.errors import OutputError


@contextlib.contextmanager
def whole(target: str | Path) -> Iterator[Path]:
    """Give a draft beside a file, and move it over the file when all went well.

    A reader never meets half a file, and a link keeps pointing where it pointed.

    Parameters
    ----------
    target : str or Path
        The file to write; its folder must exist.

    Yields
    ------
    Path
        Where to write. It is removed if anything is raised.

    Raises
    ------
    OutputError
        If the draft can't be written or moved.
    """
    real = Path(os.path.realpath(target))
    draft = real.with_name(f".{secrets.token_hex(8)}{real.suffix}")
    try:
        yield draft
        os.replace(draft, real)
    except OSError as error:
        raise OutputError(
            f"{target} can't be written ({error.strerror or error}): choose a folder that exists, "
            "may be written to and has room"
        ) from error
    finally:
        with contextlib.suppress(OSError):  # gone by now, unless something went wrong
            draft.unlink()


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, if it is missing.

    Parameters
    ----------
    folder : Path
        The folder.

    Raises
    ------
    OutputError
        If it can't be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} can't be made ({error.strerror}): name another") from error


def write(target: str | Path, content: bytes | str) -> None:
    """Write a file whole.

    Parameters
    ----------
    target : str or Path
        The file; its folder must exist.
    content : bytes or str
        Text is written as UTF-8.

    Raises
    ------
    OutputError
        If it can't be written.
    """
    with whole(target) as draft:
        draft.write_bytes(content.encode() if isinstance(content, str) else content)
