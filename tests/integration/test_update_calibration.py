"""Simulation-based calibration of `update`: posteriors hold their truths as often as they say.

A world is a trajectory of its own; what it shows is read with an error; the other trajectories are
weighed by that. Where the weights are right, the part of the weight below the truth is uniform, for
every input, outcome and the likelihood itself (Talts et al. 2018; Modrak et al. 2023). Five bugs
are put in on purpose, and each must be noticed.
"""

from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np
import pytest
from scipy import stats

from sandwich_sim.analysis.evidence import fit_of, needed_records, readings_of
from sandwich_sim.analysis.weights import make_weights
from sandwich_sim.sampling import draw
from sandwich_sim.scenario.evidence import Evidence, Observation
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.scenario.outcome_names import frame_of
from sandwich_sim.studies.paired import paired_outcomes

YEAR, LATER = ((date(2027 + k, 7, 1), date(2027 + k, 7, 1)) for k in (0, 1))
INPUTS = ("open_source.gap", "lab.funding", "hop.chips.premium_cap", "demand.cloud.spend")
OUTCOMES = (
    "all_in_margin @ 2027-07-01",
    "gap @ 2027-07-01",
    "capex @ 2028-07-01",
    "margin.chips @ 2028-07-01",
)
SERIES = {"all_in_margin": 0.06, "gap": 0.8, "margin.chips": 0.012}
"""What is read of each world, and the standard deviation of the reading."""
BUGS = ("scale", "year", "normalization", "prior", "sign")
N_BIN = 20


def observations(days, errors=1.0):
    return Evidence("", "", tuple(
        Observation(i, name, *days, "value", 0.0, sd * errors, sd * errors)
        for i, (name, sd) in enumerate(SERIES.items())
    ))  # fmt: skip


@cache
def worlds(n, overrides=()):
    """Inputs, outcomes and readings of trajectories of base, cut off after two years."""
    spec = load_scenario("base", overrides)
    frame = frame_of(spec)
    records = {
        m.name for days in (YEAR, LATER) for m in needed_records(readings_of(observations(days), frame))
    }
    names = list(dict.fromkeys((*OUTCOMES, *sorted(records))))
    short = replace(spec, years=2, events=(), digest="")
    options = {"seed": 11, "sampler": "random", "trajectories": n}
    found = paired_outcomes([short], names, **options)
    inputs = draw(spec, INPUTS, np.arange(n), **options)
    values = dict(zip(names, np.asarray(found.values[0]), strict=True))
    quantities = np.vstack([inputs, [values[name] for name in OUTCOMES]])
    return frame, values, quantities


def ranks(n_world, n, bug="", seed=1):
    """The part of the posterior below the truth: shape (n_quantity, n_world); and refusals."""
    frame, values, quantities = worlds(n)
    generator = np.random.default_rng(seed)
    # Another prior than the one that weighs: a gap that starts wider.
    truths = worlds(n, ("open_source.gap={dist='lognormal', p5=3, p95=9}",)) if bug == "prior" else None
    truth_values, truth_quantities = (values, quantities) if truths is None else truths[1:]
    shown = readings_of(observations(YEAR), frame)
    used = readings_of(observations(LATER if bug == "year" else YEAR, 1.2 if bug == "scale" else 1.0), frame)
    exact = np.array([each.take(truth_values) for each in shown])
    others = np.arange(n_world, n)
    apart = {name: row[n_world:] for name, row in values.items()}
    scramble = (others % 16).astype(np.uint8)
    found = np.empty((len(quantities) + 1, n_world))
    refused = 0
    for world in range(n_world):
        noise = generator.normal(size=len(shown)) * np.array(list(SERIES.values()))
        evidence = [
            replace(each.observation, value=float(value))
            for each, value in zip(used, exact[:, world] + noise, strict=True)
        ]
        readings = [replace(each, observation=item) for each, item in zip(used, evidence, strict=True)]
        fit = fit_of(readings, apart, others.size)
        log_weight = -fit.log_likelihood if bug == "sign" else fit.log_likelihood
        weights = make_weights(log_weight, scramble, is_replicated=False, survivors=fit.survivors)
        refused += not weights.diagnosis.is_reliable
        part = weights.values
        if bug == "normalization":
            part = np.exp(fit.log_likelihood) / others.size
        own = {name: truth_values[name][world : world + 1] for name in apart}
        truth_likelihood = fit_of(readings, own, 1).log_likelihood[0]
        below = quantities[:, n_world:] < truth_quantities[:, world, None]
        found[:-1, world] = (below * part).sum(axis=1)
        found[-1, world] = part[fit.log_likelihood < truth_likelihood].sum()
    return np.clip(found, 0.0, 1.0), refused


def alarms(found):
    """Quantities whose ranks are not uniform: 20 bins, or the distance of their distribution function."""
    noticed = []
    for place, row in enumerate(found):
        counts = np.bincount(np.minimum((row * N_BIN).astype(int), N_BIN - 1), minlength=N_BIN)
        chi_square = float(((counts - row.size / N_BIN) ** 2).sum() / (row.size / N_BIN))
        distance = stats.kstest(row, "uniform").pvalue
        if chi_square >= 50.8 or distance < 1e-4:
            noticed.append(place)
    return noticed


def test_posteriors_hold_their_truths_as_often_as_they_say():
    found, refused = ranks(150, 32_768)
    assert not alarms(found)
    assert refused <= 0.2 * 150  # refusals are counted and their ranks kept: they lie in the tails


@pytest.mark.parametrize("bug", ["normalization", "sign", "prior"])
def test_coarse_bugs_are_noticed(bug):
    found, _ = ranks(150, 32_768, bug)
    assert alarms(found)


@pytest.mark.nightly
def test_posteriors_hold_their_truths_by_night():
    found, refused = ranks(2000, 65_536)
    assert not alarms(found)
    assert refused <= 0.15 * 2000


@pytest.mark.nightly
@pytest.mark.parametrize("bug", BUGS)
def test_every_bug_is_noticed_by_night(bug):
    found, _ = ranks(2000, 65_536, bug)
    assert alarms(found)


@pytest.mark.nightly
def test_evidence_made_by_a_scenario_rarely_speaks_loudly_for_another():
    """With fixed priors, a Bayes factor of 100 for the wrong one comes at most once in a hundred worlds."""
    n_world, n = 2000, 32_768
    frame, values, _ = worlds(n)
    _, rival, _ = worlds(n, ("open_source.gap={dist='lognormal', p5=1.5, p95=4}",))
    generator = np.random.default_rng(3)
    shown = readings_of(observations(YEAR), frame)
    exact = np.array([each.take(values) for each in shown])
    scramble = (np.arange(n_world, n) % 16).astype(np.uint8)
    loud = 0
    for world in range(n_world):
        noise = generator.normal(size=len(shown)) * np.array(list(SERIES.values()))
        readings = [
            replace(each, observation=replace(each.observation, value=float(value)))
            for each, value in zip(shown, exact[:, world] + noise, strict=True)
        ]
        evidence = []
        for rows in (values, rival):
            fit = fit_of(readings, {name: row[n_world:] for name, row in rows.items()}, scramble.size)
            weights = make_weights(fit.log_likelihood, scramble, is_replicated=False)
            evidence.append(weights.log_evidence.value)
        loud += evidence[1] - evidence[0] >= np.log(100.0)
    assert loud / n_world <= 0.01 + 3.0 * np.sqrt(0.01 * 0.99 / n_world)
