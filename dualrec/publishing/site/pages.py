"""The pages that are drawn from what a run recorded: cover, data card, model card, how to reproduce."""

from __future__ import annotations

from dualrec.config import LANGUAGE_MODEL, DomainConfig, Profile
from dualrec.core import paths
from dualrec.core.assets import ASSETS
from dualrec.data.registry import SOURCES
from dualrec.evaluation.results import answers, results_table
from dualrec.publishing.site.chapters import figure
from dualrec.workflow.progress import readable_seconds

TITLE = "What does a language model add to a sequence model that recommends {items}?"
ANSWER = "10_differences"  # the figure of it
READING = "In brackets: 95 % bootstrap interval over users. Δ: paired difference over the same users."

OF_MOVIELENS = """
**Good for:** comparing recommenders under one protocol. **Not good for:** what people *watch* (they rated, often many
movies in one sitting), today's catalogue or audience, minors or any group of people by itself. The people are known by
numbers only; what else the original files say of them is not read.

**Known oddities,** each counted in the first chapter: titles under two ids, movies without year or genre, articles
behind the title (`Postman, The`). The language model has surely read about these movies; it may have read the ratings,
too, which chapter 10 looks into by giving the movies other names.
"""


def cover(results: dict, chapters: list[str], exercises: list[str], drawn: bool, words: DomainConfig) -> str:
    """The front page: question, answer and its picture, findings, contents.

    results: as `load_results` returns them
    chapters: names of their files, without suffix
    exercises: the same of the exercises
    drawn: whether there is a picture of the answer
    words: what the items are called
    """

    def findings(notebook: str) -> str:
        return " ".join(results["notebooks"].get(notebook, {}).get("findings", []))

    adds = findings("10_what_the_llm_adds")
    answer = "\n".join(f"- {sentence}" for sentence in answers(results)) or "not measured in this run."
    audit = findings("08_audit")
    lead = _lead(results, words.item) if "lstm" in results["systems"] else ""
    facts = "; ".join(
        [
            f"Profile {results['profile']}, {results['data']}",
            results["protocol"],
            f"commit {results['commit']}, {results['hardware']}",
        ]
    )
    caption = "What each role of the language model adds to the LSTM, and controls that have none; 95 % intervals."
    picture = figure(ANSWER, caption, facts, "cover") if drawn else ""
    system = "The system: solid, as published; dashed, the roles that the study gives the language model beside."
    tasks = f"```{{toctree}}\n:caption: Exercises\n:maxdepth: 1\n\n{_lines(exercises)}\n```" if exercises else ""
    return f"""# {TITLE.format(items=words.items)}

*DUALRec, reproduced under an audited protocol: an LSTM names the next {words.item}, a language model is asked what it
makes of it.*

**The answer.** What the language model adds to the LSTM, by the role it plays:

{answer}

{picture}

**The finding.** {lead} {adds} *({READING})*

**And the published evaluation?** {audit or "Not audited in this run."}

{figure("architecture", system)}

New to the subject? Read the chapters in order, with the [glossary](glossary.md) beside you. Want to check us? Begin
with [how to reproduce this](reproduce.md). Terms, data and models each have a page of their own.

```{{toctree}}
:caption: The study
:numbered: 1
:maxdepth: 1

{_lines(chapters)}
```

{tasks}

```{{toctree}}
:caption: Using it
:maxdepth: 1

commands
profiles
other_data
measured
your_own
runs
```

```{{toctree}}
:caption: Behind it
:maxdepth: 1

data
models
reproduce
extend
glossary
literature
```
"""


def _lead(results: dict, item: str) -> str:
    """How good sequence model and free writer are, in one sentence; `item`: what is recommended."""

    def hits(system: str) -> str:
        m = results["systems"][system]["metrics"]["HR@10"]
        return f"{m['value']:.1%} [{m['low']:.1%}, {m['high']:.1%}] (n = {m['n']})".replace("%", " %")

    written = ""
    if "llm_lora" in results["systems"]:
        written = f"; the tuned language model, writing freely with that hint, for {hits('llm_lora')}"
    return f"On {results['data']} the LSTM has the next {item} among its ten for {hits('lstm')} of the users{written}."


def data_card(results: dict, items: str) -> str:
    """What the data are, where they come from, and what they cannot tell.

    results: as `load_results` returns them
    items: what they are called
    """
    source = SOURCES.get(results["data"])
    facts = results["notebooks"].get("01_data", {})
    size = "see the first chapter"
    ties = "some consecutive events"
    if "items" in facts:
        size = f"{facts['users']} users, {facts['items']} {items}, {facts['events']} events"
        ties = f"{facts['tie_share']:.0%} of consecutive events"
    cut = "a user's last event is the test target, the one before it the validation target, the rest is for training"
    origin = f"a folder, {results['data']}"
    event = "whatever its owner noted; the study reads who, what and when"
    order = "as its times tell"
    repeats = "counted in the first chapter"
    terms = "those of its owner"
    if source:
        origin = f"{source.title}, {source.publisher} {{cite:p}}`{source.reference}`"
        event, order, repeats = source.event, source.order, source.repeats
        terms = f"{source.licence}. Please cite: {source.citation}."
    return f"""# Data card

| | |
| --- | --- |
| Data set | {origin} |
| Size | {size} |
| What an event is | {event} |
| Order | {order}; {ties} of a user carry the same time, and their order is then a rule, not behaviour |
| Repeats | {repeats} |
| Cut | leave-one-out: {cut} |
| Terms | {terms} |

{figure("road", "The road of the data: a test target meets a model's list in the ledger and nowhere before.")}
{OF_MOVIELENS if source and source.reference == "harper2015" else ""}"""


def model_card(profile: Profile) -> str:
    """Which models take part, how they are trained, what they must not be used for."""
    rows = [f"| `{name}` | {asset.licence} | {asset.citation} |" for name, asset in ASSETS.items() if name != "ml-100k"]
    lora = profile.lora
    copy = ""
    if profile.llm.model == LANGUAGE_MODEL:
        copy = " Its weights come in 4 bits (GGUF, Q4_1) and are turned back: the results are about this copy."
    return f"""# Model card

| model | licence | source |
| --- | --- | --- |
{_lines(rows)}

**Language model** of this run: `{profile.llm.model}`.{copy} Untuned where a chapter says zero-shot; else
with a LoRA adapter {{cite:p}}`hu2022` of rank {lora.rank}, α {lora.alpha}, on `{"`, `".join(lora.modules)}`,
{lora.epochs} epochs at {lora.learning_rate:g}, learned from {lora.users or "all"} users' training events.

**Sequence models** of this run are trained from nothing on the training events alone; every size and rate is in the
profile, see [how to reproduce this](reproduce.md).

**Made for:** the comparison in this study. **Not made for:** recommending to people. A small language model invents
titles, repeats what is popular in English-language text, and was never tested for harm or fairness. Nothing leaves the
machine, except with the profile `remote`, which sends recent titles to the server that you name.

**Where they fail** is a result of the study: chapters 3, 4 and 10.
"""


def reproduce(
    profile: Profile, results: dict, stages: dict[str, dict], environment: dict, settings: list[tuple[str, str]]
) -> str:
    """Commands, versions, hardware, seeds, time and memory per stage, hashes.

    results: as `load_results` returns them
    stages: notebook -> seconds, peak_memory_mib and fingerprint; empty where the published notebooks are shown
    environment: name -> version or device; `speeds` as `machine.environment` gives them
    settings: file name and text of the profile, of its base, and so on
    """
    costs = (
        "This report was made from published notebooks, without a run on this machine; "
        "the README has the times on record."
    )
    if stages:
        rows = [
            f"| {name} | {readable_seconds(entry['seconds'])} | {entry['peak_memory_mib']} | `{entry['fingerprint']}` |"
            for name, entry in stages.items()
        ]
        head = "| notebook | time, longest | peak memory, MiB | fingerprint |\n| --- | ---: | ---: | --- |"
        costs = f"{head}\n{_lines(rows)}"
    speeds = {name: f"{speed:.0f}" for name, speed in environment.get("speeds", {}).items()}
    facts = {name: value for name, value in environment.items() if name != "speeds"}
    if speeds:
        facts["one thread"] = (
            f"{speeds['float32']} GFLOP/s in float32, {speeds['bfloat16']} in bfloat16 (0: not offered), "
            f"a step of an LSTM {speeds['lstm_step_ms']} ms"
        )
    versions = _lines([f"| {name} | {value} |" for name, value in facts.items()])
    hashes = _lines(
        [f"| {name} | `{file}` | `{sha}` |" for name, asset in ASSETS.items() for file, sha in asset.files.items()]
    )
    based = "A setting that a file does not name is that of the file below it. " if len(settings) > 1 else ""
    files = "\n\n".join(f"`{name}`\n\n```toml\n{text.strip()}\n```" for name, text in settings)
    runs = f"`make all PROFILE={profile.name}`" if profile.name != paths.DEFAULT_PROFILE else "`make all`"
    return f"""# How to reproduce this

{runs} on Linux or macOS with Python 3.11 or 3.12 makes every number and figure again; `python -m dualrec verify` then
compares two runs and names the first difference. One machine and profile give the same ledgers byte for byte; another
processor may differ in the last digits.

| | |
| --- | --- |
| Profile | `{results["profile"]}` on {results["data"]} |
| Commit | `{results["commit"]}` |
| Hardware | {results["hardware"]} |
| Protocol | {results["protocol"]} |
| Seeds | 0; the improved LSTM {profile.seeds} seeds from 0 |
{versions}

## Time and memory

{costs}

## Every result

{results_table(results)}

*{READING}*

## Embedded data and models, by SHA-256

| asset | file | SHA-256 |
| --- | --- | --- |
{hashes}

## The profile

{based}Whatever is not named here has the default of `dualrec/config/`.

{files}
"""


def _lines(rows: list[str]) -> str:
    return "\n".join(rows)
