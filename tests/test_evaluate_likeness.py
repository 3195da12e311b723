"""Scores of likeness, on avatars and distances that are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from emojimap import sheet, styles
from emojimap.avatar import Avatar
from emojimap.errors import DataError
from emojimap.evaluate.likeness import Row, measure
from emojimap.evaluate.likeness_report import table, weights_table
from emojimap.evaluate.likeness_scores import (
    auc,
    calibrate,
    compared,
    equal_error_rate,
    pairs,
    summary,
)
from emojimap.evaluate.perturb import PERTURBATIONS
from emojimap.likeness import TERMS, weighted
from emojimap.train.samples import Sample
from tests.command import run

TOPS = ("shortFlat", "bob", "sides", "straight01", "theCaesar", "curly")


def avatar(person: int, shade: int = 0) -> Avatar:
    """People differ in hair and its colour, photos of one a little in the colour."""
    colour = f"#{30 + 30 * person + shade:02x}3020"
    return styles.load("avataaars").default().with_(
        parts={"top": TOPS[person]}, colours={"hair": colour}
    )  # fmt: skip


def row(person: int, photo: int, **more: Any) -> Row:
    path = Path(f"{person}_{photo}.png")
    return Row(path, f"p{person}", (10, 10, 40, 40), {"avataaars": avatar(person, photo)}, **more)


def crowd() -> list[Row]:
    return [row(person, photo) for person in range(len(TOPS)) for photo in range(2)]


def test_pairs_know_who_is_whose_double() -> None:
    first, second, same = pairs(["a", "b", "a", "", ""])
    assert len(first) == 10
    assert [(int(i), int(j)) for i, j in zip(first[same], second[same], strict=True)] == [(0, 2)]


@pytest.mark.parametrize(
    ("near", "far", "area", "error"),
    [
        ([1, 2], [3, 4], 1.0, 0.0),
        ([3, 4], [1, 2], 0.0, 1.0),
        ([1, 1], [1, 1], 0.5, None),
        ([1, 3], [2, 4], 0.75, 0.5),
    ],
)
def test_areas_and_error_rates(
    near: list[float], far: list[float], area: float, error: float | None
) -> None:
    apart = np.array([*near, *far], float)
    same = np.arange(len(apart)) < len(near)
    assert auc(apart, same) == pytest.approx(area)
    if error is not None:
        assert equal_error_rate(apart, same) == pytest.approx(error)


def test_a_crowd_that_is_told_apart() -> None:
    found = summary(crowd(), ["avataaars"])
    assert (found["photos"], found["people"], found["same_pairs"]) == (12, 6, 6)
    one = found["styles"]["avataaars"]
    assert one["auc"] == 1.0
    assert one["equal_error_rate"] == 0.0
    assert one["agreement"]["top"] == {"same": 1.0, "different": 0.0}
    assert "steadiness" not in one
    assert one["auc_95"] == [1.0, 1.0]
    assert next(iter(one["says_most"].values())) == 1.0


def test_one_person_alone_can_not_be_scored() -> None:
    with pytest.raises(DataError, match="two of one person"):
        summary([row(0, 0), row(1, 0)], ["avataaars"])


def test_steadiness_counts_what_stays() -> None:
    before = avatar(0)
    hair = before.with_(parts={"top": "bob"})
    colour = before.with_(colours={"hair": "#ffffff"})
    altered = {
        "JPEG 50": {"avataaars": before},
        "mirrored": {"avataaars": hair},
        "half size": {"avataaars": colour},
    }
    rows = [row(0, 0, altered=altered), row(0, 1), row(1, 0)]
    steady = summary(rows, ["avataaars"])["styles"]["avataaars"]["steadiness"]
    assert steady["photos"] == 3
    assert steady["lost"] == 6
    assert steady["hair"] == pytest.approx(2 / 3)
    assert steady["hair_by_kind"]["mirrored"] == 0
    assert steady["each_colour"]["hair"] == pytest.approx(2 / 3)
    assert steady["parts"]["mouth"] == 1


def test_beards_and_glasses_are_counted_where_labels_decide() -> None:
    rows = crowd()
    seen = {"facial_hair": True, "glasses": False, "headwear": False}
    rows[0] = row(0, 0, found=seen, truth={"facial_hair": False, "glasses": True})
    found = summary(rows, ["avataaars"])["things"]
    assert found["facial_hair"] == {
        "with": 0, "without": 1, "right": 0.0, "found": None, "false": 1.0
    }  # fmt: skip
    assert found["glasses"]["found"] == 0.0
    assert found["headwear"]["right"] is None


def test_weights_find_the_term_that_tells_people_apart() -> None:
    rng = np.random.default_rng(0)
    same = np.arange(400) < 200
    apart = np.full((400, len(TERMS)), np.nan)
    apart[:, 0] = np.where(same, 0.1, 0.6) + rng.normal(0, 0.2, 400)
    apart[:, 1] = rng.random(400)
    weights = calibrate(np.clip(apart, 0, 1), same)
    assert weights[TERMS[0]] > 1
    assert weights.get(TERMS[1], 0) < 0.5
    assert all(weight > 0 for weight in weights.values())
    text = weights_table({"mine": weights})
    assert text.startswith("\n[distance]  # mine\n")
    assert f"{TERMS[0]} = {weights[TERMS[0]]}" in text


def test_calibrated_weights_tell_a_crowd_apart() -> None:
    rows = crowd()
    first, second, same = pairs([one.person for one in rows])
    apart = compared(rows, "avataaars", first, second)
    assert auc(weighted(apart, calibrate(apart, same)), same) == 1.0


def test_the_report_has_every_block() -> None:
    rows = [row(0, 0, altered={"mirrored": {"avataaars": avatar(1)}}), *crowd()[1:]]
    text = table({"split": "val", **summary(rows, ["avataaars"])})
    for words in ("AUC", "equal error rate", "hair unchanged", "hair, mirrored", "by the labels"):
        assert words in text
    assert "top" in text


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_perturbations_change_a_photo_a_little(name: str, astronaut: Any) -> None:
    changed = PERTURBATIONS[name](astronaut)
    assert changed.dtype == np.uint8
    assert changed.flags.c_contiguous
    share = changed.shape[0] / astronaut.shape[0]
    assert share == pytest.approx({"half size": 0.5, "double size": 2, "10% off": 0.9,
                                   "10% added": 1.1}.get(name, 1.0), abs=0.01)  # fmt: skip
    if changed.shape == astronaut.shape:
        assert not np.array_equal(changed, astronaut)
        assert abs(float(changed.mean()) - float(astronaut.mean())) < 25


def test_one_photo_in_two_styles(astronaut: Any, tmp_path: Path, monkeypatch: Any) -> None:
    kept = {name: PERTURBATIONS[name] for name in ("mirrored", "JPEG 50")}
    monkeypatch.setattr("emojimap.evaluate.likeness.PERTURBATIONS", kept)
    photo = tmp_path / "a.png"
    Image.fromarray(astronaut[:300, 80:380]).save(photo)
    sample = Sample("lfw", "a", "val", "p", photo)
    found = measure(sample, ["avataaars", "personas"], steady=True)
    assert found is not None
    assert set(found.avatars) == {"avataaars", "personas"}
    assert set(found.altered) == set(kept)
    assert found.found == {"facial_hair": False, "glasses": False, "headwear": False}
    assert found.truth == {}
    again = found.altered["JPEG 50"]["avataaars"]
    assert found.avatars["avataaars"].distance(again) < 0.1
    picture = sheet.people([found, found])
    assert picture.shape == (110, 2 * 330, 3)
    Image.new("RGB", (200, 200)).save(photo)
    assert measure(sample, ["avataaars"], steady=True) is None


@pytest.mark.data
@pytest.mark.slow
def test_command(data: Path, tmp_path: Path) -> None:
    flags = ["--data", data, "--style", "personas", "--limit", 12, "--plain"]
    done = run(
        "evaluate", "likeness", *flags, "--calibrate", "--sheet", tmp_path / "s.png", "--json"
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert 0 <= found["styles"]["personas"]["auc"] <= 1
    assert found["weights"]["personas"]
    assert (tmp_path / "s.png").stat().st_size > 1000
    assert "AUC" in run("evaluate", "likeness", *flags).stdout
    assert run("evaluate", "likeness", *flags, "--split", "test").returncode == 2
