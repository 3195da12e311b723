"""Finding faces, on drawn ones."""

import numpy as np
import pytest

from emojimap.errors import ArgumentError
from emojimap.facenet.find import FindSettings, find
from emojimap.facenet.landmarks import roll
from emojimap.facenet.parse import onto_photo, parse
from tests.conftest import blank, draw_face


def middle(face):
    return face.points[:68].mean(axis=0)


@pytest.mark.parametrize("radius", [20, 40, 90, 210])
def test_face_is_found_at_any_size(network, radius):
    (face,) = find(draw_face(blank(), (320, 240), radius), network)
    assert np.hypot(*(middle(face) - (320, 240))) < 0.1 * radius
    assert face.size == pytest.approx(1.8 * radius, rel=0.1)


class Counting:
    """Count what a network is asked for."""

    def __init__(self, network):
        self.network, self.size, self.crops = network, network.size, 0

    def __call__(self, crops):
        self.crops += len(crops)
        return self.network(crops)

    def landmarks(self, crops):
        self.crops += len(crops)
        return self.network.landmarks(crops)


def test_a_large_face_needs_no_first_crop(network):
    photo = draw_face(blank(), (320, 240), 120)
    passes, places = [], []
    for settings in (FindSettings(), FindSettings(coarse_share=1.0)):
        counting = Counting(network)
        (face,) = find(photo, counting, settings, every=False)
        passes.append(counting.crops)
        places.append(middle(face))
    assert passes[0] == passes[1] - 1
    assert places[0] == pytest.approx(places[1], abs=3)


@pytest.mark.parametrize("degrees", [-45, -20, 0, 20, 45])
def test_turned_face_gives_its_turn(network, degrees):
    (face,) = find(draw_face(blank(), (300, 200), 80, np.deg2rad(degrees)), network)
    assert np.rad2deg(roll(face.points)) == pytest.approx(degrees, abs=3)


def test_several_faces_come_largest_first(network):
    photo = draw_face(draw_face(blank(), (150, 240), 40), (450, 240), 80)
    faces = find(photo, network)
    assert [round(face.size / 1.8 / 10) for face in faces] == [8, 4]


def test_small_face_needs_the_finer_look(network):
    photo = draw_face(blank(1000, 1000), (500, 500), 25)
    assert not find(photo, network, FindSettings(coarse_px=(256,)))
    assert len(find(photo, network, FindSettings(coarse_px=(256, 512)))) == 1


def test_face_cut_off_at_the_border_is_found(network):
    (face,) = find(draw_face(blank(), (40, 240), 90), network)
    assert middle(face)[0] < 90


def test_picture_without_a_face_gives_none(network):
    assert find(blank(), network) == []


def test_blob_without_landmarks_is_no_face(network):
    photo = blank()
    photo[100:200, 100:200] = (220, 30, 30)
    assert find(photo, network) == []


def test_head_frame_holds_the_hair_where_the_photo_has_it(network):
    photo = draw_face(blank(), (320, 240), 60, np.deg2rad(25))
    (face,) = find(photo, network)
    head = parse(photo, face, network)
    hair = onto_photo(head.probabilities[2], head.matrix, photo.shape[:2]) > 0.5
    truth = np.abs(photo.astype(int) - (30, 200, 30)).sum(axis=2) < 90
    assert (hair & truth).sum() / (hair | truth).sum() > 0.9


@pytest.mark.parametrize("values", [{"coarse_px": ()}, {"coarse_px": (100,)}, {"passes": 0}])
def test_settings_name_what_is_wrong(values):
    with pytest.raises(ArgumentError, match="give"):
        FindSettings(**values)
