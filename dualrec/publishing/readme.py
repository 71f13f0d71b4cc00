"""The generated parts of the README and its guides: answer, results, findings, data sets, roads, minutes, precision."""

from __future__ import annotations

import os
import re
from pathlib import Path

from dualrec.core import paths
from dualrec.core.artifacts import write_text
from dualrec.core.errors import StudyError
from dualrec.core.text import read_text
from dualrec.evaluation.results import answers, cell, number, signed
from dualrec.evaluation.statistics import in_words
from dualrec.publishing.audit import audit_part, audit_sentences
from dualrec.publishing.datasets import datasets_part
from dualrec.publishing.evidence import evidence_part
from dualrec.publishing.hints import hints_part
from dualrec.publishing.protocols import protocols_part
from dualrec.publishing.representation import representation_part, representation_sentences
from dualrec.publishing.roads import roads_part
from dualrec.publishing.runs import ABOUT_MACHINES, ABOUT_MINUTES, ABOUT_RUNS, machines_table, minutes_table, runs_table

# The LSTM, what adds nothing but numbers, the system as published, and the language model in its other roles.
FIRST = ("lstm", "lstm_chain", "lstm_twice", "llm_lora", "llm_lora_sbert", "llm_lora_trie", "fused", "reader_fused")


GUIDES = "dualrec/publishing/site/text"  # pages that the README leads to, from its folder


def update_readme(readme_path: Path, results: dict, runs: dict) -> None:
    """Put every generated part between its markers, in the README or in a guide.

    readme_path: of the README
    results: as `load_results` returns them
    runs: as `runs.finished_runs` returns them

    Raises StudyError where a marker is missing or stands there twice.
    """
    texts = _pages(readme_path)
    new = dict(texts)
    for name, block in _blocks(results, runs).items():
        page = _page_of(name, texts, readme_path)
        before, _, after = _marked(new[page], name, page)
        new[page] = before + _linked_from(page, block, readme_path) + after
    for page, text in new.items():
        if text != texts[page]:
            write_text(page, text)


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
    """Whether the README and its guides show these results and runs; raises StudyError as `update_readme` does."""
    texts = _pages(readme_path)
    shown = {name: _page_of(name, texts, readme_path) for name in _blocks(results, runs)}
    return all(
        _marked(texts[shown[name]], name, shown[name])[1] == _linked_from(shown[name], block, readme_path)
        for name, block in _blocks(results, runs).items()
    )


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

    sides = results["side_runs"]
    return {
        "answer": "\n" + "\n".join(f"- {sentence}" for sentence in answers(results)) + "\n",
        "audit": f"\n{audit_sentences(sides) or findings('08_audit')}\n",
        "adds": f"\n{findings('10_what_the_llm_adds', '12_more_examples')}\n",
        "title": f"\n{findings('13_what_a_title_is_worth')}\n\n{representation_sentences(sides)}\n",
        "results": f"\n{first_table(results)}\n\n{caption}\n",
        "profiles": f"\n{runs_table(runs)}\n\n{ABOUT_RUNS} Measured: {measured}.\n",
        "minutes": f"\n{minutes}\n",
        "datasets": f"\n{datasets_part(sides)}\n",
        "roads": f"\n{roads_part(sides)}\n",
        "protocols": f"\n{protocols_part(sides)}\n",
        "precision": f"\n{_precision(sides)}\n",
        "audited": f"\n{audit_part(sides)}\n",
        "hints": f"\n{hints_part(sides)}\n",
        "evidence": f"\n{evidence_part(sides)}\n",
        "representation": f"\n{representation_part(sides)}\n",
    }


def _pages(readme_path: Path) -> dict[Path, str]:
    """The texts of the README and of the guides beside it."""
    guides = sorted((readme_path.parent / GUIDES).glob("*.md"))
    return {page: read_text(page) for page in (readme_path, *guides)}


def _page_of(name: str, texts: dict[Path, str], readme_path: Path) -> Path:
    """The page that has the first marker of a part; the README where none has it."""
    holding = [page for page, text in texts.items() if f"<!-- {name}:begin -->" in text]
    if len(holding) > 1:
        pages = " and ".join(paths.readable(page) for page in holding)
        raise StudyError(f"`<!-- {name}:begin -->` stands in {pages}; keep it in one of them")
    return holding[0] if holding else readme_path


def _linked_from(page: Path, block: str, readme_path: Path) -> str:
    """A generated part, whose links lead from the README's folder, as it stands in a page."""
    if page.parent == readme_path.parent:
        return block
    up = Path(os.path.relpath(readme_path.parent, page.parent)).as_posix()
    return re.sub(r"\]\((?!https?:|#)", f"]({up}/", block)


def _marked(text: str, name: str, readme_path: Path) -> tuple[str, str, str]:
    """The text up to and with the first marker, between the markers, and from the second one on."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(end) < text.index(begin):
        raise StudyError(f"{paths.readable(readme_path)} needs one line `{begin}` and after it one line `{end}`")
    start, stop = text.index(begin) + len(begin), text.index(end)
    return text[:start], text[start:stop], text[stop:]
