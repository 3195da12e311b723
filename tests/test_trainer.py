"""Losses, the loop, the export, the torch backend. Needs the extra `train`."""

import json
import os
import signal
from dataclasses import replace
from importlib.util import find_spec
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from emojimap.errors import ArgumentError, DataError, EmojimapError, ModelError
from emojimap.facenet import LABELS
from emojimap.train.curves import read as read_log
from emojimap.train.labels import ANY, BIT
from emojimap.train.readers import read_all
from emojimap.train.settings import TrainSettings
from tests.command import run
from tests.conftest import SIDE


@pytest.fixture(scope="module")
def torch():
    reason = "the extra `train` is not installed: make train-extra"
    for name in ("timm", "onnx"):
        if find_spec(name) is None:
            pytest.skip(reason)
    return pytest.importorskip("torch", reason=reason)


@pytest.mark.filterwarnings("ignore")
class TestTorch:
    """Third-party packages warn at import here; what is tested is ours."""

    settings = TrainSettings(steps=4, batch=2, size=64, warmup_steps=1)

    def test_loss_is_small_where_the_truth_is_admissible(self, torch):
        from emojimap.train.losses import label_loss

        logits = torch.zeros(1, len(LABELS), 8, 8)
        logits[:, 2] = 12.0
        hair = torch.full((1, 8, 8), BIT["hair"], dtype=torch.uint8)
        either = torch.full((1, 8, 8), BIT["hair"] | BIT["facial_hair"], dtype=torch.uint8)
        face = torch.full((1, 8, 8), BIT["face"], dtype=torch.uint8)
        unknown = torch.full((1, 8, 8), ANY, dtype=torch.uint8)
        assert label_loss(logits, hair).item() < 0.01
        assert label_loss(logits, either).item() < 0.01
        assert label_loss(logits, face).item() > 5
        assert label_loss(logits, unknown).item() == 0

    def test_lovasz_loss_is_one_minus_iou_for_sure_answers(self, torch):
        from emojimap.train.losses import lovasz_loss

        hair = torch.full((1, 8, 8), BIT["face"], dtype=torch.uint8)
        hair[:, :, :4] = BIT["hair"]
        logits = torch.zeros(1, len(LABELS), 8, 8)
        logits[:, 1] = 30.0
        logits[:, 1, :, 2:6], logits[:, 2, :, 2:6] = 0.0, 30.0
        assert lovasz_loss(logits, hair, stride=1).item() == pytest.approx(1 - 16 / 48, abs=1e-4)
        hair[:, :, :2] = ANY
        assert lovasz_loss(logits, hair, stride=1).item() == pytest.approx(1 - 16 / 32, abs=1e-4)
        nothing = torch.full((1, 8, 8), BIT["face"], dtype=torch.uint8)
        assert lovasz_loss(logits, nothing).item() == 0

    def test_landmarks_that_are_not_seen_cost_nothing(self, torch):
        from emojimap.train.losses import landmark_loss

        target, points = torch.rand(2, 70, 2), torch.rand(2, 70, 2)
        none = torch.zeros(2, 70, dtype=torch.bool)
        assert landmark_loss(points, target, none).item() == 0
        assert landmark_loss(target, target, ~none).item() == 0
        assert landmark_loss(points, target, ~none).item() > 0

    def test_run_resumes_to_the_same_weights(self, torch, folder, tmp_path):
        from emojimap.train.loop import Trainer

        samples = read_all(folder)
        whole = Trainer(samples, tmp_path / "whole", self.settings)
        whole.run()
        start = Trainer(samples, tmp_path / "parts", self.settings)
        start.network.train()
        for batch in start.drawer.stream(0, 2):
            start._update(batch)
            start.step += 1
        start._save()
        rest = Trainer(samples, tmp_path / "parts", self.settings, resume=True)
        assert rest.step == 2
        rest.run()
        for name, value in whole.average.items():
            assert torch.allclose(value.float(), rest.average[name].float(), atol=1e-5), name

    def test_other_data_is_not_resumed(self, torch, folder, tmp_path):
        from emojimap.train.loop import Trainer, settings_of

        samples = read_all(folder)
        Trainer(samples, tmp_path / "run", replace(self.settings, steps=1)).run()
        with pytest.raises(DataError, match="other samples or guesses"):
            Trainer(samples[1:], tmp_path / "run", self.settings, resume=True)
        torch.save({"x": torch.zeros(1)}, tmp_path / "run" / "checkpoint.pt")
        with pytest.raises(DataError, match="weights alone"):
            settings_of(tmp_path / "run")

    def test_finished_run_is_not_trained_on(self, torch, folder, tmp_path):
        from emojimap.train.loop import Trainer

        first = Trainer(read_all(folder), tmp_path / "run", self.settings)
        first.run()
        again = Trainer(read_all(folder), tmp_path / "run", self.settings, resume=True)
        again.run()
        assert again.step == first.step == 4

    def test_interrupt_saves_the_running_step(self, torch, folder, tmp_path):
        from emojimap.train.loop import Trainer, settings_of

        trainer = Trainer(read_all(folder), tmp_path / "run", self.settings)
        update = trainer._update

        def interrupted(batch):
            if trainer.step == 1:
                os.kill(os.getpid(), signal.SIGTERM)
            return update(batch)

        trainer._update = interrupted
        with pytest.raises(EmojimapError, match="after step 2: go on with --resume"):
            trainer.run()
        found = settings_of(tmp_path / "run")
        assert found == replace(self.settings, augment=self.settings.crops)
        rest = Trainer(read_all(folder), tmp_path / "run", self.settings, resume=True)
        assert rest.step == 2
        assert rest.run().is_file()
        assert (tmp_path / "run" / "curves.png").is_file()

    def test_labels_alone_are_trained_on_a_network_that_stays(self, torch, folder, tmp_path):
        from emojimap.facenet._torch import LABEL_HEAD, FaceNet
        from emojimap.train.loop import Trainer

        settings = replace(self.settings, part="labels")
        with pytest.raises(ArgumentError, match=r"part labels: give the network .* --init"):
            Trainer(read_all(folder), tmp_path / "none", settings)
        assert not (tmp_path / "none").exists()
        before = FaceNet(tone=True).state_dict()
        # Another label head than this program's, or none, is left behind.
        other = {name: one for name, one in before.items() if not name.startswith(LABEL_HEAD)}
        torch.save(other, tmp_path / "other.pt")
        with pytest.raises(ModelError, match=r"other\.pt lacks the tensor labels\.0\.bias"):
            Trainer(
                read_all(folder), tmp_path / "all", self.settings, initial=tmp_path / "other.pt"
            )
        run_ = Trainer(read_all(folder), tmp_path / "run", settings, initial=tmp_path / "other.pt")
        new = {name: one.clone() for name, one in run_.network.state_dict().items()}
        run_.run()
        changed = {name for name, one in run_.average.items() if not torch.equal(one, new[name])}
        assert changed == {name for name in new if name.startswith(LABEL_HEAD)}
        assert all(torch.equal(run_.average[name], one) for name, one in other.items())

    def test_a_teacher_is_imitated(self, torch, folder, tmp_path):
        from emojimap.facenet._torch import FaceNet
        from emojimap.train.loop import Trainer, settings_of

        def teacher(crops):
            found = np.zeros((len(crops), len(LABELS), *crops.shape[1:3]), np.float32)
            found[:, LABELS.index("body")] = 1  # no sample has it
            return SimpleNamespace(probabilities=found)

        torch.save(FaceNet().state_dict(), tmp_path / "start.pt")
        settings = replace(
            self.settings, part="labels", imitate=True, steps=30, learning_rate=0.05, ema=0.0
        )
        for changes, one, word in (
            ({}, None, "a teacher: give its folder"),
            ({"imitate": False}, teacher, "no teacher: leave it out"),
        ):
            with pytest.raises(ArgumentError, match=word):
                Trainer([], tmp_path / "no", replace(settings, **changes), teacher=one,
                        initial=tmp_path / "start.pt")  # fmt: skip
        run_ = Trainer(
            read_all(folder), tmp_path / "run", settings, initial=tmp_path / "start.pt",
            teacher=teacher,
        )  # fmt: skip
        run_.run()
        assert settings_of(tmp_path / "run").imitate
        with torch.no_grad():
            labels = run_.network.eval()(torch.zeros(1, 3, 64, 64))[0].argmax(1)
        assert (labels == LABELS.index("body")).float().mean() > 0.9

    def test_validation_is_logged(self, torch, folder, tmp_path):
        from emojimap.train.loop import Trainer

        settings = replace(self.settings, validate_every=2)
        Trainer(read_all(folder), tmp_path / "run", settings).run()
        rows = read_log(tmp_path / "run" / "log.csv")
        assert [row["step"] for row in rows] == ["2", "4"]
        assert all(0 <= float(row["val_hair_iou"]) <= 1 for row in rows)
        assert all(float(row["val_landmark_error"]) > 0 for row in rows)

    def test_folder_with_a_run_is_not_overwritten(self, torch, folder, tmp_path):
        from emojimap.train.loop import Trainer

        (tmp_path / "checkpoint.pt").write_bytes(b"")
        with pytest.raises(DataError, match="--resume"):
            Trainer(read_all(folder), tmp_path, self.settings)
        with pytest.raises(DataError, match="does not exist"):
            Trainer(read_all(folder), tmp_path / "new", self.settings, resume=True)

    def test_export_agrees_with_torch_and_can_be_loaded(self, torch, folder, tmp_path):
        from emojimap.facenet._onnx import OnnxNetwork
        from emojimap.facenet.weights import load as load_weights
        from emojimap.train.export import ship
        from emojimap.train.loop import Trainer

        samples = read_all(folder)
        trainer = Trainer(samples, tmp_path / "run", self.settings)
        trainer.run()
        ship(trainer.checkpoint, tmp_path / "models", samples=samples)
        network = OnnxNetwork(load_weights("face", tmp_path / "models"))
        found = network(np.full((2, 64, 64, 3), 90, np.uint8))
        assert (tmp_path / "models" / "face.onnx").stat().st_size < 8_000_000
        assert found.probabilities.shape == (2, 7, 64, 64)
        assert np.abs(found.probabilities.sum(axis=1) - 1).max() < 1e-4
        assert "5 | 1" in (tmp_path / "models" / "face.md").read_text()
        assert not list((tmp_path / "models").glob(".*"))

    def test_torch_reads_what_ships_and_agrees(self, torch, astronaut):
        from emojimap.facenet._onnx import OnnxNetwork
        from emojimap.facenet._torch import TorchNetwork
        from emojimap.facenet.weights import load as load_weights

        crops = np.stack([cv2.resize(astronaut[:400, 100:500], (256, 256))] * 2)
        for name in ("face", "hair"):
            found = load_weights(name)
            here, there = OnnxNetwork(found)(crops), TorchNetwork(found, "cpu")(crops)
            same = here.probabilities.argmax(1) == there.probabilities.argmax(1)
            assert same.mean() >= 0.999
            assert np.abs(here.points - there.points).max() < 0.05

    @pytest.mark.gpu
    def test_gpu_agrees_with_onnx(self, torch, astronaut):
        from emojimap.facenet import backends

        if not torch.cuda.is_available():
            pytest.skip("torch sees no CUDA device")
        crops = np.stack([cv2.resize(astronaut[:400, 100:500], (256, 256))] * 70)
        here, there = backends.networks(), backends.networks(device="cuda")
        for one, other in ((here.face, there.face), (here.hair, there.hair)):
            labels = one(crops[:1]).probabilities.argmax(1)
            assert (labels == other(crops).probabilities.argmax(1)).mean() >= 0.999

    def test_device_that_is_not_there_is_said_in_one_line(self, torch):
        from emojimap.facenet import backends

        if torch.cuda.is_available():
            pytest.skip("there is a CUDA device")
        with pytest.raises(ModelError, match="torch sees no CUDA device; use --device cpu"):
            backends.networks(device="cuda")
        with pytest.raises(ArgumentError, match="device 'tpu'"):
            backends.networks(device="tpu")

    def test_onnx_file_of_another_network_is_refused(self, torch, tmp_path):
        from emojimap.train.network import load

        path = tmp_path / "other.onnx"
        path.write_bytes(b"no network")
        with pytest.raises(ModelError, match=r"other\.onnx"):
            load(path)

    @pytest.mark.parametrize("content", [b"", b"no pickle at all", None])
    def test_foreign_weights_are_refused(self, torch, tmp_path, content):
        from emojimap.train.network import load

        path = tmp_path / "weights.pt"
        if content is None:
            torch.save({"ema": {"x": torch.zeros(1)}}, path)
        else:
            path.write_bytes(content)
        with pytest.raises(ModelError, match=r"weights\.pt"):
            load(path)

    def test_cuda_without_a_device_is_said(self, torch, folder, tmp_path):
        from emojimap.train.loop import Trainer

        if torch.cuda.is_available():
            pytest.skip("there is a CUDA device")
        with pytest.raises(ArgumentError, match="CUDA"):
            Trainer(read_all(folder), tmp_path / "run", self.settings, device="cuda")
        with pytest.raises(ArgumentError, match="device 'gpu'"):
            Trainer(read_all(folder), tmp_path / "run", self.settings, device="gpu")

    def test_command_trains_resumes_exports_and_measures(self, torch, folder, tmp_path):
        run_, models = tmp_path / "run", tmp_path / "models"
        common = ("train", "face", "--data", folder, "--out", run_)
        small = ("--batch", 2, "--size", 64, "--role", "hair", "--validate-every", 0)
        done = run(*common, "--steps", 2, *small)
        assert done.returncode == 0, done.stderr
        done = run(*common, "--resume", "--steps", 3, "--export", models)
        assert done.returncode == 0, done.stderr
        assert json.loads((models / "manifest.json").read_text())["networks"]["hair"]["size"] == 64
        assert "# Hair network" in (models / "hair.md").read_text()
        again = run("train", "export", run_, "--data", folder, "--out", tmp_path / "again")
        assert again.returncode == 0, again.stderr
        assert (models / "hair.onnx").read_bytes() == (tmp_path / "again/hair.onnx").read_bytes()

    def test_command_names_wrong_data_before_the_first_step(self, torch, folder, tmp_path):
        cv2.imwrite(str(folder / "hair/lfw/masks/p3.png"), np.full((SIDE, SIDE), 9, np.uint8))
        done = run("train", "face", "--data", folder, "--out", tmp_path / "run", "--steps", 2)
        assert done.returncode == 1
        assert "p3.png holds the value 9: only 0 and 255 are known" in done.stderr
        assert not (tmp_path / "run").exists()
