"""One file from the network, kept only with the pinned hash.

A failed download is tried again, and goes on where the connection broke.
"""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pooch
import requests
from filelock import FileLock

RETRIES = 3  # after 1, 2 and 3 seconds


def fetch(url: str, sha256: str, path: Path) -> Path:
    """Download to `path`, unless it is there with this hash.

    url: of the file
    sha256: that it must have
    path: where it is kept; a part of it may stand beside it until all has arrived

    Raises requests.exceptions.RequestException where the server cannot be reached, and ValueError where what it sends
    has another hash.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    registry = {path.name: f"sha256:{sha256}"}
    with FileLock(path.with_name(f"{path.name}.lock")):
        downloads = pooch.create(path.parent, "", registry=registry, urls={path.name: url}, retry_if_failed=RETRIES)
        # Any: pooch declares arguments of a downloader that it never passes
        downloader: Any = partial(_resume, path.with_name(f"{path.name}.part"))
        return Path(downloads.fetch(path.name, downloader=downloader))


def _resume(part: Path, url: str, target: str, _: pooch.Pooch) -> None:
    """Go on from the part that an earlier try left.

    What turns out to be another file is thrown away by pooch, and the next try begins anew.
    """
    size = part.stat().st_size if part.is_file() else 0
    headers = {"Range": f"bytes={size}-"} if size else {}
    try:
        with part.open("ab") as file:
            pooch.HTTPDownloader(progressbar=True, headers=headers)(url, file, None)
    except requests.exceptions.HTTPError as error:
        nothing_behind = requests.codes.requested_range_not_satisfiable
        if error.response is not None and error.response.status_code == nothing_behind:
            part.unlink()
        raise
    shutil.move(part, target)
