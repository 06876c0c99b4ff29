"""How the shares of positions are spread over the trajectories: histograms for a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.trajectories import Trajectories
from sandwich_sim.scenario.spec import Position

Floats = NDArray[np.float64]

N_BUCKET = 72
_EDGE = 0.02


@dataclass(frozen=True)
class ShareDensity:
    """How one position's discounted revenue and profit shares are spread.

    Attributes
    ----------
    name : str
        Of the position; ``book`` for the whole.
    edges : ndarray of float64, shape (n_bucket + 1,)
        One range for all positions, but for the outermost 2% at either end [1].
    revenue, profit : ndarray of float64, shape (n_bucket,)
        Part of the trajectories in each bucket [1].
    """

    name: str
    edges: Floats
    revenue: Floats
    profit: Floats


def share_densities(
    positions: Sequence[Position], trajectories: Trajectories, book: str = "book"
) -> list[ShareDensity]:
    """Count the discounted shares of each position, the book last.

    Parameters
    ----------
    positions : sequence of Position
        Exposed to hops of the run alone.
    trajectories : Trajectories
        Of a run that kept outcomes.
    """
    hops = trajectories.meta.hops
    rows = np.array([[position.exposure.get(hop, 0.0) for hop in hops] for position in positions])
    exposure = np.vstack([rows, np.array([position.weight for position in positions]) @ rows])
    profit = trajectories.whole("discounted_profit").astype(np.float64)
    revenue = trajectories.whole("discounted_revenue").astype(np.float64)
    total = profit.sum(axis=0)
    is_defined = total > 0.0
    profit_share = exposure @ profit[:, is_defined] / total[is_defined]
    revenue_share = exposure @ revenue / revenue.sum(axis=0)
    if not profit_share.shape[1]:
        return []
    ends = [np.quantile(shares, (_EDGE, 1.0 - _EDGE), axis=1) for shares in (profit_share, revenue_share)]
    edges = np.linspace(min(0.0, float(np.min(ends))), float(np.max(ends)), N_BUCKET + 1)

    def spread(shares: Floats) -> Floats:
        return np.histogram(shares, edges)[0] / shares.size

    names = [*(position.name for position in positions), book]
    return [
        ShareDensity(name, edges, spread(revenues), spread(profits))
        for name, revenues, profits in zip(names, revenue_share, profit_share, strict=True)
    ]
