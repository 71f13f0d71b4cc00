"""What the audit evaluates: cases with five hidden movies, and the outputs of systems that never saw them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dualrec.core.errors import StudyError
from dualrec.data.splits import Split, order, split_sequences
from dualrec.data.title_vectors import load_encoder
from dualrec.evaluation.released import ROW_SHARE, Outputs, Truth, last_rows
from dualrec.llm.grounding import Grounder, written_titles
from dualrec.study import Study
from dualrec.types import Cases, Hints, Sequences

TARGETS = 5
TRAIN_SHARE = 0.7  # the first part of the rows, ordered by user, is the released training set; validation lies before ROW_SHARE


@dataclass(frozen=True)
class AuditCases:
    """split: for models, whose test target is the first of the five hidden movies; cases: those evaluated; truth: the five."""

    split: Split
    cases: Cases
    truth: Truth


def audit_cases(study: Study, users: int | None = None) -> AuditCases:
    """Hide every user's last five events.

    users: evaluated, a seeded subset, 0 = all; the profile's `audit.users` if left out
    """
    sequences = order(study.data, study.profile.split)
    split = split_sequences(sequences.drop_last(TARGETS - 1), study.profile.split.min_events)
    cases = split.test.sample(study.profile.audit.users if users is None else users, study.seed)
    row = {int(user): i for i, user in enumerate(sequences.users)}
    targets = sequences.take([row[int(user)] for user in cases.users]).recent(TARGETS)
    popularity = np.bincount(split.train.items, minlength=len(study.catalogue) + 1)
    in_last_rows = last_rows(cases.users, pd.Series(sequences.lengths, index=sequences.users))
    return AuditCases(split, cases, Truth(cases.users, targets, study.catalogue.titles, popularity, in_last_rows))


def released_split(study: Study, audit: AuditCases) -> Split:
    """The split by rows: models learn from the first 70 % of the rows ordered by user and have never met the test users.

    A user whom a border cuts keeps the first rows before it and the later ones after it; a user's rows are in time order.
    validation: the last event of each user with `min_events` among the next 15 %; test: the audit's cases in the last 15 %
    left_out: users with fewer events in the validation rows
    Raises StudyError where no user is left for validation or test.
    """
    sequences = order(study.data, study.profile.split)
    rows = len(sequences.items)
    trained, validated = (int(np.ceil(share * rows)) for share in (TRAIN_SHARE, 1 - ROW_SHARE))
    chosen = split_sequences(_rows(sequences, trained, validated), study.profile.split.min_events)
    test = audit.cases.take(audit.truth.last_rows)
    if not len(test) or not len(chosen.test):
        raise StudyError(
            f"data set '{study.data.name}': the released split by rows leaves {len(chosen.test)} users for validation and "
            f"{len(test)} for the test; use data with more users, or more users in [audit]"
        )
    return Split(_rows(sequences, 0, trained), chosen.test, test, chosen.left_out)


def written_outputs(study: Study, audit: AuditCases, texts: list[str], hints: Hints, n: int) -> Outputs:
    """Of a language model: the first n titles of every text, and the items they stand for."""
    grounder = Grounder(study.catalogue, audit.truth.popularity, study.profile.llm.match_threshold)
    titles, items = [], []
    closed = audit.cases.history.excluded
    for row, text in enumerate(texts):
        seen = set(closed.sequence(row).tolist())
        found = list(written_titles(text, seen, grounder, n))
        titles.append([f"{written.title} ({written.year})" if written.year else written.title for written, _, _ in found])
        items.append([item if fate == "listed" else -1 for _, item, fate in found])
    return Outputs(titles, items, _hint_titles(study, hints))


def listed_outputs(study: Study, items: np.ndarray, hints: Hints) -> Outputs:
    """Of a system that ranks items: (n, k) item indices and their titles."""
    titles = [[study.catalogue.titles[item] for item in row] for row in items]
    return Outputs(titles, items.tolist(), _hint_titles(study, hints))


def random_items(study: Study, histories: Sequences, k: int) -> np.ndarray:
    """int64 (n, k): movies that may be recommended, drawn blindly, seeded."""
    rng = np.random.default_rng([study.seed, 2])
    everything, closed = np.arange(1, len(study.catalogue) + 1), histories.excluded
    return np.array([rng.choice(np.setdiff1d(everything, closed.sequence(row)), k, replace=False) for row in range(len(closed))])


def sentence_vectors(study: Study, *outputs: Outputs) -> dict[str, np.ndarray]:
    """A unit vector for every title in the catalogue and in the outputs."""
    vectors = dict(zip(study.catalogue.titles[1:], study.title_vectors[1:], strict=True))
    written = {title for output in outputs for row in output.titles for title in row}
    new = sorted(written - vectors.keys())
    if new:
        encoder = load_encoder(study.profile.rerank.encoder)
        vectors |= zip(new, encoder.encode(new, batch_size=128, normalize_embeddings=True, show_progress_bar=False), strict=True)
    return vectors


def _rows(sequences: Sequences, begin: int, end: int) -> Sequences:
    """The events in rows begin to end - 1 of all events, users one after the other; users without any are dropped."""
    offsets = np.clip(sequences.offsets, begin, end) - begin
    kept = np.flatnonzero(np.diff(offsets))
    return Sequences(sequences.users[kept], np.append(offsets[kept], end - begin), sequences.items[begin:end])


def _hint_titles(study: Study, hints: Hints) -> list[str]:
    return [study.catalogue.titles[item] for item in hints.items[:, 0]]
