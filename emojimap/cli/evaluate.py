"""`emojimap evaluate`: held-out scores in one table."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from emojimap.facenet.network import Network


def evaluate(
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
    from emojimap.train.samples import SPLITS, of_split

    if split not in SPLITS:
        raise typer.BadParameter(
            f"{split!r} is not one of {', '.join(SPLITS)}", param_hint="--split"
        )
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
