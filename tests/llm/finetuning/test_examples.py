from dualrec.llm.finetuning.examples import Example, build_examples, earlier_split, slices, training_cases
from dualrec.types import Sequences


def test_slice_follows_the_earlier_history(toy_catalogue):
    train = Sequences.from_lists([1, 2], [[1, 2, 3, 4, 5, 6, 8], [8, 6, 5, 4, 3, 2, 1]])
    earlier = earlier_split(train, titles=3, min_events=3)
    held_out = slices(train, earlier.test, 3)
    assert held_out.tolist() == [[5, 6, 8], [3, 2, 1]]
    assert earlier.test.targets.tolist() == held_out[:, 0].tolist()
    for row in range(2):
        known = set(earlier.train.sequence(row)) | {earlier.validation.targets[row]}
        assert not known & set(held_out[row].tolist()), "the hint model has seen nothing of the slice"
        assert earlier.test.history.sequence(row).tolist() + held_out[row].tolist() == train.sequence(row).tolist()
    examples = build_examples(["p", "q"], held_out, toy_catalogue)
    assert examples[0] == Example("p", " Les Misérables (1995)\n2. unknown\n3. Star Wars (1977)\n")


def test_more_positions_grow_into_a_longer_slice_of_which_the_hint_model_has_seen_nothing():
    train = Sequences.from_lists([5, 1], [[1, 2, 3, 4, 5, 6, 8], [8, 6, 5, 4, 3, 2, 1, 7]])
    earlier = earlier_split(train, titles=2, min_events=3, positions=3)  # a slice of 2 + 3 - 1 = 4 events
    assert [earlier.test.history.sequence(row).tolist() for row in range(2)] == [[1, 2, 3], [8, 6, 5, 4]]
    cases = training_cases(train, earlier.test.take([1, 0]), 3)
    assert cases.users.tolist() == [1, 1, 1, 5, 5, 5]
    assert [cases.history.sequence(row).tolist() for row in range(6)] == [
        [8, 6, 5, 4],
        [8, 6, 5, 4, 3],
        [8, 6, 5, 4, 3, 2],
        [1, 2, 3],
        [1, 2, 3, 4],
        [1, 2, 3, 4, 5],
    ]
    assert cases.targets.tolist() == [3, 2, 1, 4, 5, 6]
    answers = slices(train, cases, 2)
    assert answers.tolist() == [[3, 2], [2, 1], [1, 7], [4, 5], [5, 6], [6, 8]]
    for row, user in enumerate(earlier.test.users):
        seen = set(earlier.train.sequence(row)) | {earlier.validation.targets[row]}
        assert not seen & set(answers[cases.users == user].ravel().tolist())
