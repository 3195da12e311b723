"""`emojimap tune`: look at what settings do, and find better ones."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emojimap.cli._search import search
from emojimap.cli._settings import SettingsFile, read_settings

if TYPE_CHECKING:
    from emojimap.fit import Fit, FitSettings
    from emojimap.settings.tree import Place

_MOST_COLUMNS = 60

app = typer.Typer(
    no_args_is_help=True,
    help="Tune the settings: show them, compare them on photos, search better ones, label colours.",
    rich_markup_mode=None,
)


@app.command()
def show(
    settings: SettingsFile = None,
    changed: Annotated[
        bool, typer.Option("--changed", help="Only what differs from the defaults.")
    ] = False,
) -> None:
    """Print all settings as TOML, with meaning, range and unit, for `--settings`."""
    from emojimap.fit import FitSettings
    from emojimap.settings import toml

    found = read_settings(settings)
    sys.stdout.write(toml.dump(found, base=FitSettings() if changed else None))


@app.command()
def grid(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO...", help="Photos of faces.")],
    vary: Annotated[
        list[str],
        typer.Option(
            metavar="SECTION.NAME=V1,V2,...",
            help="Values of a setting; given again, all combinations are drawn.",
        ),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="GRID.png", help="Where to draw.")],
    style: Annotated[str, typer.Option(help="Style name, or the path of a pack.")] = "avataaars",
    settings: SettingsFile = None,
) -> None:
    """Draw photos against settings: each with avatar and swatches, the first as it is now."""
    from rich.console import Console
    from rich.progress import track

    from emojimap import sheet, styles
    from emojimap.cli._outputs import check_png, named, not_an_input, report
    from emojimap.errors import EmojimapError

    check_png(out, "the grid")
    not_an_input(out, [*photos, settings], "-o")
    base = read_settings(settings)
    columns = _columns(base, vary)
    drawn = styles.load(style)
    rows: list[list[Fit]] = []
    names, failures = [], []
    for photo in track(photos, description="photos", console=Console(stderr=True)):
        try:
            rows.append(_row(photo, drawn, [one for _, one in columns]))
            names.append(photo.name)
        except EmojimapError as error:  # noqa: PERF203 - each photo fails alone
            failures.append(named(error, photo))
    if rows:
        sheet.write(sheet.grid(rows, [title for title, _ in columns], names), out)
        sys.stderr.write(f"{out}\n")
    report(failures, len(photos))


def _columns(base: FitSettings, vary: list[str]) -> list[tuple[str, FitSettings]]:
    """Give the settings of each column under its title; the first column changes nothing."""
    from emojimap.errors import ArgumentError, SettingsError
    from emojimap.settings.tree import changed

    varied = [_values(base, text) for text in vary]
    if len({place for place, _ in varied}) < len(varied):
        raise typer.BadParameter("a setting is named twice", param_hint="--vary")
    choices = list(itertools.product(*(values for _, values in varied)))
    if len(choices) >= _MOST_COLUMNS:
        raise typer.BadParameter(
            f"{len(choices)} combinations: vary fewer, at most {_MOST_COLUMNS - 1} are drawn",
            param_hint="--vary",
        )
    columns = [("as it is", base)]
    for chosen in choices:
        values = {place: value for (place, _), value in zip(varied, chosen, strict=True)}
        title = "|".join(f"{place}|  = {value!r}" for place, value in values.items())
        try:
            columns.append((title, changed(base, values)))
        except ArgumentError as error:
            raise SettingsError(
                f"{title.replace('|  =', ' =').replace('|', ', ')}: {error}"
            ) from error
    return columns


def _values(base: FitSettings, text: str) -> tuple[Place, list[Any]]:
    from emojimap.errors import SettingsError
    from emojimap.settings.fields import fault
    from emojimap.settings.tree import find

    name, sign, values = text.partition("=")
    if not sign:
        raise typer.BadParameter(f"{text!r} is not SECTION.NAME=V1,V2,...", param_hint="--vary")
    place = find(base, name.strip())
    if isinstance(place.field.default, tuple):
        raise SettingsError(f"{place} is a table: put other ones into files for --settings")
    found = [_number(part.strip(), place) for part in values.split(",")]
    for value in found:
        if wrong := fault(place.field, value):
            raise SettingsError(f"{place} {wrong}")
    return place, list(dict.fromkeys(found))


def _number(text: str, place: Place) -> bool | int | float:
    from emojimap.errors import SettingsError

    default = place.field.default
    if isinstance(default, bool) and text in ("true", "false"):
        return text == "true"
    try:
        return int(text) if isinstance(default, int) and text.isdigit() else float(text)
    except ValueError as error:
        raise SettingsError(f"{place}: {text!r} is no number") from error


def _row(photo: Path, style: Any, columns: list[FitSettings]) -> list[Fit]:
    """Fit one photo in each way; what the ways have in common is looked at once."""
    from dataclasses import replace

    from emojimap.analysis import Analysis, analyse, recoloured
    from emojimap.colours import ColourSettings
    from emojimap.fit import fit_analysis

    seen: dict[Any, Analysis] = {}
    row = []
    for one in columns:
        key = replace(one.analysis, colours=ColourSettings())
        if key not in seen:
            seen[key] = analyse(photo, settings=one.analysis)
        analysis = recoloured(seen[key], one.analysis.colours)
        row.append(fit_analysis(analysis, style, settings=one))
    return row


@app.command()
def label(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of photos.")],
    out: Annotated[
        Path,
        typer.Option(
            "-o",
            "--out",
            metavar="LABELS.csv",
            help="Where they go; a file that is there is continued.",
        ),
    ] = Path("labels.csv"),
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Of the page; 0 for any that is free.")
    ] = 0,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")
    ] = True,
) -> None:
    """Pick the true colours of faces by clicking on their photos, on a page on this computer."""
    from emojimap.web.labelling import find_photos, serve

    count = serve(
        find_photos(folder),
        out,
        port=port,
        open_browser=browser,
        announce=_announce,
    )
    sys.stderr.write(f"{out}: {count} photos with colours\n")


def _announce(line: str) -> None:
    sys.stderr.write(f"{line}\n")


app.command()(search)
