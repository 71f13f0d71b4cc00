"""What others published on the study's data sets: quoted numbers, each with its protocol and its source.

None of them is measured here. A reader sees by them whether our opponents are as strong as they should be; protocols
differ, so that they stand beside our numbers and are never tested against them.
"""

from __future__ import annotations

from dataclasses import dataclass

ARXIV = "https://arxiv.org/abs/"
GITHUB = "https://github.com/"
RECTOOLS = "https://rectools.readthedocs.io/en/stable/examples/tutorials/transformers_HSTU_tutorial.html"
USUAL_ORDER = "leave-one-out, full ranking, the usual order (within a day by product id)"
FULL_RANKING = "leave-one-out, full ranking"
ONE_PIPELINE = f"{USUAL_ORDER}, item ids without leak"


@dataclass(frozen=True)
class Published:
    """One quoted row.

    data: registered name of the data set
    model: and its loss or setting, where that matters
    protocol: in words
    source: an arXiv id, a repository on GitHub or an address
    ndcg: NDCG@10
    hr: HR@10; None where the source has none
    beside: the system of this study of the same kind, "" for none
    """

    data: str
    model: str
    protocol: str
    source: str
    ndcg: float
    hr: float | None = None
    beside: str = ""

    @property
    def metrics(self) -> dict[str, float | None]:
        """Its numbers by the names of our metrics."""
        return {"NDCG@10": self.ndcg, "HR@10": self.hr}

    @property
    def link(self) -> str:
        """Its source, in Markdown."""
        if self.source.startswith("https://"):
            return f"[{self.source.split('/')[2]}]({self.source})"
        return f"[{self.source}]({GITHUB if '/' in self.source else ARXIV}{self.source})"


ROWS = (
    Published(
        "ml-1m",
        "SASRec, tuned on 108 points",
        FULL_RANKING,
        "monkey0head/time-to-split",
        0.186,
        0.321,
        "sasrec",
    ),
    Published("ml-1m", "SASRec, full cross-entropy", FULL_RANKING, "2309.07602", 0.182, 0.315),
    Published("ml-1m", "gSASRec", FULL_RANKING, "asash/gSASRec-pytorch", 0.173, 0.300),
    Published(
        "ml-1m", "GRU4Rec, tuned on 104 points", FULL_RANKING, "monkey0head/time-to-split", 0.168, 0.289, "lstm_ids"
    ),
    Published("ml-1m", "BERT4Rec", FULL_RANKING, "monkey0head/time-to-split", 0.156, 0.284),
    Published("ml-1m", "HSTU-large", f"{FULL_RANKING}, ties by a stable sort", RECTOOLS, 0.216, 0.364),
    Published("amazon-beauty", "BSARec, full cross-entropy", USUAL_ORDER, "MTandHJ/RecBoard", 0.0609, 0.1004),
    Published(
        "amazon-beauty", "SASRec, full cross-entropy", USUAL_ORDER, "MTandHJ/CE-SCE-LLMRec", 0.0597, 0.0986, "sasrec"
    ),
    Published("amazon-beauty", "ids and text, sum of two scores", USUAL_ORDER, "2512.17820", 0.0565, 0.0980),
    Published("amazon-beauty", "HSTU, InfoNCE", USUAL_ORDER, "MTandHJ/RecBoard", 0.0541, 0.0948),
    Published("amazon-beauty", "LlamaRec, 7B", ONE_PIPELINE, "2408.14238", 0.0492),
    Published("amazon-beauty", "P5", ONE_PIPELINE, "2408.14238", 0.0474),
    Published("amazon-beauty", "E4SRec, 7B", ONE_PIPELINE, "2408.14238", 0.0448),
    Published("amazon-beauty", "BERT4Rec, full cross-entropy", USUAL_ORDER, "MTandHJ/RecBoard", 0.0402, 0.0718),
    Published(
        "amazon-beauty",
        "GRU4Rec, full cross-entropy",
        USUAL_ORDER,
        "MTandHJ/CE-SCE-LLMRec",
        0.0397,
        0.0691,
        "lstm_ids",
    ),
    Published("amazon-beauty", "TIGER, run again", USUAL_ORDER, "MTandHJ/RecBoard", 0.0385, 0.0698),
    Published("lastfm-2k", "BSARec", f"{FULL_RANKING}, five-core of tag events", "2312.10325", 0.044, 0.081),
)


def published_on(data: str) -> list[Published]:
    """The rows of one data set, the best NDCG@10 first."""
    return sorted((row for row in ROWS if row.data == data), key=lambda row: -row.ndcg)
