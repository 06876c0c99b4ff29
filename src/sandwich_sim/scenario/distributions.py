"""A distribution as a scenario file writes it -> its canonical description.

`KINDS` is the one table of distributions: the reader, its messages and the JSON Schema use it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf, isfinite
from pathlib import Path
from typing import Any

from sandwich_sim.scenario.columns import ColumnError, read_column
from sandwich_sim.scenario.fields import MAX_VALUES, Fields, finite, is_number, probability_of, read_quantiles
from sandwich_sim.scenario.findings import Findings, KeyPath, printable, shown
from sandwich_sim.scenario.limits import refuse_extreme, truncate
from sandwich_sim.scenario.metalog_advice import metalog_problem
from sandwich_sim.scenario.quantile_fit import (
    FitError,
    fit_beta,
    fit_lognormal,
    fit_loguniform,
    fit_normal,
    fit_pert,
    fit_student_t,
    fit_triangular,
    fit_uniform,
)
from sandwich_sim.scenario.uncertain import (
    Beta,
    Constant,
    Discrete,
    Distribution,
    Empirical,
    LogNormal,
    LogUniform,
    Metalog,
    Mixture,
    Normal,
    Pert,
    StudentT,
    Triangular,
    Uniform,
)

OUTER_KEYS = ("dist", "min", "max", "source", "note")


@dataclass(frozen=True)
class Kind:
    """How a distribution is written.

    Attributes
    ----------
    own : tuple of str
        Its own parameters.
    optional : tuple of str
        Those of them that have a default.
    beside : tuple of str or None
        Keys that go with two quantiles; None if it cannot be given by quantiles.
    build : callable
        Reads its own parameters.
    from_quantiles : callable
        Reads two quantiles.
    """

    own: tuple[str, ...]
    build: Callable[[Fields], Distribution | None]
    from_quantiles: Callable[[Fields], Distribution | None] | None = None
    beside: tuple[str, ...] | None = None
    optional: tuple[str, ...] = ()

    def read(self, fields: Fields) -> Distribution | None:
        by_quantiles = self.from_quantiles is not None and bool(fields.quantile_keys)
        known = (*(self.beside or ()), *fields.quantile_keys) if by_quantiles else self.own
        for key in fields.table:
            if key in known or key in OUTER_KEYS:
                continue
            if by_quantiles and key in self.own and key != "quantiles":
                own = " and ".join(self.own)
                fields.add(key, f"does not go with quantiles. Use either {own}, or two quantiles.")
            else:
                fields.add(key, f"unknown key. {fields.findings.advise(key, (*known, *OUTER_KEYS))}")
        try:
            if by_quantiles and self.from_quantiles is not None:
                return self.from_quantiles(fields)
            return self.build(fields)
        except FitError as error:
            fields.findings.add(fields.path, str(error))
            return None


def _normal(f: Fields) -> Distribution:
    return Normal(mean=f.number("mean"), sd=f.positive("sd"))


def _normal_fit(f: Fields) -> Distribution | None:
    if (pair := f.two_quantiles()) is None:
        return None
    mean, sd = fit_normal(*pair)
    return Normal(mean=mean, sd=sd)


def _lognormal(f: Fields) -> Distribution:
    return LogNormal(mu=f.number("mu"), sigma=f.positive("sigma"))


def _lognormal_fit(f: Fields) -> Distribution | None:
    if (pair := f.two_quantiles(positive=True)) is None:
        return None
    mu, sigma = fit_lognormal(*pair)
    return LogNormal(mu=mu, sigma=sigma)


def _student_t(f: Fields) -> Distribution:
    return StudentT(location=f.number("location"), scale=f.positive("scale"), dof=f.positive("dof"))


def _student_t_fit(f: Fields) -> Distribution | None:
    dof, pair = f.positive("dof"), f.two_quantiles()
    if pair is None or not isfinite(dof):
        return None
    location, scale = fit_student_t(*pair, dof)
    return StudentT(location=location, scale=scale, dof=dof)


def _uniform(f: Fields) -> Distribution:
    low, high = f.rising("low", "high", strictly=True)
    return Uniform(low=low, high=high)


def _uniform_fit(f: Fields) -> Distribution | None:
    if (pair := f.two_quantiles()) is None:
        return None
    low, high = fit_uniform(*pair)
    return Uniform(low=low, high=high)


def _loguniform(f: Fields) -> Distribution:
    low, high = f.rising("low", "high", strictly=True)
    if low <= 0.0:
        f.add("low", f"is {low:g}. Use a number above 0.")
    return LogUniform(low=low, high=high)


def _loguniform_fit(f: Fields) -> Distribution | None:
    if (pair := f.two_quantiles(positive=True)) is None:
        return None
    low, high = fit_loguniform(*pair)
    return LogUniform(low=low, high=high)


def _triangular(f: Fields) -> Distribution:
    low, mode, high = f.rising("low", "mode", "high")
    return Triangular(low=low, mode=mode, high=high)


def _triangular_fit(f: Fields) -> Distribution | None:
    mode, pair = f.number("mode"), f.two_quantiles()
    if pair is None or not isfinite(mode):
        return None
    low, high = fit_triangular(*pair, mode)
    return Triangular(low=low, mode=mode, high=high)


def _pert(f: Fields) -> Distribution:
    low, mode, high = f.rising("low", "mode", "high")
    return Pert(low=low, mode=mode, high=high, shape=f.positive("shape", 4.0))


def _pert_fit(f: Fields) -> Distribution | None:
    mode, shape, pair = f.number("mode"), f.positive("shape", 4.0), f.two_quantiles()
    if pair is None or not isfinite(mode + shape):
        return None
    low, high = fit_pert(*pair, mode, shape)
    return Pert(low=low, mode=mode, high=high, shape=shape)


def _bounds(f: Fields) -> tuple[float, float]:
    low, high = f.number("low", 0.0), f.number("high", 1.0)
    if low >= high:
        f.add("high", f"low = {low:g} and high = {high:g} are out of order. Use low < high.")
    return low, high


def _beta(f: Fields) -> Distribution:
    low, high = _bounds(f)
    return Beta(a=f.positive("a"), b=f.positive("b"), low=low, high=high)


def _beta_fit(f: Fields) -> Distribution | None:
    (low, high), pair = _bounds(f), f.two_quantiles()
    if pair is None or not low < high:
        return None
    a, b = fit_beta(*pair, low, high)
    return Beta(a=a, b=b, low=low, high=high)


def _shares(f: Fields, key: str, n: int) -> tuple[float, ...]:
    """Read positive numbers that sum to one, as many as there are values."""
    shares = f.numbers(key, 1)
    if not shares:
        return ()
    if len(shares) != n:
        f.add(key, f"has {len(shares)} numbers for {n} values. Give one for each.")
    elif min(shares) <= 0.0:
        f.add(key, f"holds {min(shares):g}. Use numbers above 0.")
    elif abs(sum(shares) - 1.0) > 1e-6:
        f.add(key, f"sum to {sum(shares):.6g}. Make them sum to 1.")
    total = sum(shares)
    return tuple(share / total for share in shares) if total else ()


def _discrete(f: Fields) -> Distribution | None:
    values = f.numbers("values", 1)
    if len(set(values)) < len(values):
        f.add("values", "holds a value twice. List each value once.")
    probabilities = _shares(f, "probabilities", len(values))
    pairs = sorted(zip(values, probabilities, strict=False))
    return Discrete(values=tuple(v for v, _ in pairs), probabilities=tuple(p for _, p in pairs))


def _mixture(f: Fields) -> Distribution | None:
    parts = f.table.get("components")
    if not isinstance(parts, list) or not parts:
        f.add("components", "is no list of distributions. Use [{ dist = ... }, { dist = ... }].")
        return None
    components = [_component(part, (*f.path, "components", i), f) for i, part in enumerate(parts)]
    weights = _shares(f, "weights", len(parts))
    return Mixture(weights=weights, components=tuple(part for part in components if part is not None))


def _component(part: object, path: KeyPath, f: Fields) -> Distribution | Constant | None:
    if is_number(part):
        return Constant(finite(part, path, f.findings))
    if isinstance(part, dict) and ("dist" in part or "quantiles" in part):
        return read_distribution(part, path, f.findings, f.folder)
    f.findings.add(path, f'is {shown(part)}. Use a number or {{ dist = "..." }}.')
    return None


def _empirical(f: Fields) -> Distribution | None:
    if "values" in f.table:
        for key in ("file", "column"):
            if key in f.table:
                f.add(key, "stands beside values. Use either values, or file and column.")
        values = f.numbers("values", 2)
    else:
        try:
            values = read_column(f.folder, f.table.get("file"), f.table.get("column"), MAX_VALUES)
        except ColumnError as error:
            f.add(error.key, str(error))
            return None
    if values and min(values) == max(values):
        key = "values" if "values" in f.table else "column"
        f.add(key, "holds one value only. Use a plain number instead.")
    return Empirical(values=tuple(sorted(values)))


def _metalog(f: Fields) -> Distribution | None:
    table = f.table.get("quantiles")
    if not isinstance(table, dict) or not 2 <= len(table) <= 16:
        f.add("quantiles", "is no table of 2 to 16 quantiles. Use { p5 = ..., p50 = ..., p95 = ... }.")
        return None
    return _through_quantiles(f, table, (*f.path, "quantiles"))


def _metalog_fit(f: Fields) -> Distribution | None:
    """Read ``p5 = ..., p95 = ...`` beside ``dist = "metalog"``, as other distributions have them."""
    if not 2 <= len(f.quantile_keys) <= 16:
        found = f"needs 2 to 16 quantiles, but has {len(f.quantile_keys)}"
        f.findings.add(f.path, f"{found}. Use p5, p50 and p95, say.")
        return None
    return _through_quantiles(f, {key: f.table[key] for key in f.quantile_keys}, f.path)


def _through_quantiles(f: Fields, table: Mapping[str, Any], path: KeyPath) -> Distribution | None:
    low, high = f.number("low", -inf), f.number("high", inf)
    points = read_quantiles(table, list(table), path, f.findings)
    if points is None:
        return None
    if not low < points[0][1] or not points[-1][1] < high:
        bounds = " and ".join(f"{key} = {f.table[key]}" for key in ("low", "high") if key in f.table)
        f.findings.add(path, f"the quantiles do not lie within {bounds}. Use low < quantiles < high.")
        return None
    distribution = Metalog(
        probabilities=tuple(p for p, _ in points), values=tuple(v for _, v in points), low=low, high=high
    )
    problem = metalog_problem(distribution, {probability_of(key) or 0.0: key for key in table})
    if problem is not None:
        f.findings.add(path, problem)
    return distribution


KINDS: dict[str, Kind] = {
    "normal": Kind(("mean", "sd"), _normal, _normal_fit, ()),
    "lognormal": Kind(("mu", "sigma"), _lognormal, _lognormal_fit, ()),
    "student-t": Kind(("location", "scale", "dof"), _student_t, _student_t_fit, ("dof",)),
    "uniform": Kind(("low", "high"), _uniform, _uniform_fit, ()),
    "loguniform": Kind(("low", "high"), _loguniform, _loguniform_fit, ()),
    "triangular": Kind(("low", "mode", "high"), _triangular, _triangular_fit, ("mode",)),
    "pert": Kind(("low", "mode", "high", "shape"), _pert, _pert_fit, ("mode", "shape"), ("shape",)),
    "beta": Kind(("a", "b", "low", "high"), _beta, _beta_fit, ("low", "high"), ("low", "high")),
    "discrete": Kind(("values", "probabilities"), _discrete),
    "mixture": Kind(("components", "weights"), _mixture),
    "empirical": Kind(("file", "column", "values"), _empirical, optional=("file", "column", "values")),
    "metalog": Kind(
        ("quantiles", "low", "high"), _metalog, _metalog_fit, ("low", "high"), optional=("low", "high")
    ),
}
_OTHER_NAMES = {
    "gaussian": "normal",
    "t": "student-t",
    "students-t": "student-t",
    "logistic": "metalog",
    "bernoulli": "discrete",
    "binary": "discrete",
    "choice": "discrete",
    "categorical": "discrete",
    "data": "empirical",
    "histogram": "empirical",
    "samples": "empirical",
    "quantiles": "metalog",
}


def read_distribution(
    table: Mapping[str, Any], path: KeyPath, findings: Findings, folder: Path | None
) -> Distribution | None:
    """Read a table with ``dist`` or ``quantiles``; None, and findings, if something is wrong.

    Parameters
    ----------
    table : mapping
        As parsed from TOML.
    path : key path
        Where it sits.
    findings : Findings
        Takes what is wrong.
    folder : Path or None
        Folder of the file that holds it, for CSV columns.
    """
    n_before = len(findings.items)
    name = table.get("dist", "metalog")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        found = printable(str(name))
        other = _OTHER_NAMES.get(found.lower())
        hint = f'Did you mean "{other}"?' if other else findings.advise(found.lower(), KINDS)
        findings.add((*path, "dist"), f'"{found}" is no distribution. {hint}')
        return None
    fields = Fields(table, path, findings, folder)
    distribution = kind.read(fields)
    if distribution is not None and len(findings.items) == n_before:
        refuse_extreme(distribution, fields)
    minimum, maximum = fields.number("min", -inf), fields.number("max", inf)
    if len(findings.items) > n_before or distribution is None:
        return None
    return truncate(distribution, minimum, maximum, fields)
