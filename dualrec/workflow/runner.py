"""Run the notebooks in order with papermill; what is done is not done again."""

from __future__ import annotations

import ast
import json
import logging
import os
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

import nbformat
import papermill
import psutil
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError
from traitlets import default

from dualrec.config import Profile
from dualrec.core import paths, timing
from dualrec.core.errors import StudyError
from dualrec.core.locks import sole_user
from dualrec.core.machine import environment
from dualrec.profiles.load import load_profile
from dualrec.workflow import doctor
from dualrec.workflow.dependencies import notebook_fingerprints
from dualrec.workflow.jupyter_kernel import Unwatched
from dualrec.workflow.manifest import Manifest
from dualrec.workflow.progress import Ticker, readable_seconds


class _Kernel(AsyncKernelManager):
    """A kernel of the running interpreter, with nobody before the screen."""

    @default("kernel_spec_manager")
    def _this_interpreter(self):
        return Unwatched(parent=self)


def run_notebooks(profile: str, only: list[str] | None = None, again: bool = False) -> None:
    """Execute `notebooks/NN_*.ipynb` in order into `runs/<profile>/notebooks/`; progress goes to stderr.

    A notebook is up to date while its text, its settings, the package's sources and the notebooks it stands on are
    unchanged.

    profile: a profile's name, or a `.toml` file, handed to every notebook as PROFILE
    only: notebooks by number or name, such as `03` or `03_zero_shot_llm`; all where None
    again: execute even what is up to date (what its cells cached is still reused)

    Raises StudyError where the profile does not fit this machine or is being run already, or where a notebook lacks its
    parameters or fails.
    """
    settings = load_profile(profile)
    doctor.require(settings)
    with sole_user(paths.run_dir(settings.name)):
        _run(settings, str(Path(profile).resolve()) if profile.endswith(".toml") else profile, only, again)


def _run(settings: Profile, value: str, only: list[str] | None, again: bool) -> None:
    """`run_notebooks`, while no other process runs this profile.

    value: what the notebooks get as PROFILE
    """
    keys = notebook_fingerprints(settings)
    chosen = _choose(list(keys), only)
    for notebook in chosen:
        _check_parameters(notebook)
    manifest = Manifest(settings.name)
    for position, notebook in enumerate(chosen, start=1):
        left = manifest.left(chosen[position:])
        ticker = Ticker(f"[{position}/{len(chosen)}] {notebook.stem} … ")
        if not again and manifest.is_current(notebook, keys[notebook]):
            ticker.end(f"up to date; left: {left}")
            continue
        manifest.forget(notebook)
        try:
            usage = _execute(notebook, manifest.executed(notebook), value, ticker)
        except KeyboardInterrupt:
            ticker.end(f"stopped by you; run the same command again to continue with {notebook.stem}")
            raise
        except StudyError:
            ticker.end("failed")
            raise
        manifest.remember(notebook, {"fingerprint": keys[notebook], **usage, "environment": environment()})
        ticker.end(f"done in {readable_seconds(usage['seconds'])}; left: {left}")


def _choose(notebooks: list[Path], only: list[str] | None) -> list[Path]:
    """The notebooks that `only` names, in order."""
    names = [name.removesuffix(".ipynb") for name in only or []]
    for name in names:
        if not any(name in (n.stem, n.stem[:2]) for n in notebooks):
            raise StudyError(
                f"no notebook '{name}'; choose from {', '.join(n.stem for n in notebooks)}, by name or number"
            )
    return [n for n in notebooks if not names or n.stem in names or n.stem[:2] in names]


def _check_parameters(notebook: Path) -> None:
    """Refuse a notebook that would not listen to the profile: papermill itself only warns."""
    tagged = [c for c in nbformat.read(notebook, as_version=4).cells if "parameters" in c.metadata.get("tags", [])]
    if not tagged or "PROFILE" not in _assigned(tagged[0].source):
        raise StudyError(
            f"{paths.readable(notebook)} has no cell tagged 'parameters' that says PROFILE = …, "
            "so the profile would not reach it; restore that cell and its tag"
        )


def _assigned(source: str) -> set[str]:
    """The names a cell assigns at its top level; none where it is not plain Python."""
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return set()
    return {t.id for s in statements if isinstance(s, ast.Assign) for t in s.targets if isinstance(t, ast.Name)}


def _execute(source: Path, target: Path, profile: str, ticker: Ticker) -> dict[str, Any]:
    """Execute one notebook in the notebooks' folder.

    source: the notebook
    target: its executed copy, which appears only when every cell succeeded
    profile: what it gets as PROFILE
    ticker: takes its standard error

    Returns seconds, the kernel's peak memory in MiB, and the seconds spent by kind of work, see `core.timing`. Raises
    StudyError naming the cell, the error and the failed copy.
    """
    running = target.with_name(f".{target.stem}.running.ipynb")
    failed = target.with_name(f"{target.stem}.failed.ipynb")
    target.parent.mkdir(parents=True, exist_ok=True)
    failed.unlink(missing_ok=True)
    start = time.perf_counter()
    try:
        # papermill writes both paths into the notebook, which is UTF-8, as the name of a folder above need not be
        with chdir(target.parent), _quiet(), _spent() as spent, _peak_memory() as peak:
            papermill.execute_notebook(
                os.path.relpath(source),
                running.name,
                {"PROFILE": profile},
                cwd=source.parent,  # where JupyterLab and nbval run it, too
                kernel_name="python3",
                language="python",
                kernel_manager_class=_Kernel,
                progress_bar=False,
                stderr_file=ticker,
            )
    except (PapermillExecutionError, DeadKernelError) as error:
        os.replace(running, failed)
        if isinstance(error, DeadKernelError):
            fault = "its kernel died, most likely for want of memory; close other programs or choose a smaller profile"
        else:
            fault = f"cell In [{error.exec_count}] raised {error.ename}: {error.evalue}".rstrip(": ")
        raise StudyError(
            f"{source.name}: {fault} (all of it in {paths.readable(failed)}); run again to continue from here"
        ) from error
    except KeyboardInterrupt:
        running.unlink(missing_ok=True)
        # else it would report the cell that was awaited when the kernel was stopped
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        raise
    os.replace(running, target)
    seconds = round(time.perf_counter() - start, 1)
    return {"seconds": seconds, "peak_memory_mib": round(peak[0] / 2**20), "spent": spent}


@contextmanager
def _quiet():
    """Hold back what papermill and nbclient log about their own work."""
    loggers = [logging.getLogger(name) for name in ("papermill", "traitlets", "nbclient")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def _spent() -> Iterator[dict[str, float]]:
    """Let the kernel that begins within the block say what its seconds go on.

    Yields a dict that is filled when the block has succeeded: kind -> seconds.
    """
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "spent.json"
        os.environ[timing.FILE] = str(file)
        try:
            yield found
        finally:
            os.environ.pop(timing.FILE)
        totals = json.loads(file.read_text(encoding="utf-8"))
    found |= {kind: round(seconds, 2) for kind, seconds in totals.items()}


@contextmanager
def _peak_memory(interval: float = 0.25):
    """Measure the resident bytes of this process's children, the kernel and what it starts, while the block runs.

    interval: seconds between two looks

    Yields a list of one number, the most so far.
    """
    largest = [0]
    stop = threading.Event()

    def sample():
        while not stop.wait(interval):
            total = 0
            for child in psutil.Process().children(recursive=True):
                try:
                    total += child.memory_info().rss
                except psutil.Error:  # it ended meanwhile
                    continue
            largest[0] = max(largest[0], total)

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield largest
    finally:
        stop.set()
        thread.join()
