"""Hashes of content: what counts, and what does not."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pytest

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


def test_arrays_count_by_type_shape_and_bytes():
    values = np.arange(6)
    assert fingerprint(values) == fingerprint(np.arange(12)[::2] // 2), "a view that is not contiguous counts alike"
    assert len({fingerprint(values), fingerprint(values.reshape(2, 3)), fingerprint(values.astype(np.int32))}) == 3


def test_parts_are_kept_apart_and_the_order_of_a_dictionary_is_none():
    assert fingerprint("ab", "c") != fingerprint("a", "bc")
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})


def test_what_has_no_content_to_hash_is_refused():
    with pytest.raises(TypeError, match="cannot fingerprint object"):
        fingerprint(object())
