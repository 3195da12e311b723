"""Losses of the face network."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from emojimap.train.labels import ANY, BIT

_DICE_WEIGHTS = {
    BIT["hair"] | BIT["facial_hair"]: 0.5,
    BIT["hair"]: 0.2,
    BIT["facial_hair"]: 0.1,
    BIT["glasses"]: 0.1,
    BIT["headwear"]: 0.1,
}
"""Weight of the Dice loss of each group of labels, against 1 for the cross-entropy."""
_SMALLEST_EYE_DISTANCE = 0.08
"""Fraction of the crop: in wide crops the landmarks count by pixels, not by face size."""


def label_loss(logits: Tensor, allowed: Tensor) -> Tensor:
    """Cross-entropy against sets of admissible labels, plus Dice on the small classes.

    The cross-entropy of a pixel is -log of the probability that falls into its set (Cour, Sapp,
    Taskar, "Learning from partial labels", JMLR 12, 2011). The Dice term (Milletari, Navab,
    Ahmadi, "V-Net", 3DV 2016) counts the pixels whose membership in the group is decided, crop by
    crop, so that little hair counts as much as a lot.

    Parameters
    ----------
    logits : (N, 7, H, W) tensor of float
        Network output.
    allowed : (N, H, W) tensor of uint8
        Bits of `emojimap.train.labels.BIT`.

    Returns
    -------
    () tensor of float32
        The mean over decided pixels plus the weighted Dice losses.
    """
    bits = 2 ** torch.arange(logits.shape[1], device=logits.device, dtype=torch.uint8)
    inside = (allowed[:, None] & bits[None, :, None, None]) > 0
    log_p = logits.float().log_softmax(1)
    mass = log_p.masked_fill(~inside, -30.0).logsumexp(1).clamp(max=0.0)
    known = allowed != ANY
    entropy = -(mass * known).sum() / known.sum().clamp(min=1)
    probability = log_p.exp()
    dice = [weight * _dice(probability, allowed, g) for g, weight in _DICE_WEIGHTS.items()]
    return entropy + torch.stack(dice).sum()


def imitation_loss(logits: Tensor, wanted: Tensor) -> Tensor:
    """Cross-entropy against the label probabilities of another network.

    They tell more than hard labels do: how sure it is, and of what else it thought (Hinton,
    Vinyals, Dean, "Distilling the knowledge in a neural network", arXiv:1503.02531, 2015).

    Parameters
    ----------
    logits : (N, 7, H, W) tensor of float
        Network output.
    wanted : (N, 7, H, W) tensor of float32
        Probabilities.

    Returns
    -------
    () tensor of float32
        Mean over pixels.
    """
    return -(wanted * logits.float().log_softmax(1)).sum(1).mean()


def _dice(probability: Tensor, allowed: Tensor, group: int) -> Tensor:
    members = [i for i in range(probability.shape[1]) if group >> i & 1]
    p = probability[:, members].sum(1)
    positive = (allowed & ~torch.tensor(group, dtype=torch.uint8, device=allowed.device)) == 0
    decided = positive | ((allowed & group) == 0)
    overlap = (p * positive).sum((1, 2))
    total = (p * decided).sum((1, 2)) + positive.sum((1, 2))
    loss = 1 - (2 * overlap + 1) / (total + 1)
    shown = positive.flatten(1).any(1)
    return (loss * shown).sum() / shown.sum().clamp(min=1)


def lovasz_loss(logits: Tensor, allowed: Tensor, stride: int = 2) -> Tensor:
    """Lovasz extension of the Jaccard loss on hair and facial hair together, crop by crop.

    Its minimum is the largest IoU itself, where cross-entropy asks for good odds at every pixel
    (Berman, Triki, Blaschko, "The Lovasz-softmax loss", CVPR 2018).

    Parameters
    ----------
    logits : (N, 7, H, W) tensor of float
        Network output.
    allowed : (N, H, W) tensor of uint8
        Bits of `emojimap.train.labels.BIT`; open pixels are left out.
    stride : int
        Every so many rows and columns are looked at.

    Returns
    -------
    () tensor of float32
        Mean over the crops that show decided hair.
    """
    group = BIT["hair"] | BIT["facial_hair"]
    sets = allowed[:, ::stride, ::stride].flatten(1)
    members = [i for i in range(logits.shape[1]) if group >> i & 1]
    p = logits[:, :, ::stride, ::stride].float().softmax(1)[:, members].sum(1).flatten(1)
    positive = ((sets & (ANY & ~group)) == 0).float()
    decided = (positive > 0) | ((sets & group) == 0)
    error, order = torch.where(decided, (positive - p).abs(), 0.0).sort(dim=1, descending=True)
    truth = positive.gather(1, order)
    counted = decided.float().gather(1, order)
    total = truth.sum(1, keepdim=True)
    both = total - truth.cumsum(1)
    either = total + (counted - truth).cumsum(1)
    jaccard = 1 - both / either.clamp(min=1.0)
    gradient = torch.cat([jaccard[:, :1], jaccard[:, 1:] - jaccard[:, :-1]], 1)
    shown = total[:, 0] > 0
    return ((error * gradient).sum(1) * shown).sum() / shown.sum().clamp(min=1)


def landmark_loss(points: Tensor, target: Tensor, seen: Tensor) -> Tensor:
    """Smooth L1 of the landmarks in units of the eye distance.

    Parameters
    ----------
    points, target : (N, 70, 2) tensor of float32
        Fractions of the crop.
    seen : (N, 70) tensor of bool
        Points that lie within the crop and are known.

    Returns
    -------
    () tensor of float32
        Mean over the seen points.
    """
    eyes = target[:, 36:42].mean(1) - target[:, 42:48].mean(1)
    unit = eyes.norm(dim=-1).clamp(min=_SMALLEST_EYE_DISTANCE)[:, None, None]
    error = functional.smooth_l1_loss(points / unit, target / unit, beta=0.03, reduction="none")
    return (error.sum(-1) * seen).sum() / seen.sum().clamp(min=1)
