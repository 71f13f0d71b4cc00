"""Profiles: those of the package, and a table of bad ones, each of which is one sentence before anything starts."""

import dataclasses

import pytest

from dualrec import __main__
from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.profiles.load import available, load_profile

HEAD = 'summary = "mine"\ndata = "ml-100k"\n'
BAD = {  # what is in the file behind HEAD -> what is said
    "unknown key": ("user = 5", r"unknown key 'user' \(did you mean 'users'\?\)"),
    "unknown key in a table": ("[lora]\nrnak = 4", r"\[lora\]: unknown key 'rnak' \(did you mean 'rank'\?\)"),
    "unknown table": ("[lorra]\nrank = 4", r"unknown key 'lorra' \(did you mean 'lora'\?\)"),
    "unknown key like nothing": ("zzzzzzzz = 1", r"unknown key 'zzzzzzzz'$"),
    "key of another table": ("[lstm]\nrank = 4", r"\[lstm\]: unknown key 'rank'"),
    "text for a number": ('[lora]\nrank = "eight"', r"\[lora\]: 'rank' must be a whole number, but is 'eight'"),
    "digits in quotes": ('users = "5"', r"'users' must be a whole number, but is '5'"),
    "half a user": ("users = 2.5", r"'users' must be a whole number, but is 2.5"),
    "a truth for a number": ("users = true", r"'users' must be a whole number, but is True"),
    "a number for a truth": ("[lora]\ncheckpointing = 1", r"\[lora\]: 'checkpointing' must be true or false, but is 1"),
    "text for a rate": ('[lstm]\nlearning_rate = "1e-3"', r"\[lstm\]: 'learning_rate' must be a number, but is '1e-3'"),
    "a number for a name": ("[rerank]\nencoder = 7", r"\[rerank\]: 'encoder' must be text, but is 7"),
    "a number for a table": ("lora = 5", r"'lora' must be a table, but is 5"),
    "a table for a number": ("[users]\nn = 5", r"'users' must be a whole number, but is \{'n': 5\}"),
    "a number for a list": ("[lstm]\nhidden = 64", r"\[lstm\]: 'hidden' must be a list, but is 64"),
    "a list of text": ('[lstm]\nhidden = ["64"]', r"\[lstm\]: 'hidden' must be a whole number, but is '64'"),
    "an empty list": ("[lstm]\nhidden = []", r"\[lstm\]: 'hidden' must have at least 1 entry, but is \[\]"),
    "no modules": ("[lora]\nmodules = []", r"\[lora\]: 'modules' must have at least 1 entry"),
    "a date": ("users = 2026-01-01", r"'users' must be a whole number, but is '2026-01-01'"),
    "fewer than no users": ("users = -1", r"'users' must be at least 0, but is -1"),
    "no rank": ("[lora]\nrank = 0", r"\[lora\]: 'rank' must be at least 1, but is 0"),
    "no positions": ("[lora]\npositions = 0", r"\[lora\]: 'positions' must be at least 1"),
    "batches of nothing": ("[llm]\nbatch_size = 0", r"\[llm\]: 'batch_size' must be at least 1"),
    "no request at a time": ("[llm]\nconcurrency = 0", r"\[llm\]: 'concurrency' must be at least 1"),
    "everything dropped": ("[sasrec]\ndropout = 1.0", r"\[sasrec\]: 'dropout' must be less than 1, but is 1.0"),
    "more than everything": ("[lstm]\nwarmup = 1.5", r"\[lstm\]: 'warmup' must be at most 1, but is 1.5"),
    "no rate": ("[lstm]\nlearning_rate = 0", r"\[lstm\]: 'learning_rate' must be greater than 0, but is 0"),
    "not a number": ("[lora]\nlearning_rate = nan", r"\[lora\]: 'learning_rate' must be a finite number, but is nan"),
    "without end": ("[lora]\nmax_grad_norm = inf", r"\[lora\]: 'max_grad_norm' must be a finite number, but is inf"),
    "growing decay": ("[windowed_markov]\ndecay = 1.01", r"\[windowed_markov\]: 'decay' must be at most 1"),
    "a ratio over 100": ("[llm]\nmatch_threshold = 101", r"\[llm\]: 'match_threshold' must be at most 100"),
    "a trade-off over 1": ("[rerank]\nmmr_lambda = [0.5, 2.0]", r"\[rerank\]: 'mmr_lambda' must be at most 1, but is 2.0"),
    "heads that do not share": ("[sasrec]\ndim = 5", r"\[sasrec\]: dim \(5\) must be a multiple of heads \(2\)"),
    "positions beyond the window": ("[reader]\nwindow = 5", r"\[reader\]: positions \(10\) must be fewer than window \(5\)"),
    "one price": ("[llm]\nprices = [1.0]", r"\[llm\]: prices must be two, .* not \[1.0\]"),
    "a price below nothing": ("[llm]\nprices = [1.0, -1.0]", r"\[llm\]: 'prices' must be at least 0, but is -1.0"),
    "unknown targets": ('[lstm]\ntargets = "some"', r"\[lstm\]: 'targets' must be 'all' or 'windows', but is 'some'"),
    "unknown title side": ('[paper_lstm]\ntitle_side = "bert"', r"\[paper_lstm\]: 'title_side' must be 'words' or 'sbert'"),
    "eight bits": ('[lora]\nquantise = "8bit"', r"\[lora\]: 'quantise' must be '' or '4bit', but is '8bit'"),
    "unknown tie rule": ('[split]\ntie_rule = "id"', r"\[split\]: 'tie_rule' must be file, id_up, id_down or random:SEED, but is 'id'"),
    "random without a seed": ('[protocols]\nlstm_ties = ["random"]', r"\[protocols\]: 'lstm_ties' must be file, .* but is 'random'"),
    "unknown language model": ('[llm]\nmodel = "smollm2-136m"', r"'llm.model' names nothing known, .*did you mean 'smollm2-135m'"),
    "a hub model without revision": (
        '[llm]\nmodel = "owner/name"',
        r"'llm.model' names nothing known, .* owner/name@revision",
    ),
    "unknown encoder": ('[rerank]\nencoder = "all-minilm"', r"'rerank.encoder' names nothing known, .*did you mean 'all-minilm-l6-v2'"),
    "another name than the file's": ('name = "laptop"', r"'name' cannot be set; a profile goes by the name of its file"),
    "given twice": ('data = "ml-1m"', r"is not valid TOML: Cannot overwrite a value"),
    "no TOML": ("users: 5", r"is not valid TOML: .*line 3"),
    "two faults": ("users = -1\n[lora]\nrank = 0", r"'users' must be at least 0, but is -1; .*\[lora\]: 'rank' must be at least 1"),
}


@pytest.mark.parametrize("text, said", BAD.values(), ids=BAD)
def test_bad_profiles_are_one_sentence(tmp_path, text, said):
    file = tmp_path / "mine.toml"
    file.write_text(HEAD + text, encoding="utf-8")
    with pytest.raises(StudyError, match=said) as caught:
        load_profile(str(file))
    assert "\n" not in str(caught.value) and "mine.toml" in str(caught.value)


@pytest.mark.parametrize(
    "content, said",
    {
        "nothing in it": (b"", "'summary' is missing; .*'data' is missing"),
        "not text": (b"\xff\xfe\x00", "is not valid TOML"),
        "deep": (b"a = " + b"[" * 10**5, "is not valid TOML"),
        "unknown data": (b'summary = "x"\ndata = "ml-100"', "'data' names nothing known, 'ml-100' .did you mean 'ml-100k'"),
    }.values(),
)
def test_files_that_are_no_profile(tmp_path, content, said):
    (tmp_path / "mine.toml").write_bytes(content)
    with pytest.raises(StudyError, match=said):
        load_profile(str(tmp_path / "mine.toml"))


@pytest.mark.parametrize("name", ["laptop.toml", "..toml", "a b.toml", "-x.toml", "ä.toml"])
def test_a_file_of_ones_own_never_writes_over_another_profile_or_outside(tmp_path, name):
    (tmp_path / name).write_text(HEAD, encoding="utf-8")
    with pytest.raises(StudyError, match="give the file a name of letters"):
        load_profile(str(tmp_path / name))


@pytest.mark.parametrize("command", ["run", "evaluate", "recommend", "tune", "seeds", "doctor", "report"])
def test_nothing_starts_with_a_bad_profile(command, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path / "home"))
    (tmp_path / "mine.toml").write_text(HEAD + "[lora]\nrank = 0", encoding="utf-8")
    extra = ["--titles", "Alien"] if command == "recommend" else []
    monkeypatch.setattr("sys.argv", ["dualrec", command, "--profile", str(tmp_path / "mine.toml"), *extra])
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    assert ended.value.code == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "'rank' must be at least 1, but is 0" in error
    assert not (tmp_path / "home").exists()


def test_every_profile_of_the_package_is_valid_and_its_file_may_be_named():
    for name in available():
        profile = load_profile(name)
        assert profile.name == name and load_profile(str(paths.PACKAGE / "profiles" / f"{name}.toml")) == profile


def test_a_whole_number_will_do_for_a_rate_and_a_folder_for_data(tmp_path):
    (tmp_path / "mine.toml").write_text(f'summary = "x"\ndata = {str(tmp_path)!r}\n[lstm]\nlearning_rate = 1\n', encoding="utf-8")
    profile = load_profile(str(tmp_path / "mine.toml"))
    assert profile.name == "mine" and profile.lstm.learning_rate == 1


def test_a_cell_that_changes_a_setting_is_checked_too():
    with pytest.raises(ValueError, match="rank"):
        dataclasses.replace(load_profile("laptop").lora, rank=0)
