"""Training of the part embedders: autoencoders that see photos and avatars alike.

For each kind of segment one convolutional autoencoder with a linear bottleneck learns from segments
of photos and parts of avatars together, each seen moved, blurred and noisy and to be given back as
it was. It starts as the principal components of both. Two more terms pull together the codes of two
views of one picture, and mean and covariance of the codes of both domains (deep CORAL). Then a
linear map of the bottleneck, linear discriminant analysis on several photos of the same people,
keeps what tells people apart and weighs down what changes from photo to photo.

References
----------
.. [1] B. Sun and K. Saenko, "Deep CORAL: Correlation Alignment for Deep Domain Adaptation",
   ECCV Workshops 2016.
.. [2] P. Vincent et al., "Stacked Denoising Autoencoders", JMLR 11, 3371-3408, 2010.
.. [3] A. O. Hatch, S. Kajarekar and A. Stolcke, "Within-Class Covariance Normalization for
   SVM-based Speaker Recognition", Interspeech 2006.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as nnf

from emojimap import files
from emojimap.arrays import F32, F64, U8
from emojimap.errors import DataError
from emojimap.segments import FEATURES, GROUND, PAINT, SIZE, WHOLE
from emojimap.settings import Checked, setting
from emojimap.train.autoencoder import Autoencoder, half, scaled
from emojimap.train.interrupt import Interrupt
from emojimap.train.pieces import Pieces, ground

_SAVE_EVERY_S = 60.0
_SAMPLE, _LINEAR = 500, 2400
_LEAST_RIDGE = 1e-4  # of all variance: few photos, or equal ones, still have an inverse
_FIXED = ("photos", "parts", "codes", "learning_rate", "alike", "aligned", "seed")


@dataclass(frozen=True)
class PartsSettings(Checked):
    """How the part embedders are trained.

    Parameters
    ----------
    steps : int
        Optimiser steps of each kind.
    photos, parts : int
        Segments of photos and parts of avatars in a batch; each is seen twice.
    codes : int
        Width of the bottleneck.
    kept : int
        Directions of the bottleneck that are kept as telling people apart.
    learning_rate : float
        Peak of a one-cycle schedule.
    alike, aligned : float
        Weights of the terms that pull together two views of a picture, and the two domains;
        the reconstruction counts 1.
    ridge : float
        Share of the mean variance that is added to each direction's variance within people.
    seed : int
        Of weights, batches and views.
    """

    steps: int = setting(100, 1, 1_000_000)
    photos: int = setting(32, 2, 4096)
    parts: int = setting(16, 2, 4096)
    codes: int = setting(64, 2, 512)
    kept: int = setting(16, 1, 512)
    learning_rate: float = setting(1e-3, 0, 1)
    alike: float = setting(0.1, 0, 100)
    aligned: float = setting(0.1, 0, 100)
    ridge: float = setting(0.1, 0, 10)
    seed: int = setting(0, 0, 2**31)


def train(
    kind: str,
    pieces: Pieces,
    out: Path,
    settings: PartsSettings,
    progress: Callable[[int, float], None] | None = None,
) -> Autoencoder | None:
    """Train one autoencoder, or go on with it.

    Parameters
    ----------
    kind : str
        What the pictures show.
    pieces : Pieces
        The pictures.
    out : Path
        Folder of the run, for ``KIND.pt``.
    settings : PartsSettings
        How.
    progress : callable, optional
        Told steps done and the loss.

    Returns
    -------
    Autoencoder or None
        In evaluation mode; None if the run was interrupted: what was done is saved.

    Raises
    ------
    DataError
        If the folder holds a run with other settings.
    """
    torch.manual_seed(settings.seed)
    network: Any = Autoencoder(settings.codes).to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=1e-3)
    path, step = out / f"{kind}.pt", 0
    photos, parts = _pictures(pieces.photos), _pictures(pieces.parts)
    if path.is_file():
        step = _restore(path, network, optimiser, settings)
    else:
        network.start_linear(scaled(_both(photos, parts, pieces.style, settings)))
    scale = float(_targets(photos[:_SAMPLE]).var(dim=0).mean()) + 1e-6
    network.train()
    saved = time.monotonic()
    with Interrupt() as interrupt:
        while step < settings.steps and not interrupt.seen:
            rng = np.random.default_rng((settings.seed, step))
            batch = photos[rng.integers(len(photos), size=settings.photos)]
            drawn = parts[_one_of_each(pieces.style, settings.parts, rng)]
            loss = _loss(network, kind, batch, drawn, scale, settings, rng)
            for group in optimiser.param_groups:
                group["lr"] = _rate(step, settings)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
            step += 1
            if progress is not None:
                progress(step, float(loss.detach()))
            if time.monotonic() - saved > _SAVE_EVERY_S:
                _save(path, network, optimiser, settings, step)
                saved = time.monotonic()
    _save(path, network, optimiser, settings, step)
    return network.eval() if step >= settings.steps else None


def codes(network: Any, pictures: U8) -> F32:
    """Return the bottleneck of (n, S, S, 4) uint8 pictures, (n, codes) float32."""
    with torch.inference_mode():
        found = [
            network.encode(scaled(one)).numpy() for one in torch.split(_pictures(pictures), 256)
        ]
    return np.concatenate(found)


def telling(found: F32, people: tuple[str, ...], settings: PartsSettings) -> tuple[F64, F64]:
    """Directions of the codes that tell people apart, by linear discriminant analysis.

    Parameters
    ----------
    found : (n, codes) ndarray of float32
        Codes of photos.
    people : tuple of n str
        Who is on each.
    settings : PartsSettings
        How many directions, and the ridge.

    Returns
    -------
    matrix : (d, codes) ndarray of float64
        Within a person each direction varies as much as any other; directions count by how much
        more people vary.
    middle : (codes,) ndarray of float64
        Mean code.

    Raises
    ------
    DataError
        If nobody is on two photos.
    """
    from scipy.linalg import eigh

    values = found.astype(np.float64)
    names, who, count = np.unique(np.array(people), return_inverse=True, return_counts=True)
    several = int((count > 1).sum())
    if not several:
        raise DataError(f"{len(people)} photos of as many people: give two photos of some of them")
    means = np.zeros((len(names), values.shape[1]))
    np.add.at(means, who, values)
    means /= count[:, None]
    apart = (values - means[who])[count[who] > 1]
    within = apart.T @ apart / (len(apart) - several)
    every = np.cov(values.T)
    ridge = settings.ridge * float(np.trace(within)) + _LEAST_RIDGE * float(np.trace(every))
    regular = within + ridge / len(within) * np.eye(len(within))
    worth, vectors = eigh(every - within, regular)
    best = np.argsort(-worth)[: settings.kept]
    matrix = vectors[:, best].T * np.sqrt(np.maximum(worth[best], 1e-6))[:, None]
    middle = values.mean(axis=0)
    # As large as numbers of half precision like them; the angles between codes stay.
    return matrix / max(float(((values - middle) @ matrix.T).std()), 1e-12), middle


def _loss(
    network: Any,
    kind: str,
    photos: Any,
    parts: Any,
    scale: float,
    settings: PartsSettings,
    rng: Any,
) -> Any:
    n, both = len(photos), torch.cat([photos, parts])
    views = torch.cat([view(both, kind, rng), view(both, kind, rng)])
    found = network.encode((views / 127.5 - 1).contiguous(memory_format=torch.channels_last))
    target = torch.cat([_targets(both)] * 2)
    loss = ((network.decode(found) - target) ** 2).mean() / scale
    first, second = found[: len(both)], found[len(both) :]
    seen, drawn = torch.cat([first[:n], second[:n]]), torch.cat([first[n:], second[n:]])
    spread = seen.var(dim=0).mean() + 1e-4
    loss = loss + settings.alike * ((first - second) ** 2).mean() / spread
    means = ((seen.mean(dim=0) - drawn.mean(dim=0)) ** 2).mean() / spread
    wanted = _covariance(seen)
    shapes = ((wanted - _covariance(drawn)) ** 2).sum() / ((wanted**2).sum().detach() + 1e-6)
    return loss + settings.aligned * (means + shapes)


def view(pictures: Any, kind: str, rng: np.random.Generator) -> Any:
    """Show pictures a little moved, turned and scaled, in other contrast, blurred and noisy.

    Parameters
    ----------
    pictures : (n, 64, 64, 4) tensor of uint8
        RGBA.
    kind : str
        What they show: the outlines of silhouettes are bent, features are lit otherwise.
    rng : numpy.random.Generator
        How.

    Returns
    -------
    (n, 4, 64, 64) tensor of float32
        0..255.
    """
    n = len(pictures)
    around = torch.tensor(ground(kind), dtype=torch.float32).view(1, 4, 1, 1)
    apart = pictures.permute(0, 3, 1, 2).float() - around
    scale, turn = 1 + rng.normal(0, 0.03, n), rng.normal(0, 0.025, n)
    moved = rng.normal(0, 0.04, (n, 2))
    cosine, sine = np.cos(turn) / scale, np.sin(turn) / scale
    rows = [np.stack([cosine, -sine, moved[:, 0]], 1), np.stack([sine, cosine, moved[:, 1]], 1)]
    matrix = torch.from_numpy(np.stack(rows, axis=1)).float()
    grid = nnf.affine_grid(matrix, [n, 4, SIZE, SIZE], align_corners=False)
    apart = nnf.grid_sample(apart, grid, align_corners=False)
    if kind not in (*FEATURES, WHOLE):
        return _bent(apart + around, rng)
    contrast = np.exp(rng.normal(0, 0.15, (n, 1, 1, 1)) + rng.normal(0, 0.05, (n, 3, 1, 1)))
    colours = apart[:, :3] * torch.from_numpy(contrast).float()
    soft = torch.from_numpy(rng.random((n, 1, 1, 1)) < 0.5)
    colours = torch.where(soft, nnf.avg_pool2d(colours, 3, stride=1, padding=1), colours)
    noise = torch.from_numpy(rng.normal(0, 4, tuple(colours.shape)).astype(np.float32))
    return torch.cat([colours + noise, apart[:, 3:]], dim=1).add(around).clamp(0, 255)


def _bent(pictures: Any, rng: np.random.Generator) -> Any:
    """Bend the outline of silhouettes a little, as two masks of one head differ."""
    alpha = pictures[:, 3:] / 255
    rough = torch.from_numpy(rng.normal(0, 0.25, (len(alpha), 1, 8, 8)).astype(np.float32))
    noise = nnf.interpolate(rough, size=(SIZE, SIZE), mode="bilinear", align_corners=False)
    soft = nnf.avg_pool2d(alpha, 5, stride=1, padding=2)
    edge = 4 * soft * (1 - soft)
    alpha = (alpha + noise * edge).clamp(0, 1)
    ink, paper = (
        torch.tensor(c, dtype=torch.float32).view(1, 3, 1, 1) for c in (PAINT["hair"], GROUND)
    )
    return torch.cat([paper + (ink - paper) * alpha, 255 * alpha], dim=1)


def _pictures(pictures: U8) -> Any:
    """(n, S, S, 4) uint8 as a tensor of side 64."""
    found = torch.from_numpy(np.ascontiguousarray(pictures))
    if found.shape[1] in (SIZE, 0):
        return found
    smaller = nnf.interpolate(found.permute(0, 3, 1, 2).float(), size=(SIZE, SIZE), mode="area")
    return smaller.round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def _targets(pictures: Any) -> Any:
    """Return what a decoder is to give back: half the side."""
    return half(scaled(pictures))


def _covariance(found: Any) -> Any:
    apart = found - found.mean(dim=0)
    return apart.T @ apart / len(apart)


def _both(photos: Any, parts: Any, style: Any, settings: PartsSettings) -> Any:
    """Return photos, and parts for every third of them, from each style as many."""
    rng = np.random.default_rng(settings.seed)
    chosen = rng.permutation(len(photos))[:_LINEAR]
    return torch.cat([photos[chosen], parts[_one_of_each(style, len(chosen) // 3 + 1, rng)]])


def _one_of_each(style: Any, count: int, rng: np.random.Generator) -> Any:
    """Draw parts, from each style as often: some have hundreds."""
    chosen = rng.choice(np.unique(style), size=count)
    return np.array([rng.choice(np.nonzero(style == one)[0]) for one in chosen])


def _rate(step: int, settings: PartsSettings) -> float:
    """Linear warm-up over a tenth, then a cosine to nothing."""
    share = step / settings.steps
    warm = min(1.0, (share + 1 / settings.steps) / 0.1)
    return float(settings.learning_rate * warm * 0.5 * (1 + np.cos(np.pi * share)))


def _save(path: Path, network: Any, optimiser: Any, settings: PartsSettings, step: int) -> None:
    state = {
        "network": network.state_dict(),
        "optimiser": optimiser.state_dict(),
        "settings": vars(settings),
        "step": step,
    }
    with files.whole(path) as draft:
        torch.save(state, draft)


def _restore(path: Path, network: Any, optimiser: Any, settings: PartsSettings) -> int:
    try:
        saved = torch.load(path, weights_only=True)
        same = all(saved["settings"][name] == vars(settings)[name] for name in _FIXED)
    except Exception as error:
        raise DataError(f"{path} is no checkpoint ({error}): remove it") from error
    if not same:
        raise DataError(f"{path} was trained with {saved['settings']}: give the same settings")
    network.load_state_dict(saved["network"])
    optimiser.load_state_dict(saved["optimiser"])
    return int(saved["step"])
