"""An executed notebook as a chapter of the site.

Its figures are numbered, with captions one can refer to; its code is folded away; its literature stands at the end.
"""

from __future__ import annotations

import re
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from dualrec.core.errors import StudyError

CAPTION = re.compile(r"\*\*Figure (?P<name>[\w-]+)\.\*\* (?P<text>.*?)(?: \*\((?P<facts>.*?)\.?\)\*)?\s*", re.DOTALL)
LINK = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<to>[\w/]+)\.ipynb\)")
NUMBER = re.compile(r"^# \d+ · ")  # chapters are numbered by the site
LITERATURE = {  # keys of references.bib
    "01_data": ("harper2015", "meng2020"),
    "02_lstm": ("hochreiter1997", "kang2018", "sarwar2001", "press2017", "petrov2022"),
    "03_zero_shot_llm": ("dualrec", "benallal2025", "geng2022"),
    "04_lora_finetune": ("hu2022", "dettmers2023"),
    "05_rerank": ("reimers2019", "wang2020"),
    "06_results": ("dacrema2019", "efron1994", "holm1979"),
    "07_diversity": ("carbonell1998",),
    "08_audit": ("dualrec", "dacrema2019", "meng2025"),
    "09_protocols": ("krichene2020", "meng2020", "canamares2020"),
    "10_what_the_llm_adds": ("decao2021", "holtzman2021", "miao2024", "harte2023"),
    "11_demo": ("dualrec", "reimers2019"),
    "12_more_examples": ("hu2022", "dualrec"),
    "13_what_a_title_is_worth": ("reimers2019", "press2017", "owen2007"),
}


def chapter(notebook: NotebookNode, name: str, figures: Path, others: set[str]) -> NotebookNode:
    """The notebook as MyST reads it.

    notebook: executed and tidied
    name: of its file, without suffix
    figures: the folder with an SVG of every figure
    others: notebooks it may link to, without suffix; a link to any other becomes plain text

    Raises StudyError where a figure of the notebook is not there.
    """
    cells = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _linked(NUMBER.sub("# ", cell.source), others)
            cells.append(cell)
            continue
        captions, cell.outputs = _captions(cell.outputs)
        for output in cell.outputs:
            if "text/markdown" in output.get("data", {}):
                output.data["text/markdown"] = _linked(output.data["text/markdown"], others)
        cell.metadata["tags"] = ["hide-input"]
        cells.append(cell)
        for caption in captions:
            if not (figures / f"{caption['name']}.svg").is_file():
                raise StudyError(f"{figures / caption['name']}.svg is missing; `make figures` draws it again")
            cells.append(new_markdown_cell(figure(caption["name"], caption["text"], caption["facts"])))
    if name in LITERATURE:
        cells.append(new_markdown_cell(f"*Literature of this chapter:* {{cite:p}}`{','.join(LITERATURE[name])}`"))
    notebook.cells = cells
    return notebook


def figure(name: str, text: str, facts: str | None = None, label: str | None = None) -> str:
    """A numbered figure in MyST, which `` {numref}`fig-LABEL` `` refers to.

    name: of its file, without suffix
    text: its caption in Markdown
    facts: n, seeds, protocol and hardware
    label: its name if left out
    """
    plain = " ".join(re.sub(r"[*`_]", "", text).split())
    legend = f"\n\n*{facts}.*" if facts else ""
    return f":::{{figure}} figures/{name}.svg\n:name: fig-{label or name}\n:alt: {plain}\n\n{text}{legend}\n:::"


def _linked(text: str, others: set[str]) -> str:
    """The text with links to other notebooks where they lead somewhere."""
    return LINK.sub(lambda link: link[0] if link["to"] in others else link["text"], text)


def _captions(outputs: list[NotebookNode]) -> tuple[list[re.Match], list[NotebookNode]]:
    """The captions of figures among the outputs, and the outputs without them and the pictures before them."""
    captions, others = [], []
    for output in outputs:
        caption = CAPTION.fullmatch(output.get("data", {}).get("text/markdown", ""))
        if not caption:
            others.append(output)
            continue
        captions.append(caption)
        if others and "image/png" in others[-1].get("data", {}):
            others.pop()
    return captions, others
