"""One file from the network: tried again after a fault, resumed where a connection broke, and kept only with the pinned hash."""

from __future__ import annotations

import shutil
from pathlib import Path

import pooch
import requests
from filelock import FileLock

RETRIES = 3  # after 1, 2 and 3 seconds


def fetch(url: str, sha256: str, path: Path) -> Path:
    """Download to `path`, unless it is there with this hash.

    Raises requests.exceptions.RequestException where the server cannot be reached, and ValueError where what it sends has another hash.
    """

    def resume(url: str, target: str, _: pooch.Pooch) -> None:
        """Go on from what an earlier try left; what turns out to be another file is thrown away by pooch, and the next try begins anew."""
        part = path.with_name(f"{path.name}.part")
        have = part.stat().st_size if part.is_file() else 0
        asked = {"headers": {"Range": f"bytes={have}-"}} if have else {}
        try:
            with part.open("ab") as file:
                pooch.HTTPDownloader(progressbar=True, **asked)(url, file, None)
        except requests.exceptions.HTTPError as error:
            if error.response.status_code == requests.codes.requested_range_not_satisfiable:  # there is nothing behind it
                part.unlink()
            raise
        shutil.move(part, target)

    path.parent.mkdir(parents=True, exist_ok=True)
    names = {"registry": {path.name: f"sha256:{sha256}"}, "urls": {path.name: url}}
    with FileLock(path.with_name(f"{path.name}.lock")):
        return Path(pooch.create(path.parent, "", retry_if_failed=RETRIES, **names).fetch(path.name, downloader=resume))
