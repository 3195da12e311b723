"""Export of trained weights to ONNX, with a numerical check, manifest and hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from emojimap import files
from emojimap.arrays import F32
from emojimap.errors import ModelError
from emojimap.facenet import LABELS
from emojimap.facenet.weights import MANIFEST
from emojimap.train.card import card
from emojimap.train.network import FaceNet, load_state, read_checkpoint
from emojimap.train.samples import Sample
from emojimap.train.settings import TrainSettings

FILE, CARD = "face.onnx", "face.md"
_TOLERANCE = 2e-3
_LARGEST_BYTES = 20 * 2**20


def to_onnx(weights: Path, target: Path, *, size: int = 256) -> float:
    """Export weights and check ONNX Runtime's answers against torch's.

    Parameters
    ----------
    weights : Path
        State dict or checkpoint of `FaceNet`.
    target : Path
        ONNX file to write.
    size : int
        Side of the crops, pixels; other multiples of 32 work as well.

    Returns
    -------
    float
        Largest difference of any output, at this size and at another one.

    Raises
    ------
    ModelError
        If the difference exceeds 0.002, or the file is larger than 20 MB; nothing is written.
    """
    network = FaceNet()
    load_state(network, weights)
    network.eval()
    with files.whole(target) as draft:
        _export(network, draft, size)
        worst = max(_difference(network, draft, n, s) for n, s in ((1, size), (2, size + 64)))
        if worst > _TOLERANCE:
            raise ModelError(f"ONNX differs from torch by {worst:.2g} (at most {_TOLERANCE})")
        if draft.stat().st_size > _LARGEST_BYTES:
            raise ModelError(f"{draft.stat().st_size / 2**20:.1f} MB: at most 20 MB can ship")
    return worst


def _export(network: FaceNet, target: Path, size: int) -> None:
    axes = {0: "batch", 2: "height", 3: "width"}
    torch.onnx.export(
        network,
        (torch.zeros(1, 3, size, size),),
        str(target),
        input_names=["photos"],
        output_names=["logits", "points", "spread"],
        dynamic_axes={
            "photos": axes,
            "logits": axes,
            "points": {0: "batch"},
            "spread": {0: "batch"},
        },
        opset_version=17,
        dynamo=False,
    )


def _difference(network: FaceNet, path: Path, batch: int, size: int) -> float:
    import onnxruntime as ort

    noise = np.random.default_rng(0).uniform(-1, 1, (batch, 3, size, size)).astype(np.float32)
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found: list[F32] = session.run(None, {"photos": noise})
    with torch.no_grad():
        wanted = network(torch.from_numpy(noise))
    return max(float(np.abs(a - b.numpy()).max()) for a, b in zip(found, wanted, strict=True))


def ship(checkpoint: Path, folder: Path, *, samples: Sequence[Sample]) -> None:
    """Export a run to a folder that `emojimap` can use: ONNX file, manifest, card.

    Parameters
    ----------
    checkpoint : Path
        ``checkpoint.pt`` of the run; its averaged weights are exported.
    folder : Path
        Where to write; made if missing.
    samples : sequence of Sample
        What it was trained on, for the card.

    Raises
    ------
    ModelError
        If the checkpoint can't be read, or the exported network differs from the trained one.
    """
    run = read_checkpoint(checkpoint)
    settings = TrainSettings(**run["settings"])
    files.make_folder(folder)
    difference = to_onnx(checkpoint, folder / FILE, size=settings.size)
    _enter(folder, settings.size)
    text = card(samples, settings, difference=difference, step=run["step"], start=run["start"])
    files.write(folder / CARD, text)


def _enter(folder: Path, size: int) -> None:
    path = folder / MANIFEST
    manifest = json.loads(path.read_text("utf-8")) if path.exists() else {"networks": {}}
    content = (folder / FILE).read_bytes()
    manifest["networks"]["face"] = {
        "file": FILE,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "labels": list(LABELS),
        "size": size,
        "card": CARD,
    }
    files.write(path, json.dumps(manifest, indent=2) + "\n")
