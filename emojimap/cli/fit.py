"""`emojimap fit`: photos to avatars."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emojimap.cli._options import AnyFace, AnyStyle, AvatarFiles, ColoursByHand, PartsByHand, Size
from emojimap.cli._settings import SettingsFile, read_settings

if TYPE_CHECKING:
    from emojimap.fit import Fit


def fit(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO...", help="Photos of faces.")],
    out: AvatarFiles = None,
    style: AnyStyle = "avataaars",
    size: Size = None,
    top: Annotated[
        int, typer.Option(min=1, help="Candidates to keep for the JSON and the sheet.")
    ] = 5,
    face: AnyFace = "0",
    set_: PartsByHand = None,
    colour: ColoursByHand = None,
    sheet: Annotated[
        Path | None,
        typer.Option(
            metavar="SHEET.png",
            help="Draw how it was fitted; for several faces, each beside its avatar.",
        ),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the avatars as JSON.")] = False,
    settings: SettingsFile = None,
    seed: Annotated[int, typer.Option(help="For styles that draw at random.")] = 0,
) -> None:
    """Find the avatar that fits the face in a photo and write it."""
    from emojimap import styles
    from emojimap.cli import _outputs as outputs
    from emojimap.errors import EmojimapError
    from emojimap.fit import fit_photo

    rules = read_settings(settings)
    drawn = styles.load(style)
    parts, colours = outputs.pairs(set_, "--set"), outputs.pairs(colour, "--colour")
    number = outputs.face_number(face)
    outputs.check_png(sheet, "the sheet")
    targets = outputs.Targets(out, many=len(photos) > 1 or number is None)
    fits: list[Fit] = []
    failures: list[EmojimapError] = []
    for photo in photos:
        try:
            found = fit_photo(photo, drawn.name, top=top, seed=seed, face=number, settings=rules)
        except EmojimapError as error:
            failures.append(outputs.named(error, photo))
            continue
        for i, one in enumerate(found):
            edited = outputs.edited(one, parts, colours)
            outputs.write(
                edited, targets.of(photo, i if len(found) > 1 else None), size or drawn.size
            )
            fits.append(edited)
    if sheet is not None and fits:
        outputs.write_sheet(fits, sheet)
    if json_:
        outputs.print_json([one.avatar for one in fits])
    outputs.report(failures, len(photos))
