"""Which commit a number was made from, as far as git knows it."""

import subprocess

import pytest

from dualrec.core.git import ask_git, git_commit


@pytest.fixture
def git(tmp_path):
    """Runs git in a folder of its own."""

    def run(*arguments: str) -> str:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
        command = ["git", *identity, *arguments]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.strip()

    return run


def test_a_clean_commit_is_its_short_hash_and_a_changed_file_makes_it_dirty(git, tmp_path):
    git("init", "--quiet")
    (tmp_path / "code.py").write_text("1")
    git("add", ".")
    git("commit", "--quiet", "-m", "first")
    short = git("rev-parse", "HEAD")[:7]
    assert git_commit(tmp_path) == short
    (tmp_path / "code.py").write_text("2")
    assert git_commit(tmp_path) == f"{short}-dirty"


def test_what_a_run_draws_makes_no_commit_dirty(git, tmp_path):
    git("init", "--quiet")
    git("commit", "--quiet", "--allow-empty", "-m", "first")
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "results.json").write_text("{}")
    assert git_commit(tmp_path) == git("rev-parse", "HEAD")[:7]
    assert git_commit(tmp_path / "figures") == "unknown", "a folder within a repository has no commit of its own"


def test_outside_git_and_before_the_first_commit_it_is_unknown(git, tmp_path):
    assert git_commit(tmp_path) == git_commit(tmp_path / "nowhere") == "unknown"
    git("init", "--quiet")
    assert git_commit(tmp_path) == "unknown"


def test_what_git_refuses_is_none(git, tmp_path, monkeypatch):
    git("init", "--quiet", "--initial-branch", "main")
    assert ask_git(tmp_path, "branch", "--show-current") == "main"
    assert ask_git(tmp_path, "remote", "get-url", "origin") is None
    monkeypatch.setenv("PATH", "")
    assert ask_git(tmp_path, "branch", "--show-current") is None, "git is not installed"
