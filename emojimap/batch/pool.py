"""Where tasks run: in processes here, in threads before a GPU, or on a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Protocol

from emojimap.batch.inputs import Item
from emojimap.batch.job import Job
from emojimap.batch.task import Outcome


class Pool(Protocol):
    """Workers that are given photos. On leaving the context with an error all ends at once."""

    def ahead(self) -> int:
        """Return how many photos may be under way: enough to keep all busy, few enough to hold."""

    def submit(self, job: Job, style: str, item: Item) -> Future[Outcome]:
        """Queue a photo.

        Parameters
        ----------
        job : Job
            What to do.
        style : str
            In which style.
        item : Item
            Which photo.

        Returns
        -------
        Future
            Of what came of it.
        """

    def check(self) -> None:
        """Look whether there still are workers; called now and then.

        Raises
        ------
        EmojimapError
            If nothing is going to come any more.
        """

    def __enter__(self) -> Pool: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def styles_of(job: Job, items: Sequence[Item]) -> tuple[str, ...]:
    """List the styles of a run, its own first.

    Parameters
    ----------
    job : Job
        What is to be done.
    items : sequence of Item
        Photos.

    Returns
    -------
    tuple of str
        As `emojimap.styles.load` takes them.
    """
    return tuple(dict.fromkeys([job.style, *(item.style for item in items if item.style)]))
