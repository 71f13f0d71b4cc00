"""Where data come from, the catalogue, the interactions, and how they are split."""
