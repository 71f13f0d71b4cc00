"""Lists as chat models write them: one example of every form that the module's page promises to read."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dualrec.data.catalogue import LONGEST
from dualrec.llm.written_lists import Written, parse_list, read_title

CASINO = Written("Casino", 1995)
LINES = {
    # numbers and bullets
    "2. Casino (1995)": CASINO,
    "2) Casino (1995)": CASINO,
    "2: Casino (1995)": CASINO,
    "2.Casino (1995)": CASINO,
    "2 - Casino (1995)": CASINO,
    "(2) Casino (1995)": CASINO,
    "[2] Casino (1995)": CASINO,
    "#2 Casino (1995)": CASINO,
    "２．Casino（1995）": CASINO,
    "2、Casino (1995)": CASINO,
    r"2\. Casino (1995)": CASINO,
    "**2.** Casino (1995)": CASINO,
    "**2. Casino** (1995)": CASINO,
    "__2.__ Casino (1995)": CASINO,
    "### 2. Casino (1995)": CASINO,
    "> 2. Casino (1995)": CASINO,
    "- Casino (1995)": CASINO,
    "* **2. Casino** (1995)": CASINO,
    "• Casino (1995)": CASINO,
    "3:10 to Yuma (2007)": Written("3:10 to Yuma", 2007),
    "(500) Days of Summer (2009)": Written("(500) Days of Summer", 2009),
    "300: Rise of an Empire (2014)": Written("300: Rise of an Empire", 2014),
    "1-900 (1994)": Written("1-900", 1994),
    "12 Monkeys (1995)": Written("12 Monkeys", 1995),
    "* 2001: A Space Odyssey": Written("2001: A Space Odyssey", 0),
    # emphasis and quotation marks
    "2. **Casino** (1995)": CASINO,
    "2. **Casino (1995)** - a *crime* film": CASINO,
    "2. *Casino* (1995)": CASINO,
    "2. `Casino (1995)`": CASINO,
    '2. "Casino" (1995)': CASINO,
    "2. “Casino” (1995), a crime film": CASINO,
    "2. **Casino** – a crime film": Written("Casino", 0),
    "**2. Casino** - a crime film": Written("Casino", 0),
    '"Casino", a crime film (1995)': CASINO,
    "**Toy Story** 2 (1999)": Written("Toy Story** 2", 1999),
    "M*A*S*H (1970)": Written("M*A*S*H", 1970),
    "《七人の侍》（1954）": Written("七人の侍", 1954),
    "[Casino (1995)](https://en.wikipedia.org/wiki/Casino_(1995_film))": CASINO,
    "[REC] (2007)": Written("[REC]", 2007),
    # years
    "Casino [1995]": CASINO,
    "Casino （1995）": CASINO,
    "Casino【1995】": CASINO,
    "Casino: 1995": CASINO,
    "Casino, 1995": CASINO,
    '"Casino" – 1995': CASINO,
    "**Casino**, 1995.": CASINO,
    "Casino | 1995": CASINO,
    "Casino (1995, Scorsese)": CASINO,
    "Casino (dir. Martin Scorsese, 1995)": CASINO,
    "Casino (1995): 2 hours, 1996": CASINO,
    "Casino (1995-97)": CASINO,
    "Casino (1995–1997)": CASINO,
    "Casino (1995) (V)": CASINO,
    "Casino (1995, 178 min)": CASINO,
    "Casino (0000)": Written("Casino", 0),
    "Casino: 1995, a crime film": Written("Casino: 1995, a crime film", 0),
    "Blade Runner 2049": Written("Blade Runner 2049", 0),
    "Apollo: 13": Written("Apollo: 13", 0),
    "1984 (1984)": Written("1984", 1984),
    "Kill Bill (Vol. 2, 2004)": Written("Kill Bill Vol. 2", 2004),
    "Seven (Se7en) (1995)": Written("Seven (Se7en)", 1995),
    # articles, as MovieLens writes them
    "Matrix, The (1999)": Written("The Matrix", 1999),
    "Misérables, Les": Written("Les Misérables", 0),
    "Postman, The (Postino, Il) (1994)": Written("The Postman (Il Postino)", 1994),
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_a_title(line):
    assert parse_list(line, 10) == [LINES[line]]


@pytest.mark.parametrize("title", ["Heat", "8. Mile (2002)", "- (1990)", "2. Casino", "'Til There Was You (1997)"])
def test_one_title_keeps_what_could_be_a_number(title):
    assert read_title(title).title == title.removesuffix(")").split(" (")[0].strip("-' ")


@pytest.mark.parametrize(
    "line",
    [
        "## Movies",
        "Here are ten movies of 1995:",
        "**Recommendations:**",
        "```json",
        "---",
        "***",
        "| --- | :-: |",
        "",
        " ",
        "1.",
    ],
)
def test_headings_fences_and_rules_are_no_titles(line):
    assert parse_list(f"{line}\nCasino (1995)", 10) == [CASINO]


HEAT = [Written("Heat", 1995), Written("The Matrix", 1999)]
LAYOUTS = {
    "lines": "Sure! Here you are:\n\n1. Heat (1995)\n\n2. Matrix, The (1999)\n",
    "a table with heads": "| # | Title | Year |\n|--|:--|---|\n| 1 | Heat | 1995 |\n| 2 | **Matrix, The** | 1999 |",
    "a table with other heads": "| By | Movie (year) |\n|---|---|\n| Mann | Heat (1995) |\n| – | The Matrix (1999) |",
    "a table without heads": "| 1. | Heat | 1995 | Mann |\n| 2. | The Matrix | 1999 | |",
    "a table of one column": "| Movie |\n| --- |\n| Heat (1995) |\n| The Matrix (1999) |",
    "a list in JSON": '["Heat (1995)", "Matrix, The (1999)"]',
    "a list in a fence": 'Here you are:\n```json\n[\n  "Heat (1995)",\n  "The Matrix (1999)"\n]\n```\nEnjoy!',
    "objects": '[{"title": "Heat", "year": 1995, "genres": ["Crime"]}, {"year": "1999", "title": "Matrix, The"}]',
    "objects in lines": '{"rank": 1, "movie_title": "Heat (1995)"}\n{"rank": 2, "movie_title": "The Matrix (1999)"}',
    "an object in an object": '{"movies": [{"name": "Heat", "released": "1995-12-15"}, {"name": "The Matrix (1999)"}]}',
    "a list in an object": '{"recommendations": ["Heat (1995)", "The Matrix (1999)"], "reasons": ["crime", "future"]}',
    "numbers as keys": '{"1": "Heat (1995)", "2": "The Matrix (1999)"}',
    "JSON that breaks off": '[{"title": "Heat", "year": 1995}, {"title": "The Matrix (1999)", "year": 19',
    "JSON with escapes": r'["\u0048eat (1995)", "The \"Matrix\" (1999)"]',
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_list_is_read_however_it_is_laid_out(layout):
    read = [Written(written.title.replace('"', ""), written.year) for written in parse_list(LAYOUTS[layout], 10)]
    assert read == HEAT
    assert len(parse_list(LAYOUTS[layout], 1)) == 1 and parse_list(LAYOUTS[layout], 0) == []


def test_brackets_that_are_no_json_are_lines():
    assert parse_list('[\n{"a": "b"}\nHeat (1995)', 10)[-1] == Written("Heat", 1995)
    assert [written.title for written in parse_list("[[Heat]]\n[Alien]", 10)] == ["[[Heat]]", "[Alien]"]


@given(st.text(max_size=2 * LONGEST))
@example("0\x1f")
@example('\u2003"\x85Heat\u2003"')
@example("A" * 299 + "(b)")
def test_any_text_is_read(text):
    for written in [*parse_list(text, 10), read_title(text)]:
        assert written.title == written.title.strip() and len(written.title) <= LONGEST and 0 <= written.year <= 9999


@pytest.mark.parametrize(
    "text",
    [
        "(" * 200_000 + "\n" + "9" * 200_000,
        "[" * 200_000,
        '["' + '\\"' * 200_000,
        '[\n"' * 100_000,
        "|" * 200_000,
        "{\n" * 100_000,
    ],
)
def test_a_monstrous_text_is_read_at_once(text):
    started = time.process_time()
    assert len(parse_list(text, 10)) <= 10
    assert time.process_time() - started < 2
