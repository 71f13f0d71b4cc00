"""The study as one web site: executed notebooks as chapters, and pages drawn from what the run recorded."""
