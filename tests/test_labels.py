"""Labels: what spreadsheets make of them is read, what is wrong is named with its line."""

import os
from pathlib import Path

import pytest

from emojimap.errors import ArgumentError, DataError, OutputError
from emojimap.tune import labels
from emojimap.tune.labels import Label

HEADER = "photo,skin,hair,iris\n"


@pytest.fixture
def album(tmp_path):
    """A folder with three files for photos: labels never look into them."""
    (tmp_path / "faces").mkdir()
    for name in ("a.jpg", "b, c.jpg", "ä.png"):
        (tmp_path / "faces" / name).write_bytes(b"")
    return tmp_path


def table(album, content):
    path = album / "labels.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


class TestRead:
    def test_blank_is_not_judged(self, album):
        path = table(album, HEADER + "faces/a.jpg,#D9A183,,4a2F1c\n")
        assert labels.read(path) == [Label(album / "faces/a.jpg", "#d9a183", None, "#4a2f1c")]

    @pytest.mark.parametrize(
        "content",
        [
            b'\xef\xbb\xbfphoto;skin;hair;iris\r\n"faces/b, c.jpg";#010203;;\r\n;;;\r\n',
            b'photo,skin,hair,iris,,\r\n\r\n"faces/b, c.jpg",#010203,,,,\r\n',
            b'Hair, Skin ,IRIS,photo\n, #010203 ,,"faces/b, c.jpg"\n',
            b'photo,skin,hair,iris\r"faces/b, c.jpg",010203',
            b'"photo";"skin";"hair";"iris"\n"faces/b, c.jpg";"010203"\n',
        ],
        ids=["semicolons", "blank columns", "other order", "old Mac", "all quoted"],
    )
    def test_as_spreadsheets_write_it(self, album, content):
        assert labels.read(table(album, content)) == [Label(album / "faces/b, c.jpg", "#010203")]

    def test_absolute_path(self, album):
        photo = album / "faces" / "ä.png"
        assert labels.read(table(album, f"{HEADER}{photo},,#000000,\n"))[0].photo == photo

    def test_lines_without_a_colour_are_kept(self, album):
        path = table(album, HEADER + "faces/a.jpg,,,\nfaces/ä.png,,,#ffffff\n")
        assert [label.judged for label in labels.read(path)] == [False, True]

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", ["is empty", "photo,skin,hair,iris"]),
            (b"\xef\xbb\xbf\r\n", ["is empty"]),
            (b"a,#010203,,\n", ["line 1", "no column photo, skin, hair, iris"]),
            (b"photo,skin,iris\n", ["line 1", "no column hair"]),
            (b"photo,skin,hair,iris,eyes\n", ["line 1", "unknown column 'eyes'"]),
            (b"photo,skin,hair,skin,iris\n", ["line 1", "stands twice"]),
            (b"photo,skin,hair,iris\nfaces/a.jpg,#abc,,\n", ["line 2", "skin", "'#abc'"]),
            (b"photo,skin,hair,iris\n\nfaces/a.jpg,,,brown\n", ["line 3", "iris", "'brown'"]),
            (b"photo,skin,hair,iris\n ,#010203,,\n", ["line 2", "no photo is named"]),
            (b"photo,skin,hair,iris\nfaces/a.jpg,,,,#010203\n", ["line 2", "'#010203'", "beyond"]),
            (b"photo,skin,hair,iris\nfaces/x.jpg,#010203,,\n", ["line 2", "x.jpg", "delete"]),
            (b"photo,skin,hair,iris\nfaces,#010203,,\n", ["line 2", "faces"]),
            (
                b"photo,skin,hair,iris\nfaces/a.jpg,#010203,,\nfaces/../faces/a.jpg,,,\n",
                ["line 3", "line 2", "too"],
            ),
            (b"photo,skin,hair,iris\nfaces/a.jpg,,,\n", ["no colour"]),
            (b"photo,skin,hair,iris\n", ["no colour"]),
            (b"photo,skin,hair,iris\nfaces/\xe4.png,#010203,,\n", ["line 2", "0xe4", "UTF-8"]),
            (b'photo,skin,hair,iris\n"faces/a.jpg,#010203,,\n', ["line 2", "quotation"]),
            (b"photo,skin,hair,iris\na\0.jpg,#010203,,\n", ["line 2"]),
        ],
    )
    def test_what_is_wrong(self, album, content, words):
        path = table(album, content)
        with pytest.raises(DataError) as caught:
            labels.read(path)
        for word in [str(path), *words]:
            assert word in str(caught.value)

    @pytest.mark.parametrize("name", ["none.csv", "faces"])
    def test_no_file(self, album, name):
        with pytest.raises(DataError, match=name):
            labels.read(album / name)

    def test_unfinished_work_may_lack_colours_and_photos(self, album):
        assert labels.read(table(album, HEADER), unfinished=True) == []
        gone = labels.read(table(album, HEADER + "gone.jpg,,,\n"), unfinished=True)
        assert gone == [Label(album / "gone.jpg")]


class TestWrite:
    def test_read_back(self, album):
        given = [
            Label(album / "faces" / "b, c.jpg", "#d9a183", None, "#001234"),
            Label(album / "faces" / "ä.png", None, "#12e456", None),
        ]
        path = album / "labels.csv"
        labels.write(path, given)
        assert path.read_bytes().decode() == (
            HEADER + '"faces/b, c.jpg",#d9a183,,#001234\nfaces/ä.png,,#12e456,\n'
        )
        assert labels.read(path) == given
        assert not list(album.glob(".*"))

    def test_beside_the_photos(self, album, monkeypatch):
        monkeypatch.chdir(album / "faces")
        labels.write("../labels.csv", [Label(Path("a.jpg"), "#000000")])
        assert labels.read("../labels.csv") == [Label(Path("../faces/a.jpg"), "#000000")]
        (album / "out").mkdir()
        labels.write(album / "out" / "l.csv", [Label(Path("a.jpg"), "#000000")])
        assert "../faces/a.jpg," in (album / "out" / "l.csv").read_text()

    @pytest.mark.skipif(os.name == "nt", reason="links need rights")
    def test_through_a_link_to_the_folder(self, album):
        (album / "link").symlink_to(album / "faces")
        path = album / "labels.csv"
        labels.write(path, [Label(album / "link" / "a.jpg", "#000000")])
        assert labels.read(path) == [Label(album / "faces" / "a.jpg", "#000000")]

    def test_nowhere(self, album):
        with pytest.raises(OutputError, match="none"):
            labels.write(album / "none" / "labels.csv", [])

    def test_a_name_that_is_no_text(self, album):
        with pytest.raises(OutputError, match="rename"):
            labels.write(album / "labels.csv", [Label(album / "\udce4.jpg", "#000000")])
        assert not (album / "labels.csv").exists()


@pytest.mark.parametrize("colour", ["#ABCDEF", "abcdef", "#abc", "", "red"])
def test_label_has_one_form_of_colour(colour):
    with pytest.raises(ArgumentError):
        Label(Path("a.jpg"), skin=colour)
