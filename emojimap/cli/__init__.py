"""The command line: parse, call, print. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from emojimap import __version__
from emojimap.cli.analyse import analyse
from emojimap.cli.batch import batch
from emojimap.cli.colours import colours
from emojimap.cli.construct import construct
from emojimap.cli.evaluate import app as evaluate_app
from emojimap.cli.export import export
from emojimap.cli.fit import fit
from emojimap.cli.precompute import precompute
from emojimap.cli.rank import rank
from emojimap.cli.refine import refine
from emojimap.cli.serve import serve
from emojimap.cli.styles import app as styles_app
from emojimap.cli.train import app as train_app
from emojimap.cli.tune import app as tune_app
from emojimap.cli.video import video
from emojimap.errors import EmojimapError

app = typer.Typer(
    name="emojimap",
    help="A photo of a face goes in, the cartoon avatar that fits it best comes out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(fit)
app.command()(batch)
app.command()(construct)
app.command()(analyse)
app.command()(colours)
app.add_typer(styles_app, name="styles")
app.add_typer(train_app, name="train")
app.add_typer(tune_app, name="tune")
app.add_typer(evaluate_app, name="evaluate")
app.command()(refine)
app.command()(precompute)
app.command()(export)
app.command()(rank)
app.command()(video)
app.command()(serve)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"emojimap {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line: exit 0 for success, 1 for an error in one line, 2 for wrong usage."""
    try:
        app()
    except EmojimapError as error:
        message = " ".join(str(error).split())
        sys.stderr.write(f"emojimap: {message}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("emojimap: interrupted\n")
        sys.exit(130)
