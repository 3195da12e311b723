"""Settings of the search for all parts together."""

from __future__ import annotations

from dataclasses import dataclass, field

from emojimap.fit import FitSettings
from emojimap.settings import Checked, setting


@dataclass(frozen=True)
class RefineSettings(Checked):
    """What counts in the search, and how far it goes.

    Parameters
    ----------
    embedding, overlap, evidence : float
        Weights of the three things that are added up: likeness of the embedded faces, in standard
        deviations among random avatars, as cosines of one embedder spread ten times as far as those
        of another; how well the hair overlaps; what was measured of the other parts.
    evaluations : int
        Avatars that are tried, repeated ones included.
    seconds : float
        Time after which the search stops; a search that is cut by it may find another avatar the
        next time.
    population : int
        Avatars of a generation.
    patience : int
        Generations without a better avatar after which the search begins anew with other draws;
        a beginning that finds nothing better is the last.
    mutation : float
        How often a part is drawn anew instead of taken from one of two parents.
    templates : int
        How many templates of hair or headwear are tried, those that overlap best.
    sample : int
        Random avatars that tell how far cosines spread.
    batch : int
        Avatars that are embedded at once; between them the time is looked at.
    size_px : int
        Side of the drawings.
    seed : int
        Of the draws: the same finds the same.
    """

    embedding: float = setting(0.03, 0, 100)
    overlap: float = setting(1.0, 0, 100)
    evidence: float = setting(0.25, 0, 100)
    evaluations: int = setting(2000, 1, 1_000_000)
    seconds: float = setting(30.0, 0.1, 86_400, "seconds")
    population: int = setting(50, 2, 1000)
    patience: int = setting(8, 1, 1_000_000)
    mutation: float = setting(0.2, 0, 1)
    templates: int = setting(40, 1, 4000)
    sample: int = setting(30, 2, 10_000)
    batch: int = setting(25, 1, 1000)
    size_px: int = setting(128, 32, 1024)
    seed: int = setting(0, 0, 2**31)


@dataclass(frozen=True)
class RefineFileSettings(FitSettings):
    """Settings of the whole way from photos to a refined avatar, as a settings file holds them.

    Parameters
    ----------
    refine : RefineSettings
        The search.
    """

    refine: RefineSettings = field(default_factory=RefineSettings)
