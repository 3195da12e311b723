"""The log of a run as CSV, and its curves as a picture."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from emojimap import files

_PANELS = (
    ("loss", ("labels", "landmarks", "lovasz"), True),
    ("hair IoU, photos kept aside", ("val_hair_iou", "val_hair_iou_pooled"), False),
    ("landmark error / eye distance, kept aside", ("val_landmark_error",), False),
    ("learning rate", ("rate",), False),
)
COLUMNS = ("step", "seconds", *dict.fromkeys(name for _, names, _ in _PANELS for name in names))


class Log:
    """Rows of a CSV file; losses are means since the last row.

    Parameters
    ----------
    path : Path
        ``log.csv``; appended to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._since: dict[str, list[float]] = defaultdict(list)

    def add(self, losses: Mapping[str, float]) -> None:
        """Remember the losses of a step.

        Parameters
        ----------
        losses : mapping of str to float
            By column.
        """
        for name, value in losses.items():
            self._since[name].append(value)

    @property
    def waiting(self) -> bool:
        """Whether there are losses that stand in no row yet."""
        return bool(self._since)

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Append a row.

        Parameters
        ----------
        step : int
            Steps done.
        values : mapping of str to float
            Further columns.
        """
        means = {name: float(np.mean(some)) for name, some in self._since.items()}
        self._since.clear()
        row = {name: f"{value:.6g}" for name, value in {**means, **values}.items()}
        fresh = not self.path.exists()
        with self.path.open("a", newline="") as lines:
            writer = csv.DictWriter(lines, COLUMNS)
            if fresh:
                writer.writeheader()
            writer.writerow({"step": step, **row})

    def cut(self, step: int) -> None:
        """Drop the rows after a step, which a resumed run writes again.

        Parameters
        ----------
        step : int
            Last step that is kept.
        """
        if not self.path.exists():
            return
        rows = [row for row in read(self.path) if int(row["step"]) <= step]
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
        files.write(self.path, text.getvalue())


def read(path: Path) -> list[dict[str, str]]:
    """Read a log.

    Parameters
    ----------
    path : Path
        ``log.csv``.

    Returns
    -------
    list of dict of str to str
        One per row; empty where nothing was measured.
    """
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


def draw(log: Path, target: Path) -> None:
    """Draw the curves of a log.

    Parameters
    ----------
    log : Path
        ``log.csv``; without rows nothing is drawn.
    target : Path
        PNG to write.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = read(log) if log.exists() else []
    if not rows:
        return
    figure = Figure(figsize=(10, 7), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (title, names, logarithmic) in zip(figure.subplots(2, 2).flat, _PANELS, strict=True):
        for name in names:
            known = [(int(row["step"]), float(row[name])) for row in rows if row.get(name)]
            if known:
                axes.plot(
                    *zip(*known, strict=True), label=name, marker="." if len(known) < 40 else ""
                )
        axes.set(title=title, xlabel="step", yscale="log" if logarithmic else "linear")
        axes.grid(visible=True, alpha=0.3)
        if axes.get_legend_handles_labels()[0]:
            axes.legend()
    with files.whole(target) as draft:
        figure.savefig(draft, format="png", dpi=110)
