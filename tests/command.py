"""The command line for tests: in this process, which has all imported, or in one of its own."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess
from unittest import mock

import cv2

from emojimap.cli import main


def run(*arguments: object, cwd: Path | None = None) -> CompletedProcess[str]:
    """Run `emojimap` with arguments, as its script does, and catch what it says and returns."""
    words = [*map(str, arguments)]
    out, told = io.BytesIO(), io.BytesIO()
    streams = _text(out), _text(told)  # held here: one that goes closes what it wrote to
    code = 0
    with (
        mock.patch.object(sys, "argv", ["emojimap", *words]),
        mock.patch.object(sys, "stdout", streams[0]),
        mock.patch.object(sys, "stderr", streams[1]),
        _working_in(cwd),
        _threads_kept(),
    ):
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
    return CompletedProcess(words, code, out.getvalue().decode(), told.getvalue().decode())


def run_alone(
    *arguments: object, cwd: Path | None = None, **variables: str
) -> CompletedProcess[str]:
    """Run it in a process of its own, as a user does, with these environment variables."""
    return subprocess.run(
        [sys.executable, "-c", "from emojimap.cli import main; main()", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=120,
        env={**os.environ, **variables},
    )


def _text(content: io.BytesIO) -> io.TextIOWrapper:
    return io.TextIOWrapper(content, "utf-8", write_through=True)


@contextmanager
def _working_in(folder: Path | None) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder or before)
    try:
        yield
    finally:
        os.chdir(before)


@contextmanager
def _threads_kept() -> Iterator[None]:
    before = cv2.getNumThreads()
    try:
        yield
    finally:
        cv2.setNumThreads(before)
