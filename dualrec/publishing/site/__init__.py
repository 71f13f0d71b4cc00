"""The study as one web site: executed notebooks as chapters, and pages drawn from what the run recorded."""

from dualrec.publishing.site.build import write_report

__all__ = ["write_report"]
