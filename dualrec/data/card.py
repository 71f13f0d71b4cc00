"""The data card: what a data set is, where this run read it, on what terms, and what its order is worth."""

from __future__ import annotations

from dualrec.core.artifacts import file_sha256
from dualrec.data.registry import SOURCES, Source
from dualrec.data.sources import own_folder
from dualrec.data.tables import stored


def data_card(name_or_folder: str) -> dict[str, str]:
    """What is known of a data set: name of a fact -> the fact, in words.

    name_or_folder: as in `sources.load`; of a folder little is known
    """
    source = SOURCES.get(name_or_folder)
    if source is None:
        return {"data set": "a folder of your own", "licence": "not known here", "cite": "as its authors ask"}
    return {
        "data set": f"{source.title} ({source.publisher})",
        "read from": _origin(name_or_folder, source),
        "an event": source.event,
        "order": source.order,
        "repeats": source.repeats,
        "licence": source.licence,
        "cite": source.citation,
    }


def _origin(name: str, source: Source) -> str:
    """Which file the events are read from, and whether it is known to be the official one."""
    official = source.events[0]
    folder = own_folder(name)
    if folder is None:
        if name == "ml-100k":
            return f"an installed package; its ratings are the official {official}, bit for bit"
        return (
            "the official archive, known by its SHA-256" if source.archive else "nowhere, its files are not there yet"
        )
    file = next((found for found in map(stored, map(folder.joinpath, source.events)) if found.is_file()), None)
    if file is None:
        return "DUALREC_DATA, from files of another layout than the official ones"
    if not source.events_sha256:
        return f"{file.name} in DUALREC_DATA; no SHA-256 of an official file is known to check it by"
    if file_sha256(file) == source.events_sha256:
        return f"{file.name} in DUALREC_DATA, by its SHA-256 the official file"
    return f"{file.name} in DUALREC_DATA; by its SHA-256 it is not the official {official}"
