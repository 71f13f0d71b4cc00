"""Where experiments leave their numbers: the default profile's `results.json`, under the profile they were run with."""

from __future__ import annotations

from dualrec.core import paths
from dualrec.core.git import git_commit
from dualrec.core.machine import hardware
from dualrec.evaluation.results import record_side_run
from dualrec.study import Study


def record_measured(study: Study, kind: str, command: str, values: dict) -> None:
    """Put an experiment's numbers into the default profile's results, with all it takes to repeat the measurement.

    study: on whose data and profile it was measured
    kind: the name under which a notebook reads it back
    command: repeats it in the default profile; another profile is added to it here
    values: what was measured
    """
    other_profile = "" if study.profile.name == paths.DEFAULT_PROFILE else f" PROFILE={study.profile.name}"
    facts = {
        "command": command + other_profile,
        "data": study.data.name,
        "commit": git_commit(paths.home()),
        "hardware": hardware(),
    }
    record_side_run(paths.results(paths.DEFAULT_PROFILE), study.profile.name, kind, facts | values)
