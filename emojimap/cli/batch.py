"""`emojimap batch`: many photos to avatars and one table."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emojimap.cli._options import AnyFace, AnyStyle, ColoursByHand, PartsByHand, Size
from emojimap.cli._settings import SettingsFile, read_settings
from emojimap.errors import DataError

if TYPE_CHECKING:
    from emojimap.batch.inputs import Found
    from emojimap.batch.job import Job
    from emojimap.batch.pool import Pool
    from emojimap.batch.run import Report, Run

_NAMED = 20
_LIMIT_S = 60.0


class Format(str, Enum):
    """What can be written of each face."""

    png = "png"
    svg = "svg"
    json = "json"


class Table(str, Enum):
    """Kinds of tables."""

    csv = "csv"
    parquet = "parquet"


class Device(str, Enum):
    """Where the networks run."""

    cpu = "cpu"
    cuda = "cuda"


class Send(str, Enum):
    """How photos get to a cluster."""

    content = "content"
    path = "path"


def batch(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="IN...",
            help="Folders, photos, patterns in quotes (** for any depth), a .csv with a column "
            "`photo` (and `name`, `style`), or - for a list of paths on standard input.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="OUT", help="Folder for avatars and table.")
    ],
    style: AnyStyle = "avataaars",
    format_: Annotated[
        list[Format] | None,
        typer.Option(
            "--format",
            help="What to write of each face; give it again for more.",
            show_default="png and json",
        ),
    ] = None,
    size: Size = None,
    top: Annotated[int, typer.Option(min=1, help="Candidates to keep for the JSON.")] = 5,
    face: AnyFace = "0",
    set_: PartsByHand = None,
    colour: ColoursByHand = None,
    table: Annotated[Table, typer.Option(help="Kind of the table of results.")] = Table.csv,
    sheet: Annotated[
        Path | None,
        typer.Option(
            metavar="SHEET.png",
            help="Draw faces beside their avatars, 200 at most, evenly chosen.",
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Processes (with --device cuda, threads).",
            show_default="one for each core",
        ),
    ] = None,
    device: Annotated[Device, typer.Option(help="Where the networks run.")] = Device.cpu,
    time_limit: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            metavar="SECONDS",
            help="A photo that takes longer fails.",
            show_default=f"{_LIMIT_S:g}, and none with --device cuda or --cluster",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on in OUT, doing only what is missing.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the results of an earlier run in OUT.")
    ] = False,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="Then wait for new photos in the folders, until Ctrl-C."),
    ] = False,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Dask scheduler whose workers do it, tcp://HOST:8786."
        ),
    ] = None,
    send: Annotated[
        Send,
        typer.Option(help="Give the cluster photos, or paths of a folder that all share."),
    ] = Send.content,
    json_: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
    settings: SettingsFile = None,
) -> None:
    """Fit many photos: an avatar for each, and one table of parts, colours and scores.

    Killed or interrupted, the same command with --resume goes on, and ends with the same files. A
    photo that can't be fitted costs a line in the table and exit status 1, not the run.
    """
    from emojimap.batch.folder import Folder
    from emojimap.batch.job import options, prepare
    from emojimap.batch.pool import styles_of
    from emojimap.batch.run import Run
    from emojimap.cli import _batch as shown
    from emojimap.cli._outputs import check_png

    check_png(sheet, "the sheet")
    _check_use(resume, overwrite, cluster, jobs, device, time_limit)
    _check_extras(table)
    job = _job(style, format_, size, top, face, set_, colour, device, settings)
    look = _looking(sources, out)
    found = look()
    _check_found(found, sources, watch)
    names = styles_of(job, found.items)
    prepare(job, names)
    with (
        Folder(out, options(job), resume=resume, overwrite=overwrite) as folder,
        shown.progress() as progress,
    ):
        run = Run(folder, job, kind=table.value, progress=progress)
        pool = _pool(job, names, jobs, time_limit, cluster, send)
        tell = shown.Teller(as_json=json_, lines=watch)
        report = None
        if watch:
            _watch(run, found, look, pool, tell)
        else:
            report = _once(run, found, pool)
        if sheet is not None:
            shown.draw_sheet(folder, sheet)
    if report is not None:
        tell(report)
        if report.failures:
            raise typer.Exit(1)


def _once(run: Run, found: Found, pool: Pool) -> Report:
    try:
        with pool:
            return run(found.items, pool)
    except KeyboardInterrupt:
        sys.stderr.write("emojimap: interrupted: go on with the same command and --resume\n")
        raise typer.Exit(130) from None


def _watch(
    run: Run, found: Found, look: Callable[[], Found], pool: Pool, tell: Callable[[Report], None]
) -> None:
    """Go on until Ctrl-C or SIGTERM, which leave a whole table behind."""
    from emojimap.batch.watch import follow
    from emojimap.cli import _batch as shown

    try:
        with shown.terminated_as_interrupted(), pool:
            tell(run(found.items, pool))
            follow(run, lambda: look().items, found.folders, pool, tell)
    except KeyboardInterrupt:
        run.write_table()


def _looking(sources: list[str], out: Path) -> Callable[[], Found]:
    from emojimap.batch import inputs

    listed = sys.stdin.buffer.read() if inputs.STDIN in sources else b""
    return lambda: inputs.gather(sources, out=out, listed=listed)


def _check_use(
    resume: bool,
    overwrite: bool,
    cluster: str | None,
    jobs: int | None,
    device: Device,
    time_limit: float | None,
) -> None:
    if resume and overwrite:
        raise typer.BadParameter(
            "--resume keeps what is there, --overwrite replaces it: give one", param_hint="--resume"
        )
    if cluster is not None and jobs is not None:
        raise typer.BadParameter("the cluster has its own workers", param_hint="--jobs")
    if time_limit is not None and (cluster is not None or device is Device.cuda):
        raise typer.BadParameter(
            "only processes of this machine can be ended, not threads or workers of a cluster",
            param_hint="--time-limit",
        )


def _check_extras(table: Table) -> None:
    if table is Table.parquet:
        from emojimap.batch.table import check_parquet

        check_parquet()


def _check_found(found: Found, sources: list[str], watch: bool) -> None:
    for path in found.doubles[:_NAMED]:
        sys.stderr.write(f"{path}: named twice, fitted once\n")
    if len(found.doubles) > _NAMED:
        sys.stderr.write(f"{len(found.doubles) - _NAMED:,} more named twice\n")
    if watch:
        from emojimap.batch.watch import check

        check(found.folders)
    elif not found.items:
        raise DataError(f"no photos in {', '.join(sources)}: name others")
    elif all(one.fault for one in found.items):  # a slip of the pen, and nothing to write about
        first = found.items[0]
        others = f" ({len(found.items) - 1:,} more are not there either)" * (len(found.items) > 1)
        raise DataError(f"{first.shown}: {first.fault}{others}")


def _pool(
    job: Job,
    names: tuple[str, ...],
    jobs: int | None,
    time_limit: float | None,
    cluster: str | None,
    send: Send,
) -> Pool:
    from emojimap import workers

    if cluster is not None:
        from emojimap.batch.cluster import ClusterPool

        return ClusterPool(cluster, names, send=send.value)
    if job.settings.analysis.device == Device.cuda.value:
        from emojimap.batch.cuda import ThreadPool

        return ThreadPool(jobs or 2 * workers.cores(), job, names)
    from emojimap.batch.local import LocalPool

    return LocalPool(jobs or workers.cores(), job, names, limit_s=time_limit or _LIMIT_S)


def _job(
    style: str,
    format_: list[Format] | None,
    size: int | None,
    top: int,
    face: str,
    set_: list[str] | None,
    colour: list[str] | None,
    device: Device,
    settings: Path | None,
) -> Job:
    import dataclasses

    from emojimap.batch.job import Job
    from emojimap.cli import _outputs as outputs

    rules = read_settings(settings)
    seen = dataclasses.replace(rules.analysis, device=device.value)
    return Job(
        style=style,
        formats=tuple(dict.fromkeys(one.value for one in format_ or (Format.png, Format.json))),
        size=size,
        top=top,
        face=outputs.face_number(face),
        parts=tuple(outputs.pairs(set_, "--set").items()),
        colours=tuple(outputs.pairs(colour, "--colour").items()),
        settings=dataclasses.replace(rules, analysis=seen),
    )
