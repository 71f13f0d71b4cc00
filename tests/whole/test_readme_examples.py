"""The examples of the README and its guides do what these say, one after the other, on the profile `smoke`."""

import contextlib
import io
import json
import random
import re
import shlex
import shutil
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest

from dualrec import __main__ as cli
from dualrec.core import paths
from dualrec.profiles.load import available, load_profile

pytestmark = pytest.mark.slow

GUIDES = paths.PACKAGE / "publishing" / "site" / "text"
PAGES = (
    paths.PACKAGE.parent / "README.md",
    *(GUIDES / f"{name}.md" for name in ("profiles", "commands", "your_own", "runs")),
)
README = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands(block: str) -> list[str]:
    return [line.partition("  #")[0].strip() for line in block.splitlines() if line.startswith("python -m dualrec ")]


(EXCHANGE,) = (block for kind, block in BLOCKS if not kind and "import-lists" in block)
(OWN_DATA,) = (block for kind, block in BLOCKS if not kind and "import-data" in block)
COMMANDS = [
    line for kind, block in BLOCKS if not kind and block not in (EXCHANGE, OWN_DATA) for line in commands(block)
]
TWO_FILMS = ["Alien (1979)", "Heat (1995)"]
SERVED = "1. Fargo (1996)\n2. Casino (1995)\n3. No Such Film (1990)\n"


class Session:
    """A shell in the folder of a study: commands find what the ones before them left."""

    def __init__(self, home: Path, capfd):
        self.home, self.capfd = home, capfd

    def ask(self, command: str) -> tuple[str, str]:
        """What a command prints, to standard output and error; its profile is small."""
        words = shlex.split(command)[2:]
        if words[1] in ("evaluate", "recommend", "export-split", "import-lists") and "--profile" not in words:
            words += ["--profile", "smoke"]
        if words[1] != "doctor":
            words = [str(self.home / "remote-smoke.toml") if word == "remote" else word for word in words]
        sys.argv = words
        assert pytest.raises(SystemExit, cli.main).value.code == 0, self.capfd.readouterr().err
        return self.capfd.readouterr()


@pytest.fixture
def session(tmp_path, monkeypatch, capfd):
    home = tmp_path / "home"
    (home / "runs").mkdir(parents=True)
    shutil.copytree(paths.PACKAGE.parent / "notebooks", home / "notebooks")
    paths.shared_cache().mkdir(parents=True, exist_ok=True)  # holds the unpacked language model
    (home / "runs" / "cache").symlink_to(paths.shared_cache(), target_is_directory=True)
    (home / "remote-smoke.toml").write_text(
        'base = "smoke"\nsummary = "remote, small"\n[llm]\nmodel = "openai"\nusers = 4\n'
    )
    monkeypatch.setattr(sys, "argv", [])
    monkeypatch.setenv("DUALREC_HOME", str(home))
    monkeypatch.delenv("DUALREC_DATA", raising=False)
    monkeypatch.chdir(home)
    return Session(home, capfd)


@pytest.fixture
def served(monkeypatch):
    """A server of chat completions, named as the README says."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": SERVED}}
            usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
            answer = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
            raw = json.dumps(answer | {"usage": usage}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setenv("OPENAI_MODEL", "Qwen/Qwen2.5-7B-Instruct")
    yield
    server.shutdown()
    server.server_close()


def recommended(out: str, k: int) -> list[str]:
    """The titles of a printed list that has k places at most, numbered from 1."""
    lines = re.findall(r"^ ?(\d+)\. (.+)$", out, re.MULTILINE)
    assert [int(number) for number, _ in lines] == list(range(1, len(lines) + 1)) and 0 < len(lines) <= k
    return [title for _, title in lines]


def told_what_was_taken(err: str, titles: list[str]) -> bool:
    return all(title in err for title in titles)


def test_the_commands(session, served):
    """Every command of the README, each with what is printed for it."""
    said = {}
    for command in COMMANDS:
        if " demo " in command:
            continue  # serves until it is stopped: tests/demo/test_server.py
        if " verify " in command:  # the other clone, or machine, is a copy of this one
            *_, other = shlex.split(command)
            shutil.copytree(session.home / "runs" / "smoke", session.home / other, symlinks=True)
        said[command.removeprefix("python -m dualrec ")] = session.ask(command)
    of = {}
    for command, (out, err) in said.items():
        of.setdefault(command.split()[0], []).append((command, out, err))
    for _, out, _ in of["doctor"]:
        assert all(re.match(r"(OK  |FAIL) [^:]+: ", line) for line in out.splitlines())
        assert re.search(r"^OK   profile (remote|smoke): fits", out, re.MULTILINE)
    assert [line.split()[0] for line in of["profiles"][0][1].splitlines()] == available()
    assert "[1/1] 03_zero_shot_llm … done in" in of["run"][0][2]
    assert (session.home / "runs/smoke/notebooks/03_zero_shot_llm.ipynb").is_file()
    (_, mine, _), (_, remote, _) = of["evaluate"]
    report = json.loads(mine)
    assert list(report) == ["popularity", "markov", "lstm"] and report["lstm"]["n"] == 16
    assert list(json.loads(remote)) == ["llm", "llm_hint"] and json.loads(remote)["llm"]["n"] == 4
    (_, ten, two), (_, file, _), (_, trie, films), (_, written, _) = of["recommend"]
    everybody = pd.read_parquet(session.home / file.strip())
    assert everybody.user_id.nunique() == 943 and len(everybody) == 9430 and everybody.item_id.notna().all()
    assert len(recommended(ten, 10)) == 10 and told_what_was_taken(two, ["Toy Story (1995)", "Aladdin (1992)"])
    assert len(recommended(trie, 10)) == 10 and told_what_was_taken(films, TWO_FILMS)
    assert recommended(written, 10) == ["Fargo (1996)", "Casino (1995)"]
    scored = json.loads(of["score"][0][1])
    assert scored["HR@10"]["value"] == pytest.approx(report["lstm"]["HR@10"], abs=1e-6) and scored["HR@10"]["n"] == 16
    rows = {line.split()[0]: line.split() for line in of["compare"][0][1].splitlines()}
    assert float(rows["HR@10"][1]) == pytest.approx(report["lstm"]["HR@10"], abs=1e-4)
    assert float(rows["HR@10"][2]) == pytest.approx(report["markov"]["HR@10"], abs=1e-4)
    assert f"| LSTM, improved | 16 | {report['lstm']['HR@1']:.3f} [" in of["table"][0][1]
    assert all("same" in out for _, out, _ in of["verify"]) and len(of["verify"]) == 2
    assert of.keys() == {"doctor", "profiles", "run", "evaluate", "recommend", "table", "score", "compare", "verify"}


def write_loans(path: Path) -> None:
    """Ten columns of a library under names of their own: readers who mostly take the next volume.

    Titles have commas, quotes and umlauts; shelfmarks and readers begin with zeros; some loans are nobody's.
    """
    rng = random.Random(0)
    subjects = ['Märchen, "alte"', "Küche", "", "Reise|Natur"]
    rows = []
    for reader in range(120):
        volume, day = rng.randrange(60), rng.randrange(200)
        for _ in range(rng.randrange(6, 16)):
            volume, day = (volume + 1) % 60 if rng.random() < 0.7 else rng.randrange(60), day + rng.randrange(1, 9)
            title = f'Über die Öfen, "Band" {volume}'
            lent = f"{pd.Timestamp('2021-01-01') + pd.Timedelta(days=day):%Y-%m-%d}T10:00:00+01:00"
            known = f"{reader:04}" if rng.random() < 0.97 else ""
            rows.append(
                (len(rows), "Süd", lent, f"{volume:03}", title, "Müller, A.", subjects[volume % 4], 1, known, "")
            )
    names = ["number", "branch", "lent", "shelfmark", "title", "author", "subject", "amount", "reader", "remark"]
    table = pd.DataFrame([*rows, *rows[:5]], columns=names)
    table.sample(frac=1, random_state=0).to_csv(path, index=False, sep=";", encoding="utf-8-sig")


def test_from_a_table_of_ones_own_to_the_study_s(session):
    """Three commands to a table; then a split, a model in pandas alone, and its lists in the same table."""
    write_loans(session.home / "loans.csv")
    imported, evaluated, table = (session.ask(command) for command in commands(OWN_DATA))
    lost = (session.home / "loans/import.json").read_text(encoding="utf-8")
    assert re.search(r"events of 120 users with 60 items, 2021-01-\d\d to 2021-", imported[0])
    assert "have no reader and are left out" in imported[1] and "have no reader" in lost
    assert re.search(r"^[1-5] of .* repeat an earlier row and are left out", evaluated[1])
    report = json.loads(evaluated[0])
    lines = {line.split(" | ")[0].strip("| "): line for line in table[0].splitlines()[2:]}
    assert len(lines) == len(report) == 6 and all(re.search(r"\d \[0\.\d+, ", line) for line in lines.values())
    assert f"| 16 | {report['markov']['HR@1']:.3f} [" in lines["Markov, first order"]
    verdict = r"the first|[-+]0\.\d{3} \[.*\], (better|worse|cannot tell)"
    assert all(re.fullmatch(verdict, line.split(" | ")[-1].strip("| ")) for line in lines.values())
    assert report["markov"]["HR@1"] > report["popularity"]["HR@1"], "what follows what was planted"
    (model,) = (block for kind, block in BLOCKS if kind == "python" and "to_csv" in block)
    export, *rest = commands(EXCHANGE)
    written, _ = session.ask(export)
    assert "train.csv: " in written and " 60 items, events: " in written
    exec(model, {})
    said = {command.split()[3]: session.ask(command) for command in rest}
    assert list(said) == ["import-lists", "table", "compare"]
    mine = json.loads(said["import-lists"][0])["mine"]
    assert mine["n"] == 16 and mine["fill"] == 1 and f"| My model | 16 | {mine['HR@1']:.3f} [" in said["table"][0]
    rows = {line.split()[0]: line.split() for line in said["compare"][0].splitlines()}
    assert float(rows["HR@10"][1]) == pytest.approx(mine["HR@10"], abs=1e-4)
    assert float(rows["HR@10"][2]) == pytest.approx(report["markov"]["HR@10"], abs=1e-4)


def test_a_ledger_needs_pandas_alone(tmp_path, monkeypatch):
    """The example reads a ledger, and its hit rate is that of `score`."""
    (example,) = (block for kind, block in BLOCKS if kind == "python" and "read_parquet" in block)
    ledger = re.search(r'"(runs/[^"]+\.parquet)"', example)[1]
    out = tmp_path / "runs" / "mine"
    arguments = ["dualrec", "evaluate", "--profile", "smoke", "--systems", "markov", "--out", str(out)]
    monkeypatch.setattr(sys, "argv", arguments)
    with contextlib.redirect_stdout(io.StringIO()) as report:
        pytest.raises(SystemExit, cli.main)
    (tmp_path / ledger).parent.mkdir(parents=True)
    shutil.copy(out / "lists" / "markov.parquet", tmp_path / ledger)
    monkeypatch.chdir(tmp_path)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(example, {})
    assert float(printed.getvalue().split()[1]) == pytest.approx(json.loads(report.getvalue())["markov"]["HR@10"])


def test_a_profile_of_ones_own(tmp_path):
    (example,) = (block for kind, block in BLOCKS if kind == "toml")
    (tmp_path / "mine.toml").write_text(example)
    profile = load_profile(str(tmp_path / "mine.toml"))
    assert profile.lstm.hidden == (512, 256) and profile.data == load_profile("laptop").data
