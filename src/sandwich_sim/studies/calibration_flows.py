"""Series that the calibration needs and a run does not record, from those that it does.

Payments between hops are not recorded. `DERIVED` gets the few that are needed back from series
and parameters: each entry has its formula, which the calibration page prints, and a function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.results.dataset import series_of
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.scenario.uncertain import Constant, SameAs

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]


class Paths:
    """Series and parameters of all trajectories of one run.

    Parameters
    ----------
    dataset : xarray.Dataset
        A run of the scenario that kept its paths.
    spec : ScenarioSpec
    """

    def __init__(self, dataset: xr.Dataset, spec: ScenarioSpec) -> None:
        self.dataset = dataset
        self.spec = spec

    def series(self, name: str) -> Floats:
        """Return a recorded or derived series, shape (n_record, n)."""
        if name in DERIVED:
            return DERIVED[name].compute(self)
        values = series_of(self.dataset, name).transpose("time", "trajectory").values
        return np.asarray(values, dtype=np.float64)

    def at(self, name: str, year: float) -> Floats:
        """Return a series at the record ``year`` years after the start, shape (n,)."""
        return np.asarray(self.series(name)[round(year * self.spec.steps_per_year)])

    def number(self, name: str) -> Floats:
        """Return a parameter by dotted name: drawn, constant or the same as another; shape (n,)."""
        number = self.spec.parameters[name]
        if isinstance(number, SameAs):
            return self.number(number.name)
        if isinstance(number, Constant):
            return np.full(self.dataset.sizes["trajectory"], number.value)
        return np.asarray(self.dataset["parameters"].sel(parameter=name).values, dtype=np.float64)

    def records_of(self, calendar_year: int) -> NDArray[np.bool_]:
        """Return which records are dated in a calendar year, shape (n_record,)."""
        return np.asarray(self.dataset["time"].dt.year.values == calendar_year)


def _markup(paths: Paths, hop: str) -> Floats:
    return np.asarray(
        (1.0 + paths.number(f"hop.{hop}.normal_return")) * (1.0 + paths.series(f"premium.{hop}"))
    )


def _fixed_cost(paths: Paths, hop: str) -> Floats:
    return np.asarray(
        (paths.series(f"gross_margin.{hop}") - paths.series(f"margin.{hop}")) * paths.series(f"revenue.{hop}")
    )


def _gross_profit(paths: Paths, *hops: str) -> Floats:
    profits = [paths.series(f"gross_margin.{hop}") * paths.series(f"revenue.{hop}") for hop in hops]
    return np.asarray(sum(profits))


def _inference(paths: Paths) -> Floats:
    return np.asarray((1.0 - paths.series("inference_margin")) * paths.series("revenue.lab"))


def _lab_gross_profit(paths: Paths) -> Floats:
    return np.asarray(paths.series("inference_margin") * paths.series("revenue.lab"))


def _cost(hop: str) -> Callable[[Paths], Floats]:
    return lambda paths: np.asarray(paths.series(f"revenue.{hop}") - paths.series(f"profit.{hop}"))


def _training_compute(paths: Paths) -> Floats:
    return np.asarray(paths.number("lab.training_to_cloud") * paths.series("training"))


def _lab_to_cloud(paths: Paths) -> Floats:
    return np.asarray(_inference(paths) + _training_compute(paths))


def _blend(paths: Paths) -> Floats:
    share = paths.series("share")
    return np.asarray(share * paths.series("price") + (1.0 - share) * paths.series("line"))


def _token_spend(paths: Paths) -> Floats:
    return np.asarray(paths.series("tokens") * _blend(paths))


def _open_money_share(paths: Paths) -> Floats:
    return np.asarray(1.0 - paths.series("revenue.lab") / _token_spend(paths))


def _app_inference(paths: Paths) -> Floats:
    return np.asarray(
        paths.number("edge.app-lab.share") * paths.series("revenue.app") / _markup(paths, "app")
    )


def _cloud_user_cost(paths: Paths) -> Floats:
    cost_open = paths.series("cost") * np.exp(paths.series("margin_engineering"))
    open_tokens = (1.0 - paths.series("share")) * paths.series("tokens")
    host_margin = (paths.series("line") - cost_open) * open_tokens
    return np.asarray((paths.series("revenue.cloud") - host_margin) / _markup(paths, "cloud"))


def _semis(paths: Paths) -> Floats:
    return _gross_profit(paths, "chips", "foundry", "memory")


def _chain_gross_profit(paths: Paths) -> Floats:
    others = _gross_profit(paths, "app", "cloud", "datacenter", "power")
    return np.asarray(_semis(paths) + others + _lab_gross_profit(paths))


def _sold_gross_profit(paths: Paths) -> Floats:
    sold = 1.0 - paths.number("demand.cloud.spend") / paths.series("revenue.cloud")
    cloud = sold * _gross_profit(paths, "cloud")
    return np.asarray(_semis(paths) + _gross_profit(paths, "app") + _lab_gross_profit(paths) + cloud)


def _fading(paths: Paths, name: str, elapsed: float) -> Floats:
    long = paths.number(f"{name}_long")
    decay = np.exp(-elapsed / paths.number("compute_cost.trend_decay"))
    return np.asarray(long + (paths.number(name) - long) * decay)


def _chip_price(paths: Paths) -> Floats:
    """Price index of accelerators; hardware gets cheaper by its trend, the noise around it left out."""
    markup = _markup(paths, "chips")
    own = paths.series("other.chips") - _fixed_cost(paths, "chips")
    own_share = own * markup / paths.series("revenue.chips")
    power = 1.0 / (1.0 - paths.number("hop.chips.substitution"))
    unit_cost = (own_share[0] / own_share) ** power
    dt = 1.0 / paths.spec.steps_per_year
    declines = [_fading(paths, "compute_cost.hardware_decline", n * dt) * dt for n in range(len(markup) - 1)]
    hardware = np.concatenate([np.zeros_like(markup[:1]), np.cumsum(declines, axis=0)])
    return np.asarray(markup / markup[0] * unit_cost * np.exp(-hardware))


def _installed(paths: Paths) -> Floats:
    """Accelerators in place, in real units; section 7 of docs/model.md."""
    life, dt = paths.number("edge.cloud-chips.life"), 1.0 / paths.spec.steps_per_year
    user_cost = 1.0 / life + paths.number("compute_cost.capital_cost")
    user_cost = user_cost + _fading(paths, "compute_cost.hardware_decline", 0.0)
    needed = paths.number("edge.cloud-chips.share") * _cloud_user_cost(paths)[0] / user_cost
    bought = paths.series("revenue.chips") / _chip_price(paths)
    stock = [paths.number("edge.cloud-chips.stock_ratio") * needed]
    for investment in bought[:-1]:
        stock.append(stock[-1] + dt * (investment - stock[-1] / life))
    return np.asarray(stock)


@dataclass(frozen=True)
class Derived:
    """A series that is not recorded.

    Attributes
    ----------
    formula : str
        For the page.
    compute : callable
        From `Paths` to values of shape (n_record, n).
    """

    formula: str
    compute: Callable[[Paths], Floats]


DERIVED: dict[str, Derived] = {
    "inference": Derived("`(1 - inference_margin) * revenue.lab`", _inference),
    "lab_cost": Derived("`revenue.lab - profit.lab`", _cost("lab")),
    "training_compute": Derived("`lab.training_to_cloud * training`", _training_compute),
    "lab_to_cloud": Derived("`inference + training_compute`", _lab_to_cloud),
    "open_money_share": Derived(
        "`1 - revenue.lab / (tokens * (share * price + (1 - share) * line))`", _open_money_share
    ),
    "app_inference": Derived(
        "`edge.app-lab.share * revenue.app / markup`, as apps keep the shares of their cost", _app_inference
    ),
    "cloud_cost": Derived("`revenue.cloud - profit.cloud`", _cost("cloud")),
    "cloud_user_cost": Derived(
        "`(revenue.cloud - host_margin) / markup`; host_margin is what it earns on open tokens",
        _cloud_user_cost,
    ),
    "chip_gross_profit": Derived(
        "`gross_margin.chips * revenue.chips`", lambda paths: _gross_profit(paths, "chips")
    ),
    "semi_gross_profit": Derived("gross profit of chips, foundry and memory", _semis),
    "chain_gross_profit": Derived(
        "gross profit of all hops; that of the labs is `inference_margin * revenue.lab`", _chain_gross_profit
    ),
    "sold_gross_profit": Derived(
        "gross profit of semiconductors, apps, labs, and of clouds on what they sell: all but "
        "`demand.cloud.spend` (right at the start only)",
        _sold_gross_profit,
    ),
    "installed": Derived(
        "stock of accelerators in real units (section 7): `revenue.chips` over their price index adds to it, "
        "wear takes from it; the index follows from markup, unit cost and the trend of hardware",
        _installed,
    ),
}
