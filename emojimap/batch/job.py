"""What a run does with each photo, and what has to be equal for two runs to give the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from emojimap import __version__, render, styles
from emojimap.errors import ArgumentError
from emojimap.facenet import weights
from emojimap.fit import FitSettings
from emojimap.settings import tree
from emojimap.styles.edits import edited
from emojimap.styles.index import open_all

FORMATS = ("png", "svg", "json")
"""What can be written of each face."""


@dataclass(frozen=True)
class Job:
    """What to do with each photo.

    Parameters
    ----------
    style : str
        Name of a style, or the path of a pack or of a precomputed set.
    formats : tuple of str
        Of `FORMATS`, what to write of each face.
    size : int, optional
        Side of the PNG, pixels; by default the style's own.
    top : int
        How many candidates the JSON keeps.
    face : int, optional
        Which face, 0 the largest; None for all.
    parts, colours : tuple of (str, str)
        Set by hand in every avatar: names and variants (``none`` takes a part away), names and
        hex colours.
    settings : FitSettings
        Of the whole way.
    """

    style: str = "avataaars"
    formats: tuple[str, ...] = ("png", "json")
    size: int | None = None
    top: int = 5
    face: int | None = 0
    parts: tuple[tuple[str, str], ...] = ()
    colours: tuple[tuple[str, str], ...] = ()
    settings: FitSettings = field(default_factory=FitSettings)

    def __post_init__(self) -> None:
        unknown = [name for name in self.formats if name not in FORMATS]
        if unknown or not self.formats:
            raise ArgumentError(f"formats {self.formats}: give one or more of {FORMATS}")
        if self.top < 1:
            raise ArgumentError(f"top {self.top}: give 1 or more")
        if self.face is not None and self.face < 0:
            raise ArgumentError(f"face {self.face}: give 0 for the largest, or None for all")
        if self.size is not None and not 1 <= self.size <= render.SIZE_MAX:
            raise ArgumentError(f"size {self.size}: give 1 to {render.SIZE_MAX} pixels")


def prepare(job: Job, names: Iterable[str]) -> None:
    """Refuse at once what would fail for every photo, and build what each process would build.

    Parameters
    ----------
    job : Job
        What is to be done.
    names : iterable of str
        Styles, as `emojimap.styles.load` takes them.

    Raises
    ------
    StyleError, CacheError
        If a style, or what is set by hand, can't be used.
    """
    for name in names:
        style = styles.load(name)
        edited(style, style.default(), dict(job.parts), dict(job.colours))
        open_all(style)


def makeup(names: Iterable[str]) -> dict[str, str]:
    """Tell what the results depend on beside the job and the photos.

    Parameters
    ----------
    names : iterable of str
        Styles.

    Returns
    -------
    dict of str to str
        Version of the program, SHA-256 of networks, fingerprints of styles.
    """
    found = {"emojimap": __version__}
    for name in weights.names():
        found[f"network {name}"] = hashlib.sha256(weights.load(name).content).hexdigest()
    for name in names:
        style = styles.load(name)
        found[f"style {style.name}"] = style.fingerprint
    return found


def options(job: Job) -> dict[str, Any]:
    """Return, as JSON types, all that must be equal for a run to go on where one ended.

    Parameters
    ----------
    job : Job
        What is to be done.

    Returns
    -------
    dict of str to object
        By names that a message can use.
    """
    found: dict[str, Any] = makeup([job.style])
    found.update(
        style=styles.load(job.style).name,
        format=sorted(job.formats),
        size=job.size,
        top=job.top,
        face="all" if job.face is None else job.face,
        device=job.settings.analysis.device,
    )
    found["set"] = dict(job.parts)
    found["colour"] = dict(job.colours)
    for place in tree.places(job.settings):
        found[str(place)] = tree.value(job.settings, place)
    as_read: dict[str, Any] = json.loads(json.dumps(found))  # lists for tuples
    return as_read


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Say in which options two runs differ.

    Parameters
    ----------
    before, now : mapping of str to object
        From `options`.

    Returns
    -------
    list of str
        Such as ``size (512 then, 256 now)``.
    """
    found = [name for name in dict.fromkeys([*before, *now]) if before.get(name) != now.get(name)]
    if before.get("style") != now.get("style"):  # then what the style is made of differs as well
        found = [name for name in found if not name.startswith("style ")]
    return [
        f"{name} ({_brief(before.get(name))} then, {_brief(now.get(name))} now)" for name in found
    ]


def _brief(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:12]}..."
