"""The one table of outputs: name -> dimensions, unit, long name, range of its histogram.

Everything that stores, labels, prints or plots an output reads it from here. The names are
those of docs/model.md, section 10.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Variable:
    """One recorded output.

    Attributes
    ----------
    name : str
        Name in datasets and scenario files; a hop's series is written ``margin.chips``.
    unit : str
        Unit of a value ("1" for fractions).
    long_name : str
        What it is, for axis labels and dataset attributes.
    per_hop : bool
        True if every hop has one.
    low, high : float
        Range of its histograms, on the histogram's axis.
    scale : float
        0 for a linear axis. Above 0 the axis is ``x / (scale + abs(x))``, which resolves values
        near ``scale`` best and never overflows. `LOGARITHMIC` for one of ``ln x``, for what
        falls or grows by orders of magnitude.
    can_be_undefined : bool
        True if a record may have no value (NaN), which is counted.
    """

    name: str
    unit: str
    long_name: str
    per_hop: bool = False
    low: float = -1.0
    high: float = 1.0
    scale: float = 0.0
    can_be_undefined: bool = False


MONEY = "bn USD/yr"
LOGARITHMIC = -1.0
"""Scale of a histogram whose axis is ln x; what is not above 0 lies below its range."""
_FALLING, _GROWING = (-21.0, 5.0), (-5.0, 25.0)

PER_HOP: tuple[Variable, ...] = (
    Variable("revenue", MONEY, "Revenue", True, scale=100.0),
    Variable("profit", MONEY, "Operating profit", True, scale=50.0),
    Variable("other", MONEY, "Wages and everything outside the chain", True, scale=100.0),
    Variable("margin", "1", "Operating margin", True, -2.5, 1.0),
    Variable("gross_margin", "1", "Gross margin (profit before fixed cost)", True, -2.5, 1.0),
    Variable("premium", "1", "Premium over a normal return", True, low=-1.0, scale=1.0),
    Variable("scarcity", "1", "Scarcity", True, 0.0, 1.0),
    Variable("monopoly", "1", "Monopoly", True, 0.0, 1.0),
    Variable("pricing_power", "1", "Pricing power", True, 0.0, 1.0),
    Variable("tightness", "1", "Tightness (log of demand over capacity)", True, -3.0, 3.0),
    Variable("revenue_share", "1", "Share of the chain's revenue", True, 0.0, 0.92, 0.1),
    Variable("profit_share", "1", "Share of the chain's profit", True, scale=0.1, can_be_undefined=True),
    Variable("profit_capture", "1", "Profit over final spend", True, scale=0.1),
    Variable("dollar_profit", "1", "Kept as profit of the walked dollar", True, scale=0.1),
    Variable("dollar_other", "1", "Spent outside the chain of the walked dollar", True, 0.0, scale=0.1),
)

PER_STEP: tuple[Variable, ...] = (
    Variable("gap", "months", "Capability gap, frontier to open weights", low=0.0, scale=6.0),
    Variable(
        "price",
        "index",
        "Closed price of a token (open break-even at start = 1)",
        False,
        *_FALLING,
        LOGARITHMIC,
    ),
    Variable("line", "index", "Market price of an open-weight token", False, *_FALLING, LOGARITHMIC),
    Variable("cost", "index", "Closed labs' cost of serving a token", False, *_FALLING, LOGARITHMIC),
    Variable("margin_engineering", "1", "Serving margin from engineering (log)", low=-2.0, high=2.0),
    Variable("margin_return", "1", "Serving margin from the normal return (log)", low=-2.0, high=2.0),
    Variable("margin_slack", "1", "Serving margin from slack in the open price (log)", low=-2.0, high=2.0),
    Variable("margin_umbrella", "1", "Serving margin from the capability umbrella (log)", low=-2.0, high=2.0),
    Variable("inference_margin", "1", "Inference margin of the labs"),
    Variable("all_in_margin", "1", "All-in margin of the labs (training amortized)"),
    Variable("share", "1", "Closed share of the work done", low=0.0),
    Variable("tokens", "index", "Tokens, in open-model equivalents", False, *_GROWING, LOGARITHMIC),
    Variable("list_price_ratio", "1", "Closed over open price as listed", low=0.0, scale=6.0),
    Variable("open_share_listed", "1", "Open share of tokens as listed", low=0.0),
    Variable("spend", MONEY, "Final spend", low=0.0, scale=1000.0),
    Variable("capex", MONEY, "Capital spending", low=0.0, scale=500.0),
    Variable("depreciation", MONEY, "Depreciation", low=0.0, scale=500.0),
    Variable("financing", MONEY, "What investors put in (capex less depreciation)", scale=500.0),
    Variable("training", MONEY, "Training spend of the labs", low=0.0, scale=50.0),
    Variable("training_amortised", MONEY, "Training spend, amortized", low=0.0, scale=50.0),
    Variable("compute_price", "index", "Price of compute (start = 1)", False, *_FALLING, LOGARITHMIC),
)

VARIABLES: dict[str, Variable] = {v.name: v for v in PER_HOP + PER_STEP}

FAN_DEFAULT = (
    "margin",
    "profit",
    "dollar_profit",
    "all_in_margin",
    "inference_margin",
    "gap",
    "price",
    "capex",
)
KEEP_SERIES_DEFAULT = (
    "margin",
    "profit_share",
    "dollar_profit",
    "all_in_margin",
    "inference_margin",
    "gap",
    "capex",
)
TABLE_SERIES = ("revenue_share", "profit_share", "dollar_profit", "margin")
QUANTILES = (0.05, 0.50, 0.95)


def series_names(hops: tuple[str, ...]) -> tuple[str, ...]:
    """Return every recorded series of a chain, in the order of the kernel's record.

    Per-hop variables come first, hop by hop within a variable (``revenue.app``,
    ``revenue.lab``, ...), then those of the whole chain (``gap``, ...).
    """
    per_hop = [f"{variable.name}.{hop}" for variable in PER_HOP for hop in hops]
    return (*per_hop, *(variable.name for variable in PER_STEP))


def expand_series(names: tuple[str, ...], hops: tuple[str, ...]) -> tuple[str, ...]:
    """Spell out per-hop variables: ``margin`` becomes ``margin.app``, ``margin.lab``, ...

    Raises
    ------
    KeyError
        If a name is neither a variable nor a hop's series; its argument is the name.
    """
    known = series_names(hops)
    expanded: list[str] = []
    for name in names:
        variable = VARIABLES.get(name)
        if variable is not None and variable.per_hop:
            expanded.extend(f"{name}.{hop}" for hop in hops)
        elif name in known:
            expanded.append(name)
        else:
            raise KeyError(name)
    return tuple(dict.fromkeys(expanded))
