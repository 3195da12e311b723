"""The same job on a Dask cluster gives the same bytes, whoever dies meanwhile."""

import json
import os
import signal
import sys
import time
from concurrent.futures import Executor, Future

import pytest
from PIL import Image

from emojimap import cluster as cluster_
from emojimap.batch import cluster as pool_
from emojimap.batch import job as job_
from emojimap.batch.cluster import ClusterPool
from emojimap.batch.folder import OWN, Folder
from emojimap.batch.inputs import gather
from emojimap.batch.job import Job
from emojimap.batch.local import LocalPool
from emojimap.batch.run import Run
from emojimap.cli import main
from emojimap.cluster import connect
from emojimap.errors import ArgumentError, ClusterError, StyleError
from emojimap.styles.cartoonset import table
from emojimap.styles.cartoonset.precompute import precompute
from tests.drawn_cartoons import png
from tests.drawn_set import SET

pytest.importorskip("distributed")
pytestmark = [
    # distributed closes its sockets when they are collected, and warns of its own old names.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:distributed.*"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
PATIENCE_S = 60


@pytest.fixture(scope="module")
def cluster():
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as found:
        yield found


@pytest.fixture(scope="module")
def address(cluster):
    return cluster.scheduler_address


@pytest.fixture(scope="module")
def place(tmp_path_factory, astronaut):
    place = tmp_path_factory.mktemp("in")
    for i in range(4):
        Image.fromarray(astronaut[: 512 - 8 * i]).save(place / f"{i}.jpg")
    (place / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    (place / "text.jpg").write_bytes(b"no photo")
    return place


JOB = Job(formats=("png", "svg", "json"), size=64)


def go(place, out, pool):
    items = gather([str(place), str(place / "missing.jpg")]).items
    with Folder(out, job_.options(JOB)) as folder, pool:
        return Run(folder, JOB)(items, pool)


def tree(out):
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name != "results.csv" and OWN not in path.parts
    }


def lines(out):
    """Lines of the journal without their times."""
    entries = [json.loads(line) for line in (out / OWN / "journal.jsonl").read_text().splitlines()]
    return [{k: v for k, v in entry.items() if k != "seconds"} for entry in entries]


@pytest.fixture(scope="module")
def local(place, tmp_path_factory):
    out = tmp_path_factory.mktemp("local")
    report = go(place, out, LocalPool(1, JOB, [JOB.style]))
    assert (report.avatars, len(report.failures)) == (4, 3)
    return out


@pytest.mark.parametrize("send", ["path", "content"])
def test_results_are_those_of_the_local_run(address, place, local, tmp_path, send):
    go(place, tmp_path, ClusterPool(address, [JOB.style], send=send))
    assert tree(tmp_path) == tree(local)
    assert lines(tmp_path) == lines(local)


def own_pid():
    return os.getpid()


def test_a_worker_killed_in_the_middle_costs_nothing(cluster, address, place, local, tmp_path):
    killed = []

    class Killing(ClusterPool):
        """Kills a worker once some photos are under way."""

        def submit(self, job, style, item):
            future = super().submit(job, style, item)
            if item.path.endswith("2.jpg") and not killed:
                from distributed import Client

                with Client(address, set_as_default=False) as client:
                    killed.extend(client.run(own_pid).values())
                os.kill(killed[0], signal.SIGKILL)
            return future

    go(place, tmp_path, Killing(address, [JOB.style]))
    assert killed
    assert tree(tmp_path) == tree(local)
    assert lines(tmp_path) == lines(local)
    cluster.wait_for_workers(2, timeout=PATIENCE_S)


def die(job, style, photo):
    os._exit(1)


def test_a_photo_that_kills_every_worker_costs_a_line(
    cluster, address, place, tmp_path, monkeypatch
):
    monkeypatch.setattr(cluster.scheduler, "allowed_failures", 0)

    class Deadly(ClusterPool):
        """Sends a call that ends its process in place of one photo."""

        def submit(self, job, style, item):
            if item.path.endswith("1.jpg"):
                return self._connected().submit(die, job, style, item.path)
            return super().submit(job, style, item)

    report = go(place, tmp_path, Deadly(address, [JOB.style]))
    told = dict(report.failures)[str(place / "1.jpg")]
    assert told.startswith("every worker of the cluster that tried it died")
    cluster.wait_for_workers(2, timeout=PATIENCE_S)


def test_what_a_worker_lacks_is_said():
    told = cluster_._told(ModuleNotFoundError("No module named 'emojimap'"))
    assert isinstance(told, ClusterError)
    assert "No module named" in str(told)
    error = StyleError("unknown")
    assert cluster_._told(error) is error


def test_a_call_that_is_lost_with_the_scheduler_is_the_clusters_fault():
    class Lost(Executor):
        def submit(self, fn, /, *args, **kwargs):
            future = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    calls = cluster_._Calls(Lost(), lambda: ClusterError("does not answer any more"))
    with pytest.raises(ClusterError, match="any more"):
        calls.submit(own_pid).result(0)


def test_precomputing_gives_the_same_files(address, tmp_path):
    drawn = tmp_path / "set"
    drawn.mkdir()
    for name, cartoon in list(SET.items())[:3]:
        (drawn / f"{name}.png").write_bytes(png(cartoon))
    precompute(drawn, tmp_path / "here")
    seen = []
    report = precompute(
        drawn, tmp_path / "there", cluster=address, progress=lambda *told: seen.append(told)
    )
    assert report.read == report.pictures == len(seen)
    names = {path.name for path in (tmp_path / "here").iterdir()}
    assert table.NAME in names
    assert names == {path.name for path in (tmp_path / "there").iterdir()}
    for name in names:
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes()


_HERE = "EMOJIMAP_TEST_HERE"


def own_style():
    """Know a style in the process of the test alone."""
    if _HERE not in os.environ:
        raise StyleError("style mine is unknown")
    return {"style mine": "1"}


def test_workers_must_have_the_same(address, monkeypatch):
    monkeypatch.setenv(_HERE, "1")
    with connect(address) as found:
        found.alike(job_.makeup, ["avataaars"])
        with pytest.raises(ClusterError, match=r"can't do the job.*style mine"):
            found.alike(own_style)


def test_a_difference_is_named():
    with pytest.raises(ClusterError, match=r"tcp://a has emojimap 0\.1, here it is 0\.2: install"):
        cluster_._compare("tcp://a", {"emojimap": "0.2"}, {"emojimap": "0.1"})
    with pytest.raises(ClusterError, match="network hair missing"):
        cluster_._compare("tcp://a", {"network hair": "12"}, {})
    with pytest.raises(ClusterError, match="No module named"):
        cluster_._compare("tcp://a", {}, ModuleNotFoundError("No module named 'emojimap'"))
    cluster_._compare("tcp://a", {"emojimap": "0.2"}, {"emojimap": "0.2", "more": "x"})


def test_a_worker_that_joins_with_something_else_is_refused(place, monkeypatch):
    monkeypatch.setattr(pool_.workers, "single_thread", lambda: None)
    pool_._different.cache_clear()
    wanted = (("emojimap", "9.9"),)
    with pytest.raises(ClusterError, match="another emojimap"):
        pool_.work(wanted, ("avataaars",), JOB, "avataaars", str(place / "0.jpg"))
    pool_._different.cache_clear()


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:9", "nonsense", "http://127.0.0.1:8786", "tcp://127.0.0.1:x"]
)
def test_an_address_where_nothing_answers(address):
    begin = time.monotonic()
    with pytest.raises(ClusterError, match="Dask scheduler"), connect(address):
        pass
    assert time.monotonic() - begin < 20


def test_what_can_be_sent():
    with pytest.raises(ArgumentError, match="letters"):
        ClusterPool("tcp://127.0.0.1:9", [], send="letters")
    with pytest.raises(ClusterError, match="with statement"):
        ClusterPool("tcp://127.0.0.1:9", []).ahead()


def test_dask_that_is_missing_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"emojimap\[cluster\]"), connect("tcp://127.0.0.1:9"):
        pass


def test_a_scheduler_without_workers():
    from distributed import LocalCluster

    with (
        LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as empty,
        pytest.raises(ClusterError, match="no workers"),
        connect(empty.scheduler_address),
    ):
        pass


def test_the_command_works_on_a_cluster(address, place, local, tmp_path, monkeypatch, capsys):
    flags = ["--format", "png", "--format", "svg", "--format", "json", "--size", "64"]
    out = tmp_path / "out"
    command = ["emojimap", "batch", str(place), "-o", str(out), *flags, "--cluster", address]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    assert "6 photos: 4 avatars, 2 failed" in capsys.readouterr().err
    assert tree(out) == tree(local)
