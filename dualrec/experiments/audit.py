"""What the audit of the published evaluation works on: users with five hidden items, and lists made without these."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dualrec.core.errors import StudyError
from dualrec.data.splits import Split, order, split_sequences
from dualrec.data.title_matching import TitleMatcher
from dualrec.data.title_vectors import encode_titles
from dualrec.evaluation.released import ROW_SHARE, Outputs, Truth, last_rows
from dualrec.llm.grounding import Grounder, written_titles
from dualrec.study import Study
from dualrec.types import Cases, Hints, Sequences

TARGETS = 5  # hidden events of every user, as in the released code
TRAIN_SHARE = 0.7  # the first part of the rows, by user, is the released training set; validation ends before ROW_SHARE


@dataclass(frozen=True)
class AuditCases:
    """Users whose last TARGETS events are hidden, for models and for the evaluation.

    split: what models learn from; its test target is the first of the hidden items
    cases: those evaluated
    truth: all hidden items of these cases, and what else the evaluation knows
    """

    split: Split
    cases: Cases
    truth: Truth


def audit_cases(study: Study, users: int | None = None) -> AuditCases:
    """Hide every user's last TARGETS events and choose the users to evaluate.

    users: how many, a seeded subset; 0 = all, the profile's `audit.users` if left out
    """
    sequences = order(study.data, study.profile.split)
    split = split_sequences(sequences.drop_last(TARGETS - 1), study.profile.split.min_events)
    cases = split.test.sample(study.profile.audit.users if users is None else users, study.seed)
    row_of_user = {int(user): row for row, user in enumerate(sequences.users)}
    targets = sequences.take([row_of_user[int(user)] for user in cases.users]).recent(TARGETS)
    popularity = np.bincount(split.train.items, minlength=len(study.catalogue) + 1)
    in_last_rows = last_rows(cases.users, pd.Series(sequences.lengths, index=sequences.users))
    return AuditCases(split, cases, Truth(cases.users, targets, study.catalogue.titles, popularity, in_last_rows))


def released_split(study: Study, audit: AuditCases) -> Split:
    """The split by rows of the released code: models learn from the first 70 % of the rows and never met test users.

    Rows are ordered by user, those of one user by time. A user whom a border cuts keeps the first rows before it and
    the later ones after it. Validation takes the last event of each user with `min_events` among the next 15 % of the
    rows; the test takes the audit's cases in the last 15 %; `left_out` counts users with fewer events in the
    validation rows.

    audit: as `audit_cases` returns it, from which the test cases are taken

    Raises StudyError where no user is left for validation or test.
    """
    sequences = order(study.data, study.profile.split)
    rows = len(sequences.items)
    train_end, validation_end = (int(np.ceil(share * rows)) for share in (TRAIN_SHARE, 1 - ROW_SHARE))
    validation_rows = _rows(sequences, train_end, validation_end)
    validation_split = split_sequences(validation_rows, study.profile.split.min_events)
    test = audit.cases.take(audit.truth.last_rows)
    if not len(test) or not len(validation_split.test):
        raise StudyError(
            f"data set '{study.data.name}': the released split by rows leaves {len(validation_split.test)} users for "
            f"validation and {len(test)} for the test; use data with more users, or more users in [audit]"
        )
    return Split(_rows(sequences, 0, train_end), validation_split.test, test, validation_split.left_out)


def written_outputs(study: Study, audit: AuditCases, texts: list[str], hints: Hints, n: int) -> Outputs:
    """Lists that a language model wrote: titles as they stand in its texts, and the items they stand for.

    audit: of whose cases the texts are
    texts: one per case
    hints: one per case
    n: how many titles of every text count
    """
    grounder = Grounder(TitleMatcher(study.catalogue, audit.truth.popularity))
    titles = []
    items = []
    closed = audit.cases.history.excluded
    for row, text in enumerate(texts):
        seen = set(closed.sequence(row).tolist())
        lines = list(written_titles(text, seen, grounder, n))
        titles.append([f"{line.title} ({line.year})" if line.year else line.title for line, _, _ in lines])
        items.append([item if fate == "listed" else -1 for _, item, fate in lines])
    return Outputs(titles, items, _hint_titles(study, hints))


def listed_outputs(study: Study, items: np.ndarray, hints: Hints) -> Outputs:
    """Lists of a system that ranks items, under their titles.

    items: (n, k) item indices
    hints: one per list
    """
    titles = [[study.catalogue.titles[item] for item in row] for row in items]
    return Outputs(titles, items.tolist(), _hint_titles(study, hints))


def random_items(study: Study, histories: Sequences, k: int) -> np.ndarray:
    """Items that may be recommended, drawn blindly, the same for the same seed of the study: int64 (n, k).

    histories: of n users
    k: items of each
    """
    rng = np.random.default_rng([study.seed, 2])
    catalogue_items = np.arange(1, len(study.catalogue) + 1)
    closed = histories.excluded
    unseen = (np.setdiff1d(catalogue_items, closed.sequence(row)) for row in range(len(closed)))
    return np.array([rng.choice(items, k, replace=False) for items in unseen])


def sentence_vectors(study: Study, *outputs: Outputs) -> dict[str, np.ndarray]:
    """The Sentence-BERT vector, of length one, of every title in the catalogue and in some systems' outputs."""
    vectors = dict(zip(study.catalogue.titles[1:], study.title_vectors[1:], strict=True))
    written = {title for output in outputs for row in output.titles for title in row}
    invented = sorted(written - vectors.keys())
    if invented:
        vectors |= zip(invented, encode_titles(study.profile.rerank.encoder, invented), strict=True)
    return vectors


def _rows(sequences: Sequences, begin: int, end: int) -> Sequences:
    """The events in rows begin to end - 1 of all events, users one after the other; users without any are dropped."""
    offsets = np.clip(sequences.offsets, begin, end) - begin
    kept = np.flatnonzero(np.diff(offsets))
    return Sequences(sequences.users[kept], np.append(offsets[kept], end - begin), sequences.items[begin:end])


def _hint_titles(study: Study, hints: Hints) -> list[str]:
    return [study.catalogue.titles[item] for item in hints.items[:, 0]]
