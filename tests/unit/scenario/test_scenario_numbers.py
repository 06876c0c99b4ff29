"""Numbers in all their forms."""

from __future__ import annotations

from math import exp, inf, log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sandwich_sim.scenario import metalog
from sandwich_sim.scenario.findings import Findings
from sandwich_sim.scenario.numbers import read_number
from sandwich_sim.scenario.quantile_fit import FitError, fit_beta
from sandwich_sim.scenario.support import cdf, kept, reach, support
from sandwich_sim.scenario.uncertain import (
    Beta,
    Constant,
    Discrete,
    Distribution,
    Empirical,
    LogNormal,
    Metalog,
    Mixture,
    Normal,
    Pert,
    SameAs,
    StudentT,
    Triangular,
    Uncertain,
    Uniform,
)


def read(value: Any, folder: Path | None = None) -> Uncertain:
    findings = Findings()
    number = read_number(value, ("open_source", "gap"), findings, folder)
    assert not findings.items, findings.items
    assert number is not None
    return number


def distribution(**table: Any) -> Distribution:
    number = read(table)
    assert isinstance(number, Distribution)
    return number


def test_constants() -> None:
    assert read(3) == Constant(3.0)
    assert read({"value": 3, "source": "x", "note": "y"}) == Constant(3.0)
    assert read({"same_as": "lab.funding"}) == SameAs("lab.funding")
    assert str(read(-0.0)) == "Constant(value=0.0)"


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"dist": "normal", "mean": 1, "sd": 2}, Normal(mean=1.0, sd=2.0)),
        ({"dist": "lognormal", "mu": 1, "sigma": 2}, LogNormal(mu=1.0, sigma=2.0)),
        (
            {"dist": "student-t", "location": 1, "scale": 2, "dof": 3},
            StudentT(location=1.0, scale=2.0, dof=3.0),
        ),
        ({"dist": "uniform", "low": 1, "high": 2}, Uniform(low=1.0, high=2.0)),
        ({"dist": "triangular", "low": 1, "mode": 1, "high": 2}, Triangular(low=1.0, mode=1.0, high=2.0)),
        ({"dist": "pert", "low": 1, "mode": 2, "high": 4}, Pert(low=1.0, mode=2.0, high=4.0, shape=4.0)),
        ({"dist": "beta", "a": 2, "b": 3}, Beta(a=2.0, b=3.0)),
        ({"dist": "beta", "a": 2, "b": 3, "low": 1, "high": 5}, Beta(a=2.0, b=3.0, low=1.0, high=5.0)),
        (
            {"dist": "discrete", "values": [2, 1], "probabilities": [0.25, 0.75]},
            Discrete(values=(1.0, 2.0), probabilities=(0.75, 0.25)),
        ),
        ({"dist": "empirical", "values": [3, 1, 2]}, Empirical(values=(1.0, 2.0, 3.0))),
        (
            {
                "dist": "mixture",
                "weights": [0.25, 0.75],
                "components": [2, {"dist": "uniform", "low": 0, "high": 1}],
            },
            Mixture(weights=(0.25, 0.75), components=(Constant(2.0), Uniform(low=0.0, high=1.0))),
        ),
        (
            {"quantiles": {"p5": 1, "p50": 2, "p95": 4}, "low": 0},
            Metalog(probabilities=(0.05, 0.5, 0.95), values=(1.0, 2.0, 4.0), low=0.0),
        ),
        (
            {"dist": "metalog", "p5": 1, "p50": 2, "p95": 4, "low": 0},
            Metalog(probabilities=(0.05, 0.5, 0.95), values=(1.0, 2.0, 4.0), low=0.0),
        ),
        (
            {"dist": "metalog", "quantiles": {"p95": 4, "p2.5": 1}},
            Metalog(probabilities=(0.025, 0.95), values=(1.0, 4.0)),
        ),
        ({"dist": "normal", "mean": 1, "sd": 2, "min": 0}, Normal(mean=1.0, sd=2.0, minimum=0.0)),
        (
            {"dist": "discrete", "values": [1, 2, 3], "probabilities": [0.5, 0.25, 0.25], "min": 2},
            Discrete(values=(2.0, 3.0), probabilities=(0.5, 0.5)),
        ),
    ],
)
def test_own_parameters(table: dict[str, Any], expected: Distribution) -> None:
    assert read(table) == expected


@pytest.mark.parametrize(
    "table",
    [
        {"dist": "normal"},
        {"dist": "lognormal"},
        {"dist": "student-t", "dof": 4},
        {"dist": "uniform"},
        {"dist": "loguniform"},
        {"dist": "triangular", "mode": 4},
        {"dist": "triangular", "mode": 2},
        {"dist": "pert", "mode": 4},
        {"dist": "pert", "mode": 8, "shape": 2},
        {"dist": "beta", "high": 10},
        {"dist": "beta", "low": 1, "high": 9},
    ],
)
@pytest.mark.parametrize(("first", "second"), [("p5", "p95"), ("p10", "p50"), ("p2.5", "p80")])
def test_two_quantiles_are_met(table: dict[str, Any], first: str, second: str) -> None:
    made = distribution(**table, **{second: 8.0, first: 2.0})
    assert cdf(made, 2.0) == pytest.approx(float(first[1:]) / 100, abs=1e-9)
    assert cdf(made, 8.0) == pytest.approx(float(second[1:]) / 100, abs=1e-9)


@given(st.floats(0.2, 50.0), st.floats(0.2, 50.0), st.sampled_from([0.05, 0.1, 0.25]))
def test_beta_is_found_again_from_its_quantiles(a: float, b: float, p: float) -> None:
    truth = stats.beta(a, b)
    low, high = float(truth.ppf(p)), float(truth.ppf(1 - p))
    if not 1e-6 < low < high < 1 - 1e-6:
        return
    fitted = fit_beta((p, low), (1 - p, high), 0.0, 1.0)
    assert fitted == pytest.approx((a, b), rel=1e-4)


def test_beta_that_does_not_exist_is_refused() -> None:
    with pytest.raises(FitError, match="no beta distribution"):
        fit_beta((0.05, 0.4999), (0.95, 0.5), 0.0, 1.0)


CASES: list[tuple[Distribution, Any]] = [
    (Normal(mean=1.0, sd=2.0), stats.norm(1.0, 2.0)),
    (LogNormal(mu=0.5, sigma=0.7), stats.lognorm(0.7, scale=np.exp(0.5))),
    (StudentT(location=1.0, scale=2.0, dof=3.0), stats.t(3.0, 1.0, 2.0)),
    (Uniform(low=1.0, high=3.0), stats.uniform(1.0, 2.0)),
    (Triangular(low=1.0, mode=1.5, high=4.0), stats.triang(0.5 / 3.0, 1.0, 3.0)),
    (Pert(low=0.0, mode=1.0, high=4.0), stats.beta(2.0, 4.0, 0.0, 4.0)),
    (Beta(a=2.0, b=3.0, low=-1.0, high=1.0), stats.beta(2.0, 3.0, -1.0, 2.0)),
]


@pytest.mark.parametrize(("made", "truth"), CASES, ids=lambda case: type(case).__name__)
def test_distribution_function_agrees_with_scipy(made: Distribution, truth: Any) -> None:
    for x in np.linspace(-2.0, 6.0, 33):
        assert cdf(made, float(x)) == pytest.approx(float(truth.cdf(x)), abs=1e-12)


def test_support_and_reach() -> None:
    assert support(Normal(mean=0.0, sd=1.0, minimum=-1.0)) == (-1.0, inf)
    assert reach(Normal(mean=0.0, sd=1.0)) == (-8.3, 8.3)
    assert support(LogNormal(mu=0.0, sigma=1.0)) == (0.0, inf)
    low, high = reach(LogNormal(mu=0.0, sigma=1.0))
    assert (log(low), log(high)) == pytest.approx((-8.3, 8.3))
    mixture = Mixture(weights=(0.5, 0.5), components=(Constant(5.0), Uniform(low=0.0, high=1.0)), maximum=3.0)
    assert support(mixture) == (0.0, 3.0)
    assert kept(mixture) == 0.5


def test_truncated_discrete_keeps_its_bound() -> None:
    discrete = Discrete(values=(1.0, 2.0, 3.0), probabilities=(0.2, 0.3, 0.5), minimum=2.0)
    assert kept(discrete) == pytest.approx(0.8)


@given(
    st.lists(st.floats(-5.0, 5.0), min_size=2, max_size=4, unique=True),
    st.sampled_from([(-inf, inf), (-6.0, inf), (-inf, 6.0), (-6.0, 6.0)]),
)
def test_metalog_runs_through_its_quantiles(values: list[float], bounds: tuple[float, float]) -> None:
    probabilities = np.linspace(0.1, 0.9, len(values))
    made = Metalog(
        probabilities=tuple(float(p) for p in probabilities),
        values=tuple(sorted(values)),
        low=bounds[0],
        high=bounds[1],
    )
    for p, value in zip(made.probabilities, made.values, strict=True):
        assert metalog.quantile(made, log(p / (1 - p))) == pytest.approx(value, abs=1e-6)


def turning(end: float) -> Metalog:
    """Return a metalog whose quantile function turns at log odds of about ``end``, from 16 on."""
    rate = exp(-end) / (1.0 + exp(-end)) ** 2
    terms = [100.0, 1.0, 0.0, 60.0]  # the slope at ``end`` is 1 + terms[2] (rate end + 1/2) + 60 rate
    terms[2] = -(1.0 + 60.0 * rate) / (rate * end + 0.5 - exp(-end))
    probabilities = (0.1, 0.35, 0.6, 0.9)
    values = tuple(metalog.line_quantile(terms, log(p / (1 - p))) for p in probabilities)
    return Metalog(probabilities=probabilities, values=values)


def test_slope_of_a_metalog_is_that_of_its_quantile_function() -> None:
    terms = [0.3, 1.0, -0.7, 2.0, 1.1, -0.4, 3.0]
    for p_logit in np.linspace(-12.0, 12.0, 49).tolist():
        difference = metalog.line_quantile(terms, p_logit + 1e-4) - metalog.line_quantile(
            terms, p_logit - 1e-4
        )
        assert metalog.line_slope(terms, p_logit) == pytest.approx(difference / 2e-4, abs=1e-6)


@given(st.lists(st.floats(-1.0, 1.0), min_size=3, max_size=6))
def test_falls_of_a_metalog_are_where_its_quantile_function_falls(extra: list[float]) -> None:
    terms = [0.0, 1.0, *extra]
    found = metalog.falls(terms)
    grid = np.linspace(-20.0, 20.0, 801)
    steps = np.diff([metalog.line_quantile(terms, p_logit) for p_logit in grid.tolist()])
    for left, right, step in zip(grid[:-1], grid[1:], steps, strict=True):
        inside = any(fall.start < left and right < fall.end for fall in found)
        apart = all(right < fall.start or fall.end < left for fall in found)
        assert step < 1e-12 if inside else step > -1e-12 if apart else True


@pytest.mark.parametrize("end", [16.0, 20.0])
def test_metalog_that_turns_where_it_is_drawn_is_refused(end: float) -> None:
    (fall,) = metalog.falls(metalog.coefficients(turning(end)))
    assert fall.start == pytest.approx(end, abs=0.01)
    assert fall.end == metalog.CHECKED_LOGIT


@pytest.mark.parametrize("end", [22.0, 25.0])
def test_metalog_that_turns_farther_out_stays_at_its_highest_value(end: float) -> None:
    made = turning(end)
    terms = metalog.coefficients(made)
    assert metalog.falls(terms) == []
    assert metalog.rising_range(terms) == (-inf, pytest.approx(end, abs=0.2))  # its slope is 1e-11 there
    highest = metalog.quantile(made, end)
    assert metalog.quantile(made, 37.0) == pytest.approx(highest, rel=1e-12)
    assert reach(made)[1] == pytest.approx(highest, rel=1e-12)
    assert cdf(made, highest + 1.0) == pytest.approx(1.0)


def test_even_quantiles_make_a_metalog_that_rises_to_the_ends() -> None:
    uniform = Metalog(probabilities=(0.1, 0.3, 0.5, 0.7, 0.9), values=(1.0, 3.0, 5.0, 7.0, 9.0))
    assert metalog.rising_range(metalog.coefficients(uniform)) == (-inf, inf)


def test_metalog_distribution_function_inverts_its_quantiles() -> None:
    made = Metalog(probabilities=(0.05, 0.5, 0.95), values=(2.0, 4.0, 8.0), low=0.0)
    assert cdf(made, 4.0) == pytest.approx(0.5)
    assert (cdf(made, -1.0), cdf(made, 8.0)) == (0.0, pytest.approx(0.95))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "file: is empty."),
        (b"months\n1,5\n2\n", "file: line 2 has 2 cells for 1 columns. Write decimals with a point"),
        (b"name;months\na;1\n", "is no column of it. Semicolons separate the file: save it with commas."),
        (b"months,months\n1,2\n", '"months" names 2 columns. Rename one.'),
        (b"months\n1\nNA\n", 'line 3 of the file holds "NA".'),
        (b"months\n1\n", "holds 1 numbers. Use 2 to 10000."),
        (b"\xff\xfe", "file: cannot be read"),
        (b'months\n"1\n', "is no CSV"),
    ],
)
def test_odd_columns_are_refused(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "gaps.csv").write_bytes(content)
    findings = Findings()
    table = {"dist": "empirical", "file": "gaps.csv", "column": "months"}
    assert read_number(table, ("gap",), findings, tmp_path) is None
    (found,) = findings.items
    assert message in f"{found.path[-1]}: {found.message}"


def test_column_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "gaps.csv").write_text("model, months\na,3\nb,\nc,1.5\n", encoding="utf-8")
    table = {"dist": "empirical", "file": "data/gaps.csv", "column": "months"}
    assert read(table, tmp_path) == Empirical(values=(1.5, 3.0))
