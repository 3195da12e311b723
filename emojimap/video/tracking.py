"""Following one face from frame to frame.

In each frame the tight crop around the last landmarks goes through the face network, which gives
landmarks and label map at once. The whole frame is searched only at the start, after a cut and
where the face was lost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from emojimap.arrays import F32, U8
from emojimap.facenet import LABELS
from emojimap.facenet.crops import apply, around, inverse, warp
from emojimap.facenet.find import Face, FindSettings, find
from emojimap.facenet.landmarks import eye_distance, face_size
from emojimap.facenet.network import Network
from emojimap.facenet.shape import misshape
from emojimap.video.one_euro import OneEuro
from emojimap.video.settings import VideoSettings

_FACE = [LABELS.index(name) for name in ("face", "facial_hair", "glasses")]
_THUMBNAIL = 32, 24
_FINE_EACH = 4
"""One of so many searches for a lost face looks at small faces too."""
_FAR = 0.25
"""Face sizes; a face that moved farther in one frame is cropped again around its new place."""
_NEAR = 0.06
"""Face sizes; label maps of faces that moved farther can't be averaged."""


@dataclass(frozen=True, eq=False)
class Seen:
    """The face in one frame.

    Parameters
    ----------
    face : Face
        With filtered landmarks and averaged labels.
    raw : (70, 2) ndarray of float32
        Landmarks as found in this frame alone.
    person : int
        Changes with every new face and every cut.
    since : float
        Seconds since this person came.
    """

    face: Face
    raw: F32
    person: int
    since: float


class Tracker:
    """Follows one face.

    Parameters
    ----------
    network : Network
        The face network.
    find : FindSettings
        What makes a face.
    settings : VideoSettings
        See there.
    which : int
        Which face, 0 the largest, where there are several at the start.
    """

    def __init__(
        self, network: Network, find: FindSettings, settings: VideoSettings, which: int = 0
    ) -> None:
        self._network, self._find, self._settings = network, find, settings
        self._which = which
        self._filter = OneEuro(settings)
        self._face: Face | None = None
        self._thumbnail: F32 | None = None
        self._person, self._came, self._last = -1, 0.0, -math.inf
        self._place: tuple[F32, float] | None = None
        self._searches = 0
        self._wait = 0

    def follow(self, photo: U8, seconds: float) -> Seen | None:
        """Find the face in the next frame.

        Parameters
        ----------
        photo : (H, W, 3) ndarray of uint8
            RGB.
        seconds : float
            Time of the frame.

        Returns
        -------
        Seen or None
            None where no face is seen.
        """
        cut = self._is_cut(photo)
        found = None if self._face is None or cut else self._again(photo, self._face)
        if found is None:
            found = self._search(photo, now=cut or self._face is not None)
            if found is None:
                self._face = None
                return None
            self._start(found, seconds, cut=cut)
        return self._seen(found, seconds)

    def switch(self, face: Face) -> None:
        """Follow another face from the next frame on.

        Parameters
        ----------
        face : Face
            As found in one of the last frames.
        """
        self._face, self._place = face, None
        self._last = -math.inf
        self._person += 1
        self._filter.reset()

    def _seen(self, found: Face, seconds: float) -> Seen:
        if self._last == -math.inf:
            self._came = seconds
        points = self._filter(found.points, seconds, found.size)
        face = replace(self._averaged(found, seconds - self._last), points=points)
        self._face, self._last = face, seconds
        self._place = points[:68].mean(axis=0), face.size
        return Seen(face, found.points, self._person, seconds - self._came)

    def _averaged(self, found: Face, step: float) -> Face:
        """Average the label map with those before, which lie in the same place of the face."""
        last = self._face
        if last is None or found.shift > _NEAR or last.probabilities.shape[1] != self._side:
            return found
        share = 1.0 - math.exp(-step / self._settings.label_s) if self._settings.label_s else 1.0
        mean = last.probabilities + np.float32(share) * (found.probabilities - last.probabilities)
        tone = last.tone + share * (found.tone - last.tone)
        return replace(found, probabilities=mean, tone=found.tone if math.isnan(tone) else tone)

    @property
    def _side(self) -> int:
        return self._settings.track_px

    def _again(self, photo: U8, last: Face) -> Face | None:
        face = self._look(photo, last.points)
        if face is not None and face.shift > _FAR:
            face = self._look(photo, face.points)
        if face is None or not self._is_face(face):
            return None
        return face if 0.5 < face.size / last.size < 2 else None

    def _look(self, photo: U8, points: F32) -> Face | None:
        size = face_size(points)
        if eye_distance(points) < 3:
            return None
        matrix = around(points, size * self._find.tight_faces, self._side)
        seen = self._network(warp(photo, matrix, self._side)[None])
        found = apply(inverse(matrix), seen.points[0])
        probabilities = seen.probabilities[0]
        shift = float(np.hypot(*(found - points).T).mean()) / size
        cover = _cover(probabilities, seen.points[0])
        return Face(
            found, matrix, probabilities, float(seen.spread.mean()), cover, shift,
            float(seen.tone[0]),
        )  # fmt: skip

    def _is_face(self, face: Face) -> bool:
        find = self._find
        return (
            face.spread <= find.largest_spread
            and face.cover >= find.smallest_cover
            and misshape(face.points) <= find.largest_misshape
        )

    def _search(self, photo: U8, *, now: bool) -> Face | None:
        """Look for a face in the whole frame, unless one was looked for a moment ago."""
        self._wait = 0 if now else self._wait - 1
        if self._wait > 0:
            return None
        self._wait = self._settings.search_frames
        fine = self._searches % _FINE_EACH == 0
        self._searches += 1
        settings = self._find if fine else replace(self._find, coarse_px=self._find.coarse_px[:1])
        faces = find(photo, self._network, settings, every=self._which > 0)
        if not faces:
            return None
        self._searches = 0
        return faces[min(self._which, len(faces) - 1)]

    def _start(self, found: Face, seconds: float, *, cut: bool) -> None:
        """Begin with a face that was found, which may be the one that was just lost."""
        self._filter.reset()
        self._face = None
        back = seconds - self._last <= self._settings.same_s and self._place is not None
        if back and not cut and self._place is not None:
            place, size = self._place
            apart = float(np.hypot(*(found.points[:68].mean(axis=0) - place))) / size
            if apart < 0.5 and 0.6 < found.size / size < 1.6:
                return
        self._person += 1
        self._last = -math.inf

    def _is_cut(self, photo: U8) -> bool:
        small = cv2.resize(photo, _THUMBNAIL, interpolation=cv2.INTER_AREA).astype(np.float32)
        last, self._thumbnail = self._thumbnail, small
        return last is not None and float(np.abs(small - last).mean()) > self._settings.cut_level


def _cover(probabilities: F32, points: F32) -> float:
    """Share of the landmarks' hull that the label map calls face."""
    canvas = np.zeros(probabilities.shape[1:], np.uint8)
    cv2.fillConvexPoly(canvas, cv2.convexHull(np.round(points[:68]).astype(np.int32)), 1)
    inside = canvas > 0
    if not inside.any():
        return 0.0
    return float(sum(probabilities[label][inside].mean() for label in _FACE))
