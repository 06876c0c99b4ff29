"""Draw the README's pictures from a run: python docs/images/make.py results/base-<digest>."""

import sys
from pathlib import Path

import sandwich_sim
from sandwich_sim.plots.dollar import describe_dollar, plot_dollar
from sandwich_sim.plots.style import DARK, LIGHT, new_figure, save_figure


def main(run: str) -> None:
    """Write dollar-light.svg and dollar-dark.svg beside this file, and print their alt text."""
    dataset = sandwich_sim.open_run(run)
    for theme in (LIGHT, DARK):
        figure, axes = new_figure("page", theme, n_row=dataset.sizes["hop"])
        plot_dollar(dataset, axes, theme=theme)
        save_figure(figure, Path(__file__).parent / f"dollar-{theme.name}.svg")
    print(describe_dollar(dataset))


if __name__ == "__main__":
    main(sys.argv[1])
