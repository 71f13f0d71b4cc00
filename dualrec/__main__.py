"""The command line `python -m dualrec`: run the study, measure beside it, try it, publish it."""

from __future__ import annotations

from typing import Annotated

import typer

from dualrec import cli, exchange
from dualrec.core import paths, shell
from dualrec.recommending.command import recommend

EXAMPLES = """
Examples:

  python -m dualrec doctor

  python -m dualrec run --profile smoke

  python -m dualrec run --only 03 --only 04

  python -m dualrec evaluate --systems popularity,markov

  python -m dualrec recommend --titles "Toy Story (1995); Aladdin (1992)"

  python -m dualrec report --profile smoke

  python -m dualrec demo

With --debug, any of them shows where an error came from. --device cpu, cuda or mps, and --precision float32 or bfloat16
(of language models) override what is chosen by itself, as do the variables DUALREC_DEVICE and DUALREC_PRECISION.
"""

app = typer.Typer(
    help=f"The study DUALRec, step by step.\n\n{EXAMPLES}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(cli.evaluate)
app.command()(recommend)
app.command()(exchange.import_data)
app.command()(exchange.export_split)
app.command()(exchange.import_lists)
app.command()(cli.table)
app.command()(cli.score)
app.command()(cli.compare)
app.command()(cli.verify)


@app.command()
def doctor(
    profile: Annotated[
        str | None, typer.Option(help="Check what this profile needs; every profile if left out.")
    ] = None,
) -> None:
    """Check environment, assets, device, memory and disk: one OK or FAIL line each.

    The exit code is 1 where a check fails that the profile cannot do without.
    """
    from dualrec.workflow.doctor import checks

    report = checks(profile)
    for check in report:
        print(check)
    if any(check.blocking and not check.ok for check in report):
        raise typer.Exit(1)


@app.command()
def profiles() -> None:
    """List the profiles: what they are for, their data and what they need."""
    from dualrec.profiles.load import available, load_profile

    for name in available():
        profile = load_profile(name)
        needs = f"{profile.needs_memory_gib:g} GiB of memory"
        if profile.needs_gpu_memory_gib:
            needs += f", a GPU with {profile.needs_gpu_memory_gib:g} GiB"
        print(f"{name:<8} {profile.summary} ({profile.data}; {needs})")


@app.command()
def run(
    profile: cli.ProfileOption = paths.DEFAULT_PROFILE,
    only: Annotated[
        list[str] | None, typer.Option(help="A notebook's number or name; may be given several times.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Run notebooks that are up to date, too; their cached steps are reused.")
    ] = False,
) -> None:
    """Run the notebooks in order into runs/PROFILE/notebooks/; a second call continues after the last good one."""
    from dualrec.workflow.runner import run_notebooks

    run_notebooks(profile, only, again)


@app.command()
def grid_search(
    profile: cli.ProfileOption = paths.DEFAULT_PROFILE,
    systems: Annotated[str | None, typer.Option(help="Comma-separated names; all if left out.")] = None,
) -> None:
    """Fit every family on its declared grid and print the best setting of each by validation NDCG@10 (an hour)."""
    from dualrec.experiments.grid_search import search_grid

    names = None if systems is None else [name.strip() for name in systems.split(",") if name.strip()]
    for system, entry in search_grid(profile, names).items():
        print(f"[{system}]", *(f"{key} = {value}" for key, value in entry["chosen"].items()), sep="\n")


@app.command()
def seeds(
    profile: cli.ProfileOption = paths.DEFAULT_PROFILE,
    count: Annotated[int, typer.Option(min=0, help="Seeds of every neural model; 0 records what there is.")] = 5,
) -> None:
    """Train the neural models with several seeds and print each sequence model's NDCG@10 and its spread."""
    from dualrec.experiments.seeds import measure_seeds

    for system, entry in measure_seeds(profile, count).items():
        deviation = entry["sd"]["NDCG@10"]
        spread = "" if deviation is None else f", standard deviation between seeds {deviation:.4f}"
        print(f"{system}: NDCG@10 {entry['metrics']['NDCG@10']['value']:.4f}{spread}")


@app.command()
def precision(
    profile: cli.ProfileOption = paths.DEFAULT_PROFILE,
    count: Annotated[int, typer.Option(min=0, help="Seeds in each precision; 0 records what there is.")] = 5,
) -> None:
    """Train the networks in float32 and in bfloat16 and print what the second costs each in NDCG@10 (hours)."""
    from dualrec.experiments.precision import measure_precision

    for system, entry in measure_precision(profile, count).items():
        change = entry["difference"]["NDCG@10"]
        interval = f"{change['delta']:+.4f} [{change['low']:+.4f}, {change['high']:+.4f}]"
        print(f"{system}: NDCG@10 in bfloat16 less float32 {interval}, {change['verdict']}")


@app.command()
def protocols(profile: cli.ProfileOption = paths.DEFAULT_PROFILE) -> None:
    """Rank under other rules for ties, repeats and splits, and print the order of the systems under each (minutes)."""
    from dualrec.experiments.protocols import measure_protocols

    for level, entry in measure_protocols(profile)["levels"].items():
        print(f"{level} (n = {entry['n']}): {' > '.join(entry['order'])}")


@app.command()
def audit(profile: cli.ProfileOption = paths.DEFAULT_PROFILE) -> None:
    """Evaluate four systems as the released code does and as audited, on everybody, and print both (minutes)."""
    from dualrec.experiments.full_audit import measure_audit

    for entry in measure_audit(profile)["systems"].values():
        ends = {end: entry["ends"][end]["HR@1"]["value"] for end in ("released", "audited")}
        print(f"{entry['label']}: HR@1 {ends['released']:.3f} as released, {ends['audited']:.3f} as audited")


@app.command()
def hints(
    profile: cli.ProfileOption = paths.DEFAULT_PROFILE,
    count: Annotated[int, typer.Option(min=1, help="Seeds of everything.")] = 1,
) -> None:
    """Write lists after right, wrong and no hints and print what each kind is worth (minutes on a GPU, else hours)."""
    from dualrec.experiments.hints import measure_hints

    for entry in measure_hints(profile, count)["systems"].values():
        print(f"{entry['label']}: NDCG@10 {entry['metrics']['NDCG@10']['value']:.4f}")


@app.command()
def evidence(
    profile: cli.ProfileOption = paths.DEFAULT_PROFILE,
    count: Annotated[int, typer.Option(min=1, help="Seeds of everything.")] = 1,
) -> None:
    """Weigh second opinions by conditional logit and print what each gains in nats (minutes on a GPU, else hours)."""
    from dualrec.experiments.evidence import measure_evidence

    for row in measure_evidence(profile, count)["weights"]:
        gain = row["gain"]
        print(f"{row['arm']}, seed {row['seed']}: {gain['value']:+.4f} [{gain['low']:+.4f}, {gain['high']:+.4f}] nats")


@app.command()
def lora_examples(
    profile: cli.ProfileOption = paths.DEFAULT_PROFILE,
    count: Annotated[int, typer.Option(min=1, help="Seeds of everything.")] = 3,
) -> None:
    """Train LoRA with growing numbers of examples and print each role's NDCG@10 (minutes on a GPU, else hours)."""
    from dualrec.experiments.lora_examples import measure_lora_examples

    for row in measure_lora_examples(profile, count)["rows"]:
        print(f"{row['examples']} examples, {row['label']}: NDCG@10 {row['metrics']['NDCG@10']['value']:.4f}")


@app.command()
def representation(
    profile: cli.ProfileOption = paths.DEFAULT_PROFILE,
    count: Annotated[
        int | None, typer.Option(min=0, help="Seeds of every arm, as declared if left out; 0 records what there is.")
    ] = None,
) -> None:
    """Try what may stand for an item in two networks and print each arm's NDCG@10 (minutes on a GPU, else hours)."""
    from dualrec.experiments.representation import measure_representation

    found = measure_representation(profile, count)
    for entry in found["systems"].values():
        print(f"{entry['label']}: NDCG@10 {entry['metrics']['NDCG@10']['value']:.4f}")
    for row in found["primary"]:
        interval = f"{row['delta']:+.4f} [{row['low']:+.4f}, {row['high']:+.4f}]"
        print(f"{row['arm']} less {row['against']}: {interval}{', ' * ('verdict' in row)}{row.get('verdict', '')}")


@app.command()
def report(profile: cli.ProfileOption = paths.DEFAULT_PROFILE) -> None:
    """Write the finished notebooks as HTML to runs/PROFILE/report/ and print the path of the index page."""
    from dualrec.publishing.site.build import write_report

    print(paths.readable(write_report(profile)))


@app.command()
def demo(
    profile: cli.ProfileOption = paths.DEFAULT_PROFILE,
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="Where the page is served, to this machine alone.")
    ] = 8866,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
) -> None:
    """Open a page in the browser on which to pick what one likes and see what each part of the system makes of them."""
    from dualrec.demo.server import serve

    serve(profile, port, browser)


@app.command()
def exercises() -> None:
    """Make the notebooks of exercises from their solutions, and list them at the end of the study's notebooks."""
    from dualrec.publishing.exercises import write_exercises

    for notebook in write_exercises():
        print(paths.readable(notebook))


@app.command()
def badges(
    repository: Annotated[
        str | None, typer.Option(help="OWNER/NAME on GitHub; where `origin` points if left out.")
    ] = None,
) -> None:
    """Put badges of a copy on GitHub into the README: its tests, and every notebook on Binder and Colab."""
    from dualrec.publishing.badges import write_badges

    print(f"README.md has the badges of github.com/{write_badges(paths.home() / 'README.md', repository)}")


@app.command()
def publish(
    profile: Annotated[str, typer.Option(help="Whose finished run to keep.")] = paths.DEFAULT_PROFILE,
) -> None:
    """Keep what a finished run took and reached and renew the README's tables; for the default, notebooks, too."""
    from dualrec.publishing.notebooks import publish as publish_run

    for notebook in publish_run(profile):
        print(paths.readable(notebook))


def main() -> None:
    """Run a command, see `shell.run`."""
    shell.run(app, "dualrec")


if __name__ == "__main__":
    main()
