"""What the study stands on and nothing of the study: files, locks, hashes, machine, processes."""
