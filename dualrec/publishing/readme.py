"""The generated parts of the README: results, findings, what a run of each profile took, what seeds change."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

from dualrec.core import paths
from dualrec.core.artifacts import write_text
from dualrec.core.errors import StudyError
from dualrec.core.text import read_text
from dualrec.core.timing import KINDS
from dualrec.evaluation.results import cell, load_results, results_table
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


def update_readme(readme_path: Path, results: dict, runs: dict) -> None:
    """Put every generated part between its markers in the README.

    readme_path: of the README
    results: as `load_results` returns them
    runs: as `finished_runs` returns them

    Raises StudyError where the README lacks a marker.
    """
    text = read_text(readme_path)
    new = text
    for name, block in _blocks(results, runs).items():
        before, _, after = _marked(new, name, readme_path)
        new = before + block + after
    if new != text:
        write_text(readme_path, new)


def replace_block(readme_path: Path, name: str, block: str) -> None:
    """Put a text between the markers of one name in the README.

    readme_path: of the README
    name: of the markers
    block: the text

    Raises StudyError where the README lacks a marker.
    """
    before, _, after = _marked(read_text(readme_path), name, readme_path)
    write_text(readme_path, before + block + after)


def readme_is_current(readme_path: Path, results: dict, runs: dict) -> bool:
    """Whether the README shows these results and runs. Raises StudyError where it lacks a marker."""
    text = read_text(readme_path)
    return all(_marked(text, name, readme_path)[1] == block for name, block in _blocks(results, runs).items())


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


def seeds_table(recorded: dict) -> str:
    """A markdown table: one row per profile and sequence model of `make seeds`, with the spread between seeds.

    recorded: `results["side_runs"]`
    """
    metrics = ("HR@1", "HR@10", "NDCG@10")
    rows = [["profile", "system", "users", "seeds", *metrics, "sd of NDCG@10 between seeds", "s per epoch"]]
    rows.append(["---", "---", *["---:"] * 7])
    for profile, kinds in recorded.items():
        for entry in kinds.get("seeds", {}).get("systems", {}).values():
            sd = entry["sd"]["NDCG@10"]
            seconds = entry["seconds_per_epoch"]
            spread = ["–" if sd is None else f"{sd:.4f}", "–" if seconds is None else f"{seconds:.1f}"]
            cells = [cell(entry["metrics"][metric]) for metric in metrics]
            rows.append([f"`{profile}`", entry["label"], str(entry["n"]), str(len(entry["seeds"])), *cells, *spread])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _blocks(results: dict, runs: dict) -> dict[str, str]:
    """What stands between the markers of each name."""
    caption = (
        f"Profile `{results['profile']}`, {results['data']}; {results['protocol']}. "
        f"In brackets: 95 % bootstrap interval over users. Commit `{results['commit']}`, {results['hardware']}."
    )
    measured = "; ".join(f"`{profile}`: commit `{run['commit']}`, {run['hardware']}" for profile, run in runs.items())
    seed_runs = [run["seeds"] for run in results["side_runs"].values() if "seeds" in run]
    recorded = "; ".join(
        f"`{run['command']}` on {run['data']}: commit `{run['commit']}`, {run['hardware']}" for run in seed_runs
    )
    minutes = seeds = "Not recorded yet."
    if "notebooks" in (run := runs.get(paths.DEFAULT_PROFILE, {})):
        about = f"Profile `{paths.DEFAULT_PROFILE}`. {ABOUT_MINUTES}"
        minutes = f"{minutes_table(run)}\n\n{about}\n\n{machines_table(runs)}\n\n{ABOUT_MACHINES}"
    if seed_runs:
        seeds = f"{seeds_table(results['side_runs'])}\n\nMeasured by {recorded}."

    def findings(*notebooks: str) -> str:
        texts = (" ".join(results["notebooks"].get(notebook, {}).get("findings", [])) for notebook in notebooks)
        return "\n\n".join(filter(None, texts))

    return {
        "audit": f"\n{findings('08_audit')}\n",
        "adds": f"\n{findings('10_what_the_llm_adds', '12_more_examples')}\n",
        "results": f"\n{results_table(results)}\n\n{caption}\n",
        "profiles": f"\n{runs_table(runs)}\n\n{ABOUT_RUNS} Measured: {measured}.\n",
        "minutes": f"\n{minutes}\n",
        "seeds": f"\n{seeds}\n",
    }


def _marked(text: str, name: str, readme_path: Path) -> tuple[str, str, str]:
    """The text up to and with the first marker, between the markers, and from the second one on."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(end) < text.index(begin):
        raise StudyError(f"{paths.readable(readme_path)} needs one line `{begin}` and after it one line `{end}`")
    start, stop = text.index(begin) + len(begin), text.index(end)
    return text[:start], text[start:stop], text[stop:]
