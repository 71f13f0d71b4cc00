"""Data: sources, catalogue and interactions."""
