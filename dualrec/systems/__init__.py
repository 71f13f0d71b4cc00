"""Everything that recommends, one file a family; each takes a study and histories and hands over ranked lists."""
