"""The training loop: resumable, seeded, on CPU or CUDA, ended by steps or by time."""

from __future__ import annotations

import csv
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import Progress

from emojimap import files
from emojimap.errors import ArgumentError, DataError
from emojimap.train.batches import Batch, Drawer
from emojimap.train.losses import label_loss, landmark_loss
from emojimap.train.network import FaceNet, load_state, read_checkpoint
from emojimap.train.samples import Sample, of_split
from emojimap.train.settings import TrainSettings

_SAVE_EVERY = 200
_LOG_EVERY = 20


class Trainer:
    """One training run in one folder.

    Parameters
    ----------
    samples : sequence of Sample
        Of any split; only the training split is used.
    out : Path
        Folder for ``checkpoint.pt``, ``log.csv``.
    settings : TrainSettings
        See there.
    device : {"cpu", "cuda"}
        Where to train.
    initial : Path, optional
        Weights to start from instead of ImageNet's.
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
        resume: bool = False,
    ) -> None:
        if device == "cuda" and not torch.cuda.is_available():
            raise ArgumentError("--device cuda: torch sees no CUDA device; use --device cpu")
        torch.manual_seed(settings.seed)
        self.settings, self.out, self.device = settings, out, device
        self.checkpoint = out / "checkpoint.pt"
        if self.checkpoint.exists() and not resume:
            raise DataError(f"{self.checkpoint} exists: add --resume or choose another folder")
        if resume and not self.checkpoint.exists():
            raise DataError(f"{self.checkpoint} does not exist: start without --resume")
        files.make_folder(out)
        self.drawer = Drawer(
            of_split(samples, "train"),
            settings.size,
            settings.batch,
            settings.seed,
            hand_made_share=settings.hand_made_share,
        )
        self.network = FaceNet(pretrained=initial is None and not resume)
        if initial is not None and not resume:
            load_state(self.network, initial)
        self.network.to(device, memory_format=torch.channels_last)
        self.average = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=0.0, weight_decay=settings.weight_decay
        )
        self.step, self.spent_s = 0, 0.0
        self.start = initial.name if initial else "ImageNet weights of EfficientNet-lite0"
        if resume:
            self._restore()

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
        """
        self.network.train()
        start, begin = self.spent_s, time.monotonic()
        with Progress(console=console or Console(stderr=True)) as bar:
            task = bar.add_task("training", total=1.0)
            for batch in self.drawer.stream(self.step, self.settings.steps):
                losses = self._update(batch)
                self.step += 1
                self.spent_s = start + time.monotonic() - begin
                bar.update(task, completed=self.progress, description=f"step {self.step}")
                if self.step % _LOG_EVERY == 0:
                    self._log(losses)
                if self.step % _SAVE_EVERY == 0:
                    self._save()
                if self.progress >= 1.0:
                    break
        self._save()
        path = self.out / "weights.pt"
        _write(self.average, path)
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
        with torch.autocast(self.device, dtype=torch.bfloat16):
            logits, points, _ = self.network(photos)
        labels = label_loss(logits, allowed)
        landmarks = landmark_loss(points.float(), target, seen)
        loss = labels + self.settings.landmark_weight * landmarks
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self._follow()
        return {"labels": labels.item(), "landmarks": landmarks.item()}

    def _follow(self) -> None:
        # A young average would remember the start: its decay rises with the steps.
        decay = min(self.settings.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.network.state_dict().items():
                if value.dtype.is_floating_point:
                    self.average[name].lerp_(value, 1 - decay)
                else:
                    self.average[name].copy_(value)

    def _log(self, losses: dict[str, float]) -> None:
        path = self.out / "log.csv"
        row = {"step": self.step, "seconds": round(self.spent_s, 1), "rate": self.rate(), **losses}
        fresh = not path.exists()
        with path.open("a", newline="") as lines:
            writer = csv.DictWriter(lines, row)
            if fresh:
                writer.writeheader()
            writer.writerow(row)

    def _save(self) -> None:
        state: dict[str, Any] = {
            "network": self.network.state_dict(),
            "ema": self.average,
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "spent_s": self.spent_s,
            "settings": asdict(self.settings),
            "start": self.start,
        }
        _write(state, self.checkpoint)

    def _restore(self) -> None:
        saved = read_checkpoint(self.checkpoint)
        self.network.load_state_dict(saved["network"])
        self.average = {name: value.to(self.device) for name, value in saved["ema"].items()}
        self.optimiser.load_state_dict(saved["optimiser"])
        self.step, self.spent_s, self.start = saved["step"], saved["spent_s"], saved["start"]


def _write(state: Any, path: Path) -> None:
    with files.whole(path) as draft:
        torch.save(state, draft)
