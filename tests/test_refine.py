"""Refine: all parts searched together, within bounds, and never against what was seen."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import emojimap
from emojimap import segments, sheet, styles
from emojimap.analysis import Analysis, analyse
from emojimap.arrays import F32, U8
from emojimap.avatar import Avatar
from emojimap.cli import app
from emojimap.comparison import compare
from emojimap.construct import face
from emojimap.errors import ArgumentError, EmojimapError, SettingsError, StyleError
from emojimap.fit import FitSettings, fit_analysis
from emojimap.refine import (
    TERMS,
    WAYS,
    Refinement,
    RefineSettings,
    genes,
    refine,
    search,
    starting_fit,
)
from emojimap.refine.genes import hair_scores, kept_parts
from emojimap.refine.search import Budget, Vector
from emojimap.refine.views import Whole
from emojimap.styles import Style
from emojimap.styles.layers import Layers
from emojimap.traits import natural

FEW = RefineSettings(evaluations=150, seconds=60, population=20, sample=10)
BEARD = {"moustache": 0.9, "chin": 0.9, "cheeks": 0.7}


class Thumbnails:
    """An embedder without a network: the picture, made small, on grey."""

    name = "thumbnails"

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds, self.calls, self.seen = seconds, 0, 0

    def embed(self, pictures: U8, kind: str) -> F32:
        assert kind in (segments.WHOLE, *segments.KINDS)
        assert pictures.ndim == 4
        assert pictures.dtype == np.uint8
        time.sleep(self.seconds)
        self.calls, self.seen = self.calls + 1, self.seen + len(pictures)
        cover = pictures[..., 3:] / np.float32(255)
        grey = pictures[..., :3] * cover + 128 * (1 - cover) - 128
        small = [cv2.resize(one, (12, 12), interpolation=cv2.INTER_AREA) for one in grey]
        return np.asarray(small, np.float32).reshape(len(pictures), -1)


class Planted(Thumbnails):
    """Takes the photos for a drawing, which then is what is looked for."""

    def __init__(self, drawing: U8) -> None:
        super().__init__()
        self.drawing = drawing

    def embed(self, pictures: U8, kind: str) -> F32:
        if self.calls == 0:
            pictures = np.repeat(self.drawing[None], len(pictures), axis=0)
        return super().embed(pictures, kind)


@pytest.fixture(scope="module")
def seen(astronaut: U8) -> Analysis:
    return analyse(astronaut)


@pytest.fixture(scope="module")
def avataaars() -> Style:
    return styles.load("avataaars")


def like(seen: Analysis, **traits: Any) -> Analysis:
    return replace(seen, traits=replace(seen.traits, **traits))


def changes(found: Refinement) -> set[str]:
    start = found.start.avatar.parts
    return {part for part, variant in found.avatar.parts.items() if variant != start[part]}


def choices(style: Style, references: list[Analysis], name: str) -> set[str | None]:
    start = starting_fit(references, style)
    found = {one.name: one for one in genes.genes(style, start, references, 40, FitSettings())}
    return (
        {next(iter(choice.values())) for choice in found[name].choices} if name in found else set()
    )


class TestSearch:
    """The two ways, on scores that are made up."""

    sizes = (6, 6, 4)

    @staticmethod
    def deceptive(vectors: list[Vector]) -> list[float]:
        """Two genes are worth something only together; the third by itself."""
        return [5.0 * (a == 5 and b == 4) - 0.1 * (a + b) + 0.2 * c for a, b, c in vectors]

    def found(self, way: str, evaluations: int = 600) -> tuple[Vector, int]:
        budget = Budget(evaluations, 60)
        if way == "genetic":
            rounds = search.genetic(
                self.sizes, (0, 0, 0), self.deceptive, budget,
                population=30, mutation=0.2, batch=7, seed=1,
            )  # fmt: skip
        else:
            rounds = search.separable(self.sizes, (0, 0, 0), self.deceptive, budget, batch=7)
        judged = [pair for some in rounds for pair in some]
        assert judged[0][0] == (0, 0, 0)
        assert budget.spent == len(judged)
        return max(judged, key=lambda pair: pair[1])[0], len(judged)

    def test_all_together_finds_what_one_by_one_does_not(self) -> None:
        assert self.found("genetic")[0] == (5, 4, 3)
        assert self.found("separable") == ((0, 0, 3), 16)

    @pytest.mark.parametrize("most", [1, 8, 45])
    def test_no_more_than_asked_for_is_tried(self, most: int) -> None:
        assert self.found("genetic", evaluations=most)[1] == most
        assert self.found("separable", evaluations=most)[1] == min(most, 16)

    def test_time_ends_it_between_batches(self) -> None:
        def slow(vectors: list[Vector]) -> list[float]:
            time.sleep(0.05 * len(vectors))
            return [0.0] * len(vectors)

        budget = Budget(10_000, 0.3)
        rounds = search.genetic(
            (9, 9), (0, 0), slow, budget, population=50, mutation=0.2, batch=2, seed=0
        )
        assert [len(some) for some in rounds] == [budget.spent]
        assert 2 <= budget.spent <= 10

    def test_what_has_one_choice_is_not_searched(self) -> None:
        budget = Budget(40, 60)
        judge = self.deceptive
        rounds = search.genetic(
            (1, 6, 1), (0, 2, 0), judge, budget, population=10, mutation=0.2, batch=10, seed=0
        )
        assert {(a, c) for some in rounds for (a, _, c), _ in some} == {(0, 0)}
        rounds = search.separable((1, 1, 1), (0, 0, 0), judge, Budget(40, 60), batch=10)
        assert [len(some) for some in rounds] == [1]

    def test_without_optuna_it_says_what_to_install(self, monkeypatch: Any) -> None:
        monkeypatch.setitem(sys.modules, "optuna", None)
        with pytest.raises(EmojimapError, match=r"pip install 'emojimap\[refine\]'"):
            search.need_optuna()


class TestGenes:
    def test_hair_of_several_pieces_is_one_choice(self, seen: Analysis) -> None:
        style = styles.load("big-ears")
        start = starting_fit([seen], style)
        hair, *others = genes.genes(style, start, [seen], 25, FitSettings())
        assert hair.name == "hair"
        assert hair.parts == {"hair", "frontHair"}
        assert 2 <= len(hair.choices) <= 26
        assert not any(gene.parts & hair.parts for gene in others)
        worn = {**start.avatar.parts}
        for gene in (hair, *others):
            assert {part: worn[part] for part in gene.parts} == gene.choices[gene.start]

    def test_scores_of_hair_are_those_of_the_overlap(
        self, seen: Analysis, avataaars: Style
    ) -> None:
        found = hair_scores([seen, seen], avataaars, "hair", 40, FitSettings())
        priors = avataaars.priors("hair")
        assert isinstance(priors, Mapping)
        for match in compare(seen, avataaars, top=40).matches:
            assert found[match.id] == pytest.approx(max(match.score, -priors[match.id]))
        assert found["dreads"] >= -priors["dreads"]

    def test_a_hat_on_one_photo_says_nothing_about_hair(
        self, seen: Analysis, avataaars: Style
    ) -> None:
        alone = hair_scores([seen], avataaars, "hair", 40, FitSettings())
        both = [seen, like(seen, headwear=True)]
        assert hair_scores(both, avataaars, "hair", 40, FitSettings()) == alone

    @pytest.mark.parametrize("name", styles.names())
    def test_nothing_from_nowhere(self, name: str, seen: Analysis) -> None:
        """Neither beard nor glasses where none was seen, nor a bad mood, nor other clothes."""
        style, bare = styles.load(name), like(seen, glasses="none", moustache=0, chin=0, cheeks=0)
        start = starting_fit([bare], style)
        drawn = [start.avatar.with_(parts=choice)
                 for gene in genes.genes(style, start, [bare], 40, FitSettings())
                 for choice in gene.choices]  # fmt: skip
        bad = {
            "sad",
            "angry",
            "cry",
            "closed",
            "wink",
            "frown",
            "concerned",
            "disbelief",
            "grimace",
        }
        for avatar in drawn:
            shown = style.shown(style.check(avatar))
            assert shown.glasses == "none"
            assert shown.cover == (0, 0, 0)
            assert not bad & {variant for variant in avatar.parts.values() if variant}
            clothes = style.part_names.get("clothes", ())
            assert all(avatar.parts[part] == start.avatar.parts[part] for part in clothes)

    @pytest.mark.parametrize(
        ("kind", "worn"),
        [
            ("dark", {"wayfarers", "sunglasses"}),
            ("clear", {"prescription01", "prescription02", "round"}),
            ("none", {None}),
        ],
    )
    def test_glasses_are_of_the_kind_that_was_seen(
        self, seen: Analysis, avataaars: Style, kind: str, worn: set[str | None]
    ) -> None:
        assert choices(avataaars, [like(seen, glasses=kind)], "glasses") == worn

    def test_glasses_drawn_with_the_eyes(self, seen: Analysis) -> None:
        personas = styles.load("personas")
        assert choices(personas, [like(seen, glasses="dark")], "glasses") == {"sunglasses"}
        assert choices(personas, [like(seen, glasses="dark")], "eyes") == set()

    def test_a_beard_may_be_any_or_none(self, seen: Analysis, avataaars: Style) -> None:
        assert choices(avataaars, [seen], "facial_hair") == {None}
        known = choices(avataaars, [like(seen, **BEARD)], "facial_hair")
        assert known == {None, "moustacheMagnum", "beardLight", "beardMedium", "beardMajestic"}

    def test_lips_go_with_the_mouth(self, seen: Analysis, avataaars: Style) -> None:
        start = starting_fit([seen], avataaars)
        found = genes.genes(avataaars, start, [seen], 40, FitSettings())
        mouth = next(gene for gene in found if gene.name == "mouth")
        assert {"mouth": "smile", "lips": "apart"} in mouth.choices
        assert {"mouth": "serious", "lips": "together"} in mouth.choices
        assert len(mouth.choices) == 3

    def test_what_has_measures_is_chosen_among_them(self, seen: Analysis) -> None:
        """Further usable variants stand in for a table that is not there."""
        assert choices(styles.load("big-ears"), [seen], "nose") == {
            "variant03", "variant07", "variant11", "variant12",
        }  # fmt: skip
        personas = choices(styles.load("personas"), [seen], "nose")
        assert personas == {"mediumRound", "smallRound", "wrinkles"}

    def test_evidence_is_the_mean_over_the_photos(self, seen: Analysis, avataaars: Style) -> None:
        high, low = (
            like(seen, mouth=mouth, measures={"brow_height": natural("brow_height", height)})
            for mouth, height in (("open", 1.3), ("neutral", -0.9))
        )
        start = fit_analysis(high, avataaars)

        def scores(name: str, photos: list[Analysis]) -> dict[str | None, float]:
            found = genes.genes(avataaars, start, photos, 40, FitSettings())
            gene = next(one for one in found if one.name == name)
            worn = [next(iter(choice.values())) for choice in gene.choices]
            return dict(zip(worn, gene.scores.tolist(), strict=True))

        assert scores("mouth", [high, high, low])["smile"] == pytest.approx(2 / 3)
        brows = [scores("brows", photos) for photos in ([high], [low], [high, low])]
        assert brows[0]["raisedExcitedNatural"] > brows[0]["flatNatural"]
        assert brows[1]["raisedExcitedNatural"] < brows[1]["flatNatural"]
        for name, both in brows[2].items():
            assert both == pytest.approx((brows[0][name] + brows[1][name]) / 2)

    def test_what_is_kept_has_one_choice(self, seen: Analysis, avataaars: Style) -> None:
        start = starting_fit([seen], avataaars)
        found = genes.genes(avataaars, start, [seen], 40, FitSettings(), ["hair", "eyebrows"])
        fixed = {gene.name: len(gene.choices) == 1 for gene in found}
        assert fixed["hair"]
        assert fixed["brows"]
        assert not fixed["mouth"]
        with pytest.raises(StyleError, match=r"part to keep 'eyebrow' is unknown: use eyebrows"):
            kept_parts(avataaars, ["eyebrow"])


class TestRefine:
    def test_what_was_planted_is_found(self, seen: Analysis, avataaars: Style) -> None:
        start = starting_fit([seen], avataaars)
        wanted = {"top": "bob", "eyebrows": "flatNatural", "mouth": "serious", "lips": "together"}
        picture = Layers(avataaars, start.avatar.colours).picture({**start.avatar.parts, **wanted})
        only = RefineSettings(evaluations=900, seconds=100, overlap=0, evidence=0, patience=100)
        found = refine([seen], avataaars, Planted(face(avataaars, picture)), only, start=start)
        assert {part: found.avatar.parts[part] for part in wanted} == wanted
        assert found.score > found.start_score
        assert found.avatar.colours == start.avatar.colours
        assert "refined" in found.avatar.choices["top"].why
        assert found.avatar.choices["top"].runners_up[0][0] == start.avatar.parts["top"]

    @pytest.mark.parametrize(
        ("way", "by"), [(WAYS[0], "whole"), (WAYS[0], "parts"), (WAYS[1], "whole")]
    )
    def test_the_same_seed_finds_the_same(self, seen: Analysis, way: str, by: str) -> None:
        one, two = (
            refine([seen], "toon-head", Thumbnails(), FEW, way=way, by=by) for _ in range(2)
        )
        assert one.avatar == two.avatar
        assert one.avatar.choices == two.avatar.choices
        assert [g.avatar for g in one.history] == [g.avatar for g in two.history]
        assert one.score >= one.start_score

    def test_scores_are_weighted_sums_of_the_terms(self, seen: Analysis) -> None:
        found = refine([seen], "personas", Thumbnails(), FEW)
        for score, terms in ((found.score, found.terms), (found.start_score, found.start_terms)):
            assert tuple(terms) == TERMS
            assert score == pytest.approx(sum(getattr(FEW, name) * terms[name] for name in TERMS))
        assert found.history[-1].best_score == pytest.approx(max(g.score for g in found.history))
        assert found.history[-1].evaluations == found.evaluations <= FEW.evaluations
        assert found.distinct <= found.evaluations + FEW.sample + 10

    def test_equal_avatars_are_looked_at_once(self, seen: Analysis) -> None:
        embedder = Thumbnails()
        found = refine([seen], "toon-head", embedder, FEW)
        assert embedder.seen == found.distinct + 1  # and the photo
        assert found.distinct < found.evaluations

    def test_without_a_reason_nothing_changes(self, seen: Analysis) -> None:
        nothing = replace(FEW, embedding=0, overlap=0, evidence=0)
        embedder = Thumbnails()
        found = refine([seen], "big-ears", embedder, nothing)
        assert found.avatar == found.start.avatar
        assert found.avatar.choices == found.start.avatar.choices
        assert embedder.calls == 0

    def test_it_ends_in_time(self, seen: Analysis) -> None:
        hasty = replace(FEW, evaluations=100_000, seconds=0.5, batch=5)
        found = refine([seen], "toon-head", Thumbnails(seconds=0.2), hasty)
        assert found.evaluations < 20

    def test_it_ends_where_nothing_gets_better(self, seen: Analysis) -> None:
        patient = replace(FEW, evaluations=100_000, embedding=0, patience=3)
        found = refine([seen], "toon-head", Thumbnails(), patient)
        assert len(found.history) < 30

    def test_what_is_kept_stays(self, seen: Analysis) -> None:
        keep = ["hair", "rearHair", "mouth"]
        found = refine([seen], "toon-head", Thumbnails(), replace(FEW, overlap=0), keep=keep)
        assert not changes(found) & {"hair", "rearHair", "mouth"}

    def test_a_hand_set_start_is_where_it_starts(self, seen: Analysis, avataaars: Style) -> None:
        start = starting_fit([seen], avataaars)
        odd = replace(start, avatar=start.avatar.with_(parts={"top": "hijab"}))
        found = refine([seen], avataaars, Thumbnails(), FEW, start=odd, keep=["top"])
        assert found.avatar.parts["top"] == "hijab"
        assert found.history[0].evaluations == FEW.population

    def test_most_photos_decide_what_is_worn(self, seen: Analysis, avataaars: Style) -> None:
        bearded = like(seen, **BEARD)
        assert starting_fit([bearded, seen, seen], avataaars).avatar.parts["facialHair"] is None
        assert starting_fit([seen, bearded, bearded], avataaars).analysis is bearded

    def test_a_set_of_pictures_is_searched_whole(self, seen: Analysis, set_style: Style) -> None:
        found = refine([seen], set_style, Thumbnails(), replace(FEW, evaluations=30, population=10))
        assert found.avatar.parts["picture"] in set_style.parts["picture"]
        with pytest.raises(StyleError):
            refine([seen], set_style, Thumbnails(), FEW, by="parts")

    def test_wrong_arguments_are_named(self, seen: Analysis) -> None:
        with pytest.raises(ArgumentError, match="no reference"):
            refine([], "toon-head", Thumbnails())
        with pytest.raises(ArgumentError, match="way 'random': use genetic or separable"):
            refine([seen], "toon-head", Thumbnails(), way="random")
        with pytest.raises(ArgumentError, match=r"RefineSettings\.population is 1"):
            RefineSettings(population=1)

    def test_avatars_are_seen_as_photos_are(self, seen: Analysis, avataaars: Style) -> None:
        """Eyes in the same place, at the same distance."""
        start = starting_fit([seen], avataaars).avatar
        drawing = face(avataaars, start.to_image(128))
        alike = Whole(avataaars, start, [seen], Planted(drawing), 128).cosines([start.parts])
        assert alike[0] == pytest.approx(1, abs=0.01)
        dots = np.zeros((200, 200, 4), np.uint8)
        for x, y in np.asarray(avataaars.eyes) * 200:  # type: ignore[attr-defined]
            cv2.circle(dots, (round(x), round(y)), 3, (255, 255, 255, 255), -1)
        cut = face(avataaars, dots)[:, :, 3] > 128
        columns = np.nonzero(cut.any(axis=0))[0]
        assert columns.mean() == pytest.approx(55.5, abs=1.5)
        # A quarter of the side apart, and the width of a dot.
        assert np.ptp(columns) == pytest.approx(28 + 5, abs=3)

    def test_history_is_drawn(self, seen: Analysis) -> None:
        found = refine([seen, seen], "toon-head", Thumbnails(), replace(FEW, evaluations=60))
        picture = sheet.history(found, columns=2)
        assert picture.dtype == np.uint8
        rows = 1 + -(-len(found.history) // 2)
        assert picture.shape == (rows * 158, 4 * 140, 3)
        assert picture.std() > 20


class TestCommand:
    @pytest.fixture
    def photo(self, astronaut: U8, tmp_path: Path) -> Path:
        path = tmp_path / "photo.png"
        Image.fromarray(astronaut).save(path)
        return path

    @pytest.fixture(autouse=True)
    def _embedder(self, monkeypatch: Any) -> None:
        monkeypatch.setattr("emojimap.embed.load", lambda *_, **__: Thumbnails())

    def run(self, *arguments: Any) -> Any:
        return CliRunner().invoke(app, ["refine", *map(str, arguments)])

    def test_it_writes_what_it_found(self, photo: Path, tmp_path: Path) -> None:
        names = ("a.png", "a.json", "h.png", "b.png")
        png, json_, history, best = (tmp_path / name for name in names)
        done = self.run(
            photo, photo, "-o", png, "-o", json_, "--style", "toon-head", "--evaluations", 60,
            "--history", history, "--best-so-far", best, "--size", 90, "--json",
            "--set", "mouth=laugh", "--colour", "hair=#aa3311",
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        avatar = Avatar.from_json(json_.read_text("utf-8"))
        assert avatar.parts["mouth"] == "laugh"
        assert avatar.colours["hair"] == "#aa3311"
        assert Avatar.from_json(done.stdout) == avatar
        assert "score" in done.stderr
        for path in (png, best):
            with Image.open(path) as picture:
                assert picture.size == (90, 90)
        with Image.open(history) as picture:
            assert picture.size[0] == 8 * 140

    def test_settings_come_from_a_file(self, photo: Path, tmp_path: Path) -> None:
        rules = tmp_path / "rules.toml"
        rules.write_text("[refine]\npopulation = 10\nevaluations = 10\n", "utf-8")
        out = tmp_path / "a.json"
        done = self.run(photo, "-o", out, "--style", "toon-head", "--settings", rules)
        assert done.exit_code == 0, done.output
        assert "; 10 avatars" in done.stderr
        rules.write_text("[refine]\npopulations = 10\n", "utf-8")
        done = self.run(photo, "-o", out, "--settings", rules)
        assert isinstance(done.exception, SettingsError)
        assert "population" in str(done.exception)

    @pytest.mark.parametrize(
        ("arguments", "named"),
        [
            (["--keep", "mouht"], "use mouth"),
            (["--style", "avatars"], "avataaars"),
        ],
    )
    def test_what_is_unknown_is_named(
        self, photo: Path, tmp_path: Path, arguments: list[str], named: str
    ) -> None:
        done = self.run(photo, "-o", tmp_path / "a.png", *arguments)
        assert isinstance(done.exception, StyleError)
        assert named in str(done.exception)
        assert not (tmp_path / "a.png").exists()

    def test_wrong_usage(self, photo: Path, tmp_path: Path) -> None:
        for arguments in (["--search", "both"], ["--by", "half"], ["--history", photo]):
            done = self.run(photo, "-o", tmp_path / "a.png", *arguments)
            assert done.exit_code == 2, done.output

    def test_a_photo_without_a_face_is_named(self, photo: Path, tmp_path: Path) -> None:
        blank = tmp_path / "blank.png"
        Image.new("RGB", (80, 80)).save(blank)
        done = self.run(photo, blank, "-o", tmp_path / "a.png")
        assert isinstance(done.exception, EmojimapError)
        assert "blank.png" in str(done.exception)


def test_the_module_can_be_called(seen: Analysis) -> None:
    from emojimap import refine as module

    found = module([seen], "toon-head", Thumbnails(), replace(FEW, evaluations=20))  # type: ignore[operator]
    assert isinstance(found, Refinement)
    assert emojimap.__version__
