"""`emojimap evaluate`: held-out scores in one table, of each stage and of the roads."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from emojimap.cli._settings import SettingsFile, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

    from emojimap.analysis import AnalysisSettings
    from emojimap.errors import EmojimapError
    from emojimap.evaluate.colours import Row
    from emojimap.facenet.network import Network
    from emojimap.train.samples import Sample


class _HairFirst(TyperGroup):
    """Without a subcommand the networks are measured, as ever."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the name of the first measure where none is named."""
        options = args and args[0].startswith("-") and args[0] != "--help"
        if options or (not args and os.environ.get("EMOJIMAP_DATA")):
            args = ["hair", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_HairFirst,
    no_args_is_help=True,
    help="Measure on photos kept aside: `hair` (the networks; also without a name), `colours`, "
    "`likeness`, `roads`.",
    rich_markup_mode=None,
)


@app.command()
def hair(
    data: Annotated[
        list[Path],
        typer.Option(envvar="EMOJIMAP_DATA", help="Folder of data sets; may be given again."),
    ],
    split: Annotated[str, typer.Option(help="Which photos: val or train.")] = "val",
    model: Annotated[
        Path | None,
        typer.Option(help="Folder with a manifest.json; by default the networks that ship."),
    ] = None,
    peer: Annotated[
        Path | None,
        typer.Option(metavar="TFLITE", help="Run Google's selfie_multiclass too (extra `peer`)."),
    ] = None,
    faceless: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Count the faces seen in these pictures without any."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many per data set.")] = None,
    worst: Annotated[int, typer.Option(min=0, help="Name so many photos with the worst hair.")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads of one pass.")] = 2,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    card: Annotated[
        bool, typer.Option("--card", help="Write the table into the network's card too.")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure the face networks on photos of people they have never seen."""
    from rich.console import Console
    from rich.progress import track

    from emojimap.errors import DataError
    from emojimap.evaluate.extras import faceless as list_faceless
    from emojimap.evaluate.extras import latency_ms
    from emojimap.evaluate.face import measure
    from emojimap.evaluate.peer import SelfiePeer
    from emojimap.evaluate.report import table
    from emojimap.evaluate.scores import breakdown, errors_of, summary
    from emojimap.facenet.backends import networks as open_networks
    from emojimap.train.readers import read_all
    from emojimap.train.samples import of_split

    _check_split(split)
    if card:
        _check_card(model, split, limit)
    pictures = [] if faceless is None else list_faceless(faceless)
    networks = open_networks(model, device=device, threads=threads)
    other = None if peer is None else SelfiePeer(peer, threads)
    samples = [sample for sample in of_split(read_all(*data), split) if sample.hand_made]
    if not samples:
        raise DataError(f"no photo of split {split} has hand-made hair")
    console = Console(stderr=True)
    results: dict[str, Any] = {"split": split, "sets": {}, "groups": {}}
    for source in sorted({sample.source for sample in samples}):
        chosen = [sample for sample in samples if sample.source == source][:limit]
        rows = [
            measure(s, networks, peer=other)
            for s in track(chosen, description=source, console=console)
        ]
        results["sets"][source] = summary(rows)
        results["groups"][source] = breakdown(rows)
        for name, iou in errors_of(rows, worst):
            sys.stderr.write(f"{source} {name} hair IoU {iou:.3f}\n")
    if pictures:
        results["faceless"] = _faceless(pictures, networks.face, console)
    results["latency"] = {
        f"{device}, {threads} threads, {networks.face.size}x{networks.face.size}, ms": latency_ms(
            networks.face
        )
    }
    sys.stdout.write(json.dumps(results, indent=2) + "\n" if json_ else table(results))
    if card and model is not None:
        _into_cards(model, table(results))


@app.command()
def colours(
    data: Annotated[
        list[Path],
        typer.Option(envvar="EMOJIMAP_DATA", help="Folder of data sets; may be given again."),
    ],
    split: Annotated[str, typer.Option(help="Which photos: val or train.")] = "val",
    peer: Annotated[
        Path | None,
        typer.Option(
            metavar="STONE",
            help="Run skin-tone-classifier too: its command `stone`, of an environment of its own.",
        ),
    ] = None,
    people: Annotated[
        int,
        typer.Option(
            min=0,
            help="Show the spread of colours over so many people; photos of the other split fill "
            "up, and count for nothing else.",
        ),
    ] = 400,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many photos.")] = None,
    altered: Annotated[
        bool, typer.Option("--altered/--plain", help="Other lights and painted hair too.")
    ] = True,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    settings: SettingsFile = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure the colours: same against different people, other lights, dye, groups, time."""
    from emojimap.cli._outputs import report
    from emojimap.errors import DataError
    from emojimap.evaluate.colour_report import table
    from emojimap.evaluate.colour_scores import peer_people, spread_over, summary
    from emojimap.evaluate.tone_peer import run
    from emojimap.train.readers import read_all

    _check_split(split)
    rules = read_settings(settings).analysis
    every = [sample for sample in read_all(*data) if sample.source in _PEOPLE]
    chosen = [sample for sample in every if sample.split == split][:limit]
    if not chosen:
        raise DataError(f"no photo of split {split} shows a person who is known: LFW has such")
    more = _others(every, chosen, people)
    found, failures = _measured(chosen, more, rules, altered=altered, jobs=jobs)
    rows = [row for row in found[: len(chosen)] if row is not None]
    if not rows:
        raise DataError(f"none of {len(chosen)} photos shows a face")
    results = {"split": split, **summary(rows)}
    results["spread"] = spread_over([row for row in found if row is not None])
    if peer is not None:
        tones = run(peer, [sample.photo for sample in chosen])
        results["peer"] = peer_people(rows, tones)
    sys.stdout.write(json.dumps(results, indent=2) + "\n" if json_ else table(results))
    report(failures, len(found))


@app.command()
def likeness(
    data: Annotated[
        list[Path],
        typer.Option(envvar="EMOJIMAP_DATA", help="Folder of data sets; may be given again."),
    ],
    style: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STYLE",
            help="Style name or path of a pack; may be given again.",
            show_default="all built-in ones",
        ),
    ] = None,
    split: Annotated[str, typer.Option(help="Which photos: val or train.")] = "val",
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many photos.")] = None,
    steady: Annotated[
        bool,
        typer.Option("--steady/--plain", help="Scaled, turned, cropped, lit and mirrored too."),
    ] = True,
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate",
            help="Fit weights of the distance too, and print them for a pack. Take --split train.",
        ),
    ] = False,
    sheet: Annotated[
        Path | None,
        typer.Option(metavar="SHEET.png", help="Draw the first photo of 60 people, every style."),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    settings: SettingsFile = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure avatars: same against different people, parts, steadiness, beards and glasses."""
    from emojimap import styles
    from emojimap.cli._outputs import report
    from emojimap.errors import DataError
    from emojimap.evaluate.likeness import measure
    from emojimap.evaluate.likeness_report import table, weights_table
    from emojimap.evaluate.likeness_scores import calibrate as fit_weights
    from emojimap.evaluate.likeness_scores import compared, pairs, summary

    _check_split(split)
    for name in style or ():
        styles.load(name)
    asked = style or list(styles.names())
    samples, rules = _known_people(data, split, limit), read_settings(settings)
    rows, failures = _side_by_side(measure, [(s, asked, steady, rules) for s in samples], jobs)
    if not rows:
        raise DataError(f"none of {len(samples)} photos shows a face")
    names = list(rows[0].avatars)
    if sheet is not None:
        _draw_people(rows, sheet)
    results = {"split": split, **summary(rows, names)}
    if calibrate:
        first, second, same = pairs([row.person for row in rows])
        results["weights"] = {
            name: fit_weights(compared(rows, name, first, second), same) for name in names
        }
    if json_:
        sys.stdout.write(json.dumps(results, indent=2) + "\n")
    else:
        sys.stdout.write(table(results) + weights_table(results.get("weights", {})))
    report(failures, len(samples))


@app.command()
def roads(
    data: Annotated[
        list[Path],
        typer.Option(envvar="EMOJIMAP_DATA", help="Folder of data sets; may be given again."),
    ],
    style: Annotated[
        str, typer.Option(help="Name of a vector style, or the path of a pack.")
    ] = "avataaars",
    road: Annotated[
        list[str] | None,
        typer.Option(
            help="overlap, autoencoder, imagenet, refine; again for more.", show_default="all"
        ),
    ] = None,
    split: Annotated[str, typer.Option(help="Which photos: val or train.")] = "val",
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many photos.")] = None,
    frames: Annotated[
        int, typer.Option(min=0, help="Frames in which each person sits still; 0 for none.")
    ] = 4,
    still: Annotated[int, typer.Option(min=0, help="So many photos are filmed so.")] = 60,
    evaluations: Annotated[int, typer.Option(min=1, help="Avatars that refine tries.")] = 400,
    drawn: Annotated[
        int, typer.Option(min=0, help="Avatars that must give their own parts back.")
    ] = 100,
    sheet: Annotated[
        Path | None,
        typer.Option(metavar="SHEET.png", help="Draw 60 people and their avatars, road by road."),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    settings: SettingsFile = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure the roads to an avatar: overlap, part embedders, ImageNet, refinement."""
    from emojimap import embed, styles
    from emojimap.cli._outputs import report
    from emojimap.construct import vector
    from emojimap.errors import DataError
    from emojimap.evaluate.road_report import table
    from emojimap.evaluate.road_scores import summary
    from emojimap.evaluate.roads import EMBEDDERS, ROADS, Plan, measure, own_parts

    _check_split(split)
    plan = Plan(tuple(road or ROADS), vector(styles.load(style)).name, evaluations)
    samples = _known_people(data, split, limit)
    rules = read_settings(settings)
    calls = [(s, plan, frames if i < still else 0, rules) for i, s in enumerate(samples)]
    rows, failures = _side_by_side(measure, calls, jobs)
    if not rows:
        raise DataError(f"none of {len(samples)} photos shows a face")
    if sheet is not None:
        _draw_people(rows, sheet)
    results = {"split": split, "style": plan.style, **summary(rows, plan.roads, plan.style)}
    if drawn:
        results["own_parts"] = {
            name: {
                kind: right / max(of, 1)
                for kind, (right, of) in own_parts(plan.style, embed.load(name), drawn).items()
            }
            for name in EMBEDDERS
            if name in plan.roads
        }
    sys.stdout.write(json.dumps(results, indent=2) + "\n" if json_ else table(results))
    report(failures, len(samples))


def _known_people(data: list[Path], split: str, limit: int | None) -> list[Sample]:
    from emojimap.errors import DataError
    from emojimap.train.readers import read_all
    from emojimap.train.samples import of_split

    samples = [s for s in of_split(read_all(*data), split) if s.source in _PEOPLE][:limit]
    if not samples:
        raise DataError(f"no photo of split {split} shows a person who is known: LFW has such")
    return samples


def _draw_people(rows: Sequence[Any], target: Path) -> None:
    """Draw the first photo of each of some people."""
    from emojimap import sheet

    first_ones = {row.person: row for row in reversed(rows)}
    sheet.write(sheet.people(list(first_ones.values())[::-1][:_SHOWN]), target)


def _side_by_side(
    measure: Callable[..., Any], calls: list[tuple[Any, ...]], jobs: int
) -> tuple[list[Any], list[EmojimapError]]:
    """Measure photos in several processes; those without a face are left out."""
    from rich.console import Console
    from rich.progress import track

    from emojimap.errors import PhotoError
    from emojimap.workers import workers

    rows: list[Any] = []
    failures: list[EmojimapError] = []
    with workers(jobs, measure.__module__) as pool:
        asked = [pool.submit(measure, *call) for call in calls]
        for one in track(asked, description="photos", console=Console(stderr=True)):
            try:
                row = one.result()
            except PhotoError as error:
                failures.append(error)
                continue
            if row is not None:
                rows.append(row)
    return rows, failures


def _check_split(split: str) -> None:
    from emojimap.train.samples import SPLITS

    if split not in SPLITS:
        raise typer.BadParameter(
            f"{split!r} is not one of {', '.join(SPLITS)}", param_hint="--split"
        )


def _measured(
    chosen: list[Sample], more: list[Sample], rules: AnalysisSettings, *, altered: bool, jobs: int
) -> tuple[list[Row | None], list[EmojimapError]]:
    """Measure photos side by side, `more` of them as they are; None where nothing can be."""
    from rich.console import Console
    from rich.progress import track

    from emojimap.errors import PhotoError
    from emojimap.evaluate.colours import measure
    from emojimap.workers import workers

    found: list[Row | None] = []
    failures: list[EmojimapError] = []
    with workers(jobs, "emojimap.evaluate.colours") as pool:
        asked = [
            pool.submit(measure, s.photo, s.group, s.hair, altered=altered, settings=rules)
            for s in chosen
        ]
        asked += [
            pool.submit(measure, s.photo, s.group, None, altered=False, settings=rules)
            for s in more
        ]
        for one in track(asked, description="photos", console=Console(stderr=True)):
            try:
                found.append(one.result())
            except PhotoError as error:  # noqa: PERF203 - the others count all the same
                found.append(None)
                failures.append(error)
    return found, failures


_SHOWN = 60
_PEOPLE = ("lfw", "faces-lfw")
"""Data sets whose groups are people."""


def _others(every: list[Sample], chosen: list[Sample], people: int) -> list[Sample]:
    """One photo each of further people."""
    known = {sample.group for sample in chosen}
    others: dict[str, Sample] = {}
    for sample in every:
        if sample.group not in known:
            others.setdefault(sample.group, sample)
    return list(others.values())[: max(0, people - len(known))]


def _faceless(pictures: list[Path], network: Network, console: Console) -> dict[str, int]:
    from rich.progress import track

    from emojimap.evaluate.extras import false_faces

    found = {"pictures": 0, "unreadable": 0, "pictures_with_false_faces": 0}
    for path in track(pictures, description="without a face", console=console):
        count = false_faces(path, network)
        found["unreadable" if count is None else "pictures"] += 1
        if count:
            found["pictures_with_false_faces"] += 1
            sys.stderr.write(f"{path}: {count} false\n")
    return found


def _check_card(model: Path | None, split: str, limit: int | None) -> None:
    """Refuse what a card must not say before anything is measured."""
    if model is None:
        raise typer.BadParameter("name the network's folder with --model", param_hint="--card")
    if split != "val" or limit is not None:
        raise typer.BadParameter("holds all of the split val", param_hint="--card")
    for path in _cards(model):
        _parts(path)


def _cards(model: Path) -> list[Path]:
    from emojimap.facenet import weights

    return [model / f"{name}.md" for name in weights.names(model)]


def _parts(path: Path) -> list[str]:
    from emojimap.errors import ModelError
    from emojimap.train.card import SCORES

    parts = path.read_text("utf-8").split(SCORES) if path.is_file() else []
    if len(parts) != 3:
        raise ModelError(f"{path} has no two lines {SCORES}: export the network again")
    return parts


def _into_cards(model: Path, text: str) -> None:
    """Write the table into every card: the networks are measured together."""
    from emojimap import files
    from emojimap.train.card import SCORES

    for path in _cards(model):
        before, _, after = _parts(path)
        files.write(path, f"{before}{SCORES}\n```\n{text}```\n{SCORES}{after}")
