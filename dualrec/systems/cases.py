"""Which test cases a system is evaluated on."""

from __future__ import annotations

from dualrec.study import Study
from dualrec.systems.names import System
from dualrec.types import Cases


def cases_for(study: Study, system: System) -> Cases:
    """All test cases, or the seeded subset for a language model that writes freely, which takes longest."""
    return study.llm_cases if system.subset else study.cases
