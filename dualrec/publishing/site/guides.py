"""The pages that the README leads to, as they stand in the site: links lead to its chapters, pictures come along."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from dualrec.core import paths

LINK = re.compile(r"(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?:https?://|(?:\.\./)+)(?P<to>[^)\s#]+)(?:#[\w-]*)?\)")


def guide(text: str, chapters: set[str], pictures: Path) -> str:
    """A page whose links lead nowhere but within the site, which needs neither the repository nor a network.

    A picture is copied; a link to a chapter of the site leads there; of any other what it says is left.

    text: of the page; paths that begin with `../` lead to the study's folder
    chapters: notebooks of the site, without suffix
    pictures: a folder of the site for copies, beside its pages
    """

    def lead(link: re.Match[str]) -> str:
        file = paths.home() / link["to"]
        if link["picture"]:
            if not file.is_file():
                return f"*{link['text']}*"
            pictures.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, pictures)
            return f"![{link['text']}]({pictures.name}/{file.name})"
        if link["to"].startswith("notebooks/") and file.stem in chapters:
            return f"[{link['text']}]({file.stem}.ipynb)"
        return link["text"]

    return LINK.sub(lead, text)
