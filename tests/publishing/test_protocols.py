"""README's part on what each data set can tell and how often another rule moves the order."""

import pytest

from dualrec.publishing.protocols import counts_table, protocols_part

COUNTS = {"users": 1090, "items": 3646, "events": 52551, "events_per_user": 19.0, "cases": 1090, "tied_last": 517}
COUNTS |= {"target_events": 13.0, "untrained_targets": 2, "last_met_before": 294, "read_cases": 1275}


@pytest.fixture
def run() -> dict:
    systems = {"ease": {"label": "EASE", "metrics": {"NDCG@10": {"value": 0.0381}}}}
    levels = {
        "leave-one-out": {"n": 1090, "systems": systems, "order": ["ease"], "moved": None},
        "first after a cut in time": {"n": 295, "systems": systems, "order": ["ease"], "moved": None},
    }
    facts = {"command": "make protocols PROFILE=lastfm", "commit": "1a2b3c4", "hardware": "a core", "data": "lastfm-2k"}
    return facts | {"counts": COUNTS, "levels": levels, "detectable": {"NDCG@10": 0.0153, "HR@10": 0.02546}}


def test_counts(run):
    assert counts_table({"lastfm-2k": run}).splitlines()[2] == (
        "| lastfm-2k | 1,090 | 3,646 | 52,551 | 19 | 517 of 1,090 | 294 of 1,275 | 13 | 2 of 1,090 | 0.0153 / 0.0255 |"
    )
    assert "| no times |" in counts_table({"x": run | {"counts": COUNTS | {"tied_last": None}}})


def test_the_part_says_what_is_known_of_the_order_and_what_is_missing(run):
    part = protocols_part({"lastfm": {"protocols": run}})
    assert "- lastfm-2k: the tags' days," in part and "commit `1a2b3c4`, a core" in part
    assert part.endswith("`make protocols PROFILE=ml-1m`, `make protocols PROFILE=beauty`.")
    assert protocols_part({"lastfm": {"seeds": {}}}) == "Not recorded yet."
