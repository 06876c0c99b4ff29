"""`sandwich-sim replay`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sandwich_sim.cli.figures import needs_plots, write_figure
from sandwich_sim.cli.options import WholeNumber, example, json_option
from sandwich_sim.cli.output import note, say, say_json
from sandwich_sim.cli.plot import check_figure
from sandwich_sim.cli.progress import ProgressLine
from sandwich_sim.cli.run_completers import complete_run
from sandwich_sim.errors import IntegrityError, UsageError

if TYPE_CHECKING:
    from sandwich_sim.analysis.story import Story, TailStory

_SIZES = ["slide", "page", "phone"]


@click.command(
    epilog=example(
        "sandwich-sim replay results/base-1a2b3c4d 481233 -o story.png",
        "sandwich-sim replay results/base-1a2b3c4d --worst profit.lab --top 5",
        'sandwich-sim replay results/base-1a2b3c4d --best "margin.chips @ 2031-07" --hop chips',
    )
)
@click.argument("run", type=click.Path(path_type=Path), shell_complete=complete_run)
@click.argument("trajectory", type=WholeNumber(min=0), required=False)
@click.option(
    "--worst", metavar="OUTCOME", help="Replay those with the lowest values: profit.lab, event_time.NAME."
)
@click.option("--best", metavar="OUTCOME", help="Replay those with the highest values.")
@click.option(
    "--top",
    type=WholeNumber(min=1),
    metavar="N",
    help="With --worst and --best: how many.  [default: 5]",
)
@click.option(
    "--hop",
    "hops",
    multiple=True,
    metavar="HOP",
    help="Hops whose series are told. May be repeated.  [default: labs, compute, chips]",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    callback=needs_plots,
    help="Draw it, too; the ending of the name says the format: .png, .svg or .pdf.",
)
@click.option(
    "--size",
    type=click.Choice(_SIZES),
    default="slide",
    show_default=True,
    help="What the figure is for: its shape and the size of its text.",
)
@click.option("--dark", is_flag=True, help="Draw on a dark ground.")
@click.option("--force", is_flag=True, help="Overwrite the figure.")
@click.option("--quiet", is_flag=True, help="Print only what stands out; of a tail, numbers and values.")
@json_option
def command(run: Path, trajectory: int | None, **options: Any) -> int:
    """Compute TRAJECTORY of the result folder RUN again and tell its story.

    Any trajectory of any complete run, whatever it kept: its unusual inputs, what happened on the
    way, its series, and where it lies among all others. --worst and --best find the tails of an
    outcome instead, and say what they have in common.
    """
    path = options["output"]
    outcome = _asked(trajectory, options)
    if path is not None:
        check_figure(path, force=options["force"])
    if outcome is None:
        assert trajectory is not None
        return _replay_one(run, trajectory, options)
    return _replay_tail(run, outcome, options)


def _asked(trajectory: int | None, options: dict[str, Any]) -> str | None:
    """Return the outcome whose tail is wanted; None where a trajectory is named."""
    asked = [text for text in (options["worst"], options["best"]) if text is not None]
    if len(asked) + (trajectory is not None) != 1:
        raise UsageError(
            "name one thing to replay: the number of a trajectory, or --worst OUTCOME, or --best OUTCOME."
        )
    if trajectory is not None and options["top"] is not None:
        raise UsageError("--top goes with --worst or --best. Leave it out.")
    return asked[0] if asked else None


def _replay_one(run: Path, trajectory: int, options: dict[str, Any]) -> int:
    from sandwich_sim.cli.replay_table import print_story
    from sandwich_sim.studies.replay import replay

    progress = ProgressLine("replaying", quiet=options["quiet"])
    try:
        story = replay(run, trajectory, options["hops"], progress=progress)
    finally:
        progress.close()
    words = _draw(story, run, options)
    if options["as_json"]:
        code = _code([story])
        say_json(
            {
                "story": story_document(story),
                "figure": options["output"],
                "description": words,
                "exit_code": code,
            }
        )
        return code
    if options["quiet"]:
        for text in (*story.headline, *story.problems):
            say(text)
    else:
        print_story(story)
    return _close([story], words, options)


def _replay_tail(run: Path, outcome: str, options: dict[str, Any]) -> int:
    from sandwich_sim.cli.replay_table import print_tail
    from sandwich_sim.studies.replay_tails import replay_tails

    progress = ProgressLine("replaying", quiet=options["quiet"])
    try:
        tail = replay_tails(
            run,
            outcome,
            top=options["top"] or 5,
            end="lowest" if options["worst"] is not None else "highest",
            hops=options["hops"],
            progress=progress,
        )
    finally:
        progress.close()
    words = _draw(tail, run, options)
    if options["as_json"]:
        code = _code(tail.stories)
        document = {name: value for name, value in vars(tail).items() if name != "stories"}
        document["stories"] = [story_document(story) for story in tail.stories]
        say_json({"tail": document, "figure": options["output"], "description": words, "exit_code": code})
        return code
    if options["quiet"]:
        for index, value in zip(tail.trajectories, tail.values, strict=True):
            say(f"{index} {value!r}")
    else:
        print_tail(tail)
    return _close(tail.stories, words, options)


def story_document(story: Story) -> dict[str, Any]:
    """Return a story as one JSON object: what it holds, and the quantile of each input."""
    inputs = [vars(each) | {"quantile": each.quantile} for each in story.inputs]
    return vars(story) | {"inputs": inputs}


def _draw(found: Story | TailStory, run: Path, options: dict[str, Any]) -> str | None:
    path = options["output"]
    if path is None:
        return None
    from sandwich_sim.analysis.run_view import open_view
    from sandwich_sim.plots.replay import draw_replay
    from sandwich_sim.results.files import explained_errors

    figure, words = draw_replay(found, open_view(run).dataset, size=options["size"], is_dark=options["dark"])
    with explained_errors(path, advice="Free some space."):
        write_figure(figure, path)
    return words


def _code(stories: Sequence[Story]) -> int:
    return IntegrityError.exit_code if any(story.problems for story in stories) else 0


def _close(stories: Sequence[Story], words: str | None, options: dict[str, Any]) -> int:
    """Name the figure, and complain of trajectories that failed."""
    if words is not None:
        say(str(options["output"]))
        if not options["quiet"]:
            note(words)
    failed = [str(story.trajectory) for story in stories if story.problems]
    if failed:
        note(f"error: broken identities or values that are not finite in: {', '.join(failed)}.")
    return _code(stories)
