"""Which runs pair, and which outcomes two runs share."""

from datetime import date

import pytest

from sandwich_sim.analysis.compare_pairing import moved_slots, pairing_of, share_metrics, shared_hops
from sandwich_sim.errors import UsageError
from sandwich_sim.variables import expand_series
from synthetic_run import HOPS, make_meta


def test_equal_runs_pair():
    assert pairing_of(make_meta(), make_meta(name="other")).relation == "paired"


@pytest.mark.parametrize(
    ("change", "relation", "reason"),
    [
        ({"seed": 7}, "independent", "seed differs: 18446744073709551615 and 7"),
        ({"sampler": "sobol"}, "unknown", "sampler differs: random and sobol"),
        ({"stream_version": 2}, "unknown", "stream version differs: 1 and 2"),
        ({"steps_per_year": 12}, "unknown", "steps_per_year differs: 4 and 12"),
        ({"start": date(2027, 7, 1)}, "unknown", "start differs: 2026-07-01 and 2027-07-01"),
    ],
)
def test_what_differs_is_why_runs_do_not_pair(change, relation, reason):
    found = pairing_of(make_meta(), make_meta(**change))
    assert (found.relation, found.reasons) == (relation, (reason,))


def test_all_reasons_are_told_at_once():
    found = pairing_of(make_meta(), make_meta(seed=7, sampler="sobol", start=date(2027, 1, 1)))
    assert found.relation == "independent"
    assert len(found.reasons) == 3


def test_the_first_trajectories_of_a_longer_run_pair_save_in_a_latin_hypercube():
    assert pairing_of(make_meta(), make_meta(n_trajectories=400)).relation == "paired"
    metas = [make_meta(sampler="latin-hypercube", n_trajectories=n) for n in (200, 400)]
    assert "number of trajectories (latin-hypercube) differs" in pairing_of(*metas).reasons[0]


def test_sobol_runs_pair_if_each_input_has_one_dimension():
    one = make_meta(sampler="sobol", sobol_slots=("a", "b"))
    longer = make_meta(sampler="sobol", sobol_slots=("a", "b", "c"))
    moved = make_meta(sampler="sobol", sobol_slots=("a", "c", "b"))
    assert pairing_of(one, longer).relation == "paired"
    assert moved_slots(longer, moved) == ("c", "b")
    assert pairing_of(longer, moved).reasons == ("the Sobol dimension of c differs (of 2 inputs in all)",)


def test_a_dimension_of_two_inputs_is_no_reason():
    """Each is scrambled by its own name, so that the two hang together no more than any others."""
    one = make_meta(sampler="sobol", sobol_slots=("a", "b"))
    other = make_meta(sampler="sobol", sobol_slots=("a", "c"))
    assert pairing_of(one, other).relation == "paired"


def test_without_sobol_dimensions_do_not_matter():
    assert pairing_of(make_meta(), make_meta(sobol_slots=("x",))).relation == "paired"


def names(found):
    return [metric.name for metric in found.a]


def test_by_default_every_shared_hop_and_event_is_compared():
    a, b = make_meta(), make_meta(hops=("app", "lab"), hop_titles=("Apps", "Labs"), events=("boom",))
    found = share_metrics([], a, b)
    assert names(found) == [
        *(
            f"{name}.{hop} @ horizon"
            for name in ("cents_kept", "profit_share", "margin")
            for hop in ("app", "lab")
        ),
        "all_in_margin @ horizon",
        "event.boom",
    ]
    assert [metric.name for metric in found.b] == names(found)
    assert shared_hops(a, b) == ("app", "lab")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("margin", [f"margin.{hop} @ horizon" for hop in HOPS]),
        ("margin @ 2027", [f"margin.{hop} @ 2027" for hop in HOPS]),
        ("margin.lab", ["margin.lab @ horizon"]),
        ("gap @ 2028-01", ["gap @ 2028-01"]),
        ("discounted_profit", [f"discounted_profit.{hop}" for hop in HOPS]),
        ("boom", ["boom"]),
        ("event_time.boom", ["event_time.boom"]),
    ],
)
def test_outcomes_may_be_written_in_short(text, expected):
    assert names(share_metrics([text], make_meta(), make_meta())) == expected


def test_runs_of_different_lengths_are_compared_at_the_last_shared_date():
    found = share_metrics(["margin.lab", "boom"], make_meta(), make_meta(years=3))
    assert found.horizon == date(2028, 7, 1)
    assert names(found) == ["margin.lab @ 2028-07-01", "boom @ 2028-07-01"]
    assert [metric.record for metric in found.a] == [metric.record for metric in found.b] == [8, 8]
    assert "compared at dates that both have, the last of them 2028-07-01" in found.notes[0]


def test_runs_that_start_apart_are_compared_at_shared_dates():
    later = make_meta(start=date(2027, 7, 1))
    found = share_metrics(["margin.lab @ 2028"], make_meta(), later)
    assert [metric.date for metric in (*found.a, *found.b)] == [date(2028, 1, 1)] * 2
    assert (found.a[0].record, found.b[0].record) == (6, 2)


@pytest.mark.parametrize(
    ("texts", "change", "message"),
    [
        (["margin.lab @ 2027-01"], {"steps_per_year": 1}, "The nearest date that both have is 2027-07-01"),
        (["discounted_profit.lab"], {"years": 3}, "runs over a whole run, and the two begin or end"),
        (["event_time.boom"], {"years": 3}, "runs over a whole run, and the two begin or end"),
        (["margin.chips"], {"hops": ("app", "lab"), "hop_titles": ("", "")}, "only toy has the hop chips"),
        (["event.bust"], {"events": ("boom",), "event_titles": ("",)}, "only toy has the event bust"),
        (["margin.lob"], {}, 'Did you mean "lab"?'),
        ([], {"start": date(2026, 8, 15)}, "have no date in common"),
    ],
)
def test_what_cannot_be_compared_is_told(texts, change, message):
    with pytest.raises(UsageError, match=message.replace("?", r"\?")):
        share_metrics(texts, make_meta(), make_meta(**change))


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(UsageError) as raised:
        share_metrics(["margin.lob", "goop"], make_meta(), make_meta())
    assert len(str(raised.value).splitlines()) == 2


def test_the_series_of_the_default_outcomes_are_kept_by_default():
    from sandwich_sim.variables import KEEP_SERIES_DEFAULT

    kept = expand_series(KEEP_SERIES_DEFAULT, HOPS)
    found = share_metrics([], make_meta(), make_meta())
    assert {metric.series for metric in found.a if metric.series} <= set(kept)
