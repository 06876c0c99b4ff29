"""The one table of inputs: every model number a scenario file may set.

Checks, the JSON Schema, the model's inputs and dataset attributes read it from here. The
names and defaults are those of docs/model.md, section 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class Parameter:
    """One number of a scenario.

    Attributes
    ----------
    table : str
        ``token_price``, ``open_source``, ``compute_cost``, ``lab``, ``demand_shock`` (one
        each), or ``hop``, ``edge``, ``demand`` (one for every hop, edge, demand entry).
    key : str
        Key within its table. The dotted name is ``open_source.gap`` or ``hop.chips.scarcity``.
    unit : str
    long_name : str
    low, high : float
        Values outside are impossible. ``low_open``/``high_open``: the bound itself too.
    default : float or str or None
        A number, the key of the same table whose value is taken, or None where the key is
        required (``optional`` False) or where its absence has a meaning of its own
        (``optional`` True).
    clipped : bool
        Levels that the model keeps within [1e-6, 1 - 1e-6].
    """

    table: str
    key: str
    unit: str
    long_name: str
    low: float = -inf
    high: float = inf
    low_open: bool = False
    high_open: bool = False
    default: float | str | None = None
    optional: bool = False
    clipped: bool = False


def _rate(table: str, key: str, long_name: str, default: float | str | None = None) -> Parameter:
    return Parameter(table, key, "1/yr", long_name, -20.0, 20.0, default=default)


def _positive(
    table: str, key: str, unit: str, long_name: str, default: float | str | None = None
) -> Parameter:
    return Parameter(table, key, unit, long_name, 0.0, 1e12, low_open=True, default=default)


def _nonnegative(
    table: str, key: str, unit: str, long_name: str, default: float | str | None = None
) -> Parameter:
    return Parameter(table, key, unit, long_name, 0.0, 1e12, default=default)


def _volatility(table: str, key: str, long_name: str) -> Parameter:
    return Parameter(table, key, "1/yr^0.5", long_name, 0.0, 20.0)


def _level(key: str, long_name: str, default: str | None = None) -> Parameter:
    return Parameter("hop", key, "1", long_name, 0.0, 1.0, default=default, clipped=True)


def _fraction(table: str, key: str, long_name: str, default: float | str | None = None) -> Parameter:
    return Parameter(table, key, "1", long_name, 0.0, 1.0, default=default)


PARAMETERS: tuple[Parameter, ...] = (
    _rate("token_price", "deflation", "Fall of the open token price today"),
    _rate("token_price", "deflation_long", "Fall of the open token price in the long run", "deflation"),
    _volatility("token_price", "volatility", "Volatility of the open token price"),
    _positive("token_price", "open_markup", "1", "Open token price over break-even at the start"),
    _nonnegative("token_price", "pass_through", "1/yr", "Speed at which slack is competed away"),
    _positive("token_price", "pass_through_gap", "months", "Lead that shields a price from competition"),
    _nonnegative("token_price", "exit_rate", "1/yr", "Speed at which prices below break-even recover"),
    Parameter("token_price", "open_return", "1", "Normal return of open hosts", -1.0, 100.0, low_open=True),
    _positive("open_source", "gap", "months", "Capability gap today"),
    _nonnegative("open_source", "catch_up_speed", "months/month", "Catch-up speed of open weights"),
    Parameter("open_source", "catch_up_curvature", "1", "Elasticity of catch-up to the gap", -10.0, 10.0),
    _nonnegative("open_source", "gap_vol", "months/yr^0.5", "Volatility of the gap"),
    Parameter("open_source", "release_rate", "1/yr", "Strong open releases", 0.0, 100.0),
    _fraction("open_source", "release_size", "Part of the gap that a strong open release removes"),
    Parameter("open_source", "leap_rate", "1/yr", "Closed leaps", 0.0, 100.0),
    _nonnegative("open_source", "leap_size", "months", "Months that a closed leap adds"),
    Parameter(
        "open_source", "frontier_elasticity", "1", "Elasticity of frontier speed to training", 0.0, 10.0
    ),
    _positive("open_source", "scarcity_gap", "months", "Lead that carries 63% of the scarcity of a lead"),
    _nonnegative("open_source", "switch_speed", "1/yr", "Speed of switching between closed and open"),
    Parameter(
        "open_source", "closed_share", "1", "Closed share of the work done today", 0.0, 1.0, clipped=True
    ),
    Parameter("open_source", "share_curvature", "1", "Curvature of the closed share in scarcity", 0.0, 100.0),
    _positive("open_source", "closed_size", "1", "Work done by a closed token as listed"),
    _rate("compute_cost", "hardware_decline", "Fall of the cost of hardware today"),
    _rate(
        "compute_cost",
        "hardware_decline_long",
        "Fall of the cost of hardware in the long run",
        "hardware_decline",
    ),
    _volatility("compute_cost", "hardware_vol", "Volatility of the cost of hardware"),
    _rate("compute_cost", "software_decline", "Fall of compute per token today"),
    _rate(
        "compute_cost",
        "software_decline_long",
        "Fall of compute per token in the long run",
        "software_decline",
    ),
    _positive("compute_cost", "trend_decay", "yr", "Time over which today's rates fade"),
    _volatility("compute_cost", "software_vol", "Volatility of compute per token"),
    _rate("compute_cost", "energy_drift", "Drift of the price of energy"),
    _volatility("compute_cost", "energy_vol", "Volatility of the price of energy"),
    Parameter("compute_cost", "capital_cost", "1/yr", "Cost of capital", 0.0, 10.0),
    _fraction("compute_cost", "foresight", "Part of a known change of growth that builders see"),
    Parameter("compute_cost", "maintenance", "1", "Least investment over replacement", 0.0, 10.0),
    _rate("compute_cost", "trend_min", "Lowest growth that is planned for"),
    _rate("compute_cost", "trend_max", "Highest growth that is planned for"),
    _positive("lab", "training", "bn USD/yr", "Planned training spend today"),
    _rate("lab", "training_growth", "Growth of training plans today"),
    _rate("lab", "training_growth_long", "Growth of training plans in the long run", "training_growth"),
    _fraction("lab", "training_to_cloud", "Part of training spend that buys compute"),
    _positive("lab", "shelf_life", "yr", "Shelf life of a frontier model today"),
    _positive("lab", "shelf_min", "yr", "Shortest shelf life"),
    _positive("lab", "shelf_max", "yr", "Longest shelf life"),
    Parameter("lab", "shelf_curvature", "1", "Elasticity of shelf life to the gap", -10.0, 10.0),
    Parameter("lab", "reinvestment", "1", "Part of what serving leaves that goes into training", 0.0, 100.0),
    Parameter("lab", "funding", "1", "Outside money over revenue today", 0.0, 1000.0),
    _positive("lab", "funding_decay", "yr", "Time over which outside money fades"),
    _positive("lab", "cost_edge", "1", "Closed over open cost of serving today"),
    _positive("lab", "cost_edge_long", "1", "Closed over open cost of serving in the long run", "cost_edge"),
    _nonnegative("lab", "cost_edge_reversion", "1/yr", "Reversion of the cost edge"),
    _volatility("lab", "cost_edge_vol", "Volatility of the cost edge"),
    _volatility("demand_shock", "volatility", "Volatility of demand"),
    _volatility("demand_shock", "surprise_vol", "Volatility of growth surprises"),
    _nonnegative("demand_shock", "surprise_reversion", "1/yr", "Reversion of growth surprises"),
    _positive("demand_shock", "ceiling", "bn USD/yr", "Size of the market when saturated"),
    _rate("demand_shock", "ceiling_growth", "Growth of that size"),
    Parameter("hop", "normal_return", "1", "Normal return over cost", -1.0, 100.0, low_open=True),
    Parameter(
        "hop", "substitution", "1", "Elasticity of substitution between inputs", 0.0, 100.0, default=1.0
    ),
    Parameter("hop", "premium_cap", "1", "Premium if all three factors were one", 0.0, 1e6),
    _level("scarcity", "Scarcity today"),
    _level("monopoly", "Monopoly today"),
    _level("pricing_power", "Pricing power today"),
    _level("scarcity_long", "Scarcity in the long run", "scarcity"),
    _level("monopoly_long", "Monopoly in the long run", "monopoly"),
    _level("pricing_power_long", "Pricing power in the long run", "pricing_power"),
    _nonnegative("hop", "reversion", "1/yr", "Reversion of the three factors"),
    _volatility("hop", "volatility", "Volatility of the three factors (log odds)"),
    Parameter("hop", "tightness", "1", "Tightness today", -10.0, 10.0, default=0.0),
    Parameter(
        "hop", "tightness_beta", "1", "Effect of tightness on scarcity (log odds)", -100.0, 100.0, default=0.0
    ),
    Parameter("hop", "glut_discount", "1", "Price cut per unit of glut", 0.0, 100.0, default=0.0),
    _positive("hop", "expansion_lag", "yr", "Time to add capacity", 1.5),
    Parameter(
        "hop", "expansion_limit", "1/yr", "Fastest growth of capacity", -0.1, 20.0, low_open=True, default=2.0
    ),
    _positive("hop", "price_lag", "yr", "Time over which contracts reprice", 1.0),
    Parameter("hop", "fixed_cost", "1", "Fixed cost over revenue at rest", 0.0, 100.0),
    Parameter("edge", "share", "1", "Share of the buyer's unit cost", 0.0, 1.0, low_open=True),
    _positive("edge", "life", "yr", "Life of the capital good"),
    _positive("edge", "lag", "yr", "Time from order to service"),
    Parameter(
        "edge", "stock_ratio", "1", "Stock today over what is needed", 0.0, 1e6, low_open=True, default=1.0
    ),
    Parameter(
        "edge", "expected_growth", "1/yr", "Growth of the stock expected today", -20.0, 20.0, optional=True
    ),
    _positive("demand", "spend", "bn USD/yr", "Final spend today"),
    _rate("demand", "growth", "Growth of final spend today"),
    _rate("demand", "growth_long", "Growth of final spend in the long run", "growth"),
    _positive("demand", "growth_decay", "yr", "Time over which growth fades"),
    Parameter("demand", "elasticity", "1", "Own-price elasticity of demand", -100.0, 100.0),
)

SINGLE_TABLES = ("token_price", "open_source", "compute_cost", "lab", "demand_shock")
CAPITAL_KEYS = ("life", "lag", "stock_ratio", "expected_growth")
"""Keys that only capital edges take."""
LAB_HOP_EXCLUDED = (
    "normal_return",
    "substitution",
    "scarcity",
    "scarcity_long",
    "tightness",
    "tightness_beta",
    "glut_discount",
    "expansion_lag",
    "expansion_limit",
    "price_lag",
)
"""Keys that the hop with role "lab" does not take: its price follows the open-weight line."""

BY_TABLE: dict[str, dict[str, Parameter]] = {}
for _parameter in PARAMETERS:
    BY_TABLE.setdefault(_parameter.table, {})[_parameter.key] = _parameter


def parameter_of(name: str) -> Parameter:
    """Return the declaration behind a dotted name such as ``hop.chips.scarcity``.

    Raises
    ------
    KeyError
        If no such parameter exists.
    """
    parts = name.split(".")
    return BY_TABLE[parts[0]][parts[-1]]
