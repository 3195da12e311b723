"""What the processes do with a photo. They are given its bytes and answer with plain data.

Nothing here takes a path: what a client sends is decoded from memory or not at all.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from PIL import Image

from emojimap import as_json, photo, render, sheet, styles
from emojimap.analysis import Analysis, analyse_all, networks
from emojimap.analysis import analyse as analyse_one
from emojimap.avatar import Avatar
from emojimap.errors import ArgumentError
from emojimap.fit import FitSettings, fit_analysis
from emojimap.photo import PhotoSettings
from emojimap.styles.index import open_all

Drawn: TypeAlias = Literal["png", "svg"]
"""Files of an avatar."""

Kind: TypeAlias = Literal["png", "svg", "sheet"]
"""Pictures of a photo's face: its avatar, or how it was fitted."""


def begin(settings: FitSettings, places: Sequence[str]) -> None:
    """Load what the first photo would wait for.

    Parameters
    ----------
    settings : FitSettings
        As for all photos.
    places : sequence of str
        Styles, by name or folder.
    """
    _silence_decoders()
    networks(settings.analysis.device)
    for place in places:
        open_all(styles.load(place))


def _silence_decoders() -> None:
    """Keep decoders in C from writing about a photo among the lines of the log.

    What matters is raised, and reaches the log without the photo's own words.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def fit(
    content: bytes,
    names: Sequence[str],
    face: int | None,
    top: int,
    limits: PhotoSettings,
    settings: FitSettings,
) -> tuple[dict[str, list[dict[str, Any]]], float]:
    """Fit one face, or all, in one style or several; the photo is analysed once.

    Parameters
    ----------
    content : bytes
        The photo's file.
    names : sequence of str
        Styles.
    face : int or None
        Which face; None for all.
    top : int
        How many candidates to keep.
    limits : PhotoSettings
        On the photo.
    settings : FitSettings
        Of the way.

    Returns
    -------
    faces : dict of str to list of dict
        By style; see `emojimap.as_json.fit`.
    seconds : float
        How long it took.
    """
    start = time.perf_counter()
    seen = _seen(content, face, limits, settings)
    found = {}
    for name in names:
        style = styles.load(name)
        fits = [fit_analysis(one, style, top=top, settings=settings) for one in seen]
        found[name] = [as_json.fit(one, style, settings.penalties) for one in fits]
    return found, time.perf_counter() - start


def picture(
    content: bytes,
    name: str,
    face: int,
    kind: Kind,
    size: int | None,
    limits: PhotoSettings,
    settings: FitSettings,
) -> tuple[bytes, float]:
    """Fit one face and draw it.

    Parameters
    ----------
    content : bytes
        The photo's file.
    name : str
        Style.
    face : int
        Which face.
    kind : {"png", "svg", "sheet"}
        The avatar, or how it was fitted (PNG).
    size : int, optional
        Side of the PNG, pixels; the style's own by default.
    limits : PhotoSettings
        On the photo.
    settings : FitSettings
        Of the way.

    Returns
    -------
    picture : bytes
        A file.
    seconds : float
        How long it took.
    """
    start = time.perf_counter()
    (seen,) = _seen(content, face, limits, settings)
    found = fit_analysis(seen, styles.load(name), settings=settings)
    drawn = _png(sheet.fitting(found)) if kind == "sheet" else draw(found.avatar, kind, size)
    return drawn, time.perf_counter() - start


def analyse(
    content: bytes, limits: PhotoSettings, settings: FitSettings
) -> tuple[list[dict[str, Any]], float]:
    """Say what is seen in a photo.

    Parameters
    ----------
    content : bytes
        The photo's file.
    limits : PhotoSettings
        On the photo.
    settings : FitSettings
        Of the way.

    Returns
    -------
    faces : list of dict
        See `emojimap.as_json.analysis`.
    seconds : float
        How long it took.
    """
    start = time.perf_counter()
    found = [as_json.analysis(one) for one in _seen(content, None, limits, settings)]
    return found, time.perf_counter() - start


def draw(avatar: Avatar, kind: Drawn, size: int | None = None) -> bytes:
    """Draw an avatar.

    Parameters
    ----------
    avatar : Avatar
        Of a style that can be loaded by its name.
    kind : {"png", "svg"}
        What to draw.
    size : int, optional
        Side of the PNG, pixels; the style's own by default.

    Returns
    -------
    bytes
        A file.
    """
    if kind == "svg":
        return render.to_svg(avatar).encode()
    return render.to_png(avatar, size or styles.load(avatar.style).size)


def _seen(
    content: bytes, face: int | None, limits: PhotoSettings, settings: FitSettings
) -> list[Analysis]:
    if not isinstance(content, bytes):  # a text would be a path
        raise ArgumentError(f"{type(content).__name__} is not the bytes of a photo")
    pixels = photo.read(content, limits)
    if face is None:
        return analyse_all(pixels, settings=settings.analysis)
    return [analyse_one(pixels, face=face, settings=settings.analysis)]


def _png(pixels: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()
