"""What each profile's finished run took and reached, and the README's tables of it."""

from __future__ import annotations

from dataclasses import asdict, replace

from dualrec.core import paths
from dualrec.core.timing import KINDS
from dualrec.evaluation.results import cell, load_results
from dualrec.profiles.load import available
from dualrec.workflow.manifest import Manifest, notebook_paths
from dualrec.workflow.minutes import Machine, expected, why_not

ABOUT_RUNS = (
    "Minutes add up the longest execution on record of each notebook. "
    "Users of the sequence models / of the free writers."
)
ABOUT_MINUTES = (
    "Minutes of the longest execution on record of each notebook. Training: the small networks and the reader's head; "
    "tuning: LoRA with its validation; reading: beams, candidates, hidden states, title vectors; writing: free lists."
)
ABOUT_MACHINES = (
    "Expected minutes, computed from the record and the speed of the cores by "
    "[`dualrec/workflow/minutes.py`](dualrec/workflow/minutes.py); `make doctor` does the same for your machine."
)
KINDS_OF_MACHINE = (  # in words, the language model's precision, GFLOP/s of a thread in it
    ("350 and more, in bfloat16", "bfloat16", 350.0),
    ("150, in float32", "float32", 150.0),
    ("75, in float32", "float32", 75.0),
)
QUICK = ("smoke", "laptop")  # the profiles that everyone runs
HEADLINES = (("lstm", "HR@10"), ("lstm", "NDCG@10"), ("llm_lora", "HR@10"), ("llm_lora", "validity"))


def finished_runs(recorded: dict) -> dict:
    """What each profile's finished run took and reached.

    recorded: an earlier value of this function; profiles that were not run to their end here keep theirs

    Returns profile -> {"minutes", "peak_memory_gib", "commit", "hardware", "users", "language_users", "metrics",
    "notebooks", "machine"}.
    minutes, peak_memory_gib: of the longest execution on record of each notebook; memory is its kernel's
    metrics: "system metric" -> interval
    notebooks: name -> {"seconds", "peak_memory_mib", "spent"} of that execution, "spent" by kind of work
    machine: of the notebook that took longest, see `workflow.minutes.Machine`
    The last two are left out where an execution from before they were recorded was the longest.
    """
    runs = {}
    for profile in available():
        manifest = Manifest(profile)
        names = [notebook.stem for notebook in notebook_paths()]
        if manifest.notebooks.keys() >= set(names) and paths.results(profile).is_file():
            results = load_results(paths.results(profile))
            systems = results["systems"]
            longest = [manifest.longest[name] for name in names]
            runs[profile] = {
                "minutes": round(sum(entry["seconds"] for entry in longest) / 60, 1),
                "peak_memory_gib": round(max(entry["peak_memory_mib"] for entry in longest) / 2**10, 2),
                "commit": results["commit"],
                "hardware": results["hardware"],
                "users": systems["lstm"]["n"],
                "language_users": systems["llm_lora"]["n"],
                "metrics": {f"{system} {metric}": systems[system]["metrics"][metric] for system, metric in HEADLINES},
            } | _by_kind(manifest, names)
        elif profile in recorded:
            runs[profile] = recorded[profile]
    return runs


def _by_kind(manifest: Manifest, names: list[str]) -> dict:
    """What `finished_runs` says of notebooks and machine; nothing where it is not known of all notebooks."""
    notebooks = {name: manifest.longest[name] for name in names}
    if not all("spent" in entry for entry in notebooks.values()):
        return {}
    longest = max(names, key=lambda name: notebooks[name]["seconds"])
    machine = Machine.of(manifest.notebooks[longest]["environment"])
    return {"notebooks": notebooks, "machine": asdict(machine)}


def runs_table(runs: dict) -> str:
    """A markdown table: one row per profile with its time, memory, users and headline numbers."""
    heads = [f"`{system}` {metric}" for system, metric in HEADLINES]
    rows = [["profile", "minutes", "GiB", "users", *heads], ["---", *["---:"] * (len(heads) + 3)]]
    for profile, run in runs.items():
        users = f"{run['users']} / {run['language_users']}"
        metrics = [cell(run["metrics"][f"{system} {metric}"]) for system, metric in HEADLINES]
        rows.append([f"`{profile}`", f"{run['minutes']:.0f}", f"{run['peak_memory_gib']:.2f}", users, *metrics])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def minutes_table(run: dict) -> str:
    """A markdown table: one row per notebook and one for all of them, minutes by kind of work.

    run: of one profile, with "notebooks"
    """
    rows = []
    for name, entry in run["notebooks"].items():
        spent = [entry["spent"][kind] for kind in KINDS]
        rows.append([name, *spent, entry["seconds"] - sum(spent), entry["seconds"]])
    rows.append(["all", *map(sum, zip(*(row[1:] for row in rows), strict=True))])
    lines = [["notebook", *KINDS, "rest", "all"], ["---", *["---:"] * (len(KINDS) + 2)]]
    lines += [[name, *(f"{seconds / 60:.1f}" for seconds in cells)] for name, *cells in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def machines_table(runs: dict) -> str:
    """A markdown table: one row per kind of machine, with the minutes that the quick profiles are expected to take.

    runs: as `finished_runs` returns them; a profile that they do not tell by kind of work has a dash
    """
    rows = [["two cores, GFLOP/s of a thread", *(f"`{profile}`" for profile in QUICK)]]
    rows.append(["---", *["---:"] * len(QUICK)])
    for name, precision, rate in KINDS_OF_MACHINE:
        rows.append([name, *(_on_two_cores(runs.get(profile, {}), precision, rate) for profile in QUICK)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _on_two_cores(run: dict, precision: str, rate: float) -> str:
    """The minutes to expect of two cores of a kind; a dash where nothing can be expected.

    In float32 they train the networks as they multiply, compared with the machine on record; in bfloat16 as that does.

    run: of one profile
    precision, rate: the language model's, and GFLOP/s of a thread in it
    """
    if "machine" not in run:
        return "–"
    there = Machine.of(run["machine"]).speeds
    slower = there.float32 / rate if precision == "float32" else 1.0
    speeds = replace(there, **{precision: rate}, lstm_step_ms=there.lstm_step_ms * slower)
    machine = Machine("cpu", "two cores", 2, precision, speeds)
    return "–" if why_not(run, machine) else f"{expected(run, machine).minutes:.0f}"
