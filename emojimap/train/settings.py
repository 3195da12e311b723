"""How the face network is trained."""

from __future__ import annotations

from dataclasses import dataclass

from emojimap.errors import ArgumentError


@dataclass(frozen=True)
class TrainSettings:
    """How the face network is trained.

    Parameters
    ----------
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
    landmark_weight : float
        Of the landmark loss against the label loss.
    seed : int
        Of weights and crops.
    """

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
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch < 1:
            raise ArgumentError(f"steps {self.steps}, batch {self.batch}: give at least 1")
        if self.size < 64 or self.size % 32:
            raise ArgumentError(f"size {self.size}: give a multiple of 32 from 64 up")
        if not 0 <= self.hand_made_share <= 1:
            raise ArgumentError(f"hand_made_share {self.hand_made_share}: give 0 to 1")
        if self.minutes is not None and self.minutes <= 0:
            raise ArgumentError(f"minutes {self.minutes}: give more than 0")
