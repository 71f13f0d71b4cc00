"""`--systems package.module:Class`: a sequence model of the reader's own, on the command line."""

import json
import sys

import pytest

from dualrec import __main__ as cli
from dualrec.data.sources import load
from dualrec.evaluation.ledger import read_ledger

OWN = """
import numpy as np
from dualrec.sequence.base import mask_seen


class Reversed:
    def __init__(self, catalogue):
        self.n_items = len(catalogue)

    def fit(self, train, validation):
        assert not hasattr(train, "targets")
        return self

    def scores(self, histories):
        scores = np.tile(np.arange(self.n_items + 1, dtype=np.float32), (len(histories), 1))
        return mask_seen(scores, histories)
"""


def test_a_class_of_one_s_own_is_evaluated_like_the_study_s(tmp_path, toy_folder, toy_profile, monkeypatch, capsys):
    (tmp_path / "mine.py").write_text(OWN, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    out = tmp_path / "out"
    arguments = ["evaluate", "--data", str(toy_folder), "--profile", toy_profile, "--out", str(out)]
    monkeypatch.setattr(sys, "argv", ["dualrec", *arguments, "--systems", "popularity,mine:Reversed"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    report = json.loads(capsys.readouterr().out)
    assert report.keys() == {"popularity", "mine.Reversed"} and report["mine.Reversed"]["n"] == 40
    ledger = read_ledger(out / "lists" / "mine.Reversed.parquet")
    # the highest index but for eleven movies seen
    first = load(str(toy_folder)).catalogue.index_of(ledger[ledger["rank"] == 1].item_id)
    assert first.max() == 30 and first.min() >= 30 - 11
