"""`emojimap refine`: several photos of one person to the avatar that is most like all of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emojimap.cli._embedder import EmbedderName, Layer, Pixels, read_embedder
from emojimap.cli._options import AnyStyle, AvatarFilesOfMany, ColoursByHand, Size
from emojimap.cli._settings import SettingsFile

if TYPE_CHECKING:
    from emojimap.analysis import Analysis
    from emojimap.fit import FitSettings
    from emojimap.refine import Generation, RefineFileSettings, Refinement

_SHOWN_PX = 512


def refine(
    photos: Annotated[
        list[Path],
        typer.Argument(metavar="REFERENCE...", help="Photos of one person, whose largest face is."),
    ],
    out: AvatarFilesOfMany = None,
    style: AnyStyle = "avataaars",
    size: Size = None,
    embedder: EmbedderName = "autoencoder",
    layer: Layer = None,
    pixels: Pixels = None,
    evaluations: Annotated[
        int | None, typer.Option(min=1, help="Avatars to try.", show_default="2000")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0.1, help="Time to search.", show_default="30")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the draws.", show_default="0")] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="PART", help="A part that stays as fitted; may be given again."),
    ] = None,
    by: Annotated[
        str, typer.Option(metavar="whole|parts", help="What is embedded: whole faces, or parts.")
    ] = "whole",
    search: Annotated[
        str, typer.Option(metavar="genetic|separable", help="All parts together, or one by one.")
    ] = "genetic",
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="PART=VARIANT", help="Set a part by hand and keep it; `none` for none."
        ),
    ] = None,
    colour: ColoursByHand = None,
    history: Annotated[
        Path | None,
        typer.Option(metavar="H.png", help="Draw the best avatar of each generation."),
    ] = None,
    best_so_far: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png", help="Keep the best avatar so far here, anew each generation."
        ),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the avatar as JSON.")] = False,
    settings: SettingsFile = None,
) -> None:
    """Search all parts together for the avatar most like the person in the photos (extra `refine`).

    Starts from `emojimap fit`, and keeps its colours.
    """
    from emojimap import render, sheet, styles
    from emojimap.cli import _outputs as outputs
    from emojimap.refine import VIEWS, WAYS, kept_parts, starting_fit
    from emojimap.refine import refine as run
    from emojimap.refine.search import need_optuna

    for option, value, known in (("--search", search, WAYS), ("--by", by, VIEWS)):
        if value not in known:
            raise typer.BadParameter(f"{value!r}: use {' or '.join(known)}", param_hint=option)
    targets = outputs.Targets(out, many=False).of(photos[0], None)
    for option, target in (("--history", history), ("--best-so-far", best_so_far)):
        if target is not None:
            outputs.not_an_input(target, photos, option)
    parts, colours = outputs.pairs(set_, "--set"), outputs.pairs(colour, "--colour")
    rules = _rules(settings, evaluations, seconds, seed)
    drawn = styles.load(style)
    held = kept_parts(drawn, [*(keep or ()), *parts])
    if search == "genetic":
        need_optuna()
    sees = read_embedder(embedder, layer, pixels)
    references = [_reference(photo, rules) for photo in photos]
    start = outputs.edited(starting_fit(references, drawn, rules), parts, colours)
    with _bar(rules.refine.evaluations) as show:

        def told(one: Generation) -> None:
            show(one)
            if best_so_far is not None:
                render.write(one.best, best_so_far, size or _SHOWN_PX)

        found = run(
            references,
            drawn,
            sees,
            rules.refine,
            way=search,
            by=by,
            keep=held,
            start=start,
            fit_settings=rules,
            progress=told,
        )
    for target in targets:
        render.write(found.avatar, target, size or drawn.size)
        sys.stderr.write(f"{target}\n")
    if best_so_far is not None:
        render.write(found.avatar, best_so_far, size or _SHOWN_PX)
    if history is not None:
        sheet.write(sheet.history(found), history)
        sys.stderr.write(f"{history}\n")
    sys.stderr.write(f"{_figures(found)}\n")
    if json_:
        outputs.print_json([found.avatar])


def _rules(
    path: Path | None, evaluations: int | None, seconds: float | None, seed: int | None
) -> RefineFileSettings:
    """Read the settings; what the options say stands over them."""
    from dataclasses import replace

    from emojimap.refine import RefineFileSettings
    from emojimap.settings import toml

    rules = RefineFileSettings()
    if path is not None:
        rules = toml.load(path, rules)
    asked = {"evaluations": evaluations, "seconds": seconds, "seed": seed}
    given = {name: value for name, value in asked.items() if value is not None}
    return replace(rules, refine=replace(rules.refine, **given))  # type: ignore[arg-type]


def _reference(photo: Path, rules: FitSettings) -> Analysis:
    from emojimap.analysis import analyse
    from emojimap.cli import _outputs as outputs
    from emojimap.errors import EmojimapError

    try:
        return analyse(photo, settings=rules.analysis)
    except EmojimapError as error:
        raise outputs.named(error, photo) from error


def _figures(found: Refinement) -> str:
    changed = sum(found.start.avatar.parts[part] != v for part, v in found.avatar.parts.items())
    return (
        f"score {found.start_score:.3f} -> {found.score:.3f}, {changed} parts changed; "
        f"{found.evaluations} avatars, {found.distinct} different, {found.seconds:.1f} s"
    )


@contextmanager
def _bar(most: int) -> Iterator[Callable[[Generation], None]]:
    """Show how many avatars were tried, and the best score so far."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("avatars", total=most)

        def show(one: Generation) -> None:
            text = f"avatars, score {one.best_score:.3f}"
            bar.update(task, completed=one.evaluations, description=text)

        yield show
