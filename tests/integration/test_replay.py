"""Any trajectory of any run comes back from seed and index with the bits that the run stores."""

import json
import shutil

import numpy as np
import pytest

from sandwich_sim.errors import IntegrityError, UsageError
from sandwich_sim.results.dataset import open_run, series_of
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.simulation import run
from sandwich_sim.studies.recompute import trace
from sandwich_sim.studies.replay import Replay, replay
from sandwich_sim.studies.replay_check import check_stored
from sandwich_sim.studies.replay_tails import find_tail, replay_tails
from small_runs import FOURTEEN_HOPS

N = 272 + 5
SEED = 11
KEEPS = ("summary", "outcomes", "paths")
SAMPLERS = ("random", "latin-hypercube", "sobol")
INDICES = (0, 17, 255, 276)
N_TAIL = 13  # a twentieth of N


class Runs(dict):
    """Folders of runs with the same options by what they kept; each is made when it is first asked for."""

    def __init__(self, root, scenario, **options):
        super().__init__()
        self.root, self.scenario, self.options = root, scenario, options

    def __missing__(self, keep):
        spec = load_scenario(self.scenario)
        made = run(spec, output=self.root / keep, trajectories=N, seed=SEED, keep=keep, **self.options)
        self[keep] = made.folder
        return made.folder


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Runs by sampler, scenario and whether there are shocks."""
    made = {}

    def make(sampler, scenario="base", shocks=True):
        key = sampler, scenario, shocks
        if key not in made:
            made[key] = Runs(tmp_path_factory.mktemp("replay"), scenario, sampler=sampler, shocks=shocks)
        return made[key]

    return make


@pytest.fixture(scope="module")
def opened(stored):
    """Runs by sampler and keep, opened once for all tests."""
    made = {}

    def of(sampler, keep):
        if (sampler, keep) not in made:
            made[sampler, keep] = Replay(stored(sampler)[keep])
        return made[sampler, keep]

    return of


@pytest.fixture(scope="module")
def expected(stored):
    """What a run of paths stores, by name; read once for each sampler."""
    read = {}

    def of(sampler):
        if sampler not in read:
            with open_run(stored(sampler)["paths"]) as paths:
                read[sampler] = {
                    str(name): array.transpose("hop", ..., "trajectory").values
                    if "hop" in array.dims
                    else array.values
                    for name, array in paths.data_vars.items()
                    if "trajectory" in array.dims
                }
        return read[sampler]

    return of


def same_bits(found, expected):
    return np.asarray(found, dtype=expected.dtype).tobytes() == expected.tobytes()


@pytest.mark.parametrize("keep", KEEPS)
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_replayed_trajectory_has_the_bits_that_a_run_of_paths_stores(opened, expected, sampler, keep):
    replayed, paths = opened(sampler, keep), expected(sampler)
    hops = replayed.meta.hops
    for index in INDICES:
        found = replayed.trajectory(index)
        assert same_bits(found.drawn, paths["parameters"][:, index])
        assert len(found.series) == len(replayed.meta.series)
        for name, values in found.series.items():
            base, _, hop = name.partition(".")
            whole = paths[base][hops.index(hop)] if hop else paths[base]
            assert same_bits(values, whole[:, index]), name
        for name in ("cumulative_profit", "discounted_revenue"):
            values = [found.cumulative[f"{name}.{hop}"] for hop in hops]
            assert same_bits(values, paths[name][:, index])
        assert same_bits(list(found.event_time.values()), paths["event_time"][:, index])


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_stored_number_of_every_kind_of_run_is_compared(stored, sampler):
    in_tails = {}
    for keep in KEEPS:
        opened = Replay(stored(sampler)[keep])
        tails = opened.accumulators["tail_index"]
        kept = sum(
            array.chunk_bytes > 0 and int(np.prod(array.shape[:-1])) for array in opened.layout.trajectories
        )
        compared = [
            check_stored(
                opened.stored, opened.layout, opened.accumulators, index, opened.trajectory(index).outcomes
            )
            for index in INDICES
        ]
        in_tails[keep] = [int(np.count_nonzero(tails == index)) for index in INDICES]
        assert compared == [n + kept for n in in_tails[keep]]
    assert in_tails["summary"] == in_tails["outcomes"] == in_tails["paths"]
    assert sum(in_tails["summary"]) > 0


@pytest.mark.nightly
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_thousand_trajectories_alone_have_the_bits_of_the_run(tmp_path, sampler):
    n = 4096 + 5
    folder = run(load_scenario("base"), output=tmp_path / "run", trajectories=n, sampler=sampler).folder
    opened = Replay(folder)
    for index in np.random.default_rng(1).choice(n, 1000, replace=False).tolist():
        found = opened.trajectory(index)
        assert check_stored(opened.stored, opened.layout, opened.accumulators, index, found.outcomes) > 400


@pytest.mark.parametrize("keep", KEEPS)
def test_one_wrong_bit_of_what_is_stored_is_refused(stored, keep):
    opened = Replay(stored("sobol")[keep])
    index = int(opened.accumulators["tail_index"][0, 1, 0, 0])
    found = opened.trajectory(index).outcomes
    value = found["cumulative"][0, 1, 0].astype(np.float32)
    found["cumulative"][0, 1, 0] = np.nextafter(value, np.float32(np.inf))
    with pytest.raises(IntegrityError, match=f"of trajectory {index} is .* as stored and .* as computed"):
        check_stored(opened.stored, opened.layout, opened.accumulators, index, found)


def test_a_replayed_trajectory_is_the_one_that_a_trace_shows(stored):
    spec = load_scenario("base")
    whole = trace(spec, trajectories=N, seed=SEED, sampler="sobol")
    opened = Replay(stored("sobol")["summary"])
    for index in (3, 276):
        found = opened.trajectory(index)
        assert found.parameters == {name: values[index] for name, values in whole.parameters.items()}
        assert set(found.shocks) == set(whole.shocks)
        for name, steps in whole.shocks.items():
            np.testing.assert_array_equal(found.shocks[name], steps[:, index])


def test_releases_and_leaps_are_those_that_were_drawn(stored):
    opened = Replay(stored("sobol")["summary"])
    story, found = opened.story(5), opened.trajectory(5)
    for kind, name in (("leap", "shock.leap"), ("release", "shock.release")):
        steps = np.flatnonzero(found.shocks[name])
        assert [each.record for each in story.happenings if each.kind == kind] == (steps + 1).tolist()
        assert [each.total for each in story.luck if each.name == name] == [found.shocks[name].sum()]
    assert all(story.dates[each.record] == each.when for each in story.happenings)


def test_events_are_those_of_the_run(stored):
    with open_run(stored("sobol")["outcomes"]) as outcomes:
        flags = outcomes["event_flag"].values
        index = int(np.flatnonzero(flags.any(axis=0) & ~flags.all(axis=0))[0])
        story = replay(stored("sobol")["outcomes"], index)
        assert [each.when is not None for each in story.events] == flags[:, index].tolist()
        assert [each.probability for each in story.events] == pytest.approx(
            outcomes["event_total_probability"].values.tolist()
        )
    for each in story.events:
        assert (each.record >= 0) == (each.when is not None)
        assert each.when is None or 0.0 < each.by_then <= each.probability


def test_sums_are_ranked_among_all_trajectories_where_the_run_kept_them(stored):
    with open_run(stored("random")["outcomes"]) as outcomes:
        profit = outcomes["cumulative_profit"].values
    story = replay(stored("random")["outcomes"], 42)
    told = [each for each in story.standings if each.name.startswith("cumulative_profit.")]
    assert [each.lower for each in told] == (profit < profit[:, 42:43]).sum(axis=1).tolist()
    assert {each.n for each in told} == {N}


def test_a_summary_run_ranks_what_lies_in_its_tails_and_says_so_of_the_rest(stored):
    with open_run(stored("random")["outcomes"]) as outcomes:
        profit = outcomes["cumulative_profit"].values
    opened = Replay(stored("random")["summary"])
    order = np.argsort(profit[1])
    for place in (0, 31, 32, N // 2, N - 33, N - 32, N - 1):
        story = opened.story(int(order[place]))
        lab = next(each for each in story.standings if each.name == "cumulative_profit.lab")
        assert lab.lower == (place if place < 32 or place >= N - 32 else None)


def test_a_series_is_ranked_by_the_fan_of_the_run(stored):
    with open_run(stored("sobol")["paths"]) as paths:
        story = replay(stored("sobol")["summary"], 100)
        for name in ("gap", "margin.lab", "all_in_margin"):
            values = series_of(paths, name).values
            exact = (values < values[:, 100:101]).mean(axis=1)
            # One bucket of the fan holds at most so many of the trajectories, but at the start.
            np.testing.assert_allclose(story.series[name].rank[4:], exact[4:], atol=0.08)
        assert np.isnan(story.series["spend"].rank).all()


def test_without_shocks_there_is_no_luck_and_nothing_jumps(stored):
    story = replay(stored("sobol", shocks=False)["outcomes"], 7)
    assert story.luck == ()
    assert not [each for each in story.happenings if each.kind in ("leap", "release")]
    assert story.compared > 400


def test_the_story_of_another_chain_is_told_by_its_own_hops(stored):
    folder = stored("sobol", scenario=FOURTEEN_HOPS)["summary"]
    story = replay(folder, 12)
    spec = load_scenario(FOURTEEN_HOPS)
    assert len(story.standings) == 2 * 14
    assert set(story.hops) < set(spec.hop_names)
    hop = spec.hop_names[-1]
    assert list(replay(folder, 12, [hop]).hops) == [hop]


@pytest.mark.parametrize("end", ["lowest", "highest"])
@pytest.mark.parametrize("keep", KEEPS)
def test_the_tail_of_a_sum_is_the_same_whatever_the_run_kept(stored, opened, keep, end):
    with open_run(stored("random")["outcomes"]) as outcomes:
        values = outcomes["discounted_profit"].sel(hop="chips").values
    tail = find_tail(opened("random", keep), "discounted_profit.chips", 5, end)
    order = np.argsort(values if end == "lowest" else -values, kind="stable")[:N_TAIL]
    assert tail.trajectories.tolist() == order.tolist()
    assert tail.values.astype(np.float32).tobytes() == values[order].tobytes()
    assert tail.n == N


@pytest.mark.parametrize(
    ("keep", "outcome"),
    [
        ("outcomes", "margin.lab @ 2030-07"),
        ("outcomes", "gap @ horizon"),
        ("paths", "margin.lab @ 2030-10"),
        ("paths", "tightness.chips @ 2029-01"),
    ],
)
@pytest.mark.parametrize("end", ["lowest", "highest"])
def test_the_tail_of_a_series_is_that_of_all_stored_values(stored, opened, keep, outcome, end):
    tail = find_tail(opened("sobol", keep), outcome, 20, end)
    with open_run(stored("sobol")["paths"]) as paths:
        values = series_of(paths, tail.metric.series).values[tail.metric.record]
    order = np.argsort(values if end == "lowest" else -values, kind="stable")[:20]
    assert tail.trajectories.tolist() == order.tolist()
    assert tail.values.astype(np.float32).tobytes() == values[order].tobytes()


def test_the_earliest_of_an_event_leaves_out_where_it_never_comes(stored, opened):
    with open_run(stored("sobol")["outcomes"]) as outcomes:
        time = outcomes["event_time"].sel(event="umbrella_closed").values
    tail = find_tail(opened("sobol", "outcomes"), "event_time.umbrella_closed", 256, "lowest")
    assert tail.n == np.count_nonzero(~np.isnan(time)) < N
    assert tail.trajectories.size == min(256, tail.n)
    assert (np.diff(tail.values) >= 0.0).all()


def test_cents_are_told_in_cents(stored):
    opened = Replay(stored("sobol")["outcomes"])
    cents = find_tail(opened, "cents_kept.lab @ horizon", 3, "highest")
    parts = find_tail(opened, "dollar_profit.lab @ horizon", 3, "highest")
    np.testing.assert_allclose(cents.values, 100.0 * parts.values)


def test_profit_without_a_date_is_its_sum_over_the_run(stored):
    opened = Replay(stored("sobol")["summary"])
    short = find_tail(opened, "profit.lab", 3, "lowest")
    assert short.metric.name == "cumulative_profit.lab"
    assert short.trajectories.tolist() == opened.accumulators["tail_index"][0, 1, 0, :N_TAIL].tolist()


@pytest.mark.parametrize(
    ("keep", "outcome", "top", "message"),
    [
        ("summary", "margin.lab @ 2030-07", 5, "sums over the run alone .* --keep outcomes"),
        ("summary", "margin.lab @ 2030-10", 5, "--keep paths"),
        ("summary", "tightness.lab @ 2030-07", 5, r'"tightness" in \[run\] keep_series'),
        ("summary", "profit.lab", 33, "the 32 lowest and highest, and 33 are asked for"),
        ("outcomes", "tightness.lab @ 2030-07", 5, "did not keep tightness.lab"),
        ("outcomes", "margin.lab @ 2030-10", 5, "--keep paths"),
        ("outcomes", "thesis_falsified", 5, "Ask for event_time.thesis_falsified"),
        ("outcomes", "profit.lbb", 5, 'Did you mean "lab"'),
        ("outcomes", "profit.lab", 257, "ask for 1 to 256"),
        ("outcomes", "profit.lab", 0, "ask for 1 to 256"),
    ],
)
def test_what_a_run_cannot_say_is_refused_with_what_to_do(opened, keep, outcome, top, message):
    with pytest.raises(UsageError, match=message):
        find_tail(opened("sobol", keep), outcome, top, "lowest")


def test_a_tail_tells_each_trajectory_and_what_they_share(stored):
    tail = replay_tails(stored("sobol")["summary"], "profit.lab", top=3, end="highest")
    assert [story.trajectory for story in tail.stories] == list(tail.trajectories)
    assert (len(tail.stories), tail.n_shared) == (3, N_TAIL)
    assert all("lab" in story.hops for story in tail.stories)
    # What sells most is demand that grows fast; a tail of 13 in 277 shows at least that.
    assert "demand.app.growth" in [each.name for each in tail.shared]
    assert all(abs(each.significance) > 3.0 for each in tail.shared)


@pytest.mark.parametrize("index", [-1, N])
def test_a_trajectory_that_is_not_there_is_refused(stored, index):
    with pytest.raises(UsageError, match=f"trajectories are 0 to {N - 1}"):
        replay(stored("sobol")["summary"], index)


def test_a_hop_that_is_not_there_is_refused(stored):
    with pytest.raises(UsageError, match="the run has no hop bakery"):
        replay(stored("sobol")["summary"], 0, ["bakery"])


def test_a_run_of_another_platform_is_refused(stored, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(stored("sobol")["summary"], folder)
    path = folder / "provenance.json"
    document = json.loads(path.read_text())
    document["fingerprint"]["digest"] = "0123456789abcdef"
    path.write_text(json.dumps(document))
    with pytest.raises(IntegrityError, match="was made on another platform"):
        replay(folder, 0)


def test_a_damaged_chunk_is_refused_before_it_is_compared(stored, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(stored("sobol")["outcomes"], folder)
    path = folder / "cumulative_profit" / "c" / "0" / "0"
    data = bytearray(path.read_bytes())
    data[17] ^= 1
    path.write_bytes(data)
    with pytest.raises(IntegrityError, match=r"cumulative_profit.*checksum"):
        replay(folder, 0)


def test_a_trajectory_that_failed_says_where(tmp_path):
    spec = load_scenario("base", ["demand.app.elasticity=60"])
    made = run(spec, output=tmp_path / "run", trajectories=64, sampler="random", keep="summary")
    assert made.failed
    opened = Replay(made.folder)
    first = int(opened.accumulators["first_failure"][0])
    story = opened.story(first)
    assert " at 20" in story.problems[0] and "(step " in story.problems[0]
    fine = sorted(set(range(64)) - {i for i in range(64) if opened.trajectory(i).problems})
    assert len(fine) == 64 - int(opened.accumulators["failures"][0])
