"""`sandwich-sim plot`."""

from __future__ import annotations

from pathlib import Path

import click

from sandwich_sim.cli.figures import check_plots, write_figure
from sandwich_sim.cli.options import example, json_option
from sandwich_sim.cli.output import note, say, say_json
from sandwich_sim.errors import UsageError

ENDINGS = (".png", ".svg", ".pdf")
# Known here too, so that --help imports no matplotlib; a test holds the two lists together.
KINDS = [
    *("flow", "dollar", "maps", "margin", "profit", "cents", "ruler"),
    *("lab-margins", "margin-split", "watch", "events", "token-price", "gap", "capital"),
    "capital-per-dollar",
    *("positions", "book", "drivers", "assumptions", "article"),
]


@click.command(
    epilog=example(
        "sandwich-sim plot results/base-1a2b3c4d flow --at 2031",
        "sandwich-sim plot results/base-1a2b3c4d margin --hop chips -o chips.svg",
        "sandwich-sim plot results/base-1a2b3c4d maps --dark --size page",
    )
)
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("kind", type=click.Choice(KINDS), metavar="KIND")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="File to write; its ending says the format: .png, .svg or .pdf. KIND.png if not given.",
)
@click.option("--hop", metavar="HOP", help="Only this hop.")
@click.option(
    "--at",
    metavar="DATE",
    help="At this date, such as 2031 (its yearly record) or 2031-04; the end if not given.",
)
@click.option(
    "--size",
    type=click.Choice(["slide", "page", "phone"]),
    default="slide",
    show_default=True,
    help="What it is for: its shape and the size of its text.",
)
@click.option("--dark", is_flag=True, help="On a dark ground.")
@click.option("--force", is_flag=True, help="Overwrite the file.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@json_option
def command(
    run: Path,
    kind: str,
    output: Path | None,
    hop: str | None,
    at: str | None,
    size: str,
    dark: bool,
    force: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Draw one figure of the result folder RUN, and say in words what it shows.

    KIND is one of flow, dollar, maps; margin, profit, cents and ruler (by hop); lab-margins,
    margin-split, watch, events, token-price, gap, capital, capital-per-dollar; positions, book and
    drivers of the portfolio; assumptions; article.
    """
    check_plots()
    from sandwich_sim.results.files import explained_errors

    path = output or Path(f"{kind}.png")
    with explained_errors(path):
        check_figure(path, force=force)
    words, moved = _draw(run, kind, path, hop=hop, at=at, size=size, dark=dark)
    if as_json:
        say_json({"file": path, "kind": kind, "description": words})
    elif not quiet:
        say(str(path))
        note(words)
    if moved and not quiet:
        note(moved)


def check_figure(path: Path, *, force: bool) -> None:
    """Refuse a name that no figure can be written to, before any work."""
    if path.suffix not in ENDINGS:
        raise UsageError(f"{path}: cannot write that format. End the name in .png, .svg or .pdf.")
    if path.exists() and not force:
        raise UsageError(f"{path} exists. Choose another name, or overwrite it with --force.")
    if not path.parent.is_dir():
        raise UsageError(f"the folder {path.parent} does not exist. Make it first.")


def _draw(
    run: Path, kind: str, path: Path, *, hop: str | None, at: str | None, size: str, dark: bool
) -> tuple[str, str]:
    """Draw; returns what the figure says, and which date it shows instead of the one asked for."""
    from sandwich_sim.analysis.run_view import open_view
    from sandwich_sim.plots.catalogue import Wish, draw, moved_date
    from sandwich_sim.plots.style import DARK, LIGHT
    from sandwich_sim.results.files import explained_errors

    wish = Wish(open_view(run), DARK if dark else LIGHT, size, hop, at)  # type: ignore[arg-type]
    figure, words = draw(kind, wish)
    with explained_errors(path, advice="Free some space."):
        write_figure(figure, path)
    return words, moved_date(kind, wish)
