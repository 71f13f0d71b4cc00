"""The demo's page: pick what you like, see what each part recommends; in a notebook or, through Voilà, in a browser.

It is made of ipywidgets; its controls are buttons and a text field, so that a keyboard alone will do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from html import escape
from typing import TYPE_CHECKING

from IPython.display import Markdown, display

from dualrec.core.shell import sentence
from dualrec.demo.markup import STYLE, answer_html, message_html, short, written_html
from dualrec.demo.recommender import Answer, Demo
from dualrec.plots.style import BLUE

if TYPE_CHECKING:
    import ipywidgets
else:
    try:
        import ipywidgets
    except ImportError:  # as in every notebook that is executed to be saved, see `jupyter_kernel.Unwatched`
        ipywidgets = None

MATCHES = 6  # titles that are offered while one types
LOOKS = f"""<style>
.dualrec-page {{ gap: .5rem; max-width: 72rem; overflow: visible; }}
.dualrec-page > *, .dualrec-page .widget-html-content {{ height: auto; line-height: 1.45; margin: 0; max-width: 100%;
  min-width: 0; width: 100%; }}
.dualrec-page .row {{ flex-flow: row wrap; gap: .5rem; overflow: visible; }}
.dualrec-page .label, .dualrec-page .widget-text label {{ font-size: .95rem; font-weight: 600; line-height: 1.45;
  margin: .6rem 0 0; }}
.dualrec-page .widget-text {{ align-items: stretch; flex-flow: column; max-width: 34rem; }}
.dualrec-page .widget-text label {{ height: auto; margin-bottom: .5rem; text-align: left; width: auto; }}
.dualrec-page .widget-text input {{ border-radius: 6px; box-sizing: border-box; font-size: 1rem; height: 40px;
  margin: 0; padding: 0 .7rem; width: 100%; }}
.dualrec-page button {{ background: none; border: 1px solid rgba(128, 128, 128, .6); border-radius: 6px;
  box-shadow: none; color: inherit; font-size: .95rem; height: auto; line-height: 1.3; margin: 0; max-width: 100%;
  min-height: 38px; overflow-wrap: anywhere; padding: .4rem .8rem; text-align: left; unicode-bidi: isolate;
  white-space: normal; width: auto; }}
.dualrec-page button:hover {{ border-color: {BLUE}; box-shadow: none; }}
.dualrec-page :focus-visible {{ outline: 3px solid {BLUE} !important; outline-offset: -3px; }}
.dualrec-page button.go:focus-visible {{ outline-color: white !important; outline-offset: -5px; }}
.dualrec-page button.go {{ background: {BLUE}; border-color: {BLUE}; color: white; font-weight: 600;
  padding: .4rem 1.3rem; }}
.dualrec-page .actions {{ margin-top: .9rem; }}
</style>"""
WITHOUT_WIDGETS = """*Here a page opens where there is somebody to press its buttons: in JupyterLab (`make lab`), or in
a browser by `make demo`. What it shows for one taste stands above.*"""


def show_page(demo: Demo) -> None:
    """Display a page on which `demo` answers; where there are no widgets, a sentence that says where there are."""
    display(Page(demo).box if ipywidgets else Markdown(WITHOUT_WIDGETS))


class Page:
    """Pick items, ask, see what each part makes of them.

    demo: what answers
    box: the widget that holds everything
    liked: items that are picked so far, oldest first
    answer: to `liked`, None where nobody asked yet
    """

    def __init__(self, demo: Demo):
        self.demo = demo
        self.liked: list[int] = []
        self.answer: Answer | None = None
        self.search = ipywidgets.Text(
            description=f"Search {demo.study.words.items}",
            placeholder="a few letters of its title",
            style={"description_width": "initial"},
        )
        self.search.observe(self._offer, "value")
        self.offered = _row()
        self.picked = _row()
        self.status = ipywidgets.HTML()
        self.result = ipywidgets.HTML()
        self.written = ipywidgets.HTML()
        examples = [_button(name, partial(self._start_from, items)) for name, items in demo.tastes().items()]
        actions = _row(
            _button("Recommend", self._recommend, "go"),
            _button("Let it write from the catalogue", self._write),
            _button("Start anew", partial(self._start_from, [])),
        )
        actions.add_class("actions")
        self.box = ipywidgets.VBox(
            [
                ipywidgets.HTML(STYLE + LOOKS),
                _label("Start from an example"),
                _row(*examples),
                self.search,
                self.offered,
                _label(f"The {demo.study.words.items} you like, oldest first"),
                self.picked,
                actions,
                self.status,
                self.result,
                self.written,
            ]
        )
        self.box.add_class("dualrec-page")
        self._start_from([])

    def _offer(self, change: dict) -> None:
        """Buttons for the titles nearest to what is being typed.

        change: as ipywidgets reports it; "new" is the text
        """
        typed = change["new"].strip()
        matches = self.demo.search(typed, MATCHES + len(self.liked))
        offers = [item for item in matches if item not in self.liked][:MATCHES]
        _replace_children(
            self.offered, [_button(f"+ {self._title(item)}", partial(self._like, item)) for item in offers]
        )
        self._say("" if offers or not typed else f"No title in this catalogue resembles “{short(typed)}”.")

    def _like(self, item: int) -> None:
        self._start_from([*self.liked, item])
        self.search.value = ""
        self.search.focus()  # the button that had it is gone

    def _unlike(self, item: int) -> None:
        self._start_from([other for other in self.liked if other != item])
        self.search.focus()

    def _start_from(self, items: list[int]) -> None:
        """Make these the items one likes; an earlier answer goes, since it was to another question."""
        self.liked = items
        self.answer = None
        buttons = [_button(f"{self._title(item)} ×", partial(self._unlike, item), tip="Take it away") for item in items]
        _replace_children(self.picked, buttons)
        self.result.value = ""
        self.written.value = ""
        self._say("" if items else "None yet.")

    def _recommend(self) -> None:
        self._attempt("Thinking …", self._show_answer)

    def _write(self) -> None:
        self._attempt("Writing, which takes longer …", self._show_written)

    def _attempt(self, meanwhile: str, work: Callable[[], object]) -> None:
        """Say what is going on, do it, and say what became of it."""
        self._say(meanwhile)
        try:
            work()
        except Exception as error:  # noqa: BLE001  whatever it is, who looks on gets a sentence
            message = sentence(error)
            self._say(f"{message[0].upper()}{message[1:]}.")

    def _show_answer(self) -> Answer:
        answer = self.answer or self.demo.answer(self.liked)
        self.answer = answer
        self.result.value = answer_html(self.demo, answer)
        self._say(f"Done in {sum(answer.seconds.values()):.2f} seconds; the lists are below.")
        return answer

    def _show_written(self) -> None:
        answer = self._show_answer()
        self._say("Writing, which takes longer …")
        written, seconds = self.demo.write(answer)
        self.written.value = written_html(self.demo, answer, written, seconds)
        self._say(f"Written in {seconds:.1f} seconds; it stands at the end of the page.")

    def _say(self, text: str) -> None:
        self.status.value = message_html(text)

    def _title(self, item: int) -> str:
        return short(self.demo.study.catalogue.titles[item])


def _button(text: str, press: Callable[[], None], *classes: str, tip: str = "") -> ipywidgets.Button:
    """A button with its text, what a click does, its CSS classes and its tooltip, by default the text."""
    button = ipywidgets.Button(description=text, tooltip=tip or text)
    for name in classes:
        button.add_class(name)
    button.on_click(lambda _: press())
    return button


def _row(*children: ipywidgets.Widget) -> ipywidgets.Box:
    """Widgets side by side."""
    row = ipywidgets.Box(children)
    row.add_class("row")
    return row


def _replace_children(row: ipywidgets.Box, children: Sequence[ipywidgets.Widget]) -> None:
    """Put others in the place of a row's children, which are closed: ipywidgets would keep them for ever."""
    replaced = row.children
    row.children = children
    for child in replaced:
        child.close()


def _label(text: str) -> ipywidgets.HTML:
    """A heading above some controls."""
    return ipywidgets.HTML(f'<h3 class="label">{escape(text)}</h3>')
