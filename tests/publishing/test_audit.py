"""README's part on the audit of everybody."""

import pytest

from dualrec.publishing.audit import audit_part, ends_table, sentence, worth_table


def rate(value: float) -> dict:
    return {"value": value, "low": value - 0.01, "high": value + 0.01, "n": 943}


@pytest.fixture
def run() -> dict:
    def system(label: str, told: float, untold: float, sample: dict) -> dict:
        ends = {end: {"HR@1": rate(0.2), "HR@5": rate(0.3)} for end in ("released", "audited")}
        ends |= {"told": {"first": rate(told)}, "untold": {"first": rate(untold)}}
        worth = {"targets": {"HR@1": rate(-0.05), "HR@5": rate(-0.2)}}
        return {"label": label, "ends": ends, "worth": worth, "sample": sample}

    sample = {"users": 150, "of": 943, "HR@1": {"value": 0.2, "low": 0.15, "high": 0.255}}
    systems = {
        "lstm": system("LSTM, improved", 0.9, 0.4, sample),
        "random": system("Random titles", 1.0, 0.211, sample),
    }
    facts = {"command": "make audit", "data": "ml-100k", "commit": "1a2b3c4", "hardware": "a core"}
    return facts | {"n": 943, "switches": ["targets"], "systems": systems}


def test_a_sentence_says_what_the_answers_do_and_how_far_samples_lie_apart(run):
    assert sentence("ml-100k", run) == (
        "On ml-100k (n = 943) the released evaluation hands the re-ranker the answers: with them 1.00 of the "
        "five-place hits of titles drawn blindly stand first, without 0.21 (LSTM, improved 0.90 and 0.40). The middle "
        "95 % of samples of 150 of 943 users put the LSTM's HR@1 as released between 0.150 and 0.255."
    )


def test_tables(run):
    assert ends_table(run).splitlines()[3] == (
        "| Random titles | 0.200 [0.190, 0.210] | 0.300 [0.290, 0.310] | 0.200 [0.190, 0.210] | 0.300 [0.290, 0.310] "
        "| 1.00 [0.99, 1.01] | 0.21 [0.20, 0.22] |"
    )
    assert (
        worth_table(run)
        .splitlines()[2]
        .startswith(
            "| one target, the next item, not any of five | -0.050 [-0.060, -0.040]<br>-0.200 [-0.210, -0.190] |"
        )
    )


def test_the_part_says_where_it_comes_from_and_is_empty_without_a_record(run):
    part = audit_part({"laptop": {"audit": run}})
    assert part.startswith(
        "**ml-100k**, n = 943, of whom the released evaluation keeps 943\n\n| system |"
    ) and part.endswith("Measured by `make audit` on ml-100k: commit `1a2b3c4`, a core.")
    assert audit_part({"laptop": {"seeds": {}}}) == "Not recorded yet."
