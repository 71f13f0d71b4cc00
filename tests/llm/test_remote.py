"""Remote models against two real servers: `transformers serve` with the embedded model, and one with every fault."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import numpy as np
import pytest
import torch

from dualrec.config import MOVIES, LLMConfig
from dualrec.core.errors import StudyError
from dualrec.llm import remote
from dualrec.llm.inference.generate import TOKENS_PER_TITLE
from dualrec.llm.local import converted_folder
from dualrec.llm.prompts import STYLES, Prompts
from dualrec.llm.remote import RemoteLLM, as_list, connect
from dualrec.profiles.load import load_profile
from dualrec.sequence import neural
from dualrec.study import open_study
from dualrec.systems.names import PROBABILITIES, SYSTEMS
from dualrec.systems.rank import rank
from dualrec.systems.sequence_models import lstm_hints
from dualrec.workflow import doctor

PROMPTS = Prompts(STYLES["default"], MOVIES)
KEY = "sk-proj-NeverToBeSeen0123456789"
HISTORIES = [
    ["Toy Story (1995)"],
    ["Heat (1995)", "Casino (1995)"],
    ["Star Wars (1977)", "Alien (1979)", "Aliens (1986)"],
]
QUESTIONS = [PROMPTS.question(titles, None, 2) for titles in HISTORIES]
LIST = "1. Heat (1995)\n2. Casino (1995)\n"


def completion(text=LIST, finish: str | None = "stop", **others) -> tuple[int, dict]:
    message = {"role": "assistant", "content": text}
    choices = [{"index": 0, "finish_reason": finish, "message": message}]
    return 200, {
        "id": "1",
        "object": "chat.completion",
        "choices": choices,
        "usage": {"prompt_tokens": 100, "completion_tokens": 20},
    } | others


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        server = self.server
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with server.lock:
            server.seen.append((self.path, self.headers["authorization"], body))
            server.headers = dict(self.headers)
            n = len(server.seen)
            server.under_way += 1
            server.most = max(server.most, server.under_way)
        status, content = server.reply(n, body)
        with server.lock:
            server.under_way -= 1
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.send_header("retry-after-ms", "1")
        self.end_headers()
        self.wfile.write(raw)


@pytest.fixture
def server(monkeypatch):
    """A server that says what `server.reply(n, body)` returns to its n-th request; the environment leads to it."""
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads, made.block_on_close = True, False
    made.lock, made.seen, made.under_way, made.most = threading.Lock(), [], 0, 0
    made.reply = lambda n, body: completion()
    made.host = f"127.0.0.1:{made.server_port}"
    thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    at(monkeypatch, f"http://{made.host}/v1")
    monkeypatch.setattr(remote, "RETRIES", 2)
    yield made
    made.shutdown()
    made.server_close()


def at(monkeypatch, url: str, model: str = "some-model", key: str = KEY) -> None:
    for name, value in {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": key, "OPENAI_MODEL": model}.items():
        monkeypatch.setenv(name, value)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def model(**settings) -> RemoteLLM:
    return connect(LLMConfig("openai", **settings), PROMPTS.system)


def questions(n: int) -> list[str]:
    return [PROMPTS.question([f"Movie {i} (1990)"], None, 2) for i in range(n)]


def everything_in(folder: Path) -> str:
    return "\n".join(f"{p}\n{p.read_bytes().decode('utf-8', 'replace')}" for p in folder.rglob("*") if p.is_file())


# `transformers serve`


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The base URL and the model of `transformers serve` with the embedded model in float32, offline."""
    folder, port = str(converted_folder("smollm2-135m")), free_port()
    log = tmp_path_factory.mktemp("serve") / "log"
    command = [
        Path(sys.executable).with_name("transformers"),
        "serve",
        folder,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    with open(log, "w") as out:
        process = subprocess.Popen([*command, "--device", "cpu", "--dtype", "float32"], stdout=out, stderr=out)
    try:
        for _ in range(240):
            assert process.poll() is None, log.read_text()
            try:
                httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.5)
        else:
            pytest.fail(f"not ready in two minutes: {log.read_text()}")
        yield f"http://127.0.0.1:{port}/v1", folder
    finally:
        process.kill()
        process.wait()


def test_a_real_server_writes_what_its_model_writes_here(served, llm, monkeypatch, tmp_path, capsys):
    url, folder = served
    at(monkeypatch, url, folder)
    written = model(concurrency=2).write(QUESTIONS, 2, 0, tmp_path)
    texts, tokens = [], [0, 0]
    for text in QUESTIONS:
        chat = PROMPTS.messages(text)
        ids = llm.tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        with torch.inference_mode():
            found = llm.model.generate(**ids, max_new_tokens=3 * TOKENS_PER_TITLE, do_sample=False)[
                0, ids.input_ids.shape[1] :
            ]
        texts.append(as_list(llm.tokenizer.decode(found, skip_special_tokens=True)))
        tokens = [tokens[0] + ids.input_ids.shape[1], tokens[1] + len(found)]
    assert written.texts == texts and all(text.strip() for text in texts) and written.seconds > 0
    assert (
        f"3 answers, 3 of them asked now; {tokens[0]} tokens read and {tokens[1]} written in all"
        in capsys.readouterr().out
    )
    at(
        monkeypatch, f"http://127.0.0.1:{free_port()}/v1", folder
    )  # nobody listens there: the same model elsewhere is not asked again
    assert model().write(QUESTIONS, 2, 0, tmp_path) == written
    assert "3 answers, 0 of them asked now" in capsys.readouterr().out


def test_a_real_server_says_which_model_it_serves(served, monkeypatch, tmp_path):
    at(monkeypatch, served[0], "another-model")
    with pytest.raises(
        StudyError, match="asked for 'another-model', refused the request; check OPENAI_MODEL .*Server is pinned to"
    ):
        model().write(QUESTIONS, 2, 0, tmp_path)


# what is asked, and what is kept


def test_the_request_holds_the_turns_and_the_parameters(server, tmp_path):
    model().write(QUESTIONS[:1], 2, 7, tmp_path)
    (path, authorization, body), *_ = server.seen
    assert path == "/v1/chat/completions" and authorization == f"Bearer {KEY}"
    turns = [{"role": "system", "content": "You recommend movies."}, {"role": "user", "content": QUESTIONS[0]}]
    assert body == {"model": "some-model", "messages": turns, "temperature": 0, "seed": 7, "max_tokens": 45}


def test_texts_stand_in_the_order_of_the_questions_and_a_question_is_asked_once(server, tmp_path):
    def reply(n, body):
        time.sleep(0.02 * (n % 3))
        return completion(f"1. {body['messages'][1]['content'].split('- ')[1].splitlines()[0]}")

    server.reply = reply
    wanted = questions(6)
    written = model().write([*wanted, wanted[0]], 2, 0, tmp_path)
    assert written.texts == [f" Movie {i} (1990)" for i in (*range(6), 0)] and len(server.seen) == 6
    assert model().write([*wanted, wanted[0]], 2, 0, tmp_path) == written and len(server.seen) == 6
    model().write(wanted[:1], 2, 1, tmp_path)  # another seed
    model().write(wanted[:1], 3, 0, tmp_path)  # a longer list
    assert len(server.seen) == 8
    connect(LLMConfig("openai"), "You recommend songs.").write(wanted[:1], 2, 0, tmp_path)  # another system message
    assert len(server.seen) == 9 and server.seen[-1][2]["messages"][0]["content"] == "You recommend songs."


def test_an_answer_is_named_by_what_was_asked_as_it_always_was(server, tmp_path):
    """Who paid for answers finds them again."""
    model().write(["- Heat (1995)"], 2, 0, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["0c4bc949ded4e269.json"]


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_requests_are_under_way_than_allowed(server, tmp_path, most):
    def reply(n, body):
        time.sleep(0.05)
        return completion()

    server.reply = reply
    started = time.perf_counter()
    written = model(concurrency=most).write(questions(9), 2, 0, tmp_path)
    assert server.most == most
    assert (
        0.05 * 9 / most <= written.seconds <= time.perf_counter() - started + 0.01
    )  # wall time, not nine times the delay


def test_tokens_and_cost_are_summed_once(server, tmp_path, capsys):
    server.reply = lambda n, body: completion(usage=None) if n == 3 else completion()
    model(concurrency=1, prices=(2.0, 10.0)).write(questions(3), 2, 0, tmp_path)
    said = capsys.readouterr().out
    assert said == (
        f"some-model at {server.host}: 3 answers, 3 of them asked now; 200 tokens read and 40 written in all; "
        "1 answers came without a count; cost 0.0008 at 2 and 10 per million\n"  # 200 * 2 / 1e6 + 40 * 10 / 1e6
    )


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(server, tmp_path):
    """SIGKILL while the fourth of six answers is awaited."""
    stuck, release = threading.Event(), threading.Event()

    def reply(n, body):
        if n == 4:
            stuck.set()
            release.wait(60)
        return completion(f"1. Answer {n} (1990)\n")

    server.reply = reply
    script = (
        "import sys; from pathlib import Path\n"
        "from dualrec.config import LLMConfig; from dualrec.llm.remote import connect\n"
        f"connect(LLMConfig('openai', concurrency=1), {PROMPTS.system!r}).write(sys.argv[2:], 2, 0, Path(sys.argv[1]))"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path), *questions(6)], stderr=subprocess.DEVNULL)
    assert stuck.wait(60)
    process.kill()
    process.wait()
    release.set()
    assert len(list(tmp_path.glob("*.json"))) == 3
    written = model(concurrency=1).write(questions(6), 2, 0, tmp_path)
    assert len(server.seen) == 4 + 3
    assert written.texts == [f" Answer {n} (1990)\n" for n in (1, 2, 3, 5, 6, 7)]


# faults


def test_faults_that_go_away_are_retried(server, tmp_path):
    faults = {1: (429, {"error": {"message": "slow down"}}), 2: (500, b"oops"), 4: (503, b"")}
    server.reply = lambda n, body: faults.get(n) or completion()
    written = model(concurrency=1).write(questions(2), 2, 0, tmp_path)
    assert written.texts == [LIST[2:]] * 2 and len(server.seen) == 2 + 3


@pytest.mark.parametrize(
    ("status", "requests", "said"),
    [
        (400, 1, "refused the request; check OPENAI_MODEL (status 400: "),
        (401, 1, "refused the key; check OPENAI_API_KEY (status 401: "),
        (403, 1, "refused the key; check OPENAI_API_KEY and what it is allowed to use (status 403: "),
        (404, 1, "knows no such model or address; check OPENAI_MODEL, and OPENAI_BASE_URL"),
        (418, 1, "refused the request (status 418: "),
        (429, 3, "takes no more requests now; wait, or lower llm.concurrency in the profile (status 429: "),
        (500, 3, "fails (status 500: "),
    ],
)
def test_faults_that_stay_are_one_sentence_without_the_key(server, tmp_path, status, requests, said):
    server.reply = lambda n, body: (
        status,
        {"error": {"message": f"no: {KEY}, {KEY[:12]}***\nAuthorization: Basic dXNlcjpwYXNz"}},
    )
    with pytest.raises(StudyError) as caught:
        model().write(QUESTIONS[:1], 2, 0, tmp_path)
    message = str(caught.value)
    assert message.startswith(f"{server.host}, asked for 'some-model', {said}") and message.endswith(remote.KEPT)
    assert len(server.seen) == requests and "\n" not in message and message.count("[secret]") == 3
    assert "sk-" not in message and "dXNlcjpwYXNz" not in message
    assert caught.value.__cause__ is None and caught.value.__context__ is None  # no traceback that quotes the server
    assert not list(tmp_path.iterdir())


def test_half_a_key_does_not_survive_the_cut(server, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-another-form-0123456789")
    server.reply = lambda n, body: (
        401,
        {"error": {"message": "x" * (remote.DETAIL - 24) + os.environ["OPENAI_API_KEY"]}},
    )
    with pytest.raises(StudyError, match="status 401") as caught:
        model().write(QUESTIONS[:1], 2, 0, tmp_path)
    assert "a-key" not in str(caught.value)


def test_what_was_answered_before_a_fault_is_kept(server, tmp_path):
    server.reply = lambda n, body: (500, b"down") if n > 4 else completion(f"1. Answer {n}")
    with pytest.raises(StudyError, match="kept, run the same command again"):
        model(concurrency=1).write(questions(9), 2, 0, tmp_path)
    asked = len(server.seen)
    assert asked in (4 + 3, 4 + 6), "once an answer fails for good, at most what a thread has just begun is asked"
    server.reply = lambda n, body: completion(f"1. Answer {n}")
    written = model(concurrency=1).write(questions(9), 2, 0, tmp_path)
    assert written.texts == [f" Answer {n}" for n in (1, 2, 3, 4, *range(asked + 1, asked + 6))]


def test_what_is_under_way_when_another_fails_is_kept(server, tmp_path):
    def reply(n, body):
        if "Movie 0" in body["messages"][1]["content"]:
            return 401, b"no"
        time.sleep(0.3)
        return completion()

    server.reply = reply
    with pytest.raises(StudyError, match="refused the key"):
        model(concurrency=2).write(questions(40), 2, 0, tmp_path)
    assert len(list(tmp_path.glob("*.json"))) == len(server.seen) - 1 < 39


def test_silence_and_absence_are_named(server, tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "RETRIES", 1)
    monkeypatch.setattr(remote, "TIMEOUT", 0.2)

    def reply(n, body):
        time.sleep(1)
        return completion()

    server.reply = reply
    with pytest.raises(StudyError, match=r"was silent for 0\.2 s, 2 times; wait, or lower llm\.concurrency"):
        model().write(QUESTIONS[:1], 2, 0, tmp_path)
    port = free_port()
    at(monkeypatch, f"http://127.0.0.1:{port}/v1")
    with pytest.raises(
        StudyError,
        match=rf"^127\.0\.0\.1:{port}, .* cannot be reached, or hangs up \(.*refused.*\); check that the server runs",
    ):
        model().write(QUESTIONS[:1], 2, 0, tmp_path)


def test_a_slow_answer_is_an_answer(server, tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "TIMEOUT", 2.0)

    def reply(n, body):
        time.sleep(0.5)
        return completion()

    server.reply = reply
    assert model().write(QUESTIONS[:1], 2, 0, tmp_path).texts == [LIST[2:]] and len(server.seen) == 1


MESSAGE = {"role": "assistant", "content": None}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html>hello</html>", "something else than a chat completion"),
        (b'{"choices": [', "something else than a chat completion"),
        (b"\xff\xfe\x00", "something else than a chat completion"),
        (b"", "something else than a chat completion"),
        (b"[" * 200_000, "something else than a chat completion"),
        (b"null", "something else than a chat completion"),
        ([1, 2], "something else than a chat completion"),
        ({"object": "list"}, "something else than a chat completion"),
        ({"choices": []}, "something else than a chat completion"),
        ({"choices": "none"}, "something else than a chat completion"),
        ({"choices": [{"message": "hi"}]}, "something else than a chat completion"),
        (
            {"choices": [{"message": MESSAGE, "finish_reason": "length"}]},
            r"answered no text \(finish_reason 'length' ",
        ),
        (
            completion("", finish="length"),
            r"answered no text \(finish_reason 'length' after at most 45 tokens\); choose a",
        ),
        (completion(" \n", finish="length"), "switch its reasoning off at the server"),
        (completion("<think>\n1. Heat is too old", finish="length"), "answered no text"),
        (completion("<think>1. Heat is too old", finish=None), "answered no text"),
        (completion("<think>1. Heat is too old</think>\n", finish="length"), "answered no text"),
        ({"choices": [{"message": {}}]}, r"answered no text \(finish_reason None "),
        (
            {"choices": [{"message": MESSAGE | {"content": 5}, "finish_reason": "stop"}]},
            r"answered no text \(finish_reason 'stop' ",
        ),
        ({"choices": [{"message": MESSAGE | {"content": [{"type": "text"}]}}]}, "answered no text"),
    ],
)
def test_what_is_no_answer_is_one_sentence(server, tmp_path, content, said):
    server.reply = lambda n, body: content if isinstance(content, tuple) else (200, content)
    with pytest.raises(StudyError, match=f"^{server.host}, asked for 'some-model', .*{said}"):
        model().write(QUESTIONS[:1], 2, 0, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (completion(""), ""),
        (completion("<think>1. Heat"), ""),  # ended by the model itself
        (completion("<think>1. Heat</think>\nSure:\n1. Alien\n2. Up", finish="length"), " Alien\n2. Up"),
        (completion("\x00 no \ud800 list"), "\x00 no ? list"),
        ((200, {"choices": [{"message": MESSAGE, "finish_reason": "content_filter"}]}), ""),
        ((200, {"choices": [{"message": MESSAGE | {"refusal": "no"}, "finish_reason": "stop"}]}), ""),
    ],
)
def test_an_empty_or_senseless_text_is_the_models_own(server, tmp_path, answer, text):
    server.reply = lambda n, body: answer
    for _ in range(2):
        assert model().write(QUESTIONS[:1], 2, 0, tmp_path).texts == [text]
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("1. Heat (1995)\n2. Casino (1995)", " Heat (1995)\n2. Casino (1995)"),
        ("\n 1) Heat (1995)", " Heat (1995)"),
        ("Sure! Here are 10 movies:\n\n1. Heat (1995)\n2. Up (2009)", " Heat (1995)\n2. Up (2009)"),
        ("**1. Heat (1995)**", " Heat (1995)**"),
        ("- Heat (1995)\n- 1941 (1979)", "- Heat (1995)\n- 1941 (1979)"),
        ("10. Heat (1995)", "10. Heat (1995)"),
        ("<think>\n1. Up? No.\n</think>\n\n1. Heat (1995)\n", " Heat (1995)\n"),
        ("1. Up? No.\n</think>1. Heat (1995)", " Heat (1995)"),  # where the template opens the thoughts
        ("1. Heat <think> (1995)", " Heat <think> (1995)"),
        ("", ""),
    ],
)
def test_answers_take_the_form_of_a_continued_list(answer, text):
    assert as_list(answer) == text


# the environment and the profile


@pytest.mark.parametrize("name", remote.VARIABLES)
def test_a_missing_variable_is_named(server, monkeypatch, name):
    monkeypatch.setenv(name, " ")
    with pytest.raises(StudyError, match=rf"set {name} \(") as caught:
        model()
    assert not any(other in str(caught.value) for other in set(remote.VARIABLES) - {name})


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("OPENAI_BASE_URL", "localhost:8000/v1", "is no address"),
        ("OPENAI_BASE_URL", KEY, "is no address"),
        ("OPENAI_BASE_URL", "http://[half/v1", "is no address"),
        ("OPENAI_BASE_URL", "http://host:99999/v1", "is no address"),
        ("OPENAI_BASE_URL", f"https://me:{KEY}@gate:81/v1", r"\(gate:81\) holds a user name or password"),
        ("OPENAI_API_KEY", f"{KEY}\nand more", "characters that no key has"),
        ("OPENAI_API_KEY", f"{KEY}…", "characters that no key has"),
    ],
)
def test_a_variable_that_cannot_be_meant_is_named_without_its_value(server, monkeypatch, variable, value, said):
    monkeypatch.setenv(variable, value)
    with pytest.raises(StudyError, match=f"^{variable} .*{said}") as caught:
        model()
    assert "sk-" not in str(caught.value)


def test_no_other_variable_decides_where_a_request_goes(server, monkeypatch, tmp_path):
    others = {"OPENAI_ORG_ID": "org-of-work", "OPENAI_PROJECT_ID": "project-of-work", "OPENAI_ADMIN_KEY": "admin-key"}
    others |= {"OPENAI_CUSTOM_HEADERS": "X-Team: team-of-work", "OPENAI_WEBHOOK_SECRET": "hook-of-work"}
    for name, value in others.items():
        monkeypatch.setenv(name, value)
    model().write(QUESTIONS[:1], 2, 0, tmp_path)
    sent = json.dumps(server.headers)
    assert KEY in sent and not [value for value in others.values() if value.split(": ")[-1] in sent]
    assert not {"openai-organization", "openai-project", "x-team"} & {name.lower() for name in server.headers}
    assert {name: os.environ[name] for name in others} == others, "what others need is still there"


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("ALL_PROXY", "socks5://me:secret@localhost:1", "ALL_PROXY names a SOCKS proxy"),
        ("HTTPS_PROXY", "gopher://me:secret@localhost:1", "HTTPS_PROXY names a SOCKS proxy or no address"),
        ("SSL_CERT_FILE", "/none/secret.pem", "SSL_CERT_FILE names '/none/secret.pem', where no certificates are"),
        ("SSL_CERT_FILE", __file__, "check the variables of proxies and certificates such as SSL_CERT_FILE"),
    ],
)
def test_what_lets_no_client_be_made_is_named(server, monkeypatch, variable, value, said):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, value)
    with pytest.raises(StudyError, match=f"^{server.host} cannot be reached: {said}") as caught:
        model()
    assert "me:" not in str(caught.value) and caught.value.__context__ is None


@pytest.mark.parametrize("reply", [(403, b"denied"), (502, b"no such host"), (200, b"<html>a proxy</html>"), None])
def test_a_proxy_that_swallows_localhost_is_named(server, monkeypatch, tmp_path, reply):
    """The server stands for the proxy; nobody listens at localhost, which is what should have been asked."""
    monkeypatch.setattr(remote, "RETRIES", 0)
    server.reply = lambda n, body: reply
    proxy = server.host if reply else f"127.0.0.1:{free_port()}"
    at(monkeypatch, f"http://localhost:{free_port()}/v1")
    for name in ("http_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", f"http://{proxy}")
    with pytest.raises(StudyError, match="; the proxy of HTTP_PROXY stands between: add localhost to NO_PROXY to go "):
        model().write(QUESTIONS[:1], 2, 0, tmp_path)


def test_a_model_shows_nothing_secret(server):
    assert KEY not in repr(model()) and server.host in repr(model())


def test_the_profile_is_laptop_with_another_model():
    mine, laptop = load_profile("remote"), load_profile("laptop")
    assert mine.llm.model == "openai"
    as_laptop = replace(mine, name=laptop.name, summary=laptop.summary, llm=replace(mine.llm, model=laptop.llm.model))
    assert as_laptop == laptop


def test_doctor_asks_for_the_variables(server, monkeypatch):
    assert doctor._fits(load_profile("remote")).ok
    monkeypatch.delenv("OPENAI_MODEL")
    check = doctor._fits(load_profile("remote"))
    assert not check.ok and check.detail == "OPENAI_MODEL is not set"


# in the study


@pytest.fixture
def remote_profile(toy_profile):
    with open(toy_profile, "a", encoding="utf-8") as file:
        file.write('[llm]\nmodel = "openai"\ntitles = 3\nhistory = 2\n')
    return toy_profile


@pytest.fixture
def study(remote_profile, toy_folder, tmp_path):
    return open_study(remote_profile, data=str(toy_folder), folder=tmp_path / "run")


def test_both_writing_systems_rank_with_a_server(server, study):
    server.reply = lambda n, body: completion(
        "Here you are:\n\n1. Movie number 3 (1963)\n2. Movie number 3 (1963)\n3. Nothing (1900)\n4. x"
    )
    histories = study.cases.history
    lists = rank(study, "llm", histories, 5)
    (third,) = study.catalogue.index_of([3])
    seen = [third in histories.sequence(row) for row in range(40)]
    np.testing.assert_array_equal(lists.items, [[-1] * 5 if s else [third, -1, -1, -1, -1] for s in seen])
    assert (lists.counts["written"] == 3).all() and lists.raw[0].startswith(" Movie number 3 (1963)\n2.")
    assert all("LSTM suggests" not in body["messages"][1]["content"] for *_, body in server.seen)
    asked = len(server.seen)
    hints = lstm_hints(study, histories)
    rank(study, "llm_hint_sbert", histories, 5)
    hinted = {body["messages"][1]["content"] for *_, body in server.seen[asked:]}
    titles = study.catalogue.titles
    pairs = zip(histories.recent(2), hints.items[:, 0], strict=True)
    assert hinted == {PROMPTS.question([titles[item] for item in row], titles[hint], 3) for row, hint in pairs}


@pytest.mark.parametrize("name", [name for name, system in SYSTEMS.items() if PROBABILITIES in system.needs])
def test_what_needs_probabilities_says_so_before_anything_is_trained(server, study, monkeypatch, name):
    monkeypatch.setattr(neural, "fit", lambda *_, **__: pytest.fail("trained"))
    with pytest.raises(
        StudyError, match="needs the model's own probabilities; .* set llm.model in the profile to a local model"
    ):
        rank(study, name, study.cases.history, 5)
    assert not server.seen


@pytest.mark.slow
def test_the_command_line_evaluates_a_server_and_hides_the_key(server, remote_profile, toy_folder, tmp_path):
    server.reply = lambda n, body: completion(f"1. Movie number 3 (1963)\n2. {KEY}\n")
    arguments = [
        "--data",
        str(toy_folder),
        "--profile",
        remote_profile,
        "--systems",
        "llm",
        "--out",
        str(tmp_path / "out"),
    ]
    done = subprocess.run([sys.executable, "-m", "dualrec", "evaluate", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["llm"]["n"] == 40
    assert f"some-model at {server.host}: " in done.stderr
    assert KEY not in done.stdout + done.stderr + everything_in(tmp_path)
