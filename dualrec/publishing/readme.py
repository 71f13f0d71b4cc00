"""The generated parts of the README: answer, results, findings, data sets, protocols, roads, minutes, precision."""

from __future__ import annotations

from pathlib import Path

from dualrec.core import paths
from dualrec.core.artifacts import write_text
from dualrec.core.errors import StudyError
from dualrec.core.text import read_text
from dualrec.evaluation.results import answers, cell, number, signed
from dualrec.evaluation.statistics import in_words
from dualrec.publishing.audit import audit_part
from dualrec.publishing.datasets import datasets_part
from dualrec.publishing.protocols import protocols_part
from dualrec.publishing.roads import roads_part
from dualrec.publishing.runs import ABOUT_MACHINES, ABOUT_MINUTES, ABOUT_RUNS, machines_table, minutes_table, runs_table

# The LSTM, what adds nothing but numbers, the system as published, and the language model in its other roles.
FIRST = ("lstm", "lstm_chain", "lstm_twice", "llm_lora", "llm_lora_sbert", "llm_lora_trie", "fused", "reader_fused")


def update_readme(readme_path: Path, results: dict, runs: dict) -> None:
    """Put every generated part between its markers in the README.

    readme_path: of the README
    results: as `load_results` returns them
    runs: as `runs.finished_runs` returns them

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


def first_table(results: dict) -> str:
    """A markdown table of the systems that matter for the answer, with what each has more or less than the LSTM.

    results: as `load_results` returns them; the differences are those of the default profile's road
    """
    road = results["side_runs"].get(results["profile"], {}).get("road", {"systems": {}})["systems"]
    metrics = ("HR@1", "HR@10", "NDCG@10")
    rows = [["system", "users", *metrics, "Δ NDCG@10 against the LSTM", "verdict"]]
    rows.append(["---", *["---:"] * (len(metrics) + 2), "---"])
    for name in FIRST:
        if system := results["systems"].get(name):
            against = road.get(name, {}).get("against")
            said = [signed(against, 4), in_words(against)] if against else ["–", "–"]
            cells = [cell(system["metrics"].get(metric)) for metric in metrics]
            rows.append([system["label"].replace("|", "\\|"), f"{system['n']:,}", *cells, *said])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def precision_table(recorded: dict) -> str:
    """A markdown table: one row per profile and network of `make precision`, with what bfloat16 costs it.

    recorded: `results["side_runs"]`
    """
    rows = [["profile", "network", "users", "seeds", "float32", "bfloat16", "bfloat16 less float32", "s per epoch"]]
    rows.append(["---", "---", *["---:"] * 4, "---", "---:"])
    for profile, kinds in recorded.items():
        run = kinds.get("precision", {"systems": {}})
        for entry in run["systems"].values():
            both = [entry["float32"], entry["bfloat16"]]
            cells = [cell(half["metrics"]["NDCG@10"]) for half in both]
            change = entry["difference"]["NDCG@10"]
            seconds = " / ".join(number(half["seconds_per_epoch"], 1) for half in both)
            cells += [f"{signed(change, 4)}, {change['verdict']}", seconds]
            rows.append([f"`{profile}`", entry["label"], str(run["n"]), str(len(entry["seeds"])), *cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _precision(recorded: dict) -> str:
    """What `make precision` found, as a table, and how it was measured.

    recorded: `results["side_runs"]`
    """
    runs = [kinds["precision"] for kinds in recorded.values() if "precision" in kinds]
    if not runs:
        return "Not recorded yet."
    facts = "; ".join(
        f"`{run['command']}` on {run['data']}: commit `{run['commit']}`, {run['hardware']}" for run in runs
    )
    return f"{precision_table(recorded)}\n\nMeasured by {facts}."


def _blocks(results: dict, runs: dict) -> dict[str, str]:
    """What stands between the markers of each name."""
    caption = (
        f"Profile `{results['profile']}`, {results['data']}; {results['protocol']}. "
        "In brackets: 95 % bootstrap interval over users; differences are over the same users, and their intervals and "
        f"verdicts count for all systems of the road together. Commit `{results['commit']}`, {results['hardware']}."
    )
    measured = "; ".join(f"`{profile}`: commit `{run['commit']}`, {run['hardware']}" for profile, run in runs.items())
    minutes = "Not recorded yet."
    if "notebooks" in (run := runs.get(paths.DEFAULT_PROFILE, {})):
        about = f"Profile `{paths.DEFAULT_PROFILE}`. {ABOUT_MINUTES}"
        minutes = f"{minutes_table(run)}\n\n{about}\n\n{machines_table(runs)}\n\n{ABOUT_MACHINES}"

    def findings(*notebooks: str) -> str:
        texts = (" ".join(results["notebooks"].get(notebook, {}).get("findings", [])) for notebook in notebooks)
        return "\n\n".join(filter(None, texts))

    return {
        "answer": "\n" + "\n".join(f"- {sentence}" for sentence in answers(results)) + "\n",
        "audit": f"\n{audit_part(results['side_runs']) or findings('08_audit')}\n",
        "adds": f"\n{findings('10_what_the_llm_adds', '12_more_examples')}\n",
        "title": f"\n{findings('13_what_a_title_is_worth')}\n",
        "results": f"\n{first_table(results)}\n\n{caption}\n",
        "profiles": f"\n{runs_table(runs)}\n\n{ABOUT_RUNS} Measured: {measured}.\n",
        "minutes": f"\n{minutes}\n",
        "datasets": f"\n{datasets_part(results['side_runs'])}\n",
        "roads": f"\n{roads_part(results['side_runs'])}\n",
        "protocols": f"\n{protocols_part(results['side_runs'])}\n",
        "precision": f"\n{_precision(results['side_runs'])}\n",
    }


def _marked(text: str, name: str, readme_path: Path) -> tuple[str, str, str]:
    """The text up to and with the first marker, between the markers, and from the second one on."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(end) < text.index(begin):
        raise StudyError(f"{paths.readable(readme_path)} needs one line `{begin}` and after it one line `{end}`")
    start, stop = text.index(begin) + len(begin), text.index(end)
    return text[:start], text[start:stop], text[stop:]
