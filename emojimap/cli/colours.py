"""`emojimap colours`: the colours of the faces in a photo, and why."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emojimap.cli._settings import SettingsFile, read_settings

if TYPE_CHECKING:
    from emojimap.analysis import Analysis
    from emojimap.colours import ColourSettings


def colours(
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help="Photo of faces.")],
    explain: Annotated[
        Path | None,
        typer.Option(
            metavar="E.png",
            help="Draw where the colours were measured, what was trimmed, where they lie in Lab. "
            "Of several faces each gets its number.",
        ),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON, a list of faces.")] = False,
    face: Annotated[
        str, typer.Option(metavar="N|all", help="Which face: 0 is the largest; or all.")
    ] = "0",
    settings: SettingsFile = None,
) -> None:
    """Find the colours of a face: skin, hair, beard, brows, eyes, lips, glasses, clothes."""
    from emojimap import as_json
    from emojimap.analysis import analyse, analyse_all
    from emojimap.cli._outputs import check_png, face_number, named, not_an_input
    from emojimap.errors import EmojimapError

    rules = read_settings(settings).analysis
    number = face_number(face)
    if explain is not None:
        check_png(explain, "the explanation")
        not_an_input(explain, [photo, settings], "--explain")
    try:
        if number is None:
            faces = analyse_all(photo, settings=rules)
        else:
            faces = [analyse(photo, face=number, settings=rules)]
    except EmojimapError as error:
        raise named(error, photo) from error
    if explain is not None:
        _explain(faces, explain, rules.colours)
    found = [as_json.colours(one.colours) for one in faces]
    if json_:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        return
    for count, one in enumerate(found):
        if len(found) > 1:
            sys.stdout.write(f"face {count}\n")
        sys.stdout.write(_as_text(one))


def _explain(faces: list[Analysis], target: Path, settings: ColourSettings) -> None:
    from emojimap import sheet

    for number, one in enumerate(faces):
        name = target if len(faces) == 1 else target.with_stem(f"{target.stem}-{number}")
        sheet.write(sheet.explanation(one, settings), name)
        sys.stderr.write(f"{name}\n")


def _as_text(found: dict[str, Any]) -> str:
    lines = []
    for role, seen in found.items():
        colour = f"{seen['colour']} {seen['name']}" if seen["colour"] else "not seen"
        measured = f"measured {seen['measured']}, " if seen["measured"] else ""
        lines.append(f"{role.replace('_', ' '):12} {colour:22} {measured}{seen['why']}")
    return "\n".join(lines) + "\n"
