"""Faces in films: followed, filtered, judged; drawn, or the portrait that scikit-image carries."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from emojimap import styles
from emojimap.analysis import analyse
from emojimap.comparison import Overlay
from emojimap.errors import ArgumentError
from emojimap.facenet import backends
from emojimap.facenet.find import FindSettings
from emojimap.facenet.network import Networks
from emojimap.facenet.shape import mean_face
from emojimap.fit import Fit, FitSettings, fit_analysis
from emojimap.overlap import Match
from emojimap.traits import TraitSettings, measure
from emojimap.video import VideoSettings
from emojimap.video.beside import Beside, InOrder
from emojimap.video.evidence import Evidence
from emojimap.video.following import Follower, _other
from emojimap.video.moods import Mood, Moods, eye_opening, lips
from emojimap.video.one_euro import OneEuro
from emojimap.video.steady import Steady
from emojimap.video.tracking import Tracker
from tests.conftest import DrawnNetwork, blank, draw_face
from tests.drawn_film import RATE, SMALL, drawn


@pytest.fixture(scope="module")
def seen(astronaut):
    return analyse(astronaut)


@pytest.fixture(scope="module")
def fitted(seen):
    return fit_analysis(seen, styles.load("avataaars"), top=6)


def face_points(scale=100.0, shift=(200.0, 200.0)):
    shape = mean_face()
    eyes = np.stack([shape[36:42].mean(axis=0), shape[42:48].mean(axis=0)])
    return (np.vstack([shape, eyes]) * scale + shift).astype(np.float32)


# ---------------------------------------------------------------- filter


def test_filter_calms_what_rests():
    rng = np.random.default_rng(0)
    calm = OneEuro(VideoSettings())
    base = face_points()
    raw = [base + rng.normal(0, 0.4, base.shape).astype(np.float32) for _ in range(120)]
    out = [calm(points, i / RATE, 100.0) for i, points in enumerate(raw)]
    jitter = [np.abs(np.diff(points[30:], axis=0)).mean() for points in (raw, out)]
    assert jitter[1] < jitter[0] / 4
    assert np.abs(np.mean(out[30:], axis=0) - base).max() < 0.3


def test_filter_keeps_up_with_motion():
    follow = OneEuro(VideoSettings())
    base = face_points()
    for i in range(60):  # one face size a second
        now = base + np.float32([100 * i / RATE, 0])
        out = follow(now, i / RATE, 100.0)
    assert 0 < (now - out)[:, 0].mean() < 5


def test_filter_starts_where_the_face_is():
    calm = OneEuro(VideoSettings())
    calm(face_points(), 0.0, 100.0)
    calm.reset()
    there = face_points(shift=(400.0, 100.0))
    np.testing.assert_allclose(calm(there, 0.1, 100.0), there)


def test_settings_refuse_what_cannot_be():
    with pytest.raises(ArgumentError, match="multiple of 32"):
        VideoSettings(track_px=200)
    with pytest.raises(ArgumentError, match="open and close"):
        VideoSettings(closed_share=0.8)


# ---------------------------------------------------------------- mouth and eyes


def with_mouth(gap, lift, width=1.0):
    """A face whose lips are so far apart, and whose corners lie so high, in mouth widths."""
    points = face_points()
    middle, half = points[48:68].mean(axis=0), 0.5 * width * 54.0
    points[48:68, 0] = middle[0] + (points[48:68, 0] - middle[0]) * half / 17.0
    across = points[54, 0] - points[48, 0]
    points[61:64, 1] = middle[1] - gap * across / 2
    points[65:68, 1] = middle[1] + gap * across / 2
    points[[48, 54], 1] = middle[1] - lift * across
    return points


def test_lips_are_judged_as_in_photos():
    exact = VideoSettings(mood_gap=0, mood_lift=0, talk_gap=2, mood_s=0)
    photo = np.full((400, 400, 3), 128, np.uint8)
    names = ("facial_hair", "skin", "glasses", "headwear", "hair", "body")
    masks = dict.fromkeys(names, np.zeros((400, 400), bool))
    rng = np.random.default_rng(1)
    for gap, lift in rng.uniform((0, -0.1), (0.3, 0.2), (40, 2)):
        points = with_mouth(gap, lift)
        mood = Moods(TraitSettings(), exact).follow(points, 0.0)
        assert mood.mouth == measure(photo, points, masks).mouth


def moods(openings, settings=None, step=1 / RATE):
    follow = Moods(TraitSettings(), settings or VideoSettings())
    found = []
    for i, opening in enumerate(openings):
        points = face_points()
        scale = opening / eye_opening(points)
        for eye in (slice(36, 42), slice(42, 48)):
            middle = points[eye, 1].mean()
            points[eye, 1] = middle + scale * (points[eye, 1] - middle)
        found.append(follow.follow(points, i * step).closed)
    return found


def test_a_blink_is_seen_and_lasts_a_moment():
    closed = moods([0.3] * 20 + [0.18] * 2 + [0.3] * 20)
    assert not any(closed[:20])
    assert closed[20]
    assert 4 <= sum(closed) <= 6


def test_eyes_that_only_narrow_stay_open():
    rng = np.random.default_rng(0)
    assert not any(moods(0.3 + rng.normal(0, 0.02, 100)))
    assert not any(moods([0.3] * 20 + [0.24] * 30))


def test_mouth_waits_a_moment_and_ignores_a_flicker():
    follow = Moods(TraitSettings(), VideoSettings())
    shown = []
    for i in range(40):
        wide = i == 10 or i >= 20
        shown.append(follow.follow(with_mouth(0.2 if wide else 0.0, 0.065), i / RATE).mouth)
    assert set(shown[:20]) == {"smile"}
    assert shown[22:] == ["open"] * 18


def test_mouth_at_a_threshold_does_not_flicker():
    rng = np.random.default_rng(3)
    follow = Moods(TraitSettings(), VideoSettings())
    edge = TraitSettings().smile_lift
    shown = [
        follow.follow(with_mouth(0.0, edge + rng.normal(0, 0.003)), i / RATE).mouth
        for i in range(90)
    ]
    assert len(set(shown)) == 1


def test_a_speaking_mouth_opens():
    follow = Moods(TraitSettings(), VideoSettings())
    for i in range(10):
        mood = follow.follow(with_mouth(0.35, -0.1), i / RATE)
    assert mood.mouth == "open"
    assert lips(with_mouth(0.35, -0.1)).gap == pytest.approx(0.35, abs=0.01)


# ---------------------------------------------------------------- evidence


def test_evidence_averages_looks_wherever_the_head_is(seen, astronaut):
    moved = cv2.warpAffine(
        astronaut, np.float64([[0.9, 0, 40], [0, 0.9, 10]]), astronaut.shape[1::-1]
    )
    evidence = Evidence(8)
    evidence.add(seen)
    mean = evidence.add(analyse(moved))
    hair = mean.head.masks["hair"]
    both = (hair > 0.9).sum() / (hair > 0.1).sum()
    assert both > 0.75
    assert mean.traits.glasses == "none"
    assert np.abs(mean.colours.skin.astype(int) - seen.colours.skin).max() < 25


def test_evidence_takes_the_majority(seen):
    from dataclasses import replace

    odd = replace(
        seen,
        traits=replace(seen.traits, glasses="clear", headwear=True),
        colours=replace(seen.colours, hair=None),
    )
    evidence = Evidence(10)
    for look in (seen, seen, odd, seen):
        mean = evidence.add(look)
    assert mean.traits.glasses == "none"
    assert not mean.traits.headwear
    assert np.abs(mean.colours.hair.astype(int) - seen.colours.hair).max() <= 2
    for _ in range(12):
        mean = evidence.add(odd)
    assert mean.traits.glasses == "clear"
    assert mean.colours.hair is None


# ---------------------------------------------------------------- steadiness


def other_fit(fitted, top, lead, colours=None, parts=None):
    """A fit that prefers another hairdo by so much."""
    names = {"top": top, **(parts or {})}
    avatar = fitted.avatar.with_(parts=names, colours=colours or {})
    shown = fitted.overlay.matches[0].id
    matches = [
        Match(top, 0, 0.6 + lead, 0.6, 0, 0, 1.0, {}),
        Match(shown, 1, 0.6, 0.6, 0, 0, 1.0, {}),
    ]
    overlay = Overlay("hair", fitted.overlay.query, fitted.overlay.visible, matches, {})
    return Fit(avatar, [], fitted.analysis, overlay)


def steady_of(fitted, **settings):
    steady = Steady(styles.load("avataaars"), VideoSettings(**settings))
    steady.offer(fitted, settled=False)
    return steady


def test_hair_changes_after_clear_leads_in_a_row(fitted):
    steady = steady_of(fitted)
    before = steady.avatar(Mood()).parts["top"]
    new = "bun" if before != "bun" else "bob"
    for _ in range(2):
        steady.offer(other_fit(fitted, new, 0.1), settled=True)
    steady.offer(fitted, settled=True)
    for _ in range(2):
        steady.offer(other_fit(fitted, new, 0.1), settled=True)
        assert steady.avatar(Mood()).parts["top"] == before
    steady.offer(other_fit(fitted, new, 0.1), settled=True)
    assert steady.avatar(Mood()).parts["top"] == new
    assert steady.part_changes == 1


def test_hair_never_changes_for_a_small_lead(fitted):
    steady = steady_of(fitted)
    before = steady.avatar(Mood())
    for _ in range(20):
        steady.offer(other_fit(fitted, "bun", 0.005), settled=True)
    assert steady.avatar(Mood()) == before


def test_first_looks_are_believed_at_once(fitted):
    steady = steady_of(fitted)
    steady.offer(other_fit(fitted, "bun", 0.001), settled=False)
    assert steady.avatar(Mood()).parts["top"] == "bun"


def test_colours_change_where_they_are_visibly_off(fitted):
    steady = steady_of(fitted)
    before = steady.avatar(Mood()).colours["skin"]
    level = [int(before[i : i + 2], 16) for i in (1, 3, 5)]
    near = "#{:02x}{:02x}{:02x}".format(*(max(value - 3, 0) for value in level))
    far = "#{:02x}{:02x}{:02x}".format(*(max(value - 60, 0) for value in level))
    top = fitted.overlay.matches[0].id
    steady.offer(other_fit(fitted, top, 0.1, {"skin": near}), settled=True)
    assert steady.avatar(Mood()).colours["skin"] == before
    steady.offer(other_fit(fitted, top, 0.1, {"skin": far}), settled=True)
    assert steady.avatar(Mood()).colours["skin"] == far
    assert steady.colour_changes == 1


def test_mouth_and_eyes_follow_the_mood(fitted):
    steady = steady_of(fitted)
    open_, neutral = steady.avatar(Mood("open")), steady.avatar(Mood("neutral"))
    assert open_.parts["mouth"] != neutral.parts["mouth"]
    closed = steady.avatar(Mood("neutral", closed=True))
    assert closed.parts["eyes"] == "closed"
    assert steady.avatar(Mood("neutral")) == neutral
    assert steady.part_changes == 0


def test_styles_without_closed_eyes_leave_them(seen):
    style = styles.load("toon-head")
    steady = Steady(style, VideoSettings())
    steady.offer(fit_analysis(seen, style), settled=False)
    assert steady.avatar(Mood(closed=True)) == steady.avatar(Mood())


# ---------------------------------------------------------------- threads


def test_results_come_a_fixed_number_of_frames_later():
    with Beside(3) as looks:
        looks.start(5, lambda: "look")
        assert [looks.take(frame) for frame in (6, 7, 8, 9)] == [None, None, "look", None]
        assert looks.idle
        looks.start(10, lambda: "dropped")
        looks.drop()
        assert looks.take(20) is None


def test_jobs_run_in_order_and_their_errors_arrive():
    done = []
    with InOrder(2) as jobs:
        for i in range(8):
            jobs.do(lambda i=i: done.append(i))
        jobs.finish()
        assert done == list(range(8))
        jobs.do(lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            jobs.finish()


# ---------------------------------------------------------------- tracking


def tracker(**settings):
    return Tracker(DrawnNetwork(), FindSettings(), VideoSettings(track_px=128, **settings))


def test_a_face_is_followed_lost_and_met_again():
    follow = tracker()
    there = [follow.follow(frame, i / RATE) for i, frame in enumerate(drawn(20))]
    assert all(there)
    assert {seen.person for seen in there} == {0}
    error = np.abs(there[-1].face.points - there[-1].raw).mean()
    assert error < 3
    assert follow.follow(blank(*SMALL), 20 / RATE) is None
    again = [follow.follow(frame, (21 + i) / RATE) for i, frame in enumerate(drawn(20))]
    assert again[0] is None or again[0].person == 0  # searched only every few frames
    assert again[-1].person == 0


def test_after_a_while_a_face_is_someone_else():
    follow = tracker()
    assert follow.follow(next(drawn(1)), 0.0).person == 0
    for i in range(1, 60):
        follow.follow(blank(*SMALL), i / RATE)
    found = [follow.follow(next(drawn(1)), 2 + i / RATE) for i in range(10)]
    assert found[-1].person == 1
    assert found[-1].since < 0.5


def test_a_cut_begins_anew():
    follow = tracker()
    for i in range(5):
        first = follow.follow(next(drawn(1)), i / RATE)
    other = draw_face(np.full((*SMALL, 3), 240, np.uint8), (220, 120), 50)
    second = follow.follow(other, 5 / RATE)
    assert second.person == first.person + 1
    np.testing.assert_allclose(second.face.points, second.raw)


def test_a_much_larger_face_or_the_only_one_is_followed():
    def face(x, size):
        return SimpleNamespace(points=face_points(size, (x, 100.0)), size=size)

    mine = face(100, 50)
    assert _other(mine, [face(102, 51), face(400, 60)], 1.4) is None
    big = face(400, 90)
    assert _other(mine, [big, face(102, 51)], 1.4) is big
    assert _other(mine, [], 1.4) is None
    gone = face(300, 40)
    assert _other(mine, [gone], 1.4) is gone


def test_someone_nearer_is_followed_after_two_searches():
    network = DrawnNetwork()
    settings = VideoSettings(track_px=128, recheck_s=0.2, delay_frames=1)
    style = styles.load("avataaars")
    with Follower(Networks(network, network), style, FitSettings(), settings) as each:
        for i in range(40):
            photo = draw_face(blank(*SMALL), (70, 150), 25)
            if i >= 5:
                draw_face(photo, (230, 120), 50)
            moment = each.next(photo, i / RATE)
            if i == 10:
                assert moment.seen.face.size < 70
    assert moment.seen.person == 1
    assert moment.seen.face.points[:, 0].mean() > 180


# ---------------------------------------------------------------- real faces


def at_rest(photo, n, noise, rng):
    """A person who sits still before a bad camera."""
    for _ in range(n):
        dx, dy = rng.normal(0, 0.3, 2)
        moved = cv2.warpAffine(
            photo, np.float64([[1, 0, dx], [0, 1, dy]]), photo.shape[1::-1],
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        yield np.clip(moved + rng.normal(0, noise, photo.shape), 0, 255).astype(np.uint8)


class Remembering:
    """A network that answers what it was asked before from memory."""

    def __init__(self, network):
        self._network, self.size = network, network.size
        self._answers = {}

    def __call__(self, crops):
        return self._once(self._network, crops, False)

    def landmarks(self, crops):
        return self._once(self._network.landmarks, crops, True)

    def _once(self, ask, crops, short):
        key = short, crops.shape, crops.tobytes()
        if key not in self._answers:
            self._answers[key] = ask(crops)
        return self._answers[key]


def follow(frames, style="avataaars", networks=None, **settings):
    networks = networks or backends.networks(threads=1)
    with Follower(networks, styles.load(style), FitSettings(), VideoSettings(**settings)) as each:
        return [each.next(frame, i / RATE) for i, frame in enumerate(frames)]


def test_nothing_flickers_on_a_person_at_rest(astronaut):
    photo = cv2.resize(astronaut[:384], (480, 360), interpolation=cv2.INTER_AREA)
    moments = follow(at_rest(photo, 100, 12, np.random.default_rng(0)))
    later = moments[RATE:]
    assert all(moment.seen is not None for moment in moments)
    assert len({moment.avatar for moment in later}) == 1
    assert len({moment.mood for moment in later}) == 1
    raw, shown = (
        np.stack([get(moment.seen) for moment in later])
        for get in (lambda seen: seen.raw, lambda seen: seen.face.points)
    )
    steps = [np.abs(np.diff(points, axis=0)).mean() for points in (raw, shown)]
    assert steps[1] < steps[0] / 5
    assert np.abs(raw.mean(axis=0) - shown.mean(axis=0)).mean() < 0.5


@pytest.mark.data
def test_mouth_follows_from_neutral_to_a_toothy_smile_and_back(data):
    photos = []
    for name in ("p0348_3", "p0348_4"):
        path = next((data / "hair" / "lfw" / "images").glob(f"{name}.*"))
        photo = cv2.imread(str(path))[:, :, ::-1]
        photos.append(cv2.resize(photo, (480, 480), interpolation=cv2.INTER_CUBIC))
    rng = np.random.default_rng(0)
    shown = follow(f for photo in (*photos, photos[0]) for f in at_rest(photo, 12, 4, rng))
    mouths = [moment.mood.mouth for moment in shown]
    assert set(mouths[3:12]) == {"neutral"}
    assert set(mouths[15:24]) == {"open"}
    assert set(mouths[27:]) == {"neutral"}
    parts = [shown[i].avatar.parts["mouth"] for i in (8, 20, 32)]
    assert parts[0] == parts[2] != parts[1]


@pytest.fixture(scope="module")
def remembering():
    networks = backends.networks(threads=1)
    return Networks(Remembering(networks.face), Remembering(networks.hair))


@pytest.mark.slow
@pytest.mark.parametrize("style", ["avataaars", "toon-head", "big-ears", "personas"])
def test_no_style_flickers(astronaut, style, remembering):
    photo = cv2.resize(astronaut[:384], (480, 360), interpolation=cv2.INTER_AREA)
    moments = follow(at_rest(photo, 150, 12, np.random.default_rng(1)), style, remembering)
    assert len({moment.avatar for moment in moments[RATE:]}) == 1
