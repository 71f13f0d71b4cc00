from dualrec.core.errors import did_you_mean


def test_only_a_near_name_is_offered():
    assert did_you_mean("markow", ["markov", "lstm"]) == " (did you mean 'markov'?)"
    assert did_you_mean("qqq", ["markov", "lstm"]) == ""
    assert did_you_mean("markov", []) == ""
