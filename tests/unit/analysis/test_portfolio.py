"""Shares, tails and parts of a book are what their definitions say, on runs made of random numbers."""

import numpy as np
import pytest

from sandwich_sim.analysis.grouped import estimate_quantile_of, estimate_shortfall_of, expected_shortfall
from sandwich_sim.analysis.portfolio import analyze_portfolio
from sandwich_sim.analysis.trajectories import Trajectories
from sandwich_sim.errors import UsageError
from sandwich_sim.results.dataset import read_accumulators
from sandwich_sim.scenario.spec import Position
from stochastic import assert_close_to
from synthetic_run import make_arrays, make_meta, write_run

POSITIONS = (
    Position("designer", 0.5, {"chips": 1.0}),
    Position("mixed", 0.3, {"app": 0.2, "lab": 0.8}),
    Position("owner", 0.2, {"lab": 1.0}, price=300.0, revenue=30.0),
)
EXPOSURE = np.array([[0.0, 0.0, 1.0], [0.2, 0.8, 0.0], [0.0, 1.0, 0.0]])
BOOK = np.array([0.5, 0.3, 0.2]) @ EXPOSURE


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """A run of 4096 trajectories, and its arrays in the precision of the store."""
    folder = tmp_path_factory.mktemp("portfolio") / "toy"
    meta = make_meta(n_trajectories=4096, unit=1024, sampler="sobol")
    arrays = make_arrays(meta)
    write_run(folder, meta, arrays)
    return folder, meta, {name: values.astype(np.float32) for name, values in arrays.items()}


@pytest.fixture(scope="module")
def found(toy):
    folder, _, _ = toy
    return analyze_portfolio(POSITIONS, read_accumulators(folder), Trajectories(folder))


def discounted(arrays):
    profit, revenue = arrays["cumulative"][2:].astype(np.float64)
    return profit, revenue


def test_shares_at_both_ends_are_ratios_of_means_over_all_hops(toy, found):
    _, meta, arrays = toy
    for name, field in (("revenue", "revenue_share"), ("profit", "profit_share")):
        rows = [meta.series.index(f"{name}.{hop}") for hop in meta.hops]
        for end, record in (("start", 0), ("horizon", -1)):
            means = arrays["series"][rows, record].astype(np.float64).mean(axis=-1)
            share = getattr(found.positions[1], field)[end]
            assert share.value == pytest.approx(EXPOSURE[1] @ means / means.sum(), rel=1e-6)
            assert 0 < share.standard_error < 0.1


def test_the_book_is_the_weighted_sum_of_its_positions(found):
    assert found.book.exposure == pytest.approx({"app": 0.06, "lab": 0.44, "chips": 0.5})
    for field in ("revenue_share", "profit_share"):
        for end in ("start", "horizon"):
            parts = [p.weight * getattr(p, field)[end].value for p in found.positions]
            assert getattr(found.book, field)[end].value == pytest.approx(sum(parts))


def test_shares_of_the_whole_run_are_taken_trajectory_by_trajectory(toy, found):
    profit, revenue = discounted(toy[2])
    for place, exposure in zip((found.book, *found.positions), (BOOK, *EXPOSURE), strict=True):
        profit_share = exposure @ profit / profit.sum(axis=0)
        revenue_share = exposure @ revenue / revenue.sum(axis=0)
        for level in (0.05, 0.5, 0.95):
            shown = place.discounted_profit_share.quantiles[level]
            assert shown.value == pytest.approx(np.quantile(profit_share, level))
            assert place.discounted_revenue_share.quantiles[level].value == pytest.approx(
                np.quantile(revenue_share, level)
            )
        assert place.beats.value == pytest.approx((profit_share > revenue_share).mean())
        assert place.advantage.mean.value == pytest.approx((profit_share - revenue_share).mean())
        assert place.profit.mean.value == pytest.approx((exposure @ profit).mean())


def test_a_shortfall_is_the_mean_of_the_worst_part(toy, found):
    book = np.sort(BOOK @ discounted(toy[2])[0])
    worst = (book[:40].sum() + 0.96 * book[40]) / 40.96  # 1% of 4096
    assert expected_shortfall(book, 0.01) == pytest.approx(worst)
    assert found.shortfall[0.05].value == pytest.approx(expected_shortfall(book, 0.05))
    assert found.shortfall[0.05].value < found.book.profit.quantiles[0.05].value


def test_the_whole_of_a_sample_has_its_mean_as_shortfall():
    assert expected_shortfall(np.array([3.0, 1.0, 2.0]), 1.0) == pytest.approx(2.0)
    assert expected_shortfall(np.array([3.0, 1.0, 2.0]), 0.5) == pytest.approx((1.0 + 0.5 * 2.0) / 1.5)


def test_a_tail_too_thin_for_its_groups_is_not_estimated(found):
    assert np.isnan(found.shortfall[0.01].value)
    assert "too few" in found.shortfall[0.01].reason


@pytest.mark.parametrize(
    ("estimate", "level"), [(estimate_quantile_of, 0.5), (estimate_shortfall_of, 0.05)], ids=["p50", "es"]
)
def test_stated_errors_are_those_that_estimates_have(estimate, level):
    """The mean squared stated error over 400 samples is the variance of the 400 estimates."""
    draws = np.random.default_rng(7).standard_normal((400, 3200))
    found = [estimate(sample, level) for sample in draws]
    values = np.array([one.value for one in found])
    stated = np.mean([one.standard_error**2 for one in found])
    # ln of a ratio of two variances: chi-square with 399 and about 400 x 15 degrees of freedom.
    error = np.sqrt(2 / 399 + 2 / 6000)
    assert_close_to(float(np.log(stated / values.var(ddof=1))), 0.0, error, detectable=0.4, n_checks=2)


def test_parts_by_hop_add_up_to_the_book(toy, found):
    profit, _ = discounted(toy[2])
    assert [part.hop for part in found.by_hop] == ["app", "lab", "chips"]
    assert sum(part.mean.value for part in found.by_hop) == pytest.approx(found.book.profit.mean.value)
    book = BOOK @ profit
    worst = np.argsort(book)[:204]
    assert sum(part.in_worst.value for part in found.by_hop) == pytest.approx(book[worst].mean())


def test_equal_hops_count_in_full_and_one_hop_counts_as_one(toy):
    folder, _, _ = toy
    accumulators, trajectories = read_accumulators(folder), Trajectories(folder)
    equal = Position("equal", 1.0, dict.fromkeys(("app", "lab", "chips"), 1 / 3))
    alone = Position("alone", 1.0, {"chips": 1.0})
    count = [
        analyze_portfolio([position], accumulators, trajectories).effective_hops
        for position in (equal, alone)
    ]
    assert count[0].value == pytest.approx(3.0, abs=0.01)
    assert (count[1].value, count[1].standard_error) == (1.0, 0.0)


def test_the_input_that_moves_the_book_is_found_with_its_part_of_the_variance(tmp_path):
    """Profit = 3 x first + noise: with x uniform, 9/12 of 9/12 + 0.25 of the variance is the first's."""
    meta = make_meta(n_trajectories=16384, unit=16384)
    arrays = make_arrays(meta)
    first, _ = arrays["parameters"]
    noise = np.random.default_rng(5).normal(0.0, 0.5, first.size)
    arrays["cumulative"][2] = 10.0 + 3.0 * first + noise
    write_run(tmp_path / "toy", meta, arrays)
    found = analyze_portfolio(
        [Position("all", 1.0, {"lab": 1.0})],
        read_accumulators(tmp_path / "toy"),
        Trajectories(tmp_path / "toy"),
    )
    strongest, other = found.by_driver
    assert (strongest.parameter, other.parameter) == meta.parameters
    # 16 bins see all but 1/256 of a uniform input's own variance.
    assert_close_to(
        strongest.variance.value, 0.75 * 255 / 256, strongest.variance.standard_error,
        detectable=0.05, n_checks=4,
    )  # fmt: skip
    assert_close_to(other.variance.value, 0.0, other.variance.standard_error, detectable=0.05, n_checks=4)
    for shown, expected in ((strongest.low, 10.3), (strongest.high, 12.7)):
        assert_close_to(shown.value, expected, shown.standard_error, detectable=0.15, n_checks=4)


def test_too_few_trajectories_name_no_driver(tmp_path):
    write_run(tmp_path / "toy", make_meta())
    found = analyze_portfolio(POSITIONS, read_accumulators(tmp_path / "toy"), Trajectories(tmp_path / "toy"))
    assert (found.by_driver, found.n_driver) == ((), 0)


def test_a_chain_without_profit_has_no_profit_share_and_says_in_how_many_trajectories(tmp_path):
    meta = make_meta(n_trajectories=1600, unit=1600)
    arrays = make_arrays(meta)
    arrays["cumulative"][2, :, :400] = -1.0
    write_run(tmp_path / "toy", meta, arrays)
    found = analyze_portfolio(POSITIONS, read_accumulators(tmp_path / "toy"), Trajectories(tmp_path / "toy"))
    profit, revenue = arrays["cumulative"][2:].astype(np.float32).astype(np.float64)
    is_defined = profit.sum(axis=0) > 0
    beats = (profit[2] / profit.sum(axis=0) > revenue[2] / revenue.sum(axis=0))[is_defined].mean()
    assert found.undefined == pytest.approx(1.0 - is_defined.mean())
    assert found.undefined >= 0.25
    assert found.positions[0].beats.value == pytest.approx(beats)


def test_a_price_is_weighed_against_what_the_hop_earns(toy, found):
    _, meta, arrays = toy
    profit, _ = discounted(arrays)
    today = arrays["series"][meta.series.index("revenue.lab"), 0].astype(np.float64).mean()
    multiple = found.positions[2].multiple
    assert multiple.paid == pytest.approx(10.0)
    assert multiple.earned.quantiles[0.5].value == pytest.approx(np.median(profit[1]) / today, rel=1e-6)
    assert multiple.probability.value == pytest.approx((profit[1] / today >= 10.0).mean())
    assert multiple.share_of_hops == pytest.approx(30.0 / today, rel=1e-6)
    assert found.positions[0].multiple is None


def test_a_run_that_kept_only_its_summary_gives_the_maps_and_says_what_is_missing(tmp_path):
    write_run(tmp_path / "toy", make_meta(keep="summary"))
    found = analyze_portfolio(POSITIONS, read_accumulators(tmp_path / "toy"), Trajectories(tmp_path / "toy"))
    assert np.isfinite(found.book.revenue_share["horizon"].value)
    assert found.book.profit is None and found.shortfall is None
    assert "--keep outcomes" in found.missing


def test_a_hop_that_the_run_lacks_and_an_empty_book_are_refused(toy):
    folder, _, _ = toy
    accumulators, trajectories = read_accumulators(folder), Trajectories(folder)
    with pytest.raises(UsageError, match=r"no hop grid, .*It has app, lab, chips"):
        analyze_portfolio([Position("grid", 1.0, {"grid": 1.0})], accumulators, trajectories)
    with pytest.raises(UsageError, match=r"no positions. Add \[portfolio.position"):
        analyze_portfolio([], accumulators, trajectories)


def test_an_input_that_only_goes_along_with_another_within_each_scramble_moves_nothing(tmp_path):
    """Points of one scramble tie inputs to each other; across the sixteen the ties differ."""
    meta = make_meta(n_trajectories=16384, unit=16384, sampler="sobol")
    arrays = make_arrays(meta)
    first = arrays["parameters"][0]
    shift = np.random.default_rng(11).uniform(size=16)
    arrays["parameters"][1] = (first + shift[np.arange(first.size) % 16]) % 1.0
    arrays["cumulative"][2] = 10.0 + first
    write_run(tmp_path / "toy", meta, arrays)
    found = analyze_portfolio(
        [Position("all", 1.0, {"lab": 1.0})],
        read_accumulators(tmp_path / "toy"),
        Trajectories(tmp_path / "toy"),
    )
    second = next(driver for driver in found.by_driver if driver.parameter == meta.parameters[1])
    assert_close_to(second.variance.value, 0.0, second.variance.standard_error, detectable=0.5)
    assert second.variance.value < 0.2
