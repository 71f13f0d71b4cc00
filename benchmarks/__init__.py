"""Speed, as ratios against a baseline measured in the same run; by hand (`make bench`), never part of the tests."""
