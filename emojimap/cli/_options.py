"""Options that several commands have, said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

AnyStyle = Annotated[
    str, typer.Option(help="Style name, or the path of a .toml pack or of a precomputed set.")
]
Size = Annotated[
    int | None,
    typer.Option(min=16, max=4096, help="Side of the PNG, pixels.", show_default="the style's own"),
]
OneFace = Annotated[int, typer.Option(min=0, help="Which face: 0 is the largest.")]
AnyFace = Annotated[
    str, typer.Option(metavar="N|all", help="Which face: 0 is the largest; or all.")
]
PartsByHand = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PART=VARIANT", help="Set a part by hand, `none` takes it away."),
]
ColoursByHand = Annotated[
    list[str] | None,
    typer.Option("--colour", metavar="NAME=#RRGGBB", help="Set a colour by hand."),
]


def _out(photo: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        "-o",
        "--out",
        metavar="OUT",
        help="File to write (.png, .svg or .json; give it again for more), or a folder. "
        f"[default: {photo}'s name with .avatar.png, here]",
    )
    return option


AvatarFiles = Annotated[list[Path] | None, _out("PHOTO")]
AvatarFilesOfMany = Annotated[list[Path] | None, _out("the first photo")]
