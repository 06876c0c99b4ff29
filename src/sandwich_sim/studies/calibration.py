"""The page that shows the base scenario against every target.

python -m sandwich_sim.studies.calibration > docs/calibration.md
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterable

from sandwich_sim.studies.calibration_flows import DERIVED
from sandwich_sim.studies.calibration_measures import (
    FACTOR,
    FRACTION,
    MONEY,
    MONTHS,
    Wanted,
    Watched,
    at,
    growth,
    ratio,
    when,
)
from sandwich_sim.studies.calibration_scores import Calibration, Estimate, EventScore, Score, calibrate
from sandwich_sim.studies.calibration_targets import TARGETS

DIGITS = {FRACTION: 2, MONEY: 0, FACTOR: 1, MONTHS: 1}
"""Decimals of ranges and bands; medians and their errors get more."""
MOST_DIGITS = 5

WATCHED = (
    *(Watched(f"All-in margin, {when(year)}", at("all_in_margin", year)) for year in (0, 1, 3, 5, 10)),
    *(Watched(f"Inference margin, {when(year)}", at("inference_margin", year)) for year in (0.25, 0.5)),
    *(
        Watched(f"Training over lab revenue, {when(year)}", ratio("training", "revenue.lab", year))
        for year in (0, 1, 5, 10)
    ),
    *(Watched(f"Accelerator sales, {when(year)}", at("revenue.chips", year), MONEY) for year in (3, 5, 10)),
    *(
        Watched(f"Installed compute, growth in year {year}", growth("installed", year), FACTOR)
        for year in (5, 10)
    ),
    *(Watched(f"All AI spending, {when(year)}", at("spend", year), MONEY) for year in (3, 5)),
)
"""Shown without a verdict; the remarks on weak places point at them."""

TOP = """\
# Calibration

What the base scenario makes of the numbers it was set to. This page is generated; do not edit it:

```sh
python -m sandwich_sim.studies.calibration > docs/calibration.md
```

**It is a fit, not a test.** The inputs of `base` were chosen with this list at hand, and targets overlap.
"ok" means "not contradicted", no more. [Decision 005](decisions/005-calibration.md) has the rules.

| result | when |
|---|---|
| ok | the median lies in the wanted range |
| ok, thin | so it does, but within a tenth of the range from an edge |
| near | only the band from 5% to 95% touches the range, by more than two standard errors |
| **MISS** | not even that |
"""

READING = """\
Medians carry their Monte Carlo standard error, from 16 independent scrambles. Fractions are written as
decimals. Margins are operating margins unless said. "year 5" is five years after the start, mid-2031.
Evidence in `code` is the id of a fact (`sandwich-sim facts ID`). Series are explained in [the
model](model.md), section 10, or [below](#derived-series).
"""

WEAK = """\
Not every weakness is a missed target.

- **Thin ones.** They would turn with a small change of an input.
- **The first year of the labs.** At the start the open price stands above what open hosts need. It falls
  faster than the cost of serving, so this slack, and the inference margin with it, is gone within half a
  year. In the year before the start the margin rose (`lab_inference_gm_one_year_before`,
  `lab_inference_gm_2026q1`). Starting with less slack and a higher premium would smooth it, and then miss
  the fall of the open price and the shares of inference and of clouds in lab cost.
- **Labs starve.** What serving leaves after staff and sales, and investors who lose patience, pay for
  little training in later years. After a year most labs train less than they plan, after five nearly all
  train far less. So a rising all-in margin alone (`thesis_falsified`) often says that a lab gave up;
  `lab_profit_center` is the strict reading.
- **Clouds.** Their pricing power, low today and higher later, is a fitted bridge: books lag while capital
  spending is a multiple of depreciation, so one and the same markup shows as more profit now than later.
  The lower end of their band is a loss from year 5 on.
- **Accelerators.** Sales hardly grow after year 3 while spending nearly doubles: the stock grows ever more
  slowly, and a unit of it gets cheaper every year.
"""


def calibration_page(found: Calibration) -> str:
    """Return docs/calibration.md."""
    parts = [TOP, _counts(found), READING]
    for title, scores in found.groups.items():
        parts.append(f"## {title}\n")
        parts.append(_table(_SCORED, (_score_row(score) for score in scores)))
    parts.append("## Missed, and why\n")
    parts.append(_bullets(score for score in found.scores if score.verdict != "ok"))
    parts += ["## Where the fit is weak\n", WEAK]
    parts.append("## Shown without a verdict\n")
    parts.append(_table(_SHOWN, (_watched_row(item, estimate) for item, estimate in found.watched)))
    parts.append(_table(_EVENTS, (_event_row(event) for event in found.events)))
    parts.append("## Derived series\n")
    parts.append(_table(_DERIVED, ([f"`{name}`", item.formula] for name, item in DERIVED.items())))
    return "\n".join(parts)


_SCORED = ("target", "wanted (best)", "5%", "median", "95%", "result", "computed as", "evidence")
_SHOWN = ("number", "5%", "median", "95%", "computed as")
_EVENTS = ("event within the horizon", "probability", "what it is")
_DERIVED = ("series", "formula")


def _counts(found: Calibration) -> str:
    verdicts = Counter(score.verdict for score in found.scores)
    n_thin = sum(score.is_thin for score in found.scores)
    return (
        f"Of {len(found.scores)} targets **{verdicts['ok']} are ok** ({n_thin} of them thin), "
        f"**{verdicts['near']} near, {verdicts['MISS']} missed**, with {found.n_trajectories} trajectories "
        f"(`{found.sampler}`, seed {found.seed}).\n"
    )


def _table(header: tuple[str, ...], rows: Iterable[list[str]]) -> str:
    lines = [" | ".join(header), "|".join("---" for _ in header), *(" | ".join(row) for row in rows)]
    return "".join(f"| {line} |\n" if "---|" not in line else f"|{line}|\n" for line in lines)


def _score_row(score: Score) -> list[str]:
    target = score.target
    unit = target.wanted.unit
    return [
        _named(target.name, unit),
        _range(target.wanted),
        *_band(score.estimate, unit),
        _result(score),
        target.measure.how,
        target.evidence,
    ]


def _watched_row(item: Watched, estimate: Estimate) -> list[str]:
    return [_named(item.name, item.unit), *_band(estimate, item.unit), item.measure.how]


def _event_row(event: EventScore) -> list[str]:
    return [f"`{event.name}`", f"{event.probability:.3f} ± {event.standard_error:.3f}", event.title]


def _named(name: str, unit: str) -> str:
    return f"{name} [{unit}]" if unit else name


def _range(wanted: Wanted) -> str:
    digits = DIGITS[wanted.unit]
    best = "" if wanted.best is None else f" ({wanted.best:.{digits}f})"
    return f"{wanted.low:.{digits}f} to {wanted.high:.{digits}f}{best}"


def _band(found: Estimate, unit: str) -> list[str]:
    digits = DIGITS[unit]
    # An error below the last digit asks for more of them: "± 0.000" would say that there is none.
    leading = -math.floor(math.log10(found.median_error)) if found.median_error > 0.0 else 0
    finer = max(digits + 1, min(leading, MOST_DIGITS))
    median = f"{found.median:.{finer}f} ± {found.median_error:.{finer}f}"
    return [f"{found.low:.{digits}f}", median, f"{found.high:.{digits}f}"]


def _result(score: Score) -> str:
    if score.verdict == "ok":
        return "ok, thin" if score.is_thin else "ok"
    return score.verdict if score.verdict == "near" else f"**{score.verdict}**"


def _bullets(scores: Iterable[Score]) -> str:
    return "".join(
        f"- **{score.target.name}** ({score.verdict}). {score.target.reason}\n" for score in scores
    )


def main() -> None:
    """Write the page to standard output, in UTF-8 whatever the terminal."""
    page = calibration_page(calibrate(TARGETS, WATCHED))
    sys.stdout.buffer.write(page.encode())


if __name__ == "__main__":
    main()
