"""`emojimap styles`: which art there is, whose it is, and what can be set by hand."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

_NAMED = 120
"""Variants that are shown; JSON has all of them."""

app = typer.Typer(no_args_is_help=True, help="Styles: list them, show one.", rich_markup_mode=None)


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
