"""Profiles: those of the package, and a table of bad ones, each of which is one sentence before anything starts."""

import dataclasses
import tomllib

import pytest

from dualrec import __main__
from dualrec.config import MOVIES, DomainConfig
from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.profiles.load import available, load_profile, profile_files

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
    "a core of less than nothing": ("core = -1", r"'core' must be at least 0, but is -1"),
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
    "a trade-off over 1": (
        "[rerank]\nmmr_lambda = [0.5, 2.0]",
        r"\[rerank\]: 'mmr_lambda' must be at most 1, but is 2.0",
    ),
    "heads that do not share": ("[sasrec]\ndim = 5", r"\[sasrec\]: dim \(5\) must be a multiple of heads \(2\)"),
    "no dimension for the id": (
        "[sasrec]\ndim = 8\ntitle_dim = 6\ngenre_dim = 4",
        r"\[sasrec\]: dim \(8\) must be at least title_dim and genre_dim \(10\)",
    ),
    "an item of nothing": (
        "[lstm]\nid_dim = 0\ntitle_dim = 0\ngenre_dim = 0",
        r"\[lstm\]: an item is neither id nor title nor genres; give one of them a dimension",
    ),
    "years without genres": ("[sasrec]\nyears = true", r"\[sasrec\]: years are read together with genres; set"),
    "components of words": (
        '[lstm]\ntitle_way = "frozen_pca"\ntitle_side = "words"',
        r"\[lstm\]: title_way 'frozen_pca' takes vectors, and title_side 'words' has none",
    ),
    "ids that begin with what is read beside them": (
        '[lstm]\ntitle_way = "pca_init"\ntitle_side = "sbert"',
        r"\[lstm\]: title_way 'pca_init' is about ids alone; set title_dim = 0 and give ids a dimension",
    ),
    "positions beyond the window": (
        "[reader]\nwindow = 5",
        r"\[reader\]: positions \(10\) must be fewer than window \(5\)",
    ),
    "one price": ("[llm]\nprices = [1.0]", r"\[llm\]: prices must be two, .* not \[1.0\]"),
    "a price below nothing": ("[llm]\nprices = [1.0, -1.0]", r"\[llm\]: 'prices' must be at least 0, but is -1.0"),
    "unknown targets": ('[lstm]\ntargets = "some"', r"\[lstm\]: 'targets' must be 'all' or 'windows', but is 'some'"),
    "unknown title side": (
        '[paper_lstm]\ntitle_side = "bert"',
        r"\[paper_lstm\]: 'title_side' must be 'words', 'sbert', .* or 'gaussian', but is 'bert'",
    ),
    "eight bits": ('[lora]\nquantise = "8bit"', r"\[lora\]: 'quantise' must be '' or '4bit', but is '8bit'"),
    "unknown tie rule": (
        '[split]\ntie_rule = "id"',
        r"\[split\]: 'tie_rule' must be file, id_up, id_down or random:SEED, but is 'id'",
    ),
    "random without a seed": (
        '[protocols]\nlstm_ties = ["random"]',
        r"\[protocols\]: 'lstm_ties' must be file, .* but is 'random'",
    ),
    "unknown language model": (
        '[llm]\nmodel = "smollm2-136m"',
        r"'llm.model' names nothing known, .*did you mean 'smollm2-135m'",
    ),
    "a hub model without revision": (
        '[llm]\nmodel = "owner/name"',
        r"'llm.model' names nothing known, .* owner/name@revision",
    ),
    "unknown style of prompts": (
        '[llm]\nprompt = "defult"',
        r"'llm.prompt' names nothing known, .*did you mean 'default'.*; choose default",
    ),
    "half a domain": (
        '[domain]\nitem = "song"',
        r"mine.toml \[domain\]: 'verb' is missing; .*\[domain\]: 'infinitive' is missing$",
    ),
    "no word for an item": (
        '[domain]\nitem = ""\nverb = "bought"\ninfinitive = "buy"',
        r"mine.toml \[domain\]: 'item' must not be empty, but is ''$",
    ),
    "a base that is not there": (
        'base = "laptp"',
        r"'base' names no profile, 'laptp' \(did you mean 'laptop'\?\); choose beauty, laptop, .*\.toml",
    ),
    "a base file that is not there": (
        'base = "other.toml"',
        r"'base' names no profile, 'other.toml'; choose beauty, laptop, ",
    ),
    "a number for a base": ("base = 5", r"'base' must be text, but is 5"),
    "itself as base": ('base = "mine.toml"', r"'base' leads in a circle, mine.toml → mine.toml; take one 'base' out"),
    "base of a table": ('[lstm]\nbase = "laptop"', r"\[lstm\]: unknown key 'base'"),
    "a misspelt base": ('bse = "laptop"', r"unknown key 'bse' \(did you mean 'base'\?\)"),
    "bad over its base": (
        'base = "laptop"\n[sasrec]\nheads = 3',
        r"\[sasrec\]: dim \(64\) must be a multiple of heads \(3\)",
    ),
    "a value for a table of the base": ('base = "laptop"\nlstm = 5', r"'lstm' must be a table, but is 5"),
    "unknown encoder": (
        '[rerank]\nencoder = "all-minilm"',
        r"'rerank.encoder' names nothing known, .*did you mean 'all-minilm-l6-v2'",
    ),
    "another name than the file's": (
        'name = "laptop"',
        r"'name' cannot be set; a profile goes by the name of its file",
    ),
    "given twice": ('data = "ml-1m"', r"is not valid TOML: Cannot overwrite a value"),
    "no TOML": ("users: 5", r"is not valid TOML: .*line 3"),
    "two faults": (
        "users = -1\n[lora]\nrank = 0",
        r"'users' must be at least 0, but is -1; .*\[lora\]: 'rank' must be at least 1",
    ),
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
        "unknown data": (
            b'summary = "x"\ndata = "ml-100"',
            "'data' names nothing known, 'ml-100' .did you mean 'ml-100k'",
        ),
    }.values(),
)
def test_files_that_are_no_profile(tmp_path, content, said):
    (tmp_path / "mine.toml").write_bytes(content)
    with pytest.raises(StudyError, match=said):
        load_profile(str(tmp_path / "mine.toml"))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_a_profile(tmp_path, encoding):
    (tmp_path / "mine.toml").write_bytes(f'base = "laptop"\r\n{HEAD}users = 7\r\n'.encode(encoding))
    assert load_profile(str(tmp_path / "mine.toml")).users == 7


@pytest.mark.parametrize("name", ["laptop.toml", "..toml", "a b.toml", "-x.toml", "ä.toml"])
def test_a_file_of_ones_own_never_writes_over_another_profile_or_outside(tmp_path, name):
    (tmp_path / name).write_text(HEAD, encoding="utf-8")
    with pytest.raises(StudyError, match="give the file a name of letters"):
        load_profile(str(tmp_path / name))


@pytest.mark.parametrize(
    "command",
    [
        "run",
        "evaluate",
        "recommend",
        "grid-search",
        "seeds",
        "precision",
        "protocols",
        "audit",
        "hints",
        "evidence",
        "doctor",
        "report",
    ],
)
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


def test_a_profile_is_read_over_its_base_table_by_table_and_key_by_key(tmp_path):
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/first.toml").write_text(
        f'base = "laptop"\n{HEAD}users = 7\n[lstm]\nepochs = 2\n', encoding="utf-8"
    )
    (tmp_path / "second.toml").write_text(
        'base = "shared/first.toml"\nsummary = "my own"\n[lstm]\ndropout = 0.5\nhidden = [9]\n[audit]\ntitles = 4\n',
        encoding="utf-8",
    )
    laptop, second = load_profile("laptop"), load_profile(str(tmp_path / "second.toml"))
    replace = dataclasses.replace
    lstm = replace(laptop.lstm, epochs=2, dropout=0.5, hidden=(9,))
    wanted = {"name": "second", "summary": "my own", "users": 7, "lstm": lstm, "audit": replace(laptop.audit, titles=4)}
    assert second == replace(laptop, **wanted)
    files = profile_files(str(tmp_path / "second.toml"))
    assert [file.resolve() for file in files] == [
        (tmp_path / "second.toml").resolve(),
        (tmp_path / "shared/first.toml").resolve(),
        paths.PACKAGE / "profiles/laptop.toml",
    ]


def test_a_summary_is_not_inherited(tmp_path):
    (tmp_path / "mine.toml").write_text('base = "laptop"\n', encoding="utf-8")
    with pytest.raises(StudyError, match=r"mine.toml: 'summary' is missing$"):
        load_profile(str(tmp_path / "mine.toml"))


def test_a_circle_of_bases_is_named_from_the_profile_that_was_asked_for(tmp_path):
    for name, base in {"a": "b", "b": "c", "c": "b"}.items():
        (tmp_path / f"{name}.toml").write_text(f'base = "{base}.toml"\n{HEAD}', encoding="utf-8")
    with pytest.raises(
        StudyError, match=r"a.toml: 'base' leads in a circle, a.toml → b.toml → c.toml → b.toml; take one"
    ):
        load_profile(str(tmp_path / "a.toml"))


@pytest.mark.parametrize(
    ("fault", "message"),
    {
        "value": ("[lora]\nrank = 0", r"yours.toml \[lora\]: 'rank' must be at least 1"),
        "key": ("user = 5", r"yours.toml: unknown key 'user'"),
        "TOML": ("users: 5", r"yours.toml is not valid TOML"),
        "name": ('name = "x"', r"yours.toml: 'name' cannot be set"),
        "base": ('base = "smok"', r"yours.toml: 'base' names no profile, 'smok' \(did you mean 'smoke'\?\)"),
    }.values(),
)
def test_a_fault_is_told_of_the_file_it_is_in(tmp_path, fault, message):
    (tmp_path / "yours.toml").write_text(HEAD + fault, encoding="utf-8")
    (tmp_path / "mine.toml").write_text(f'base = "yours.toml"\n{HEAD}', encoding="utf-8")
    with pytest.raises(StudyError, match=message) as caught:
        load_profile(str(tmp_path / "mine.toml"))
    assert "mine.toml" not in str(caught.value)


@pytest.mark.parametrize("name", available())
def test_a_profile_says_only_what_differs_from_its_base(name):
    """Else it would not change with its base, and nobody would see it."""
    files = profile_files(name)
    settings = [tomllib.loads(file.read_text(encoding="utf-8")) for file in files]
    if len(files) > 1:
        base = dataclasses.asdict(load_profile(files[1].stem))
        for key, value in settings[0].items():
            for inner, one in value.items() if isinstance(value, dict) else ():
                assert base[key][inner] != (tuple(one) if isinstance(one, list) else one), (
                    f"[{key}] {inner} is that of {files[1].stem}"
                )
            assert key == "base" or base[key] != value, f"{key} is that of {files[1].stem}"


def test_words_of_a_domain_have_a_regular_plural_unless_they_say_another(tmp_path):
    assert load_profile("laptop").domain == MOVIES and MOVIES.items == "movies"
    text = f'{HEAD}[domain]\nitem = "piece"\nverb = "heard"\ninfinitive = "hear"\n'
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    assert load_profile(str(tmp_path / "mine.toml")).domain == DomainConfig("piece", "heard", "hear", "pieces")
    (tmp_path / "mine.toml").write_text(text + 'items = "music"\n', encoding="utf-8")
    assert load_profile(str(tmp_path / "mine.toml")).domain == DomainConfig("piece", "heard", "hear", "music")


@pytest.mark.parametrize(
    ("name", "data", "core", "words"),
    [
        ("beauty", "amazon-beauty", 0, ("product", "bought", "buy", "products")),
        ("lastfm", "lastfm-2k", 5, ("artist", "tagged", "tag", "artists")),
    ],
)
def test_other_domains_have_their_data_their_words_and_first_encounters(name, data, core, words):
    profile = load_profile(name)
    assert (profile.data, profile.core, profile.split.repeats) == (data, core, "first")
    assert profile.domain == DomainConfig(*words)


def test_a_whole_number_will_do_for_a_rate_and_a_folder_for_data(tmp_path):
    (tmp_path / "mine.toml").write_text(
        f'summary = "x"\ndata = {str(tmp_path)!r}\n[lstm]\nlearning_rate = 1\n', encoding="utf-8"
    )
    profile = load_profile(str(tmp_path / "mine.toml"))
    assert profile.name == "mine" and profile.lstm.learning_rate == 1


def test_a_cell_that_changes_a_setting_is_checked_too():
    with pytest.raises(ValueError, match="rank"):
        dataclasses.replace(load_profile("laptop").lora, rank=0)
