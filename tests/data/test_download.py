"""Downloads from a server that fails in the ways servers fail."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from dualrec.data.download import RETRIES, fetch

CONTENT = bytes(range(256)) * 400
HASH = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server(monkeypatch):
    """A server that answers by `server.plan`, one entry per request, the last one for ever.

    `server.asked` holds the ranges asked for.
    """
    monkeypatch.setattr("pooch.core.time.sleep", lambda _: None)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            plan, asked = self.server.plan, self.headers["Range"]
            step = plan[min(len(self.server.asked), len(plan) - 1)]
            self.server.asked.append(asked)
            first = int(asked.removeprefix("bytes=").rstrip("-")) if asked and step != "knows no ranges" else 0
            if step == "busy":
                return self.send_error(503)
            if first >= len(CONTENT):
                return self.send_error(416)
            body = b"<html>Log in</html>" if step == "login page" else CONTENT[first:]
            self.send_response(206 if first else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if step == "breaks off" else body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.plan, server.url = [], ["works"], f"http://127.0.0.1:{server.server_port}/file"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("plan", "asked"),
    [
        (["works"], [None]),
        (["busy", "busy", "works"], [None, None, None]),
        (["breaks off", "works"], [None, f"bytes={len(CONTENT) // 2}-"]),
        (
            ["breaks off", "busy", "breaks off", "works"],
            [None, *[f"bytes={len(CONTENT) // 2}-"] * 2, f"bytes={len(CONTENT) * 3 // 4}-"],
        ),
        (["login page", "works"], [None, None]),
        (["breaks off", "knows no ranges"], [None, f"bytes={len(CONTENT) // 2}-", None]),
    ],
)
def test_what_fails_is_tried_again_from_where_it_broke(server, tmp_path, plan, asked):
    server.plan = plan
    path = fetch(server.url, HASH, tmp_path / "deep" / "file.zip")
    assert path.read_bytes() == CONTENT and server.asked == asked
    assert not list(path.parent.glob("*.part"))


def test_a_file_that_is_there_is_not_asked_for_and_a_changed_one_is_replaced(server, tmp_path):
    for content, times in ((CONTENT, 0), (CONTENT[:-1], 1)):
        (tmp_path / "file.zip").write_bytes(content)
        assert fetch(server.url, HASH, tmp_path / "file.zip").read_bytes() == CONTENT and len(server.asked) == times


@pytest.mark.parametrize("left, asked", [(CONTENT[:1000], 1), (CONTENT, 2), (b"x" * 1000, 2), (CONTENT + b"x", 2)])
def test_what_a_killed_download_left_is_used_or_thrown_away(server, tmp_path, left, asked):
    (tmp_path / "file.zip.part").write_bytes(left)
    assert fetch(server.url, HASH, tmp_path / "file.zip").read_bytes() == CONTENT and len(server.asked) == asked


@pytest.mark.parametrize(("plan", "error"), [("busy", requests.exceptions.HTTPError), ("login page", ValueError)])
def test_after_the_last_try_it_is_an_error_and_nothing_has_the_files_name(server, tmp_path, plan, error):
    server.plan = [plan]
    with pytest.raises(error):
        fetch(server.url, HASH, tmp_path / "file.zip")
    assert len(server.asked) == 1 + RETRIES and not (tmp_path / "file.zip").exists()


def test_two_processes_do_not_write_into_one_file(server, tmp_path):
    threads = [threading.Thread(target=fetch, args=(server.url, HASH, tmp_path / "file.zip")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.asked) == 1 and (tmp_path / "file.zip").read_bytes() == CONTENT
