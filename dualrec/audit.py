"""What the audit evaluates: cases with five hidden movies, and the outputs of systems that never saw them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dualrec.evaluation.released import Outputs, Truth, last_rows
from dualrec.language.grounding import Grounder, written_titles
from dualrec.rerank.sbert import load_encoder
from dualrec.split import Split, order, split_sequences
from dualrec.study import Study
from dualrec.types import Cases, Hints, Sequences

TARGETS = 5


@dataclass(frozen=True)
class AuditCases:
    """split: for models, whose test target is the first of the five hidden movies; cases: those evaluated; truth: the five."""

    split: Split
    cases: Cases
    truth: Truth


def audit_cases(study: Study) -> AuditCases:
    """Hide every user's last five events; the profile's `audit.users` picks a seeded subset."""
    sequences = order(study.data.interactions, study.profile.split.tie_rule)
    split = split_sequences(sequences.drop_last(TARGETS - 1), study.profile.split.min_events)
    cases = split.test.sample(study.profile.audit.users, study.seed)
    row = {int(user): i for i, user in enumerate(sequences.users)}
    targets = sequences.take([row[int(user)] for user in cases.users]).recent(TARGETS)
    popularity = np.bincount(split.train.items, minlength=len(study.catalogue) + 1)
    in_last_rows = last_rows(cases.users, study.data.interactions.user_id.value_counts())
    return AuditCases(split, cases, Truth(cases.users, targets, study.catalogue.titles, popularity, in_last_rows))


def written_outputs(study: Study, audit: AuditCases, texts: list[str], hints: Hints, n: int) -> Outputs:
    """Of a language model: the first n titles of every text, and the items they stand for."""
    grounder = Grounder(study.catalogue, audit.truth.popularity, study.profile.llm.match_threshold)
    titles, items = [], []
    for row, text in enumerate(texts):
        seen = set(audit.cases.history.sequence(row).tolist())
        found = list(written_titles(text, seen, grounder, n))
        titles.append([f"{written.title} ({written.year})" if written.year else written.title for written, _, _ in found])
        items.append([item if fate == "listed" else -1 for _, item, fate in found])
    return Outputs(titles, items, _hint_titles(study, hints))


def listed_outputs(study: Study, items: np.ndarray, hints: Hints) -> Outputs:
    """Of a system that ranks items: (n, k) item indices and their titles."""
    titles = [[study.catalogue.titles[item] for item in row] for row in items]
    return Outputs(titles, items.tolist(), _hint_titles(study, hints))


def random_items(study: Study, histories: Sequences, k: int) -> np.ndarray:
    """int64 (n, k): unseen movies drawn blindly, seeded."""
    rng = np.random.default_rng([study.seed, 2])
    everything = np.arange(1, len(study.catalogue) + 1)
    return np.array([rng.choice(np.setdiff1d(everything, histories.sequence(row)), k, replace=False) for row in range(len(histories))])


def sentence_vectors(study: Study, *outputs: Outputs) -> dict[str, np.ndarray]:
    """A unit vector for every title in the catalogue and in the outputs."""
    vectors = dict(zip(study.catalogue.titles[1:], study.title_vectors[1:], strict=True))
    written = {title for output in outputs for row in output.titles for title in row}
    new = sorted(written - vectors.keys())
    if new:
        encoder = load_encoder(study.profile.rerank.encoder)
        vectors |= zip(new, encoder.encode(new, batch_size=128, normalize_embeddings=True, show_progress_bar=False), strict=True)
    return vectors


def _hint_titles(study: Study, hints: Hints) -> list[str]:
    return [study.catalogue.titles[item] for item in hints.items[:, 0]]
