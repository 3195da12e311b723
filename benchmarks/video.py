"""Frames per second of `emojimap video` on a drawn-up clip: a portrait that moves, 640x480.

    python benchmarks/video.py [--seconds 10] [--runs 3] [--style avataaars]

The clip has a little noise, as cameras have, and a sine as its sound. A first short run fills the
caches, so that an index of the style's masks is not built while the clock runs. Beside the rate
stand the processor time of all threads for one frame, and the peak of resident memory.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from skimage import data

from emojimap.video import Report, convert

WIDTH, HEIGHT, RATE, SOUND = 640, 480, 30, 44_100


def frames(count: int) -> Iterator[np.ndarray]:
    """The portrait, moving and coming nearer."""
    photo, rng = data.astronaut(), np.random.default_rng(0)
    for i in range(count):
        t = i / RATE
        zoom = 1.0 + 0.12 * np.sin(t)
        x, y = 320 - 225 * zoom + 60 * np.sin(1.3 * t), 20 + 15 * np.sin(2 * t)
        matrix = np.array([[zoom, 0, x], [0, zoom, y]])
        moved = cv2.warpAffine(photo, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
        yield np.clip(moved + rng.normal(0, 3, moved.shape), 0, 255).astype(np.uint8)


def clip(path: Path, seconds: float) -> Path:
    """Write the film."""
    with av.open(str(path), "w") as film:
        video = film.add_stream("libx264", rate=RATE, options={"crf": "20"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        audio = film.add_stream("aac", rate=SOUND, layout="mono")
        for frame in frames(round(seconds * RATE)):
            film.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        film.mux(video.encode(None))
        wave = 0.2 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * SOUND)) / SOUND)
        for start in range(0, len(wave), 1024):
            part = np.float32(wave[None, start : start + 1024])
            sound = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
            sound.sample_rate, sound.pts, sound.time_base = SOUND, start, Fraction(1, SOUND)
            film.mux(audio.encode(sound))
        film.mux(audio.encode(None))
    return path


def run(source: Path, target: Path, style: str) -> tuple[Report, float]:
    """Convert once; returns the report and the processor time of a frame."""
    before = time.process_time()
    report = convert(source, target, style)
    return report, (time.process_time() - before) / max(report.frames, 1)


def main() -> None:
    """Print a line for each run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--style", default="avataaars")
    parser.add_argument("--suffix", default=".mp4")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = clip(Path(folder) / "in.mp4", options.seconds)
        target = Path(folder) / f"out{options.suffix}"
        convert(source, target, options.style, seconds=0.2)
        for _ in range(options.runs):
            report, cpu = run(source, target, options.style)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{report.frames} frames, {report.rate:.1f} frames/s, {1000 * cpu:.0f} ms of "
                f"processor time a frame, {report.tracked} with a face, "
                f"{report.part_changes} parts changed, peak {peak:.0f} MiB"
            )


if __name__ == "__main__":
    main()
