"""`emojimap train`: train the networks on data of one's own. Needs the extra `train`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True, help="Train the networks (extra `train`).", rich_markup_mode=None
)


@app.command()
def face(
    out: Annotated[Path, typer.Option(help="Folder of the run: checkpoint, log, weights.")],
    data: Annotated[
        Path,
        typer.Option(envvar="EMOJIMAP_DATA", help="Folder above hair/, faces/ and celebamask-hq/."),
    ],
    steps: Annotated[int, typer.Option(min=1, help="Optimiser steps.")] = 12_000,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, help="Anneal to the end within this time.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Crops per step.")] = 16,
    size: Annotated[int, typer.Option(min=64, help="Side of the crops, pixels.")] = 256,
    learning_rate: Annotated[float, typer.Option(min=0.0, help="Peak of the schedule.")] = 1e-3,
    hand_made: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of crops with a hand-made hair mask.")
    ] = 0.56,
    init: Annotated[
        Path | None, typer.Option(help="Weights to start from instead of ImageNet's.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads.")] = None,
    seed: Annotated[int, typer.Option(help="Of weights and crops.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint.")] = False,
    export: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="In the end, write ONNX file, manifest and card here."),
    ] = None,
) -> None:
    """Train the face network: label map and landmarks."""
    _need_torch()
    import torch

    from emojimap.train.loop import Trainer
    from emojimap.train.samples import read_all
    from emojimap.train.settings import TrainSettings

    if threads is not None:
        torch.set_num_threads(threads)
    settings = TrainSettings(
        steps=steps,
        minutes=minutes,
        batch=batch,
        size=size,
        learning_rate=learning_rate,
        hand_made_share=hand_made,
        seed=seed,
    )
    samples = read_all(data)
    trainer = Trainer(samples, out, settings, device=device, initial=init, resume=resume)
    sys.stderr.write(f"{trainer.run()}\n")
    if export is not None:
        from emojimap.train.export import ship

        ship(trainer.checkpoint, export, samples=samples)
        sys.stderr.write(f"{export / 'face.onnx'}\n")


@app.command("export")
def export_(
    run: Annotated[Path, typer.Argument(help="Folder of a run, with its checkpoint.pt.")],
    out: Annotated[Path, typer.Option(help="Folder for ONNX file, manifest and card.")],
    data: Annotated[
        Path, typer.Option(envvar="EMOJIMAP_DATA", help="What it was trained on, for the card.")
    ],
) -> None:
    """Export a run to ONNX, with a check against torch, manifest and card."""
    _need_torch()
    from emojimap.train.export import ship
    from emojimap.train.samples import read_all

    ship(run / "checkpoint.pt", out, samples=read_all(data))
    sys.stderr.write(f"{out / 'face.onnx'}\n")


def _need_torch() -> None:
    from importlib.util import find_spec

    from emojimap.errors import EmojimapError

    missing = [n for n in ("torch", "segmentation_models_pytorch", "onnx") if find_spec(n) is None]
    if missing:
        raise EmojimapError(f"{', '.join(missing)} not installed: pip install 'emojimap[train]'")
