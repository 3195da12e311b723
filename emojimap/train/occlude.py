"""Things in front of a face, and light from behind it: what selfies show and news photos lack.

Drawn on the crop with its labels, so that the network learns what hides hair and face.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from emojimap.arrays import F32, F64, U8
from emojimap.facenet.crops import PADDING
from emojimap.facenet.landmarks import BROWS, CHIN, axes, eye_centres, roll
from emojimap.train.labels import ANY, BIT

_PERSON = BIT["face"] | BIT["hair"] | BIT["facial_hair"] | BIT["glasses"] | BIT["headwear"]
_SMALLEST_EYES_PX = 12.0
"""Nothing is drawn on faces with less between the eyes."""


def can_draw(points: F32) -> bool:
    """Tell whether a face is large enough to draw on.

    Parameters
    ----------
    points : (70, 2) ndarray of float32
        Landmarks in crop pixels.

    Returns
    -------
    bool
        True from 12 px between the eyes.
    """
    left, right = eye_centres(points)
    return bool(np.hypot(*(right - left)) >= _SMALLEST_EYES_PX)


def glasses(picture: U8, allowed: U8, points: F32, rng: np.random.Generator) -> tuple[U8, U8]:
    """Draw glasses, clear, tinted or dark.

    Parameters
    ----------
    picture : (S, S, 3) ndarray of uint8
        RGB.
    allowed : (S, S) ndarray of uint8
        Admissible labels.
    points : (70, 2) ndarray of float32
        Landmarks in crop pixels.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    picture, allowed : ndarray of uint8
        Changed copies.
    """
    eyes, (along, down) = eye_centres(points), axes(points)
    unit = float(np.hypot(*(eyes[1] - eyes[0])))
    half = np.array([rng.uniform(0.30, 0.42), rng.uniform(0.20, 0.34)]) * unit
    power, drop = rng.uniform(2.0, 5.0), rng.uniform(0.0, 0.1) * unit * down
    rims = [_rounded(eye + drop, half, power, along) for eye in eyes]
    bridge = (eyes[0] + half[0] * along, eyes[1] - half[0] * along)
    temples = [(eyes[0] - half[0] * along, points[0]), (eyes[1] + half[0] * along, points[16])]
    thick = max(1, round(rng.uniform(0.02, 0.09) * unit))
    lenses, rim = np.zeros(allowed.shape, np.uint8), np.zeros(allowed.shape, np.uint8)
    for outline in rims:
        cv2.fillPoly(lenses, [outline], 255, cv2.LINE_AA)
    cv2.polylines(rim, rims, True, 255, thick, cv2.LINE_AA)
    cv2.line(rim, _pixel(bridge[0]), _pixel(bridge[1]), 255, thick, cv2.LINE_AA)
    frame = rim.copy()
    for start, end in temples:
        cv2.line(frame, _pixel(start), _pixel(end), 255, thick, cv2.LINE_AA)
    out = _blend(_tinted(picture, lenses, eyes, unit, rng), frame, _frame_colour(rng))
    # Rims and bridge belong to the glasses; the temples are left as they were labelled.
    worn = (lenses > 127) | (rim > 127)
    return out, np.where(worn, BIT["glasses"], allowed).astype(np.uint8)


def _tinted(picture: U8, lenses: U8, eyes: F32, unit: float, rng: np.random.Generator) -> U8:
    """Shade what is behind the lenses, and let some of them shine."""
    dark = rng.random() < 0.35
    opacity = rng.uniform(0.55, 0.97) if dark else rng.uniform(0.0, 0.2)
    shade = rng.uniform(5, 60, 3) if dark else rng.uniform(150, 255, 3)
    out = _blend(picture, lenses * np.float32(opacity), shade)
    if rng.random() < 0.3:
        glare = cv2.GaussianBlur(_streak(lenses, eyes, unit, rng), (0, 0), max(0.6, unit / 30))
        out = _blend(out, np.minimum(glare, lenses) * np.float32(rng.uniform(0.3, 0.9)), 245)
    return out


def hat(picture: U8, allowed: U8, points: F32, rng: np.random.Generator) -> tuple[U8, U8]:
    """Put a cap, beanie or hat on the head, in a plain, striped or borrowed pattern.

    Parameters
    ----------
    picture, allowed, points, rng : see `glasses`
        As in `glasses`.

    Returns
    -------
    picture, allowed : ndarray of uint8
        Changed copies.
    """
    along, down = axes(points)
    brow, middle = points[BROWS].mean(axis=0), (points[0] + points[16]) / 2
    tall = float((points[CHIN] - brow) @ down)
    half = float((points[16] - points[0]) @ along) / 2 * rng.uniform(1.12, 1.4)
    base = middle + along * rng.uniform(-0.1, 0.1) * half + down * ((brow - middle) @ down)
    base = base - down * rng.uniform(0.08, 0.45) * tall
    outline = base + _dome(rng) @ np.stack([along * half, down * tall])
    shape = np.zeros(allowed.shape, np.uint8)
    cv2.fillPoly(shape, [np.round(outline).astype(np.int32)], 255, cv2.LINE_AA)
    if rng.random() < 0.45:
        brim = (2 * half * rng.uniform(0.7, 1.7), 2 * tall * rng.uniform(0.06, 0.16))
        turn = float(np.rad2deg(roll(points)))
        cv2.ellipse(shape, (_pixel(base), brim, turn), 255, -1, cv2.LINE_AA)
    out = _blend(picture, shape, _cloth(picture, len(picture), rng))
    return out, np.where(shape > 127, BIT["headwear"], allowed).astype(np.uint8)


def _dome(rng: np.random.Generator) -> F64:
    """Outline of a hat: x in half widths, y downwards in face heights, 0 at its edge."""
    turn = np.linspace(np.pi, 2 * np.pi, 24)
    circle = np.stack([np.cos(turn), np.sin(turn)], 1)
    dome = np.sign(circle) * np.abs(circle) ** rng.uniform(0.55, 1.0)
    dome[:, 1] *= rng.uniform(0.75, 1.15)
    sag = rng.uniform(0.0, 0.2) * np.sin(np.linspace(0, np.pi, 12))
    return np.vstack([dome, np.stack([np.linspace(1, -1, 12), sag], 1)])


def hand(picture: U8, allowed: U8, points: F32, rng: np.random.Generator) -> tuple[U8, U8]:
    """Lay a hand of the face's colour over chin, cheek or brow, or hold a thing before it.

    Parameters
    ----------
    picture, allowed, points, rng : see `glasses`
        As in `glasses`.

    Returns
    -------
    picture, allowed : ndarray of uint8
        Changed copies.
    """
    face = points[:68]
    unit = float(np.hypot(*(points[16] - points[0])))
    goal = face[rng.integers(68)] + rng.normal(0, 0.15, 2) * unit
    away = goal - face.mean(axis=0) + rng.normal(0, 0.2, 2) * unit + (0, 0.15 * unit)
    away = away / max(float(np.hypot(*away)), 1e-6)
    shape = np.zeros(allowed.shape, np.uint8)
    if rng.random() < 0.7:
        _fingers(shape, goal, away, unit, rng)
        fill, label = _skin(picture, allowed, rng), BIT["body"]
    else:
        middle, sides = goal + away * 0.4 * unit, rng.uniform(0.4, 0.9, 2) * unit
        box = (_pixel(middle), (float(sides[0]), float(sides[1])), float(rng.uniform(0, 180)))
        cv2.fillPoly(shape, [np.round(cv2.boxPoints(box)).astype(np.int32)], 255, cv2.LINE_AA)
        fill, label = _cloth(picture, picture.shape[0], rng), BIT["background"] | BIT["body"]
    out = _blend(picture, shape, fill)
    return out, np.where(shape > 127, label, allowed).astype(np.uint8)


def _fingers(shape: U8, goal: Any, away: Any, unit: float, rng: np.random.Generator) -> None:
    """Draw two to four fingers and a palm that come from outside of the face."""
    side, width = np.array([-away[1], away[0]]), rng.uniform(0.06, 0.09) * unit
    for finger in range(int(rng.integers(2, 5))):
        tip = goal + side * (finger - 1.5) * 2.1 * width + away * rng.uniform(0, 0.12) * unit
        root = goal + away * 0.55 * unit + side * (finger - 1.5) * 1.7 * width
        cv2.line(shape, _pixel(tip), _pixel(root), 255, max(2, round(2 * width)), cv2.LINE_AA)
    palm = goal + away * 0.8 * unit
    turn = float(np.rad2deg(np.arctan2(side[1], side[0])))
    cv2.ellipse(shape, (_pixel(palm), (8 * width, 0.6 * unit), turn), 255, -1, cv2.LINE_AA)


def _skin(picture: U8, allowed: U8, rng: np.random.Generator) -> F32:
    """Colour of the face with a little shade and grain."""
    face = picture[(allowed & BIT["face"]) > 0]
    colour = np.median(face, axis=0) if len(face) else np.array([170.0, 120.0, 100.0])
    ramp = np.linspace(rng.uniform(0.7, 1.0), rng.uniform(0.9, 1.15), len(picture))
    grain = rng.normal(0, 4, picture.shape)
    return (colour * ramp[:, None, None] + grain).astype(np.float32)


def backlight(picture: U8, allowed: U8, rng: np.random.Generator) -> U8:
    """Darken the person and brighten what is behind, where the labels tell them apart.

    Parameters
    ----------
    picture : (S, S, 3) ndarray of uint8
        RGB.
    allowed : (S, S) ndarray of uint8
        Admissible labels.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    (S, S, 3) ndarray of uint8
        A changed copy.
    """
    behind = (allowed == BIT["background"]).astype(np.float32)
    person = ((allowed & _PERSON) > 0) & (allowed & BIT["background"] == 0)
    if not behind.any() or not person.any():
        return picture
    glow = cv2.GaussianBlur(behind, (0, 0), picture.shape[0] * rng.uniform(0.01, 0.04))[:, :, None]
    dim, bright = rng.uniform(0.3, 0.7), rng.uniform(1.1, 1.9)
    light = picture.astype(np.float32) * (dim + (bright - dim) * glow)
    lit: U8 = np.clip(light, 0, 255).astype(np.uint8)
    return lit


def border(picture: U8, allowed: U8, points: F32, rng: np.random.Generator) -> tuple[U8, U8]:
    """End the photo within the head, as in selfies that cut off hair, ear or chin.

    Parameters
    ----------
    picture, allowed, points, rng : see `glasses`
        As in `glasses`.

    Returns
    -------
    picture, allowed : ndarray of uint8
        Changed copies: grey and open outside of the new border.
    """
    low, high = points[:68].min(axis=0), points[:68].max(axis=0)
    span = high - low
    out, labels = picture.copy(), allowed.copy()
    axis, far = int(rng.integers(2)), bool(rng.integers(2))
    # Heads reach as far above the brows as half of the face; a cut there takes hair alone.
    reach = 0.6 if axis == 1 and not far else 0.25
    inside = rng.uniform(-reach, 0.2) * span[axis]
    at = int(np.clip((high[axis] - inside) if far else (low[axis] + inside), 0, len(out)))
    gone = slice(at, None) if far else slice(0, at)
    place = (slice(None), gone) if axis == 0 else (gone, slice(None))
    out[place], labels[place] = PADDING, ANY
    return out, labels


def _rounded(centre: Any, half: Any, power: float, along: Any) -> Any:
    """Outline of a superellipse, as OpenCV's polygons."""
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    circle = np.stack([np.cos(turn), np.sin(turn)], 1)
    flat = np.sign(circle) * np.abs(circle) ** (2 / power) * half
    turned = flat @ np.array([along, [-along[1], along[0]]]) + centre
    return np.round(turned).astype(np.int32)


def _streak(lenses: U8, eyes: F32, unit: float, rng: np.random.Generator) -> U8:
    shine = np.zeros_like(lenses)
    for eye in eyes:
        start = eye + rng.uniform(-0.25, 0.25, 2) * unit
        end = start + rng.uniform(-0.35, 0.35, 2) * unit
        cv2.line(
            shine, _pixel(start), _pixel(end), 255, max(1, round(unit * rng.uniform(0.03, 0.12)))
        )
    return shine


def _frame_colour(rng: np.random.Generator) -> tuple[float, ...]:
    kind = rng.random()
    if kind < 0.55:
        return tuple(rng.uniform(5, 55) + rng.uniform(-5, 5, 3))
    if kind < 0.8:
        return tuple(np.array([150, 120, 80]) * rng.uniform(0.5, 1.4))
    return tuple(rng.uniform(0, 255, 3))


def _cloth(picture: U8, size: int, rng: np.random.Generator) -> F32:
    """Plain colour with folds, stripes, or a patch of the picture itself, enlarged."""
    kind = rng.random()
    if kind < 0.35:
        side = int(size * rng.uniform(0.15, 0.4))
        y, x = rng.integers(0, size - side, 2)
        patch = cv2.resize(picture[y : y + side, x : x + side], (size, size))
        dim: F32 = (patch * rng.uniform(0.5, 1.3)).astype(np.float32)
        return dim
    colour = rng.uniform(0, 255, 3) if rng.random() < 0.5 else np.full(3, rng.uniform(5, 250))
    fill = np.tile(colour.astype(np.float32), (size, size, 1))
    if kind < 0.55:
        across = np.linspace(0, rng.uniform(20, 90), size)
        wave = np.sin(across)[:, None] if rng.random() < 0.5 else np.sin(across)[None, :]
        other = rng.uniform(0, 255, 3).astype(np.float32)
        fill = np.where((wave > 0)[..., None], fill, other).astype(np.float32)
    folds = cv2.resize(
        rng.normal(0, 1, (6, 6)).astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC
    )
    grain = rng.normal(0, rng.uniform(1, 10), (size, size)).astype(np.float32)
    cloth: F32 = (fill * (1 + 0.18 * folds[..., None]) + grain[..., None]).astype(np.float32)
    return cloth


def _blend(picture: U8, alpha: Any, colour: Any) -> U8:
    """Lay a colour over a picture; `alpha` is 0..255."""
    weight = alpha.astype(np.float32)[:, :, None] / 255
    mixed = picture.astype(np.float32) * (1 - weight) + np.asarray(colour, np.float32) * weight
    out: U8 = np.clip(mixed, 0, 255).astype(np.uint8)
    return out


def _pixel(point: Any) -> tuple[int, int]:
    x, y = np.clip(np.round(point), -10_000, 10_000).astype(int)
    return int(x), int(y)
