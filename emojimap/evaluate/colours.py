"""How well the colours of faces hold: between photos of a person, in other lights, with dye.

Figures come from the whole way of `emojimap.analyse`, on each altered photo anew; where hair is
painted, it is told apart what the masks lose and what the colours do.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np

from emojimap.analysis import Analysis, AnalysisSettings, analyse, recoloured
from emojimap.arrays import U8, Bool
from emojimap.colours import to_lab, to_rgb
from emojimap.errors import NoFaceError
from emojimap.evaluate.dyes import PAINTS, Paint, painted
from emojimap.facenet.landmarks import NOSE_BASE
from emojimap.photo import read
from emojimap.relight import DAYLIGHT_K, compressed, relight
from emojimap.train.batches import read_mask

ROLES = ("skin", "hair")
_TIMED = 5
_LEAST_HAIR = 400
"""Pixels; less hair is not painted and not compared."""


@dataclass(frozen=True)
class Setting:
    """One simulated way of taking a photo.

    Parameters
    ----------
    name : str
        For the tables.
    kelvin : float
        Colour temperature of the light.
    stops : float
        Exposure.
    quality : int, optional
        JPEG's.
    """

    name: str
    kelvin: float = DAYLIGHT_K
    stops: float = 0.0
    quality: int | None = None

    def shown(self, photo: U8) -> U8:
        """Return the photo as it would have been taken."""
        lit = relight(photo, kelvin=self.kelvin, stops=self.stops)
        return lit if self.quality is None else compressed(lit, self.quality)


LIGHTS = (
    Setting("2700 K", 2700),
    Setting("3500 K", 3500),
    Setting("4800 K", 4800),
    Setting("8000 K", 8000),
    Setting("10000 K", 10000),
    Setting("-1 stop", stops=-1.0),
    Setting("+1 stop", stops=1.0),
    Setting("3000 K, -1 stop, JPEG 60", 3000, -1.0, 60),
    Setting("4000 K, +0.5 stop, JPEG 50", 4000, 0.5, 50),
    Setting("9000 K, +0.7 stop, JPEG 60", 9000, 0.7, 60),
    Setting("JPEG 40", quality=40),
)
DYE_LIGHT = Setting("3500 K, -0.5 stop", 3500, -0.5)
"""Dyed hair is looked at in plain light and in this one."""


@dataclass(frozen=True, eq=False)
class Seen:
    """Colours of one face as far as they are judged.

    Parameters
    ----------
    final, raw : dict of str to (3,) ndarray of uint8
        For each of `ROLES` that is seen.
    kind : str
        Of the hair; empty if there is none.
    """

    final: dict[str, U8]
    raw: dict[str, U8]
    kind: str = ""


@dataclass(frozen=True)
class Painted:
    """What became of painted hair.

    Parameters
    ----------
    paint : str
        Its name.
    dye : bool
        Whether it was a dye.
    light : str
        Empty for the photo's own.
    whole_way : bool
        Whether the masks were found anew on the painted photo; else those of the photo as it was
        tell about the colours alone.
    seen : bool
        Whether a face with hair was found.
    kept : bool
        Whether a dye is still to be seen; False where no hair is seen.
    taken_for_dye : bool
        Whether the rule for dye was used.
    """

    paint: str
    dye: bool
    light: str
    whole_way: bool
    seen: bool
    kept: bool
    taken_for_dye: bool


@dataclass(frozen=True, eq=False)
class Row:
    """Everything measured on one photo.

    Parameters
    ----------
    name, person : str
        Photo and who is on it; an empty person is nobody's double.
    plain : Seen
        The photo as it is.
    lit : dict of str to Seen
        In each simulated light in which the face was found.
    hand : (3,) ndarray of uint8, optional
        Robust mean of the hair under the hand-made mask, as measured.
    painted : list of Painted
        With other hair.
    milliseconds : float
        Time that finding the colours took, the rest of the analysis apart.
    lost : int
        Photos in other lights in which no face was found.
    """

    name: str
    person: str
    plain: Seen
    lit: dict[str, Seen] = field(default_factory=dict)
    hand: U8 | None = None
    painted: list[Painted] = field(default_factory=list)
    milliseconds: float = 0.0
    lost: int = 0


def measure(
    path: Path,
    person: str,
    mask: Path | None,
    *,
    altered: bool = True,
    settings: AnalysisSettings | None = None,
) -> Row | None:
    """Measure one photo.

    Parameters
    ----------
    path : Path
        Photo; the largest face counts.
    person : str
        Who is on it.
    mask : Path, optional
        Hand-made hair mask, 255 inside.
    altered : bool
        Look at the photo in other lights and with painted hair too.
    settings : AnalysisSettings, optional
        How.

    Returns
    -------
    Row or None
        None where no face is found.
    """
    settings = settings or AnalysisSettings()
    photo = read(path)
    try:
        face = analyse(photo, settings=settings)
    except NoFaceError:
        return None
    hair = None if mask is None else _without_beard(read_mask(mask, photo.shape[:2]), face)
    if hair is not None and np.count_nonzero(hair) < _LEAST_HAIR:
        hair = None
    row = Row(
        path.stem,
        person,
        _seen(face),
        hand=None if hair is None else _robust(photo, hair),
        milliseconds=_time(face, settings),
    )
    if not altered:
        return row
    found = {light.name: _look(light.shown(photo), settings) for light in LIGHTS}
    lit = {name: one for name, one in found.items() if one is not None}
    painted_ = [] if hair is None else list(_paints(face, hair, settings))
    return replace(row, lit=lit, painted=painted_, lost=len(found) - len(lit))


def _look(photo: U8, settings: AnalysisSettings) -> Seen | None:
    try:
        return _seen(analyse(photo, settings=settings))
    except NoFaceError:
        return None


def _seen(face: Analysis) -> Seen:
    found = {role: getattr(face.colours, role) for role in ROLES}
    final = {role: colour for role, colour in found.items() if colour is not None}
    evidence = face.colours.evidence
    raw = {role: evidence[role].raw for role in final if evidence[role].raw is not None}
    return Seen(
        final, {role: one for role, one in raw.items() if one is not None}, evidence["hair"].kind
    )


def _time(face: Analysis, settings: AnalysisSettings) -> float:
    times = []
    for _ in range(_TIMED):
        start = time.perf_counter()
        recoloured(face, settings.colours)
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times))


def _without_beard(mask: Bool, face: Analysis) -> Bool:
    """Beards are hair in these masks: hair below the nose and between the jaws is one."""
    points = face.landmarks
    jaw = np.concatenate([points[1:16], points[NOSE_BASE : NOSE_BASE + 1]])
    inside = np.zeros(mask.shape, np.uint8)
    cv2.fillPoly(inside, [np.round(jaw).clip(-(2**15), 2**15).astype(np.int32)], 1)
    return np.asarray(mask & (inside == 0), bool)


def _robust(photo: U8, mask: Bool) -> U8:
    """Mean of the middle half by lightness."""
    lab = to_lab(photo[mask])
    low, high = np.percentile(lab[:, 0], [25, 75])
    return to_rgb(lab[(lab[:, 0] >= low) & (lab[:, 0] <= high)].mean(axis=0))


def _paints(face: Analysis, mask: Bool, settings: AnalysisSettings) -> Iterator[Painted]:
    for paint in PAINTS:
        new = painted(face.photo, mask, paint)
        for name, shown in (("", new), (DYE_LIGHT.name, DYE_LIGHT.shown(new))):
            same = recoloured(replace(face, photo=shown), settings.colours)
            yield _judged(paint, name, _seen(same), whole_way=False)
        if paint.dye:
            yield _judged(paint, "", _look(new, settings), whole_way=True)


def _judged(paint: Paint, light: str, found: Seen | None, *, whole_way: bool) -> Painted:
    hair = None if found is None else found.final.get("hair")
    kept = hair is not None and (not paint.dye or paint.kept(hair))
    dyed = found is not None and found.kind == "dyed"
    return Painted(paint.name, paint.dye, light, whole_way, hair is not None, kept, dyed)
