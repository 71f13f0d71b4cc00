"""An answer as HTML that reads alike in a notebook, on a web page and in a browser's demo.

Every title and every text of a model is escaped: whatever it says, it is shown as text.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import cast

import numpy as np

from dualrec.data.catalogue import Catalogue
from dualrec.demo.recommender import Answer, Demo
from dualrec.plots.style import BLUE, WINE
from dualrec.study import Study
from dualrec.types import RankedLists

LONGEST = 90  # characters of a title in a table or on a button
# `currentColor` and inherited fonts: it stands on light and dark pages alike. The rules above the lists have the
# colours of the figures.
STYLE = f"""<style>
.dualrec {{ line-height: 1.45; max-width: 72rem; overflow-wrap: anywhere; }}
.dualrec :is(h3, h4, p, pre, th, td) {{ color: inherit; }}
.dualrec h3 {{ font-size: 1.15rem; font-weight: 600; margin: 1.8rem 0 .5rem; }}
.dualrec h4 {{ font-size: 1rem; font-weight: 600; margin: 0 0 .1rem; }}
.dualrec p {{ margin: .2rem 0 .6rem; max-width: 44rem; }}
.dualrec .quiet {{ font-size: .875rem; opacity: .75; }}
.dualrec .hint {{ font-size: 1.35rem; font-weight: 600; margin: .1rem 0; }}
.dualrec .lists {{ display: grid; gap: 1.6rem 1.8rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 17.5rem), 1fr)); }}
.dualrec .lists section {{ border-top: 4px solid; padding-top: .6rem; min-width: 0; }}
.dualrec .lstm {{ border-color: {BLUE} !important; }}
.dualrec .language, .dualrec .written {{ border-color: {WINE} !important; }}
.dualrec .reranked {{ border-color: {WINE} !important; border-top-style: double !important; }}
.dualrec .lists p {{ min-height: 2.6rem; }}
.dualrec table {{ border-collapse: collapse; display: table !important; font-size: .9rem; margin: .2rem 0 0;
  table-layout: fixed; width: 100%; }}
.dualrec th, .dualrec td {{ background: none; border: 0; border-bottom: 1px solid rgba(128, 128, 128, .3);
  padding: .38rem .3rem; text-align: left; vertical-align: baseline; white-space: normal; }}
.dualrec thead th {{ font-size: .78rem; font-weight: 600; opacity: .75; white-space: nowrap; }}
.dualrec tbody th {{ font-weight: 400; }}
.dualrec tbody tr.hinted th {{ font-weight: 700; }}
.dualrec .n {{ font-variant-numeric: tabular-nums; text-align: right; overflow-wrap: normal; }}
.dualrec .rank {{ width: 1.6rem; }} .dualrec .score {{ width: 3.5rem; }} .dualrec .was {{ width: 3.6rem; }}
.dualrec pre {{ background: rgba(128, 128, 128, .12); border: 0; border-radius: 6px;
  font: .85rem/1.5 var(--jp-code-font-family, ui-monospace, monospace); margin: .3rem 0; padding: .8rem 1rem;
  white-space: pre-wrap; }}
.dualrec table.times {{ max-width: 22rem; }}
</style>"""


@dataclass(frozen=True)
class _Listing:
    """One ranked list as the page shows it.

    kind: its CSS class
    heading: above it
    about: one sentence below the heading
    ranked: (1, k) with scores
    score_name: heading of the scores, "" where none are shown
    score_format: of each score
    """

    kind: str
    heading: str
    about: str
    ranked: RankedLists
    score_name: str
    score_format: str


def title_html(catalogue: Catalogue, item: int) -> str:
    """A title as text, whatever it says, apart from the direction in which its surroundings are written."""
    return f"<bdi>{escape(short(catalogue.titles[item]))}</bdi>"


def short(title: str) -> str:
    """The title, or its beginning where it is longer than LONGEST characters."""
    return title if len(title) <= LONGEST else f"{title[: LONGEST - 1].rstrip()}…"


def page_html(*parts: str) -> str:
    """Parts of a page with their style; class names keep a notebook's mathematics from reading titles as formulas."""
    return f'{STYLE}<div class="dualrec tex2jax_ignore mathjax_ignore">{"".join(parts)}</div>'


def message_html(text: str) -> str:
    """One sentence that a screen reader says when it appears."""
    return page_html(f'<p role="status" aria-live="polite">{escape(text)}</p>')


def answer_html(demo: Demo, answer: Answer) -> str:
    """One answer of the demo: what is recommended, hint, three lists, the prompt and the seconds of every step."""
    catalogue, words = demo.study.catalogue, demo.study.words
    places = _lstm_places(answer)
    chance = f"{answer.candidates.probabilities[0, 0]:.1%}"
    liked = "; ".join(title_html(catalogue, item) for item in answer.liked)
    best = _Listing("best", "Recommended", f"By {escape(demo.best_name)}.", answer.recommended, "", "")
    lstm = _Listing(
        "lstm", "1 · The LSTM", f"Its most likely next {escape(words.items)}.", answer.lstm, "chance", "{:.1%}"
    )
    language = _Listing(
        "language",
        "2 · The language model’s order",
        f"The LSTM’s {len(places)} best, by how likely their titles are after the prompt.",
        answer.language,
        "log p",
        "{:.1f}",
    )
    reranked = _Listing(
        "reranked",
        "3 · After Sentence-BERT",
        "That list, by similarity to the title of the hint.",
        answer.reranked,
        "cosine",
        "{:.2f}",
    )
    lists = [
        _list_html(demo.study, answer.hint, lstm),
        _list_html(demo.study, answer.hint, language, places),
        _list_html(demo.study, answer.hint, reranked, places),
    ]
    return page_html(
        f'<h3>What you may like</h3><div class="lists">{_list_html(demo.study, 0, best)}</div>',
        f'<h3>The LSTM’s hint</h3><p class="hint">{title_html(catalogue, answer.hint)}</p>'
        f'<p class="quiet">It gives this {escape(words.item)} a chance of {chance} to come next after: {liked}.</p>',
        f'<h3>How DUALRec goes on</h3><div class="lists">{"".join(lists)}</div>',
        "<h3>The prompt</h3>"
        "<p class='quiet'>All that the language model reads, its turns marked as it was trained to see them.</p>",
        f'<pre tabindex="0" aria-label="The prompt"><bdi>{escape(answer.prompt)}</bdi></pre>',
        times_html(answer.seconds),
    )


def written_html(demo: Demo, answer: Answer, written: RankedLists, seconds: float) -> str:
    """What the language model wrote when it could write any title of the catalogue.

    answer: after whose prompt it wrote
    written: (1, k) with log-likelihoods, as `Demo.write` returns it
    seconds: that writing took
    """
    listing = _Listing(
        "written",
        "Written from the catalogue",
        "The most likely of all unseen titles, found by beam search; the LSTM’s place where it is among its best.",
        written,
        "log p",
        "{:.1f}",
    )
    section = _list_html(demo.study, answer.hint, listing, _lstm_places(answer))
    return page_html(
        f'<h3>What the language model writes</h3><div class="lists">{section}</div>',
        times_html({"Beam search": seconds}),
    )


def times_html(seconds: dict[str, float]) -> str:
    """A table of the seconds of every step, and of all together where there are several."""
    times = dict(seconds)
    if len(seconds) > 1:
        times["Together"] = sum(seconds.values())
    body = ""
    for step, value in times.items():
        time = f"{value:.3f}" if value >= 0.001 else "&lt; 0.001"
        body += f'<tr><th scope="row">{step}</th><td class="n">{time}</td></tr>'
    head = '<thead><tr><th scope="col">step</th><th scope="col" class="n">seconds</th></tr></thead>'
    return f'<h3>How long it took</h3><table class="times">{head}<tbody>{body}</tbody></table>'


def _lstm_places(answer: Answer) -> dict[int, int]:
    """Each candidate's place in the LSTM's list, from 1."""
    return {item: place for place, item in enumerate(answer.candidates.items[0].tolist(), start=1) if item > 0}


def _list_html(study: Study, hint: int, listing: _Listing, places: dict[int, int] | None = None) -> str:
    """One list as a table under its heading.

    study: whose items are listed
    hint: the item whose row is marked, 0 for none
    places: item -> place in the LSTM's list, for a column that shows it; without that column if left out
    """
    columns = [("rank", "#"), ("", escape(study.words.item))]
    if listing.score_name:
        columns.append(("n score", listing.score_name))
    if places:
        columns.append(("n was", "LSTM #"))
    head = "".join(f'<th scope="col" class="{classes}">{text}</th>' for classes, text in columns)
    rows = []
    for rank, (item, score) in enumerate(_valid_places(listing.ranked), start=1):
        row_class = ' class="hinted"' if item == hint else ""
        note = " (hint)" if item == hint else ""
        title = f'<th scope="row">{title_html(study.catalogue, item)}{note}</th>'
        number = f'<td class="n">{listing.score_format.format(score).replace("-", "−")}</td>'
        number = number if listing.score_name else ""
        lstm_place = f'<td class="n">{places.get(item, "–")}</td>' if places else ""
        rows.append(f'<tr{row_class}><td class="n rank">{rank}</td>{title}{number}{lstm_place}</tr>')
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    about = f'<p class="quiet">{listing.about}</p>'
    return f'<section class="{listing.kind}"><h4>{listing.heading}</h4>{about}{table}</section>'


def _valid_places(ranked: RankedLists) -> list[tuple[int, float]]:
    """Items and scores of the one list, without empty places."""
    scores = cast(np.ndarray, ranked.scores)  # every list of the demo has some
    pairs = zip(ranked.items[0].tolist(), scores[0].tolist(), strict=True)
    return [(item, score) for item, score in pairs if item > 0]
