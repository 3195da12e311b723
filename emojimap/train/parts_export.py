"""Export of trained part embedders: ONNX files, manifest and card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from emojimap import files
from emojimap.arrays import F32, U8
from emojimap.embed.autoencoder import PREFIX, sized
from emojimap.errors import ModelError
from emojimap.segments import SIZE
from emojimap.train.autoencoder import Autoencoder, Encoder
from emojimap.train.export import enter, halve, halved
from emojimap.train.parts import PartsSettings, codes, telling
from emojimap.train.pieces import Pieces

CARD = "parts.md"
LARGEST_BYTES = 6 * 10**6
"""All part embedders together."""

_TOLERANCE = 5e-3  # of the codes' spread


@dataclass(frozen=True)
class Shipped:
    """One embedder that was written.

    Parameters
    ----------
    photos, people, parts : int
        What it was trained on.
    kept : int
        Width of its codes.
    size : int
        Bytes of its file.
    difference : float
        Largest difference between ONNX Runtime and torch, in standard deviations of the codes.
    """

    photos: int
    people: int
    parts: int
    kept: int
    size: int
    difference: float


def ship(
    kind: str, network: Autoencoder, pieces: Pieces, folder: Path, settings: PartsSettings
) -> Shipped:
    """Write one embedder and enter it into the manifest.

    Parameters
    ----------
    kind : str
        What its pictures show.
    network : Autoencoder
        Trained.
    pieces : Pieces
        What it was trained on.
    folder : Path
        Where to write; made if missing.
    settings : PartsSettings
        Of the training.

    Returns
    -------
    Shipped
        For the card.

    Raises
    ------
    ModelError
        If ONNX Runtime's codes differ from torch's; nothing is written then.
    DataError
        If nobody is on two photos.
    """
    matrix, middle = telling(codes(network, pieces.photos), pieces.people, settings)
    encoder: Any = Encoder(
        network, torch.from_numpy(matrix).float(), torch.from_numpy(middle).float()
    )
    encoder.eval()
    for tensor in encoder.state_dict().values():
        if halved(tensor):
            tensor.copy_(tensor.half().float())
    files.make_folder(folder)
    path = folder / f"{PREFIX}{kind}.onnx"
    with files.whole(path) as draft:
        torch.onnx.export(
            encoder,
            (torch.zeros(2, SIZE, SIZE, 4, dtype=torch.uint8),),
            str(draft),
            input_names=["pictures"],
            output_names=["codes"],
            dynamic_axes={"pictures": {0: "batch"}, "codes": {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )
        halve(draft)
        difference = _difference(encoder, draft, _sample(pieces))
        if not difference <= _TOLERANCE:
            raise ModelError(
                f"{kind}: ONNX differs from torch by {difference:.2g} (at most {_TOLERANCE})"
            )
    enter(folder, path, PREFIX + kind, SIZE, labels=[kind], card=CARD)
    return Shipped(
        len(pieces.photos),
        len(set(pieces.people)),
        len(pieces.parts),
        len(matrix),
        path.stat().st_size,
        difference,
    )


def card(shipped: Mapping[str, Shipped], names: list[str], settings: PartsSettings) -> str:
    """Write the card of the part embedders.

    Parameters
    ----------
    shipped : mapping of str to Shipped
        By kind.
    names : list of str
        Styles whose parts they were trained on.
    settings : PartsSettings
        Of the training.

    Returns
    -------
    str
        Markdown.
    """
    rows = [
        f"| {kind} | {one.photos} | {one.people} | {one.parts} | {one.kept} "
        f"| {one.size / 1e3:.0f} kB | {one.difference:.1g} |"
        for kind, one in shipped.items()
    ]
    first = next(iter(shipped.values()))
    return f"""# Part embedders

Encoders of convolutional autoencoders with a linear bottleneck, one for each kind of segment of a
face (`emojimap.segments`) and one for the whole aligned face. Written by `emojimap train parts`.

* Input `pictures`: (N, {SIZE}, {SIZE}, 4) uint8, RGBA as `emojimap.segments.cut` gives them.
* Output `codes`: (N, d) float32, centred on the mean of photos.
* Large tensors are stored in float16; arithmetic is float32.

## Training

Segments of {first.photos} photos of {first.people} people (LFW Part Labels, LFW deep-funneled;
research use; cut by the face and hair networks that ship, see their cards), and the parts of the
styles {", ".join(names)}, drawn alone. {settings.steps} steps of {settings.photos} segments
and {settings.parts} parts, each seen in two views; AdamW, seed {settings.seed}. Terms: the picture
given back; two views alike ({settings.alike:g}); mean and covariance of both domains alike
({settings.aligned:g}). Then linear discriminant analysis of the {settings.codes} bottleneck values
on several photos of the same people, ridge {settings.ridge:g}.

| kind | photos | people | parts of avatars | codes | file | ONNX against torch, sd |
|---|---|---|---|---|---|---|
{chr(10).join(rows)}

No photo of the validation split was used. What they are worth: `emojimap evaluate roads`
(docs/roads.md).

## Limits

* They compare looks of parts, as drawn; light and colours are taken out before (but for `whole`).
* **Not for telling who somebody is**: what tells people apart in a cartoon is far too little for
  that. As the photos were cut by networks trained on CelebAMask-HQ's maps, these weights inherit
  their non-commercial research terms.
"""


def _sample(pieces: Pieces) -> U8:
    return sized(pieces.photos[:64])


def _difference(encoder: Any, path: Path, pictures: U8) -> float:
    import onnxruntime as ort

    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found: F32 = session.run(None, {"pictures": pictures})[0]
    with torch.inference_mode():
        wanted = encoder(torch.from_numpy(pictures)).numpy()
    return float(np.abs(found - wanted).max() / max(float(wanted.std()), 1e-6))
