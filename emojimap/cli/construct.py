"""`emojimap construct`: photos to avatars, part by part, by the looks of each part."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emojimap.cli._embedder import EmbedderName, Layer, Pixels, read_embedder
from emojimap.cli._options import AvatarFiles, OneFace, Size
from emojimap.cli._settings import SettingsFile, read_settings

if TYPE_CHECKING:
    from emojimap.construct import Construction


def construct(
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help="Photo of a face.")],
    out: AvatarFiles = None,
    style: Annotated[
        str, typer.Option(help="Name of a vector style, or the path of a .toml pack.")
    ] = "avataaars",
    embedder: EmbedderName = "autoencoder",
    layer: Layer = None,
    pixels: Pixels = None,
    size: Size = None,
    face: OneFace = 0,
    sheet: Annotated[
        Path | None,
        typer.Option(metavar="SHEET.png", help="Draw each segment beside the parts most like it."),
    ] = None,
    json_: Annotated[
        bool, typer.Option("--json", help="Print the avatar and all parts with their cosines.")
    ] = False,
    settings: SettingsFile = None,
) -> None:
    """Build an avatar from the parts that look most like those of the face.

    Another road than `fit`: the face is cut into segments (hair, eyes, brows, nose, mouth, outline,
    beard), an embedder turns each segment and each part of the style into a code, and the parts
    with the nearest codes make the avatar. Colours, clothes, glasses and headwear are those of
    `fit`.
    """
    from emojimap import styles
    from emojimap.analysis import analyse
    from emojimap.cli import _outputs as outputs
    from emojimap.construct import construct as build
    from emojimap.construct import vector

    rules = read_settings(settings)
    drawn = vector(styles.load(style))
    network = read_embedder(embedder, layer, pixels)
    outputs.check_png(sheet, "the sheet")
    targets = outputs.Targets(out, many=False)
    seen = analyse(photo, face=face, settings=rules.analysis)
    built = build(seen, drawn, network, rules=rules)
    outputs.write_avatar(built.avatar, targets.of(photo, None), size or drawn.size)
    if sheet is not None:
        _draw(built, sheet)
    if json_:
        _print(built)


def _draw(built: Construction, target: Path) -> None:
    from emojimap import sheet

    sheet.write(sheet.construction(built), target)
    sys.stderr.write(f"{target}\n")


def _print(built: Construction) -> None:
    import json

    found = {"avatar": built.avatar.to_dict(), "candidates": built.candidates}
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
