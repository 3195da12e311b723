"""The tone head: what the face network's features tell of the skin in neutral light.

A photo shows skin under an unknown light, so its lightness can't be read off the pixels alone; the
encoder of a trained face network has seen features that hardly depend on the light. A ridge
regression turns them into the lightness that people give to the face, with a second penalty on
answers that differ when the same photo is shown in another light.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from emojimap import photo as photo_
from emojimap.arrays import F64, U8
from emojimap.colours import to_lab
from emojimap.errors import DataError
from emojimap.facenet._torch import TONE_FEATURES, FaceNet
from emojimap.facenet.crops import warp
from emojimap.facenet.find import find
from emojimap.facenet.network import Network
from emojimap.relight import DAYLIGHT_K, compressed, relight
from emojimap.settings import Checked, setting

_LEAST = 40
_LIGHTS = ((2700, 0.0), (3500, 0.0), (10000, 0.0), (DAYLIGHT_K, -1.0), (DAYLIGHT_K, 1.0))


@dataclass(frozen=True)
class ToneSettings(Checked):
    """How the tone head is fitted.

    Parameters
    ----------
    components : int
        Principal components of the features that are used.
    ridge : float
        Penalty on the weights of the standardised components.
    light_weight : float
        Weight of the penalty on answers that change with the light, against the labels.
    folds : int
        Parts of the labels that are kept aside in turn, to tell how good the head is.
    """

    components: int = setting(150, 1, TONE_FEATURES)
    ridge: float = setting(300.0, 0, 1e6)
    light_weight: float = setting(1.0, 0, 100)
    folds: int = setting(8, 2, 50)


@dataclass(frozen=True, eq=False)
class ToneHead:
    """A fitted head and how good it is.

    Parameters
    ----------
    weight : (F,) ndarray of float64
        Of the pooled features.
    bias : float
        L*.
    photos : int
        How many labels it stands on.
    error : float
        Mean absolute error on labels kept aside, L*.
    correlation : float
        Pearson's, on labels kept aside.
    light_change : float
        Median change of the answer with the light, L*, on labels kept aside.
    """

    weight: F64
    bias: float
    photos: int
    error: float
    correlation: float
    light_change: float


def lightness(colour: str) -> float:
    """Lightness of a colour.

    Parameters
    ----------
    colour : str
        ``#rrggbb``.

    Returns
    -------
    float
        L*.
    """
    return float(to_lab(np.frombuffer(bytes.fromhex(colour[1:]), np.uint8))[0])


def fit(
    labels: Sequence[tuple[Path, float]],
    network: FaceNet,
    finder: Network,
    settings: ToneSettings | None = None,
    progress: Callable[[int], None] | None = None,
) -> ToneHead:
    """Fit the tone head.

    Parameters
    ----------
    labels : sequence of (Path, float)
        Photos, and the L* of the face's skin in neutral light.
    network : FaceNet
        The trained network, in evaluation mode.
    finder : Network
        The same, to find the faces.
    settings : ToneSettings, optional
        How.
    progress : callable, optional
        Told the number of photos read so far.

    Returns
    -------
    ToneHead
        For `FaceNet.s`.

    Raises
    ------
    DataError
        If fewer than 40 photos show a face.
    """
    settings = settings or ToneSettings()
    own, lit, tones = [], [], []
    for count, (path, tone) in enumerate(labels, 1):
        features = _features(photo_.read(path), network, finder)
        if features is not None:
            own.append(features[0])
            lit.append(features[1:])
            tones.append(tone)
        if progress:
            progress(count)
    if len(own) < _LEAST:
        raise DataError(
            f"{len(own)} of {len(labels)} labelled photos show a face: label {_LEAST} or more"
        )
    return _head(np.array(own), np.array(lit), np.array(tones), settings)


def _features(photo: U8, network: FaceNet, finder: Network) -> F64 | None:
    """Pooled features of the largest face as it is and in other lights, None without a face."""
    faces = find(photo, finder, every=False)
    if not faces:
        return None
    crop = warp(photo, faces[0].matrix, finder.size)
    crops = [crop, *(relight(crop, kelvin=k, stops=s) for k, s in _LIGHTS)]
    crops.append(compressed(relight(crop, kelvin=4500, stops=-0.5), 60))
    both = np.stack(crops + [one[:, ::-1] for one in crops])
    with torch.inference_mode():
        batch = torch.from_numpy(both.transpose(0, 3, 1, 2).copy()).float() / 127.5 - 1
        found = network.pooled(batch).numpy().astype(np.float64)
    both_ways: F64 = (found[: len(crops)] + found[len(crops) :]) / 2
    return both_ways


def _head(own: F64, lit: F64, tones: F64, settings: ToneSettings) -> ToneHead:
    parts = np.random.default_rng(0).permutation(len(own)) % settings.folds
    guessed, changes = np.empty(len(own)), np.empty(lit.shape[:2])
    for part in range(settings.folds):
        aside = parts == part
        weight, bias = _ridge(own[~aside], lit[~aside], tones[~aside], settings)
        guessed[aside] = own[aside] @ weight + bias
        changes[aside] = np.abs(lit[aside] @ weight + bias - guessed[aside][:, None])
    weight, bias = _ridge(own, lit, tones, settings)
    return ToneHead(
        weight,
        bias,
        len(own),
        float(np.abs(guessed - tones).mean()),
        float(np.corrcoef(guessed, tones)[0, 1]),
        float(np.median(changes)),
    )


def _ridge(own: F64, lit: F64, tones: F64, settings: ToneSettings) -> tuple[F64, float]:
    mean, scale = own.mean(axis=0), own.std(axis=0) + 1e-6
    _, sizes, axes = np.linalg.svd((own - mean) / scale, full_matrices=False)
    count = min(settings.components, len(own) - 1)
    # Whitened: every component has variance 1.
    turn = (axes[:count] / (sizes[:count, None] / math.sqrt(len(own)))).T / scale[:, None]
    x, y = (own - mean) @ turn, tones - tones.mean()
    moved = ((lit - own[:, None]) @ turn).reshape(-1, count)
    # Rare tones count more, so that the head doesn't answer with the usual one.
    rare = _rarity(tones)
    matrix = (x * rare[:, None]).T @ x + settings.ridge * np.eye(count)
    matrix += settings.light_weight * len(own) / len(moved) * moved.T @ moved
    weight = turn @ np.linalg.solve(matrix, x.T @ (rare * y))
    middle = float(np.average(tones - (own - mean) @ weight, weights=rare))
    return weight, middle - float(mean @ weight)


def _rarity(tones: F64) -> F64:
    """Weight of each label: the inverse square root of how many are like it, mean 1."""
    near = np.exp(-(((tones[:, None] - tones) / 6.0) ** 2)).sum(axis=1)
    weight: F64 = 1 / np.sqrt(near)
    weight /= weight.mean()
    return weight
