"""Films and cameras: their frames upright in RGB, their sound as packets, in order."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from emojimap.arrays import U8
from emojimap.errors import VideoError

if TYPE_CHECKING:
    from types import TracebackType

_FORMATS = {"linux": "v4l2", "darwin": "avfoundation", "win32": "dshow"}
_FAILURES = 100
"""So many unreadable packets in a row end a film."""
_END, _BROKEN = object(), object()
_USUAL_RATE = Fraction(30)


def load_av() -> Any:
    """Import PyAV.

    Returns
    -------
    module
        ``av``.

    Raises
    ------
    VideoError
        If it is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise VideoError(f"films need PyAV ({error}): pip install 'emojimap[video]'") from error
    return av


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame that could be read.

    Parameters
    ----------
    photo : (H, W, 3) ndarray of uint8
        RGB, upright.
    pts : int
        Time in units of the film's time base, from its start.
    seconds : float
        The same in seconds.
    """

    photo: U8
    pts: int
    seconds: float


@dataclass(frozen=True, eq=False)
class Sound:
    """A packet of an audio stream.

    Parameters
    ----------
    packet : av.Packet
        As it was read, its times counted from the film's start.
    seconds : float
        When it is to be decoded.
    """

    packet: Any
    seconds: float


def camera_number(name: str) -> str | None:
    """Tell which camera a name means.

    Parameters
    ----------
    name : str
        ``camera``, ``camera:1``, ``/dev/video0`` or a file.

    Returns
    -------
    str or None
        Number or path of the device; None for a file.

    Examples
    --------
    >>> camera_number("camera:1"), camera_number("film.mp4")
    ('1', None)
    """
    match = re.fullmatch(r"camera(?::(.+))?", name)
    if match:
        return match[1] or "0"
    return name if re.fullmatch(r"/dev/video\d+", name) else None


class Source:
    """A film, or a camera, that is open; to be used as a context.

    Parameters
    ----------
    name : str
        Path of a film, or a camera as `camera_number` knows them.
    height : int
        Higher frames are reduced to this height, pixels.
    resolution : str, optional
        Of a camera, ``640x480``.

    Raises
    ------
    VideoError
        If it can't be opened, or has no pictures.
    """

    def __init__(self, name: str, height: int, resolution: str | None = None) -> None:
        self._av, self.name, self._height = load_av(), name, height
        self.camera = camera_number(name)
        self._container = self._open(resolution)
        if not self._container.streams.video:
            self._container.close()
            raise VideoError(f"{name} has no pictures: give a film")
        self.video = self._container.streams.video[0]
        self.video.thread_type = "AUTO"
        self.audio = list(self._container.streams.audio)
        self.broken = 0
        self._shape: tuple[int, int] | None = None
        self._first: int | None = None
        self._last = -1

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._container.close()

    @property
    def time_base(self) -> Fraction:
        """Unit of the frames' times, seconds."""
        return Fraction(self.video.time_base or Fraction(1, 90_000))

    @property
    def rate(self) -> Fraction:
        """Mean number of frames a second."""
        return Fraction(self.video.average_rate or self.video.guessed_rate or _USUAL_RATE)

    @property
    def seconds(self) -> float | None:
        """Length of the film; None where it isn't known, as of a camera."""
        length = self._container.duration
        return length / self._av.time_base if length and self.camera is None else None

    def read(self) -> Iterator[Frame | Sound]:
        """Read frames and sound to the end.

        Yields
        ------
        Frame or Sound
            In the order of the film; what can't be read is counted in `broken` and left out.
        """
        streams = [self.video, *self.audio]
        for packet in self._packets(streams):
            if packet.stream.type == "audio":
                if packet.dts is not None:
                    self._shift(packet)
                    yield Sound(packet, float(packet.dts * packet.time_base))
                continue
            yield from self._frames(packet)

    def _packets(self, streams: list[Any]) -> Iterator[Any]:
        """Demultiplex, over places that can't be read."""
        failures = 0
        packets = self._container.demux(*streams)
        while failures < _FAILURES:
            packet = self._step(packets)
            if packet is _END:
                return
            if packet is _BROKEN:
                failures += 1
                self.broken += 1
                packets = self._container.demux(*streams)
            else:
                failures = 0
                yield packet

    def _step(self, packets: Iterator[Any]) -> Any:
        """Return the next packet, `_END` or `_BROKEN`."""
        try:
            return next(packets, _END)
        except self._av.error.EOFError:
            return _END
        except self._av.error.FFmpegError as error:
            if self.camera is not None:
                raise VideoError(f"{self.name} gives no more pictures ({error})") from error
            return _BROKEN

    def _frames(self, packet: Any) -> Iterator[Frame]:
        try:
            decoded = packet.decode()
        except self._av.error.EOFError:
            return
        except self._av.error.FFmpegError:
            self.broken += 1
            return
        for frame in decoded:
            if frame.is_corrupt:
                self.broken += 1
                continue
            yield self._upright(frame)

    def _upright(self, frame: Any) -> Frame:
        turns = round(frame.rotation / 90) % 4
        width, height = self._size(frame, turns)
        small = frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA")
        photo = np.ascontiguousarray(np.rot90(small.to_ndarray(), turns))
        if self._shape is None:
            self._shape = photo.shape[0], photo.shape[1]
        elif photo.shape[:2] != self._shape:
            photo = cv2.resize(photo, self._shape[::-1], interpolation=cv2.INTER_AREA)
        pts = self._time(frame)
        return Frame(photo, pts, float(pts * self.time_base))

    def _size(self, frame: Any, turns: int) -> tuple[int, int]:
        """Width and height of a frame as it lies, reduced to what is asked for when upright."""
        stretch = float(self.video.sample_aspect_ratio or 1)
        width, height = frame.width * (stretch if stretch > 0 else 1.0), float(frame.height)
        upright = width if turns % 2 else height
        factor = min(1.0, self._height / upright)
        return max(16, round(width * factor)), max(16, round(height * factor))

    def _time(self, frame: Any) -> int:
        """Time of a frame in the stream's units, always later than the one before."""
        pts = frame.pts
        if pts is None:
            pts = self._last + max(1, round(1 / (self.rate * self.time_base)))
        else:
            pts -= self._start(self.time_base)
            if self.camera is not None:  # counts from the epoch
                self._first = pts if self._first is None else self._first
                pts -= self._first
        self._last = max(pts, self._last + 1)
        return self._last

    def _start(self, unit: Fraction) -> int:
        start = self._container.start_time
        return round(Fraction(start, self._av.time_base) / unit) if start and start > 0 else 0

    def _shift(self, packet: Any) -> None:
        start = self._start(Fraction(packet.time_base))
        packet.dts -= start
        if packet.pts is not None:
            packet.pts -= start

    def _open(self, resolution: str | None) -> Any:
        if self.camera is not None:
            return self._open_camera(self.camera, resolution)
        if not Path(self.name).is_file():
            raise VideoError(f"{self.name} is no file: give a film, or camera")
        try:
            return self._av.open(self.name, metadata_errors="replace")
        except self._av.error.FFmpegError as error:
            raise VideoError(
                f"{self.name} can't be read as a film ({error.strerror}): "
                "give one that other players open"
            ) from error

    def _open_camera(self, camera: str, resolution: str | None) -> Any:
        kind = _FORMATS.get(sys.platform)
        options = {"video_size": resolution} if resolution else {}
        device = {
            "v4l2": f"/dev/video{camera}" if camera.isdecimal() else camera,
            "dshow": f"video={camera}",
        }.get(kind or "", camera)
        try:
            if kind is None:
                raise ValueError(f"no cameras on {sys.platform}")
            return self._av.open(device, format=kind, options=options)
        except (self._av.error.FFmpegError, ValueError) as error:
            raise VideoError(
                f"no camera at {device} ({getattr(error, 'strerror', None) or error}): plug one "
                "in, close programs that use it, or name another as camera:1"
            ) from error
