"""What is measured beside the labelled photos: false faces, and the time of one pass."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np

from emojimap import photo as photo_
from emojimap.analysis import AnalysisSettings
from emojimap.errors import DataError, PhotoError
from emojimap.facenet.find import find
from emojimap.facenet.network import Network

_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp")


def faceless(folder: Path) -> list[Path]:
    """Pictures of a folder and what lies below it.

    Parameters
    ----------
    folder : Path
        Holds pictures without any face.

    Returns
    -------
    list of Path
        Sorted.

    Raises
    ------
    DataError
        If there is none.
    """
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _ENDINGS)
    if not found:
        raise DataError(f"{folder} holds no pictures ({', '.join(_ENDINGS)})")
    return found


def false_faces(
    path: Path, network: Network, settings: AnalysisSettings | None = None
) -> int | None:
    """Count the faces that are seen in a picture without any.

    Parameters
    ----------
    path : Path
        Picture.
    network : Network
        That finds faces.
    settings : AnalysisSettings, optional
        See there.

    Returns
    -------
    int or None
        None if the picture can't be read.
    """
    settings = settings or AnalysisSettings()
    try:
        pixels = photo_.read(path)
    except PhotoError:
        return None
    return len(find(pixels, network, settings.find))


def latency_ms(network: Network, passes: int = 30) -> float:
    """Time of one pass over one crop of the network's own size.

    Parameters
    ----------
    network : Network
        Ready to run.
    passes : int
        How many are timed, after a few that are not.

    Returns
    -------
    float
        Median, milliseconds.
    """
    crop = np.random.default_rng(0).integers(0, 256, (1, network.size, network.size, 3), np.uint8)
    times = list(_timed(network, crop, passes + 5))
    return 1e3 * median(times[5:])


def _timed(network: Network, crop: np.ndarray, passes: int) -> Iterator[float]:
    for _ in range(passes):
        start = time.perf_counter()
        network(crop)
        yield time.perf_counter() - start
