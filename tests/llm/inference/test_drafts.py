"""Drafts: what followed the same last tokens before, the longest context first, a text's own before what all share."""

from dualrec.llm.inference.drafts import LENGTH, Followers, draft


def test_what_followed_is_found_and_the_first_counts():
    followers = Followers([[1, 2, 3, 4, 5, 6, 7], [9, 2, 3, 8]])
    assert followers.after((2, 3)) == [4, 5, 6, 7][:LENGTH]
    assert followers.after((9, 2)) == [3, 8]
    assert followers.after((3, 2)) == [] and followers.after((6, 7)) == []


def test_a_text_that_goes_on_is_looked_up_across_the_seam():
    own = Followers([[1, 2]])
    own.extend([3, 4])
    assert own.after((1, 2)) == [3, 4] and own.after((2, 3)) == [4]


def test_the_longest_context_decides_and_the_own_text_comes_first():
    shared = Followers([[7, 1, 2, 3, 50], [2, 3, 60]])
    assert draft([0, 7, 1, 2, 3], Followers(), shared) == [50]
    assert draft([0, 0, 0, 2, 3], Followers([[5, 2, 3, 70]]), shared) == [70]
    assert draft([0], Followers(), shared) == [] and draft([4, 4, 4], Followers(), shared) == []
