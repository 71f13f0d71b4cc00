"""Sequence models: each scores the next item from a history."""
