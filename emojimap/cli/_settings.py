"""The option `--settings`, the same for every command that looks at photos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from emojimap.fit import FitSettings

SettingsFile = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        metavar="FILE.toml",
        help="Settings other than the defaults; `emojimap tune show` writes such a file.",
    ),
]


def read_settings(path: Path | None) -> FitSettings:
    """Read a settings file.

    Parameters
    ----------
    path : Path or None
        TOML; None for the defaults.

    Returns
    -------
    FitSettings
        The defaults with what the file changes.

    Raises
    ------
    SettingsError
        If the file, a key or a value is wrong.
    """
    from emojimap.fit import FitSettings
    from emojimap.settings import toml

    return FitSettings() if path is None else toml.load(path, FitSettings())
