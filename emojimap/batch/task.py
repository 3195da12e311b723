"""One photo: the function that runs in a worker, here or anywhere, and always gives the same."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from emojimap import render, styles
from emojimap.analysis import networks
from emojimap.avatar import Avatar
from emojimap.batch.job import Job, prepare
from emojimap.errors import (
    CacheError,
    ClusterError,
    EmojimapError,
    ModelError,
    OutputError,
    PhotoError,
    SettingsError,
    StyleError,
)
from emojimap.fit import Fit, fit_photo
from emojimap.photo import PhotoSettings
from emojimap.styles.base import Style
from emojimap.styles.edits import edited

if TYPE_CHECKING:
    from emojimap.facenet.network import Networks

_NOT_THE_PHOTOS = (CacheError, ClusterError, ModelError, OutputError, SettingsError, StyleError)
"""Errors that every photo would meet: they end the run."""


@dataclass(frozen=True)
class Face:
    """What one face gave.

    Parameters
    ----------
    row : dict of str to object
        JSON types: face, style, parts, colours, score, confidence, box.
    files : dict of str to bytes
        Contents by format.
    """

    row: dict[str, Any]
    files: dict[str, bytes]


@dataclass(frozen=True)
class Outcome:
    """What one photo gave.

    Parameters
    ----------
    faces : tuple of Face
        One or more, or none if it failed.
    seconds : float
        Time it took.
    error : str
        Why it failed, one line without the photo's name; else empty.
    kind : str
        Name of the error's class.
    """

    faces: tuple[Face, ...] = ()
    seconds: float = 0.0
    error: str = ""
    kind: str = ""


def warm(job: Job, names: Sequence[str]) -> None:
    """Load in a worker what its first photo would wait for.

    Parameters
    ----------
    job : Job
        What is to be done.
    names : sequence of str
        Styles.
    """
    networks(job.settings.analysis.device)
    prepare(job, names)


def work(job: Job, style: str, photo: str | bytes, nets: Networks | None = None) -> Outcome:
    """Fit the faces of one photo and draw their avatars.

    Parameters
    ----------
    job : Job
        What to do.
    style : str
        In which style.
    photo : str or bytes
        Path, or content of the file.
    nets : Networks, optional
        Which to run; by default those that ship.

    Returns
    -------
    Outcome
        Equal for equal photos but for the time. What is wrong with a photo is told in it.

    Raises
    ------
    EmojimapError
        If the fault is not the photo's: a network or a style can't be used.
    """
    begin = time.perf_counter()
    since = partial(_since, begin)
    try:
        content = photo if isinstance(photo, bytes) else read(photo)
        drawn = styles.load(style)
        fits = fit_photo(
            content, drawn.name, top=job.top, face=job.face, settings=job.settings, nets=nets
        )
        faces = tuple(_face(i, fit, drawn, job) for i, fit in enumerate(fits))
    except _NOT_THE_PHOTOS:
        raise
    except Exception as error:  # noqa: BLE001 - one photo must not end the others' run
        size = len(photo) if isinstance(photo, bytes) else _size(photo)
        return failed(error, since(), f"the {size:,} bytes: ")
    return Outcome(faces, since())


def failed(error: BaseException, seconds: float = 0.0, before: str = "") -> Outcome:
    """Turn an error into an outcome.

    Parameters
    ----------
    error : BaseException
        What was raised.
    seconds : float
        Time it took.
    before : str
        How the photo is called in the message, which is left out.

    Returns
    -------
    Outcome
        Without faces.
    """
    text = " ".join(str(error).split())
    if not isinstance(error, EmojimapError):
        text = f"unexpected {type(error).__name__}: {text}" if text else type(error).__name__
    return Outcome((), seconds, text.removeprefix(before), type(error).__name__)


def read(path: str) -> bytes:
    """Read a photo's file.

    Parameters
    ----------
    path : str
        A file.

    Returns
    -------
    bytes
        Its content.

    Raises
    ------
    PhotoError
        If it is missing, no file, too large or can't be read; without its name.
    """
    most = int(PhotoSettings().max_file_mb * 1e6)
    try:
        state = os.stat(path)
        if stat.S_ISDIR(state.st_mode):
            raise PhotoError("is a folder, give a photo in it")
        if not stat.S_ISREG(state.st_mode):
            raise PhotoError("is no ordinary file, give a photo")
        if state.st_size > most:
            raise PhotoError(
                f"{state.st_size / 1e6:,.1f} MB, more than the {most / 1e6:g} MB that are read: "
                "shrink it"
            )
        with open(path, "rb") as file:
            return file.read(most + 1)
    except FileNotFoundError as error:
        raise PhotoError("no such file, check the path") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PhotoError(f"can't be read ({reason})") from error


def _face(number: int, fit: Fit, style: Style, job: Job) -> Face:
    avatar = style.check(edited(style, fit.avatar, dict(job.parts), dict(job.colours)))
    row = {
        "face": number if job.face is None else job.face,
        "style": style.name,
        "parts": dict(avatar.parts),
        "colours": dict(avatar.colours),
        "score": round(fit.candidates[0][1], 4),
        "confidence": round(fit.analysis.confidence, 4),
        "box": [round(float(value), 1) for value in fit.analysis.box],
    }
    size = job.size or style.size
    return Face(row, {name: _content(avatar, name, size) for name in job.formats})


def _content(avatar: Avatar, name: str, size: int) -> bytes:
    if name == "png":
        return render.to_png(avatar, size)
    return (render.to_svg(avatar) if name == "svg" else avatar.to_json()).encode()


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except (OSError, ValueError):
        return 0


def _since(begin: float) -> float:
    return round(time.perf_counter() - begin, 3)
