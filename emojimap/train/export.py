"""Export of trained weights to ONNX, with a numerical check, manifest and hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from emojimap import files
from emojimap.arrays import F32
from emojimap.errors import ModelError
from emojimap.facenet import LABELS
from emojimap.facenet._torch import HALF, FaceNet, has_tone, load_onnx
from emojimap.facenet.weights import MANIFEST, Weights
from emojimap.facenet.weights import load as load_weights
from emojimap.train.card import TONE, card, tone_section
from emojimap.train.network import load, read_checkpoint
from emojimap.train.samples import Sample
from emojimap.train.settings import TrainSettings
from emojimap.train.tone import ToneHead

_TOLERANCE = 2e-3
_LARGEST_BYTES = 16 * 10**6
_HALVED = 256
"""Tensors of more numbers than this are stored in float16."""


def to_onnx(weights: Path, target: Path, *, size: int = 256) -> float:
    """Export weights and check ONNX Runtime's answers against torch's.

    The tensors keep their names and batch normalisation stays a layer of its own (ONNX Runtime
    fuses it when it loads the file), so that torch can read the weights back. Large tensors are
    rounded to float16 and stored so, which halves the file; all arithmetic is float32.

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
        If the difference exceeds 0.002, or the file is larger than 16 MB; nothing is written.
    """
    return write(load(weights).eval(), target, size=size)


def write(network: FaceNet, target: Path, *, size: int = 256) -> float:
    """Export a network and check ONNX Runtime's answers against torch's; see `to_onnx`.

    Parameters
    ----------
    network : FaceNet
        In evaluation mode; its large tensors are rounded to float16.
    target : Path
        ONNX file to write.
    size : int
        Side of the crops, pixels.

    Returns
    -------
    float
        Largest difference of any output.

    Raises
    ------
    ModelError
        As in `to_onnx`.
    """
    for tensor in network.state_dict().values():
        if halved(tensor):
            tensor.copy_(tensor.half().float())
    with files.whole(target) as draft:
        _export(network, draft, size)
        halve(draft)
        worst = max(_difference(network, draft, n, s) for n, s in ((1, size), (2, size + 64)))
        if not worst <= _TOLERANCE:
            raise ModelError(f"ONNX differs from torch by {worst:.2g} (at most {_TOLERANCE})")
        if draft.stat().st_size > _LARGEST_BYTES:
            raise ModelError(f"{draft.stat().st_size / 1e6:.1f} MB: at most 16 MB can ship")
    return worst


def halved(tensor: Any) -> bool:
    """Tell whether `halve` rounds a tensor."""
    return bool(tensor.dtype == torch.float32 and tensor.numel() > _HALVED)


def _export(network: FaceNet, target: Path, size: int) -> None:
    axes = {0: "batch", 2: "height", 3: "width"}
    torch.onnx.export(
        network,
        (torch.zeros(1, 3, size, size),),
        str(target),
        input_names=["photos"],
        output_names=["logits", "points", "spread", "tone"][: 3 if network.s is None else 4],
        dynamic_axes={
            "photos": axes,
            "logits": axes,
            "points": {0: "batch"},
            "spread": {0: "batch"},
            **({} if network.s is None else {"tone": {0: "batch"}}),
        },
        opset_version=17,
        dynamo=False,
        training=torch.onnx.TrainingMode.PRESERVE,
        do_constant_folding=False,
    )


def halve(path: Path) -> None:
    """Store an ONNX file's large tensors in float16, each with a cast that is folded at load.

    Parameters
    ----------
    path : Path
        The file; it is written anew.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(str(path))
    tensors, casts = [], []
    for tensor in model.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.dtype == np.float32 and array.size > _HALVED:
            half = tensor.name + HALF
            tensors.append(numpy_helper.from_array(array.astype(np.float16), half))
            casts.append(helper.make_node("Cast", [half], [tensor.name], to=TensorProto.FLOAT))
        else:
            tensors.append(tensor)
    nodes = [*casts, *model.graph.node]
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(tensors)
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _difference(network: FaceNet, path: Path, batch: int, size: int) -> float:
    import onnxruntime as ort

    noise = np.random.default_rng(0).uniform(-1, 1, (batch, 3, size, size)).astype(np.float32)
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found: list[F32] = session.run(None, {"photos": noise})
    with torch.no_grad():
        wanted = network(torch.from_numpy(noise))
    pairs = zip(found, wanted, strict=True)
    # Not max(): a nan must not get lost.
    return float(np.max([np.abs(one - other.numpy()).max() for one, other in pairs]))


def ship(checkpoint: Path, folder: Path, *, samples: Sequence[Sample]) -> Path:
    """Export a run to a folder that `emojimap` can use: ONNX file, manifest, card.

    Parameters
    ----------
    checkpoint : Path
        ``checkpoint.pt`` of the run; its averaged weights are exported.
    folder : Path
        Where to write; made if missing.
    samples : sequence of Sample
        What it was trained on, for the card.

    Returns
    -------
    Path
        The ONNX file.

    Raises
    ------
    ModelError
        If the checkpoint can't be read, or the exported network differs from the trained one.
    """
    run = read_checkpoint(checkpoint)
    if "settings" not in run:
        raise ModelError(f"{checkpoint} holds weights alone: give the checkpoint.pt of a run")
    settings = TrainSettings.from_dict(run["settings"])
    files.make_folder(folder)
    role = "hair" if settings.role == "hair" else "face"
    path = folder / f"{role}.onnx"
    difference = to_onnx(checkpoint, path, size=settings.size)
    enter(folder, path, role, settings.size, alone=settings.role == "both")
    text = card(samples, settings, difference=difference, step=run["step"], start=run["start"])
    page = path.with_suffix(".md")
    if has_tone(run["ema"]):  # it was kept, and so is what the card says of it
        text += _split(page)[1]
    files.write(page, text)
    return path


def _split(page: Path) -> tuple[str, str]:
    """Return what a card says of the network, and of its tone head, which may be nothing."""
    text = page.read_text("utf-8") if page.is_file() else ""
    first, mark, rest = text.partition(f"\n{TONE}\n")
    return first, mark + rest


def add_tone(folder: Path, head: ToneHead) -> Path:
    """Give the face network of a folder its tone head: file, manifest and card.

    Parameters
    ----------
    folder : Path
        Folder with ``manifest.json`` and ``face.onnx``.
    head : ToneHead
        From `emojimap.train.tone.fit`.

    Returns
    -------
    Path
        The ONNX file.

    Raises
    ------
    ModelError
        If the folder holds no face network, or the new file differs from torch.
    """
    network, weights = with_tone(folder)
    assert network.s is not None
    with torch.no_grad():
        network.s.weight.copy_(torch.from_numpy(head.weight[None]).float())
        network.s.bias.fill_(head.bias)
    path = folder / "face.onnx"
    write(network, path, size=weights.size)
    enter(folder, path, "face", weights.size)
    page = path.with_suffix(".md")
    kept, _ = _split(page)
    files.write(page, f"{kept.rstrip()}\n\n{TONE}\n{tone_section(head)}")
    return path


def with_tone(folder: Path) -> tuple[FaceNet, Weights]:
    """Load the face network of a folder with room for a tone head.

    Parameters
    ----------
    folder : Path
        Folder with ``manifest.json``.

    Returns
    -------
    FaceNet
        In evaluation mode; its tone head says nothing yet.
    Weights
        What it was loaded from.

    Raises
    ------
    ModelError
        If the folder holds no face network.
    """
    weights = load_weights("face", folder)
    plain, network = FaceNet(), FaceNet(tone=True)
    load_onnx(plain, weights.content, weights.name)
    network.load_state_dict(plain.state_dict(), strict=False)
    return network.eval(), weights


def enter(
    folder: Path,
    file: Path,
    name: str,
    size: int,
    *,
    labels: Sequence[str] = LABELS,
    card: str | None = None,
    alone: bool = False,
) -> None:
    """Enter a network into a folder's manifest.

    Parameters
    ----------
    folder : Path
        Of ``manifest.json``, which is made if it is missing.
    file : Path
        The network, in that folder.
    name : str
        What it is loaded by.
    size : int
        Side of its pictures, pixels.
    labels : sequence of str
        What its channels, or its pictures, show.
    card : str, optional
        Its card; by default a file of its own name.
    alone : bool
        Take out a network for hair: this one reads it as well.

    Raises
    ------
    ModelError
        If the manifest can't be read.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text("utf-8")) if path.exists() else {"networks": {}}
        networks = manifest["networks"]
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} lists no networks: remove it, or export elsewhere") from error
    content = file.read_bytes()
    if alone:
        # One network for both jobs: another run's hair network must not stand beside it.
        networks.pop("hair", None)
    networks[name] = {
        "file": file.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "labels": list(labels),
        "size": size,
        "card": card or file.with_suffix(".md").name,
    }
    files.write(path, json.dumps(manifest, indent=2) + "\n")
