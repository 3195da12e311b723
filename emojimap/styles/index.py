"""Template masks of a style as an index in the cache, built again when the style changes."""

from __future__ import annotations

import contextlib
import logging
import os
from functools import lru_cache
from pathlib import Path

from platformdirs import user_cache_path

from emojimap import files
from emojimap.errors import CacheError, OutputError
from emojimap.overlap import MaskIndex
from emojimap.styles.base import GROUPS, Group, Style

CACHE_VARIABLE = "EMOJIMAP_CACHE"
_log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Folder for caches: ``EMOJIMAP_CACHE``, or the user's cache folder.

    Returns
    -------
    Path
        It may not exist yet.
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen) if chosen else Path(user_cache_path("emojimap"))


def open_index(style: Style, group: Group, *, size: int = 64, levels: int = 8) -> MaskIndex:
    """Open the index of a style's templates; build and cache it the first time.

    A cached file that is damaged or of another version is built again: all it holds comes from
    the style. Where the cache can't be written the index is built each time, and that is logged.

    Parameters
    ----------
    style : Style
        Whose templates.
    group : {"hair", "headwear", "headwear_alone"}
        Which of them.
    size : int
        Side of the masks, pixels.
    levels : int
        Steps of coverage that the soft masks keep.

    Returns
    -------
    MaskIndex
        Memory-mapped from the cache where that works.
    """
    name = f"{style.name}-{group}-{size}x{levels}-{style.fingerprint[:16]}.masks"
    path = (style.folder or cache_folder()) / name
    if path.is_file():
        try:
            return _opened(path, path.stat().st_mtime_ns)
        except CacheError as error:
            _log.warning("%s - building it again", error)
    ids, masks = style.template_masks(group, size)
    index = MaskIndex.build(masks, ids, levels=levels)
    try:
        files.make_folder(path.parent)
        index.save(path)
        if style.folder is not None:  # nobody else's: what stood for other hairstyles can go
            pattern = f"{style.name}-{group}-{size}x{levels}-*.masks"
            for old in set(path.parent.glob(pattern)) - {path}:
                with contextlib.suppress(OSError):  # mapped by another process
                    old.unlink()
    except OutputError as error:
        _log.warning("templates can't be cached (%s): set %s to a folder", error, CACHE_VARIABLE)
    return index


def open_all(style: Style) -> None:
    """Open, or build and cache, all indices of a style, so that no photo waits for them.

    Parameters
    ----------
    style : Style
        One without headwear has hair alone.
    """
    for group in GROUPS if "headwear" in style.part_names else GROUPS[:1]:
        open_index(style, group)


@lru_cache(maxsize=64)
def _opened(path: Path, stamp: int) -> MaskIndex:
    """Open a file once, and again when another has taken its place."""
    return MaskIndex.load(path)
