"""What helps where weights are too uneven to carry a number, and what each remedy would take."""

from __future__ import annotations

from math import ceil, hypot, inf, isfinite, log2, sqrt

import numpy as np

from sandwich_sim.analysis.evidence import residuals
from sandwich_sim.analysis.update_result import Offer
from sandwich_sim.analysis.weights import FEWEST_EFFECTIVE, LARGEST_WEIGHT, NEAR
from sandwich_sim.studies.update_weighed import Weighed

MOST_TRAJECTORIES = 16 * 2**20
"""More are not offered."""
_WIDEST = 64.0
_STEPS = 10
_ROOM = 1.1
"""So much wider than the smallest factor that would do: other numbers have other farthest trajectories."""
_HOPELESS = 0.7
"""At this k-hat more trajectories hardly help: the largest weight grows with their number."""
_MARGIN = 1.25
"""What the levels need is an estimate: so many times more are asked for."""
_MOST_LEFT_OUT = 24
_CLEARLY_BETTER = 2.0


def offers_for(each: Weighed, *, rounds: int = 0) -> tuple[Offer, ...]:
    """Say what would help.

    Parameters
    ----------
    each : Weighed
        With weights that cannot carry numbers.
    rounds : int
        Rounds of adapted proposals that were made.
    """
    apart = _contradicting(each)
    # Neither more trajectories nor inputs drawn elsewhere bring one near two readings that exclude
    # each other, nor near one that lies far outside of all trajectories.
    nearer = () if apart or _is_out_of_reach(each) else (_more(each), _adapted(each, rounds))
    return (*apart, *nearer, _wider(each), *(() if apart else _conflicting(each)))


def _contradicting(each: Weighed) -> tuple[Offer, ...]:
    """Name readings of the same thing that lie further apart than a trajectory can be from both."""
    found = []
    for place, reading in enumerate(each.readings):
        one = reading.observation
        for other in (later.observation for later in each.readings[place + 1 :]):
            if one.name != other.name or one.scale != other.scale:
                continue
            low, high = sorted((one, other), key=lambda item: item.center)
            apart = (high.center - low.center) / hypot(low.error_above, high.error_below)
            if apart > NEAR:
                takes = f"these two are {apart:.1f} errors apart; drop one, or widen their errors"
                found.append(
                    Offer(f"a second look at {one.name}: {one.value:g} and {other.value:g}", "", takes)
                )
    return tuple(found)


def _is_out_of_reach(each: Weighed) -> bool:
    """Whether all trajectories lie to one side of some reading, further off than they differ themselves."""
    for reading, row in zip(each.readings, each.fit.predicted, strict=True):
        with np.errstate(over="ignore", invalid="ignore"):
            distance = residuals(reading.observation, row)
        distance = distance[np.isfinite(distance)]
        if not distance.size:
            continue
        low, high = float(distance.min()), float(distance.max())
        nearest = max(low, -high)
        if nearest > max(NEAR, 0.5 * (high - low)):
            return True
    return False


def _more(each: Weighed) -> Offer:
    diagnosis, side = each.weights.diagnosis, each.side
    what = "more trajectories"
    if not diagnosis.survivors:
        return Offer(what, "", f"nobody can tell how many: none of these {side.n:,} comes near")
    factor = max(FEWEST_EFFECTIVE / diagnosis.effective, diagnosis.largest / LARGEST_WEIGHT, 1.0)
    needed = 16 * 2 ** ceil(log2(_MARGIN * factor * diagnosis.n / 16.0))
    if not diagnosis.k_hat < _HOPELESS:
        return Offer(what, "", f"{needed:,} at least; with a tail this heavy, perhaps any number is too few")
    if needed > MOST_TRAJECTORIES:
        return Offer(what, "", f"about {needed:,}, more than is sensible")
    how = f"run its scenario with -n {needed}" if side.is_run else f"-n {needed}"
    return Offer(what, how, f"about {needed:,}, {needed / diagnosis.n:.0f} times as many")


def _adapted(each: Weighed, rounds: int) -> Offer:
    what = "adapted proposals: inputs drawn closer to the evidence, and weighed for it"
    side = each.side
    if side.is_run:
        return Offer(what, "--adapt 3", f"name {side.source}/scenario.toml in place of the run")
    if rounds:
        return Offer(
            what, f"--adapt {rounds + 2}", f"{rounds} rounds were not enough; more may not be either"
        )
    return Offer(what, "--adapt 3", f"3 more rounds of {side.n:,} trajectories")


def _wider(each: Weighed) -> Offer:
    what = "wider errors of observation"
    factor = smallest_widening(each)
    if not isfinite(factor):
        return Offer(what, "", f"not even errors {_WIDEST:g} times as wide would do")
    return Offer(
        what,
        f"--widen {factor:g}",
        f"{factor:g} times as wide; only if what was observed is that unsure, or the model that rough",
    )


def smallest_widening(each: Weighed) -> float:
    """Return a factor on all errors at which the weights are good, with some room; infinite if none is."""
    if not each.weights_if(_WIDEST).diagnosis.is_reliable:
        return inf
    low, high = 1.0, _WIDEST
    for _ in range(_STEPS):
        middle = sqrt(low * high)
        good = each.weights_if(middle).diagnosis.is_reliable
        low, high = (low, middle) if good else (middle, high)
    return ceil(min(_ROOM * high, _WIDEST) * 100.0) / 100.0


def _conflicting(each: Weighed) -> tuple[Offer, ...]:
    """Name the observation without which the weights would be much better, if there is one."""
    if not 1 < len(each.readings) <= _MOST_LEFT_OUT:
        return ()
    without = [each.weights_if(without=place) for place in range(len(each.readings))]
    best = max(range(len(without)), key=lambda place: without[place].diagnosis.effective)
    found, now = without[best].diagnosis, each.weights.diagnosis
    if found.effective < _CLEARLY_BETTER * max(now.effective, 1.0):
        return ()
    name = each.readings[best].observation.name
    takes = f"the effective sample size would be {found.effective:,.0f} instead of {now.effective:,.1f}"
    takes += "" if found.is_reliable else ", still not enough"
    return (Offer(f"a second look at {name}, which costs most: without it", "", takes),)
