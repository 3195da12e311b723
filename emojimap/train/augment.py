"""Random crops and light, as real selfies have them; every draw comes from one generator."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from emojimap.arrays import F32, F64, U8, Bool
from emojimap.errors import ArgumentError
from emojimap.facenet.crops import PADDING, apply, warp
from emojimap.facenet.landmarks import face_size, mirror_order, roll
from emojimap.train import occlude
from emojimap.train.labels import ANY, BIT

_MIRROR = mirror_order()


@dataclass(frozen=True)
class AugmentSettings:
    """Ranges of the augmentation.

    Parameters
    ----------
    crop_faces : (float, float)
        Side of the crop in face sizes, log-uniform.
    far_share : float
        Share of crops from the upper end of `crop_faces` to twice that.
    photo_sides : (float, float)
        Side of the crop in longest sides of the photo, where no face is known.
    roll_sd_deg : float
        Standard deviation of the face's turn, degrees.
    wide_roll_share : float
        Share of faces turned uniformly up to `wide_roll_deg`.
    wide_roll_deg : float
        See above.
    shift_faces : float
        Largest shift of the crop's middle, face sizes.
    light_share : float
        Share of crops whose light, colour or sharpness is changed.
    mosaic_share : float
        Share of mosaics of 4 to 16 small crops.
    glasses_share, hat_share, hand_share : float
        Share of crops with a known face on which such a thing is drawn.
    backlight_share : float
        Share of crops with a dark person before a bright background.
    border_share : float
        Share of crops with a known face that the photo's border cuts.
    """

    crop_faces: tuple[float, float] = (1.15, 4.5)
    far_share: float = 0.05
    photo_sides: tuple[float, float] = (0.55, 1.5)
    roll_sd_deg: float = 10.0
    wide_roll_share: float = 0.15
    wide_roll_deg: float = 55.0
    shift_faces: float = 0.25
    light_share: float = 0.85
    mosaic_share: float = 0.06
    glasses_share: float = 0.03
    hat_share: float = 0.03
    hand_share: float = 0.04
    backlight_share: float = 0.05
    border_share: float = 0.05

    def __post_init__(self) -> None:
        for name in ("crop_faces", "photo_sides"):
            low, high = getattr(self, name)
            if not 0.3 <= low < high <= 20:
                raise ArgumentError(f"{name} {(low, high)}: give 0.3 <= low < high <= 20")
        for name, value in vars(self).items():
            if name.endswith("_share") and not 0 <= value <= 1:
                raise ArgumentError(f"{name} {value}: give 0 to 1")


@dataclass(frozen=True, eq=False)
class Crop:
    """One augmented training picture.

    Parameters
    ----------
    photo : (S, S, 3) ndarray of uint8
        RGB.
    allowed : (S, S) ndarray of uint8
        Admissible labels.
    points : (70, 2) ndarray of float32
        Landmarks as fractions of the side.
    seen : (70,) ndarray of bool
        Landmarks that are known and lie within the crop.
    """

    photo: U8
    allowed: U8
    points: F32
    seen: Bool


def crop_matrix(
    shape: tuple[int, int],
    points: F32 | None,
    size: int,
    settings: AugmentSettings,
    rng: np.random.Generator,
) -> F64:
    """Draw the affine map from a photo to a crop.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the photo.
    points : (70, 2) ndarray of float32 or None
        Landmarks in photo pixels; without them the crop is about the whole photo.
    size : int
        Side of the crop, pixels.
    settings : AugmentSettings
        Ranges.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    (2, 3) ndarray of float64
        crop = matrix @ (x, y, 1).
    """
    angle = np.deg2rad(
        rng.uniform(-settings.wide_roll_deg, settings.wide_roll_deg)
        if rng.random() < settings.wide_roll_share
        else rng.normal(0, settings.roll_sd_deg)
    )
    if points is None:
        angle *= 0.5
        unit = float(max(shape))
        faces = np.exp(rng.uniform(*np.log(settings.photo_sides)))
        centre = np.array([shape[1] / 2, shape[0] / 2])
    else:
        angle -= roll(points)
        unit = face_size(points)
        low, high = settings.crop_faces
        if rng.random() < settings.far_share:
            low, high = high, 2 * high
        faces = np.exp(rng.uniform(np.log(low), np.log(high)))
        centre = (points.min(axis=0) + points.max(axis=0)) / 2
    centre = centre + rng.uniform(-1, 1, 2) * settings.shift_faces * unit * max(1.0, faces / 2.5)
    zoom = size / (unit * faces)
    cosine, sine = np.cos(angle) * zoom, np.sin(angle) * zoom
    turn = np.array([[cosine, -sine], [sine, cosine]])
    return np.hstack([turn, (size / 2 - turn @ centre)[:, None]])


def cut(
    photo: U8,
    allowed: U8,
    points: F32 | None,
    size: int,
    settings: AugmentSettings,
    rng: np.random.Generator,
) -> Crop:
    """Cut one augmented crop out of a photo.

    Parameters
    ----------
    photo : (H, W, 3) ndarray of uint8
        RGB.
    allowed : (H, W) ndarray of uint8
        Admissible labels.
    points : (70, 2) ndarray of float32 or None
        Landmarks in photo pixels.
    size : int
        Side of the crop, pixels.
    settings : AugmentSettings
        Ranges.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    Crop
        Pixels outside the photo have every label open.
    """
    matrix = crop_matrix(allowed.shape, points, size, settings, rng)
    padded = rng.random() < 0.8
    picture = warp(photo, matrix, size, cv2.BORDER_CONSTANT if padded else cv2.BORDER_REPLICATE)
    labels: U8 = cv2.warpAffine(
        allowed, matrix, (size, size), flags=cv2.INTER_NEAREST, borderValue=int(ANY)
    )
    ones = np.ones(allowed.shape, np.uint8)
    inside = cv2.warpAffine(ones, matrix, (size, size), flags=cv2.INTER_NEAREST)[:, :, None] > 0
    changed, drawn = _disturb(picture, labels, points, matrix, settings, rng)
    picture = np.where(inside | (not padded), changed, picture)
    labels = np.where(inside[:, :, 0], drawn, ANY).astype(np.uint8)
    if rng.random() < settings.light_share:
        picture = np.where(inside | (not padded), relight(picture, rng), picture)
    if points is not None and rng.random() < settings.border_share:
        picture, labels = occlude.border(picture, labels, apply(matrix, points), rng)
    where: F32 = np.full((70, 2), 0.5, np.float32)
    seen: Bool = np.zeros(70, np.bool_)
    if points is not None:
        where = ((points @ matrix[:, :2].T + matrix[:, 2] + 0.5) / size).astype(np.float32)
        seen = np.asarray(((where > 0.01) & (where < 0.99)).all(axis=1))
    if rng.random() < 0.5:
        picture, labels = picture[:, ::-1], labels[:, ::-1]
        where = where[_MIRROR]
        where[:, 0] = 1 - where[:, 0]
        seen = seen[_MIRROR]
    return Crop(np.ascontiguousarray(picture), np.ascontiguousarray(labels), where, seen)


def _disturb(
    picture: U8,
    labels: U8,
    points: F32 | None,
    matrix: F64,
    settings: AugmentSettings,
    rng: np.random.Generator,
) -> tuple[U8, U8]:
    """Draw things in front of the face, and light behind it."""
    if rng.random() < settings.backlight_share:
        picture = occlude.backlight(picture, labels, rng)
    draws = rng.random(3)
    if points is None or not occlude.can_draw(there := apply(matrix, points)):
        return picture, labels
    if draws[0] < settings.glasses_share and not (labels == BIT["glasses"]).any():
        picture, labels = occlude.glasses(picture, labels, there, rng)
    if draws[1] < settings.hat_share:
        picture, labels = occlude.hat(picture, labels, there, rng)
    if draws[2] < settings.hand_share:
        picture, labels = occlude.hand(picture, labels, there, rng)
    return picture, labels


def relight(picture: U8, rng: np.random.Generator) -> U8:
    """Change light, colour, sharpness and compression at random.

    Parameters
    ----------
    picture : (S, S, 3) ndarray of uint8
        RGB.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    (S, S, 3) ndarray of uint8
        RGB.
    """
    light = picture.astype(np.float32) / 255
    warmth = rng.normal(0, 0.10)
    gains = np.array([1 + warmth, 1 + rng.normal(0, 0.03), 1 - warmth], np.float32)
    light *= gains * np.float32(np.exp(rng.normal(0, 0.22)))
    if rng.random() < 0.25:
        light *= _shade(light.shape[0], rng)[:, :, None]
    light = np.clip(light, 0, 1) ** np.float32(np.exp(rng.normal(0, 0.2)))
    grey = cv2.transform(light, np.full((1, 3), 1 / 3, np.float32))[:, :, None]
    light = grey + (light - grey) * np.float32(
        0.0 if rng.random() < 0.05 else rng.uniform(0.5, 1.4)
    )
    light = light.mean() + (light - light.mean()) * np.float32(rng.uniform(0.7, 1.25))
    if rng.random() < 0.25:
        light = cv2.GaussianBlur(light, (0, 0), rng.uniform(0.4, 2.2))
    if rng.random() < 0.2:
        light = light + rng.normal(0, rng.uniform(0.005, 0.05), light.shape).astype(np.float32)
    out: U8 = (np.clip(light, 0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.3:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(18, 90))]
        out = np.asarray(cv2.imdecode(cv2.imencode(".jpg", out, quality)[1], cv2.IMREAD_COLOR))
    return out


def _shade(size: int, rng: np.random.Generator) -> F32:
    """Light that falls from one side, or from behind."""
    angle = rng.uniform(0, 2 * np.pi)
    ramp = np.linspace(-1, 1, size, dtype=np.float32)
    side = np.cos(angle) * ramp[None, :] + np.sin(angle) * ramp[:, None]
    shade: F32 = np.exp(rng.uniform(0.2, 0.8) * side).astype(np.float32)
    return shade


def mosaic(crops: list[Crop], size: int) -> Crop:
    """Lay square crops side by side: several small faces in one picture.

    Parameters
    ----------
    crops : list of Crop
        A square number of them.
    size : int
        Side of the result, pixels.

    Returns
    -------
    Crop
        Without landmarks, as there is more than one face.
    """
    across = round(len(crops) ** 0.5)
    cell = size // across
    photo = np.full((size, size, 3), PADDING, np.uint8)
    allowed = np.full((size, size), ANY, np.uint8)
    for i, crop in enumerate(crops):
        rows = slice(i // across * cell, (i // across + 1) * cell)
        columns = slice(i % across * cell, (i % across + 1) * cell)
        photo[rows, columns] = cv2.resize(crop.photo, (cell, cell), interpolation=cv2.INTER_AREA)
        allowed[rows, columns] = cv2.resize(
            crop.allowed, (cell, cell), interpolation=cv2.INTER_NEAREST
        )
    return Crop(photo, allowed, np.full((70, 2), 0.5, np.float32), np.zeros(70, bool))
