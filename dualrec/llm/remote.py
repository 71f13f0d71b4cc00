"""Remote language models: lists written by any server that speaks OpenAI's chat format; no question is asked twice."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import openai
from tqdm import tqdm

from dualrec.config import LLMConfig
from dualrec.core.artifacts import write_json
from dualrec.core.errors import StudyError
from dualrec.core.fingerprint import fingerprint
from dualrec.llm.inference.generate import TOKENS_PER_TITLE, Generation
from dualrec.llm.prompts import harmless, turns

VARIABLES = {
    "OPENAI_BASE_URL": "the server's address, such as http://localhost:8000/v1",
    "OPENAI_API_KEY": "its key; any word where the server wants none",
    "OPENAI_MODEL": "the name the server knows the model by",
}
TIMEOUT = 300.0  # seconds of silence; a small server that writes on a CPU answers only when its queue is done
CONNECT_TIMEOUT = 10.0  # seconds
RETRIES = 5  # by the client, after 0.5, 1, 2, 4 and 8 seconds or as long as the server says
PLACEHOLDER = 8  # characters; a shorter key (`EMPTY`, `x`) is no secret, and may be a word of an honest sentence
DETAIL = 200  # characters of a server's own words in an error
ADVICE = {
    400: "refused the request; check OPENAI_MODEL",
    401: "refused the key; check OPENAI_API_KEY",
    403: "refused the key; check OPENAI_API_KEY and what it is allowed to use",
    404: "knows no such model or address; check OPENAI_MODEL, and OPENAI_BASE_URL, which mostly ends in /v1",
    429: "takes no more requests now; wait, or lower llm.concurrency in the profile",
}
# What the client raises where an answer is no JSON, or JSON of another form.
NO_COMPLETION = (ValueError, AttributeError, IndexError, KeyError, TypeError, RecursionError)
KEPT = "what it answered so far is kept, run the same command again to go on"
_SECRETS = re.compile(
    r"\bsk-[\w.*-]+|\bbearer\s+[^\s'\",}]+|authorization['\"]?\s*[:=]\s*['\"]?(?:\w+\s+)?[^\s'\",}]+|(?<=://)[^\s/@]+@",
    re.IGNORECASE,
)
_FIRST = re.compile(r"^[ \t*_#]*1[.):]", re.MULTILINE)


@dataclass(frozen=True)
class RemoteLLM:
    """A chat model behind a server: it writes, and keeps its probabilities to itself."""

    model: str
    host: str  # name and port: nothing of an address that could be secret
    system: str  # the system message of every request
    client: openai.OpenAI = field(repr=False)
    concurrency: int  # requests under way at once
    prices: tuple[float, ...] = ()  # per million tokens read and written

    def write(self, questions: list[str], titles: int, seed: int, folder: Path) -> Generation:
        """The list that the model writes after each question, greedily; prints once how many tokens were used.

        titles: titles asked for, which bounds the length of an answer
        seed: sent with every request
        folder: keeps one file per answer, named by model, parameters and messages. The address is left out: a model
            that moves to another host or port is the same model. A later call asks only for what is missing there.
        Raises StudyError where the server cannot be used; what it answered before is kept.
        """
        questions = harmless(None, questions)
        most_tokens = TOKENS_PER_TITLE * (titles + 1)  # one title more, for an introduction
        request = {"model": self.model, "temperature": 0, "seed": seed, "max_tokens": most_tokens}
        paths = [folder / f"{fingerprint(request, turns(self.system, question))}.json" for question in questions]
        missing = {path: question for path, question in zip(paths, questions, strict=True) if not path.is_file()}
        watch = _Stopwatch()

        def ask(path: Path, question: str) -> None:
            answer = self._answer(request, question)
            write_json(path, answer | {"seconds": watch.lap()})

        with ThreadPoolExecutor(self.concurrency) as pool:
            calls = [pool.submit(ask, path, question) for path, question in missing.items()]
            done = as_completed(calls)
            try:
                for call in tqdm(done, "ask", len(calls), unit="answer", mininterval=10, disable=not calls):
                    call.result()
            finally:
                pool.shutdown(cancel_futures=True)  # waits for what is under way: it is paid for, so it is kept
        answers = {path: json.loads(path.read_text(encoding="utf-8")) for path in paths}
        print(self._account(list(answers.values()), len(missing)))
        seconds = sum(answer["seconds"] for answer in answers.values())
        return Generation([as_list(answers[path]["text"]) for path in paths], seconds)

    def _answer(self, request: dict, question: str) -> dict:
        """The text of one answer, and the tokens read and written (None where the server does not count)."""
        try:
            messages: list[Any] = turns(self.system, question)
            reply = self.client.chat.completions.create(messages=messages, **request)
            choice = reply.choices[0]
            text = choice.message.content
        except openai.OpenAIError as error:
            problem = self._explain(error)
        except NO_COMPLETION:
            advice = "check that OPENAI_BASE_URL leads to an OpenAI-compatible API"
            problem = f"answered something else than a chat completion; {advice}"
        else:
            if text is None and (choice.finish_reason == "content_filter" or choice.message.refusal):
                text = ""  # the model's own fault: an invalid list, and not the server's
            if isinstance(text, str):
                usage = getattr(reply, "usage", None)
                read, written = (getattr(usage, name, None) for name in ("prompt_tokens", "completion_tokens"))
                text = self._without_key(text.encode("utf-8", "replace").decode())  # half a surrogate pair is no text
                return {"text": text, "read": _count(read), "written": _count(written)}
            reason = self._scrub(f"finish_reason {choice.finish_reason!r}")
            advice = "choose a chat model that answers at once, without tools or hidden reasoning"
            problem = f"answered no text ({reason}); {advice}"
        # Raised outside of `except`, so that no exception with headers is chained to it.
        raise StudyError(self._scrub(f"{self.host}, asked for '{self.model}', {problem}; {KEPT}"))

    def _explain(self, error: openai.OpenAIError) -> str:
        """What happened, in the server's words where it has any, and what to do."""
        if isinstance(error, openai.APIStatusError):
            detail = self._scrub(str(error.body))[:DETAIL]  # scrubbed before it is cut: half a key is a secret, too
            advice = ADVICE.get(error.status_code, "fails" if error.status_code >= 500 else "refused the request")
            return f"{advice} (status {error.status_code}: {detail})"
        if isinstance(error, openai.APITimeoutError):
            tries = self.client.max_retries + 1
            return f"was silent for {TIMEOUT:g} s, {tries} times; wait, or lower llm.concurrency in the profile"
        detail = self._scrub(str(error.__cause__ or error))[:DETAIL]
        return f"cannot be reached, or hangs up ({detail}); check that the server runs, and OPENAI_BASE_URL"

    def _account(self, answers: list[dict], new: int) -> str:
        """One line on answers, tokens and cost; new: how many of them were asked for by this call."""
        read, written = (sum(answer[name] or 0 for answer in answers) for name in ("read", "written"))
        uncounted = sum(answer["read"] is None or answer["written"] is None for answer in answers)
        cost = (read * self.prices[0] + written * self.prices[1]) / 1e6 if self.prices else None
        parts = [f"{len(answers)} answers, {new} of them asked now"]
        parts += [f"{read:,} tokens read and {written:,} written in all"]
        parts += [f"{uncounted} answers came without a count"] if uncounted else []
        parts += [f"cost {cost:.4f} at {self.prices[0]:g} and {self.prices[1]:g} per million"] if self.prices else []
        return self._scrub(f"{self.model} at {self.host}: {'; '.join(parts)}")

    def _scrub(self, text: str) -> str:
        """One printable line without key, `sk-…`, authorization header and credentials in an address."""
        printable = "".join(letter if letter.isprintable() else " " for letter in text)
        return _SECRETS.sub("[secret]", self._without_key(" ".join(printable.split())))

    def _without_key(self, text: str) -> str:
        key = self.client.api_key
        return text.replace(key, "[secret]") if len(key) >= PLACEHOLDER else text


class _Stopwatch:
    """Seconds since the lap before, whichever thread ended it: laps add up to wall time."""

    def __init__(self):
        self.lock = threading.Lock()
        self.last = time.perf_counter()

    def lap(self) -> float:
        with self.lock:
            before = self.last
            self.last = time.perf_counter()
            return round(self.last - before, 3)


def connect(config: LLMConfig, system: str) -> RemoteLLM:
    """The model that the three VARIABLES name; nothing is asked yet.

    system: the system message of every request
    Raises StudyError where one is missing or cannot be meant.
    """
    if missing := missing_variables():
        wanted = "; ".join(f"{name} ({VARIABLES[name]})" for name in missing)
        raise StudyError(f"the model '{config.model}' needs what the environment does not hold: set {wanted}")
    url, key, model = (os.environ[name].strip() for name in VARIABLES)
    host, credentials = _host(url)
    if not host:
        raise StudyError("OPENAI_BASE_URL is no address; write it as in http://localhost:8000/v1")
    if credentials:
        advice = "leave them out and set OPENAI_API_KEY"
        raise StudyError(f"OPENAI_BASE_URL ({host}) holds a user name or password; {advice}")
    if not (key.isascii() and key.isprintable()):
        raise StudyError("OPENAI_API_KEY holds characters that no key has; copy it again")
    timeout = openai.Timeout(TIMEOUT, connect=CONNECT_TIMEOUT)
    client = openai.OpenAI(base_url=url, api_key=key, max_retries=RETRIES, timeout=timeout)
    return RemoteLLM(model, host, system, client, config.concurrency, config.prices)


def missing_variables() -> list[str]:
    """Those of VARIABLES that are not set."""
    return [name for name in VARIABLES if not os.environ.get(name, "").strip()]


def as_list(text: str) -> str:
    """An answer in the form a local model's has: what follows `ANSWER_START`.

    A local model finds its turn opened with it, a chat server writes it itself; an introduction before it is dropped.
    """
    first = _FIRST.search(text)
    return text[first.end() :] if first else text


def _host(url: str) -> tuple[str, bool]:
    """Name and port of an http address ("" where it is none), and whether it holds credentials."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "", False
    named = parts.scheme in ("http", "https") and parts.hostname
    return f"{parts.hostname}{port}" if named else "", "@" in parts.netloc


def _count(tokens) -> int | None:
    return tokens if isinstance(tokens, int) else None
