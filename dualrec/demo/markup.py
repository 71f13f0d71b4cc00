"""An answer as HTML that reads alike in a notebook, on a web page and in a browser's demo; every title and text is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from dualrec.data.catalogue import Catalogue
from dualrec.demo.recommender import Answer, Demo
from dualrec.plots.style import BLUE, WINE
from dualrec.types import RankedLists

LONGEST = 90  # characters of a title in a table or on a button
# `currentColor` and inherited fonts: it stands on light and dark pages alike. The rules of a list have the colours of the figures.
STYLE = f"""<style>
.dualrec {{ line-height: 1.45; max-width: 72rem; overflow-wrap: anywhere; }}
.dualrec :is(h3, h4, p, pre, th, td) {{ color: inherit; }}
.dualrec h3 {{ font-size: 1.15rem; font-weight: 600; margin: 1.8rem 0 .5rem; }}
.dualrec h4 {{ font-size: 1rem; font-weight: 600; margin: 0 0 .1rem; }}
.dualrec p {{ margin: .2rem 0 .6rem; max-width: 44rem; }}
.dualrec .quiet {{ font-size: .875rem; opacity: .75; }}
.dualrec .hint {{ font-size: 1.35rem; font-weight: 600; margin: .1rem 0; }}
.dualrec .lists {{ display: grid; gap: 1.6rem 1.8rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17.5rem), 1fr)); }}
.dualrec .lists section {{ border-top: 4px solid; padding-top: .6rem; min-width: 0; }}
.dualrec .lstm {{ border-color: {BLUE} !important; }}
.dualrec .language, .dualrec .written {{ border-color: {WINE} !important; }}
.dualrec .reranked {{ border-color: {WINE} !important; border-top-style: double !important; }}
.dualrec .lists p {{ min-height: 2.6rem; }}
.dualrec table {{ border-collapse: collapse; display: table !important; font-size: .9rem; margin: .2rem 0 0;
  table-layout: fixed; width: 100%; }}
.dualrec th, .dualrec td {{ background: none; border: 0; border-bottom: 1px solid rgba(128, 128, 128, .3); padding: .38rem .3rem;
  text-align: left; vertical-align: baseline; white-space: normal; }}
.dualrec thead th {{ font-size: .78rem; font-weight: 600; opacity: .75; white-space: nowrap; }}
.dualrec tbody th {{ font-weight: 400; }}
.dualrec tbody tr.hinted th {{ font-weight: 700; }}
.dualrec .n {{ font-variant-numeric: tabular-nums; text-align: right; overflow-wrap: normal; }}
.dualrec .rank {{ width: 1.6rem; }} .dualrec .score {{ width: 3.5rem; }} .dualrec .was {{ width: 3.6rem; }}
.dualrec pre {{ background: rgba(128, 128, 128, .12); border: 0; border-radius: 6px;
  font: .85rem/1.5 var(--jp-code-font-family, ui-monospace, monospace); margin: .3rem 0; padding: .8rem 1rem; white-space: pre-wrap; }}
.dualrec table.times {{ max-width: 22rem; }}
</style>"""


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
    """Hint, three lists side by side, the prompt and the seconds of every step."""
    catalogue, places = demo.study.catalogue, _places(answer)
    chance = f"{answer.candidates.probabilities[0, 0]:.1%}"
    names = "; ".join(title_html(catalogue, item) for item in answer.liked)
    lists = [
        _list(catalogue, answer, "lstm", "1 · The LSTM", "Its most likely next movies.", answer.lstm, ("chance", "{:.1%}"), None),
        _list(
            catalogue, answer, "language", "2 · The language model’s order",
            f"The LSTM’s {len(places)} best, by how likely their titles are after the prompt.",
            answer.language, ("log p", "{:.1f}"), places,
        ),
        _list(
            catalogue, answer, "reranked", "3 · After Sentence-BERT",
            "That list, by similarity to the title of the hint.",
            answer.reranked, ("cosine", "{:.2f}"), places,
        ),
    ]  # fmt: skip
    return page_html(
        f'<h3>The LSTM’s hint</h3><p class="hint">{title_html(catalogue, answer.hint)}</p>'
        f'<p class="quiet">It gives this movie a chance of {chance} to come next after: {names}.</p>',
        f'<h3>Three lists</h3><div class="lists">{"".join(lists)}</div>',
        "<h3>The prompt</h3><p class='quiet'>All that the language model reads, its turns marked as it was trained to see them.</p>",
        f'<pre tabindex="0" aria-label="The prompt"><bdi>{escape(answer.prompt)}</bdi></pre>',
        times_html(answer.seconds),
    )


def written_html(demo: Demo, answer: Answer, written: RankedLists, seconds: float) -> str:
    """What the language model wrote when it could write any title of the catalogue."""
    what = _list(
        demo.study.catalogue, answer, "written", "Written from the catalogue",
        "The most likely of all unseen titles, found by beam search; the LSTM’s place where it is among its best.",
        written, ("log p", "{:.1f}"), _places(answer),
    )  # fmt: skip
    return page_html(f'<h3>What the language model writes</h3><div class="lists">{what}</div>', times_html({"Beam search": seconds}))


def times_html(seconds: dict[str, float]) -> str:
    """A table of the seconds of every step and of all."""
    rows = [*seconds.items(), *([("Together", sum(seconds.values()))] if len(seconds) > 1 else [])]
    shown = [(name, f"{value:.3f}" if value >= 0.001 else "&lt; 0.001") for name, value in rows]
    body = "".join(f'<tr><th scope="row">{name}</th><td class="n">{value}</td></tr>' for name, value in shown)
    head = '<thead><tr><th scope="col">step</th><th scope="col" class="n">seconds</th></tr></thead>'
    return f'<h3>How long it took</h3><table class="times">{head}<tbody>{body}</tbody></table>'


def _places(answer: Answer) -> dict[int, int]:
    """Each candidate's place in the LSTM's list, from 1."""
    return {item: place for place, item in enumerate(answer.candidates.items[0].tolist(), start=1) if item > 0}


def _list(
    catalogue: Catalogue, answer: Answer, kind: str, heading: str, about: str,
    listed: RankedLists, score: tuple[str, str], places: dict[int, int] | None,
) -> str:  # fmt: skip
    """One list under its heading; kind: its class; score: heading and format of its scores; places: where the LSTM has its movies."""
    word, form = score
    heads = [("rank", "#"), ("", "movie"), ("n score", word), *([("n was", "LSTM #")] if places else [])]
    head = "".join(f'<th scope="col" class="{name}">{text}</th>' for name, text in heads)
    rows = []
    for rank, (item, value) in enumerate(_valid(listed), start=1):
        was = f'<td class="n">{places.get(item, "–")}</td>' if places else ""
        mark = ' class="hinted"' if item == answer.hint else ""
        name = f'<th scope="row">{title_html(catalogue, item)}{" (hint)" if mark else ""}</th>'
        number = form.format(value).replace("-", "−")
        rows.append(f'<tr{mark}><td class="n rank">{rank}</td>{name}<td class="n">{number}</td>{was}</tr>')
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f'<section class="{kind}"><h4>{heading}</h4><p class="quiet">{about}</p>{table}</section>'


def _valid(listed: RankedLists) -> Iterable[tuple[int, float]]:
    """Items and scores of the one list, without empty places."""
    pairs = zip(listed.items[0].tolist(), listed.scores[0].tolist(), strict=True)
    return [(item, score) for item, score in pairs if item > 0]
