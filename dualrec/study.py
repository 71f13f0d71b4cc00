"""One study: a profile, its data and split, and the folder that keeps everything it makes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dualrec.config import DomainConfig, Profile
from dualrec.core import paths
from dualrec.core.fingerprint import fingerprint
from dualrec.core.machine import peak_memory_mib
from dualrec.data.catalogue import Catalogue
from dualrec.data.dataset import Dataset
from dualrec.data.k_core import k_core
from dualrec.data.losses import loss_lines
from dualrec.data.registry import SOURCES
from dualrec.data.sources import load
from dualrec.data.splits import Split, leave_one_out
from dualrec.data.title_matching import TitleMatcher
from dualrec.data.title_vectors import title_vectors
from dualrec.evaluation.ledger import read_ledger, write_ledger
from dualrec.llm.grounding import Grounder
from dualrec.llm.prompts import STYLES, Prompts
from dualrec.profiles.load import load_profile
from dualrec.types import Cases, Hints, RankedLists, Sequences

if TYPE_CHECKING:  # transformers takes seconds to import: systems that only count do without it
    from dualrec.llm.local import LLM

REPEATS = {  # `split.repeats` in the words of a protocol
    "first": "first encounters only, seen items removed",
    "allow": "seen items may come again",
    "drop": "seen items removed, users without those whose target was seen",
}


@dataclass
class Study:
    """What every stage needs to know; open one with `open_study`."""

    profile: Profile
    seed: int
    data: Dataset
    split: Split
    folder: Path

    @property
    def catalogue(self) -> Catalogue:
        """The items."""
        return self.data.catalogue

    @property
    def words(self) -> DomainConfig:
        """What one of the items is called, and several of them."""
        return self.profile.domain

    @property
    def protocol(self) -> str:
        """The audited protocol with its declared rules for repeats and ties, for captions and results."""
        rules, core, source = self.profile.split, self.profile.core, SOURCES.get(self.data.name)
        known = source.ties if source else ""
        ties = f"ties in {rules.tie_rule} order{known}, equal scores in a fixed random order of the items"
        ranking = f"full ranking of the {core}-core" if core else "full ranking"
        return f"audited: leave-one-out, {ranking}, {REPEATS[rules.repeats]}, one target, {ties}"

    @property
    def notes(self) -> dict[str, int]:
        """What reading and splitting met and left out: name -> count."""
        split = {
            "users_with_too_few_events": self.split.left_out,
            "events_met_before": self.split.met_before,
            "users_whose_last_item_was_met_before": self.split.repeated_targets,
        }
        return self.data.notes | split

    @property
    def losses(self) -> list[str]:
        """What was left out, a sentence each."""
        return loss_lines(self.notes, self.data.totals)

    @cached_property
    def cases(self) -> Cases:
        """The test cases of systems that do not write freely."""
        return self.split.test.sample(self.profile.users, self.seed)

    @cached_property
    def llm_cases(self) -> Cases:
        """The test cases of language models that write freely: a seeded subset of `cases`."""
        return self.cases.sample(self.profile.llm.users, self.seed)

    @cached_property
    def validation(self) -> Cases:
        """The validation cases on which the part of a language model is chosen: as many users as are tested."""
        return self.split.validation.sample(self.profile.users, self.seed)

    @cached_property
    def popularity(self) -> np.ndarray:
        """int64 (N + 1,): training events per item."""
        return np.bincount(self.split.train.items, minlength=len(self.catalogue) + 1)

    @cached_property
    def matcher(self) -> TitleMatcher:
        """Finds items by their titles."""
        return TitleMatcher(self.catalogue, self.popularity)

    @cached_property
    def grounder(self) -> Grounder:
        """Matches written titles with the catalogue."""
        return Grounder(self.matcher)

    @property
    def prompts(self) -> Prompts:
        """What a language model reads, in the profile's style and the words of its domain."""
        return Prompts(STYLES[self.profile.llm.prompt], self.words)

    def prompts_for(self, llm: LLM, histories: Sequences, hints: Hints | None, titles: int | None = None) -> list[str]:
        """Prompts as the profile wants them, one per history.

        llm: whose tokenizer measures the prompts
        hints: their first items are named in the prompts; None for prompts without hint
        titles: how many to write, the profile's number if left out
        """
        config = self.profile.llm
        limits = (config.history, titles or config.titles, config.max_prompt_tokens)
        return self.prompts.build(llm.tokenizer, self.catalogue, histories, hints, *limits)

    @cached_property
    def title_vectors(self) -> np.ndarray:
        """float32 (N + 1, d): Sentence-BERT vectors of the titles."""
        return title_vectors(self.catalogue, self.profile.rerank.encoder, self.cache("title_vectors"))

    def cache(self, name: str) -> Path:
        """Where an intermediate artefact is kept."""
        return self.folder / "cache" / name

    def save(
        self, system: str, cases: Cases, lists: RankedLists, seconds: float, protocol: str | None = None
    ) -> pd.DataFrame:
        """Write a system's ledger to `lists/<system>.parquet` and return it.

        cases: whom the lists are for
        lists: one per case
        seconds: wall time spent on training and ranking, however many runs ago
        protocol: the audited one if left out
        """
        meta = {
            "profile": self.profile.name,
            "data": self.data.name,
            "data_digest": self.data.digest,
            "protocol": protocol or self.protocol,
            "seed": self.seed,
            "config_hash": fingerprint(self.profile),
            "notes": self.notes,
            "wall_seconds": round(seconds, 2),
            "peak_memory_mib": round(peak_memory_mib(), 1),
        }
        if protocol is None:  # another protocol may split otherwise
            meta["split"] = asdict(self.profile.split)
        ids = self.catalogue.ids, meta, self.data.user_ids
        return read_ledger(write_ledger(self.folder / "lists", system, cases, lists, *ids))

    def ledger(self, system: str) -> pd.DataFrame:
        """A ledger that an earlier notebook wrote."""
        return read_ledger(self.folder / "lists" / f"{system}.parquet")


def open_study(profile: str, seed: int = 0, data: str | None = None, folder: Path | None = None) -> Study:
    """Load the profile's data, reduce them to the core that it asks for, and split them.

    profile: a name or the path of a file
    seed: any but 0 makes a study of its own, named `<profile>-seed<seed>`, which overwrites nothing of the profile's
    data: a registered name or a folder, instead of the profile's; its study works in `runs/<name>-<data>-<digest>`,
        so that data of the same name, or data that have changed, never share a folder
    folder: where to work instead

    Raises StudyError for an unknown profile or unreadable data.
    """
    settings = load_profile(profile)
    if seed:
        settings = replace(settings, name=f"{settings.name}-seed{seed}")
    dataset = k_core(load(data or settings.data), settings.core, once=settings.split.repeats == "first")
    split = leave_one_out(dataset, settings.split)
    own = f"{settings.name}-{dataset.name}-{dataset.digest[:8]}" if data else settings.name
    return Study(settings, seed, dataset, split, folder or paths.run_dir(own))
