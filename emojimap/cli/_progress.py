"""Progress on stderr: how much, how fast, how long it will take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def share(what: str) -> Iterator[Callable[[int, float], None]]:
    """Show a bar for work of which only the done share is known.

    Parameters
    ----------
    what : str
        What is counted.

    Yields
    ------
    callable
        To be called with the count so far and the share 0..1 that is done.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn(f"{{task.fields[count]}} {what}"),
        BarColumn(),
        TextColumn("{task.fields[rate]:.0f}/s"),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=Console(stderr=True))
    task = bar.add_task(what, total=1.0, count=0, rate=0.0)

    def show(count: int, done: float) -> None:
        bar.start()
        elapsed = bar.tasks[task].elapsed or 0.0
        rate = count / elapsed if elapsed > 0 else 0.0
        bar.update(task, completed=done, count=count, rate=rate)

    try:
        yield show
    finally:
        bar.stop()
