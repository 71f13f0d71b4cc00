"""How data sets are found: registered ones by name (in `DUALREC_DATA`, embedded or downloaded), others by folder."""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pandas as pd
import requests

from dualrec.core import paths
from dualrec.core.artifacts import atomic_path
from dualrec.core.assets import verified_asset
from dualrec.core.errors import StudyError
from dualrec.core.network import missing_certificates, proxy_advice
from dualrec.data.dataset import Dataset, Reading, build_dataset
from dualrec.data.download import fetch
from dualrec.data.layouts.hetrec import read_tags
from dualrec.data.layouts.movielens import catalogue_100k, read_csv, read_dat, read_u_data
from dualrec.data.layouts.plain import read_plain
from dualrec.data.registry import SOURCES, U_DATA_SHA256, Archive

LARGEST = 2**30  # bytes of one unpacked file: forty times ML-1M's ratings
LAYOUTS = {  # the files by which a layout is recognised, and its reader
    ("u.data", "u.item"): read_u_data,
    ("ratings.dat", "movies.dat"): read_dat,
    ("ratings.csv", "movies.csv"): read_csv,
    ("user_taggedartists-timestamps.dat", "artists.dat"): read_tags,
    ("user_taggedartists.dat", "artists.dat"): read_tags,
    ("interactions.csv", "items.csv"): read_plain,
    ("interactions.parquet", "items.parquet"): read_plain,
    ("interactions.parquet", "items.csv"): read_plain,
    ("interactions.csv", "items.parquet"): read_plain,
}


def load(name_or_folder: str) -> Dataset:
    """Load a registered data set by name, or a folder in any known layout.

    A name is looked for in `DUALREC_DATA/<name>/`, then among the embedded data, then downloaded, if it can be.
    Raises StudyError saying what is wrong, where, and what to do.
    """
    if name_or_folder in SOURCES:
        if own := own_folder(name_or_folder):
            return load_folder(own, name_or_folder)
        return load_embedded() if name_or_folder == "ml-100k" else load_folder(download(name_or_folder), name_or_folder)
    folder = folder_of(name_or_folder)
    return load_folder(folder, folder.resolve().name)


def folder_of(name: str) -> Path:
    """The folder of a data set that is not registered. Raises StudyError where there is none."""
    folder = Path(name)
    if folder.is_file():
        remedy = (
            "unpack it and name the folder"
            if zipfile.is_zipfile(folder)
            else (f"name its folder, {folder.parent}, or make one of a table of your own by `dualrec import-data`")
        )
        raise StudyError(f"{name} is a file, and data are read from a folder; {remedy}")
    if not folder.is_dir():
        raise StudyError(f"data '{name}' is neither a registered data set ({', '.join(SOURCES)}) nor a folder")
    return folder


def own_folder(name: str) -> Path | None:
    """The folder `DUALREC_DATA/<name>/` of a registered data set; None where there is none.

    A relative DUALREC_DATA counts from the working directory, and one may begin with `~`.
    Raises StudyError where DUALREC_DATA is set, and is no folder.
    """
    value = os.environ.get("DUALREC_DATA")
    if not value:
        return None
    data = Path(paths.absolute(value))
    if not data.is_dir():
        remedy = f"set it to the folder that holds {name}/, or unset it"
        raise StudyError(f"DUALREC_DATA names '{value}', which is no folder; {remedy}")
    return data / name if (data / name).is_dir() else None


def load_folder(folder: Path, name: str) -> Dataset:
    """Load a folder in the layout that its file names show. Raises StudyError where they show none."""
    return build_dataset(name, reader_of(folder)(folder))


def reader_of(folder: Path) -> Callable[[Path], Reading]:
    """The reader of the layout that a folder's file names show. Raises StudyError where they show none."""
    if read := _known_layout(folder):
        return read
    inner = sorted(path for path in folder.iterdir() if path.is_dir() and _known_layout(path))
    archives = sorted(path.name for path in folder.glob("*.zip"))
    if inner:
        remedy = f"its folder {inner[0]} does: name that one"
    elif archives:
        remedy = f"unpack {archives[0]} and name the folder that holds its files"
    else:
        pairs = "; ".join(" + ".join(files) for files in LAYOUTS)
        remedy = f"put one of these pairs of files there: {pairs}; or make a folder by `dualrec import-data`"
    raise StudyError(f"{folder} holds no known layout; {remedy}")


def _known_layout(folder: Path) -> Callable[[Path], Reading] | None:
    """The reader of the layout whose files lie in a folder, as they are or packed by gzip."""
    names = {path.name.removesuffix(".gz") for path in folder.iterdir() if path.is_file()}
    return next((read for files, read in LAYOUTS.items() if names.issuperset(files)), None)


def load_embedded() -> Dataset:
    """ML-100K from the installed package, after checking that its ratings are the official `u.data` bit for bit."""
    folder = verified_asset("ml-100k")
    ratings = pd.read_parquet(folder / "MovieLens100k_data.parquet.brotli")
    text = ratings.to_csv(sep="\t", header=False, index=False, lineterminator="\n")
    if hashlib.sha256(text.encode()).hexdigest() != U_DATA_SHA256:
        raise StudyError(
            "the embedded ratings differ from the official ml-100k/u.data; reinstall the package with `make setup`"
        )
    items = pd.read_parquet(folder / "MovieLens100k_items.parquet.brotli")
    catalogue = catalogue_100k(items.rename(columns={"movie_id": "item_id", "movie_title": "title"}))
    return build_dataset("ml-100k", Reading(catalogue, ratings.rename(columns={"movie_id": "item_id"})))


def archive_of(name: str) -> Archive:
    """The archive that a registered data set is downloaded from.

    Raises StudyError, which says where the files are found, where the study downloads none.
    """
    source = SOURCES[name]
    if source.archive is None:
        raise StudyError(f"data set '{name}' {source.by_hand} DUALREC_DATA/{name}/")
    return source.archive


def download(name: str) -> Path:
    """Fetch an official archive, check its SHA-256 and unpack the two files the study reads.

    Raises StudyError that says how to do it by hand when there is no archive to be checked, or the network, the
    certificate or the hash is not in order.
    """
    archive = archive_of(name)
    url = archive.url
    folder = paths.shared_cache() / "data" / name
    if folder.is_dir():
        return folder
    by_hand = f"download {url} by other means and unpack it to DUALREC_DATA/{name}/"
    if missing := missing_certificates("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        raise StudyError(f"{url} cannot be reached: {missing}, or {by_hand}")
    try:
        packed = fetch(url, archive.sha256, folder.with_name(f"{name}.zip"))
    except requests.exceptions.SSLError as error:
        raise StudyError(f"the certificate of {url} is not valid; it is never ignored: {by_hand}") from error
    except requests.exceptions.RequestException as error:
        advice = proxy_advice(url) or "check the network"
        raise StudyError(f"{url} cannot be reached ({type(error).__name__}); {advice}, or {by_hand}") from error
    except ValueError as error:
        raise StudyError(f"{url} is not the pinned archive (SHA-256 differs); {by_hand}") from error
    with atomic_path(folder) as target:
        unpack(packed, archive.members, target)
    return folder


def unpack(archive: Path, members: tuple[str, ...], target: Path) -> None:
    """Extract the named files, wherever in the archive they lie, under their bare names: none of its paths is used.

    archive: a zip file
    members: bare names of the files
    target: a new folder

    Raises StudyError for a broken archive, one without these files, and one in which they are links, encrypted or
    larger than LARGEST.
    """
    target.mkdir(parents=True)
    try:
        with zipfile.ZipFile(archive) as content:
            by_name = {PurePosixPath(info.filename).name: info for info in content.infolist() if not info.is_dir()}
            for member in members:
                if member not in by_name:
                    raise StudyError(f"{archive} holds no {member}; delete it and run again")
                info = by_name[member]
                if info.file_size > LARGEST or stat.S_ISLNK(info.external_attr >> 16):
                    raise StudyError(
                        f"{member} in {archive} is a link or larger than {LARGEST >> 20} MiB; "
                        "it is not the archive it should be"
                    )
                (target / member).write_bytes(content.read(info))  # never more than file_size, whatever is packed
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise StudyError(f"{archive} is not a whole zip archive; delete it and run again") from error
    except (RuntimeError, NotImplementedError) as error:  # a password, or a compression that Python does not know
        raise StudyError(f"{archive} cannot be unpacked ({error}); it is not the archive it should be") from error
