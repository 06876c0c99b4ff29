"""What is kept of a run agrees with itself: sums, histograms, outcomes, paths and events."""

import numpy as np
import pytest

from engine_runs import different
from sandwich_sim.results.dataset import open_run, read_accumulators, read_meta, series_of
from sandwich_sim.results.estimate import estimate_mean
from sandwich_sim.results.histogram import N_EXTRA, estimate_quantiles, quantile, to_axis
from sandwich_sim.results.layout import fine_series
from sandwich_sim.sampling import draw
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.simulation import run, simulate
from sandwich_sim.studies.recompute import trace
from sandwich_sim.variables import PER_HOP, PER_STEP, QUANTILES, VARIABLES

N = 1040
"""A short last block; 65 trajectories a scramble."""
SEED = 31
KEEPS = ("summary", "outcomes", "paths")


@pytest.fixture(scope="module")
def spec():
    return load_scenario("base")


@pytest.fixture(scope="module")
def folders(spec, tmp_path_factory):
    root = tmp_path_factory.mktemp("keep")
    return {
        keep: run(spec, output=root / keep, trajectories=N, seed=SEED, keep=keep, threads=2).folder
        for keep in KEEPS
    }


@pytest.fixture(scope="module")
def sums(folders):
    return read_accumulators(folders["paths"])


@pytest.fixture(scope="module")
def paths(folders):
    with open_run(folders["paths"]) as dataset:
        return dataset.load()


@pytest.fixture(scope="module")
def outcomes(folders):
    with open_run(folders["outcomes"]) as dataset:
        return dataset.load()


@pytest.fixture(scope="module")
def exact(spec):
    """The same trajectories in float64."""
    return trace(spec, trajectories=N, seed=SEED, sampler="sobol")


@pytest.fixture(scope="module")
def memory(spec):
    with pytest.warns(UserWarning, match="1024 or 2048 rather than 1040"):
        return simulate(spec, trajectories=N, seed=SEED, keep="paths")


@pytest.mark.parametrize("keep", ["summary", "outcomes"])
def test_what_is_kept_does_not_change_sums_and_counts(folders, sums, keep):
    assert different(read_accumulators(folders[keep]), sums) == []


def test_what_is_kept_does_not_change_the_summary(folders, paths, outcomes):
    with open_run(folders["summary"]) as summary:
        for dataset in (outcomes, paths):
            assert set(summary.data_vars) <= set(dataset.data_vars)
            for name in summary.data_vars:
                np.testing.assert_array_equal(summary[name], dataset[name], err_msg=name)


def test_yearly_series_are_the_paths_at_the_records_of_each_year(spec, outcomes, paths):
    for name in spec.run.keep_series:
        yearly, full = outcomes[name].values, paths[name].values[..., ::4, :]
        assert yearly.dtype == np.float32
        assert yearly.tobytes() == np.ascontiguousarray(full).tobytes(), name
    np.testing.assert_array_equal(outcomes["year_date"], paths["time"][::4])


def test_outcomes_and_paths_hold_the_same_numbers_of_each_trajectory(spec, outcomes, paths):
    shared = [name for name in outcomes.data_vars if "trajectory" in outcomes[name].dims]
    shared = [name for name in shared if name not in spec.run.keep_series]
    assert {"parameters", "cumulative_profit", "event_time", "event_flag", "scramble"} <= set(shared)
    for name in shared:
        assert outcomes[name].values.tobytes() == paths[name].values.tobytes(), name


@pytest.mark.parametrize("sampler", ["random", "latin-hypercube", "sobol"])
def test_stored_parameters_are_those_that_the_sampler_draws(spec, tmp_path, sampler):
    result = run(spec, output=tmp_path / "run", trajectories=48, seed=2, sampler=sampler)
    drawn = draw(spec, spec.drawn, np.arange(48), seed=2, sampler=sampler, trajectories=48)
    with open_run(result.folder) as dataset:
        assert tuple(dataset["parameter"].values) == spec.drawn
        assert dataset["parameters"].values.tobytes() == drawn.astype(np.float32).tobytes()


def test_paths_are_rounded_from_what_memory_holds(paths, memory, exact):
    for variable in PER_HOP + PER_STEP:
        held = memory[variable.name].values
        assert held.dtype == np.float64
        assert held.astype(np.float32).tobytes() == paths[variable.name].values.tobytes(), variable.name
        traced = exact.series[variable.name]
        np.testing.assert_array_equal(np.moveaxis(held, 0, 1) if variable.per_hop else held, traced)


def test_cumulative_sums_leave_the_last_record_out(spec, exact, paths):
    dt = 1.0 / spec.steps_per_year
    time = np.arange(spec.n_record - 1) * dt
    discount = np.exp(-exact.parameters["compute_cost.capital_cost"] * time[:, None])
    for name in ("profit", "revenue"):
        flows = exact.series[name][:-1] * dt
        scale = np.abs(flows).sum(axis=0)
        for stored, weight in ((f"cumulative_{name}", 1.0), (f"discounted_{name}", discount[:, None])):
            expected = (flows * weight).sum(axis=0)
            assert np.abs(exact.cumulative[stored] - expected).max() <= 1e-13 * scale.max()
            assert (np.abs(exact.cumulative[stored] - expected) <= 1e-12 * scale).all()
            assert exact.cumulative[stored].astype(np.float32).tobytes() == paths[stored].values.tobytes()


def test_events_of_each_trajectory_are_those_that_are_counted(spec, sums, outcomes):
    time, flag = outcomes["event_time"].values, outcomes["event_flag"].values
    scramble = outcomes["scramble"].values
    np.testing.assert_array_equal(scramble, np.arange(N) % 16)
    np.testing.assert_array_equal(flag, ~np.isnan(time))
    assert flag.any(axis=1).sum() >= 3  # of the four events of base
    happened = time[flag]
    np.testing.assert_array_equal(happened * 4, np.round(happened * 4))
    assert happened.max() <= spec.years
    counted = np.zeros_like(sums["event_count"])
    for event in range(len(spec.events)):
        for trajectory in np.flatnonzero(flag[event]):
            counted[scramble[trajectory], event, int(np.ceil(time[event, trajectory]))] += 1
    np.testing.assert_array_equal(sums["event_count"], counted)
    np.testing.assert_array_equal(sums["event_total"], counted.sum(axis=-1))
    np.testing.assert_allclose(outcomes["event_probability"][:, -1], flag.mean(axis=1), rtol=1e-14)
    by_2031 = (time <= 5.0).mean(axis=1)
    np.testing.assert_allclose(outcomes["event_probability"].sel(year=2031), by_2031, rtol=1e-14)


def test_sums_are_those_of_the_values_by_scramble(memory, sums, folders):
    meta = read_meta(folders["paths"])
    np.testing.assert_array_equal(sums["count"], [65] * 16)
    missing = np.isnan(memory["profit_share"].values[0])
    for scramble in range(16):
        np.testing.assert_array_equal(sums["undefined"][scramble], missing[:, scramble::16].sum(axis=-1))
        for row, name in enumerate(meta.series):
            values = series_of(memory, name).values[:, scramble::16]
            values = np.where(np.isnan(values), 0.0, values)
            scale = np.maximum(np.abs(values).sum(axis=-1), 1e-300)
            far = np.abs(sums["total"][scramble, :, row] - values.sum(axis=-1)) / scale
            assert far.max() <= 1e-14, name
            far = np.abs(sums["square"][scramble, :, row] - (values**2).sum(axis=-1))
            assert (far <= 1e-14 * (values**2).sum(axis=-1)).all(), name


def test_means_are_those_of_the_values(memory):
    for name in (variable.name for variable in PER_HOP + PER_STEP):
        values = memory[name].values
        mean, size = np.nanmean(values, axis=-1), np.nanmean(np.abs(values), axis=-1)
        assert (np.abs(memory[f"{name}_mean"].values - mean) <= 1e-12 * size).all(), name


def test_standard_errors_are_those_across_scrambles(memory):
    for name in ("margin", "profit", "capex", "gap"):
        scrambles = np.stack([memory[name].values[..., r::16].mean(axis=-1) for r in range(16)])
        expected = scrambles.std(axis=0, ddof=1) / 4.0
        np.testing.assert_allclose(memory[f"{name}_standard_error"], expected, rtol=1e-7, atol=1e-15)


def test_standard_errors_of_random_trajectories_are_those_of_one_sample(spec):
    dataset = simulate(spec, trajectories=N, seed=SEED, keep="paths", sampler="random")
    for name in ("margin", "profit", "capex", "gap"):
        values = dataset[name].values
        expected = values.std(axis=-1, ddof=1) / np.sqrt(N)
        np.testing.assert_allclose(dataset[f"{name}_standard_error"], expected, rtol=1e-7, atol=1e-15)


@pytest.mark.parametrize("end", [0, 1])
def test_quantiles_of_the_table_lie_within_their_stated_error(memory, sums, folders, end):
    names = fine_series(read_meta(folders["paths"]).hops)
    errors = []
    for row, name in enumerate(names):
        variable = VARIABLES[name.partition(".")[0]]
        axis = (variable.low, variable.high, variable.scale)
        counts = sums["fine"][:, row, end]
        values = series_of(memory, name).values[-end]
        values = values[~np.isnan(values)]
        assert counts.sum() == N
        assert counts[:, -1].sum() == N - values.size
        if np.ptp(values) == 0.0:
            continue
        exact = np.quantile(values, QUANTILES, method="inverted_cdf")
        found, bound = quantile(counts.sum(axis=0), *axis, QUANTILES)
        inside = ~np.isnan(found)
        assert (np.abs(found - exact)[inside] <= bound[inside] * (1.0 + 1e-9)).all(), name
        estimate = estimate_quantiles(counts, *axis, QUANTILES, is_replicated=True)
        known = estimate.code == 0
        # Values within a bucket lie as chance has it, for which the stated error need not stand.
        place = (to_axis(found, axis[2]) - axis[0]) / (axis[1] - axis[0]) * (counts.shape[-1] - N_EXTRA)
        chance = bound / np.sqrt(counts.sum(axis=0)[np.where(known, place, 0.0).astype(int)])
        stated = np.hypot(estimate.interpolation_error, chance)
        errors.extend((np.abs(estimate.value - exact) / stated)[known])
        assert (estimate.standard_error >= estimate.interpolation_error)[known].all()
    assert len(errors) > 20
    assert np.mean(np.array(errors) <= 1.0) > 0.9
    assert max(errors) <= 2.5


def test_fans_lie_within_a_bucket_of_the_exact_quantiles(spec, memory, sums, folders):
    meta = read_meta(folders["paths"])
    assert {name.partition(".")[0] for name in meta.fans} == set(spec.run.fans)
    for row, name in enumerate(meta.fans):
        variable = VARIABLES[name.partition(".")[0]]
        axis = (variable.low, variable.high, variable.scale)
        values = series_of(memory, name).values
        found, bound = quantile(sums["fan"][row], *axis, meta.quantiles)
        exact = np.quantile(values, meta.quantiles, axis=-1, method="inverted_cdf")
        inside = ~np.isnan(found)
        assert inside.mean() > 0.9, name
        assert (np.abs(found - exact)[inside] <= bound[inside] * (1.0 + 1e-9)).all(), name
        np.testing.assert_array_equal(sums["fan"][row].sum(axis=-1), N)


def test_the_printed_table_is_made_of_these_sums(memory, sums, folders, spec):
    result = run(spec, output=folders["paths"], trajectories=N, seed=SEED, keep="paths")
    assert result.reused
    meta = read_meta(folders["paths"])
    count = np.broadcast_to(sums["count"][:, None, None], sums["total"].shape)
    mean, error = estimate_mean(sums["total"], sums["square"], count, is_replicated=True)
    for hop in result.summary.hops:
        for end, record in (("start", 0), ("horizon", -1)):
            row = meta.series.index(f"dollar_profit.{hop.hop}")
            shown = hop.cents_kept[end].mean
            assert shown.value == pytest.approx(100.0 * mean[record, row], rel=1e-14)
            assert shown.standard_error == pytest.approx(100.0 * error[record, row], rel=1e-12, abs=1e-18)
            cents = 100.0 * series_of(memory, f"dollar_profit.{hop.hop}").values[record]
            assert shown.value == pytest.approx(cents.mean(), rel=1e-12, abs=1e-12)
