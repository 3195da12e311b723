"""Scores: computed right on tiny truths, and fair on real photos where they are at hand."""

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emojimap.errors import DataError, EmojimapError, ModelError
from emojimap.evaluate import truths
from emojimap.evaluate.extras import faceless, false_faces, latency_ms
from emojimap.evaluate.face import Detection, Row, measure
from emojimap.evaluate.peer import SelfiePeer
from emojimap.evaluate.report import table
from emojimap.evaluate.scores import auc, breakdown, errors_of, summary, true_rate
from emojimap.facenet.landmarks import eye_distance
from emojimap.facenet.shape import mean_face
from emojimap.train.labels import BIT
from emojimap.train.readers import read_all
from emojimap.train.samples import MESH_TO_POINTS, Sample, of_split
from tests.command import run
from tests.conftest import blank, draw_face


def row(name="a", **values):
    return Row(Sample("lfw", name, "val", name, Path(name)), **values)


class TestScores:
    def test_auc_is_the_share_of_ordered_pairs(self):
        assert auc([3, 2, 1, 0], [True, True, False, False]) == 1.0
        assert auc([0, 1, 2, 3], [True, True, False, False]) == 0.0
        assert auc([1, 1], [True, False]) == 0.5
        assert auc([1, 2, 3, 4], [True, False, True, False]) == 0.25
        assert auc([1, 2], [True, True]) is None

    def test_true_rate_lets_only_so_many_false_ones_through(self):
        score = np.concatenate([np.arange(100), [97.5, 98.5, 99.5, 50.5]])
        truth = np.arange(104) >= 100
        assert true_rate(score, truth, 0.0) == 0.25
        assert true_rate(score, truth, 0.01) == 0.5
        assert true_rate([1.0], [True], 0.01) is None

    def test_mean_and_pooled_iou_differ(self):
        rows = [row(hair_iou=1.0, hair_counts=(10, 10)), row(hair_iou=0.0, hair_counts=(0, 90))]
        found = summary(rows)
        assert found["hair_iou"] == 0.5
        assert found["hair_iou_pooled"] == 0.1
        assert found["facial_hair_false"] is None

    def test_face_that_was_missed_counts(self):
        found = summary([row(found=True, landmark_error=0.02), row(found=False), row()])
        assert found["faces"] == 2
        assert found["faces_found"] == 0.5
        assert found["landmark_error"] == 0.02

    def test_false_beards_are_a_share_of_the_beardless(self):
        rows = [row(detections={"facial_hair": Detection(False, i == 0, 0.0)}) for i in range(4)]
        rows += [row(detections={"facial_hair": Detection(True, True, 1.0)}), row()]
        found = summary(rows)
        assert found["facial_hair_photos"] == 1
        assert found["facial_hair_false"] == 0.25
        assert found["facial_hair_found"] == 1.0
        assert found["facial_hair_auc"] == 1.0
        assert found["glasses_auc"] is None

    def test_peer_stands_in_the_same_table(self):
        rows = [
            row(hair_iou=0.5, hair_counts=(5, 10), peer_iou=0.4, peer_counts=(4, 10)),
            row(peer_iou=0.2, peer_counts=(2, 10)),
        ]
        found = summary(rows)
        assert found["peer_hair_iou"] == 0.4
        assert found["peer_hair_iou_whole_photo"] == pytest.approx(0.3)
        assert "peer_hair_iou" not in summary([row(hair_iou=0.5)])

    def test_breakdown_by_skin_beard_and_turn(self):
        rows = [
            row(
                hair_iou=i / 9,
                hair_counts=(i, 9),
                lightness=float(i),
                turn=i / 9,
                detections={"glasses": Detection(i > 6, False, 0.0)},
            )
            for i in range(9)
        ]
        groups = breakdown(rows)
        assert set(groups) == {"skin", "glasses", "head turn"}
        assert [kind["photos"] for kind in groups["skin"].values()] == [3, 3, 3]
        assert groups["skin"]["1 dark"]["hair_iou"] == pytest.approx(1 / 9)
        assert groups["glasses"]["yes"]["photos"] == 2
        assert list(groups["head turn"]) == ["1 frontal", "2 slight", "3 strong"]

    def test_table_names_every_measure(self):
        rows = [row(hair_iou=0.5, lightness=1.0), row(hair_iou=0.7, lightness=9.0)]
        text = table(
            {
                "split": "val",
                "sets": {"lfw": summary(rows)},
                "groups": {"lfw": breakdown(rows)},
                "faceless": {"pictures": 3, "pictures_with_false_faces": 0},
                "latency": {"cpu": 1.5},
            }
        )
        assert "hair_iou_whole_photo_pooled" in text
        assert "lfw by skin" in text
        assert "0.6000" in text
        assert "pictures_with_false_faces" in text

    def test_worst_photos_come_first(self):
        rows = [row("a", hair_iou=0.9), row("b", hair_iou=0.1), row("c")]
        assert errors_of(rows, 1) == [("b", 0.1)]


class TestTruths:
    def sample(self, **values):
        points = mean_face() * 100 + 100
        mesh = np.zeros((478, 2), np.float32)
        eyes = [points[36:42].mean(axis=0), points[42:48].mean(axis=0)]
        mesh[list(MESH_TO_POINTS)] = np.vstack([points[:68], eyes])
        return Sample("lfw", "a", "val", "a", Path("a.jpg"), mesh=mesh, **values)

    def test_things_by_their_area(self):
        sample = self.sample(beard_is_hair=True, hair=Path("a"), parsing=Path("a"))
        allowed = np.full((200, 200), BIT["face"], np.uint8)
        assert truths.things(sample, allowed) == {
            "facial_hair": False,
            "glasses": False,
            "headwear": False,
        }
        allowed[:60] = BIT["headwear"]
        allowed[100:102, 100:110] = BIT["glasses"]
        found = truths.things(sample, allowed)
        assert found["headwear"]
        allowed[100:110, 80:102] = BIT["glasses"]
        unit = eye_distance(sample.points) ** 2
        assert 0.25 / 4 < (allowed == BIT["glasses"]).sum() / unit < 0.25
        assert "glasses" not in truths.things(sample, allowed)

    def test_unmarked_beards_are_not_judged(self):
        allowed = np.full((200, 200), BIT["face"], np.uint8)
        assert truths.things(self.sample(hair=Path("a")), allowed) == {}

    def test_open_pixels_are_left_out(self):
        allowed = np.full((4, 4), BIT["face"], np.uint8)
        allowed[0] = BIT["hair"]
        allowed[1] = BIT["hair"] | BIT["facial_hair"]
        sample = Sample("hq", "a", "val", "a", Path("a.jpg"), parts=(Path("a.png"),))
        truth = truths.hair(sample, allowed)
        found = np.zeros((4, 4), bool)
        found[:2] = True
        assert truth.judge(found) == (1.0, (4, 4))
        # Three levels call beards hair or do not: both are hair there.
        levels = Sample("celeba", "a", "val", "a", Path("a.jpg"), levels=Path("a.png"))
        truth = truths.hair(levels, allowed)
        assert truth.beard_is_hair
        assert truth.judge(found) == (1.0, (8, 8))
        assert truths.hair(Sample("x", "a", "val", "a", Path("a.jpg")), allowed) is None

    def test_turned_head(self):
        points = mean_face()
        assert truths.turn(points) < 0.1
        turned = points.copy()
        turned[33, 0] = points[2, 0]
        assert truths.turn(turned) > 0.9

    def test_lightness_of_the_face_alone(self):
        photo = np.zeros((4, 4, 3), np.uint8)
        photo[:2] = 255
        allowed = np.full((4, 4), BIT["hair"], np.uint8)
        assert truths.lightness(photo, allowed) is None
        allowed[:2] = BIT["face"]
        assert truths.lightness(photo, allowed) == pytest.approx(100, abs=0.1)


class TestExtras:
    def test_false_faces_are_counted(self, tmp_path, network):
        Image.fromarray(blank()).save(tmp_path / "empty.png")
        Image.fromarray(draw_face(blank(), (320, 240), 90)).save(tmp_path / "face.png")
        (tmp_path / "broken.jpg").write_bytes(b"no picture")
        found = {path.name: false_faces(path, network) for path in faceless(tmp_path)}
        assert found == {"empty.png": 0, "face.png": 1, "broken.jpg": None}

    def test_folder_without_pictures_is_refused(self, tmp_path):
        with pytest.raises(DataError, match="holds no pictures"):
            faceless(tmp_path)

    def test_latency_is_a_time(self, network):
        assert 0 < latency_ms(network, passes=3) < 10_000

    def test_peer_says_what_is_wrong(self, tmp_path):
        path = tmp_path / "peer.tflite"
        if find_spec("ai_edge_litert") is None:
            with pytest.raises(EmojimapError, match=r"emojimap\[peer\]"):
                SelfiePeer(path)
            return
        with pytest.raises(ModelError, match="is no file"):
            SelfiePeer(path)
        path.write_bytes(b"no network")
        with pytest.raises(ModelError, match="can't be read"):
            SelfiePeer(path)


@pytest.fixture(scope="module")
def rows(data):
    from emojimap.analysis import networks

    samples = of_split(read_all(data), "val")
    lfw = [sample for sample in samples if sample.source == "lfw"][:24]
    return [measure(sample, networks()) for sample in lfw]


@pytest.mark.data
@pytest.mark.slow
class TestShippedNetwork:
    """Far below the scores of the card, so that only a real break fails."""

    def test_photos_of_unknown_people(self, rows):
        found = summary(rows)
        assert found["faces_found"] == 1.0
        assert found["hair_iou"] > 0.6
        assert found["landmark_error"] < 0.07
        assert found["iris_error"] < 0.07

    def test_table_and_json(self, data):
        done = run("evaluate", "--data", data, "--limit", 2, "--json")
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert set(found["sets"]) == {"lfw", "figaro1k"}
        assert found["sets"]["lfw"]["photos"] == 2
        assert all(0 < ms < 5_000 for ms in found["latency"].values())
