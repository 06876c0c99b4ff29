"""A sweep gives at each point what a run there gives, and surer differences than values."""

import numpy as np
import pytest
import xarray as xr

from sandwich_sim.errors import UsageError
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.studies.paired import paired_outcomes
from sandwich_sim.studies.sweep import plan_sweep, run_sweep
from sandwich_sim.studies.sweep_files import check_target, save_dataset

N = 512
METRIC = "cents_kept.lab @ horizon"
GRID = ["open_source.catch_up_speed=0.8:1.4:4", "lab.reinvestment=0.3,0.6,0.9"]


@pytest.fixture(scope="module")
def sweep() -> xr.Dataset:
    plan = plan_sweep(
        "base", GRID, metrics=[METRIC, "thesis_falsified"], frontiers=["thesis_falsified=80%"], trajectories=N
    )
    return run_sweep(plan)


def test_dimensions_are_those_of_the_grid(sweep):
    assert dict(sweep["value"].sizes) == {"statistic": 5, "catch_up_speed": 4, "reinvestment": 3}
    np.testing.assert_allclose(sweep["catch_up_speed"], [0.8, 1.0, 1.2, 1.4])
    assert sweep["catch_up_speed"].attrs["parameter"] == "open_source.catch_up_speed"
    assert sweep["catch_up_speed"].attrs["units"] == "months/month"


@pytest.mark.parametrize(("speed", "part"), [(0.8, 0.3), (1.4, 0.6)])
def test_a_point_is_what_a_run_there_gives(sweep, speed, part):
    spec = load_scenario("base", [f"open_source.catch_up_speed={speed}", f"lab.reinvestment={part}"])
    alone = paired_outcomes(
        [spec], [METRIC], trajectories=N, seed=spec.run.seed, sampler="sobol", dtype=np.float64
    ).values[0][0]
    point = sweep["value"].sel(catch_up_speed=speed, reinvestment=part)
    assert float(point.sel(statistic=f"mean({METRIC})")) == pytest.approx(alone.mean(), rel=1e-12)
    assert float(point.sel(statistic=f"p95({METRIC})")) == pytest.approx(np.quantile(alone, 0.95), rel=1e-12)


def test_the_reference_is_the_scenario_as_it_is(sweep):
    spec = load_scenario("base")
    alone = paired_outcomes(
        [spec], [METRIC], trajectories=N, seed=spec.run.seed, sampler="sobol", dtype=np.float64
    ).values[0][0]
    assert float(sweep["reference"].sel(statistic=f"mean({METRIC})")) == pytest.approx(
        alone.mean(), rel=1e-12
    )
    shift = sweep["value"] - sweep["reference"]
    np.testing.assert_allclose(shift.to_numpy(), sweep["difference"].to_numpy(), atol=1e-12)


def test_errors_are_those_of_the_scrambles(sweep):
    groups = sweep["by_scramble"]
    np.testing.assert_allclose(
        sweep["standard_error"].to_numpy(), groups.std("scramble", ddof=1).to_numpy() / 4.0, rtol=1e-12
    )
    whole = groups.mean("scramble").sel(statistic=f"mean({METRIC})")
    np.testing.assert_allclose(whole, sweep["value"].sel(statistic=f"mean({METRIC})"), rtol=1e-9)


def test_differences_between_points_are_surer_than_their_values(sweep):
    # Neighbors share their random numbers, so what errs at one point errs alike at the next.
    groups = sweep["by_scramble"].sel(statistic=f"mean({METRIC})")
    apart = groups.diff("reinvestment").std("scramble", ddof=1) / 4.0
    values = sweep["standard_error"].sel(statistic=f"mean({METRIC})").isel(reinvestment=slice(1, None))
    assert float((apart / values.to_numpy()).median()) < 0.5


def test_the_frontier_lies_where_the_probability_crosses_the_level(sweep):
    place = sweep["frontier_1_along_catch_up_speed"]
    assert place.dims == ("reinvestment",)
    assert place.attrs["level"] == 0.8
    probability = sweep["value"].sel(statistic="P(thesis_falsified)")
    for part in sweep["reinvestment"].values:
        at = float(place.sel(reinvestment=part))
        line = probability.sel(reinvestment=part)
        if np.isnan(at):
            assert (line > 0.8).all() or (line < 0.8).all()
        else:
            assert float(line.interp(catch_up_speed=at)) == pytest.approx(0.8, abs=1e-9)
    assert sweep["frontier_1_along_reinvestment"].dims == ("catch_up_speed",)


@pytest.mark.parametrize("ending", [".nc", ".zarr"])
def test_a_sweep_comes_back_from_its_file(sweep, tmp_path, ending):
    path = tmp_path / f"sweep{ending}"
    save_dataset(sweep, path)
    save_dataset(sweep, path)  # over itself
    again = xr.open_dataset(path) if ending == ".nc" else xr.open_zarr(path)
    with again:
        xr.testing.assert_equal(again.load(), sweep)
        assert again["catch_up_speed"].attrs == sweep["catch_up_speed"].attrs
        assert again.attrs["seed"] == sweep.attrs["seed"]
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("name", "message"),
    [("a.csv", "ends neither in"), ("there.nc", "is there already"), ("no/a.nc", "no such folder")],
)
def test_a_file_that_cannot_be_written_is_refused_before_the_work(tmp_path, name, message):
    (tmp_path / "there.nc").write_bytes(b"")
    with pytest.raises(UsageError, match=message):
        check_target(tmp_path / name, force=False)


def test_words_and_distributions_can_be_swept():
    plan = plan_sweep(
        "base",
        ['open_source.gap=2,{dist="uniform", low=1, high=3}'],
        metrics=["mean(gap @ 2027-07)"],
        trajectories=64,
    )
    found = run_sweep(plan)
    assert list(found["gap"].values) == ["2", '{dist="uniform", low=1, high=3}']
    assert np.isfinite(found["value"]).all()


def test_a_frontier_needs_numbers_to_be_crossed_between():
    plan = plan_sweep(
        "base",
        ['open_source.gap=2,{dist="uniform", low=1, high=3}'],
        frontiers=["thesis_falsified=0.5"],
        trajectories=16,
    )
    with pytest.raises(UsageError, match="needs an axis of two numbers"):
        run_sweep(plan)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"grid": []}, "nothing to sweep"),
        ({"frontiers": ["thesis_falsified"]}, "Write STATISTIC=LEVEL"),
        ({"frontiers": ["thesis_falsified=often"]}, "Write STATISTIC=LEVEL"),
        ({"frontiers": ["thesis_falsifed=0.5"]}, "thesis_falsified"),
        ({"metrics": ["margin.chip @ 2030"]}, "chips"),
    ],
)
def test_requests_that_make_no_sense_are_refused_before_anything_runs(options, message):
    with pytest.raises(UsageError, match=message):
        plan_sweep("base", **{"grid": GRID, **options})


def test_every_point_uses_the_dimensions_of_all_of_them():
    plan = plan_sweep("base", ['open_source.gap_vol=1.5,{dist="uniform", low=1, high=2}'])
    assert plan.slots[-1] == "open_source.gap_vol"  # uncertain at one point only
    assert plan.n_simulation == 3
    assert plan.trajectories == 65_536


def test_outcomes_are_named_as_in_comparing():
    plan = plan_sweep("base", ["open_source.gap=1,2"], metrics=["gap", "profit_share"], trajectories=64)
    names = [statistic.name for statistic in plan.statistics]
    assert names[0] == "mean(gap @ horizon)"
    assert [name for name in names if name.startswith("mean(profit_share")] == [
        f"mean(profit_share.{hop} @ horizon)" for hop in plan.reference.hop_names
    ]


def test_a_value_that_drops_a_correlation_is_told():
    plan = plan_sweep("base", ["token_price.deflation=1.0,1.2"], trajectories=64)
    assert any("token_price.deflation" in note and "is dropped" in note for note in plan.notes)
