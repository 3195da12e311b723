"""Films that are written: pictures as H.264 or VP9, sound as it came where that can be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from emojimap.arrays import U8
from emojimap.errors import OutputError
from emojimap.video.source import load_av

_X264 = ("libx264", {"preset": "veryfast", "crf": "21"})
_VP9 = (
    "libvpx-vp9",
    {"deadline": "realtime", "cpu-used": "8", "row-mt": "1", "crf": "32", "b": "0"},
)
_CODECS = {".mp4": _X264, ".mkv": _X264, ".webm": _VP9}
SUFFIXES = tuple(_CODECS)
"""What can be written."""
_SOUNDS = {
    ".mp4": {"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"},
    ".webm": {"opus", "vorbis"},
}
"""Sound that goes into a file as it is; .mkv takes any."""
_ENCODERS = {".mp4": ("aac", 1024), ".mkv": ("aac", 1024), ".webm": ("libopus", 960)}
_OPUS_RATE = 48_000


def check_suffix(target: Path) -> None:
    """Refuse files that can't be written.

    Parameters
    ----------
    target : Path
        Where the film goes.

    Raises
    ------
    OutputError
        If the suffix is unknown or the folder is missing.
    """
    if target.suffix.lower() not in SUFFIXES:
        raise OutputError(f"{target}: unknown suffix {target.suffix!r}: use {', '.join(SUFFIXES)}")
    if not target.parent.is_dir():
        raise OutputError(f"{target.parent} is no folder: make it first")


class Sink:
    """A film that is being written; to be closed, or it is broken.

    Parameters
    ----------
    path : Path
        Of one of `SUFFIXES`.
    shape : tuple of two int
        Height and width of its pictures; odd ones get a row or column more.
    time_base : Fraction
        Unit of their times, seconds.
    rate : Fraction
        Mean number of them a second.
    audio : list of av.AudioStream
        Streams whose packets will come.
    """

    def __init__(
        self,
        path: Path,
        shape: tuple[int, int],
        time_base: Fraction,
        rate: Fraction,
        audio: list[Any],
    ) -> None:
        self._av = load_av()
        suffix = path.suffix.lower()
        self._container = self._opened(path)
        codec, options = _CODECS[suffix]
        self._video = self._container.add_stream(codec, rate=rate, options=options)
        self._height, self._width = (side + side % 2 for side in shape)
        self._video.width, self._video.height = self._width, self._height
        self._video.pix_fmt = "yuv420p"
        self._video.codec_context.time_base = time_base
        self._time_base = time_base
        self._tracks = {stream.index: self._track(stream, suffix) for stream in audio}

    def _opened(self, path: Path) -> Any:
        with self._writing():
            return self._av.open(str(path), "w")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except self._av.error.FFmpegError as error:
            raise OutputError(
                f"the film can't be written ({error.strerror}): choose a folder that exists, may "
                "be written to and has room, or another suffix"
            ) from error

    def _track(self, stream: Any, suffix: str) -> _Track:
        codec = stream.codec_context
        takes = _SOUNDS.get(suffix)
        name = codec.codec.canonical_name
        if takes is None or name in takes:
            return _Copied(self._container, stream)
        return _Encoded(self._container, stream, suffix)

    @property
    def sound_lost(self) -> int:
        """Packets of sound that could not be written."""
        return sum(track.lost for track in self._tracks.values())

    def picture(self, pixels: U8, pts: int) -> None:
        """Write the next picture.

        Parameters
        ----------
        pixels : (H, W, 3) ndarray of uint8
            RGB.
        pts : int
            Its time, in units of the time base.
        """
        height, width = pixels.shape[:2]
        if (height, width) != (self._height, self._width):
            rims = ((0, self._height - height), (0, self._width - width), (0, 0))
            pixels = np.pad(pixels, rims, mode="edge")
        frame = self._av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        frame.pts, frame.time_base = pts, self._time_base
        with self._writing():
            self._container.mux(self._video.encode(frame))

    def sound(self, packet: Any) -> None:
        """Write a packet of sound.

        Parameters
        ----------
        packet : av.Packet
            Of one of the streams that were named.
        """
        with self._writing():
            self._tracks[packet.stream.index].write(packet)

    def close(self) -> None:
        """Write all that is left."""
        with self._writing():
            self._container.mux(self._video.encode(None))
            for track in self._tracks.values():
                track.finish()
            self._container.close()

    def abandon(self) -> None:
        """Close the file as it is; it is going to be removed."""
        with suppress(self._av.error.FFmpegError):  # what went wrong before is what is told
            self._container.close()


class _Track:
    """One stream of sound."""

    lost = 0

    def write(self, packet: Any) -> None:
        raise NotImplementedError

    def finish(self) -> None:
        """Write what is left."""


class _Copied(_Track):
    """Sound that is not touched."""

    def __init__(self, container: Any, stream: Any) -> None:
        self._container = container
        self._stream = container.add_stream_from_template(stream)
        self._last: int | None = None

    def write(self, packet: Any) -> None:
        # Where a film is damaged, times may run back; no container takes that.
        if self._last is not None and packet.dts <= self._last:
            self.lost += 1
            return
        self._last = packet.dts
        packet.stream = self._stream
        self._container.mux(packet)


class _Encoded(_Track):
    """Sound that the container does not take as it came."""

    def __init__(self, container: Any, stream: Any, suffix: str) -> None:
        self._av, self._container, self._fed = load_av(), container, False
        name, size = _ENCODERS[suffix]
        rate = _OPUS_RATE if name == "libopus" else stream.codec_context.sample_rate
        self._stream = container.add_stream(name, rate=rate)
        layout = "mono" if stream.codec_context.layout.nb_channels == 1 else "stereo"
        self._stream.layout = layout
        self._resampler = self._av.AudioResampler(
            format=self._stream.codec_context.format, layout=layout, rate=rate, frame_size=size
        )

    def write(self, packet: Any) -> None:
        try:
            frames = packet.decode()
        except self._av.error.FFmpegError:
            self.lost += 1
            return
        for frame in frames:
            self._fed = True
            self._encode(self._resampler.resample(frame))

    def finish(self) -> None:
        if self._fed:
            self._encode(self._resampler.resample(None))
        self._container.mux(self._stream.encode(None))

    def _encode(self, frames: list[Any]) -> None:
        for frame in frames:
            if frame is not None:
                self._container.mux(self._stream.encode(frame))
