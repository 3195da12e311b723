"""`emojimap export`: random avatars as labelled pictures."""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class Layout(str, Enum):
    """How pictures are laid out."""

    cartoonset = "cartoonset"


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write to.")],
    style: Annotated[
        str, typer.Option(help="Vector style, or the path of a .toml pack.")
    ] = "avataaars",
    layout: Annotated[
        Layout,
        typer.Option(help="500x500 RGBA with the face where the Cartoon Set has it, a CSV beside."),
    ] = Layout.cartoonset,
    number: Annotated[int, typer.Option("-n", "--number", min=1, help="Pictures.")] = 1000,
    seed: Annotated[
        int, typer.Option(min=0, help="Of the random choices; the same seed, the same pictures.")
    ] = 0,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Processes that draw.", show_default="one for each core"),
    ] = None,
) -> None:
    """Write random avatars of a vector style, with the labels of each.

    attributes.json names the values of the CSV files, CREDITS.txt says whose art it is.
    """
    from emojimap.cli import _progress
    from emojimap.export import export as run

    with _progress.share("pictures") as progress:
        run(
            style,
            folder,
            count=number,
            seed=seed,
            jobs=jobs or os.cpu_count() or 1,
            layout_name=layout.value,
            progress=progress,
        )
