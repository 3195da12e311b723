"""`emojimap video`: films and cameras, the avatar beside each frame."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emojimap.cli._options import AnyStyle, OneFace
from emojimap.cli._settings import SettingsFile, read_settings

if TYPE_CHECKING:
    from emojimap.video import Report


class Plot(str, Enum):
    """What may be drawn under the picture."""

    embeddings = "embeddings"


def video(
    source: Annotated[
        str,
        typer.Argument(metavar="IN", help="A film; or camera, camera:1, /dev/video0."),
    ],
    out: Annotated[
        Path,
        typer.Option("-o", "--out", metavar="OUT", help="Film to write: .mp4, .mkv or .webm."),
    ],
    style: AnyStyle = "avataaars",
    face: OneFace = 0,
    height: Annotated[
        int,
        typer.Option(min=64, max=4320, help="Higher frames are reduced to this height, pixels."),
    ] = 720,
    every: Annotated[
        int,
        typer.Option(min=1, help="Frames between two full looks at hair, traits and colours."),
    ] = 30,
    seconds: Annotated[
        float | None, typer.Option(min=0.1, help="Stop after so many seconds of the film.")
    ] = None,
    resolution: Annotated[
        str | None,
        typer.Option(metavar="WxH", help="Of a camera. [default: the camera's own]"),
    ] = None,
    plot: Annotated[
        Plot | None,
        typer.Option(
            help="Draw, under the picture, the embeddings of each part of face (pink) "
            "and avatar (purple)."
        ),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    settings: SettingsFile = None,
) -> None:
    """Write a film with each frame's landmarks and masks, and its avatar beside it."""
    from emojimap.cli import _progress
    from emojimap.video import VideoSettings, convert
    from emojimap.video.source import camera_number

    rules = read_settings(settings)
    with _progress.share("frames") as show, _until_interrupted(camera_number(source)) as stop:
        report = convert(
            source,
            out,
            style,
            settings=rules,
            video=VideoSettings(every_frames=every),
            face=face,
            height=height,
            resolution=resolution,
            seconds=seconds,
            embedder=_embedder() if plot is Plot.embeddings else None,
            progress=show,
            stop=stop,
        )
    _tell(report, out, as_json=json_)


@contextmanager
def _until_interrupted(camera: str | None) -> Iterator[Callable[[], bool] | None]:
    """Let the first Ctrl-C end a camera's film whole; a file's film is dropped as usual."""
    if camera is None:
        yield None
        return
    asked = False

    def ask(number: int, frame: Any) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)


def _embedder() -> Any:
    from emojimap import embed

    return embed.load("autoencoder")


def _tell(report: Report, out: Path, *, as_json: bool) -> None:
    import json
    from dataclasses import asdict

    if as_json:
        found = {
            name: round(value, 3) if isinstance(value, float) else value
            for name, value in asdict(report).items()
        }
        sys.stdout.write(json.dumps({**found, "frames_per_s": round(report.rate, 2)}) + "\n")
    notes = [
        f"{report.frames} frames",
        f"{report.tracked} with a face",
        f"{report.rate:.1f} frames/s",
    ]
    if report.broken:
        notes.append(f"{report.broken} broken, left out")
    if report.sound_lost:
        notes.append(f"{report.sound_lost} packets of sound lost")
    sys.stderr.write(f"{out} ({', '.join(notes)})\n")
