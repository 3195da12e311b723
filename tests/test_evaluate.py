"""Scores: computed right on tiny truths, and fair on real photos where they are at hand."""

import json
from pathlib import Path

import numpy as np
import pytest

from emojimap.evaluate.face import Row, auc, errors_of, measure, summary, true_rate
from emojimap.train.samples import Sample, of_split, read_all
from tests.test_cli import run


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
        assert found["beard_false"] is None

    def test_face_that_was_missed_counts(self):
        found = summary([row(found=True, landmark_error=0.02), row(found=False), row()])
        assert found["faces"] == 2
        assert found["faces_found"] == 0.5
        assert found["landmark_error"] == 0.02

    def test_false_beards_are_a_share_of_the_beardless(self):
        rows = [row(beard_truth=False, beard_found=i == 0) for i in range(4)]
        rows += [row(beard_truth=True, beard_found=True, beard_score=1.0)]
        found = summary(rows)
        assert (found["bearded"], found["beard_false"], found["beard_found"]) == (1, 0.25, 1.0)

    def test_worst_photos_come_first(self):
        rows = [row("a", hair_iou=0.9), row("b", hair_iou=0.1), row("c")]
        assert errors_of(rows, 1) == [("b", 0.1)]


@pytest.fixture(scope="module")
def rows(data):
    from emojimap.analysis import network

    samples = of_split(read_all(data), "val")
    lfw = [sample for sample in samples if sample.source == "lfw"][:24]
    return [measure(sample, network()) for sample in lfw]


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
        assert set(found) == {"lfw", "figaro1k"}
        assert found["lfw"]["photos"] == 2
