"""`emojimap train`: train the networks on data of one's own. Needs the extra `train`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from emojimap.facenet.network import Network
    from emojimap.train.parts import PartsSettings
    from emojimap.train.settings import TrainSettings

app = typer.Typer(
    no_args_is_help=True, help="Train the networks (extra `train`).", rich_markup_mode=None
)


_Data = Annotated[
    list[Path],
    typer.Option(
        envvar="EMOJIMAP_DATA", help="Folder of data sets (docs/training.md); may be given again."
    ),
]


@app.command()
def face(
    out: Annotated[Path, typer.Option(help="Folder of the run: checkpoint, log, curves, weights.")],
    data: _Data,
    role: Annotated[
        str,
        typer.Option(
            help="What the network is for: face (finds and reads faces), hair (wide crops), both."
        ),
    ] = "both",
    part: Annotated[
        str,
        typer.Option(help="What is trained: all, or labels (a new label head on --init)."),
    ] = "all",
    steps: Annotated[
        int | None, typer.Option(min=1, help="Optimiser steps.", show_default="12000")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, help="Anneal to the end within this time.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Crops per step.")] = 16,
    size: Annotated[int, typer.Option(min=64, help="Side of the crops, pixels.")] = 256,
    learning_rate: Annotated[float, typer.Option(min=0.0, help="Peak of the schedule.")] = 1e-3,
    warmup: Annotated[int, typer.Option(min=1, help="Steps to the peak.")] = 150,
    ema: Annotated[float, typer.Option(min=0.0, max=1.0, help="Decay of the averaged weights.")] = (
        0.998
    ),
    hand_made: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of crops with hand-made hair.")
    ] = 0.56,
    landmarks: Annotated[float, typer.Option(min=0.0, help="Weight of the landmark loss.")] = 2.0,
    lovasz: Annotated[float, typer.Option(min=0.0, help="Weight of the Lovasz loss.")] = 0.0,
    validate_every: Annotated[
        int, typer.Option(min=0, help="Steps between two looks at photos kept aside; 0 for none.")
    ] = 500,
    init: Annotated[
        Path | None,
        typer.Option(help="Weights to start from instead of ImageNet's: .pt, or .onnx that ships."),
    ] = None,
    teacher: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder with a manifest.json: imitate the labels of its network of this role.",
        ),
    ] = None,
    guesses: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Hair guessed by `emojimap train label`.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads of torch.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Threads that make crops.")] = 1,
    memory_gb: Annotated[float, typer.Option(min=0.1, help="Photos kept in memory.")] = 6.0,
    seed: Annotated[int, typer.Option(help="Of weights and crops.")] = 0,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Look at every photo and label first.")
    ] = True,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on from the checkpoint, with its settings; --steps, --minutes, --workers and "
            "--memory-gb may change.",
        ),
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="In the end, write ONNX file, manifest and card here."),
    ] = None,
) -> None:
    """Train the face network: label map and landmarks."""
    _need_torch()
    import cv2
    import torch
    from rich.console import Console

    from emojimap.train.checks import check as check_data
    from emojimap.train.guesses import attach
    from emojimap.train.loop import Trainer
    from emojimap.train.readers import read_all
    from emojimap.train.settings import TrainSettings

    # Crops are made beside the steps: OpenCV's threads would get in the way of torch's.
    cv2.setNumThreads(1)
    if threads is not None:
        torch.set_num_threads(threads)
    settings = TrainSettings(
        role=role,
        part=part,
        imitate=teacher is not None,
        steps=steps or TrainSettings.steps,
        minutes=minutes,
        batch=batch,
        size=size,
        learning_rate=learning_rate,
        warmup_steps=warmup,
        ema=ema,
        hand_made_share=hand_made,
        landmark_weight=landmarks,
        lovasz_weight=lovasz,
        validate_every=validate_every,
        memory_gb=memory_gb,
        workers=workers,
        seed=seed,
    )
    if resume:
        settings = _resumed(out, steps, minutes, workers, memory_gb)
    samples = read_all(*data)
    if guesses is not None:
        samples = attach(samples, guesses)
    console = Console(stderr=True)
    if check and not resume:
        check_data(samples, console)
    trainer = Trainer(
        samples,
        out,
        settings,
        device=device,
        initial=init,
        teacher=None if teacher is None else _teacher(teacher, settings.role, device),
        resume=resume,
    )
    sys.stderr.write(f"{trainer.run(console)}\n")
    if export is not None:
        _ship(out, export, data)


def _teacher(folder: Path, role: str, device: str) -> Network:
    from emojimap.facenet.backends import networks

    found = networks(folder, device=device)
    return found.hair if role == "hair" else found.face


def _resumed(
    out: Path, steps: int | None, minutes: float | None, workers: int, memory_gb: float
) -> TrainSettings:
    """Read the settings of a run, longer or shorter where asked for, on this machine."""
    from dataclasses import replace

    from emojimap.train.loop import settings_of

    settings = settings_of(out)
    return replace(
        settings,
        steps=steps or settings.steps,
        minutes=minutes or settings.minutes,
        workers=workers,
        memory_gb=memory_gb,
    )


@app.command("export")
def export_(
    run: Annotated[Path, typer.Argument(help="Folder of a run, with its checkpoint.pt.")],
    out: Annotated[Path, typer.Option(help="Folder for ONNX file, manifest and card.")],
    data: _Data,
) -> None:
    """Export a run to ONNX, with a check against torch, manifest and card."""
    _need_torch()
    _ship(run, out, data)


@app.command()
def label(
    data: _Data,
    out: Annotated[Path, typer.Option(help="Folder for the guesses, for `train face --guesses`.")],
    model: Annotated[
        Path | None, typer.Option(help="Folder with a manifest.json; by default what ships.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
) -> None:
    """Guess the hair of photos that nobody has labelled, for self-training."""
    from rich.console import Console

    from emojimap.facenet.backends import networks
    from emojimap.train.guesses import write
    from emojimap.train.readers import read_all

    count = write(read_all(*data), networks(model, device=device).hair, out, Console(stderr=True))
    sys.stderr.write(f"{out}: {count} photos\n")


@app.command()
def tone(
    labels: Annotated[
        Path,
        typer.Argument(metavar="LABELS.csv", help="Photos and their skin, from `tune label`."),
    ],
    model: Annotated[Path, typer.Option(help="Folder with manifest.json and face.onnx; changed.")],
    root: Annotated[
        Path | None,
        typer.Option(help="Folder that the photos' names start at.", show_default="the CSV's"),
    ] = None,
) -> None:
    """Fit the face network's tone head to skin as people have judged it."""
    _need_torch()
    from rich.console import Console
    from rich.progress import Progress

    from emojimap.facenet.backends import networks
    from emojimap.train.export import add_tone, with_tone
    from emojimap.train.tone import fit, lightness
    from emojimap.tune.labels import read

    found = [(one.photo, lightness(one.skin)) for one in read(labels, root=root) if one.skin]
    network, _ = with_tone(model)
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("photos", total=len(found))
        head = fit(
            found, network, networks(model).face, progress=lambda n: bar.update(task, completed=n)
        )
    sys.stderr.write(
        f"{add_tone(model, head)}: {head.photos} photos; kept aside: error {head.error:.2f} L*, "
        f"correlation {head.correlation:.3f}, change with the light {head.light_change:.2f} L*\n"
    )


@app.command()
def parts(
    out: Annotated[Path, typer.Option(help="Folder of the run: segments and checkpoints.")],
    data: _Data,
    kinds: Annotated[
        list[str] | None,
        typer.Option("--kind", help="What to train, again for more.", show_default="all kinds"),
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Optimiser steps of each kind.")] = 100,
    photos: Annotated[
        int | None, typer.Option(min=50, help="Use so many photos.", show_default="all")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes that cut photos.")] = 1,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads of torch.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of weights, batches and views.")] = 0,
    export: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="In the end, write ONNX files, manifest and card here."),
    ] = None,
) -> None:
    """Train the part embedders of `construct` on photos and the parts of all styles.

    A run that was interrupted goes on where it stopped when it is started again.
    """
    _need_torch()
    import torch
    from rich.console import Console
    from rich.progress import Progress

    from emojimap.errors import ArgumentError
    from emojimap.segments import KINDS, WHOLE
    from emojimap.train.parts import PartsSettings
    from emojimap.train.pieces import gather, people_first
    from emojimap.train.readers import read_all
    from emojimap.train.samples import of_split

    wanted = kinds or [*KINDS, WHOLE]
    for kind in wanted:
        if kind not in (*KINDS, WHOLE):
            raise ArgumentError(f"--kind {kind}: use {', '.join((*KINDS, WHOLE))}")
    if threads is not None:
        torch.set_num_threads(threads)
    settings = PartsSettings(steps=steps, seed=seed)
    samples = people_first(of_split(read_all(*data), "train"))[:photos]
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("photos", total=len(samples))
        found = gather(samples, out, jobs=jobs, progress=lambda n: bar.update(task, completed=n))
    sys.stderr.write(f"{out}: {found} of {len(samples)} photos show a face\n")
    _train_parts(wanted, out, settings, export)


def _train_parts(kinds: list[str], out: Path, settings: PartsSettings, export: Path | None) -> None:
    from functools import partial

    from rich.console import Console
    from rich.progress import Progress, TaskID

    from emojimap import files
    from emojimap.errors import EmojimapError
    from emojimap.train.parts import train
    from emojimap.train.parts_export import CARD, card, ship
    from emojimap.train.pieces import read, vector_styles

    def show(bar: Progress, task: TaskID, step: int, loss: float) -> None:
        bar.update(task, completed=step, description=f"{bar.tasks[task].fields['kind']} {loss:.3f}")

    shipped, names = {}, vector_styles()
    with Progress(console=Console(stderr=True)) as bar:
        for kind in kinds:
            task = bar.add_task(kind, total=settings.steps, kind=kind)
            pieces = read(out, kind, names)
            network = train(kind, pieces, out, settings, partial(show, bar, task))
            if network is None:
                raise EmojimapError(f"stopped while {kind} was trained: start it again to go on")
            if export is not None:
                shipped[kind] = ship(kind, network, pieces, export, settings)
    if export is not None:
        files.write(export / CARD, card(shipped, names, settings))
        sys.stderr.write(f"{export}: {sum(one.size for one in shipped.values()) / 1e6:.1f} MB\n")


def _ship(run: Path, out: Path, data: list[Path]) -> None:
    from emojimap.train.export import ship
    from emojimap.train.readers import read_all

    sys.stderr.write(f"{ship(run / 'checkpoint.pt', out, samples=read_all(*data))}\n")


def _need_torch() -> None:
    from importlib.util import find_spec

    from emojimap.errors import EmojimapError

    needed = ("torch", "segmentation_models_pytorch", "onnx", "matplotlib")
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        raise EmojimapError(f"{', '.join(missing)} not installed: pip install 'emojimap[train]'")
