"""Processes that may crash, hang or answer nonsense without harm to the others."""

import os
import signal
import threading
import time
from concurrent.futures import CancelledError

import pytest

from emojimap.crew import Crew
from emojimap.errors import ArgumentError, ModelError, PhotoError, WorkerError

PATIENCE_S = 60


def double(number):
    return 2 * number


def slowly(seconds):
    time.sleep(seconds)
    return seconds


def end(code):
    os._exit(code)


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def refuse(text):
    raise PhotoError(text)


def unpicklable():
    return threading.Lock()


def unpicklable_error():
    raise ValueError(threading.Lock())


def pid():
    return os.getpid()


def threads():
    return os.environ["EMOJIMAP_THREADS"]


def mark(path):
    with open(path, "a") as file:
        file.write("x")


def no_model(path):
    raise ModelError(f"{path} is missing")


def until(path):
    """Run until a file appears."""
    while not os.path.exists(path):
        time.sleep(0.01)
    return "seen"


def waiting(check, seconds=PATIENCE_S):
    end_ = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end_, "waited in vain"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def crew():
    with Crew(2, __name__, limit_s=20) as crew:
        crew.ready()
        yield crew


def test_calls_are_answered(crew):
    futures = [crew.submit(double, number) for number in range(20)]
    assert [future.result(PATIENCE_S) for future in futures] == list(range(0, 40, 2))
    assert len(crew.pids) == 2


def test_processes_keep_to_one_thread(crew):
    assert crew.submit(threads).result(PATIENCE_S) == "1"


def test_what_is_raised_there_is_raised_here(crew):
    with pytest.raises(PhotoError, match="no face"):
        crew.submit(refuse, "no face").result(PATIENCE_S)


@pytest.mark.parametrize(
    ("work", "args", "told"), [(kill, (), "signal 9"), (end, (7,), "exit status 7")]
)
def test_a_death_costs_one_call(crew, work, args, told):
    before = crew.deaths
    futures = [crew.submit(double, 1), crew.submit(work, *args), crew.submit(double, 2)]
    with pytest.raises(WorkerError, match=told):
        futures[1].result(PATIENCE_S)
    assert [futures[i].result(PATIENCE_S) for i in (0, 2)] == [2, 4]
    assert crew.deaths == before + 1
    waiting(lambda: len(crew.pids) == 2)


def test_a_process_that_died_idle_is_replaced(crew):
    waiting(lambda: len(crew.pids) == 2)
    before = set(crew.pids)
    for number in before:
        os.kill(number, signal.SIGKILL)
    waiting(lambda: not before & set(crew.pids))
    futures = [crew.submit(pid) for _ in range(8)]
    assert not before & {future.result(PATIENCE_S) for future in futures}


def test_results_that_cant_be_sent_are_told_in_words(crew):
    for work in (unpicklable, unpicklable_error):
        with pytest.raises(WorkerError, match="can't be sent"):
            crew.submit(work).result(PATIENCE_S)
    with pytest.raises((TypeError, AttributeError), match=r"pickle|lock"):
        crew.submit(double, threading.Lock()).result(PATIENCE_S)
    assert crew.submit(double, 4).result(PATIENCE_S) == 8


def test_a_call_that_hangs_ends_at_the_limit(tmp_path):
    with Crew(1, __name__, limit_s=0.5) as crew:
        hung = crew.submit(until, str(tmp_path / "never"))
        after = crew.submit(double, 3)
        with pytest.raises(WorkerError, match=r"longer than 0\.5 s for one call"):
            hung.result(PATIENCE_S)
        assert after.result(PATIENCE_S) == 6
        assert crew.deaths == 1


def test_a_cancelled_call_never_runs(tmp_path):
    go, ran = tmp_path / "go", tmp_path / "ran"
    with Crew(1, __name__) as crew:
        first = crew.submit(until, str(go))
        second = crew.submit(mark, str(ran))
        assert second.cancel()
        go.touch()
        assert first.result(PATIENCE_S) == "seen"
    assert not ran.exists()


def test_closing_lets_all_finish():
    crew = Crew(2, __name__)
    futures = [crew.submit(slowly, 0.02) for _ in range(10)]
    crew.close()
    assert all(future.result(0) == 0.02 for future in futures)
    assert crew.pids == []
    with pytest.raises(WorkerError, match="closed"):
        crew.submit(double, 1)


def test_stopping_ends_all_at_once(tmp_path):
    crew = Crew(1, __name__)
    crew.ready()
    running = crew.submit(until, str(tmp_path / "never"))
    queued = crew.submit(double, 1)
    waiting(running.running)
    begin = time.monotonic()
    crew.stop()
    assert time.monotonic() - begin < 10
    with pytest.raises(WorkerError):
        running.result(0)
    with pytest.raises((WorkerError, CancelledError)):
        queued.result(0)
    assert crew.pids == []


def test_stopping_while_it_starts(tmp_path):
    begin = time.monotonic()
    crew = Crew(3, __name__, start=until, args=(str(tmp_path / "never"),))
    crew.stop()
    assert time.monotonic() - begin < 20
    assert crew.pids == []


def test_an_error_in_the_block_stops_the_crew(tmp_path):
    crew = Crew(1, __name__)
    with pytest.raises(TypeError), crew:
        crew.submit(until, str(tmp_path / "never")).result("no number")
    assert crew.pids == []


def test_each_process_begins_with_start(tmp_path):
    path = tmp_path / "marks"
    with Crew(2, __name__, start=mark, args=(str(path),)) as crew:
        crew.ready()
        assert path.read_text() == "xx"
        with pytest.raises(WorkerError):
            crew.submit(kill).result(PATIENCE_S)
        waiting(lambda: path.read_text() == "xxx")


def test_a_start_that_fails_is_told():
    crew = Crew(2, __name__, start=no_model, args=("face.onnx",))
    with pytest.raises(ModelError, match=r"face\.onnx is missing"):
        crew.ready()
    future = crew.submit(double, 1)
    with pytest.raises(ModelError, match="missing"):
        future.result(PATIENCE_S)
    crew.close()


def test_a_start_that_dies_is_told():
    crew = Crew(1, __name__, start=end, args=(3,))
    with pytest.raises(WorkerError, match="exit status 3"):
        crew.ready()
    crew.close()


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="no signal masks here")
def test_ctrl_c_is_left_to_the_main_process(crew):
    waiting(lambda: len(crew.pids) == 2)
    before = crew.deaths
    for number in crew.pids:
        os.kill(number, signal.SIGINT)
    assert crew.submit(double, 5).result(PATIENCE_S) == 10
    assert crew.deaths == before


@pytest.mark.parametrize(("size", "limit_s", "told"), [(0, None, "0 processes"), (1, 0, "limit")])
def test_what_makes_no_sense_is_refused(size, limit_s, told):
    with pytest.raises(ArgumentError, match=told):
        Crew(size, __name__, limit_s=limit_s)
