"""The roads from a face to an avatar, side by side: what each makes of the same photos.

`overlap` is `fit`; `autoencoder` and `imagenet` construct from the parts whose codes are nearest;
`refine` searches all parts together, starting from the fit.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from emojimap import embed, photo, styles
from emojimap.analysis import Analysis, analyse
from emojimap.arrays import F32, U8
from emojimap.avatar import Avatar
from emojimap.construct import construct, similarity, vector
from emojimap.embed import Embedder
from emojimap.errors import ArgumentError, NoFaceError
from emojimap.evaluate.perturb import exposed
from emojimap.fit import FitSettings, fit_analysis
from emojimap.refine import RefineSettings, refine
from emojimap.relight import compressed
from emojimap.segments import KINDS
from emojimap.styles.codes import codes_of, kinds_of, pictures_of
from emojimap.train.samples import Sample

ROADS = ("overlap", "autoencoder", "imagenet", "refine")
EMBEDDERS = ("autoencoder", "imagenet")
"""Roads that stand on codes of their own."""

_STEP = 24  # of 255
_PATIENCE_S = 600.0  # the evaluations end a search, not the clock
_SHIFT, _ZOOM, _NOISE, _LIGHT, _QUALITY = 0.004, 0.005, 4.0, 0.02, 85


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Parameters
    ----------
    roads : tuple of str
        Of `ROADS`.
    style : str
        A vector style.
    evaluations : int
        Avatars that `refine` tries for a photo.
    """

    roads: tuple[str, ...] = ROADS
    style: str = "avataaars"
    evaluations: int = 400

    def __post_init__(self) -> None:
        for road in self.roads:
            if road not in ROADS:
                raise ArgumentError(f"road {road!r}: use {', '.join(ROADS)}")


@dataclass(frozen=True, eq=False)
class Row:
    """What became of one photo.

    Parameters
    ----------
    photo : Path
        The photo.
    person : str
        Who is on it.
    box : tuple of float
        The face.
    avatars : dict of str to Avatar
        By road.
    ms : dict of str to float
        By road, milliseconds after the analysis.
    codes : dict of str to (dict of str to (d,) ndarray)
        By embedder and kind.
    still : list of dict of str to Avatar
        The same for frames of the person sitting still.
    still_codes : dict of str to (dict of str to (k, d) ndarray)
        The codes of these frames.
    """

    photo: Path
    person: str
    box: tuple[float, float, float, float]
    avatars: dict[str, Avatar]
    ms: dict[str, float]
    codes: dict[str, dict[str, F32]]
    still: list[dict[str, Avatar]] = field(default_factory=list)
    still_codes: dict[str, dict[str, F32]] = field(default_factory=dict)


def measure(
    sample: Sample, plan: Plan, frames: int, rules: FitSettings | None = None
) -> Row | None:
    """Go all roads with one photo.

    Parameters
    ----------
    sample : Sample
        Photo and person; the largest face counts.
    plan : Plan
        Which roads.
    frames : int
        Frames of the person sitting still that are looked at too, 0 for none.
    rules : FitSettings, optional
        How.

    Returns
    -------
    Row or None
        None where no face is found.
    """
    rules = rules or FitSettings()
    picture = photo.read(sample.photo)
    seen = _look(picture, rules)
    if seen is None:
        return None
    here = go(seen, plan, rules)
    others = [_look(one, rules) for one in still(picture, frames)]
    quick = Plan(tuple(r for r in plan.roads if r != "refine"), plan.style)
    gone = [go(one, quick, rules) for one in others if one is not None]
    return Row(
        sample.photo,
        sample.group,
        seen.box,
        here.avatars,
        here.ms,
        here.codes,
        [one.avatars for one in gone],
        {name: _stacked([one.codes[name] for one in gone]) for name in here.codes},
    )


@dataclass(frozen=True, eq=False)
class Gone:
    """What the roads led to from one face.

    Parameters
    ----------
    avatars : dict of str to Avatar
        By road.
    ms : dict of str to float
        What each took, milliseconds.
    codes : dict of str to (dict of str to (d,) ndarray)
        By embedder and kind.
    """

    avatars: dict[str, Avatar]
    ms: dict[str, float]
    codes: dict[str, dict[str, F32]]


def go(seen: Analysis, plan: Plan, rules: FitSettings) -> Gone:
    """Go the roads with one face.

    Parameters
    ----------
    seen : Analysis
        The face.
    plan : Plan
        Which roads.
    rules : FitSettings
        How.

    Returns
    -------
    Gone
        By road.
    """
    style = vector(styles.load(plan.style))
    found = Gone({}, {}, {})
    for road in plan.roads:
        begin = time.perf_counter()
        if road in EMBEDDERS:
            embedder = embed.load(road)
            built = construct(seen, style, embedder, rules=rules)
            found.avatars[road] = built.avatar
        elif road == "refine":
            few = RefineSettings(evaluations=plan.evaluations, seconds=_PATIENCE_S)
            network = embed.load("autoencoder")
            found.avatars[road] = refine([seen], style, network, few, fit_settings=rules).avatar
        else:
            found.avatars[road] = fit_analysis(seen, style, top=1, settings=rules).avatar
        found.ms[road] = 1000 * (time.perf_counter() - begin)
        if road in EMBEDDERS:
            missing = {k: built.face[k] for k in KINDS if k not in built.codes}
            more = {k: embedder.embed(one[None], k)[0] for k, one in missing.items()}
            found.codes[road] = {**built.codes, **more}
    return found


def still(picture: U8, frames: int, seed: int = 0) -> Iterator[U8]:
    """Film a photo as a camera would see a person who sits still.

    Parameters
    ----------
    picture : (H, W, 3) ndarray of uint8
        RGB.
    frames : int
        How many.
    seed : int
        Of shifts under half a percent of the width, zooms alike, noise of 4 steps, light within
        two percent.

    Yields
    ------
    (H, W, 3) ndarray of uint8
        RGB, after JPEG of quality 85.
    """
    height, width = picture.shape[:2]
    for number in range(frames):
        rng = np.random.default_rng((seed, number))
        zoom = 1 + rng.uniform(-_ZOOM, _ZOOM)
        matrix = np.array([[zoom, 0, 0], [0, zoom, 0]])
        matrix[:, 2] = rng.uniform(-_SHIFT, _SHIFT, 2) * width
        moved = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
        lit = exposed(np.asarray(moved, np.uint8), rng.uniform(-_LIGHT, _LIGHT))
        noisy = np.clip(lit + rng.normal(0, _NOISE, lit.shape), 0, 255).round().astype(np.uint8)
        yield compressed(noisy, _QUALITY)


def own_parts(
    style_name: str, embedder: Embedder, count: int, seed: int = 0
) -> dict[str, tuple[int, int]]:
    """Count how often a drawn avatar gives its own parts back.

    Parameters
    ----------
    style_name : str
        A vector style.
    embedder : Embedder
        Whose codes are compared.
    count : int
        Avatars, each of parts drawn at random from all that the style has, without glasses and
        headwear; cut as `emojimap.styles.alone.avatar_segments` says.
    seed : int
        Of the draws.

    Returns
    -------
    dict of str to (int, int)
        By kind, how often the nearest part was drawn from the very same variants, and of how many.
        A part of which another one covers more than half is not counted.
    """
    style = vector(styles.load(style_name))
    rng = np.random.default_rng(seed)
    drawn = {kind: pictures_of(style, kind) for kind in kinds_of(style)}
    books = {kind: codes_of(style, embedder, kind) for kind in drawn}
    right: dict[str, tuple[int, int]] = dict.fromkeys(books, (0, 0))
    for _ in range(count):
        numbers = {kind: int(rng.integers(len(one.ids))) for kind, one in drawn.items()}
        parts = {p: v for k, i in numbers.items() for p, v in drawn[k].parts[i].items()}
        pictures = style.segments(style.check(style.default().with_(parts=parts)))
        for kind, number in numbers.items():
            if _hidden(pictures[kind], drawn[kind].pictures[number]):
                continue
            code = embedder.embed(pictures[kind][None], kind)[0]
            best = int(similarity(code, books[kind]).argmax())
            same = bool((drawn[kind].pictures[best] == drawn[kind].pictures[number]).all())
            hits, of = right[kind]
            right[kind] = hits + same, of + 1
    return right


def _hidden(seen: U8, alone: U8) -> bool:
    """Whether more than half of a part can't be seen; of one that draws nothing, whether it can."""
    part = np.abs(alone.astype(int) - alone[0, 0]).max(axis=2) > _STEP
    changed = np.abs(seen.astype(int) - alone).max(axis=2) > _STEP
    return bool(changed[part].mean() > 0.5) if part.any() else bool(changed.mean() > 0.05)


def _look(picture: U8, rules: FitSettings) -> Analysis | None:
    try:
        return analyse(picture, settings=rules.analysis)
    except NoFaceError:
        return None


def _stacked(rows: Sequence[dict[str, F32]]) -> dict[str, F32]:
    return {kind: np.stack([row[kind] for row in rows]) for kind in KINDS} if rows else {}
