"""Is this machine ready? Environment, assets, device, memory and disk, one check per line."""

from __future__ import annotations

import platform
import shutil
import sys
import tempfile
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

import psutil
import torch
from packaging.requirements import Requirement
from packaging.version import Version

from dualrec.config import REMOTE, Profile
from dualrec.core import paths
from dualrec.core.assets import ASSETS, verified_asset
from dualrec.core.errors import StudyError
from dualrec.core.machine import (
    cpu_name,
    device_name,
    environment,
    gpu_memory,
    pick_device,
    precision,
    speeds,
    total_memory,
)
from dualrec.core.text import printable
from dualrec.data.registry import SOURCES
from dualrec.data.sources import archive_of, folder_of, own_folder, reader_of
from dualrec.profiles.load import available, load_profile
from dualrec.workflow.minutes import Machine, in_words, read_runs

LOCK = paths.PACKAGE.parent / "requirements.lock"
DISK_GIB = 4.0  # what a run of the default profile leaves behind, with room to spare


@dataclass(frozen=True)
class Check:
    """One line of the report.

    name: of what is checked
    ok: whether it is in order
    detail: what was measured, or what is wrong and what to do
    blocking: False for what only another profile would need
    """

    name: str
    ok: bool
    detail: str
    blocking: bool = True

    def __str__(self) -> str:
        return printable(f"{'OK  ' if self.ok else 'FAIL'} {self.name}: {self.detail}")


def checks(profile: str | None = None) -> list[Check]:
    """Check everything a run rests on.

    profile: checked against this machine; where None every profile is, and only the default one is blocking

    Raises StudyError for an unknown profile.
    """
    names = [profile] if profile else available()
    chosen = profile or paths.DEFAULT_PROFILE
    fits = [_with_minutes(load_profile(name), blocking=name == chosen) for name in names]
    return [_python(), _packages(), *map(_asset, ASSETS), _device(), _memory(), _disk(), _writable(), *fits]


def require(profile: Profile) -> None:
    """Raise StudyError where the profile does not fit this machine."""
    check = _fits(profile)
    if not check.ok:
        raise StudyError(
            f"{check.name} does not fit this machine: {check.detail}; `python -m dualrec profiles` lists the others"
        )


def lock_mismatches(lock: Path = LOCK) -> list[str]:
    """Locked packages that are missing here or have another version; a build label such as `+cpu` does not count."""
    mismatches = []
    for line in lock.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        pinned = Requirement(line)
        try:
            installed = metadata.version(pinned.name)
        except metadata.PackageNotFoundError:
            mismatches.append(f"{pinned.name} is missing")
            continue
        if not pinned.specifier.contains(Version(installed).public, prereleases=True):
            mismatches.append(f"{pinned.name} {installed} instead of {str(pinned.specifier).removeprefix('==')}")
    return mismatches


def _python() -> Check:
    supported = (3, 11) <= sys.version_info[:2] < (3, 13)
    return Check("python", supported, f"{platform.python_version()} (3.11 or 3.12 wanted)")


def _packages() -> Check:
    if not LOCK.is_file():
        detail = "requirements.lock not found; install from a clone of the repository with `make setup`"
        return Check("packages", False, detail)
    mismatches = lock_mismatches()
    if not mismatches:
        return Check("packages", True, "all as in requirements.lock")
    more = f" and {len(mismatches) - 4} more" if len(mismatches) > 4 else ""
    return Check("packages", False, f"{'; '.join(mismatches[:4])}{more}; run `make setup`")


def _asset(name: str) -> Check:
    try:
        verified_asset(name)
    except StudyError as error:
        return Check(f"asset {name}", False, str(error))
    package = ASSETS[name].distribution
    return Check(f"asset {name}", True, f"SHA-256 as pinned ({package} {metadata.version(package)})")


def _device() -> Check:
    device = pick_device()
    model = cpu_name() if device.type == "cpu" else device_name()
    found = speeds()
    products = f"{found.float32:.0f} GFLOP/s in float32" + f", {found.bfloat16:.0f} in bfloat16" * bool(found.bfloat16)
    chosen = f"networks in float32, language model in {precision()}"
    probe = f"a thread: {products}, a step of an LSTM {found.lstm_step_ms:.0f} ms"
    return Check("device", True, f"{device} ({model}), {torch.get_num_threads()} threads; {probe}; {chosen}")


def _memory() -> Check:
    free = psutil.virtual_memory().available / 2**30
    return Check("memory", True, f"{total_memory():.1f} GiB, {free:.1f} GiB of it free")


def _disk() -> Check:
    home = paths.home()
    existing = next(folder for folder in (home, *home.parents) if folder.exists())  # the first run makes the home
    free = shutil.disk_usage(existing).free / 2**30
    return Check("disk", free >= DISK_GIB, f"{free:.1f} GiB free ({DISK_GIB:.0f} GiB wanted)")


def _writable() -> Check:
    runs = paths.home() / "runs"
    try:
        runs.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=runs):
            return Check("runs/", True, "can be written")
    except OSError as error:
        remedy = "set DUALREC_HOME to a folder of yours or change its rights"
        return Check("runs/", False, f"cannot be written ({error.strerror}); {remedy}")


def _with_minutes(profile: Profile, blocking: bool) -> Check:
    """`_fits`, and where the profile does, the minutes that it takes here."""
    check = _fits(profile, blocking)
    if not check.ok:
        return check
    took = in_words(read_runs(paths.recorded_runs()).get(profile.name), Machine.of(environment()))
    return replace(check, detail=f"{check.detail}; {took}")


def _fits(profile: Profile, blocking: bool = True) -> Check:
    """Memory, GPU memory and data of one profile against this machine."""
    lacking = []
    if total_memory() < profile.needs_memory_gib:
        lacking.append(f"needs {profile.needs_memory_gib:g} GiB of memory, this machine has {total_memory():.1f}")
    if gpu_memory() < profile.needs_gpu_memory_gib:
        largest = f"the largest has {gpu_memory():.1f}" if gpu_memory() else "there is none"
        lacking.append(f"needs a GPU with {profile.needs_gpu_memory_gib:g} GiB, {largest}")
    origin = ""
    try:
        origin = _data_origin(profile.data)
    except StudyError as error:
        lacking.append(str(error))
    if profile.llm.model == REMOTE:
        from dualrec.llm.remote import missing_variables  # here, since openai takes seconds to import

        lacking += [f"{name} is not set" for name in missing_variables()]
    gpu = f", a GPU with {profile.needs_gpu_memory_gib:g} GiB" if profile.needs_gpu_memory_gib else ""
    needs = f"{profile.needs_memory_gib:g} GiB of memory{gpu}, data {profile.data}: {origin}"
    return Check(f"profile {profile.name}", not lacking, "; ".join(lacking) or f"fits ({needs})", blocking)


def _data_origin(name: str) -> str:
    """Where a data set will come from, in the order in which `data.sources.load` looks for it.

    Raises StudyError, as that does, where it comes from nowhere or has no known layout.
    """
    if name not in SOURCES:
        reader_of(folder_of(name))
        return "own folder"
    if own := own_folder(name):
        reader_of(own)
        return "in DUALREC_DATA"
    if name in ASSETS:
        return "embedded"
    archive_of(name)
    return "downloaded" if (paths.shared_cache() / "data" / name).is_dir() else "will be downloaded"
