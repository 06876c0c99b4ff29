"""Checks: the verdict follows from the interval, and the interval holds as often as it says."""

import numpy as np
import pytest
from scipy import stats

from sandwich_sim.analysis.checks import ALPHA, checks_of, judge_checks, metrics_of, verdict_of
from sandwich_sim.analysis.metrics import parse_metric, parse_statistic
from sandwich_sim.analysis.statistic import flags_of, interval_of, measure_statistic
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.scenario.outcome_names import frame_of
from sandwich_sim.scenario.statements import parse_statement
from synthetic_run import make_meta

META = make_meta()
FALSE_ALARM = 1e-6


def scrambles(n):
    return (np.arange(n) % 16).astype(np.uint8)


def most(n, rate):
    return int(stats.binom.isf(FALSE_ALARM, n, rate))


@pytest.mark.parametrize(
    ("text", "low", "high", "verdict"),
    [
        ("P(boom) < 0.5", 0.1, 0.2, "holds"),
        ("P(boom) < 0.5", 0.6, 0.7, "fails"),
        ("P(boom) < 0.5", 0.4, 0.6, "undecided"),
        ("P(boom) < 0.5", 0.5, 0.5, "fails"),
        ("P(boom) <= 0.5", 0.5, 0.5, "holds"),
        ("P(boom) < 0.5", 0.4, 0.5, "undecided"),
        ("P(boom) <= 0.5", 0.4, 0.5, "holds"),
        ("P(boom) > 0.5", 0.5, 0.5, "fails"),
        ("P(boom) >= 0.5", 0.5, 0.6, "holds"),
        ("p50(gap @ 2027) in [0.4, 0.7]", 0.4, 0.7, "holds"),
        ("p50(gap @ 2027) in [0.4, 0.7]", 0.39, 0.5, "undecided"),
        ("p50(gap @ 2027) in [0.4, 0.7]", 0.1, 0.3, "fails"),
        ("p50(gap @ 2027) in [0.4, 0.7]", 0.1, 0.9, "undecided"),
        ("p50(gap @ 2027) > 3", -np.inf, np.inf, "undecided"),
        ("p50(gap @ 2027) > 3", np.nan, np.nan, "undecided"),
        ("p50(event_time.boom) > 3", np.inf, np.inf, "holds"),
    ],
)
def test_a_verdict_is_where_the_interval_lies(text, low, high, verdict):
    assert verdict_of(parse_statement(text, frame_of(META)), low, high) == verdict


def count_misses(text, draw, truth, *, runs, n, is_replicated, alpha=0.05):
    statistic = parse_statistic(text, META)
    rng, missed = np.random.default_rng(1), 0
    for _ in range(runs):
        low, high = interval_of(
            statistic, draw(rng, n), scrambles(n), is_replicated=is_replicated, alpha=alpha
        )
        missed += not low <= truth <= high
    return missed


RARE = stats.norm.sf(2.5)


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("mean(gap @ 2027)", 0.0),
        ("p50(gap @ 2027)", 0.0),
        ("p5(gap @ 2027)", stats.norm.ppf(0.05)),
        ("P(gap @ 2027 > 0.3)", stats.norm.sf(0.3)),
        ("P(gap @ 2027 > 2.5)", RARE),
    ],
)
@pytest.mark.parametrize("is_replicated", [False, True])
def test_an_interval_holds_as_often_as_it_says(text, truth, is_replicated):
    missed = count_misses(
        text,
        lambda rng, n: rng.normal(size=n),
        truth,
        runs=1000,
        n=1024,
        is_replicated=is_replicated,
    )
    # The normal interval of a quantile and that of 16 groups are approximations: 1.3 times is allowed.
    assert missed <= most(1000, 1.3 * 0.05)


def test_trajectories_of_one_scramble_that_hang_together_widen_the_interval():
    """Each scramble has a shift of its own: only the 16 of them are independent."""

    def draw(rng, n):
        return rng.normal(size=n) + rng.normal(size=16)[scrambles(n)]

    options = {"runs": 300, "n": 1024}
    assert count_misses("mean(gap @ 2027)", draw, 0.0, is_replicated=True, **options) <= most(300, 0.05)
    assert count_misses("mean(gap @ 2027)", draw, 0.0, is_replicated=False, **options) > 200
    assert count_misses("p50(gap @ 2027)", draw, 0.0, is_replicated=True, **options) <= most(300, 0.065)
    assert count_misses("p50(gap @ 2027)", draw, 0.0, is_replicated=False, **options) > 150


def test_a_quantile_with_few_trajectories_beyond_it_is_not_estimated():
    statistic = parse_statistic("p1(gap @ 2027)", META)
    values = np.random.default_rng(2).normal(size=4992)
    low, high = interval_of(statistic, values, scrambles(4992), is_replicated=False, alpha=0.01)
    assert np.isnan(low)
    assert np.isnan(high)


def test_an_event_that_never_came_is_later_than_any_and_satisfies_no_comparison():
    time = np.where(np.arange(1600) % 4 == 0, np.arange(1600) / 800.0, np.nan)
    early = parse_statistic("P(event_time.boom < 5)", META)
    assert flags_of(early, time).mean() == 0.25
    median = parse_statistic("p50(event_time.boom)", META)
    found = interval_of(median, time, scrambles(1600), is_replicated=False, alpha=0.01)
    assert found == (np.inf, np.inf)


def test_undefined_values_are_left_out_of_means_and_quantiles():
    values = np.where(np.arange(3200) % 2 == 0, 1.0, np.nan)
    for text in ("mean(profit_share.lab @ 2027)", "p50(profit_share.lab @ 2027)"):
        statistic = parse_statistic(text, META)
        found = measure_statistic(statistic, values, scrambles(3200), is_replicated=False)
        assert (found.value, found.n) == (1.0, 1600)


def test_a_standard_error_is_compared_as_it_is():
    statistic = parse_statistic("se(mean(gap @ 2027))", META)
    values = np.random.default_rng(3).normal(size=1600)
    low, high = interval_of(statistic, values, scrambles(1600), is_replicated=False, alpha=0.01)
    assert low == high == pytest.approx(values.std(ddof=1) / 40.0)


def test_checks_share_their_error_rate(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'extends = "base"\n[checks]\nwide = "p50(gap @ 2030) in [-1, 1]"\nalone = "mean(gap @ 2030) > -1"\n'
        'event = "P(thesis_falsified) <= 0.9"\nerror = "se(mean(gap @ 2030)) < 0.1"\n'
    )
    checks = checks_of(load_scenario(path))
    metrics = metrics_of(checks)
    assert [metric.name for metric in metrics] == ["gap @ 2030", "thesis_falsified"]
    rng = np.random.default_rng(4)
    values = np.stack([rng.normal(size=4096), rng.uniform(size=4096) < 0.5])
    results = judge_checks(checks, metrics, values, scrambles(4096), is_replicated=False)
    assert [result.verdict for result in results] == ["holds"] * 4
    assert [result.exit_code for result in results] == [0] * 4
    half = stats.t.isf(ALPHA / 4 / 2, 4095) * values[0].std(ddof=1) / 64.0
    assert results[1].high - results[1].low == pytest.approx(2.0 * half, rel=1e-6)
    twice = judge_checks(checks, metrics, values, scrambles(4096), is_replicated=False, n_looks=3)
    assert twice[1].high - twice[1].low > results[1].high - results[1].low


def test_every_wrong_check_is_told_at_once_with_its_place(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'extends = "base"\n\n[checks]\na = "P(thesis_falsifed) < 0.5"\nb = 3\n'
        'c = "p50(margin.chip @ 2030) < 1"\nd = "P(thesis_falsified) < 0.5"\n"e f" = "x"\n'
    )
    with pytest.raises(Exception, match="checks") as caught:
        load_scenario(path)
    lines = str(caught.value).splitlines()
    assert lines == [
        f'{path}:4:1: checks.a: there is no event "thesis_falsifed". Did you mean "thesis_falsified"?',
        f'{path}:5:1: checks.b: is 3. Use a statement, such as "P(thesis_falsified) < 0.5".',
        f'{path}:6:1: checks.c: there is no hop "chip". Did you mean "chips"?',
        f'{path}:8:1: checks."e f": is no name for a check. Use letters, digits and _, at most 40, '
        "a letter first.",
    ]


def test_checks_are_a_files_own_and_change_no_result(tmp_path):
    own, heir = tmp_path / "own.toml", tmp_path / "heir.toml"
    own.write_text('extends = "base"\n[checks]\na = "P(thesis_falsified)<50%"\n')
    heir.write_text('extends = "own.toml"\n')
    spec = load_scenario(own)
    assert spec.checks == (("a", "P(thesis_falsified) < 0.5"),)
    assert load_scenario(heir).checks == ()
    assert spec.digest == load_scenario(heir).digest
    added = load_scenario(heir, ['checks.b="P(umbrella_closed) > 0.1"'])
    assert added.checks == (("b", "P(umbrella_closed) > 0.1"),)


def test_checks_come_back_from_a_stored_scenario(tmp_path):
    from sandwich_sim.scenario.dump import dump_scenario

    own = tmp_path / "own.toml"
    own.write_text('extends = "base"\n[checks]\na = "p2.5(gap @ 2030) >= -1e-3"\n')
    again = tmp_path / "again.toml"
    again.write_text(dump_scenario(load_scenario(own)))
    assert load_scenario(again).checks == load_scenario(own).checks


def test_the_metric_of_a_check_is_that_of_its_statistic():
    assert parse_statistic("se(p50(gap @ 2027))", META).inner.metric == parse_metric("gap @ 2027", META)
