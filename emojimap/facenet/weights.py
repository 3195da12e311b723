"""Weights that ship with the program: found by name, checked by hash, never run unknown."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from emojimap.errors import ModelError

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Weights:
    """A network's file, checked.

    Parameters
    ----------
    name : str
        Its name in the manifest.
    content : bytes
        The file; its SHA-256 is the manifest's.
    labels : tuple of str
        Classes of the label map, in the order of the channels.
    size : int
        Side of the crops it was trained on, pixels.
    """

    name: str
    content: bytes
    labels: tuple[str, ...]
    size: int


def load(name: str = "face", folder: Path | None = None) -> Weights:
    """Read a network's file and check it against the manifest.

    Parameters
    ----------
    name : str
        Entry of the manifest.
    folder : Path, optional
        Folder with ``manifest.json``; by default the weights that ship with the program.

    Returns
    -------
    Weights
        The checked file.

    Raises
    ------
    ModelError
        If the manifest or the file is missing, or the file is not the one the manifest names.
    """
    place = _place(folder)
    entry = _entry(place, name)
    path = place / entry["file"]
    try:
        content: bytes = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} can't be read ({error.strerror}): reinstall emojimap") from error
    found = hashlib.sha256(content).hexdigest()
    if found != entry["sha256"]:
        raise ModelError(
            f"{path} is damaged or foreign: its SHA-256 is {found[:12]}..., the manifest says "
            f"{entry['sha256'][:12]}...; reinstall emojimap"
        )
    return Weights(name, content, tuple(entry["labels"]), int(entry["size"]))


def names(folder: Path | None = None) -> list[str]:
    """Networks that a folder holds.

    Parameters
    ----------
    folder : Path, optional
        As in `load`.

    Returns
    -------
    list of str
        Entries of its manifest.

    Raises
    ------
    ModelError
        If there is no manifest.
    """
    return list(_manifest(_place(folder)))


def _place(folder: Path | None) -> Any:
    return resources.files("emojimap.models") if folder is None else folder


def _manifest(place: Any) -> dict[str, Any]:
    path = place / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        found: dict[str, Any] = dict(manifest["networks"])
    except OSError as error:
        raise ModelError(f"{path} can't be read ({error.strerror}): reinstall emojimap") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} lists no networks: reinstall emojimap") from error
    return found


def _entry(place: Any, name: str) -> dict[str, Any]:
    path, found = place / MANIFEST, _manifest(place)
    if not isinstance(found.get(name), dict):
        raise ModelError(f"{path} does not list the network {name!r}: reinstall emojimap")
    entry: dict[str, Any] = found[name]
    missing = {"file", "sha256", "labels", "size"} - set(entry)
    if missing:
        raise ModelError(f"{path}: {name!r} lacks {sorted(missing)}: reinstall emojimap")
    return entry
