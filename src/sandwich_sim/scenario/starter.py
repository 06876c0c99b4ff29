"""The file that `sandwich-sim init` writes: a scenario of one's own to start from."""

from __future__ import annotations

import json

_TEXT = """\
# A scenario of your own: the shipped base with a few lines changed.
# Check it:   sandwich-sim validate {file}
# Run it:     sandwich-sim run {file}
# See it all: sandwich-sim show {file}     (every number, with where it comes from)

extends = "base"             # or another shipped scenario, or a path to a file of yours
title = {title}
summary = "Say in one sentence what is different in this world."

# A number may be a constant, a constant with its evidence, or a distribution. `source` is the
# id of a fact (sandwich-sim facts --search gap) or "assumption: <one sentence>".

[open_source]
# Months that open-weight models lag behind the frontier today.
gap = {{ dist = "lognormal", p5 = 3.0, p95 = 9.0, source = "open_lag_months_eci_2026" }}
# Months that open weights catch up in a month; 1 keeps the gap as it is.
catch_up_speed = {{ value = 0.9, source = "assumption: the fringe falls behind by a tenth" }}

[hop.chips]
# How much of the market one seller holds in the long run, 0 to 1.
monopoly_long = {{ dist = "beta", a = 6, b = 4, source = "accelerator_share_custom_2026" }}

# What you want to know the probability of.
[event.chips_squeezed]
title = "Operating margin of chip makers falls below 30%"
clauses = [{{ series = "margin.chips", below = 0.30 }}]

# More to change:
# [time]
# years = 5
# [run]
# trajectories = 65_536
# [demand.app]
# growth = {{ dist = "uniform", low = 0.2, high = 0.8 }}
# [correlation]
# "open_source.gap ~ demand.app.growth" = 0.3
# A further hop: list it behind another one and let somebody buy from it.
# [hop.optics]
# after = "chips"
# normal_return = 0.08
# premium_cap = 1.5
# scarcity = 0.7
# monopoly = 0.6
# pricing_power = 0.6
# reversion = 0.3
# volatility = 0.1
# fixed_cost = 0.1
# [edge.cloud-optics]
# share = 0.05
"""


def starter_text(name: str = "my_scenario") -> str:
    """Return a commented scenario file that loads as it is.

    Parameters
    ----------
    name : str
        The file's name without ending; also its first title.
    """
    title = "".join(c for c in name.replace("_", " ") if c.isprintable()).strip() or "My scenario"
    file = f"{name}.toml" if name.isprintable() else "FILE"
    return _TEXT.format(file=file, title=json.dumps(title[:1].upper() + title[1:], ensure_ascii=False))
