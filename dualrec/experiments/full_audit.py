"""The audit of the released evaluation on everybody: what each of its switches is worth, and what blind lists reach."""

from __future__ import annotations

import sys
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd

from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.core.git import git_commit
from dualrec.core.locks import sole_user
from dualrec.evaluation.attribution import shapley_values, subsets
from dualrec.evaluation.random_lists import expected_hits
from dualrec.evaluation.released import KS, RELEASED, Outputs, Protocol, evaluate, turned
from dualrec.evaluation.results import record_side_run
from dualrec.evaluation.statistics import bootstrap_intervals, exact_rate, ratio_interval, resampled_means
from dualrec.experiments.audit import AuditCases, audit_cases, listed_outputs, sentence_vectors
from dualrec.experiments.side_runs import SideRun
from dualrec.sequence.ranking import best_lists
from dualrec.study import Study, open_study
from dualrec.systems.catalogue_writer import write_from_catalogue
from dualrec.systems.names import LABELS
from dualrec.systems.sequence_models import fit_sequence_model, lstm_hints
from dualrec.types import Hints

SEQUENCE_SYSTEMS, WRITER, RANDOM = ("markov", "lstm"), "llm_hint_trie", "random"
# All switches but the size of the sample, which changes no mean: what it does is told as "sample".
SWITCHES = tuple(switch.name for switch in fields(Protocol) if switch.name != "users")
TRUTH = "truth_in_references"
METRICS = tuple(f"HR@{k}" for k in KS)
SAMPLES = 1000  # of users, to show how far apart two samples may lie
Frames = dict[frozenset[str], pd.DataFrame]  # turned switches -> HR@1 and HR@5 of every user who is left


def measure_audit(profile: str) -> dict[str, Any]:
    """Evaluate the lists of four systems, made once, under every combination of the switches, and record what is found.

    The systems are a Markov chain, the LSTM, the untuned catalogue writer with the LSTM's hint, and titles drawn
    blindly, of which the expectation is taken. A run that was stopped goes on from what it keeps.

    profile: a profile's name or a `.toml` file

    Raises StudyError where the profile's lists are longer than the released ones.
    Returns {"n", "protocol", "switches", "length", "systems"}; of each system "label" and
    ends: "released", "audited" and, over everybody with the rest as released, "told" and "untold", which is whether
        the true titles are among the references: see `_rates`
    worth: switch -> metric -> its Shapley value from released to audited with its 95 % bootstrap interval over users
    sample: metric -> what the middle 95 % of samples as large as the released one reach, with "of" users
    """
    study = open_study(profile)
    length = study.profile.audit.titles
    if length > max(KS):
        raise StudyError(f"the released lists have {max(KS)} titles, not {length}; set titles = {max(KS)} in [audit]")
    run, commit = SideRun(study, "audit", "make audit"), git_commit(paths.home())
    with sole_user(study.folder):
        audit = audit_cases(study, users=0)
        hints = lstm_hints(study, audit.cases.history, fit_sequence_model(study, "lstm", split=audit.split))
        frames = _frames(study, audit, hints)
    facts = {
        "command": run.command,
        "data": study.data.name,
        "commit": commit,
        "hardware": run.hardware,
        "n": len(audit.cases),
        "protocol": study.protocol,
        "switches": [*SWITCHES],
        "length": length,
    }
    labels = LABELS | {RANDOM: "Random titles"}
    systems = {name: {"label": labels[name]} | _measured(study, of_system) for name, of_system in frames.items()}
    values = facts | {"systems": systems}
    record_side_run(paths.results(paths.DEFAULT_PROFILE), study.profile.name, "audit", values)
    return values


def _frames(study: Study, audit: AuditCases, hints: Hints) -> dict[str, Frames]:
    """System -> its hits under the released evaluation with each set of switches turned.

    hints: of the LSTM, one per case
    """
    from dualrec.llm.local import load_llm

    histories, length = audit.cases.history, study.profile.audit.titles
    items = {
        name: best_lists(fit_sequence_model(study, name, split=audit.split), histories, length).items
        for name in SEQUENCE_SYSTEMS
    }
    llm = load_llm(study.profile.llm.model)
    items[WRITER] = write_from_catalogue(study, llm, histories, hints, length).items
    outputs = {name: listed_outputs(study, found, hints) for name, found in items.items()}
    vectors = sentence_vectors(study, *outputs.values())
    protocols = {names: replace(turned(names), users=0) for names in subsets(SWITCHES)}
    frames: dict[str, Frames] = {}
    for name, lists in outputs.items():
        print(f"audit: {LABELS[name]}, under {len(protocols)} evaluations", file=sys.stderr)
        frames[name] = {names: _hits(lists, audit, vectors, protocol) for names, protocol in protocols.items()}
    print("audit: random titles, by their probabilities", file=sys.stderr)
    closed = histories.excluded
    frames[RANDOM] = expected_hits(audit.truth, hints.items[:, 0], closed, study.title_vectors, protocols, length)
    return frames


def _hits(lists: Outputs, audit: AuditCases, vectors: dict[str, np.ndarray], protocol: Protocol) -> pd.DataFrame:
    return pd.DataFrame(evaluate(lists, audit.truth, vectors, protocol, seed=0)[[*METRICS]])  # no sample, so no seed


def _measured(study: Study, frames: Frames) -> dict[str, Any]:
    """What is recorded of one system, see `measure_audit`."""
    resamples, seed = study.profile.evaluation.resamples, study.seed
    everybody = frozenset({"row_split"})
    ends = {
        "released": frames[frozenset()],
        "audited": frames[frozenset(SWITCHES)],
        "told": frames[everybody],
        "untold": frames[everybody | {TRUTH}],
    }
    return {
        "ends": {name: _rates(frame, resamples, seed) for name, frame in ends.items()},
        "worth": _worth(frames, resamples, seed),
        "sample": _sample(ends["released"], everyone=ends["told"], seed=seed),
    }


def _rates(frame: pd.DataFrame, resamples: int, seed: int) -> dict[str, dict]:
    """HR@1 and HR@5, and the share of the second that is in the first.

    Rates of hits have the exact interval of Clopper and Pearson (1934); expectations, of which each user has a part
    of a hit, and the share have the bootstrap's. Each is {"value", "low", "high", "n"}.
    """
    found = bootstrap_intervals(frame, resamples, seed)
    if np.isin(frame.to_numpy(float), [0, 1]).all():
        found = {metric: exact_rate(frame[metric]) for metric in METRICS}
    first, five = (pd.Series(frame[metric]) for metric in METRICS)
    return found | {"first": ratio_interval(first, five, resamples, seed)}


def _worth(frames: Frames, resamples: int, seed: int) -> dict[str, dict]:
    """See "worth" in `measure_audit`."""
    users = max((frame.index for frame in frames.values()), key=len)
    found: dict[str, dict] = {switch: {} for switch in SWITCHES}
    for metric in METRICS:
        table = np.column_stack([frame[metric].reindex(users) for frame in frames.values()])
        drawn = resampled_means(pd.DataFrame(table), resamples, seed).T  # (sets of switches, resamples)
        whole = shapley_values(dict(zip(frames, np.nanmean(table, axis=0).tolist(), strict=True)), SWITCHES)
        spread = shapley_values(dict(zip(frames, drawn, strict=True)), SWITCHES)
        for switch in SWITCHES:
            low, high = np.nanpercentile(spread[switch], [2.5, 97.5])
            found[switch][metric] = {"value": whole[switch], "low": float(low), "high": float(high)}
    return found


def _sample(released: pd.DataFrame, everyone: pd.DataFrame, seed: int) -> dict[str, Any]:
    """How far samples of the released size lie apart.

    released: users whom the released evaluation draws from
    everyone: drawn from instead where those are no more than a sample
    """
    frame = released if len(released) > RELEASED.users else everyone
    if len(frame) <= RELEASED.users:
        return {}
    rng = np.random.default_rng([seed, 3])
    draws = [rng.choice(len(frame), RELEASED.users, replace=False) for _ in range(SAMPLES)]
    found: dict[str, Any] = {"users": RELEASED.users, "of": len(frame)}
    for metric in METRICS:
        values = frame[metric].to_numpy(float)
        low, high = np.percentile([values[rows].mean() for rows in draws], [2.5, 97.5])
        found[metric] = {"value": float(values.mean()), "low": float(low), "high": float(high)}
    return found
