"""`emojimap rank`: which pictures look most like the references."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emojimap.cli._embedder import EmbedderName, Layer, Pixels, read_embedder

if TYPE_CHECKING:
    from emojimap.errors import EmojimapError
    from emojimap.lineup import MeanColour, Score

_PICTURES = {
    ".avif", ".bmp", ".gif", ".heic", ".heif", ".jp2", ".jpeg", ".jpg", ".png", ".ppm", ".tif",
    ".tiff", ".webp",
}  # fmt: skip
_NAMED = 5
"""Pictures that were skipped are named up to so many."""


def rank(
    references: Annotated[
        list[Path],
        typer.Argument(metavar="REFERENCE...", help="Photos or avatars to look like."),
    ],
    among: Annotated[
        list[Path],
        typer.Option(
            metavar="DIR",
            help="Folder of candidates and all below it: photos, pictures of avatars, avatars as "
            ".json. Or one file. Give it again for more.",
        ),
    ],
    top: Annotated[int, typer.Option(min=1, help="Candidates to name.")] = 3,
    embedder: EmbedderName = "autoencoder",
    layer: Layer = None,
    pixels: Pixels = None,
    raw: Annotated[
        bool,
        typer.Option(
            "--raw",
            help="Score r.c / r.r on the vectors as they are. Else all have length 1, and nothing "
            "beats the reference itself.",
        ),
    ] = False,
    average: Annotated[
        int | None,
        typer.Option(
            metavar="K",
            min=1,
            help="Also give the mean colours of the K best, taken in L*a*b*: hair and skin where "
            "they are avatars or show faces, else of the whole picture.",
        ),
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(metavar="S.png", help="Draw the references beside the best candidates."),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Rank pictures of faces by how much they look like the references.

    Each reference scores each candidate; the mean ranks. Faces are aligned where one is found.
    """
    from emojimap import lineup

    if sheet is not None:
        _check_sheet(sheet, [*references, *among])
    candidates = _candidates(among)
    network = read_embedder(embedder, layer, pixels)
    skipped: list[tuple[str, EmojimapError]] = []
    scores = lineup.rank(
        references,
        _counted(candidates),
        network,
        raw=raw,
        skipped=lambda name, error: skipped.append((name, error)),
    )
    _report(skipped, scores, len(candidates))
    means = lineup.mean_colours(one.source for one in scores[:average]) if average else {}
    if sheet is not None:
        _draw(references, scores[:top], sheet)
    if json_:
        _print_json(references, network.name, scores[:top], skipped, means)
    else:
        sys.stdout.write(_as_text(scores[:top], means))


def _candidates(among: Sequence[Path]) -> list[Path]:
    from emojimap.errors import DataError

    found: list[Path] = []
    for place in among:
        if not place.exists():
            raise DataError(f"{place}: no such folder, name one with pictures")
        if not place.is_dir():
            found.append(place)
            continue
        below = sorted(path for path in place.rglob("*") if _may_be(path, place))
        if not below:
            raise DataError(f"{place} holds no picture and no .json: name a folder that does")
        found += below
    return list(dict.fromkeys(found))


def _may_be(path: Path, place: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(place).parts)
    return not hidden and path.suffix.lower() in {*_PICTURES, ".json"} and path.is_file()


def _counted(candidates: Sequence[Path]) -> Iterator[Path]:
    """Go through the candidates beside a bar."""
    from emojimap.cli import _progress

    with _progress.share("candidates") as show:
        for number, path in enumerate(candidates):
            yield path
            show(number + 1, (number + 1) / len(candidates))


def _check_sheet(sheet: Path, inputs: Sequence[Path]) -> None:
    from emojimap.cli._outputs import check_png, not_an_input

    check_png(sheet, "the sheet")
    not_an_input(sheet, inputs, "--sheet")


def _report(
    skipped: Sequence[tuple[str, EmojimapError]], scores: Sequence[Score], count: int
) -> None:
    for _, error in skipped[:_NAMED]:
        sys.stderr.write(f"skipped {' '.join(str(error).split())}\n")
    if skipped:
        more = f", {_NAMED} of them named above" if len(skipped) > _NAMED else ""
        sys.stderr.write(f"{len(skipped)} of {count} candidates skipped{more}\n")
    if loose := sum(not one.aligned for one in scores):
        sys.stderr.write(
            f"no face found in {loose} of {len(scores)} candidates: they are compared whole\n"
        )


def _draw(references: Sequence[Path], best: Sequence[Score], target: Path) -> None:
    from emojimap import lineup, sheet

    left = [(path.name, lineup.portrait(path)) for path in references]
    right = [(Path(one.name).name, one.score, lineup.portrait(one.source)) for one in best]
    sheet.write(sheet.lineup(left, right), target)
    sys.stderr.write(f"{target}\n")


def _as_text(best: Sequence[Score], means: dict[str, MeanColour]) -> str:
    lines = [
        f"{one.score:.4f}  {one.name}" + ("" if one.aligned else "  (whole picture)")
        for one in best
    ]
    for name, mean in means.items():
        lines.append(f"{name}  {_hex(mean)}  mean of {mean.count}")
    return "\n".join(lines) + "\n"


def _print_json(
    references: Sequence[Path],
    embedder: str,
    best: Sequence[Score],
    skipped: Sequence[tuple[str, EmojimapError]],
    means: dict[str, MeanColour],
) -> None:
    found: dict[str, Any] = {
        "references": [str(path) for path in references],
        "embedder": embedder,
        "scores": [
            {
                "path": one.name,
                "score": one.score,
                "by_reference": list(one.by_reference),
                "aligned": one.aligned,
            }
            for one in best
        ],
        "skipped": [{"path": name, "why": " ".join(str(why).split())} for name, why in skipped],
        "average": {
            name: {"colour": _hex(mean), "pictures": mean.count} for name, mean in means.items()
        },
    }
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


def _hex(mean: MeanColour) -> str:
    return "#" + bytes(mean.colour.tolist()).hex()
