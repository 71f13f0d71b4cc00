"""The errors a user can do something about: one sentence each, printed without a traceback."""


class StudyError(Exception):
    """What is wrong, where, and what to do about it, in one sentence."""
