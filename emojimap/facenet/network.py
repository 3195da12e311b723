"""What every backend of the face network gives, whatever it runs on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from emojimap.arrays import F32, U8


@dataclass(frozen=True, eq=False)
class Prediction:
    """Output of the network for a batch of crops.

    Parameters
    ----------
    probabilities : (N, 7, S, S) ndarray of float32
        One channel per label of `emojimap.facenet.LABELS`, summing to 1.
    points : (N, 70, 2) ndarray of float32
        Landmarks in crop pixels, x then y.
    spread : (N, 70) ndarray of float32
        Standard deviation of each landmark's heat map, as a fraction of the side.
    tone : (N,) ndarray of float32
        L* that the skin would have in neutral light, as the network guesses it from a tight crop;
        NaN for networks without a tone head.
    """

    probabilities: F32
    points: F32
    spread: F32
    tone: F32


@dataclass(frozen=True, eq=False)
class Landmarks:
    """What a network says of a batch of crops without their labels; see `Prediction`.

    Parameters
    ----------
    points : (N, 70, 2) ndarray of float32
        Landmarks in crop pixels, x then y.
    spread : (N, 70) ndarray of float32
        Standard deviation of each landmark's heat map, as a fraction of the side.
    tone : (N,) ndarray of float32
        L* of the skin in neutral light; NaN for networks without a tone head.
    """

    points: F32
    spread: F32
    tone: F32


class Network(Protocol):
    """A face network, ready to run."""

    size: int
    """Side of the crops it was trained on, pixels."""

    def __call__(self, crops: U8) -> Prediction:
        """Run the network.

        Parameters
        ----------
        crops : (N, S, S, 3) ndarray of uint8
            RGB; S a multiple of 32.

        Returns
        -------
        Prediction
            For each crop.
        """
        ...

    def landmarks(self, crops: U8) -> Landmarks:
        """Run the network where its labels are not wanted; half of the work is theirs.

        Parameters
        ----------
        crops : (N, S, S, 3) ndarray of uint8
            As for a call.

        Returns
        -------
        Landmarks
            The same as a call's.
        """
        ...


@dataclass(frozen=True, eq=False)
class Networks:
    """The networks that read one face; both may be the same.

    Parameters
    ----------
    face : Network
        Finds faces; landmarks, beard and glasses in a tight crop.
    hair : Network
        Hair and what is around the head, in a wide crop.
    """

    face: Network
    hair: Network
