"""Data sets: where they come from, their catalogue and interactions, and how they are split into cases."""
