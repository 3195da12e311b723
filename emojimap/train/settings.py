"""How the face network is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from emojimap.errors import ArgumentError
from emojimap.train.augment import AugmentSettings

CROPS = {
    "both": AugmentSettings(),
    "face": AugmentSettings(
        crop_faces=(1.5, 3.0),
        far_share=0.2,
        mosaic_share=0.08,
        glasses_share=0.06,
        hand_share=0.06,
        border_share=0.06,
    ),
    "hair": AugmentSettings(
        crop_faces=(2.3, 5.2),
        far_share=0.02,
        photo_sides=(0.72, 1.3),
        roll_sd_deg=6.0,
        wide_roll_share=0.04,
        wide_roll_deg=40.0,
        shift_faces=0.15,
        light_share=0.7,
        mosaic_share=0.0,
    ),
}
"""Crops by what the network is for: `face` finds and reads faces, close and far; `hair` sees the
whole head upright, as it is found when hair is looked for; `both` does either."""


PARTS = ("all", "labels")
"""What can be trained: the whole network, or a new label head on one that stays as it is."""


@dataclass(frozen=True)
class TrainSettings:
    """How the face network is trained.

    Parameters
    ----------
    role : {"both", "face", "hair"}
        What the network is for, see `CROPS`.
    part : {"all", "labels"}
        What is trained, see `PARTS`.
    imitate : bool
        Learn the labels that a teacher gives instead of those of the samples.
    steps : int
        Optimiser steps.
    minutes : float or None
        Anneal to the end within this time, if the steps would take longer; resumed runs count the
        time spent before.
    batch : int
        Crops per step.
    size : int
        Side of the crops, pixels, a multiple of 32.
    learning_rate : float
        Peak of the one-cycle cosine.
    weight_decay : float
        Of AdamW.
    warmup_steps : int
        Linear rise at the start.
    ema : float
        Decay of the averaged weights, which are the result.
    hand_made_share : float
        Share of crops from photos with a hand-made hair mask, where there are others too.
    landmark_weight, lovasz_weight : float
        Of those losses against the label loss.
    validate_every : int
        Steps between two looks at the photos kept aside; 0 for none.
    memory_gb : float
        Decoded photos are kept in memory up to this.
    workers : int
        Threads that make crops.
    augment : AugmentSettings or None
        Crops and what happens to them; None for those of the role.
    seed : int
        Of weights and crops.
    """

    role: str = "both"
    part: str = "all"
    imitate: bool = False
    steps: int = 12_000
    minutes: float | None = None
    batch: int = 16
    size: int = 256
    learning_rate: float = 1e-3
    weight_decay: float = 0.02
    warmup_steps: int = 150
    ema: float = 0.998
    hand_made_share: float = 0.56
    landmark_weight: float = 2.0
    lovasz_weight: float = 0.0
    validate_every: int = 500
    memory_gb: float = 6.0
    workers: int = 1
    augment: AugmentSettings | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.role not in CROPS:
            raise ArgumentError(f"role {self.role!r}: use one of {', '.join(CROPS)}")
        if self.part not in PARTS:
            raise ArgumentError(f"part {self.part!r}: use one of {', '.join(PARTS)}")
        if self.steps < 1 or self.batch < 1:
            raise ArgumentError(f"steps {self.steps}, batch {self.batch}: give at least 1")
        if self.size < 64 or self.size % 32:
            raise ArgumentError(f"size {self.size}: give a multiple of 32 from 64 up")
        if not 0 <= self.hand_made_share <= 1:
            raise ArgumentError(f"hand_made_share {self.hand_made_share}: give 0 to 1")
        if self.minutes is not None and self.minutes <= 0:
            raise ArgumentError(f"minutes {self.minutes}: give more than 0")
        if self.workers < 1 or self.validate_every < 0 or self.memory_gb <= 0:
            raise ArgumentError(
                f"workers {self.workers}, validate_every {self.validate_every}, memory_gb "
                f"{self.memory_gb}: give at least 1, 0 and more than 0"
            )

    @property
    def crops(self) -> AugmentSettings:
        """Crops and what happens to them."""
        return self.augment or CROPS[self.role]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a checkpoint; the crops are spelt out.

        Returns
        -------
        dict
            What `from_dict` takes.
        """
        return asdict(replace(self, augment=self.crops))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainSettings:
        """Make the settings of a checkpoint.

        Parameters
        ----------
        values : mapping
            From `to_dict`.

        Returns
        -------
        TrainSettings
            Equal to those that were saved.

        Raises
        ------
        ArgumentError
            If a name is not known.
        """
        augment = values.get("augment")
        try:
            drawn = augment and AugmentSettings(**{k: _tuple(v) for k, v in augment.items()})
            return cls(**{**values, "augment": drawn})
        except TypeError as error:
            raise ArgumentError(f"settings of another version: {error}") from error


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
