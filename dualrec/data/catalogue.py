"""The catalogue: items in index order 1..N (0 = padding) with readable titles, years and genres.

Equal scores are settled by index, so an order that means something (of a file, of rising ids, of popularity) would
favour some items. Items are numbered in a fixed random order of their ids instead, whatever the order of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dualrec.core.errors import StudyError
from dualrec.data.ids import as_ids, random_order, with_nobody

LONGEST = 300  # characters of a title; what is longer is no title, and would fill prompts and figures
_YEAR = re.compile(r"\((\d{4})(?:[-–]\s*\d{0,4}\s*)?\)(?:\s*\((?:V|TV|VG)\))?\s*$")  # (V): released on video
_ARTICLES = "The|A|An|La|Le|Les|L'|Un|Une|Il|Lo|I|Gli|Una|El|Los|Las|Das|Der|Die|Ein|Eine|Den|Det|En|Een|Het|O|Os|Um"
_ARTICLE = re.compile(rf"^(?P<aka>a\.k\.a\.\s+|)(?P<name>.+?), (?P<article>{_ARTICLES})(?P<rest>\s*(?:\(.*)?)$")
_PARTS = re.compile(r"\([^()]*\)")


@dataclass(frozen=True)
class Catalogue:
    """Items by index; row 0 is padding.

    ids: int64 or text (N + 1,), original ids; 0 or "" for padding
    titles: N + 1 readable titles, titles[0] = ""
    years: int64 (N + 1,), 0 = missing
    genres: float32 (N + 1, G) multi-hot
    genre_names: G names
    """

    ids: np.ndarray
    titles: list[str]
    years: np.ndarray
    genres: np.ndarray
    genre_names: tuple[str, ...]

    def __len__(self) -> int:
        """Number of items, without padding."""
        return len(self.ids) - 1

    def index_of(self, ids) -> np.ndarray:
        """int64: the index of each original id, 0 where the catalogue has no such item."""
        return 1 + pd.Index(self.ids[1:]).get_indexer(ids)

    def take(self, items: np.ndarray) -> Catalogue:
        """The catalogue of some items, in their order here.

        items: int64 (m,), indices, ascending
        """
        rows = np.concatenate([[0], items])
        return Catalogue(
            self.ids[rows], [self.titles[row] for row in rows], self.years[rows], self.genres[rows], self.genre_names
        )

    @cached_property
    def id_ranks(self) -> np.ndarray:
        """int64 (N + 1,): the place of each item's id among all ids in rising order, from 1; 0 for padding."""
        ranks = np.zeros(len(self.ids), np.int64)
        ranks[1 + np.argsort(self.ids[1:], kind="stable")] = np.arange(1, len(self.ids))
        return ranks

    @cached_property
    def same_title(self) -> np.ndarray:
        """int64 (N + 1,): the lowest index that carries the same title (ML-100K lists some movies under two ids)."""
        first: dict[str, int] = {}
        return np.array([first.setdefault(title, i) for i, title in enumerate(self.titles)], np.int64)


def build_catalogue(
    ids: ArrayLike, titles: Iterable[str], genres: list[list[str]], years: Iterable[int] | None = None
) -> Catalogue:
    """Catalogue from parallel columns, in any order.

    ids: original ids, int64 or text
    titles: as in the file; an item without one is called `Item <id>`
    genres: names per item
    years: written behind a title that names none; 0, or None for all, where only the title may tell

    Raises StudyError for an id that is listed twice.
    """
    ids = as_ids(ids)
    once, times = np.unique(ids, return_counts=True)
    if (times > 1).any():
        raise StudyError(
            f"the items file lists the id {once[times.argmax()]} {times.max()} times; keep one row per item"
        )
    order = random_order(ids)
    readable = [readable_title(title) or f"Item {i}" for i, title in zip(ids, titles, strict=True)]
    if years is not None:
        readable = [
            f"{title} ({year})" if year and not year_of(title) else title
            for title, year in zip(readable, years, strict=True)
        ]
    readable = [readable[row] for row in order]
    names = tuple(sorted({g for row in genres for g in row}))
    column = {name: i for i, name in enumerate(names)}
    matrix = np.zeros((len(readable) + 1, len(names)), np.float32)
    for index, row in enumerate(order, start=1):
        matrix[index, [column[g] for g in genres[row]]] = 1
    return Catalogue(
        with_nobody(ids[order]),
        ["", *readable],
        np.array([0, *map(year_of, readable)], np.int64),
        matrix,
        names,
    )


def readable_title(title: str) -> str:
    """A title as a person would write it: `Postman, The (Postino, Il) (1994)` as `The Postman (Il Postino) (1994)`.

    Spaces and control characters are tidied, and a title is cut off after LONGEST characters.
    """
    text = " ".join("".join(c if c.isprintable() else " " for c in str(title)).split())
    if len(text) > LONGEST:
        text = text[: LONGEST - 1] + "…"
    year = _YEAR.search(text)
    name = text[: year.start()].rstrip() if year else text
    inner = _PARTS.search(name)
    head, tail = (name[: inner.start()].rstrip(), name[inner.start() :]) if inner else (name, "")
    tail = _PARTS.sub(lambda part: f"({_front(part.group()[1:-1].strip())})", tail)
    return " ".join(filter(None, [_front(head), tail, f"({year.group(1)})" if year else ""]))


def year_of(title: str) -> int:
    """The year in brackets at the end of a title, 0 where there is none."""
    year = _YEAR.search(title)
    return int(year.group(1)) if year else 0


def _front(name: str) -> str:
    """A name with its article in front: `Postino, Il` as `Il Postino`, behind `a.k.a.` too."""
    match = _ARTICLE.match(name)
    if not match:
        return name
    space = "" if match["article"].endswith("'") else " "
    return f"{match['aka']}{match['article']}{space}{match['name']}{match['rest']}"
