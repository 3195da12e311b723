"""Two curves for each part of the face: how the face's and the avatar's embeddings look."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import Protocol

import cv2
import numpy as np

from emojimap.analysis import Analysis, Head
from emojimap.arrays import F32, U8
from emojimap.avatar import Avatar
from emojimap.facenet.crops import apply, warp
from emojimap.facenet.find import Face
from emojimap.facenet.landmarks import iris_circles
from emojimap.segments import KINDS
from emojimap.video.drawing import GROUND, soft_masks
from emojimap.video.evidence import head_frame
from emojimap.video.following import Moment

FACE_COLOUR, AVATAR_COLOUR = (255, 105, 180), (128, 0, 128)
"""Pink and purple."""
_INK, _RIM = (70, 70, 70), (205, 205, 200)
_TOP, _PAD, _BITS = 18, 6, 4
_KEPT = 64


class Embedder(Protocol):
    """Turns pictures of parts into vectors; see `emojimap.embed`."""

    def embed(self, pictures: U8, kind: str) -> F32:
        """Embed (n, S, S, 4) uint8 pictures of one kind of part as (n, d) float32."""
        ...


class Curves:
    """Embeddings of the parts of face and avatar, frame by frame.

    Parameters
    ----------
    embedder : Embedder
        From `emojimap.embed.load`.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._avatars: OrderedDict[Avatar, dict[str, F32]] = OrderedDict()
        self._lows: dict[str, tuple[float, float]] = {}

    def draw(self, photo: U8, moment: Moment, width: int, height: int) -> U8:
        """Draw the curves of one frame, a plot for each kind of part.

        Parameters
        ----------
        photo : (H, W, 3) ndarray of uint8
            RGB.
        moment : Moment
            What is known in the frame.
        width, height : int
            Of the picture, pixels.

        Returns
        -------
        (height, width, 3) ndarray of uint8
            RGB.
        """
        faces: dict[str, F32] = {}
        if moment.seen is not None and moment.analysis is not None:
            faces = self._face(photo, moment.seen.face, moment.masks, moment.analysis)
        avatars = {} if moment.avatar is None else self._avatar(moment.avatar)
        out = np.full((height, width, 3), GROUND, np.uint8)
        edges = np.linspace(0, width, len(KINDS) + 1).round().astype(int)
        for kind, left, right in zip(KINDS, edges, edges[1:], strict=False):
            plot = np.ascontiguousarray(out[:, left:right])
            self._plot(plot, kind, faces.get(kind), avatars.get(kind))
            out[:, left:right] = plot
        return out

    def _face(self, photo: U8, face: Face, means: dict[str, F32], seen: Analysis) -> dict[str, F32]:
        from emojimap.construct import cut_face

        return self._embed(cut_face(as_analysis(photo, face, means, seen)))

    def _avatar(self, avatar: Avatar) -> dict[str, F32]:
        kept = self._avatars.get(avatar)
        if kept is None:
            from emojimap.construct import cut_avatar

            kept = self._avatars[avatar] = self._embed(cut_avatar(avatar))
            if len(self._avatars) > _KEPT:
                self._avatars.popitem(last=False)
        self._avatars.move_to_end(avatar)
        return kept

    def _embed(self, pictures: dict[str, U8]) -> dict[str, F32]:
        found = {}
        for kind, picture in pictures.items():
            vector = self._embedder.embed(picture[None], kind)[0]
            found[kind] = vector / np.float32(max(float(np.linalg.norm(vector)), 1e-6))
        return found

    def _plot(self, plot: U8, kind: str, face: F32 | None, avatar: F32 | None) -> None:
        height, width = plot.shape[:2]
        cv2.rectangle(plot, (2, 2), (width - 3, height - 3), _RIM, 1)
        label = kind
        if face is not None and avatar is not None:
            label = f"{kind} {float(face @ avatar):.2f}"
        cv2.putText(plot, label, (_PAD, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, _INK, 1, cv2.LINE_AA)
        low, high = self._range(kind, face, avatar)
        for vector, colour in ((avatar, AVATAR_COLOUR), (face, FACE_COLOUR)):
            if vector is None:
                continue
            x = np.linspace(_PAD, width - _PAD, len(vector))
            share = (vector - low) / max(high - low, 1e-6)
            y = height - _PAD - share * (height - _PAD - _TOP)
            line = np.round(np.stack([x, y], axis=1) * (1 << _BITS)).astype(np.int32)
            cv2.polylines(plot, [line.reshape(-1, 1, 2)], False, colour, 1, cv2.LINE_AA, _BITS)

    def _range(self, kind: str, *vectors: F32 | None) -> tuple[float, float]:
        """Range of values so far: axes that only ever grow do not tremble."""
        low, high = self._lows.get(kind, (0.0, 0.0))
        for vector in vectors:
            if vector is not None:
                low, high = min(low, float(vector.min())), max(high, float(vector.max()))
        self._lows[kind] = low, high
        return low, high


def as_analysis(photo: U8, face: Face, means: dict[str, F32], seen: Analysis) -> Analysis:
    """Make an analysis of a face in one frame, between two full looks.

    Parameters
    ----------
    photo : (H, W, 3) ndarray of uint8
        RGB.
    face : Face
        In this frame.
    means : dict of str to (S, S) ndarray of float32
        Mean masks of the person.
    seen : Analysis
        What the looks say; traits and colours stay as they are there.

    Returns
    -------
    Analysis
        With landmarks and head of this frame; the masks of the photo are those of the last look.
    """
    side = seen.head.photo.shape[0]
    matrix = head_frame(face.points, side)
    head = Head(
        warp(photo, matrix, side), apply(matrix, face.points), soft_masks(face, means, side), matrix
    )
    return replace(
        seen,
        photo=photo,
        landmarks=face.points[:68],
        irises=iris_circles(face.points),
        head=head,
    )
