"""A quick look at photos kept aside while training goes on; `emojimap evaluate` is the real one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from emojimap.arrays import F32, U8, Bool
from emojimap.facenet import LABELS
from emojimap.facenet._torch import FaceNet, has_tone
from emojimap.facenet.crops import apply, around, square, warp
from emojimap.facenet.landmarks import eye_distance, face_size
from emojimap.metrics import iou
from emojimap.train.batches import load
from emojimap.train.labels import ANY, BIT
from emojimap.train.samples import Sample

_FACES = 3.3
"""Side of the crop, face sizes: hair wants a wide one."""
_AT_MOST = 96
_HAIRY = BIT["hair"] | BIT["facial_hair"]
_CHANNELS = [LABELS.index("hair"), LABELS.index("facial_hair")]


class Validation:
    """Fixed crops of photos kept aside.

    Parameters
    ----------
    samples : sequence of Sample
        Of the validation split; those with hand-made hair are used, at most 96, evenly chosen.
    size : int
        Side of the crops, pixels.
    """

    def __init__(self, samples: Sequence[Sample], size: int) -> None:
        usable = [sample for sample in samples if sample.hand_made]
        self._chosen = usable[:: max(1, -(-len(usable) // _AT_MOST))]
        self._size = size
        self._crops: list[tuple[U8, Bool, Bool, F32 | None]] = []

    def __len__(self) -> int:
        return len(self._chosen)

    def measure(self, state: Mapping[str, Tensor], device: str) -> dict[str, float]:
        """Measure weights.

        Parameters
        ----------
        state : mapping of str to tensor
            State dict of `FaceNet`.
        device : {"cpu", "cuda"}
            Where to run it.

        Returns
        -------
        dict of str to float
            ``val_hair_iou``, ``val_hair_iou_pooled`` and, where there are meshes,
            ``val_landmark_error``. Facial hair counts as hair here.
        """
        if not self._crops:
            self._crops = [self._crop(sample) for sample in self._chosen]
        network = FaceNet(tone=has_tone(state))
        network.load_state_dict(dict(state))
        network.to(device).eval()
        found, errors = [], []
        for photo, hair, decided, points in self._crops:
            mask, there = self._predict(network, photo, device)
            found.append((mask & decided, hair & decided))
            if points is not None:
                errors.append(float(np.hypot(*(there - points).T).mean()) / eye_distance(points))
        both = sum(int((a & b).sum()) for a, b in found)
        either = sum(int((a | b).sum()) for a, b in found)
        values = {
            "val_hair_iou": float(np.mean([iou(a, b) for a, b in found])),
            "val_hair_iou_pooled": both / max(1, either),
        }
        if errors:
            values["val_landmark_error"] = float(np.mean(errors))
        return values

    def _predict(self, network: FaceNet, photo: U8, device: str) -> tuple[Bool, F32]:
        batch = torch.from_numpy(photo).to(device).permute(2, 0, 1)[None].float() / 127.5 - 1
        with torch.no_grad():
            logits, points, *_ = network(batch)
        hairy = logits.float().softmax(1)[0, _CHANNELS].sum(0) > 0.5
        side = np.float32(self._size)
        return hairy.cpu().numpy(), points[0].float().cpu().numpy() * side - np.float32(0.5)

    def _crop(self, sample: Sample) -> tuple[U8, Bool, Bool, F32 | None]:
        photo, allowed = load(sample)
        points = sample.points
        if points is None:
            height, width = photo.shape[:2]
            middle = np.array([width - 1, height - 1]) / 2
            matrix = square(middle, float(max(height, width)), 0.0, self._size)
        else:
            matrix = around(points, _FACES * face_size(points), self._size)
        labels = cv2.warpAffine(
            allowed,
            matrix,
            (self._size, self._size),
            flags=cv2.INTER_NEAREST,
            borderValue=int(ANY),
        )
        hair = (labels & (ANY & ~_HAIRY)) == 0
        decided = hair | ((labels & _HAIRY) == 0)
        there = None if points is None else apply(matrix, points)
        return warp(photo, matrix, self._size), hair, decided, there
