"""The site as a browser would find it: whole, and complete without a network."""

import json
import shutil
from dataclasses import asdict
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.core.probe import Speeds
from dualrec.publishing.site.build import write_report
from dualrec.publishing.site.pages import TITLE

pytestmark = pytest.mark.slow

ROOT = paths.PACKAGE.parent
CARDS = ("data", "models", "reproduce", "extend", "glossary", "literature")


class Page(HTMLParser):
    """What a page needs, where it points to, and what can be pointed to."""

    def __init__(self, path: Path):
        super().__init__()
        self.path, self.text = path, path.read_text(encoding="utf-8")
        self.needs, self.links, self.names, self.pictures, self.captions = [], [], set(), [], []
        self.feed(self.text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.names |= {found[key] for key in ("id", "name") if found.get(key)}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif tag in ("script", "img", "iframe", "source") and "src" in found:
            self.needs.append(found["src"])
        elif tag == "link" and found.get("rel") != "canonical":
            self.needs.append(found["href"])
        if tag == "img":
            self.pictures.append(found)
        if tag == "span" and found.get("class") == "caption-number":
            self.captions.append(found)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The published notebooks as a site, by name of the page."""
    home = tmp_path_factory.mktemp("home")
    for name in ("notebooks", "figures"):
        shutil.copytree(ROOT / name, home / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DUALREC_HOME", str(home))
        folder = write_report(paths.DEFAULT_PROFILE).parent
    return {
        path.relative_to(folder).with_suffix("").as_posix(): Page(path)
        for path in folder.rglob("*.html")
        if "_static" not in path.parts
    }


def test_there_is_a_page_for_everything(site):
    chapters = [path.stem for path in (ROOT / "notebooks").glob("[0-9]*.ipynb")]
    assert site.keys() >= {"index", *CARDS, *chapters, *(f"exercises/{chapter}" for chapter in chapters)}


def test_nothing_comes_from_the_network_and_no_link_is_broken(site):
    for page in site.values():
        for place in (*page.needs, *page.links):
            to = urlsplit(place)
            if to.scheme in ("data", "mailto"):
                continue
            assert not to.scheme and not to.netloc, f"{page.path.name} needs {place}"
            target = (page.path.parent / unquote(to.path)).resolve() if to.path else page.path
            assert target.is_file(), f"{page.path.name} points to {place}"
            if to.fragment and target.suffix == ".html":
                name = target.relative_to(site["index"].path.parent.resolve()).with_suffix("").as_posix()
                assert unquote(to.fragment) in site[name].names, f"{page.path.name} points to {place}"


def test_every_figure_is_drawn_numbered_and_described(site):
    chapters = [page for name, page in site.items() if name[:2].isdigit()]
    for page in (*chapters, site["index"], site["data"]):
        assert page.captions and len(page.captions) == len(page.pictures)
        assert all(picture["src"].endswith(".svg") and len(picture["alt"]) > 20 for picture in page.pictures)


def test_chapters_lead_to_each_other_and_fold_their_code(site):
    first, second = site["01_data"], site["02_lstm"]
    assert "02_lstm.html" in first.links and {"01_data.html", "03_zero_shot_llm.html"} <= set(second.links)
    assert 'class="toggle-details"' not in first.text and "<details" in first.text


def test_the_cover_has_the_finding_of_the_results(site):
    results = json.loads((ROOT / "figures/results.json").read_text(encoding="utf-8"))
    hit_rate = results["systems"]["lstm"]["metrics"]["HR@10"]["value"]
    assert f"{hit_rate:.1%}".replace("%", " %") in site["index"].text
    assert TITLE.format(items="movies") in site["index"].text and results["commit"] in site["reproduce"].text


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home in which one notebook of the smoke profile has run."""
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path))
    run = tmp_path / "runs/smoke"
    for folder in ("notebooks", "figures"):
        (run / folder).mkdir(parents=True)
    (tmp_path / "notebooks").mkdir()
    outputs = [
        new_output("stream", text="42"),
        new_output("display_data", {"text/markdown": "see [two](02_two.ipynb)"}),
    ]
    cells = [new_markdown_cell("# 1 · A question"), new_code_cell("print(42)", outputs=outputs)]
    for name in ("01_one", "02_two"):
        nbformat.write(new_notebook(cells=cells), tmp_path / "notebooks" / f"{name}.ipynb")
        nbformat.write(new_notebook(cells=cells), run / "notebooks" / f"{name}.ipynb")
    shutil.copy(ROOT / "figures/results.svg", run / "figures")
    facts = {"schema": 1, "profile": "smoke", "data": "ml-100k", "protocol": "p", "commit": "c0ffee1", "hardware": "h"}
    empty = {"systems": {}, "notebooks": {}, "side_runs": {}}
    (run / "figures/results.json").write_text(json.dumps(facts | empty))
    entry = {
        "fingerprint": "f1",
        "seconds": 75.0,
        "peak_memory_mib": 512,
        "environment": {"torch": "2.13.0", "threads": 2, "speeds": asdict(Speeds(115.2, 482.0, 24.7))},
    }
    names = ("01_one", "02_two")
    (run / "manifest.json").write_text(
        json.dumps(
            {
                "profile": "smoke",
                "notebooks": dict.fromkeys(names, entry),
                "longest": dict.fromkeys(names, {"seconds": 75.0}),
            }
        )
    )
    return tmp_path


def test_a_run_of_ones_own_is_shown_with_its_times_and_versions(home):
    folder = write_report("smoke").parent
    assert folder == home / "runs/smoke/report"
    reproduce = Page(folder / "reproduce.html").text
    missing = [
        said
        for said in ("1 min 15 s", "512", "f1", "2.13.0", "482 in bfloat16", "c0ffee1", "PROFILE=smoke")
        if said not in reproduce
    ]
    assert missing == []
    page = Page(folder / "01_one.html")
    assert "42" in page.text and "02_two.html" in page.links


def test_without_a_finished_notebook_there_is_no_report(home):
    (home / "runs/smoke/manifest.json").unlink()
    with pytest.raises(StudyError, match="no finished notebook of profile 'smoke'; run `make all PROFILE=smoke` first"):
        write_report("smoke")


def test_a_page_that_cannot_be_built_is_named_and_the_old_report_stays(home):
    index = write_report("smoke")
    before = index.read_bytes()
    notebook = home / "runs/smoke/notebooks/01_one.ipynb"
    broken = nbformat.read(notebook, as_version=4)
    broken.cells.append(new_markdown_cell("See {numref}`fig-nowhere`."))
    nbformat.write(broken, notebook)
    with pytest.raises(StudyError, match="the report cannot be built: .*01_one.*fig-nowhere"):
        write_report("smoke")
    assert index.read_bytes() == before


def test_a_run_that_is_not_finished_has_its_report_too(home):
    manifest = home / "runs/smoke/manifest.json"
    run = json.loads(manifest.read_text())
    del run["notebooks"]["02_two"]
    manifest.write_text(json.dumps(run))
    (home / "runs/smoke/figures/results.svg").unlink()
    folder = write_report("smoke").parent
    page = Page(folder / "01_one.html")
    assert "see two" in page.text and "02_two.html" not in page.links and not (folder / "02_two.html").exists()
    assert len(Page(folder / "index.html").pictures) == 1


def test_a_folder_of_ones_own_is_not_described_as_movielens(home):
    results = home / "runs/smoke/figures/results.json"
    results.write_text(results.read_text().replace("ml-100k", "my-shop"))
    card = Page(write_report("smoke").parent / "data.html").text
    assert "a folder, my-shop" in card and "GroupLens" not in card and "stars" not in card
