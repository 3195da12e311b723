"""How alike avatars are to the people they stand for: fitted avatars of many photos.

Two photos of one person should give nearly the same avatar, two people different ones, and a photo
that was merely scaled or mirrored the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from emojimap import styles
from emojimap.analysis import Analysis, analyse
from emojimap.arrays import U8
from emojimap.avatar import Avatar
from emojimap.errors import NoFaceError
from emojimap.evaluate.perturb import PERTURBATIONS
from emojimap.evaluate.truths import things
from emojimap.fit import FitSettings, fit_analysis
from emojimap.train.batches import load
from emojimap.train.samples import Sample
from emojimap.traits import has_beard


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
        The face, see `emojimap.analysis.Analysis`.
    avatars : dict of str to Avatar
        By style.
    altered : dict of str to (dict of str to Avatar)
        By perturbation and style; those in which no face was found are missing.
    found, truth : dict of str to bool
        ``facial_hair``, ``glasses`` and ``headwear`` as found, and by the labels there are.
    """

    photo: Path
    person: str
    box: tuple[float, float, float, float]
    avatars: dict[str, Avatar]
    altered: dict[str, dict[str, Avatar]] = field(default_factory=dict)
    found: dict[str, bool] = field(default_factory=dict)
    truth: dict[str, bool] = field(default_factory=dict)


def measure(
    sample: Sample, names: Sequence[str], steady: bool, settings: FitSettings | None = None
) -> Row | None:
    """Fit one photo in several styles.

    Parameters
    ----------
    sample : Sample
        Photo and labels; the largest face counts.
    names : sequence of str
        Styles.
    steady : bool
        Fit the photo as perturbed too.
    settings : FitSettings, optional
        How.

    Returns
    -------
    Row or None
        None where no face is found.
    """
    settings = settings or FitSettings()
    photo, labels = load(sample)
    seen = _look(photo, settings)
    if seen is None:
        return None
    altered = {}
    for name, change in PERTURBATIONS.items() if steady else ():
        other = _look(change(photo), settings)
        if other is not None:
            altered[name] = _avatars(other, names, settings)
    return Row(
        sample.photo,
        sample.group,
        seen.box,
        _avatars(seen, names, settings),
        altered,
        {
            "facial_hair": has_beard(seen.traits),
            "glasses": seen.traits.glasses != "none",
            "headwear": seen.traits.headwear,
        },
        things(sample, labels),
    )


def _look(photo: U8, settings: FitSettings) -> Analysis | None:
    try:
        return analyse(photo, settings=settings.analysis)
    except NoFaceError:
        return None


def _avatars(seen: Analysis, names: Sequence[str], settings: FitSettings) -> dict[str, Avatar]:
    return {
        name: fit_analysis(seen, styles.load(name), top=1, settings=settings).avatar
        for name in names
    }
