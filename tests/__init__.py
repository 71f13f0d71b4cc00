"""The tests, as a package of this name: without it, `tests` would be a folder that an installed package leaves behind."""
