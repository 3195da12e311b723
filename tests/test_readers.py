"""Readers of the training data, by format, and the checks before the first step."""

import csv

import cv2
import numpy as np
import pytest

from emojimap.errors import DataError
from emojimap.train.batches import load
from emojimap.train.checks import check
from emojimap.train.labels import ANY, BIT
from emojimap.train.maps import PARTS
from emojimap.train.readers import read_all
from emojimap.train.samples import of_split, split_of

HAIRY = BIT["hair"] | BIT["facial_hair"]


def photo(path, width=60, height=80):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((height, width, 3), 120, np.uint8))


def mask(path, width=60, height=80, top=20, value=255, **areas):
    """A map with `value` in its top rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    grey = np.zeros((height, width), np.uint8)
    grey[:top] = value
    for number, rows in areas.items():
        grey[slice(*rows)] = int(number[1:])
    cv2.imwrite(str(path), grey)


@pytest.fixture
def parts(tmp_path):
    """CelebAMask-HQ as it is handed out, small."""
    for number in (0, 1, 2005):
        photo(tmp_path / "CelebA-HQ-img" / f"{number}.jpg", 80, 80)
        base = tmp_path / "CelebAMask-HQ-mask-anno" / str(number // 2000)
        mask(base / f"{number:05d}_skin.png", 40, 40, top=40)
        mask(base / f"{number:05d}_hair.png", 40, 40, top=10)
        mask(base / f"{number:05d}_nose.png", 40, 40, top=0, v255=(18, 22))
    return tmp_path


class TestCelebAMaskParts:
    def test_photos_and_parts_are_paired(self, parts):
        samples = read_all(parts)
        assert [sample.name for sample in samples] == ["0", "1", "2005"]
        assert all(sample.hand_made for sample in samples)
        assert len(samples[0].parts) == 3
        check(samples)

    def test_later_parts_cover_earlier_ones(self, parts):
        pixels, allowed = load(read_all(parts)[0])
        assert pixels.shape == (80, 80, 3)
        assert (allowed[:20] == BIT["hair"]).all()
        assert (allowed[25:40] == BIT["face"]).all()

    def test_skin_below_the_nose_may_be_a_beard(self, parts):
        _, allowed = load(read_all(parts)[0])
        assert (allowed[60:] == BIT["face"] | BIT["facial_hair"]).all()

    def test_splits_go_by_person_where_known(self, parts):
        (parts / "identity_CelebA.txt").write_text(
            "\n".join(f"{i:06d}.jpg 77" for i in (10, 11, 12))
        )
        rows = ["idx orig_idx orig_file", "0 9 000010.jpg", "1 10 000011.jpg", "2005 11 000012.jpg"]
        (parts / "CelebA-HQ-to-CelebA-mapping.txt").write_text("\n".join(rows))
        samples = read_all(parts)
        assert {sample.group for sample in samples} == {"person-77"}
        assert len({sample.split for sample in samples}) == 1

    def test_part_without_a_photo_is_named(self, parts):
        (parts / "CelebA-HQ-img" / "1.jpg").unlink()
        with pytest.raises(DataError, match=r"00001_hair\.png has no photo"):
            read_all(parts)

    def test_unknown_part_is_named(self, parts):
        mask(parts / "CelebAMask-HQ-mask-anno" / "0" / "00000_tail.png", 40, 40)
        with pytest.raises(DataError, match=r"00000_tail\.png is no part"):
            read_all(parts)

    def test_there_are_eighteen_parts(self):
        assert len(PARTS) == 18
        assert PARTS.index("hair") + 1 == 17


class TestMaps:
    @pytest.mark.parametrize("ending", ["png", "bmp"])
    @pytest.mark.parametrize("apart", [False, True])
    def test_three_levels(self, tmp_path, ending, apart):
        folders = [tmp_path / name for name in (("images", "masks") if apart else ("a", "a"))]
        photo(folders[0] / "000001.jpg")
        mask(folders[1] / f"000001.{ending}", v128=(20, 50))
        (sample,) = read_all(tmp_path)
        assert sample.levels is not None
        check([sample])
        _, allowed = load(sample)
        assert (allowed[:20] == HAIRY).all()
        assert (allowed[20:50] == BIT["face"] | BIT["facial_hair"] | BIT["glasses"]).all()
        assert (allowed[50:] & (HAIRY | BIT["face"]) == 0).all()

    def test_grey_stored_in_three_channels(self, tmp_path):
        photo(tmp_path / "1.jpg")
        mask(tmp_path / "1.bmp", v128=(20, 50))
        grey = cv2.imread(str(tmp_path / "1.bmp"), cv2.IMREAD_GRAYSCALE)
        cv2.imwrite(str(tmp_path / "1.bmp"), np.stack([grey] * 3, 2))
        (sample,) = read_all(tmp_path)
        check([sample])
        assert (load(sample)[1][:20] == HAIRY).all()

    def test_classes_of_another_size(self, tmp_path):
        photo(tmp_path / "maps" / "7.jpg", 80, 80)
        mask(tmp_path / "maps" / "7.png", 40, 40, top=10, value=17, v1=(10, 30), v10=(30, 32))
        (sample,) = read_all(tmp_path)
        assert sample.parsing is not None
        check([sample])
        assert (load(sample)[1][:20] == BIT["hair"]).all()

    def test_the_data_sets_own_numbering_is_told_apart(self, tmp_path):
        names = {1: (10, 60), 2: (30, 36), 13: (0, 10), 17: (60, 70), 18: (70, 80)}
        rows = {f"v{number}": span for number, span in names.items()}
        photo(tmp_path / "maps" / "7.jpg", 80, 80)
        mask(tmp_path / "maps" / "7.png", 80, 80, top=0, **rows)
        (sample,) = read_all(tmp_path)
        assert sample.parsing_official
        assert sample.hand_made
        _, allowed = load(sample)
        assert (allowed[:10] == BIT["hair"]).all()
        assert (allowed[10:30] == BIT["face"]).all()
        assert (allowed[60:] == BIT["body"]).all()

    def test_folders_named_after_splits_are_kept(self, tmp_path):
        for split in ("train", "val"):
            for name in "abcdefgh":
                photo(tmp_path / split / "images" / f"{name}.jpg")
                mask(tmp_path / split / "masks" / f"{name}.png", v128=(20, 50))
        samples = read_all(tmp_path)
        assert len(samples) == 16
        assert all(s.split == s.photo.parts[-3] for s in samples)

    def test_people_of_celeba_stay_together(self, tmp_path):
        for name in ("000001", "000002"):
            photo(tmp_path / "images" / f"{name}.jpg")
            mask(tmp_path / "masks" / f"{name}.bmp", v128=(20, 50))
        table = tmp_path / "identity_CelebA.txt"
        table.write_text("000001.jpg 5\n000002.jpg 5\n")
        assert {s.group for s in read_all(tmp_path)} == {"person-5"}
        table.write_text("000001.jpg\n")
        with pytest.raises(DataError, match="less than 2 columns"):
            read_all(tmp_path)

    def test_landmarks_beside_maps(self, tmp_path):
        photo(tmp_path / "a" / "1.jpg")
        mask(tmp_path / "a" / "1.png", v128=(20, 50))
        xy = np.full((1, 478, 2), 30 * 32, np.int16)
        np.savez(tmp_path / "a" / "landmarks.npz", ids=np.array(["1"]), xy=xy)
        assert read_all(tmp_path)[0].points.shape == (70, 2)
        np.savez(tmp_path / "a" / "landmarks.npz", ids=np.array(["1"]), xy=xy[:, :5])
        with pytest.raises(DataError, match=r"xy must be \(n, 478, 2\)"):
            read_all(tmp_path)

    def test_data_sets_lie_side_by_side(self, parts):
        photo(parts / "celeba" / "1.jpg")
        mask(parts / "celeba" / "1.png", v128=(20, 50))
        assert {s.source for s in read_all(parts)} == {"celebamask-hq", "celeba"}

    @pytest.mark.parametrize(("gone", "said"), [("a.jpg", "no photo a"), ("b.png", "no label map")])
    def test_wrong_pairs_are_named(self, tmp_path, gone, said):
        for name in "abc":
            photo(tmp_path / f"{name}.jpg")
            mask(tmp_path / f"{name}.png", v128=(20, 50))
        (tmp_path / gone).unlink()
        with pytest.raises(DataError, match=said):
            read_all(tmp_path)

    def test_formats_mix(self, parts, tmp_path_factory):
        other = tmp_path_factory.mktemp("other")
        photo(other / "celeba" / "1.jpg")
        mask(other / "celeba" / "1.png", v128=(20, 50))
        assert {s.source for s in read_all(parts, other)} == {"celebamask-hq", "celeba"}

    def test_missing_folder_is_named(self, tmp_path):
        with pytest.raises(DataError, match="is no folder"):
            read_all(tmp_path / "nowhere")


class TestChecks:
    def one(self, folder, **values):
        photo(folder / "1.jpg")
        mask(folder / "1.png", v128=(20, 50), **values)
        return read_all(folder)

    def test_wrong_size(self, tmp_path):
        with pytest.raises(DataError, match=r"1\.png is 30x40, its photo 60x80"):
            check(self.one(tmp_path, width=30, height=40))

    def test_wrong_value(self, tmp_path):
        samples = self.one(tmp_path)
        mask(tmp_path / "1.png", v77=(20, 50))
        with pytest.raises(DataError, match="holds the value 77: only 0, 128 and 255"):
            check(samples)

    def test_wrong_class(self, tmp_path):
        photo(tmp_path / "1.jpg")
        mask(tmp_path / "1.png", value=17, v40=(20, 30))
        with pytest.raises(DataError, match="holds the value 40: only 0 to 18"):
            check(read_all(tmp_path))

    def test_broken_files(self, tmp_path):
        samples = self.one(tmp_path)
        (tmp_path / "1.png").write_bytes(b"")
        with pytest.raises(DataError, match="no single-channel"):
            check(samples)
        (tmp_path / "1.jpg").write_bytes(b"")
        with pytest.raises(DataError, match="can't be decoded"):
            check(samples)

    def test_many_faults_are_counted(self, tmp_path):
        for i in range(9):
            photo(tmp_path / f"{i}.jpg")
            mask(tmp_path / f"{i}.png", value=17, v40=(20, 30))
        with pytest.raises(DataError, match=r"9 faults.*and 4 more"):
            check(read_all(tmp_path))

    def test_person_in_both_splits(self, tmp_path):
        base = tmp_path / "hair"
        rows = []
        for i, split in enumerate(("train", "val")):
            photo(base / "lfw" / "images" / f"{i}.jpg")
            mask(base / "lfw" / "masks" / f"{i}.png")
            rows.append({"source": "lfw", "id": str(i), "split": split, "group": "somebody"})
        with (base / "index.csv").open("w", newline="") as lines:
            writer = csv.DictWriter(lines, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        with pytest.raises(DataError, match="somebody of lfw stands in train and val"):
            check(read_all(tmp_path))

    @pytest.mark.data
    @pytest.mark.slow
    def test_real_data_has_no_faults(self, data):
        samples = read_all(data)
        check([*samples[:40], *samples[-40:]])
        assert {s.source for s in samples} >= {"lfw", "figaro1k", "faces-lfw", "celebamask-hq"}


class TestSplits:
    def test_split_is_a_fixed_share_of_the_people(self):
        splits = [split_of(f"person-{i}", 0.05) for i in range(2000)]
        assert 60 < splits.count("val") < 140
        assert split_of("person-1", 0.05) == splits[1]
        assert split_of("anybody", 0.0) == "train"

    @pytest.mark.data
    def test_no_validation_photo_of_the_index_is_trained_on(self, data):
        with (data / "hair" / "index.csv").open(newline="") as lines:
            kept = {(r["source"], r["id"]) for r in csv.DictReader(lines) if r["split"] == "val"}
        trained = {(s.source, s.name) for s in of_split(read_all(data), "train")}
        assert len(kept) > 200
        assert not kept & trained


def test_nothing_is_known_outside_of_the_labels():
    assert sum(BIT.values()) == ANY
