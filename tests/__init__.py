"""The tests as a package of this name; without it, `tests` is any folder that an installed package leaves behind."""
