"""Speed, as ratios against a baseline measured in the same run; by hand (`make bench`, about half an hour), never part of the tests."""
