"""`emojimap analyse`: what is seen in a photo."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emojimap.cli._settings import SettingsFile, read_settings

if TYPE_CHECKING:
    from emojimap.analysis import Analysis


def analyse(
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help="Photo of faces.")],
    json_: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    masks: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Write each mask as PNG, 255 inside, of the photo's size."
        ),
    ] = None,
    settings: SettingsFile = None,
    device: Annotated[str, typer.Option(help="cpu, or cuda for a GPU (extra `train`).")] = "cpu",
) -> None:
    """Find the faces of a photo: landmarks, masks, traits and colours."""
    from dataclasses import replace

    from emojimap import as_json
    from emojimap.analysis import analyse_all
    from emojimap.cli._outputs import named
    from emojimap.errors import EmojimapError

    rules = replace(read_settings(settings).analysis, device=device)
    try:
        faces = analyse_all(photo, settings=rules)
    except EmojimapError as error:
        raise named(error, photo) from error
    if masks is not None:
        for number, face in enumerate(faces):
            _write_masks(face, masks, f"{photo.stem}-{number}")
    if json_:
        found = [as_json.analysis(face) for face in faces]
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        return
    for number, face in enumerate(faces):
        sys.stdout.write(_as_text(number, face))


def _write_masks(face: Analysis, folder: Path, stem: str) -> None:
    from emojimap import sheet

    for name, mask in face.masks.items():
        sheet.write(mask.astype("uint8") * 255, folder / f"{stem}-{name}.png")


def _as_text(number: int, face: Analysis) -> str:
    from emojimap import as_json

    seen = as_json.analysis(face)
    traits = seen["traits"]
    x, y, width, height = (round(value) for value in face.box)
    lines = [f"face {number}: {width}x{height} at ({x}, {y}), confidence {face.confidence:.2f}"]
    lines += [
        f"  {name}: {colour['colour'] or 'none'} ({colour['why']})"
        for name, colour in seen["colours"].items()
    ]
    lines.append(f"  glasses {traits['glasses']}, headwear {'yes' if traits['headwear'] else 'no'}")
    lines.append(f"  {traits['why'].get('facial_hair')}; mouth {traits['mouth']}")
    return "\n".join(lines) + "\n"
