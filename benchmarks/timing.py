"""Clocks and tables of the benchmarks: the best of several rounds, processor and wall time apart."""

from __future__ import annotations

import hashlib
import json
import platform
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Time:
    """Best of some rounds: elapsed time, and processor time of the whole process [s]."""

    wall: float
    cpu: float


def measure(work: Callable[[], Any], *, rounds: int = 5) -> Time:
    """Time ``work`` some times and keep the best of each clock."""
    return measure_in_turn({"": work}, rounds=rounds)[""]


def measure_in_turn(works: dict[str, Callable[[], Any]], *, rounds: int = 5) -> dict[str, Time]:
    """Time several works in turn, so that they share what the machine does beside them."""
    walls: dict[str, list[float]] = {name: [] for name in works}
    cpus: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            wall, cpu = time.perf_counter(), time.process_time()
            work()
            cpus[name].append(time.process_time() - cpu)
            walls[name].append(time.perf_counter() - wall)
    return {name: Time(min(walls[name]), min(cpus[name])) for name in works}


def cores_at_hand(rounds: int = 8) -> float:
    """Return how many cores two threads without Python's lock get now, at best: 2 on an idle machine."""
    data = bytes(1 << 25)

    def work() -> None:
        threads = [threading.Thread(target=hashlib.sha256, args=(data,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    found = []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        found.append((time.process_time() - cpu) / (time.perf_counter() - wall))
    return max(found)


def nanoseconds_per_step(seconds: float, n_step: int) -> float:
    """Return the time of one trajectory-step [ns]."""
    return seconds / n_step * 1e9


@dataclass(frozen=True)
class Row:
    """One measured number and what it must be, if anything.

    Attributes
    ----------
    name, unit : str
    value : float
    limit : float, optional
    at_least : bool
        Whether the limit is the least (ratios) or the most (times) that will do.
    """

    name: str
    value: float
    unit: str
    limit: float | None = None
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the limit is kept; true without one."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit


@dataclass
class Table:
    """Rows under a title, for people or as one JSON document."""

    title: str
    rows: list[Row] = field(default_factory=list)

    def add(
        self, name: str, value: float, unit: str, limit: float | None = None, *, at_least: bool = False
    ) -> Row:
        """Add a row and return it."""
        self.rows.append(Row(name, value, unit, limit, at_least))
        return self.rows[-1]

    def show(self, as_json: bool) -> None:
        """Print the table."""
        if as_json:
            print(json.dumps(self.to_document(), indent=1))
            return
        width = max(len(row.name) for row in self.rows)
        print(self.title)
        for row in self.rows:
            sign = ">=" if row.at_least else "<="
            limit = "" if row.limit is None else f"   {sign} {row.limit:g}{'' if row.is_met else '   MISSED'}"
            print(f"  {row.name:<{width}}  {row.value:>10,.4g} {row.unit:<4}{limit}".rstrip())

    def to_document(self) -> dict[str, Any]:
        """Return JSON values."""
        rows = [asdict(row) | {"is_met": row.is_met} for row in self.rows]
        machine = {"python": platform.python_version(), "processor": platform.machine()}
        return {"title": self.title, "date": date.today().isoformat(), **machine, "rows": rows}
