"""`emojimap precompute`: a Cartoon Set becomes a style."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from emojimap.styles import Style
    from emojimap.styles.cartoonset.precompute import Report

_MOST_JOBS = 4
_NAMED = 20
_DRAWN = 48


def precompute(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH",
            help="Folder of the set, flat or with subfolders, or its .tgz or .zip as downloaded.",
        ),
    ] = Path("cartoonset"),
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Processes that read pictures, about 100 MB each.",
            show_default=f"one for each core, at most {_MOST_JOBS}",
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Dask scheduler whose workers read them, tcp://HOST:8786."
        ),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for the result instead of the user's cache folder; set EMOJIMAP_CACHE to "
            "it when you fit.",
        ),
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(
            metavar="SHEET.png", help="Draw pictures, regions and colours, 48 of them at most."
        ),
    ] = None,
) -> None:
    """Read Google's Cartoon Set once, so that `fit --style cartoonset` can use it.

    Interrupted, it goes on where it was. Get the set at https://google.github.io/cartoonset/ and
    credit its art as "Cartoon Set by Google, CC BY 4.0, recoloured".
    """
    from emojimap import styles
    from emojimap.cli import _progress
    from emojimap.cli._outputs import check_png
    from emojimap.styles.cartoonset import hairstyles
    from emojimap.styles.cartoonset.precompute import precompute as run
    from emojimap.styles.index import cache_folder, open_index

    check_png(sheet, "the sheet")
    folder = (cache or cache_folder()) / styles.CARTOONSET
    if cluster is not None and jobs is not None:
        raise typer.BadParameter("the cluster has its own workers", param_hint="--jobs")
    jobs = jobs or min(os.cpu_count() or 1, _MOST_JOBS)
    try:
        with _progress.share("pictures") as progress:
            report = run(path, folder, jobs=jobs, progress=progress, cluster=cluster)
    except KeyboardInterrupt:
        sys.stderr.write("emojimap: interrupted: the same command goes on from here\n")
        raise typer.Exit(130) from None
    _tell(report, folder / hairstyles.NAME)
    style = styles.load(folder)
    open_index(style, "hair")
    if sheet is not None:
        _draw(style, sheet)
    if cache is not None:
        sys.stderr.write(f"use it with EMOJIMAP_CACHE={cache} or --style {folder}\n")


def _draw(style: Style, target: Path) -> None:
    from emojimap import sheet
    from emojimap.styles.cartoonset.style import CartoonsetStyle

    assert isinstance(style, CartoonsetStyle)
    sheet.write(sheet.extractions(list(style.readings(_DRAWN))), target)
    sys.stderr.write(f"{target}\n")


def _tell(report: Report, listed: Path) -> None:
    for place, reason in report.broken[:_NAMED]:
        sys.stderr.write(f"skipped {place}: {reason}\n")
    if len(report.broken) > _NAMED:
        sys.stderr.write(f"skipped {len(report.broken) - _NAMED} more\n")
    for name, reason in list(report.aside.items())[:_NAMED]:
        sys.stderr.write(f"set aside {name}: {reason}\n")
    sys.stdout.write(
        f"{report.pictures} pictures ({report.read} read now), {report.hairstyles} hairstyles, "
        f"{len(report.aside)} of them set aside, {len(report.broken)} files skipped; keep or drop "
        f"hairstyles in {listed}\n"
    )
