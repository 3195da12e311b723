"""Finding faces with the label map and the landmarks, coarse to fine.

The whole photo, letterboxed, gives blobs of face; a crop around each blob gives landmarks; a crop
around those, upright, gives better ones. A face is believed only where independent findings agree:
the landmarks are sharp, they keep their place when they are looked for again, they have the shape
of a face, and the label map calls their inside a face.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from emojimap.arrays import F32, F64, U8, Bool
from emojimap.errors import ArgumentError
from emojimap.facenet import LABELS
from emojimap.facenet.crops import apply, around, inverse, square, warp
from emojimap.facenet.landmarks import eye_distance, face_size, mirror_order
from emojimap.facenet.network import Network
from emojimap.facenet.shape import misshape
from emojimap.settings import Checked, setting

_MIRROR = mirror_order()
_FACE = [LABELS.index(name) for name in ("face", "facial_hair", "glasses")]


@dataclass(frozen=True)
class FindSettings(Checked):
    """Where and how faces are looked for.

    Parameters
    ----------
    coarse_px : tuple of int
        Sides of the letterboxed photo, tried in turn until a face is found.
    smallest_px : float
        Faces smaller than this in the letterboxed photo are left alone.
    coarse_share : float
        Where one face is at least this large in the letterboxed photo, its landmarks there are good
        enough to start from, and the first crop is left out; 1 for never.
    first_faces, tight_faces : float
        Side of the first and of the tight crop, in face sizes.
    mirror_spread : float
        Landmarks of the tight crop whose heat maps spread wider than this are averaged with those
        of its mirror image; 0 for always, 1 for never.
    passes : int
        At most so many tight crops, until the landmarks keep their place.
    steady : float
        Landmarks keep their place if they move less than this, in face sizes.
    largest_spread : float
        Mean spread of the landmarks' heat maps in the tight crop, fraction of its side.
    largest_spread_small : float
        The same for small faces, of which a photo has many that are none, and for those found in a
        letterboxed photo of fewer pixels than the network's crops.
    small_share : float
        Faces are small under this share of the photo's longer side.
    smallest_cover : float
        Share of the landmarks' hull that the label map must call face.
    largest_misshape : float
        Root mean square distance from the mean face after alignment, in face sizes.
    """

    coarse_px: tuple[int, ...] = setting((96, 256, 512), 64, 2048)
    smallest_px: float = setting(14.0, 4, 512)
    coarse_share: float = setting(0.22, 0, 1, "of the side")
    first_faces: float = setting(2.8, 1.5, 8)
    tight_faces: float = setting(2.0, 1.5, 8)
    mirror_spread: float = setting(0.034, 0, 1, "crop sides")
    passes: int = setting(3, 1, 10)
    steady: float = setting(0.05, 0.001, 1, "face sizes")
    largest_spread: float = setting(0.068, 0, 1, "crop sides")
    largest_spread_small: float = setting(0.055, 0, 1, "crop sides")
    small_share: float = setting(0.2, 0, 1)
    smallest_cover: float = setting(0.8, 0, 1, "share")
    largest_misshape: float = setting(0.22, 0, 2, "face sizes")

    def __post_init__(self) -> None:
        super().__post_init__()
        if any(px % 32 for px in self.coarse_px):
            raise ArgumentError(f"coarse_px {self.coarse_px}: give multiples of 32 from 64 up")


@dataclass(frozen=True, eq=False)
class Face:
    """A face that was found.

    Parameters
    ----------
    points : (70, 2) ndarray of float32
        Landmarks in photo pixels.
    matrix : (2, 3) ndarray of float64
        Map from the photo to the tight crop that gave them.
    probabilities : (7, S, S) ndarray of float32
        Label probabilities of that crop.
    spread : float
        Mean spread of the landmarks.
    cover : float
        Share of the landmarks' hull that the label map calls face.
    shift : float
        How far the landmarks moved in the last pass, face sizes.
    tone : float
        L* that the network guesses for the skin in neutral light; NaN if it can't.
    """

    points: F32
    matrix: F64
    probabilities: F32
    spread: float
    cover: float
    shift: float
    tone: float = math.nan

    @property
    def size(self) -> float:
        """Face size, photo pixels."""
        return face_size(self.points)


def find(
    photo: U8, network: Network, settings: FindSettings | None = None, *, every: bool = True
) -> list[Face]:
    """Find the faces of a photo.

    Parameters
    ----------
    photo : (H, W, 3) ndarray of uint8
        RGB.
    network : Network
        The face network.
    settings : FindSettings, optional
        See there.
    every : bool
        Look at the finest coarse size too, for small faces beside a large one.

    Returns
    -------
    list of Face
        Largest first; empty if there is none.
    """
    settings = settings or FindSettings()
    faces: list[Face] = []
    for side in settings.coarse_px:
        blobs, points = _blobs(photo, network, side, settings)
        rough = side < network.size
        for centre, size in blobs:
            if any(_same(face, centre, size) for face in faces):
                continue
            start = points if _starts(points, centre, size, photo, settings) else None
            face = _refine(photo, network, centre, size, settings, start, rough=rough)
            if face is None and start is not None and not rough:
                face = _refine(photo, network, centre, size, settings)
            if face is not None and not any(_overlap(face, other) for other in faces):
                faces.append(face)
        if faces and not every:
            break
    return sorted(faces, key=lambda face: -face.size)


def _blobs(
    photo: U8, network: Network, side: int, settings: FindSettings
) -> tuple[list[tuple[F32, float]], F32]:
    """Find blobs of face in the letterboxed photo.

    Middle and size of each, largest first, and the landmarks of what may be the only face.
    """
    height, width = photo.shape[:2]
    matrix = square(np.array([width - 1, height - 1]) / 2, float(max(height, width)), 0.0, side)
    seen = network(warp(photo, matrix, side)[None])
    probabilities = seen.probabilities[0]
    face = probabilities[_FACE].sum(axis=0) > 0.5
    count, _, stats, centres = cv2.connectedComponentsWithStats(face.astype(np.uint8))
    back = inverse(matrix)
    found = []
    for i in range(1, count):
        # A face fills about two thirds of the square of its size.
        size = float(np.sqrt(stats[i, cv2.CC_STAT_AREA] / 0.66))
        if size >= settings.smallest_px:
            centre = apply(back, centres[i : i + 1].astype(np.float32))[0]
            found.append((centre, size * float(back[0, 0])))
    return sorted(found, key=lambda blob: -blob[1]), apply(back, seen.points[0])


def _starts(points: F32, centre: F32, size: float, photo: U8, settings: FindSettings) -> bool:
    """Whether the landmarks of the letterboxed photo are those of a blob, and fine enough."""
    now = face_size(points)
    middle = (points[:68].min(axis=0) + points[:68].max(axis=0)) / 2
    return (
        size >= settings.coarse_share * max(photo.shape[:2])
        and 0.7 * size < now < 1.4 * size
        and float(np.hypot(*(middle - centre))) < 0.25 * size
    )


def _refine(
    photo: U8,
    network: Network,
    centre: F32,
    size: float,
    settings: FindSettings,
    points: F32 | None = None,
    *,
    rough: bool = False,
) -> Face | None:
    side = network.size
    if points is None:
        matrix = square(centre, size * settings.first_faces, 0.0, side)
        points = apply(
            inverse(matrix), network.landmarks(warp(photo, matrix, side)[None]).points[0]
        )
    face, shift = None, 1.0
    for _ in range(settings.passes):
        now = face_size(points)
        if not 0.3 * size < now < 3.0 * size or eye_distance(points) < 3:
            return None
        matrix = around(points, now * settings.tight_faces, side)
        seen = network(warp(photo, matrix, side)[None])
        before, points = points, apply(inverse(matrix), seen.points[0])
        shift = float(np.hypot(*(points - before).T).mean()) / now
        inside = _hull(seen.points[0], side)
        cover = (
            float(seen.probabilities[0][_FACE].sum(axis=0)[inside].mean()) if inside.any() else 0.0
        )
        spread, tone = float(seen.spread.mean()), float(seen.tone[0])
        face = Face(points, matrix, seen.probabilities[0], spread, cover, shift, tone)
        if shift < settings.steady:
            break
    # A rough look gives more places that look a little like a face; a finer one may follow.
    doubtful = rough or size < settings.small_share * max(photo.shape[:2])
    if face is None or not _believable(face, doubtful, settings):
        return None
    return _with_mirror(photo, face, network) if face.spread > settings.mirror_spread else face


def _with_mirror(photo: U8, face: Face, network: Network) -> Face:
    """Average the landmarks of the tight crop with those of its mirror image."""
    side = network.size
    seen = network.landmarks(warp(photo, face.matrix, side)[None, :, ::-1])
    mirrored = seen.points[0][_MIRROR] * np.array([-1, 1]) + np.array([side - 1, 0])
    points = ((apply(face.matrix, face.points) + mirrored) / 2).astype(np.float32)
    return replace(
        face,
        points=apply(inverse(face.matrix), points),
        tone=(face.tone + float(seen.tone[0])) / 2,
    )


def _believable(face: Face, doubtful: bool, settings: FindSettings) -> bool:
    limit = settings.largest_spread_small if doubtful else settings.largest_spread
    return (
        face.spread <= limit
        and face.cover >= settings.smallest_cover
        and face.shift <= 3 * settings.steady
        and misshape(face.points) <= settings.largest_misshape
    )


def _hull(points: F32, side: int) -> Bool:
    canvas = np.zeros((side, side), np.uint8)
    cv2.fillConvexPoly(canvas, cv2.convexHull(np.round(points[:68]).astype(np.int32)), 1)
    return canvas > 0


def _same(face: Face, centre: F32, size: float) -> bool:
    middle = (face.points[:68].min(axis=0) + face.points[:68].max(axis=0)) / 2
    return bool(np.hypot(*(middle - centre)) < 0.5 * max(face.size, size))


def _overlap(face: Face, other: Face) -> bool:
    return _same(other, face.points[:68].mean(axis=0), face.size)
