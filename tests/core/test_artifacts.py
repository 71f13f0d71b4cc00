from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dualrec.core.fingerprint import fingerprint


@dataclass(frozen=True)
class Lazy:
    values: np.ndarray

    @cached_property
    def total(self) -> int:
        return int(self.values.sum())


def test_a_fingerprint_follows_fields_and_not_what_was_computed_from_them():
    lazy = Lazy(np.arange(3))
    before = fingerprint(lazy)
    assert lazy.total == 3 and fingerprint(lazy) == before
    assert fingerprint(Lazy(np.arange(4))) != before
