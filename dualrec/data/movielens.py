"""The three MovieLens layouts: `u.data`/`u.item`, `ratings.dat`/`movies.dat`, `ratings.csv`/`movies.csv`.

ML-100K and ML-1M are latin-1, the later ones UTF-8; each file is read as UTF-8 and, where that fails, as latin-1.
"""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd

from dualrec.data.catalogue import Catalogue, build_catalogue
from dualrec.errors import StudyError

GENRES_100K = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip
NO_GENRE = {"unknown", "(no genres listed)", ""}
RATINGS = ["user_id", "item_id", "rating", "timestamp"]


def read_u_data(folder: Path) -> tuple[Catalogue, pd.DataFrame]:
    """ML-100K as published: `u.item` (bars, 19 genre flags) and `u.data` (tabs)."""
    columns = ["item_id", "title", "released", "video", "url", *GENRES_100K]
    items = read_table(folder / "u.item", "|", columns, {"item_id": "int"})
    return catalogue_100k(items), read_table(folder / "u.data", "\t", RATINGS, _kinds())


def catalogue_100k(items: pd.DataFrame) -> Catalogue:
    """ML-100K's items; the item called `unknown` stays, without year, and the genre `unknown` counts as none."""
    flags = items[list(GENRES_100K)].astype(int).to_numpy()
    genres = [[g for g, flag in zip(GENRES_100K, row, strict=True) if flag and g not in NO_GENRE] for row in flags]
    return build_catalogue(items.item_id, items.title, genres)


def read_dat(folder: Path) -> tuple[Catalogue, pd.DataFrame]:
    """ML-1M: `::` between the columns."""
    items = read_table(folder / "movies.dat", "::", ["item_id", "title", "genres"], {"item_id": "int"})
    catalogue = build_catalogue(items.item_id, items.title, split_genres(items.genres))
    return catalogue, read_table(folder / "ratings.dat", "::", RATINGS, _kinds())


def read_csv(folder: Path) -> tuple[Catalogue, pd.DataFrame]:
    """ml-latest-small and later: CSV with a header."""
    items = read_table(folder / "movies.csv", ",", None, {"movieId": "int"}, ("movieId", "title"))
    kinds = {"userId": "int", "movieId": "int", "rating": "float", "timestamp": "int"}
    ratings = read_table(folder / "ratings.csv", ",", None, kinds, tuple(kinds))
    catalogue = build_catalogue(items.movieId, items.title, split_genres(items.get("genres", pd.Series("", index=items.index))))
    return catalogue, ratings.rename(columns={"userId": "user_id", "movieId": "item_id"})


def read_table(
    path: Path, separator: str, columns: list[str] | None, kinds: dict[str, str], required: tuple[str, ...] = ()
) -> pd.DataFrame:
    """Read a delimited text file with typed columns; names come from `columns` or from the header.

    kinds: column -> "int" or "float"; all other columns are text, empty where missing
    Raises StudyError naming file and line for a missing file, column or number.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise StudyError(f"{path} cannot be read ({error.strerror}); check the folder") from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    if separator == "::":  # one character lets pandas use its fast parser
        separator, text = "\x1f", text.replace("::", "\x1f")
    try:
        table = pd.read_csv(
            io.StringIO(text), sep=separator, names=columns, header=None if columns else 0, dtype=str, index_col=False,
            keep_default_na=False, quoting=0 if separator == "," else 3, skip_blank_lines=True,
        )  # fmt: skip
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise StudyError(f"{path} cannot be read as a table: {str(error).strip()}; is it complete?") from error
    missing = [name for name in required if name not in table]
    if missing or table.empty:
        what = f"lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}" if missing else "holds no rows"
        raise StudyError(f"{path} {what}; its columns are {', '.join(map(str, table.columns))}")
    first_line = 1 if columns else 2
    for name, kind in kinds.items():
        if name in table:
            table[name] = _numbers(table[name], kind, path, first_line)
    return table


def _numbers(column: pd.Series, kind: str, path: Path, first_line: int) -> pd.Series:
    """A text column as int64 or float32, or an error that names the first bad line."""
    values = pd.to_numeric(column, errors="coerce")
    bad = values.isna() | ~values.abs().lt(2**62)
    if kind == "int":
        bad |= values != values.round()
    if bad.any():
        row = int(bad.to_numpy().argmax())
        where = f"{path}, line {row + first_line}"
        raise StudyError(f"{where}: {column.name} is {column.iloc[row]!r}, not a number; correct or remove the line")
    return values.astype("int64" if kind == "int" else "float32")


def _kinds() -> dict[str, str]:
    return {"user_id": "int", "item_id": "int", "rating": "float", "timestamp": "int"}


def split_genres(genres: pd.Series) -> list[list[str]]:
    """`Action|Comedy` as a list; the placeholders for no genre as an empty one."""
    return [[g for g in row.split("|") if g not in NO_GENRE] for row in genres.fillna("")]
