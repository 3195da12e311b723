"""Wall time and peak memory of whole commands, each in a fresh process."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def measure(command: list[str]) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak memory in MB of one process."""
    begin = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - begin
    if status:
        raise SystemExit(f"{command} failed with {os.waitstatus_to_exitcode(status)}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", "--runs", type=int, default=7)
    parser.add_argument("--photo", type=Path)
    arguments = parser.parse_args()
    import skimage.data

    photo = arguments.photo or Path(skimage.data.__file__).with_name("astronaut.png")
    program = [sys.executable, "-c", "from emojimap.cli import main; main()"]
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "avatar.png")
        commands = {
            "emojimap --help": [*program, "--help"],
            f"emojimap fit {photo.name}": [*program, "fit", str(photo), "-o", out],
        }
        print(f"{'command':32}{'wall s (min-max)':>22}{'CPU s':>10}{'MB':>8}")
        for name, command in commands.items():
            measure(command)
            runs = [measure(command) for _ in range(arguments.runs)]
            walls = [wall for wall, _, _ in runs]
            print(
                f"{name:32}{statistics.median(walls):8.2f} ({min(walls):.2f}-{max(walls):.2f})"
                f"{statistics.median(cpu for _, cpu, _ in runs):10.2f}"
                f"{max(memory for _, _, memory in runs):8.0f}"
            )


if __name__ == "__main__":
    main()
