"""Draw the pictures of docs/replay.md from a run: python docs/images/replay.py results/base-<digest>."""

import sys
from pathlib import Path

from sandwich_sim.analysis.run_view import open_view
from sandwich_sim.plots.replay import draw_replay
from sandwich_sim.plots.style import save_figure
from sandwich_sim.studies.replay import replay
from sandwich_sim.studies.replay_tails import replay_tails

TRAJECTORY = 4813


def main(run: str) -> None:
    """Write replay-*.png and replay-tail-*.png beside this file, and print their alt texts."""
    dataset = open_view(run).dataset
    told = {"replay": replay(run, TRAJECTORY), "replay-tail": replay_tails(run, "profit.lab")}
    for name, found in told.items():
        for is_dark, theme in enumerate(("light", "dark")):
            figure, words = draw_replay(found, dataset, is_dark=bool(is_dark))
            save_figure(figure, Path(__file__).parent / f"{name}-{theme}.png", scale=1.0)
        print(words)


if __name__ == "__main__":
    main(sys.argv[1])
