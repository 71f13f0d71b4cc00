import json
import os
import sys
from pathlib import Path

import pytest

from dualrec import __main__ as cli
from dualrec.config import Profile
from dualrec.core.artifacts import write_json
from dualrec.core.errors import StudyError
from dualrec.core.machine import environment
from dualrec.data.registry import SOURCES
from dualrec.data.sources import load
from dualrec.profiles.load import load_profile
from dualrec.workflow import doctor


def by_name(found):
    return {check.name: check for check in found}


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path))
    monkeypatch.delenv("DUALREC_DATA", raising=False)
    return tmp_path


def test_this_environment_is_ready_for_the_smoke_profile(home):
    found = by_name(doctor.checks("smoke"))
    assert set(found) >= {
        "python",
        "packages",
        "asset ml-100k",
        "asset smollm2-135m",
        "device",
        "memory",
        "disk",
        "runs/",
        "profile smoke",
    }
    bad = [str(check) for check in found.values() if not check.ok]
    assert not bad


def test_a_profile_that_fits_says_how_long_it_takes_here(home):
    assert by_name(doctor.checks("smoke"))["profile smoke"].detail.endswith("embedded); never recorded")
    here = environment()
    machine = {name: here[name] for name in ("device", "threads", "precision", "speeds")} | {"cpu": "Some CPU"}
    spent = {"training": 60, "tuning": 60, "reading": 60, "writing": 60, "imports": 60}
    run = {"minutes": 7.0, "machine": machine, "notebooks": {"01_one": {"seconds": 420, "spent": spent}}}
    write_json(home / "figures/profiles.json", {"smoke": run})
    smoke = by_name(doctor.checks("smoke"))["profile smoke"]
    assert smoke.ok and smoke.detail.endswith("; about 7 minutes here (recorded: 7 on Some CPU)")


@pytest.mark.slow
def test_without_a_profile_only_the_default_one_can_fail_the_whole(home, monkeypatch):
    monkeypatch.setattr(doctor, "total_memory", lambda: 0.5)
    found = by_name(doctor.checks())
    assert not found["profile laptop"].ok and found["profile laptop"].blocking
    assert not found["profile smoke"].ok and not found["profile smoke"].blocking
    needs = load_profile("laptop").needs_memory_gib
    assert found["profile laptop"].detail == f"needs {needs:g} GiB of memory, this machine has 0.5"


def test_a_line_is_ok_or_fail():
    assert str(doctor.Check("disk", True, "plenty")) == "OK   disk: plenty"
    assert str(doctor.Check("disk", False, "full")) == "FAIL disk: full"


def test_lock_mismatches_name_package_and_versions(tmp_path, monkeypatch):
    installed = {"torch": "2.13.0+cpu", "numpy": "1.26.4", "pandas": "3.1.1"}

    def version(name):
        if name not in installed:
            raise doctor.metadata.PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(doctor.metadata, "version", version)
    lock = tmp_path / "lock"
    lock.write_text("# comment\ntorch==2.13.0\nnumpy==2.4.6\npandas==3.1.1\nrapidfuzz==3.14.6\n")
    assert doctor.lock_mismatches(lock) == ["numpy 1.26.4 instead of 2.4.6", "rapidfuzz is missing"]


def test_many_mismatches_are_cut_short(monkeypatch):
    monkeypatch.setattr(doctor, "lock_mismatches", lambda: [f"p{i} is missing" for i in range(7)])
    check = by_name(doctor.checks("smoke"))["packages"]
    assert not check.ok and "p3 is missing and 3 more; run `make setup`" in check.detail


def test_a_changed_asset_fails_and_says_so(monkeypatch):
    def broken(name):
        raise StudyError("it was cut off")

    monkeypatch.setattr(doctor, "verified_asset", broken)
    assert str(by_name(doctor.checks("smoke"))["asset ml-100k"]) == "FAIL asset ml-100k: it was cut off"


def test_a_full_disk_fails(monkeypatch):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 2**30})())
    assert not by_name(doctor.checks("smoke"))["disk"].ok


def test_a_home_that_the_first_run_will_make_is_ready(home, monkeypatch):
    monkeypatch.setenv("DUALREC_HOME", str(home / "new" / "home"))
    assert by_name(doctor.checks("smoke"))["runs/"].ok


def test_an_unwritable_home_fails(tmp_path, monkeypatch):
    (tmp_path / "runs").write_text("a file where the folder should be")
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path))
    assert not by_name(doctor.checks("smoke"))["runs/"].ok


@pytest.mark.parametrize(
    "gpu, ok, said",
    [
        (0.0, False, "needs a GPU with 24 GiB, there is none"),
        (16.0, False, "the largest has 16.0"),
        (40.0, True, "fits"),
    ],
)
def test_a_profile_that_needs_a_gpu(monkeypatch, gpu, ok, said):
    monkeypatch.setattr(doctor, "gpu_memory", lambda: gpu)
    monkeypatch.setattr(doctor, "total_memory", lambda: 64.0)
    profile = Profile("paper", "", "ml-1m", needs_memory_gib=32, needs_gpu_memory_gib=24)
    check = doctor._fits(profile)
    assert check.ok is ok and said in check.detail
    if ok:
        doctor.require(profile)
    else:
        with pytest.raises(StudyError, match="profile paper does not fit this machine"):
            doctor.require(profile)


def test_where_data_come_from(home, monkeypatch):
    assert doctor._data_origin("ml-100k") == "embedded"
    assert doctor._data_origin("ml-1m") == "will be downloaded"
    (home / "runs/cache/data/ml-1m").mkdir(parents=True)
    assert doctor._data_origin("ml-1m") == "downloaded"
    monkeypatch.setenv("DUALREC_DATA", str(home / "mine"))
    two_movies(home / "mine" / "ml-1m")
    assert doctor._data_origin("ml-1m") == "in DUALREC_DATA"
    assert doctor._data_origin(str(home / "mine" / "ml-1m")) == "own folder"
    check = doctor._fits(Profile("mine", "", "ml-2m", needs_memory_gib=0.1))
    said = f"data 'ml-2m' is neither a registered data set ({', '.join(SOURCES)}) nor a folder"
    assert not check.ok and said in check.detail


@pytest.mark.parametrize("name", ["amazon-beauty", "lastfm-2k"])
def test_data_that_are_not_downloaded_are_missed_before_a_run(home, monkeypatch, name):
    check = doctor._fits(Profile("mine", "", name, needs_memory_gib=0.1))
    assert not check.ok and check.detail.startswith(f"data set '{name}' ")
    assert check.detail.endswith(f"DUALREC_DATA/{name}/")
    monkeypatch.setenv("DUALREC_DATA", str(home / "mine"))
    two_movies(home / "mine" / name)
    assert doctor._data_origin(name) == "in DUALREC_DATA"


def two_movies(folder: Path) -> Path:
    """A data set of its own in the folder."""
    folder.mkdir(parents=True)
    (folder / "movies.dat").write_text("7::Mine (2001)::Drama\n8::Yours (2002)::Drama\n")
    (folder / "ratings.dat").write_text("".join(f"1::{7 + t % 2}::5::{t}\n" for t in range(6)))
    return folder


ORIGINS = {  # DUALREC_DATA, what the doctor says of ml-100k, a title that the loader finds or what it says
    "unset": (None, "data ml-100k: embedded", "Toy Story (1995)"),
    "empty": ("", "data ml-100k: embedded", "Toy Story (1995)"),
    "a folder without the data set": ("{home}/empty", "data ml-100k: embedded", "Toy Story (1995)"),
    "a folder with it": ("{home}/data", "data ml-100k: in DUALREC_DATA", "Mine (2001)"),
    "from the home of the user": ("~/data", "data ml-100k: in DUALREC_DATA", "Mine (2001)"),
    "relative": ("data", "data ml-100k: in DUALREC_DATA", "Mine (2001)"),
    "a file": ("{home}/file", "file', which is no folder", "file', which is no folder"),
    "nothing": ("{home}/dta", "dta', which is no folder", "dta', which is no folder"),
    "a folder in which it has no layout": ("{home}/wrong", "holds no known layout", "holds no known layout"),
}


@pytest.mark.parametrize("case", ORIGINS)
def test_doctor_and_loader_agree_on_dualrec_data(home, monkeypatch, case):
    value, diagnosis, outcome = ORIGINS[case]
    two_movies(home / "data" / "ml-100k")
    (home / "wrong" / "ml-100k").mkdir(parents=True)
    (home / "empty").mkdir()
    (home / "file").write_text("")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.chdir(home)
    if value is not None:
        monkeypatch.setenv("DUALREC_DATA", value.format(home=home))
    check = doctor._fits(Profile("mine", "", "ml-100k", needs_memory_gib=0.1))
    try:
        titles = load("ml-100k").catalogue.titles
    except StudyError as error:
        assert not check.ok and outcome in str(error) and str(error) in check.detail
    else:
        assert check.ok and outcome in titles
    assert diagnosis in check.detail


def test_notebooks_look_where_the_command_does(home, monkeypatch):
    """They run in a folder of their own, where a relative path leads elsewhere."""
    monkeypatch.chdir(home)
    monkeypatch.setenv("DUALREC_DATA", "data")
    monkeypatch.setenv("DUALREC_HOME", ".")
    assert run(monkeypatch, "profiles") == 0
    assert os.environ["DUALREC_DATA"] == str(home / "data") and os.environ["DUALREC_HOME"] == str(home)


def test_the_environment_is_plain_json():
    found = environment()
    assert json.loads(json.dumps(found)) == found and all(found.values())


def run(monkeypatch, *arguments: str) -> int | None:
    monkeypatch.setattr(sys, "argv", ["dualrec", *arguments])
    return pytest.raises(SystemExit, cli.main).value.code


@pytest.mark.parametrize("blocking, code", [(True, 1), (False, 0)])
def test_the_command_fails_with_a_check_that_matters(monkeypatch, capsys, blocking, code):
    monkeypatch.setattr(doctor, "checks", lambda profile: [doctor.Check("profile x", False, "too large", blocking)])
    assert run(monkeypatch, "doctor") == code
    assert capsys.readouterr().out == "FAIL profile x: too large\n"


def test_wrong_usage_is_two_and_a_study_error_one_line(monkeypatch, capsys):
    assert run(monkeypatch, "doctor", "--profil", "x") == 2
    capsys.readouterr()
    assert run(monkeypatch, "doctor", "--profile", "lptop") == 1
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith("dualrec: unknown profile 'lptop' (did you mean 'laptop'?)")
    assert captured.err.count("\n") == 1
    monkeypatch.setattr(sys, "argv", ["dualrec", "--debug", "doctor", "--profile", "lptop"])
    with pytest.raises(StudyError):
        cli.main()


def test_profiles_are_listed(monkeypatch, capsys):
    assert run(monkeypatch, "profiles") == 0
    out = capsys.readouterr().out
    assert "laptop" in out and "smoke" in out and "GiB of memory" in out
