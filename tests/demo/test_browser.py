"""The page in a real browser, as `make demo` serves it: clicks, keyboard alone, hostile titles, narrow screens."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time

import pytest

from dualrec.core import paths
from dualrec.data.catalogue import readable_title

playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: `pip install playwright` to test in a browser"
)
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path to test with")
PATIENCE = 120_000  # milliseconds for a kernel to start and models to load on a busy machine
WIDE = """[...document.querySelectorAll("#rendered_cells, #rendered_cells *")].filter(
    e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX != "visible"
).map(e => e.outerHTML.slice(0, 200))"""


@pytest.fixture(scope="module")
def address(tmp_path_factory, hostile_folder, tiny_folder, toy_settings):
    """A server in a home of its own, with hostile titles and a language model of random weights."""
    home = tmp_path_factory.mktemp("home")
    (home / "notebooks").mkdir()
    shutil.copy(paths.PACKAGE.parent / "notebooks/11_demo.ipynb", home / "notebooks")
    profile = home / "toy.toml"
    own = toy_settings.replace('data = "ml-100k"', f'data = "{hostile_folder.as_posix()}"')
    profile.write_text(f'{own}[llm]\nmodel = "{tiny_folder.as_posix()}"\n', encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "dualrec", "demo", "--profile", str(profile), "--port", str(port), "--no-browser"]
    environment = {**os.environ, "DUALREC_HOME": str(home), "PYTHONPATH": str(paths.PACKAGE.parent)}
    with open(home / "log", "wb") as log, subprocess.Popen(command, stderr=log, stdout=log, env=environment) as server:
        try:
            _wait_for(port, server, home / "log")
            yield f"http://127.0.0.1:{port}/"
        finally:
            server.terminate()
    assert not (home / "figures").exists(), "the page draws no figure and records nothing"


def _wait_for(port: int, server: subprocess.Popen, log) -> None:
    until = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < until and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise AssertionError(log.read_text())


@pytest.fixture(scope="module")
def seen():
    """What must not happen, noted while the page is open: errors, dialogs, requests to other machines."""
    return []


@pytest.fixture(scope="module")
def opened(address, seen):
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 2400})
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda said: seen.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: seen.append(str(error)))
        page.on("dialog", lambda dialog: (seen.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on(
            "request",
            lambda asked: None if asked.url.startswith((address, "data:", "blob:")) else seen.append(asked.url),
        )
        page.goto(address, wait_until="commit")
        page.get_by_role("button", name="Recommend").wait_for()
        yield page
        browser.close()


@pytest.fixture
def page(opened):
    """The page as it is at first."""
    opened.set_viewport_size({"width": 1440, "height": 2400})
    opened.get_by_label("Search movies").fill("")
    opened.get_by_role("button", name="Start anew").click()
    opened.get_by_text("None yet.").wait_for()
    return opened


def pick(page, typed: str, title: str) -> None:
    page.get_by_label("Search movies").fill(typed)
    page.get_by_role("button", name=re.compile(rf"^\+ {re.escape(title)}")).click()
    page.get_by_role("button", name=re.compile(rf"^{re.escape(title)}.* ×$")).wait_for()


def recommend(page) -> None:
    page.get_by_role("button", name="Recommend").click()
    page.get_by_text("Done in").wait_for()


def test_clicks_lead_to_three_lists_the_prompt_and_the_time(page, seen):
    page.get_by_role("button", name="Most popular").click()
    pick(page, "number 25", "Movie number 25 (1985)")
    recommend(page)
    assert page.get_by_role("heading", level=4).all_inner_texts() == [
        "1 · The LSTM",
        "2 · The language model’s order",
        "3 · After Sentence-BERT",
    ]
    assert page.get_by_role("table").count() == 4 and page.get_by_role("columnheader", name="cosine").count() == 1
    assert "- Movie number 25 (1985)" in page.get_by_label("The prompt").inner_text()
    page.get_by_role("button", name="Let it write").click()
    page.get_by_text("Written in").wait_for()
    assert page.get_by_role("heading", name="Written from the catalogue").is_visible()
    assert "In [" not in page.content() and "import " not in page.locator("#rendered_cells").inner_text(), "no code"
    assert seen == []


def test_the_keyboard_is_enough(page, seen):
    def focus(role: str, name: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            now = page.evaluate("[document.activeElement.tagName, document.activeElement.innerText.trim()]")
            if (role, name) in ((now[0], now[1]), (now[0], now[1][: len(name)])):
                return
        raise AssertionError(f"Tab does not reach {name}")

    page.evaluate("document.activeElement.blur()")
    focus("INPUT", "")
    page.keyboard.type("number 25")
    page.get_by_role("button", name="+ Movie number 25 (1985)").wait_for()
    focus("BUTTON", "+ Movie number 25")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Movie number 25 (1985) ×").wait_for()
    page.wait_for_function("document.activeElement.tagName == 'INPUT' && document.activeElement.value == ''")
    page.keyboard.type("number 26")
    page.get_by_role("button", name="+ Movie number 26 (1986)").wait_for()
    focus("BUTTON", "+ Movie number 26")
    page.keyboard.press("Space")
    page.get_by_role("button", name="Movie number 26 (1986) ×").wait_for()
    focus("BUTTON", "Movie number 25")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Movie number 25 (1985) ×").wait_for(state="detached")
    page.wait_for_function("document.activeElement.tagName == 'INPUT'")
    focus("BUTTON", "Recommend")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    page.keyboard.press("Enter")
    page.get_by_text("Done in").wait_for()
    assert outline == "solid", "one sees where the focus is"
    assert page.evaluate("document.activeElement.innerText.trim()") == "Recommend" and seen == []


def test_hostile_titles_are_text(page, hostile, seen):
    for typed, title in (
        ("document title", "<script>"),
        ("onerror alert", '">'),
        ("raw 7", "{{"),
        ("href javascript", "$$"),
        ("x" * 200, "x"),
    ):
        pick(page, typed, title)
    recommend(page)
    page.get_by_role("button", name="Let it write").click()
    page.get_by_text("Written in").wait_for()
    page.wait_for_timeout(500)  # for what a title might still be up to
    assert page.evaluate("document.querySelectorAll('.dualrec :is(script, img, h1, b, a, mjx-container)').length") == 0
    assert page.title() != "caught" and seen == []
    shown = page.locator(".dualrec").all_inner_texts()
    for title in (hostile[0], hostile[1], hostile[2], hostile[4]):
        assert any(readable_title(title) in text for text in shown), title
    assert page.evaluate(WIDE) == []


def test_it_fits_a_telephone_and_uses_a_desk(page):
    page.get_by_role("button", name="Most popular").click()
    recommend(page)
    for width, columns in ((390, 1), (820, 2), (1440, 3)):
        page.set_viewport_size({"width": width, "height": 2400})
        page.wait_for_timeout(300)
        assert page.evaluate(WIDE) == [], width
        lefts = page.evaluate(
            "[...document.querySelectorAll('.lists section')].map(e => Math.round(e.getBoundingClientRect().left))"
        )
        assert len(set(lefts)) == columns, lefts


def test_asking_for_nothing_is_answered_by_one_sentence(page, seen):
    page.get_by_role("button", name="Recommend").click()
    page.get_by_text("Pick at least one movie you like").wait_for()
    page.get_by_label("Search movies").fill("zzzzqqqq")
    page.get_by_text("No title in this catalogue resembles “zzzzqqqq”.").wait_for()
    assert page.get_by_role("table").count() == 0 and seen == []


def test_every_control_has_a_name_and_headings_go_down_by_one(page):
    assert all(button.inner_text().strip() for button in page.get_by_role("button").all())
    tags = page.evaluate("[...document.querySelectorAll('h1, h2, h3, h4')].map(e => e.tagName)")
    levels = [int(tag[1]) for tag in tags]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))
    assert page.evaluate("document.documentElement.lang") and page.get_by_role("status").count() == 1
