"""Runs skin-tone-classifier (``stone``) on the same photos, for comparison.

It is licensed under the GPL and wants another OpenCV, so it runs as a program of its own, from an
environment of its own: ``pip install skin-tone-classifier "opencv-python-headless<5"``.
"""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emojimap.arrays import U8
from emojimap.errors import EmojimapError

_HEX = re.compile("#[0-9a-fA-F]{6}")
_TONE, _DOMINANT = "skin tone", "dominant 1"


def run(program: Path, photos: Sequence[Path]) -> dict[str, dict[str, U8]]:
    """Run the classifier on photos.

    Parameters
    ----------
    program : Path
        Its command, ``stone``.
    photos : sequence of Path
        With different names.

    Returns
    -------
    dict of str to dict of str to (3,) ndarray of uint8
        For each photo's stem in which it finds one face ``tone``, the colour of its palette, and
        ``dominant``, the colour it measured.

    Raises
    ------
    EmojimapError
        If it can't be started, fails, or writes no report.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "photos").mkdir()
        for photo in photos:
            shutil.copy(photo, folder / "photos" / photo.name)
        command = [str(program), "-i", str(folder / "photos"), "-o", str(folder), "-t", "color"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            raise EmojimapError(
                f"{program} can't be started ({error.strerror}): name the `stone` of an "
                "environment with skin-tone-classifier"
            ) from error
        reports = sorted(folder.rglob("*.csv"))
        if done.returncode or not reports:
            last = (done.stderr.strip() or "no report").splitlines()[-1]
            raise EmojimapError(f"{program} failed with exit status {done.returncode}: {last}")
        return _read(reports[0])


def _read(report: Path) -> dict[str, dict[str, U8]]:
    found: dict[str, list[dict[str, U8]]] = {}
    with report.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if not row.get("file"):
                raise EmojimapError(f"{report.name} has no column file: another version?")
            colours = {"tone": row.get(_TONE), "dominant": row.get(_DOMINANT)}
            known = {
                k: _colour(text) for k, text in colours.items() if text and _HEX.fullmatch(text)
            }
            if known:
                found.setdefault(Path(row["file"]).stem, []).append(known)
    return {name: faces[0] for name, faces in found.items() if len(faces) == 1}


def _colour(text: str) -> U8:
    return np.frombuffer(bytes.fromhex(text[1:]), np.uint8)
