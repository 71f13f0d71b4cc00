"""The layouts of data sets on disk, one reader a file."""
