"""Everything that recommends, one file a kind; each takes a study and histories and hands over ranked lists."""
