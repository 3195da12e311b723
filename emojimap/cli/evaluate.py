"""`emojimap evaluate`: held-out scores in one table."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    data: Annotated[
        Path,
        typer.Option(envvar="EMOJIMAP_DATA", help="Folder above hair/, faces/ and celebamask-hq/."),
    ],
    split: Annotated[str, typer.Option(help="Which photos: val or train.")] = "val",
    model: Annotated[
        Path | None,
        typer.Option(help="Folder with a manifest.json; by default the network that ships."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many per data set.")] = None,
    worst: Annotated[int, typer.Option(min=0, help="Name so many photos with the worst hair.")] = 0,
    card: Annotated[
        bool, typer.Option("--card", help="Write the table into the network's card too.")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure the face network on photos of people it has never seen."""
    from rich.console import Console
    from rich.progress import track

    from emojimap.evaluate.face import errors_of, measure, summary
    from emojimap.facenet._onnx import OnnxNetwork
    from emojimap.facenet.weights import load
    from emojimap.train.samples import SPLITS, of_split, read_all

    if split not in SPLITS:
        raise typer.BadParameter(
            f"{split!r} is not one of {', '.join(SPLITS)}", param_hint="--split"
        )
    network = OnnxNetwork(load("face", model))
    samples = [sample for sample in of_split(read_all(data), split) if sample.hair is not None]
    sources = sorted({sample.source for sample in samples})
    console = Console(stderr=True)
    results = {}
    for source in sources:
        chosen = [sample for sample in samples if sample.source == source][:limit]
        rows = [measure(s, network) for s in track(chosen, description=source, console=console)]
        results[source] = summary(rows)
        for name, iou in errors_of(rows, worst):
            sys.stderr.write(f"{source} {name} hair IoU {iou:.3f}\n")
    if card:
        _into_card(model, _table(results, split))
    if json_:
        sys.stdout.write(json.dumps(results, indent=2) + "\n")
        return
    sys.stdout.write(_table(results, split))


def _into_card(model: Path | None, table: str) -> None:
    from emojimap import files
    from emojimap.errors import ModelError
    from emojimap.train.card import SCORES

    if model is None:
        raise typer.BadParameter("name the network's folder with --model", param_hint="--card")
    path = model / "face.md"
    parts = path.read_text("utf-8").split(SCORES) if path.is_file() else []
    if len(parts) != 3:
        raise ModelError(f"{path} has no two lines {SCORES}: export the network again")
    files.write(path, f"{parts[0]}{SCORES}\n```\n{table}```\n{SCORES}{parts[2]}")


def _table(results: dict[str, dict[str, float | int | None]], split: str) -> str:
    names = list(results)
    lines = [f"{'split ' + split:30}" + "".join(f"{name:>14}" for name in names)]
    for measure in next(iter(results.values()), {}):
        cells = [_cell(results[name][measure]) for name in names]
        lines.append(f"{measure:30}" + "".join(f"{cell:>14}" for cell in cells))
    return "\n".join(lines) + "\n"


def _cell(value: float | int | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.4f}"
