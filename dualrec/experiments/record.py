"""Where experiments leave their numbers: the default profile's `results.json`, under the profile they were run with."""

from __future__ import annotations

from dualrec.core import paths
from dualrec.core.git import git_commit
from dualrec.core.machine import hardware
from dualrec.evaluation.results import record_side_run
from dualrec.study import Study


def record_measured(study: Study, kind: str, command: str, values: dict) -> None:
    """Put a side run into the default profile's results, with what it takes to repeat it."""
    chosen = "" if study.profile.name == paths.DEFAULT_PROFILE else f" PROFILE={study.profile.name}"
    facts = {"command": command + chosen, "data": study.data.name, "commit": git_commit(paths.home()), "hardware": hardware()}
    record_side_run(paths.results(paths.DEFAULT_PROFILE), study.profile.name, kind, facts | values)
