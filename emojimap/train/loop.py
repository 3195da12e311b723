"""The training loop: resumable, seeded, on CPU or CUDA, ended by steps or by time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import Progress

from emojimap import files
from emojimap.errors import ArgumentError, DataError, EmojimapError
from emojimap.facenet._torch import FaceNet, has_tone
from emojimap.facenet.backends import DEVICES
from emojimap.facenet.network import Network
from emojimap.train.batches import Batch, Drawer, fingerprint
from emojimap.train.curves import Log, draw
from emojimap.train.interrupt import Interrupt
from emojimap.train.losses import imitation_loss, label_loss, landmark_loss, lovasz_loss
from emojimap.train.network import load, load_imagenet, read_checkpoint
from emojimap.train.samples import Sample, of_split
from emojimap.train.settings import TrainSettings
from emojimap.train.validate import Validation

CHECKPOINT = "checkpoint.pt"
_SAVE_EVERY_S = 60.0
_LOG_EVERY = 20


def settings_of(out: Path) -> TrainSettings:
    """Read the settings of a run.

    Parameters
    ----------
    out : Path
        Its folder.

    Returns
    -------
    TrainSettings
        As the checkpoint holds them.

    Raises
    ------
    DataError
        If there is no checkpoint, or it holds weights alone.
    """
    path = out / CHECKPOINT
    if not path.exists():
        raise DataError(f"{path} does not exist: start without --resume")
    saved = read_checkpoint(path)
    if "settings" not in saved:
        raise DataError(f"{path} holds weights alone: start anew with --init")
    return TrainSettings.from_dict(saved["settings"])


class Trainer:
    """One training run in one folder.

    Parameters
    ----------
    samples : sequence of Sample
        Of any split; only the training split is used.
    out : Path
        Folder for ``checkpoint.pt``, ``log.csv``, ``curves.png``.
    settings : TrainSettings
        Of a run that is resumed: see `settings_of`.
    device : {"cpu", "cuda"}
        Where to train.
    initial : Path, optional
        Weights to start from instead of ImageNet's.
    teacher : Network, optional
        Whose labels are learnt instead of those of the samples.
    resume : bool
        Go on from ``checkpoint.pt``.

    Raises
    ------
    DataError
        If the folder already holds a run that is not resumed, or none that could be.
    ArgumentError
        If the device is not there.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        out: Path,
        settings: TrainSettings,
        *,
        device: str = "cpu",
        initial: Path | None = None,
        teacher: Network | None = None,
        resume: bool = False,
    ) -> None:
        if device not in DEVICES:
            raise ArgumentError(f"device {device!r}: use {' or '.join(DEVICES)}")
        if device == "cuda" and not torch.cuda.is_available():
            raise ArgumentError("--device cuda: torch sees no CUDA device; use --device cpu")
        labels_only = settings.part == "labels"
        if labels_only and initial is None and not resume:
            raise ArgumentError("part labels: give the network that it is for as --init")
        if settings.imitate != (teacher is not None):
            words = "a teacher: give its folder" if settings.imitate else "no teacher: leave it out"
            raise ArgumentError(f"--teacher: this run has {words}")
        self.out, self.device, self._teacher = out, device, teacher
        self.checkpoint = out / CHECKPOINT
        if self.checkpoint.exists() and not resume:
            raise DataError(f"{self.checkpoint} exists: add --resume or choose another folder")
        if resume and not self.checkpoint.exists():
            raise DataError(f"{self.checkpoint} does not exist: start without --resume")
        saved = read_checkpoint(self.checkpoint) if resume else {}
        self.settings = settings
        torch.manual_seed(settings.seed)
        self.drawer = Drawer(of_split(samples, "train"), settings)
        self.data = fingerprint(self.drawer.samples)
        if saved and saved.get("data", self.data) != self.data:
            raise DataError(
                f"{self.checkpoint} was trained on other samples or guesses: give the same --data "
                "and --guesses, or start anew with --init"
            )
        files.make_folder(out)
        self.validation = Validation(of_split(samples, "val"), settings.size)
        if initial is not None and not resume:
            # Features that are trained on would leave a tone head behind.
            self.network = load(initial, tone=labels_only, new_labels=labels_only)
        else:
            self.network = FaceNet(tone=has_tone(saved.get("network", {})))
            if not resume:
                load_imagenet(self.network.u.encoder)
        if labels_only:
            self.network.requires_grad_(False)
            self.network.labels.requires_grad_(True)
        self.network.to(device, memory_format=torch.channels_last)
        self.average = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        self.optimiser = torch.optim.AdamW(
            [one for one in self.network.parameters() if one.requires_grad],
            lr=0.0,
            weight_decay=settings.weight_decay,
        )
        self.step, self.spent_s = 0, 0.0
        self.start = initial.name if initial else "ImageNet weights of EfficientNet-lite0"
        self.log = Log(out / "log.csv")
        if saved:
            self._restore(saved)
        self.log.cut(self.step)

    def run(self, console: Console | None = None) -> Path:
        """Train to the end and save the averaged weights.

        Parameters
        ----------
        console : rich.console.Console, optional
            Where the progress bar is drawn.

        Returns
        -------
        Path
            ``weights.pt``: state dict of the averaged network, float32.

        Raises
        ------
        EmojimapError
            If the run was interrupted; the checkpoint holds the last whole step.
        """
        # What isn't trained must not change by its batch normalisation either.
        self.network.train(self.settings.part == "all")
        start, begin = self.spent_s, time.monotonic()
        saved = begin
        with Progress(console=console or Console(stderr=True)) as bar, Interrupt() as interrupt:
            task = bar.add_task("training", total=1.0)
            last = self.settings.steps if self.progress < 1.0 else self.step
            for batch in self.drawer.stream(self.step, last):
                self.log.add(self._update(batch))
                self.step += 1
                self.spent_s = start + time.monotonic() - begin
                bar.update(task, completed=self.progress, description=f"step {self.step}")
                self._look()
                if time.monotonic() - saved > _SAVE_EVERY_S:
                    self._save()
                    saved = time.monotonic()
                if self.progress >= 1.0 or interrupt.seen:
                    break
        if self.log.waiting:
            self.log.write(self.step, {"seconds": self.spent_s, "rate": self.rate()})
        self._save()
        path = self.out / "weights.pt"
        if self.progress >= 1.0:
            _write(self.average, path)
        draw(self.log.path, self.out / "curves.png")
        if self.progress < 1.0:
            raise EmojimapError(f"stopped after step {self.step}: go on with --resume")
        return path

    @property
    def progress(self) -> float:
        """Share of the run that is done, by steps or by time, whichever is further."""
        share = self.step / self.settings.steps
        if self.settings.minutes is not None:
            share = max(share, self.spent_s / 60 / self.settings.minutes)
        return min(1.0, share)

    def rate(self) -> float:
        """Learning rate of the next step: linear warm-up, then a cosine to 1% of the peak."""
        warm = min(1.0, (self.step + 1) / self.settings.warmup_steps)
        cosine = 0.5 * (1 + np.cos(np.pi * self.progress))
        return float(self.settings.learning_rate * warm * (0.01 + 0.99 * cosine))

    def _update(self, batch: Batch) -> dict[str, float]:
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate()
        photos = torch.from_numpy(batch.photos).to(self.device).permute(0, 3, 1, 2)
        photos = (photos.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)
        allowed = torch.from_numpy(batch.allowed).to(self.device)
        target = torch.from_numpy(batch.points).to(self.device)
        seen = torch.from_numpy(batch.seen).to(self.device)
        with torch.autocast(self.device, dtype=torch.bfloat16, enabled=_has_bfloat16(self.device)):
            logits, points, *_ = self.network(photos)
        if self._teacher is None:
            labels = label_loss(logits, allowed)
        else:
            wanted = torch.from_numpy(self._teacher(batch.photos).probabilities)
            labels = imitation_loss(logits, wanted.to(self.device))
        landmarks = landmark_loss(points.float(), target, seen)
        loss = labels + self.settings.landmark_weight * landmarks
        found = {"labels": labels.item(), "landmarks": landmarks.item()}
        if self.settings.lovasz_weight:
            lovasz = lovasz_loss(logits, allowed)
            found["lovasz"] = lovasz.item()
            loss = loss + self.settings.lovasz_weight * lovasz
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self._follow()
        return found

    def _follow(self) -> None:
        # A young average would remember the start: its decay rises with the steps.
        decay = min(self.settings.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.network.state_dict().items():
                if value.dtype.is_floating_point:
                    self.average[name].lerp_(value, 1 - decay)
                else:
                    self.average[name].copy_(value)

    def _look(self) -> None:
        """Write the log, and from time to time a validation."""
        values: dict[str, float] = {}
        every = self.settings.validate_every
        if every and len(self.validation) and self.step % every == 0:
            values = self.validation.measure(self.average, self.device)
        if values or self.step % _LOG_EVERY == 0:
            self.log.write(self.step, {"seconds": self.spent_s, "rate": self.rate(), **values})

    def _save(self) -> None:
        state: dict[str, Any] = {
            "network": self.network.state_dict(),
            "ema": self.average,
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "spent_s": self.spent_s,
            "settings": self.settings.to_dict(),
            "start": self.start,
            "data": self.data,
        }
        _write(state, self.checkpoint)

    def _restore(self, saved: dict[str, Any]) -> None:
        self.network.load_state_dict(saved["network"])
        self.average = {name: value.to(self.device) for name, value in saved["ema"].items()}
        self.optimiser.load_state_dict(saved["optimiser"])
        self.step, self.spent_s, self.start = saved["step"], saved["spent_s"], saved["start"]


def _has_bfloat16(device: str) -> bool:
    """Tell whether a device computes in bfloat16; a CPU that only emulates it takes ten times."""
    if device != "cpu":
        return True
    # Older versions of torch don't say.
    able: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def _write(state: Any, path: Path) -> None:
    with files.whole(path) as draft:
        torch.save(state, draft)
