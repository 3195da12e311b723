"""A frame with its landmarks and masks, and the avatar beside it."""

from __future__ import annotations

from collections import OrderedDict
from functools import cache

import cv2
import numpy as np

from emojimap.arrays import F32, U8
from emojimap.avatar import Avatar
from emojimap.facenet import LABELS
from emojimap.facenet.crops import inverse
from emojimap.facenet.find import Face
from emojimap.facenet.landmarks import iris_circles
from emojimap.styles import Style
from emojimap.video.evidence import head_frame
from emojimap.video.following import Moment

GROUND = (246, 246, 243)
_INK = (70, 70, 70)
_POINT, _LINE = (255, 255, 255), (60, 220, 255)
_TINTS = {
    "skin": ((60, 130, 255), 0.16),
    "hair": ((255, 150, 0), 0.36),
    "facial_hair": ((120, 220, 0), 0.36),
    "glasses": ((230, 40, 220), 0.40),
    "headwear": ((230, 40, 40), 0.36),
}
"""Colour and strength of each mask; later ones lie over earlier ones."""
_LABEL = {"skin": "face"}
_NOW = {"hair": 0.3}
_NOW_OTHERS = 0.5
"""Weight of this frame's labels against the mean masks of all looks."""
_TINT_PX = 192
_KEPT = 48
_FADED = 0.35
_CHAINS = (
    (range(17), False), (range(17, 22), False), (range(22, 27), False), (range(27, 31), False),
    (range(31, 36), False), (range(36, 42), True), (range(42, 48), True), (range(48, 60), True),
    (range(60, 68), True),
)  # fmt: skip
_BITS = 4
"""Fractions of pixels that OpenCV draws with: lines that snap to whole pixels tremble."""


class Artist:
    """Draws the pictures of a film, each of (`height`, width + `height`, 3).

    Parameters
    ----------
    style : Style
        Of the avatars.
    height : int
        Of a frame, and side of the avatar, pixels.
    """

    def __init__(self, style: Style, height: int) -> None:
        self._style, self._height = style, height
        self._drawn: OrderedDict[Avatar, U8] = OrderedDict()
        self._means: dict[str, F32] | None = None
        self._masks: dict[str, F32] = {}

    def draw(self, photo: U8, moment: Moment) -> U8:
        """Draw one frame.

        Parameters
        ----------
        photo : (H, W, 3) ndarray of uint8
            RGB.
        moment : Moment
            What is known in it.

        Returns
        -------
        (H, W + H, 3) ndarray of uint8
            RGB.
        """
        height, width = photo.shape[:2]
        out = np.empty((height, width + height, 3), np.uint8)
        left = out[:, :width]
        left[:] = photo
        if moment.seen is not None:
            _tint(left, moment.seen.face, self._small(moment.masks))
            _landmarks(out, moment.seen.face.points)
        out[:, width:] = self._avatar(moment)
        return out

    def _small(self, means: dict[str, F32]) -> dict[str, F32]:
        """Masks at the size that they are tinted in; they change with a look only."""
        if self._means is not means:
            self._means = means
            self._masks = {
                name: _resized(means[name], _TINT_PX) for name in _TINTS if name in means
            }
        return self._masks

    def _avatar(self, moment: Moment) -> U8:
        if moment.avatar is None:
            plain = np.full((self._height, self._height, 3), GROUND, np.uint8)
            return _named(plain, "no face")
        picture = self.picture(moment.avatar)
        if moment.seen is not None:
            return picture
        ground = np.array(GROUND, np.float32)
        faded = ground + _FADED * (picture.astype(np.float32) - ground)
        return _named(np.ascontiguousarray(faded.astype(np.uint8)), "no face")

    def picture(self, avatar: Avatar) -> U8:
        """Return the picture of an avatar on plain ground; the last ones are kept.

        Parameters
        ----------
        avatar : Avatar
            Of the style.

        Returns
        -------
        (height, height, 3) ndarray of uint8
            RGB; not to be written to.
        """
        kept = self._drawn.get(avatar)
        if kept is None:
            rgba = self._style.pixels(avatar, self._height).astype(np.float32)
            ground = np.array(GROUND, np.float32)
            mixed = ground + (rgba[:, :, :3] - ground) * (rgba[:, :, 3:] / 255)
            kept = self._drawn[avatar] = np.round(mixed).astype(np.uint8)
            if len(self._drawn) > _KEPT:
                self._drawn.popitem(last=False)
        self._drawn.move_to_end(avatar)
        return kept


def soft_masks(face: Face, means: dict[str, F32], side: int) -> dict[str, F32]:
    """Masks of this frame: the mean masks moved with the face, and its own labels.

    Parameters
    ----------
    face : Face
        In this frame.
    means : dict of str to (S, S) ndarray of float32
        From `emojimap.video.evidence.Evidence.masks`.
    side : int
        Side of the result, pixels.

    Returns
    -------
    dict of str to (side, side) ndarray of float32
        In the frame of `emojimap.video.evidence.head_frame`.
    """
    target = head_frame(face.points, side)
    tight = np.vstack([target, [0, 0, 1]]) @ np.vstack([inverse(face.matrix), [0, 0, 1]])
    window = _window(face.probabilities.shape[1])
    inside = cv2.warpAffine(window, tight[:2], (side, side))
    found = {}
    for name, mean in means.items():
        mask = _resized(mean, side)
        label = face.probabilities[LABELS.index(_LABEL.get(name, name))]
        now = cv2.warpAffine(label, tight[:2], (side, side))
        weight = np.float32(_NOW.get(name, _NOW_OTHERS))
        found[name] = mask + weight * inside * (now - mask)
    return found


def _resized(mask: F32, side: int) -> F32:
    if mask.shape[0] == side:
        return mask
    small: F32 = cv2.resize(mask, (side, side), interpolation=cv2.INTER_AREA)
    return small


@cache
def _window(side: int) -> F32:
    """1 in the middle of the tight crop, falling to 0 at its border."""
    ramp = np.minimum(np.arange(side) + 0.5, side - np.arange(side) - 0.5) / (0.12 * side)
    ramp = np.clip(ramp, 0, 1).astype(np.float32)
    return np.outer(ramp, ramp).astype(np.float32)


def _tint(picture: U8, face: Face, means: dict[str, F32]) -> None:
    """Lay the colours of the masks over a picture, in place."""
    paint = _paint(soft_masks(face, means, _TINT_PX))
    back = inverse(head_frame(face.points, _TINT_PX))
    corners = np.array([(0, 0, 1), (_TINT_PX, 0, 1), (0, _TINT_PX, 1), (_TINT_PX, _TINT_PX, 1)])
    spots = corners @ back.T
    height, width = picture.shape[:2]
    left, top = np.clip(np.floor(spots.min(axis=0)), 0, (width, height)).astype(int)
    right, bottom = np.clip(np.ceil(spots.max(axis=0)), 0, (width, height)).astype(int)
    if right <= left or bottom <= top:
        return
    back[:, 2] -= (left, top)
    layer = cv2.warpAffine(paint, back, (right - left, bottom - top))
    rest = cv2.cvtColor(255 - layer[:, :, 3], cv2.COLOR_GRAY2RGB)
    region = picture[top:bottom, left:right]
    kept = cv2.multiply(region, rest, scale=1 / 255)
    picture[top:bottom, left:right] = cv2.add(kept, np.ascontiguousarray(layer[:, :, :3]))


def _paint(masks: dict[str, F32]) -> U8:
    """RGBA of all masks, multiplied in; later ones lie over earlier ones."""
    shown = [name for name in _TINTS if name in masks]
    if not shown:
        return np.zeros((_TINT_PX, _TINT_PX, 4), np.uint8)
    # A soft edge of about a pixel, so that outlines do not tremble.
    covers = [np.clip(masks[name] * 5 - 2, 0, 1) for name in shown]
    seen, rest = [], np.ones_like(covers[0])
    for cover in reversed(covers):
        seen.append(cover * rest)
        rest = rest - seen[-1]
    colours = [np.array([*_TINTS[name][0], 255]) * _TINTS[name][1] for name in reversed(shown)]
    mixed = np.stack(seen, axis=-1) @ np.array(colours, np.float32)
    return np.round(mixed).astype(np.uint8)


def _landmarks(picture: U8, points: F32) -> None:
    fixed = np.round(points * (1 << _BITS)).astype(np.int32)
    for chain, closed in _CHAINS:
        line = fixed[list(chain)].reshape(-1, 1, 2)
        cv2.polylines(picture, [line], closed, _LINE, 1, cv2.LINE_AA, _BITS)
    for x, y in fixed[:68]:
        cv2.circle(picture, (int(x), int(y)), 1 << _BITS, _POINT, -1, cv2.LINE_AA, _BITS)
    for x, y, radius in np.round(iris_circles(points) * (1 << _BITS)).astype(int):
        cv2.circle(picture, (int(x), int(y)), int(radius), _POINT, 1, cv2.LINE_AA, _BITS)


def _named(picture: U8, text: str) -> U8:
    scale = picture.shape[0] / 480
    place = round(16 * scale), round(36 * scale)
    cv2.putText(
        picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.9 * scale, _INK,
        max(1, round(2 * scale)), cv2.LINE_AA,
    )  # fmt: skip
    return picture
