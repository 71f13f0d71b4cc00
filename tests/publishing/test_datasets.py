"""README's tables of several data sets: every record a column, the best bold, what is missing named."""

import pytest

from dualrec.publishing.datasets import accuracy_table, datasets_part, spread_table


def interval(value: float) -> dict:
    return {"value": value, "low": value - 0.01, "high": value + 0.01, "n": 9}


def system(label: str, value: float, seconds: float | None, *seeds: int) -> dict:
    metrics = {metric: interval(value) for metric in ("HR@10", "NDCG@10")}
    sd = {"NDCG@10": 0.002 if len(seeds) > 1 else None}
    return {"label": label, "metrics": metrics, "seeds": list(seeds), "sd": sd, "seconds_per_epoch": seconds}


@pytest.fixture
def runs() -> dict:
    def run(data: str, n: int, **systems) -> dict:
        facts = {"command": f"make seeds PROFILE={data}", "commit": "1a2b3c4", "hardware": "two cores"}
        return {"seeds": facts | {"data": data, "n": n, "protocol": f"audited on {data}", "systems": systems}}

    markov, lstm = system("Markov, first order", 0.12, None, 0), system("LSTM, improved", 0.1, 11.2, 0, 1, 2)
    return {
        "beauty": run(
            "amazon-beauty", 22363, lstm=system("LSTM, improved", 0.05, 60.0, 0), own=system("Own", 0.01, None, 0)
        ),
        "laptop": run("ml-100k", 943, markov=markov, lstm=lstm),
    }


def records(runs: dict) -> dict:
    return {runs[profile]["seeds"]["data"]: runs[profile]["seeds"] for profile in ("laptop", "beauty")}


def test_systems_are_rows_data_sets_columns_and_the_best_is_bold(runs):
    table = accuracy_table(records(runs), "NDCG@10").splitlines()
    assert table[0] == "| system | ml-100k, n = 943 | amazon-beauty, n = 22,363 |"
    assert table[2:5] == [
        "| Markov, first order | **0.120 [0.110, 0.130]** | – |",
        "| LSTM, improved | 0.100 [0.090, 0.110] | **0.050 [0.040, 0.060]** |",
        "| Own | – | 0.010 [0.000, 0.020] |",
    ]


def test_published_numbers_stand_below_in_their_column_with_their_source(runs):
    rows = accuracy_table(records(runs), "HR@10").splitlines()[5:]
    assert all(row.startswith("| *published:* ") and row.split("|")[2].strip() == "" for row in rows)
    assert rows[0].endswith("([MTandHJ/RecBoard](https://github.com/MTandHJ/RecBoard)) |  | 0.1004 |")
    assert any("LlamaRec" in row and row.endswith("|  | – |") for row in rows), "its source has no HR@10"


def test_what_seeds_change(runs):
    assert spread_table(records(runs)).splitlines()[2:] == ["| LSTM, improved | 0.0020 (3 seeds) | one seed |"]


def test_the_part_says_what_is_missing_and_where_numbers_come_from(runs):
    part = datasets_part(runs)
    assert part.endswith("Not recorded yet: `make seeds PROFILE=ml-1m`, `make seeds PROFILE=lastfm`.")
    assert "- **ml-100k:** Markov, first order is first" in part and "Not measured there yet: Popularity;" in part
    assert "- `make seeds PROFILE=ml-100k` on ml-100k: commit `1a2b3c4`, two cores; audited on ml-100k." in part
    assert "- amazon-beauty, leave-one-out, full ranking, the usual order (within a day by product id): BSARec" in part
    assert datasets_part({}) == "Not recorded yet."
