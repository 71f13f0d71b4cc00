"""What counts as which kind of work, on a clock that moves when it is told to."""

import builtins
import sys
import threading

import pytest

from dualrec.core import timing
from dualrec.core.timing import KINDS, seconds_spent, spent


class Clock:
    """Seconds that pass by `wait` alone."""

    now = 100.0

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    found = Clock()
    monkeypatch.setattr(timing, "_clock", timing._Clock())
    monkeypatch.setattr(timing.time, "perf_counter", lambda: found.now)
    return found


@pytest.fixture
def imports(clock, monkeypatch, tmp_path):
    """Imports are counted, and two modules can be imported: `slow_outer` imports `slow_inner`; each takes a second."""
    monkeypatch.setattr(builtins, "__import__", builtins.__import__)  # so that the end of the test gives it back
    monkeypatch.setattr(builtins, "slow_clock", clock, raising=False)
    (tmp_path / "slow_inner.py").write_text("slow_clock.wait(1)")
    (tmp_path / "slow_outer.py").write_text("slow_clock.wait(1)\nimport slow_inner")
    (tmp_path / "slow_package").mkdir()
    (tmp_path / "slow_package/__init__.py").touch()
    (tmp_path / "slow_package/part.py").write_text("slow_clock.wait(4)")
    monkeypatch.syspath_prepend(tmp_path)
    timing.count_imports()
    yield
    for name in ("slow_inner", "slow_outer", "slow_package", "slow_package.part"):
        sys.modules.pop(name, None)


def nonzero() -> dict:
    return {kind: seconds for kind, seconds in seconds_spent().items() if seconds}


def test_kinds_are_added_up(clock):
    assert seconds_spent() == dict.fromkeys(KINDS, 0.0)
    for kind, seconds in (("training", 2), ("writing", 3), ("training", 5)):
        clock.wait(10)  # which is the rest
        with spent(kind):
            clock.wait(seconds)
    assert nonzero() == {"training": 7, "writing": 3}


def test_a_block_within_another_counts_for_the_outer_one(clock):
    with spent("tuning"):
        clock.wait(1)
        with spent("reading"):
            clock.wait(2)
            assert nonzero() == {}, "a block counts once it has ended"
        clock.wait(4)
    assert nonzero() == {"tuning": 7}


def test_a_block_that_raises_counts_and_ends(clock):
    with pytest.raises(ValueError), spent("reading"):
        clock.wait(1)
        raise ValueError
    clock.wait(2)
    with spent("writing"):
        clock.wait(3)
    assert nonzero() == {"reading": 1, "writing": 3}


def test_a_function_counts_each_of_its_calls(clock):
    @spent("training")
    def fit(seconds: float) -> float:
        clock.wait(seconds)
        return seconds

    assert [fit(1), fit(2)] == [1, 2] and nonzero() == {"training": 3}


def test_other_threads_do_not_count(clock):
    def work():
        with spent("writing"):
            clock.wait(1)

    def beside():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    beside()
    assert nonzero() == {}
    with spent("reading"):
        beside()
        clock.wait(2)
    assert nonzero() == {"reading": 3}


def test_an_import_counts_with_those_it_leads_to_and_once(imports):
    import slow_outer  # noqa: F401

    assert nonzero() == {"imports": 2}
    import slow_inner  # noqa: F401
    import slow_outer  # noqa: F401, F811

    assert nonzero() == {"imports": 2}


def test_a_module_of_a_loaded_package_counts(imports):
    import slow_package  # noqa: F401

    assert nonzero() == {}
    from slow_package import part  # noqa: F401

    assert nonzero() == {"imports": 4}


def test_an_import_within_a_block_is_an_import(imports, clock):
    with spent("training"):
        clock.wait(5)
        import slow_outer  # noqa: F401

        clock.wait(6)
    assert nonzero() == {"training": 11, "imports": 2}


def test_an_import_that_fails_ends(imports, clock):
    with pytest.raises(ImportError):
        import no_such_module  # noqa: F401  # pyright: ignore[reportMissingImports]
    clock.wait(3)
    assert nonzero() == {}


def test_an_import_of_another_thread_does_not_count(imports):
    thread = threading.Thread(target=lambda: __import__("slow_outer"))
    thread.start()
    thread.join()
    assert "slow_outer" in sys.modules and nonzero() == {}


def test_an_import_of_what_is_loaded_costs_next_to_nothing(monkeypatch):
    monkeypatch.setattr(builtins, "__import__", builtins.__import__)
    monkeypatch.setattr(timing, "_clock", timing._Clock())
    timing.count_imports()
    started = timing.time.perf_counter()
    for _ in range(10_000):
        import json  # noqa: F401
    assert timing.time.perf_counter() - started < 0.5, "even on a busy machine; a hundredth of it on a quiet one"
