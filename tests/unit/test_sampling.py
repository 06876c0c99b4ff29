"""Requests: sizes, slots, names, and cost shares that drawn could exceed one."""

import warnings

import numpy as np
import pytest

from drawn_specs import spec_of, uniforms
from sandwich_sim.errors import UsageError
from sandwich_sim.kernels.sobol import INDEX_BITS, N_SCRAMBLE
from sandwich_sim.sampling import (
    SizeWarning,
    check_drawn_shares,
    draw,
    draw_plan,
    draw_rows,
    good_sizes,
    slot_map,
    warn_about_size,
)
from sandwich_sim.scenario.spec import Edge
from sandwich_sim.scenario.tables_run import MAX_SOBOL
from sandwich_sim.scenario.uncertain import Constant, Normal, SameAs, Uniform


@pytest.mark.parametrize(
    ("n", "sizes"),
    [
        (1, (16, 16)),
        (16, (16, 16)),
        (17, (16, 32)),
        (1000, (512, 1024)),
        (1_048_576, (1_048_576, 1_048_576)),
        (10_000_000, (8_388_608, 16_777_216)),
    ],
)
def test_good_sizes_are_sixteen_times_powers_of_two(n, sizes):
    assert good_sizes(n) == sizes


def test_odd_sobol_size_warns_and_names_the_good_ones():
    with pytest.warns(SizeWarning, match="512 and 1024"):
        warn_about_size("sobol", 1000)


@pytest.mark.parametrize(("sampler", "n"), [("sobol", 1024), ("random", 1000), ("latin-hypercube", 1000)])
def test_other_sizes_do_not_warn(sampler, n):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_about_size(sampler, n)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": -1}, "seed -1"),
        ({"seed": 2**64}, "seed"),
        ({"sampler": "halton"}, "unknown sampler 'halton'"),
        ({"trajectories": 0}, "0 trajectories"),
        ({"trajectories": 2**48 + 1}, "trajectories"),
        ({"sampler": "sobol", "trajectories": 2**36 + 1}, "the sampler sobol takes 1 to 68,719,476,736"),
    ],
)
def test_impossible_requests_are_refused(change, message):
    request = {"seed": 1, "sampler": "random", "trajectories": 16, **change}
    with pytest.raises(UsageError, match=message):
        draw_plan(uniforms("x"), **request)


def test_slots_are_the_given_ones_and_then_new_names():
    spec = uniforms("b", "new", slots=("a", "b"))
    assert slot_map(spec) == ("a", "b", "new")
    assert slot_map(spec, ("new", "c")) == ("new", "c", "b")


def test_more_inputs_than_dimensions_are_refused():
    spec = uniforms("last", slots=tuple(f"s{k}" for k in range(1024)))
    with pytest.raises(UsageError, match="last would be Sobol dimension 1025"):
        draw_plan(spec, seed=1, sampler="sobol", trajectories=16)
    draw_plan(spec, seed=1, sampler="random", trajectories=16)
    draw_plan(spec, seed=1, sampler="sobol", trajectories=16, slots=("last",))


def test_drawing_knows_constants_and_aliases():
    spec = spec_of(
        {
            "x": Uniform(low=0.0, high=1.0),
            "fixed": Constant(7.0),
            "alias": SameAs("other"),
            "other": SameAs("x"),
            "y": Normal(mean=0.0, sd=1.0),
        }
    )
    names = ("alias", "fixed", "y", "x")
    values = draw(spec, names, np.arange(20), seed=1, sampler="sobol", trajectories=20)
    np.testing.assert_array_equal(values[0], values[3])
    assert np.all(values[1] == 7.0)
    assert np.unique(values[2]).size == 20


@pytest.mark.parametrize(
    ("sampler", "index"), [("latin-hypercube", 20), ("random", 2**48), ("sobol", 2**36), ("sobol", -1)]
)
def test_trajectories_outside_the_run_are_refused(sampler, index):
    plan = draw_plan(uniforms("x"), seed=1, sampler=sampler, trajectories=20)
    with pytest.raises(UsageError, match="trajectories must lie in"):
        draw_rows(plan, [0], np.array([index]))


def chain(first, second, **more):
    """A buyer with two suppliers."""
    return spec_of(
        {"edge.a-b.share": first, "edge.a-c.share": second, **more}, edges=(Edge("a", "b"), Edge("a", "c"))
    )


def check(spec, n=1000, sampler="random"):
    check_drawn_shares(spec, draw_plan(spec, seed=1, sampler=sampler, trajectories=n), n)


def test_shares_that_cannot_exceed_one_pass():
    check(chain(Uniform(low=0.1, high=0.4), Uniform(low=0.1, high=0.6)))
    check(chain(Constant(0.4), Constant(0.6)))
    check(chain(Normal(mean=0.3, sd=0.1, minimum=0.0, maximum=0.5), Constant(0.5)))


def test_shares_that_could_but_do_not_exceed_one_pass():
    check(chain(Normal(mean=0.3, sd=0.01), Normal(mean=0.3, sd=0.01)))


@pytest.mark.parametrize("sampler", ["random", "sobol", "latin-hypercube"])
def test_first_trajectory_above_one_is_named(sampler):
    n = 70_000
    spec = chain(Uniform(low=0.1, high=0.5), Uniform(low=0.1, high=0.505))
    plan = draw_plan(spec, seed=1, sampler=sampler, trajectories=n)
    total = draw_rows(plan, [0, 1], np.arange(n)).sum(axis=0)
    first = int(np.flatnonzero(total > 1.0 + 1e-9)[0])
    with pytest.raises(
        UsageError, match=f"of a sum to .* on trajectory {first}: edge.a-b.share, edge.a-c.share"
    ):
        check_drawn_shares(spec, plan, n)


def test_aliases_of_shares_count():
    spec = chain(Uniform(low=0.1, high=0.6), SameAs("edge.a-b.share"))
    with pytest.raises(UsageError, match="cost shares of a"):
        check(spec)


def test_broken_distribution_is_named():
    spec = spec_of({"open_source.gap": Normal(mean=0.0, sd=1.0, minimum=50.0)})
    with pytest.raises(UsageError, match=r"open_source\.gap: min and max leave"):
        draw_plan(spec, seed=1, sampler="random", trajectories=16)


def test_the_loader_knows_how_many_points_sobol_has():
    assert MAX_SOBOL == N_SCRAMBLE << INDEX_BITS
