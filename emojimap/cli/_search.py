"""`emojimap tune search`: find colour settings that suit photos whose true colours are known."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emojimap.cli._settings import SettingsFile, read_settings

if TYPE_CHECKING:
    from emojimap.tune.search import Result

_NAMED = 20


def search(
    labels: Annotated[
        Path,
        typer.Argument(
            metavar="LABELS.csv",
            help="Photos and their true colours, from `tune label`: columns photo, skin, hair, "
            "iris; hex colours, blank where nobody has judged.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="BEST.toml", help="Where the settings go.")
    ] = Path("best.toml"),
    trials: Annotated[
        int, typer.Option(min=1, help="Of each study; there is one study more than folds.")
    ] = 200,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SECTION.NAME[=LOW:HIGH]",
            help="A setting to search; may be given again.",
            show_default="all numbers that matter",
        ),
    ] = None,
    settings: SettingsFile = None,
    root: Annotated[
        Path | None,
        typer.Option(help="Folder that the photos' names start at.", show_default="the CSV's"),
    ] = None,
    folds: Annotated[
        int, typer.Option(min=2, help="Parts of the photos, each kept aside once.")
    ] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Of the draws.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Search the colour settings that come closest to true colours (extra `tune`).

    Every trial is kept in BEST.toml.trials: interrupted, the same command goes on where it was,
    and with more --trials it goes further.
    """
    from emojimap import files
    from emojimap.cli._outputs import not_an_input
    from emojimap.tune import report
    from emojimap.tune.labels import read
    from emojimap.tune.search import search as run

    not_an_input(out, [labels, settings], "-o")
    start, judged = read_settings(settings), read(labels, root=root)
    try:
        with _bars() as (reading, progress):
            result = run(
                judged,
                out,
                start=start,
                vary=vary or (),
                trials=trials,
                most_folds=folds,
                seed=seed,
                reading=reading,
                progress=progress,
            )
    except KeyboardInterrupt:
        sys.stderr.write("emojimap: interrupted: the same command goes on from here\n")
        raise typer.Exit(130) from None
    files.write(out, report.as_toml(result))
    _name_failures(result)
    if as_json:
        sys.stdout.write(json.dumps(report.as_dict(result), indent=2) + "\n")
    else:
        _print(result)
    sys.stderr.write(f"{out}\n")


_Reading = Callable[[int, int], None]
_Trying = Callable[[int, int, float], None]


@contextmanager
def _bars() -> Iterator[tuple[_Reading, _Trying]]:
    """Show how far the photos are read, then how far the settings are tried."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Remaining())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        photos = bar.add_task("photos", total=None)
        tries = bar.add_task("settings", total=None, visible=False)

        def read(done: int, total: int) -> None:
            bar.update(photos, completed=done, total=total)

        def tried(done: int, total: int, best: float) -> None:
            text = f"settings, error {best:.2f}"
            bar.update(tries, completed=done, total=total, description=text, visible=True)

        yield read, tried


def _name_failures(result: Result) -> None:
    for photo, why in list(result.failures.items())[:_NAMED]:
        sys.stderr.write(f"left out {photo}: {why}\n")
    if len(result.failures) > _NAMED:
        sys.stderr.write(f"left out {len(result.failures) - _NAMED} more\n")


def _print(result: Result) -> None:
    """Print errors, what each setting is worth, and whether the gain is real."""
    from rich.console import Console
    from rich.table import Table

    from emojimap.tune.report import verdict

    console = Console()
    table = Table("delta E 2000", "before", "after", "kept aside", box=None)
    for role, before in result.before.items():
        found = (before, result.after[role], result.aside[role])
        table.add_row(role, *(f"{error:.2f}" for error in found))
    console.print(table)
    if result.worths:
        table = Table("setting", "before", "after", "worth", box=None)
        for one in result.worths:
            worth = "needed by others" if one.worth is None else f"{one.worth:.2f}"
            table.add_row(one.setting, f"{one.start:g}", f"{one.best:g}", worth)
        console.print()
        console.print(table)
    if result.put_back:
        console.print(f"\nworth nothing, put back: {', '.join(result.put_back)}", highlight=False)
    console.print(f"\n{verdict(result)}", highlight=False)
