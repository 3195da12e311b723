"""Films of drawn faces, written and read with PyAV."""

from fractions import Fraction

import numpy as np
import pytest

from tests.conftest import blank, draw_face

av = pytest.importorskip("av")

RATE = 30
SMALL = 240, 320


def drawn(n, shape=SMALL, still=False):
    """Frames of a drawn face that moves slowly."""
    for i in range(n):
        x = 160 if still else 150 + 20 * np.sin(i / 10)
        yield draw_face(blank(*shape), (x, 130), 45)


def tone(n, rate=44_100):
    return (0.2 * np.sin(2 * np.pi * 440 * np.arange(n) / rate)).astype(np.float32)


def write(path, frames, *, sound="aac", pts=None, rotation=0, rate=RATE, pix_fmt="yuv420p"):
    """A film of these frames, with a sine as its sound."""
    film = av.open(str(path), "w")
    options = {"crf": "18", "preset": "ultrafast", "g": "10"}
    video = film.add_stream("libx264", rate=rate, options=options)
    video.pix_fmt = pix_fmt
    if rotation:
        if not hasattr(video, "set_display_rotation"):
            pytest.skip(f"PyAV {av.__version__} can't write turned films")
        video.set_display_rotation(rotation)
    audio = film.add_stream(sound, rate=44_100, layout="mono") if sound else None
    count = 0
    for count, frame in enumerate(frames, 1):
        if count == 1:
            video.height, video.width = frame.shape[:2]
        picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
        if pts is not None:
            picture.pts, picture.time_base = pts[count - 1], Fraction(1, rate)
        film.mux(video.encode(picture))
    film.mux(video.encode(None))
    if audio is not None:
        samples = tone(44_100 * count // rate)
        for start in range(0, len(samples), 1024):
            part = av.AudioFrame.from_ndarray(samples[None, start : start + 1024], "fltp", "mono")
            part.sample_rate, part.pts, part.time_base = 44_100, start, Fraction(1, 44_100)
            film.mux(audio.encode(part))
        film.mux(audio.encode(None))
    film.close()
    return path


def pictures(path):
    with av.open(str(path)) as film:
        return [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]


def times(path):
    with av.open(str(path)) as film:
        return [float(frame.time) for frame in film.decode(video=0)]


def start(path, kind):
    with av.open(str(path)) as film:
        packet = next(film.demux(**{kind: 0}))
        return float(packet.pts * packet.time_base)


def packets(path):
    with av.open(str(path)) as film:
        stream = film.streams.audio[0]
        found = [packet for packet in film.demux(stream) if packet.size]
        return stream.codec_context.name, [(p.pts, p.dts, bytes(p)) for p in found]
