import numpy as np

from dualrec.sequence.title_words import LENGTH, UNKNOWN, VOCABULARY, title_tokens


def test_words_are_numbered_by_frequency_then_alphabet():
    tokens = title_tokens(["", "Toy Story (1995)", "The Story of Us (1999)", "the TOY (1982)"])
    # twice: story the toy -> 2 3 4; once: 1982 1995 1999 of us -> 5 6 7 8 9
    assert tokens[:, :6].tolist() == [[0] * 6, [4, 2, 6, 0, 0, 0], [3, 2, 8, 9, 7, 0], [3, 4, 5, 0, 0, 0]]
    assert tokens.shape == (4, LENGTH) and tokens.dtype == np.int64 and not tokens[:, 6:].any()


def test_long_titles_are_cut_and_rare_words_are_unknown():
    titles = ["", " ".join(f"word{i}" for i in range(12))]
    assert np.count_nonzero(title_tokens(titles)[1]) == LENGTH == 10
    many = title_tokens(["", "a a a"] + [f"w{i:05}" for i in range(VOCABULARY)])
    assert many.max() == VOCABULARY - 1 and many[1, 0] == UNKNOWN + 1
    assert (many[2:, 0] == UNKNOWN).sum() == 3  # 4,998 places: one for "a", 4,997 for the 5,000 others
