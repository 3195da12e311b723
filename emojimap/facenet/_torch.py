"""The face network in torch: one U-Net, a label map from its end, landmarks from its middle.

Training builds on it, and `--device cuda` runs it on a GPU with the very weights that ship: the
ONNX files keep the names of the tensors.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from emojimap.arrays import U8
from emojimap.errors import ModelError
from emojimap.facenet import LABELS, POINTS
from emojimap.facenet._torchvision_cure import import_smp
from emojimap.facenet.network import Landmarks, Prediction
from emojimap.facenet.weights import Weights

ENCODER = "tu-efficientnet_lite0"
DECODER_CHANNELS = (96, 64, 48, 32)
HALF = ".half"
"""End of the name of a tensor that is stored in float16."""
_BATCH = 64
_LANDMARK_BLOCK = 2
"""Decoder block whose output feeds the landmarks: a quarter of the input's side."""
LABEL_HEAD = "labels."
"""Start of the names of the label head's tensors."""
_TONE_STAGES = {3: 40, 4: 112, 5: 320}
"""Stages of the encoder that tell the tone of the skin, and their channels."""
TONE_FEATURES = 2 * sum(_TONE_STAGES.values())


class FaceNet(nn.Module):
    """U-Net with a label head and a landmark head.

    The decoder ends at half the input's side. The label head gives four numbers per label there,
    which are the 2x2 pixels of the full label map (Shi et al., "Real-time single image and video
    super-resolution using an efficient sub-pixel convolutional neural network", CVPR 2016): a
    decoder block at the full side would take as long as all others together.

    The landmark head turns features at a quarter of the input's side into one heat map per point;
    a softmax with a learnt temperature and the expected position give sub-pixel coordinates
    (integral regression: Sun et al., "Integral Human Pose Regression", ECCV 2018).

    The tone head is a linear map of the encoder's pooled features, fitted after everything else
    (`emojimap.train.tone`); a network without it gives no tone.

    Parameters
    ----------
    tone : bool
        Whether there is a tone head.
    """

    def __init__(self, *, tone: bool = False) -> None:
        super().__init__()
        smp = import_smp()
        self.u = smp.Unet(
            ENCODER,
            encoder_weights=None,
            decoder_channels=(*DECODER_CHANNELS, 1),  # it wants one for each stage
        )
        del self.u.decoder.blocks[-1]
        self.u.segmentation_head = nn.Identity()
        half = DECODER_CHANNELS[-1]
        self.labels = nn.Sequential(
            nn.Conv2d(half, half, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(half, 4 * len(LABELS), 1),
            nn.PixelShuffle(2),
        )
        channels = DECODER_CHANNELS[_LANDMARK_BLOCK]
        self.h = nn.Sequential(
            nn.Conv2d(channels, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, POINTS, 1)
        )
        self.t = nn.Parameter(torch.zeros(()))
        self.s = nn.Linear(TONE_FEATURES, 1) if tone else None

    def forward(self, photos: Tensor) -> tuple[Tensor, ...]:
        """Label logits, landmarks and their spread, tone.

        Parameters
        ----------
        photos : (N, 3, H, W) tensor of float
            RGB scaled to -1..1; H and W multiples of 32.

        Returns
        -------
        logits : (N, 7, H, W) tensor
            One channel per label.
        points : (N, 70, 2) tensor of float32
            (x, y) as fractions of width and height.
        spread : (N, 70) tensor of float32
            Standard deviation of each heat map, fraction of the side: large where unsure.
        tone : (N,) tensor of float32
            L* of the skin in neutral light; absent without a tone head.
        """
        features = self.u.encoder(photos)
        deep, *skips = features[1:][::-1]
        decoder = self.u.decoder
        x = decoder.center(deep)
        quarter = x
        for i, (block, skip) in enumerate(zip(decoder.blocks, skips, strict=True)):
            x = block(x, *skip.shape[2:], skip_connection=skip)
            if i == _LANDMARK_BLOCK:
                quarter = x
        points, spread = self._expectation(self.h(quarter))
        found = self.labels(x), points, spread
        return found if self.s is None else (*found, self.s(_pooled(features))[:, 0])

    def pooled(self, photos: Tensor) -> Tensor:
        """Features of the tone head.

        Parameters
        ----------
        photos : (N, 3, H, W) tensor of float
            As in `forward`.

        Returns
        -------
        (N, TONE_FEATURES) tensor of float
            Means over the whole crop and over its middle.
        """
        return _pooled(self.u.encoder(photos))

    def _expectation(self, heat: Tensor) -> tuple[Tensor, Tensor]:
        height, width = heat.shape[2:]
        weight = (heat.float().flatten(2) * self.t.float().exp()).softmax(-1)
        weight = weight.view(heat.shape[0], POINTS, height, width)
        x = (torch.arange(width, device=heat.device) + 0.5) / width
        y = (torch.arange(height, device=heat.device) + 0.5) / height
        columns, rows = weight.sum(2), weight.sum(3)
        mean_x, mean_y = (columns * x).sum(-1), (rows * y).sum(-1)
        variance = (columns * x**2).sum(-1) - mean_x**2 + (rows * y**2).sum(-1) - mean_y**2
        return torch.stack([mean_x, mean_y], -1), variance.clamp(min=1e-12).sqrt()


def _pooled(features: list[Tensor]) -> Tensor:
    means = []
    for stage in _TONE_STAGES:
        every = features[stage]
        rows, columns = every.shape[2] // 4, every.shape[3] // 4
        middle = every[:, :, rows : every.shape[2] - rows, columns : every.shape[3] - columns]
        means += [every.mean((2, 3)), middle.mean((2, 3))]
    return torch.cat(means, 1)


def has_tone(state: Mapping[str, Tensor]) -> bool:
    """Tell whether weights hold a tone head."""
    return "s.weight" in state


def read_onnx(content: bytes, name: str) -> dict[str, Tensor]:
    """State dict of a network that was exported by `emojimap train`.

    Parameters
    ----------
    content : bytes
        ONNX file.
    name : str
        What to call it in an error.

    Returns
    -------
    dict of str to tensor
        float32, for `FaceNet.load_state_dict(..., strict=False)`: counters of batches are absent.

    Raises
    ------
    ModelError
        If it is no ONNX file, or its tensors are not those of `FaceNet`.
    """
    import onnx
    from google.protobuf.message import DecodeError
    from onnx import numpy_helper

    try:
        graph = onnx.load_model_from_string(content).graph
    except DecodeError as error:
        raise ModelError(f"{name} can't be read as an ONNX file: give one that ships") from error
    state = {}
    for tensor in graph.initializer:
        array = np.array(numpy_helper.to_array(tensor), np.float32)
        state[tensor.name.removesuffix(HALF)] = torch.from_numpy(array)
    return state


def load_onnx(network: FaceNet, content: bytes, name: str) -> None:
    """Load the weights of an ONNX file.

    Parameters
    ----------
    network : FaceNet
        Changed in place.
    content, name
        As in `read_onnx`.

    Raises
    ------
    ModelError
        If the file holds another network.
    """
    load_tensors(network, read_onnx(content, name), name)


def load_tensors(
    network: FaceNet, state: Mapping[str, Tensor], name: str, *, new: str | None = None
) -> None:
    """Load weights by their names; others are left out.

    Parameters
    ----------
    network : FaceNet
        Changed in place.
    state : mapping of str to tensor
        Floats.
    name : str
        What to call it in an error.
    new : str, optional
        Tensors whose names start so are left as they are.

    Raises
    ------
    ModelError
        If a tensor is missing, or has another shape.
    """
    wanted = {key for key in network.state_dict() if not key.endswith("num_batches_tracked")}
    if new is not None:
        wanted = {key for key in wanted if not key.startswith(new)}
    if missing := sorted(wanted - set(state)):
        raise ModelError(f"{name} lacks the tensor {missing[0]}: export it with emojimap train")
    try:
        network.load_state_dict({key: state[key] for key in wanted}, strict=False)
    except RuntimeError as error:
        first = str(error).splitlines()[-1].strip()
        raise ModelError(f"{name} holds another network: {first}") from error


class TorchNetwork:
    """A face network in torch, on a GPU.

    Parameters
    ----------
    weights : Weights
        The checked file.
    device : str
        Of torch.

    Raises
    ------
    ModelError
        If torch sees no such device, or the file holds another network.
    """

    def __init__(self, weights: Weights, device: str = "cuda") -> None:
        if device.startswith("cuda") and not torch.cuda.is_available():
            raise ModelError(f"device {device}: torch sees no CUDA device; use --device cpu")
        if weights.labels != LABELS:
            raise ModelError(f"{weights.name} has labels {weights.labels}, not {LABELS}: reinstall")
        network = FaceNet(tone=has_tone(read_onnx(weights.content, weights.name)))
        load_onnx(network, weights.content, weights.name)
        self._network = network.to(device, memory_format=torch.channels_last).eval()
        self._device = device
        self.size = weights.size

    def __call__(self, crops: U8) -> Prediction:
        """Run the network; see `emojimap.facenet.network.Network`."""
        parts = [self._run(crops[i : i + _BATCH]) for i in range(0, len(crops), _BATCH)]
        return Prediction(
            np.concatenate([part.probabilities for part in parts]),
            np.concatenate([part.points for part in parts]),
            np.concatenate([part.spread for part in parts]),
            np.concatenate([part.tone for part in parts]),
        )

    def landmarks(self, crops: U8) -> Landmarks:
        """Run the network, and leave its labels out; see `emojimap.facenet.network.Network`."""
        found = self(crops)
        return Landmarks(found.points, found.spread, found.tone)

    def _run(self, crops: U8) -> Prediction:
        batch = torch.from_numpy(np.ascontiguousarray(crops)).to(self._device)
        # TF32 would move a label here and there; the network is small enough without it.
        with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            photos = batch.permute(0, 3, 1, 2).float() / 127.5 - 1
            logits, points, spread, *tone = self._network(
                photos.contiguous(memory_format=torch.channels_last)
            )
            probabilities = logits.float().softmax(1)
        side = np.float32(crops.shape[1])
        return Prediction(
            np.ascontiguousarray(probabilities.cpu().numpy()),
            points.cpu().numpy() * side - np.float32(0.5),
            spread.cpu().numpy(),
            tone[0].cpu().numpy() if tone else np.full(len(crops), np.nan, np.float32),
        )
