"""A small Cartoon Set that is drawn here, as it may lie on a disk."""

from __future__ import annotations

import io
import signal
import tarfile
import zipfile
from pathlib import Path

from emojimap.styles.cartoonset import hairstyles
from tests.drawn_cartoons import Cartoon

BROWN = Cartoon()
SET = {
    "cs10": BROWN,
    "cs11": BROWN.but(glasses="clear", hair=(30, 21, 20)),
    "cs12": BROWN.but(glasses="dark", skin=(96, 61, 48)),
    "cs13": BROWN.but(beard="full", chin=392),
    "cs20": BROWN.but(cut="long"),
    "cs21": BROWN.but(cut="long", glasses="clear"),
    "cs30": BROWN.but(cut="high", brow_opacity=0.39),
    "cs31": BROWN.but(cut="high", beard="moustache"),
    "cs40": BROWN.but(hair=None),
}
HAIRS = {"1": 0, "2": 1, "3": 2, "4": 3}


def csv(name: str) -> bytes:
    return f'"hair", {HAIRS[name[2]]}, 111\n"chin_length", 1, 3\n'.encode()


def packed(place: Path, kind: str, pictures: dict[str, bytes]) -> Path:
    """Write the set as a folder or as an archive, with attributes beside the pictures."""
    entries = {f"cartoonset10k/{i % 3}/{n}.png": c for i, (n, c) in enumerate(pictures.items())}
    entries |= {name.replace(".png", ".csv"): csv(name[-8:-4]) for name in entries}
    entries["cartoonset10k/._cs10.png"] = b"what macOS leaves"
    entries["cartoonset10k/readme.txt"] = b"text"
    if kind == "folder":
        for name, content in entries.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)
        return place / "cartoonset10k"
    path = place / f"set.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in entries.items():
                archive.writestr(name, content)
        return path
    with tarfile.open(path, "w:gz" if kind == "tgz" else "w") as tar:
        for name, content in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def wish(own: Path, words: str, hair: str) -> None:
    path = own / hairstyles.NAME
    lines = path.read_text().splitlines()
    path.write_text("\n".join(f"{words} {x.strip()}" if hair in x else x for x in lines) + "\n")


def heed_interrupts() -> None:
    """Undo that a process begun in the background of a shell ignores Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
