"""`emojimap styles`: which art there is, whose it is, and what can be set by hand."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

_NAMED = 120
"""Variants that are shown; JSON has all of them."""

app = typer.Typer(
    no_args_is_help=True,
    help="Styles: list them, show one, check a pack, write a new one.",
    rich_markup_mode=None,
)


@app.command("list")
def list_(json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the styles with their credits and licences."""
    from emojimap import styles
    from emojimap.errors import EmojimapError

    found = styles.available()
    if json_:
        rows = [
            {
                "name": s.name,
                "title": s.title,
                "credit": s.credit,
                "licence": s.licence,
                "url": s.url,
            }
            for s in found
        ]
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return
    for style in found:
        sys.stdout.write(f"{style.name:12} {style.credit}; {style.licence}; {style.url}\n")
    try:
        styles.load(styles.CARTOONSET)
    except EmojimapError as error:
        sys.stderr.write(f"{styles.CARTOONSET:12} not ready: {error}\n")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Style name, or the path of a .toml pack.")],
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the parts, variants and colours of a style."""
    from emojimap import styles

    style = styles.load(name)
    parts = {part: [v or "none" for v in variants] for part, variants in style.parts.items()}
    if json_:
        sys.stdout.write(
            json.dumps(
                {"name": style.name, "parts": parts, "colours": list(style.colours)}, indent=2
            )
            + "\n"
        )
        return
    sys.stdout.write(f"{style.title}: {style.credit}; {style.licence}; {style.url}\n")
    for part, variants in parts.items():
        more = f" and {len(variants) - _NAMED} more" if len(variants) > _NAMED else ""
        sys.stdout.write(f"  --set {part}=  {', '.join(variants[:_NAMED])}{more}\n")
    sys.stdout.write(f"  --colour  {', '.join(style.colours)}\n")


@app.command()
def check(
    pack: Annotated[str, typer.Argument(help="Path of a .toml pack, or a vector style's name.")],
    sheet: Annotated[
        Path | None,
        typer.Option(
            metavar="SHEET.png", help="Draw each template, and its mask in the canonical frame."
        ),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Validate a style pack and tell what to look at; an invalid one ends with 1."""
    from emojimap import likeness, styles
    from emojimap.cli import _outputs as outputs
    from emojimap.errors import StyleError
    from emojimap.styles.checking import findings
    from emojimap.styles.dicebear import DicebearStyle

    if sheet is not None:
        outputs.check_png(sheet, "the sheet")
        outputs.not_an_input(sheet, [Path(pack)], "--sheet")
    style = styles.load(pack)
    if not isinstance(style, DicebearStyle):
        raise StyleError(f"{pack} is no pack of a vector style: name a .toml")
    likeness.check_weights(style.weights, f"{pack}: distance.")
    found = findings(style)
    counts = {group: len(style.template_masks(group, 8)[0]) for group in ("hair", "headwear")}
    if sheet is not None:
        from emojimap import sheet as sheet_

        sheet_.write(sheet_.templates(style), sheet)
    if json_:
        row = {"name": style.name, "templates": counts, "look_at": found}
        sys.stdout.write(json.dumps(row, indent=2) + "\n")
        return
    sys.stdout.write(
        f"{style.name}: valid; {counts['hair']} templates of hair, {counts['headwear']} of "
        f"headwear; parts {', '.join(style.parts)}\n"
    )
    for line in found:
        sys.stdout.write(f"  look at: {line}\n")


@app.command()
def new(
    definition: Annotated[
        Path, typer.Argument(help="A DiceBear definition (JSON).", metavar="DEFINITION.json")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="PACK.toml", help="[default: DEFINITION's name with .toml]"
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What the style is asked for by. [default: the file's name]")
    ] = None,
) -> None:
    """Write a first style pack by looking at a definition; a person looks it over."""
    from emojimap import files
    from emojimap.cli import _outputs as outputs
    from emojimap.errors import OutputError
    from emojimap.styles import sketch
    from emojimap.styles.definition import read, validate

    target = out or definition.with_suffix(".toml")
    outputs.not_an_input(target, [definition], "-o")
    if target.exists():
        raise OutputError(f"{target} is there already: remove it, or name another with -o")
    found, _ = read(definition)
    validate(found, str(definition))
    seen = sketch.look(found)
    source = os.path.relpath(definition, target.parent)
    files.write(target, sketch.toml(seen, name or sketch.name_of(definition), source, found))
    sys.stderr.write(f"{target}\n")
    for text in seen.guessed:
        sys.stderr.write(f"guessed, not seen: {text}\n")
