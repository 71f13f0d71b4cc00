"""The ways to set up the study must agree: pyproject, lock, conda, assets, Makefile."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import Specifier, SpecifierSet
from packaging.utils import canonicalize_name

from dualrec.core.assets import ASSETS

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DECLARED = [Requirement(r) for r in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]]
NAMED_IN_CONDA = {
    "jupyterlab",
    "papermill",
    "torch",
    "transformers",
    "peft",
    "sentence-transformers",
    "pandas",
    "matplotlib",
    "seaborn",
    "nbval",
}


def requirement_lines(file: str) -> list[str]:
    return [line for line in (ROOT / file).read_text().splitlines() if line.strip() and not line.startswith("#")]


LOCK = {canonicalize_name(r.name): r for r in map(Requirement, requirement_lines("requirements.lock"))}


def version(requirement: Requirement) -> str:
    (pin,) = requirement.specifier
    assert pin.operator == "==", requirement
    return pin.version


def test_the_lock_pins_every_package_exactly_and_names_no_place():
    for requirement in LOCK.values():
        assert re.fullmatch(r"[\w.]+", version(requirement)), requirement  # no build label such as +cpu
        assert requirement.url is None
    assert version(LOCK["torch"]) == "2.13.0"
    assert len(LOCK) == len(requirement_lines("requirements.lock"))
    assert not {"dualrec", "pip"} & set(LOCK)


@pytest.mark.parametrize("file", ["requirements.lock", "requirements-assets.txt", "environment.yml"])
def test_no_requirement_names_a_host_or_a_machine(file):
    assert not re.search(r"https?:|file:|--(extra-)?index|--find-links|/home/|/tmp/", (ROOT / file).read_text())


@pytest.mark.parametrize("requirement", DECLARED, ids=str)
def test_every_dependency_stands_in_the_lock(requirement):
    assert requirement.specifier.contains(version(LOCK[canonicalize_name(requirement.name)]))


def test_the_lock_is_closed_under_the_installed_packages_needs():
    """What a locked package needs here is locked itself: nothing is left to chance on a new machine."""
    from importlib import metadata

    for name in LOCK:
        for line in metadata.requires(name) or []:
            need = Requirement(line)
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                assert canonicalize_name(need.name) in LOCK, f"{name} needs {need}"


def test_every_locked_package_runs_on_every_python_that_is_promised():
    """Debian's 3.11 is an old one, for which the newest version of a package may not be meant."""
    from importlib import metadata

    promised = SpecifierSet(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"])
    pythons = [f"3.{minor}.{patch}" for minor in range(8, 20) for patch in (0, 30)]
    assert "3.11.0" in promised and "3.13.0" not in promised
    for name in LOCK:
        needs = SpecifierSet(metadata.metadata(name).get("Requires-Python") or "")
        assert all(python in needs for python in pythons if python in promised), f"{name} needs Python {needs}"


def test_build_system_stands_in_the_lock():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    for requirement in map(Requirement, build):  # the package is installed without build isolation
        assert requirement.specifier.contains(version(LOCK[requirement.name]))


def test_every_dependency_has_its_reason():
    lines = re.findall(r'^    "[\w.=-]+",(.*)$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert len(lines) == len(DECLARED)
    assert all(re.fullmatch(r" +# .{5,}", line) for line in lines)


def test_every_third_party_import_is_declared():
    declared = {canonicalize_name(r.name) for r in DECLARED}
    own_names = {"sentence_transformers": "sentence-transformers", "jupyter_client": "jupyter-client"}
    own_names |= {"pydantic_core": "pydantic", "yaml": "pyyaml"}
    known = set(sys.stdlib_module_names) | {"dualrec"}
    for file in (ROOT / "dualrec").rglob("*.py"):
        for name in re.findall(
            r"^\s*(?:from|import) ([A-Za-z]\w*)[\w.]*(?: import|,|\s|$)", file.read_text(), re.MULTILINE
        ):
            if name in known:
                continue
            assert own_names.get(name, canonicalize_name(name)) in declared, f"{file.name} imports {name}"


def test_conda_makes_the_same_environment():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *conda, pip = environment["dependencies"]
    assert "python=3.11" in conda and "pip" in conda
    lock_line, *pins = pip["pip"]
    assert lock_line == "-r requirements.lock"
    pinned = {canonicalize_name(r.name): version(r) for r in map(Requirement, pins)}
    assert set(pinned) == NAMED_IN_CONDA
    assert pinned == {name: version(LOCK[name]) for name in pinned}


def test_assets_are_pinned_by_hash_and_kept_out_of_the_lock():
    pinned = {}
    for line in requirement_lines("requirements-assets.txt"):
        name, digest = re.fullmatch(r"([\w-]+)==[\d.]+ --hash=sha256:([0-9a-f]{64})", line).groups()
        pinned[name] = digest
    assert set(pinned) == {asset.distribution for asset in ASSETS.values()}
    assert not set(pinned) & set(LOCK)


TARGETS = " ".join(re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)).split()


def make(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(["make", "--no-print-directory", *arguments], cwd=ROOT, capture_output=True, text=True)


def test_make_alone_lists_every_target():
    listed = re.findall(r"^  ([\w-]+)", make().stdout, re.MULTILINE)
    assert listed == TARGETS
    assert {"help", "setup", "all", "smoke", "check", "types", "test", "report", "lab", "clean", "publish"} <= set(
        listed
    )


@pytest.mark.parametrize("target", ["run", "figures", "report", "lab", "demo", "bench", "doctor"])
def test_the_profile_reaches_every_running_target(target):
    assert re.search(r"(--profile |DUALREC_PROFILE=)ml-1m\b", make("--dry-run", target, "PROFILE=ml-1m").stdout)


def test_the_active_environment_gets_the_same_three_installations():
    def installations(environment: str) -> list[str]:
        plan = make("--dry-run", "--always-make", "setup", f"ENV={environment}").stdout
        return re.findall(r"pip install (.*)", plan)

    assert len(installations("active")) == 3
    assert installations("active") == installations("venv")
    assert ".venv" not in make("--dry-run", "--always-make", "setup", "ENV=active").stdout
    assert "use ENV=venv (the default) or ENV=active" in make("setup", "ENV=conda").stderr


def test_an_unsuitable_python_is_named(tmp_path):
    old = tmp_path / "python3.9"
    pretend = "import sys; sys.version_info = (3, 9, 1); sys.executable = 'python3.9'; exec(open(sys.argv[1]).read())"
    old.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{pretend}" "$1"\n')
    old.chmod(0o755)
    (tmp_path / ".ci").mkdir()
    for file in ("Makefile", ".ci/python_version.py", "requirements.lock", "requirements-assets.txt", "pyproject.toml"):
        (tmp_path / file).write_text((ROOT / file).read_text())
    run = subprocess.run(["make", "setup", f"PYTHON={old}"], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode != 0 and "DUALRec needs Python 3.11 or 3.12, and python3.9 is 3.9" in run.stderr
    assert not (tmp_path / ".venv").exists()


def test_the_quick_tests_leave_out_what_is_slow_and_the_others_leave_out_nothing():
    quick, whole = (make("--dry-run", target).stdout for target in ("check", "test"))
    assert "-m 'not slow and not torture' tests" in quick and "ruff check" in quick
    assert "slow" not in whole and "nbval" in whole


def test_continuous_integration_runs_style_types_and_tests():
    assert (ROOT / ".ci/run").stat().st_mode & 0o111
    assert re.findall(r"^make (.*)$", (ROOT / ".ci/run").read_text(), re.MULTILINE) == ["style", "types", "test"]
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    assert {"run": "bash .ci/run"} in jobs["test"]["steps"]


def test_containers_set_up_by_the_same_command_with_a_python_that_will_do():
    dockerfile = (ROOT / "Dockerfile").read_text()
    image = re.search(r"^FROM python:(3\.\d+)-slim AS tools$", dockerfile, re.MULTILINE)[1]
    assert Specifier(PROJECT["requires-python"].split(",")[0]).contains(image)
    assert re.search(r"USER reader\n.*^RUN .*make setup$", dockerfile, re.MULTILINE | re.DOTALL), "nothing runs as root"
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    assert container["postCreateCommand"] == "make setup"
    stage = re.search(
        rf"^FROM .* AS {container['build']['target']}$(.*?)(?=^FROM)", dockerfile, re.MULTILINE | re.DOTALL
    )[1]
    assert "USER reader" in stage and "make setup" not in stage, (
        "an editor's container sets up once, in its own workspace"
    )
    assert (ROOT / ".devcontainer" / container["build"]["dockerfile"]).resolve() == ROOT / "Dockerfile"
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {"runs", ".venv*"} <= set(ignored) and ".git" not in ignored, "a ledger names its commit in a container, too"


def test_binder_installs_what_make_setup_installs():
    assert (ROOT / ".binder/requirements.txt").read_text() == "-r ../requirements.lock\n"
    script, setup = (ROOT / ".binder/postBuild"), make("--dry-run", "--always-make", "setup").stdout
    assert script.stat().st_mode & 0o111
    for installed in re.findall(r"pip install (.*)", script.read_text()):
        assert re.search(rf"pip install .*{re.escape(installed)}", setup), installed


def test_binder_opens_notebooks_in_the_profile_it_has_memory_for():
    said = subprocess.run(
        [ROOT / ".binder/start", "printenv", "DUALREC_PROFILE"], capture_output=True, text=True, check=True
    )
    assert said.stdout == "smoke\n"


def test_scripts_keep_the_line_ends_of_linux_where_git_would_change_them():
    files = ["Makefile", "Dockerfile", ".ci/run", ".binder/start", ".binder/postBuild"]
    said = subprocess.run(
        ["git", "check-attr", "eol", "--", *files], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout.count(": eol: lf") == len(files)


def test_importing_the_package_needs_no_unix():
    for file in (ROOT / "dualrec").rglob("*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [getattr(node, "module", None)]
            )
            assert not {"resource", "fcntl", "pwd", "grp", "termios"} & set(names), file.name


def test_the_citation_file_is_valid_yaml_with_what_a_reader_needs():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors", "license"} <= set(citation)
    assert citation["version"] == PROJECT["version"]
    assert "2507.13957" in str(citation["references"])


TEXT = "dualrec/publishing/site/text"
# The README, and the guides that it leads to.
PAGES = [
    ROOT / "README.md",
    *(ROOT / TEXT / f"{name}.md" for name in ("commands", "profiles", "other_data", "measured", "your_own", "runs")),
]
README = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


def test_the_readme_names_every_target_profile_and_command():
    from dualrec.__main__ import app
    from dualrec.profiles.load import available

    targets = set(TARGETS) - {"help"}
    commands = {(command.name or command.callback.__name__).replace("_", "-") for command in app.registered_commands}
    assert targets <= set(re.findall(r"^\| `([\w-]+)` \|", README, re.MULTILINE))
    assert set(available()) <= set(re.findall(r"^\| `([\w-]+)`", README, re.MULTILINE))
    shown = set(re.findall(r"python -m dualrec ([\w-]+)", README))
    assert commands <= shown | {target.replace("_", "-") for target in targets}
    assert README.count("<!-- results:begin -->") == README.count("<!-- results:end -->") == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_leads_somewhere(page):
    """A file that is there and, behind a #, one of its headings as GitHub writes it."""
    links = re.findall(r"\]\((?!https?:)([^)\s#]*)(?:#([^)\s]+))?\)", page.read_text(encoding="utf-8"))
    assert links and (len(links) >= 10 or page != PAGES[0])
    for to, heading in links:
        target = (page.parent / to).resolve() if to else page
        assert target.exists(), to
        if heading:
            heads = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}, heading


def test_the_readme_is_short_and_leads_to_every_guide():
    readme = PAGES[0].read_text(encoding="utf-8")
    assert len(readme.split()) < 2500
    assert all(f"]({TEXT}/{page.name}" in readme for page in PAGES[1:])


def test_what_is_prepared_for_products_is_not_kept_for_a_thousand_shapes():
    """Set before PyTorch computes, in every process; whoever set it otherwise keeps it."""
    program = (
        "import os, dualrec; print(os.environ['ONEDNN_PRIMITIVE_CACHE_CAPACITY'], os.environ['LRU_CACHE_CAPACITY'])"
    )
    named = {name: value for name, value in os.environ.items() if not name.endswith("_CACHE_CAPACITY")}
    for given, wanted in ({}, "64 64"), ({"LRU_CACHE_CAPACITY": "9"}, "64 9"):
        done = subprocess.run(
            [sys.executable, "-c", program], env=named | given, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == wanted
