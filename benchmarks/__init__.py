"""Speed, as ratios against a baseline measured in the same run.

Measured by hand with `make bench`, in about half an hour; never part of the tests.
"""
