"""Temporal stage: models that score the next item from a history."""
