"""Training without torch: labels, crops, batches, guesses, log, settings."""

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from emojimap.errors import ArgumentError, DataError
from emojimap.facenet.landmarks import mirror_order
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
from tests.conftest import SIDE, mesh


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
