"""Films: read and written with PyAV, from file to file."""

import json
import signal
import sys
import tracemalloc
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from emojimap import styles
from emojimap.cli import app
from emojimap.cli.video import _until_interrupted
from emojimap.errors import EmojimapError, OutputError
from emojimap.facenet import backends
from emojimap.facenet.network import Networks
from emojimap.fit import FitSettings
from emojimap.video import VideoError, VideoSettings, convert
from emojimap.video.curves import AVATAR_COLOUR, FACE_COLOUR, Curves
from emojimap.video.following import Follower
from emojimap.video.source import Source, camera_number
from tests.conftest import DrawnNetwork, blank
from tests.drawn_film import RATE, SMALL, av, drawn, packets, pictures, start, times, tone, write


@pytest.fixture
def fake(monkeypatch):
    """Networks that read drawn faces, in place of those that ship."""
    network = DrawnNetwork()
    monkeypatch.setattr(backends, "networks", lambda **_: Networks(network, network))
    return network


@pytest.fixture
def film(tmp_path):
    return write(tmp_path / "in.mp4", drawn(20))


# ---------------------------------------------------------------- reading


def read(path, **options):
    with Source(str(path), options.pop("height", 720), **options) as source:
        items = list(source.read())
        frames = [item for item in items if hasattr(item, "photo")]
        return frames, [item for item in items if not hasattr(item, "photo")], source.broken


def test_frames_keep_their_times(tmp_path):
    pts = [0, 1, 2, 6, 7, 15, 16, 17, 30]
    path = write(tmp_path / "vfr.mp4", drawn(9), pts=pts)
    frames, sounds, broken = read(path)
    assert [round(frame.seconds * RATE) for frame in frames] == pts
    assert sounds
    assert broken == 0


@pytest.mark.parametrize("turn", [90, 180, -90])
def test_films_of_phones_stand_upright(tmp_path, turn):
    upright = blank(120, 160)
    upright[:40, :40] = (250, 30, 30)
    lying = np.ascontiguousarray(np.rot90(upright, -turn // 90))
    path = write(tmp_path / "phone.mp4", [lying] * 3, rotation=turn, sound=None)
    frames, _, _ = read(path)
    assert frames[0].photo.shape == (120, 160, 3)
    assert np.abs(frames[0].photo.astype(int) - upright).mean() < 6


def test_high_frames_are_reduced(tmp_path):
    path = write(tmp_path / "in.mp4", drawn(2))
    frames, _, _ = read(path, height=120)
    assert frames[0].photo.shape == (120, 160, 3)


def damaged(path, share=(0.4, 0.5)):
    """Overwrite a stretch of the pictures with noise."""
    content = bytearray(path.read_bytes())
    start = content.index(b"mdat") + 8
    end = content.index(b"moov") if b"moov" in content else len(content)
    first, last = (int(start + part * (end - start)) for part in share)
    content[first:last] = (
        np.random.default_rng(0).integers(0, 256, last - first).astype("u1").tobytes()
    )
    path.write_bytes(content)
    return path


def noisy(n, shape=SMALL):
    rng = np.random.default_rng(0)
    for frame in drawn(n, shape):
        yield np.clip(frame + rng.normal(0, 6, frame.shape), 0, 255).astype(np.uint8)


def test_broken_frames_are_left_out_and_counted(tmp_path, fake):
    path = damaged(write(tmp_path / "in.mp4", noisy(40)))
    out = tmp_path / "out.mp4"
    report = convert(path, out)
    assert report.broken > 0
    assert 10 <= report.frames < 40
    assert len(pictures(out)) == report.frames
    assert np.all(np.diff(times(out)) > 0)


def test_a_film_that_ends_early_is_used_as_far_as_it_goes(tmp_path, fake):
    whole = write(tmp_path / "in.mkv", noisy(40)).read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole[: len(whole) * 6 // 10])
    report = convert(cut, tmp_path / "out.mp4")
    assert 5 < report.frames < 40


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"no film at all" * 50, "can't be read as a film"), (None, "is no file"), (b"", "can't be")],
)
def test_what_is_no_film_is_refused(tmp_path, content, message):
    path = tmp_path / "in.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(VideoError, match=message):
        convert(path, tmp_path / "out.mp4")
    assert [each.name for each in tmp_path.iterdir() if each != path] == []


def test_a_film_without_a_readable_frame_leaves_nothing(tmp_path, fake):
    path = damaged(write(tmp_path / "in.mp4", noisy(10), sound=None), (0.0, 1.0))
    with pytest.raises(VideoError, match="no frame that can be read"):
        convert(path, tmp_path / "out.mp4")
    assert [each.name for each in tmp_path.iterdir()] == ["in.mp4"]


def test_sound_alone_is_no_film(tmp_path):
    path = tmp_path / "in.mp4"
    with av.open(str(path), "w") as film:
        audio = film.add_stream("aac", rate=44_100, layout="mono")
        part = av.AudioFrame.from_ndarray(tone(1024)[None], "fltp", "mono")
        part.sample_rate = 44_100
        film.mux(audio.encode(part))
        film.mux(audio.encode(None))
    with pytest.raises(VideoError, match="no pictures"):
        convert(path, tmp_path / "out.mp4")


def test_cameras_by_name():
    assert camera_number("camera") == "0"
    assert camera_number("camera:FaceTime HD") == "FaceTime HD"
    assert camera_number("/dev/video2") == "/dev/video2"
    assert camera_number("holiday.mp4") is None


def test_a_missing_camera_is_one_clear_error(tmp_path):
    with pytest.raises(VideoError, match=r"no camera at .*plug one in"):
        convert("camera:97", tmp_path / "out.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_camera_is_read_until_it_is_stopped(tmp_path, fake, monkeypatch):
    real = av.open

    def device(name, *args, format=None, **options):
        if format is None:
            return real(name, *args, **options)
        return real("testsrc=size=320x240:rate=30", format="lavfi")

    monkeypatch.setattr(av, "open", device)
    asked = iter([False] * 11 + [True])
    out = tmp_path / "out.mp4"
    report = convert("camera", out, stop=lambda: next(asked), video=VideoSettings(track_px=128))
    assert report.frames == 12
    assert len(pictures(out)) == 12
    assert times(out)[0] == 0


def test_the_first_interruption_ends_a_camera_the_second_the_program():
    with _until_interrupted("0") as stop:
        assert not stop()
        signal.raise_signal(signal.SIGINT)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with _until_interrupted(None) as stop:
        assert stop is None


def test_without_pyav_the_extra_is_named(monkeypatch, tmp_path, film):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(VideoError, match=r"emojimap\[video\]"):
        convert(film, tmp_path / "out.mp4")


# ---------------------------------------------------------------- writing


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_sound_is_kept_as_it_is(tmp_path, fake, film, suffix):
    out = tmp_path / f"out{suffix}"
    report = convert(film, out, video=VideoSettings(track_px=128))
    before, after = packets(film), packets(out)
    assert after[0] == before[0] == "aac"
    assert [p[2] for p in after[1]] == [p[2] for p in before[1]]
    assert report.sound_lost == 0
    # Matroska knows no times before 0 and moves pictures and sound alike.
    assert np.diff(times(out)) == pytest.approx(np.diff(times(film)), abs=2e-3)
    late = [start(path, "audio") - start(path, "video") for path in (film, out)]
    assert late[0] == pytest.approx(late[1], abs=2e-3)


def test_sound_is_encoded_where_the_file_takes_no_other(tmp_path, fake, film):
    out = tmp_path / "out.webm"
    convert(film, out, video=VideoSettings(track_px=128))
    with av.open(str(out)) as made:
        assert made.streams.video[0].codec_context.name.startswith(("vp9", "libvpx"))
        frames = list(made.decode(audio=0))
    assert made.streams is not None
    assert frames[-1].time + frames[-1].samples / 48_000 == pytest.approx(20 / RATE, abs=0.1)
    loud = np.abs(np.concatenate([f.to_ndarray()[0] for f in frames[4:-4]])).max()
    assert 0.1 < loud < 0.4


def test_odd_sizes_and_times_of_any_rhythm(tmp_path, fake):
    pts = [0, 3, 4, 9, 20]
    path = write(tmp_path / "in.mkv", drawn(5, (241, 320)), pts=pts, pix_fmt="yuv444p")
    path2 = tmp_path / "out.mp4"
    convert(path, path2, height=101, video=VideoSettings(track_px=128))
    assert pictures(path2)[0].shape[0] == 102
    assert pictures(path2)[0].shape[1] % 2 == 0
    assert [round(each * RATE) for each in times(path2)] == pts


def test_places_that_cannot_be_written(tmp_path, film):
    with pytest.raises(OutputError, match=r"\.avi.*\.mp4"):
        convert(film, tmp_path / "out.avi")
    with pytest.raises(OutputError, match="no folder"):
        convert(film, tmp_path / "none" / "out.mp4")
    before = film.read_bytes()
    (tmp_path / "link.mp4").symlink_to(film)
    for target in (film, tmp_path / "link.mp4"):
        with pytest.raises(OutputError, match="what is read"):
            convert(film, target)
    assert film.read_bytes() == before


def test_an_interrupted_film_leaves_nothing(tmp_path, fake, film):
    def interrupt(count, done):
        if count == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(film, tmp_path / "out.mp4", progress=interrupt)
    assert [each.name for each in tmp_path.iterdir()] == ["in.mp4"]


# ---------------------------------------------------------------- the whole way


def test_picture_and_avatar_side_by_side(tmp_path, fake, film):
    out = tmp_path / "out.mp4"
    report = convert(film, out, video=VideoSettings(track_px=128))
    made = pictures(out)
    assert made[0].shape == (240, 320 + 240, 3)
    assert report.frames == report.tracked == 20
    assert report.lost == 0
    assert report.people == 1
    right = made[-1][:, 330:]
    assert np.abs(right[:5, :5].astype(int) - (246, 246, 243)).max() < 12
    assert (np.abs(right.astype(int) - (246, 246, 243)).max(axis=2) > 40).mean() > 0.2
    left, before = made[-1][:, :320].astype(int), pictures(film)[-1].astype(int)
    assert np.abs(left - before)[:20].mean() < 5  # untouched beside the head
    assert np.abs(left - before)[90:170, 120:200].mean() > 8


def test_the_same_film_gives_the_same_film(tmp_path, fake, film):
    names = [tmp_path / name for name in ("a.mkv", "b.mkv")]
    for name in names:
        convert(film, name, video=VideoSettings(track_px=128, delay_frames=2))
    one, two = (pictures(name) for name in names)
    np.testing.assert_array_equal(one, two)


def test_frames_without_a_face_are_shown_and_counted(tmp_path, fake):
    frames = [blank(*SMALL)] * 4 + list(drawn(8)) + [blank(*SMALL)] * 6
    out = tmp_path / "out.mp4"
    settings = VideoSettings(track_px=128, search_frames=1)
    report = convert(write(tmp_path / "in.mp4", frames), out, video=settings)
    assert report.frames == 18
    assert report.tracked == 8
    assert report.lost == 1
    made = pictures(out)
    ground = np.array((246, 246, 243))
    apart = [np.abs(made[i][:, 330:].astype(int) - ground).mean() for i in (1, 10, 16)]
    assert apart[0] < apart[2] < apart[1]  # nothing yet, then the avatar, then a faded one


def test_a_film_of_one_frame(tmp_path, fake):
    path = write(tmp_path / "in.mp4", drawn(1), sound=None)
    report = convert(path, tmp_path / "out.mp4")
    assert report.frames == 1
    assert len(pictures(tmp_path / "out.mp4")) == 1


def test_only_the_first_seconds(tmp_path, fake, film):
    report = convert(film, tmp_path / "out.mp4", seconds=0.33)
    assert report.frames == 10
    with av.open(str(tmp_path / "out.mp4")) as made:
        assert made.duration / av.time_base < 0.5


def test_memory_does_not_grow_with_length(tmp_path, fake):
    peaks = []
    convert(write(tmp_path / "first.mp4", drawn(10)), tmp_path / "out.mp4")  # fills the caches
    for n in (50, 300):
        path = write(tmp_path / f"{n}.mp4", drawn(n, (96, 128)))
        tracemalloc.start()
        convert(path, tmp_path / "out.mp4", video=VideoSettings(track_px=96))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.25 * peaks[0]


def test_sets_of_whole_pictures(tmp_path, fake, film, as_named):
    out = tmp_path / "out.mp4"
    report = convert(film, out, "cartoonset", video=VideoSettings(track_px=128))
    assert report.tracked == len(pictures(out)) == 20
    assert report.part_changes == 0


class MeanColours:
    """An embedder of 12 numbers."""

    name = "mean colours"

    def embed(self, pictures, kind):
        small = np.stack([cv2.resize(p, (2, 2), interpolation=cv2.INTER_AREA) for p in pictures])
        return small[..., :3].reshape(len(pictures), -1).astype(np.float32)


@pytest.fixture
def cuts(monkeypatch):
    """Segments of faces and avatars, made simply."""

    def cut(rgb):
        whole = np.dstack([rgb[..., :3], np.full(rgb.shape[:2], 255, np.uint8)])
        part = cv2.resize(whole, (64, 64))
        return {"hair": part, "mouth": np.roll(part, 9, axis=0)}

    module = SimpleNamespace(
        cut_face=lambda seen: cut(seen.head.photo),
        cut_avatar=lambda avatar: cut(avatar.to_image(64)),
    )
    monkeypatch.setitem(sys.modules, "emojimap.construct", module)


def test_embeddings_are_drawn_under_the_picture(tmp_path, fake, film, cuts):
    out = tmp_path / "out.mkv"
    convert(film, out, embedder=MeanColours(), video=VideoSettings(track_px=128))
    made = pictures(out)[-1]
    assert made.shape[0] == 240 + 48
    # Chroma is stored at half the resolution: lines of one pixel pale.
    under = made[240:].astype(int)
    pink = (under[..., 0] > 200) & (under[..., 1] < 215) & (under[..., 0] - under[..., 1] > 25)
    assert pink.sum() > 30


def test_each_part_has_its_two_curves(fake, cuts):
    style = styles.load("avataaars")
    settings = VideoSettings(track_px=128)
    with Follower(Networks(fake, fake), style, FitSettings(), settings) as follower:
        photo = next(drawn(1))
        moment = follower.next(photo, 0.0)
    plot = Curves(MeanColours()).draw(photo, moment, 700, 100)
    assert plot.shape == (100, 700, 3)
    for colour in (FACE_COLOUR, AVATAR_COLOUR):
        found = np.abs(plot.astype(int) - colour).max(axis=2) < 40
        assert found[:, :100].any()  # hair
        assert found[:, 400:500].any()  # mouth
        assert not found[:, 100:400].any()  # parts that were not cut


def test_command(tmp_path, fake, film):
    out = tmp_path / "out.mp4"
    arguments = [
        "video",
        str(film),
        "-o",
        str(out),
        "--json",
        "--every",
        "5",
        "--style",
        "toon-head",
    ]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["frames"] == told["tracked"] == 20
    assert told["broken"] == told["lost"] == 0
    assert told["frames_per_s"] > 0
    assert out.is_file()
    assert "20 frames" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.mp4", "-o", "out.mp4"], "is no file"),
        (["{film}", "-o", "out.gif"], "unknown suffix"),
        (["{film}", "-o", "{film}"], "what is read"),
        (["{film}", "-o", "out.mp4", "--style", "nobody"], "nobody"),
    ],
)
def test_command_refuses(tmp_path, film, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    filled = [each.replace("{film}", str(film)) for each in arguments]
    result = CliRunner().invoke(app, ["video", *filled])
    assert result.exit_code != 0
    assert isinstance(result.exception, EmojimapError)
    assert message in str(result.exception)
    assert [each.name for each in tmp_path.iterdir()] == ["in.mp4"]
