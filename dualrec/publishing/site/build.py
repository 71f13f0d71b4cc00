"""From executed notebooks to HTML: sources are laid out for Sphinx, which builds the site; neither needs a network."""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path

import nbformat
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from dualrec import plots
from dualrec.core import paths
from dualrec.core.artifacts import atomic_path
from dualrec.core.errors import StudyError
from dualrec.evaluation.results import load_results
from dualrec.profiles.load import load_profile, profile_files
from dualrec.publishing.notebooks import tidy
from dualrec.publishing.site import pages
from dualrec.publishing.site.chapters import chapter
from dualrec.publishing.site.guides import guide
from dualrec.workflow.manifest import Manifest, notebook_paths

TEXTS = Path(__file__).parent / "text"
CONFIGURATION = {
    "project": "DUALRec, the study",
    "author": "the DUALRec study contributors",
    "copyright": "text CC BY 4.0, code MIT",
    "language": "en",
    "extensions": ["myst_nb", "sphinxcontrib.bibtex"],
    "exclude_patterns": [],
    "html_theme": "sphinx_book_theme",
    "html_title": "DUALRec, the study",
    "html_static_path": ["static"],
    "html_css_files": ["style.css"],
    "html_context": {"default_mode": "auto"},
    "html_copy_source": False,
    "html_show_sphinx": False,
    "html_theme_options": {
        "use_download_button": False,
        "use_fullscreen_button": False,
        "navbar_persistent": [],
        "show_toc_level": 2,
    },
    "numfig": True,
    "numfig_format": {"figure": "Figure %s"},
    "bibtex_bibfiles": ["references.bib"],
    "bibtex_reference_style": "author_year",
    "myst_enable_extensions": ["colon_fence"],
    "myst_heading_anchors": 3,
    "nb_execution_mode": "off",
    "nb_merge_streams": True,
    "nb_render_markdown_format": "myst",
    "suppress_warnings": ["mystnb.unknown_mime_type"],
}


def write_report(profile: str) -> Path:
    """Build the site of a profile in `runs/<profile>/report/`; returns its front page.

    The default profile, where it has not been run here, is shown from the published notebooks.

    profile: a profile's name or a `.toml` file

    Raises StudyError where no notebook has been executed, a figure is missing, or a page cannot be built.
    """
    name = load_profile(profile).name
    manifest = Manifest(name)
    finished = [notebook for notebook in notebook_paths() if notebook.stem in manifest.notebooks]
    chapters = {notebook.stem: manifest.executed(notebook) for notebook in finished}
    chapters = {stem: path for stem, path in chapters.items() if path.is_file()}
    if not chapters and name == paths.DEFAULT_PROFILE:
        chapters = {notebook.stem: notebook for notebook in notebook_paths()}
    results = paths.results(name)
    if not chapters or not results.is_file():
        raise StudyError(f"no finished notebook of profile '{name}'; run `make all PROFILE={name}` first")
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "source"
        _lay_out(source, profile, chapters, manifest if manifest.notebooks else None)
        site = Path(scratch) / "site"
        _build(source, site)
        with atomic_path(paths.run_dir(name) / "report") as target:
            shutil.copytree(site, target)
    return paths.run_dir(name) / "report" / "index.html"


def _lay_out(source: Path, profile: str, chapters: dict[str, Path], manifest: Manifest | None) -> None:
    """Write everything that Sphinx reads.

    source: the folder for it
    profile: a profile's name or a `.toml` file
    chapters: name of a notebook -> its executed copy
    manifest: of the run; None where there was none
    """
    loaded = load_profile(profile)
    figures = paths.figures(loaded.name)
    results = load_results(paths.results(loaded.name))
    shutil.copytree(TEXTS, source, ignore=shutil.ignore_patterns("*.css"))
    for page in source.glob("*.md"):
        page.write_text(guide(page.read_text(encoding="utf-8"), {*chapters}, source / "pictures"), encoding="utf-8")
    (source / "static").mkdir()
    shutil.copy(TEXTS / "style.css", source / "static")
    shutil.copytree(figures, source / "figures", ignore=shutil.ignore_patterns("*.json", "*.png"))
    plots.use_style()
    words = loaded.domain
    for name, drawing in {"architecture": plots.architecture(words.item, words.items), "road": plots.road()}.items():
        plots.save(drawing, source / "figures", name)
    exercises = [f"exercises/{stem}" for stem in chapters if (paths.notebooks() / f"exercises/{stem}.ipynb").is_file()]
    for stem, path in chapters.items():
        page = chapter(tidy(nbformat.read(path, as_version=4)), stem, figures, {*chapters, *exercises})
        nbformat.write(page, source / f"{stem}.ipynb")
    (source / "exercises").mkdir()
    for stem in exercises:
        shutil.copy(paths.notebooks() / f"{stem}.ipynb", source / "exercises")
    stages: dict[str, dict] = {}
    environment: dict = {}
    if manifest:
        entries = {stem: entry for stem, entry in manifest.notebooks.items() if stem in chapters}
        stages = {stem: entry | manifest.longest[stem] for stem, entry in entries.items()}
        environment = next(iter(stages.values()))["environment"]
    settings = [(file.name, file.read_text(encoding="utf-8")) for file in profile_files(profile)]
    pages_by_name = {
        "index": pages.cover(results, list(chapters), exercises, (figures / f"{pages.ANSWER}.svg").is_file(), words),
        "data": pages.data_card(results, words.items),
        "models": pages.model_card(loaded),
        "reproduce": pages.reproduce(loaded, results, stages, environment, settings),
    }
    for name, text in pages_by_name.items():
        (source / f"{name}.md").write_text(text, encoding="utf-8")


def _build(source: Path, target: Path) -> None:
    """Run Sphinx. Raises StudyError for its first warning, too, which would be a hole in the report."""
    warnings = io.StringIO()
    doctrees = target.with_name("doctrees")
    with patch_docutils(), docutils_namespace():
        app = Sphinx(source, None, target, doctrees, "html", CONFIGURATION, status=None, warning=warnings)
        app.build()
    lines = warnings.getvalue().strip().splitlines()
    if app.statuscode or lines:
        first = lines[0].replace(f"{source}/", "") if lines else f"Sphinx ended with code {app.statuscode}"
        raise StudyError(f"the report cannot be built: {first}")
