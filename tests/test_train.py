"""Training: labels, losses, crops, the loop and the export. Needs the extra `train`."""

import csv
import json
import os
import signal
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from emojimap.errors import ArgumentError, DataError, EmojimapError, ModelError
from emojimap.facenet import LABELS, weights
from emojimap.facenet.landmarks import mirror_order
from emojimap.facenet.shape import mean_face
from emojimap.train import guesses
from emojimap.train.augment import AugmentSettings, crop_matrix, cut, mosaic
from emojimap.train.batches import Drawer, Memory, fingerprint, load
from emojimap.train.curves import Log
from emojimap.train.curves import draw as draw_curves
from emojimap.train.curves import read as read_log
from emojimap.train.labels import ANY, BIT, fuse
from emojimap.train.readers import read_all
from emojimap.train.samples import MESH_TO_POINTS, of_split
from emojimap.train.settings import CROPS, TrainSettings
from tests.test_cli import run

SIDE = 120


def mesh(side=SIDE):
    """A mesh whose 68 points are the mean face; the rest lies inside the hull."""
    face = mean_face() * side * 0.5 + side / 2
    points = np.full((478, 2), face[:68].mean(axis=0), np.float32)
    eyes = np.stack([face[36:42].mean(axis=0), face[42:48].mean(axis=0)])
    points[list(MESH_TO_POINTS)] = np.vstack([face, eyes])
    return points


@pytest.fixture
def folder(tmp_path):
    """A small data set of the usual layout: drawn faces with hair masks, maps and meshes."""
    base = tmp_path / "hair" / "lfw"
    for name in ("images", "masks", "parsing"):
        (base / name).mkdir(parents=True)
    rows, rng = [], np.random.default_rng(0)
    for i in range(6):
        photo = rng.integers(0, 255, (SIDE, SIDE, 3), np.uint8)
        hair = np.zeros((SIDE, SIDE), np.uint8)
        hair[:30] = 255
        parsing = np.full((SIDE, SIDE), 255, np.uint8)
        parsing[20:110, 20:100] = 1
        for kind, picture in (("masks", hair), ("parsing", parsing)):
            cv2.imwrite(str(base / kind / f"p{i}.png"), picture)
        cv2.imwrite(str(base / "images" / f"p{i}.jpg"), photo)
        split = "val" if i == 5 else "train"
        rows.append({"source": "lfw", "id": f"p{i}", "split": split, "group": f"g{i}"})
    with (tmp_path / "hair" / "index.csv").open("w", newline="") as lines:
        writer = csv.DictWriter(lines, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    ids = np.array([f"p{i}" for i in range(6)])
    xy = (np.stack([mesh()] * 6) * 32).astype(np.int16)
    np.savez(base / "landmarks.npz", ids=ids, xy=xy)
    return tmp_path


def parsing_of(value):
    return np.full((SIDE, SIDE), value, np.uint8)


class TestLabels:
    def test_nothing_known_leaves_everything_open(self):
        allowed = fuse((SIDE, SIDE), None, None, None, beard_is_hair=True)
        assert (allowed == ANY).all()

    def test_hand_made_hair_wins_over_the_teacher(self):
        hair = np.zeros((SIDE, SIDE), bool)
        hair[:20] = True
        allowed = fuse((SIDE, SIDE), hair, parsing_of(1), None, beard_is_hair=False)
        assert (allowed[:20] == BIT["hair"]).all()
        assert (allowed[20:] == BIT["face"]).all()

    def test_teachers_hair_that_the_hand_denies_is_anything_else(self):
        hair = np.zeros((SIDE, SIDE), bool)
        allowed = fuse((SIDE, SIDE), hair, parsing_of(17), None, beard_is_hair=True)
        assert (allowed & (BIT["hair"] | BIT["facial_hair"]) == 0).all()
        assert (allowed & BIT["background"] > 0).all()

    def test_hand_marked_hair_around_the_mouth_is_facial_hair(self):
        points, hair = mesh(), np.zeros((SIDE, SIDE), bool)
        x, y = points[list(MESH_TO_POINTS)][57].astype(int)
        hair[y - 3 : y + 12, x - 8 : x + 8] = True
        allowed = fuse((SIDE, SIDE), hair, parsing_of(1), points, beard_is_hair=True)
        assert allowed[y + 2, x] == BIT["facial_hair"]
        assert allowed[5, 5] == BIT["face"]

    def test_teachers_skin_below_the_nose_may_be_a_beard(self):
        points = mesh()
        x, y = points[list(MESH_TO_POINTS)][57].astype(int)
        allowed = fuse((SIDE, SIDE), None, parsing_of(1), points, beard_is_hair=True)
        assert allowed[y, x] == BIT["face"] | BIT["facial_hair"]
        assert allowed[20, 60] == BIT["face"]


class TestSamples:
    def test_layout_is_read(self, folder):
        samples = read_all(folder)
        assert [sample.split for sample in samples] == ["train"] * 5 + ["val"]
        assert samples[0].points.shape == (70, 2)
        photo, allowed = load(samples[0])
        assert photo.shape == (SIDE, SIDE, 3)
        assert (allowed[:15, 30:90] == BIT["hair"]).all()

    def test_missing_mask_is_named(self, folder):
        (folder / "hair" / "lfw" / "masks" / "p2.png").unlink()
        with pytest.raises(DataError, match=r"p2\.png is missing"):
            read_all(folder)

    def test_empty_folder_is_refused(self, tmp_path):
        with pytest.raises(DataError, match="holds no data set"):
            read_all(tmp_path)

    def test_mask_of_another_size_is_named(self, folder):
        cv2.imwrite(str(folder / "hair" / "lfw" / "masks" / "p0.png"), np.zeros((7, 7), np.uint8))
        with pytest.raises(DataError, match=r"p0\.png is \(7, 7\)"):
            load(read_all(folder)[0])

    def test_validation_photos_are_never_drawn(self, folder):
        samples = read_all(folder)
        with pytest.raises(DataError, match="p5 is a validation photo"):
            Drawer(samples, TrainSettings(size=64, batch=2))

    def test_people_never_stand_in_both_splits(self, data):
        samples = read_all(data)
        people = {
            split: {s.group for s in of_split(samples, split) if s.source == "lfw"}
            for split in ("train", "val")
        }
        assert people["val"]
        assert not people["train"] & people["val"]


class TestCrops:
    def crop(self, seed, **settings):
        points = mesh()[list(MESH_TO_POINTS)]
        photo = np.full((SIDE, SIDE, 3), 200, np.uint8)
        allowed = np.full((SIDE, SIDE), BIT["face"], np.uint8)
        rng = np.random.default_rng(seed)
        return cut(photo, allowed, points, 96, AugmentSettings(**settings), rng)

    def test_same_seed_same_crop(self):
        one, other = self.crop(3), self.crop(3)
        assert (one.photo == other.photo).all()
        assert (one.points == other.points).all()

    def test_outside_the_photo_every_label_is_open(self):
        crop = self.crop(1, crop_faces=(6.0, 7.0), far_share=0.0)
        assert crop.allowed[0, 0] == ANY
        assert crop.allowed[48, 48] == BIT["face"]

    def test_landmarks_follow_the_crop_and_the_mirror(self):
        for seed in range(20):
            crop = self.crop(seed, crop_faces=(2.0, 2.5), wide_roll_share=0.0, roll_sd_deg=1.0)
            left, right = crop.points[36:42].mean(axis=0), crop.points[42:48].mean(axis=0)
            assert left[0] < right[0]
            assert crop.points[8, 1] > left[1]
        assert mirror_order()[68] == 69

    def test_crop_has_the_size_asked_for(self):
        points = mesh()[list(MESH_TO_POINTS)]
        settings = AugmentSettings(crop_faces=(2.0, 2.001), far_share=0.0, shift_faces=0.0)
        matrix = crop_matrix((SIDE, SIDE), points, 100, settings, np.random.default_rng(0))
        there = points @ matrix[:, :2].T + matrix[:, 2]
        assert np.hypot(*(there[16] - there[0])) == pytest.approx(100 / 2.0 * 0.9, rel=0.05)

    def test_mosaic_lays_crops_side_by_side(self):
        crops = [self.crop(seed) for seed in range(4)]
        whole = mosaic(crops, 96)
        assert whole.photo.shape == (96, 96, 3)
        assert not whole.seen.any()
        small = cv2.resize(crops[3].allowed, (48, 48), interpolation=cv2.INTER_NEAREST)
        assert (whole.allowed[48:, 48:] == small).all()

    def test_settings_are_checked(self):
        with pytest.raises(ArgumentError, match="crop_faces"):
            AugmentSettings(crop_faces=(3.0, 2.0))
        with pytest.raises(ArgumentError, match="multiple of 32"):
            TrainSettings(size=100)


class TestDrawer:
    def test_a_step_is_the_same_whenever_it_is_drawn(self, folder):
        samples = of_split(read_all(folder), "train")
        first = Drawer(samples, TrainSettings(size=64, batch=3, seed=5))
        first.draw(0)
        again = Drawer(samples, TrainSettings(size=64, batch=3, seed=5))
        assert (first.draw(7).photos == again.draw(7).photos).all()

    def test_stream_hands_over_what_went_wrong(self, folder):
        samples = of_split(read_all(folder), "train")
        for sample in samples:
            sample.photo.write_bytes(b"")
        with pytest.raises(DataError, match="can't be decoded"):
            list(Drawer(samples, TrainSettings(size=64, batch=2)).stream(0, 2))

    def test_finding_faces_needs_landmarks(self, folder):
        samples = [replace(s, mesh=None) for s in of_split(read_all(folder), "train")]
        with pytest.raises(DataError, match="no sample has landmarks"):
            Drawer(samples, TrainSettings(size=64))
        assert Drawer(samples, TrainSettings(size=64, role="hair", batch=2)).draw(0)

    def test_fingerprint_tells_other_data(self, folder):
        samples = of_split(read_all(folder), "train")
        assert fingerprint(samples) == fingerprint(of_split(read_all(folder), "train"))
        assert fingerprint(samples) != fingerprint(samples[1:])
        guessed = [*samples[:-1], replace(samples[-1], guess=Path("a.png"))]
        assert fingerprint(samples) != fingerprint(guessed)

    def test_memory_is_bounded_and_gives_the_same(self, folder):
        samples = of_split(read_all(folder), "train")
        small, large = Memory(1e-4, 64), Memory(1.0, 64)
        for sample in [*samples, *samples]:
            for one, other in zip(small.get(sample), large.get(sample), strict=True):
                assert (one == other).all()
        assert len(small._kept) < len(large._kept) == 5

    def test_large_photos_are_reduced_with_their_landmarks(self, folder):
        sample = read_all(folder)[0]
        photo, allowed, points = Memory(1.0, 32).get(sample)
        assert photo.shape[:2] == allowed.shape
        assert photo.shape[0] < SIDE
        factor = photo.shape[0] / SIDE
        assert np.abs((points + 0.5) - (sample.points + 0.5) * factor).max() < 0.01

    def test_several_workers_draw_the_same_in_order(self, folder):
        samples = of_split(read_all(folder), "train")
        one = Drawer(samples, TrainSettings(size=64, batch=2)).stream(3, 9)
        many = Drawer(samples, TrainSettings(size=64, batch=2, workers=3)).stream(3, 9)
        pairs = list(zip(one, many, strict=True))
        assert len(pairs) == 6
        assert all((a.photos == b.photos).all() for a, b in pairs)


class TestGuesses:
    def samples(self, folder):
        return [
            replace(s, hair=None, source="faces") if s.name != "p0" else s for s in read_all(folder)
        ]

    def test_only_unlabelled_training_photos_are_guessed(self, folder, tmp_path, network):
        out = tmp_path / "guesses"
        assert guesses.write(self.samples(folder), network, out) == 4
        assert sorted(path.stem for path in out.rglob("*.png")) == ["p1", "p2", "p3", "p4"]
        found = guesses.attach(self.samples(folder), out)
        assert [s.name for s in found if s.guess is not None] == ["p1", "p2", "p3", "p4"]

    def test_folder_without_guesses_is_refused(self, folder, tmp_path):
        with pytest.raises(DataError, match="holds no guess"):
            guesses.attach(self.samples(folder), tmp_path)

    def test_sure_guesses_win_over_the_teacher(self):
        guess = np.full((SIDE, SIDE), 128, np.uint8)
        guess[:10], guess[10:20] = 255, 0
        allowed = fuse((SIDE, SIDE), None, parsing_of(17), None, beard_is_hair=False, guess=guess)
        assert (allowed[:10] == BIT["hair"]).all()
        assert (allowed[10:20] & BIT["hair"] == 0).all()
        assert (allowed[20:] == ANY).all()


class TestLog:
    def test_rows_are_means_and_are_cut_on_resume(self, tmp_path):
        log = Log(tmp_path / "log.csv")
        for step in range(1, 5):
            log.add({"labels": float(step)})
            if step % 2 == 0:
                log.write(step, {"rate": 0.1, "seconds": 1.0})
        assert [row["labels"] for row in read_log(log.path)] == ["1.5", "3.5"]
        log.cut(2)
        assert [row["step"] for row in read_log(log.path)] == ["2"]

    @pytest.mark.skipif(find_spec("matplotlib") is None, reason="the extra `train` is missing")
    @pytest.mark.filterwarnings("ignore")
    def test_curves_are_drawn(self, tmp_path):
        log = Log(tmp_path / "log.csv")
        draw_curves(log.path, tmp_path / "none.png")
        assert not (tmp_path / "none.png").exists()
        for step in (1, 2, 3):
            log.add({"labels": 1.0 / step})
            log.write(step, {"rate": 0.1, "val_hair_iou": 0.5})
        draw_curves(log.path, tmp_path / "curves.png")
        assert cv2.imread(str(tmp_path / "curves.png")).shape[1] > 500


class TestSettings:
    def test_round_trip(self):
        settings = TrainSettings(role="hair", augment=AugmentSettings(crop_faces=(2.0, 3.0)))
        again = TrainSettings.from_dict(json.loads(json.dumps(settings.to_dict())))
        assert again == settings
        spelt_out = TrainSettings.from_dict(TrainSettings(role="face").to_dict())
        assert spelt_out.augment == CROPS["face"]
        assert again.crops.crop_faces == (2.0, 3.0)
        assert TrainSettings(role="hair").crops == CROPS["hair"]

    def test_unknown_names_are_refused(self):
        with pytest.raises(ArgumentError, match="another version"):
            TrainSettings.from_dict({"colour": 3})
        with pytest.raises(ArgumentError, match="role 'ears'"):
            TrainSettings(role="ears")


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
        for name in weights.names():
            found = load_weights(name)
            here, there = OnnxNetwork(found)(crops), TorchNetwork(found, "cpu")(crops)
            same = here.probabilities.argmax(1) == there.probabilities.argmax(1)
            assert same.mean() >= 0.999
            assert np.abs(here.points - there.points).max() < 0.05

    @pytest.mark.gpu
    def test_gpu_agrees_with_onnx(self, torch, astronaut):
        from emojimap.facenet import open as open_

        if not torch.cuda.is_available():
            pytest.skip("torch sees no CUDA device")
        crops = np.stack([cv2.resize(astronaut[:400, 100:500], (256, 256))] * 70)
        here, there = open_.networks(), open_.networks(device="cuda")
        for one, other in ((here.face, there.face), (here.hair, there.hair)):
            labels = one(crops[:1]).probabilities.argmax(1)
            assert (labels == other(crops).probabilities.argmax(1)).mean() >= 0.999

    def test_device_that_is_not_there_is_said_in_one_line(self, torch):
        from emojimap.facenet import open as open_

        if torch.cuda.is_available():
            pytest.skip("there is a CUDA device")
        with pytest.raises(ModelError, match="torch sees no CUDA device; use --device cpu"):
            open_.networks(device="cuda")
        with pytest.raises(ArgumentError, match="device 'tpu'"):
            open_.networks(device="tpu")

    def test_onnx_file_of_another_network_is_refused(self, torch, tmp_path):
        from emojimap.facenet._torch import FaceNet
        from emojimap.train.network import load_state

        path = tmp_path / "other.onnx"
        path.write_bytes(b"no network")
        with pytest.raises(ModelError, match=r"other\.onnx"):
            load_state(FaceNet(), path)

    @pytest.mark.parametrize("content", [b"", b"no pickle at all", None])
    def test_foreign_weights_are_refused(self, torch, tmp_path, content):
        from emojimap.facenet._torch import FaceNet
        from emojimap.train.network import load_state

        path = tmp_path / "weights.pt"
        if content is None:
            torch.save({"ema": {"x": torch.zeros(1)}}, path)
        else:
            path.write_bytes(content)
        with pytest.raises(ModelError, match=r"weights\.pt"):
            load_state(FaceNet(), path)

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
