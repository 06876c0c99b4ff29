"""Draw the pictures of docs/validation.md.

python docs/images/hindcast.py
"""

from pathlib import Path

from sandwich_sim.plots.hindcast import FIGURES, describe_hindcast, draw_hindcast
from sandwich_sim.plots.style import DARK, LIGHT, save_figure
from sandwich_sim.studies.hindcast import run_hindcast

HERE = Path(__file__).parent

found = run_hindcast()
for kind in FIGURES:
    for theme in (LIGHT, DARK):
        save_figure(draw_hindcast(found, kind, theme), HERE / f"hindcast-{kind}-{theme.name}.png", scale=1.0)
    print(describe_hindcast(found, kind))
