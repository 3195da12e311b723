"""What the commands share: where results go, how they are edited, written and reported."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from emojimap import files
from emojimap.errors import EmojimapError, OutputError

if TYPE_CHECKING:
    from emojimap.avatar import Avatar
    from emojimap.fit import Fit

_FILES = (".png", ".svg", ".json")


class Targets:
    """Files that each face goes to.

    Parameters
    ----------
    out : list of Path or None
        What the user asked for: files, or folders.
    many : bool
        Whether there may be more than one face; then files can't be named singly.

    Raises
    ------
    typer.BadParameter
        If a single file is named for several faces.
    OutputError
        If a folder does not exist and can't be made, or a file has another suffix.
    """

    def __init__(self, out: list[Path] | None, *, many: bool) -> None:
        self._out = list(out) if out else [Path()]
        self._used: dict[str, int] = {}
        for path in self._out:
            single = path.suffix.lower() in _FILES and not path.is_dir()
            if single and many:
                raise typer.BadParameter(
                    f"{path} is one file, and there may be several avatars: name a folder",
                    param_hint="-o",
                )
            if single and not path.parent.is_dir():
                raise OutputError(f"{path.parent} is no folder: make it first")
            if not single:
                _make(path)

    def of(self, photo: Path, number: int | None) -> list[Path]:
        """Return the files for one face.

        Parameters
        ----------
        photo : Path
            Where the face is from.
        number : int or None
            Which of several faces.

        Returns
        -------
        list of Path
            One for each place asked for; a name that was given before gets a number.
        """
        stem = photo.stem if number is None else f"{photo.stem}-{number}"
        times = self._used[stem] = self._used.get(stem, 0) + 1
        name = f"{stem}.avatar.png" if times == 1 else f"{stem}-{times}.avatar.png"
        return [path / name if path.is_dir() else path for path in self._out]


def _make(folder: Path) -> None:
    if folder.suffix and not folder.is_dir():
        raise OutputError(f"{folder}: write {', '.join(_FILES)} or name a folder")
    files.make_folder(folder)


def check_png(path: Path | None, what: str) -> None:
    """Refuse a name that promises another kind of picture than is written.

    Parameters
    ----------
    path : Path or None
        Where a PNG goes, if anywhere.
    what : str
        What is written, for the message.

    Raises
    ------
    OutputError
        If the name does not end in ``.png``.
    """
    if path is not None and path.suffix.lower() != ".png":
        raise OutputError(f"{path}: {what} is a PNG, name a file that ends in .png")


def not_an_input(target: Path, inputs: Sequence[Path | None], option: str) -> None:
    """Refuse to write over what is read.

    Parameters
    ----------
    target : Path
        Where a result goes.
    inputs : sequence of Path or None
        What is read.
    option : str
        For the message.

    Raises
    ------
    typer.BadParameter
        If the target is one of the inputs.
    """
    for one in inputs:
        if one is not None and one.resolve() == target.resolve():
            raise typer.BadParameter(
                f"{target} is what is read: name another file", param_hint=option
            )


def pairs(texts: Sequence[str] | None, option: str) -> dict[str, str]:
    """Split ``name=value`` options.

    Parameters
    ----------
    texts : sequence of str or None
        As typed.
    option : str
        For the message.

    Returns
    -------
    dict of str to str
        Later ones win.

    Raises
    ------
    typer.BadParameter
        If one has no name or no value.
    """
    found = {}
    for text in texts or ():
        name, sign, value = text.partition("=")
        if not (name and sign and value):
            raise typer.BadParameter(f"{text!r} is not name=value", param_hint=option)
        found[name] = value
    return found


def face_number(text: str) -> int | None:
    """Read ``--face``.

    Parameters
    ----------
    text : str
        A number from 0 up, or ``all``.

    Returns
    -------
    int or None
        None for all.

    Raises
    ------
    typer.BadParameter
        If it is neither.
    """
    if text == "all":
        return None
    if not text.isdecimal():
        raise typer.BadParameter(f"{text!r} is neither a number nor all", param_hint="--face")
    return int(text)


def edited(fit: Fit, parts: dict[str, str], colours: dict[str, str]) -> Fit:
    """Set parts and colours by hand, under the style's names or our roles.

    Parameters
    ----------
    fit : Fit
        As found.
    parts, colours : dict of str to str
        Names to variants (``none`` takes a part away) and to hex colours.

    Returns
    -------
    Fit
        With the edited avatar.

    Raises
    ------
    StyleError
        If the style lacks a part, a variant or a colour.
    """
    from emojimap import styles
    from emojimap.styles import edits

    avatar = edits.edited(styles.load(fit.avatar.style), fit.avatar, parts, colours)
    return dataclasses.replace(fit, avatar=avatar)


def write(fit: Fit, targets: list[Path], size: int) -> None:
    """Write the avatar of a fit; see `write_avatar`."""
    write_avatar(fit.avatar, targets, size)


def write_avatar(avatar: Avatar, targets: list[Path], size: int) -> None:
    """Write one avatar to its files and name them on stderr.

    Parameters
    ----------
    avatar : Avatar
        What to write.
    targets : list of Path
        ``.png``, ``.svg`` or ``.json``.
    size : int
        Side of the PNG, pixels.
    """
    from emojimap import render

    for target in targets:
        render.write(avatar, target, size)
        sys.stderr.write(f"{target}\n")


def write_sheet(fits: Sequence[Fit], target: Path) -> None:
    """Draw one face's fitting, or several faces beside their avatars.

    Parameters
    ----------
    fits : sequence of Fit
        At least one.
    target : Path
        PNG.
    """
    from emojimap import sheet

    picture = sheet.fitting(fits[0]) if len(fits) == 1 else sheet.contacts(fits)
    sheet.write(picture, target)
    sys.stderr.write(f"{target}\n")


def print_json(avatars: Sequence[Avatar]) -> None:
    """Print one avatar, or a list of several, on stdout.

    Parameters
    ----------
    avatars : sequence of Avatar
        Any number.
    """
    found = [avatar.to_dict() for avatar in avatars]
    sys.stdout.write(json.dumps(found[0] if len(found) == 1 else found, indent=2) + "\n")


def named(error: EmojimapError, photo: Path) -> EmojimapError:
    """Put the photo's name before a message that lacks it.

    Parameters
    ----------
    error : EmojimapError
        Any.
    photo : Path
        Which photo.

    Returns
    -------
    EmojimapError
        Of the same type.
    """
    text = str(error)
    if photo.name in text:
        return error
    told = type(error)(f"{photo}: {text}")
    told.__cause__ = error
    return told


def report(failures: Sequence[EmojimapError], photos: int) -> None:
    """End the command if photos failed.

    Parameters
    ----------
    failures : sequence of EmojimapError
        In order.
    photos : int
        How many were asked for.

    Raises
    ------
    EmojimapError
        The one failure of the only photo, or a count after each was named on stderr.
    """
    if not failures:
        return
    if photos == 1:
        raise failures[0]
    for error in failures:
        sys.stderr.write(f"emojimap: {' '.join(str(error).split())}\n")
    raise EmojimapError(f"{len(failures)} of {photos} photos failed, see above")
