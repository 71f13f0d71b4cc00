"""Where things lie, and how a path is shown without naming a machine."""

from dualrec.core import paths


def test_everything_lies_below_the_home_that_the_environment_names(tmp_path, monkeypatch):
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path))
    assert paths.notebooks() == tmp_path.resolve() / "notebooks"
    assert paths.run_dir("smoke") == tmp_path.resolve() / "runs" / "smoke"
    monkeypatch.setenv("DUALREC_HOME", "")
    assert paths.home() == paths.PACKAGE.parent, "empty is as good as not named"


def test_only_the_default_profile_draws_into_the_committed_figures():
    assert paths.results(paths.DEFAULT_PROFILE) == paths.home() / "figures" / "results.json"
    assert paths.results("smoke") == paths.run_dir("smoke") / "figures" / "results.json"


def test_a_path_within_the_study_is_shown_relative_to_it(tmp_path, monkeypatch):
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path / "home"))
    assert paths.readable(tmp_path / "home/runs/../runs/smoke") == "runs/smoke"
    assert paths.readable(tmp_path / "elsewhere") == str(tmp_path / "elsewhere")
