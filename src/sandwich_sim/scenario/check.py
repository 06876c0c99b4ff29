"""Rules across the tables of a scenario: the chain, events, portfolio, what is kept.

Rules on numbers (``same_as``, ranges, shares, correlation) are in check_numbers.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandwich_sim.scenario.draft import Draft
from sandwich_sim.scenario.findings import Findings, KeyPath, printable
from sandwich_sim.scenario.layers import edge_ends
from sandwich_sim.scenario.merged import Merged, table_of
from sandwich_sim.scenario.spec import Clause, Edge, Event
from sandwich_sim.variables import VARIABLES, series_names


def check_tables(draft: Draft, merged: Merged, findings: Findings) -> None:
    """Note every broken rule of the chain and of what refers to it."""
    if not draft.hops:
        return
    check_roles(draft, merged, findings)
    hops = tuple(hop.name for hop in draft.hops)
    chain = Chain(hops, merged, findings)
    check_edges(draft, chain)
    check_buyers(draft, merged, findings)
    for name in draft.demand:
        chain.check_hop(name, ("demand", name))
    for key, names in (("fans", draft.run.fans), ("keep_series", draft.run.keep_series)):
        for i, name in enumerate(names):
            chain.check_series(name, ("run", key, i), whole=True)
            if name in names[:i]:
                findings.add(("run", key, i), f"names {printable(name)} a second time. Remove one.")
    for event in draft.events:
        check_event(event, draft, chain)
    check_portfolio(draft, chain)


@dataclass(frozen=True)
class Chain:
    """The hops that there are, and what to say about others."""

    hops: tuple[str, ...]
    merged: Merged
    findings: Findings

    def check_hop(self, name: str, path: KeyPath) -> bool:
        """Note a hop that does not exist; return whether it does."""
        if name in self.hops:
            return True
        removal = self.merged.removal_message(f"hop.{name}")
        hint = (
            removal or f"there is no hop {printable(name)}. {self.findings.advise(name, self.hops, 'Hops')}"
        )
        self.findings.add(path, hint, causes=[("hop", name)])
        return False

    def check_series(self, name: str, path: KeyPath, whole: bool) -> None:
        """Note a series that does not exist; ``whole``: a variable stands for all its hops."""
        known = series_names(self.hops)
        variable = VARIABLES.get(name)
        if name in known or (whole and variable is not None):
            return
        base, _, hop = name.partition(".")
        removal = self.merged.removal_message(f"hop.{hop}") if base in VARIABLES and hop else None
        if variable is not None:
            message = f'"{name}" has a series for each hop. Write {name}.{self.hops[0]}, say.'
        elif removal is not None:
            message = removal
        else:
            hint = self.findings.advise(name, (*VARIABLES, *known), "Some are")
            message = f'"{printable(name)}" is no series. {hint}'
        self.findings.add(path, message, causes=[("hop", hop)] if hop else [])


def check_roles(draft: Draft, merged: Merged, findings: Findings) -> None:
    """Exactly one lab and one compute, in this order; a cost driver drives one hop."""
    is_clear = all(finding.path[-1] != "role" for finding in findings.items)  # else a role is misspelled
    place: dict[str, int] = {}
    for i, hop in enumerate(draft.hops):
        for key, value in (("role", hop.role), ("cost_driver", hop.cost_driver)):
            if value is None:
                continue
            if value in place:
                first = draft.hops[place[value]].name
                findings.add(
                    ("hop", hop.name, key),
                    f'hop {first} has {key} = "{value}" already. Keep one.',
                    causes=[("hop", first, key)],
                )
            else:
                place[value] = i
    for role, example in (("lab", "the hop that sells tokens"), ("compute", "the cloud that serves them")):
        if role not in place and is_clear:
            hint = f'no hop has role = "{role}". Add it to {example}.'
            findings.add(("hop",), hint, causes=_who_had(role, draft, merged))
    if "lab" in place and "compute" in place and place["compute"] < place["lab"]:
        name, lab = draft.hops[place["compute"]].name, draft.hops[place["lab"]].name
        findings.add(
            ("hop", name, "role"),
            "compute comes before the lab. List hops from the user upstream.",
            causes=[("hop", lab, "role"), ("hop", lab)],
        )


def _who_had(role: str, draft: Draft, merged: Merged) -> list[KeyPath]:
    """Return what took a role away: removals of hops that had it in some file, and roles changed."""
    had = {
        name
        for layer in merged.layers
        for name, table in table_of(layer.data, "hop").items()
        if isinstance(table, dict) and table.get("role") == role
    }
    gone = [removal.path for removal in merged.removals if removal.path[1:2] and removal.path[1] in had]
    return [*gone, *(("hop", hop.name, "role") for hop in draft.hops)]


def check_edges(draft: Draft, chain: Chain) -> None:
    """Edges join hops of the chain and go from a buyer to a supplier further down the list."""
    findings = chain.findings
    rank = {name: i for i, name in enumerate(chain.hops)}
    lab = next((hop.name for hop in draft.hops if hop.role == "lab"), None)
    for edge in draft.edges:
        path: KeyPath = ("edge", edge.name)
        known = [chain.check_hop(end, path) for end in (edge.buyer, edge.supplier)]
        if not all(known):
            continue
        ends: list[KeyPath] = [("hop", edge.buyer), ("hop", edge.supplier)]
        role: list[KeyPath] = [("hop", lab, "role")] if lab is not None else []
        if edge.buyer == edge.supplier:
            findings.add(path, "joins a hop to itself. Remove it.")
        elif rank[edge.buyer] > rank[edge.supplier]:
            findings.add(path, _upstream_message(edge, draft.edges), causes=ends)
        if edge.buyer == lab:
            hint = "the lab buys on no edge: its compute follows from training and tokens. Remove it."
            findings.add(path, hint, causes=role)
        if edge.supplier == lab and edge.kind == "capital":
            hint = 'tokens are bought as used. Use kind = "current".'
            findings.add((*path, "kind"), hint, causes=role)


def _upstream_message(edge: Edge, edges: list[Edge]) -> str:
    chain = _chain(edge.supplier, edge.buyer, edges)
    if chain:
        return f"closes a cycle: {' -> '.join([*chain, edge.supplier])}. Remove one of its edges."
    return (
        f"goes from a later hop to an earlier one. List hop {edge.supplier} after {edge.buyer}, "
        f"or write [edge.{edge.supplier}-{edge.buyer}]."
    )


def _chain(start: str, end: str, edges: list[Edge]) -> list[str]:
    """Return hops from ``start`` to ``end`` along edges; empty if there is no way."""
    came_from: dict[str, str] = {start: ""}
    front = [start]
    while front:
        here = front.pop()
        for edge in edges:
            if edge.buyer == here and edge.supplier not in came_from:
                came_from[edge.supplier] = here
                front.append(edge.supplier)
    path = [end] if end in came_from else []
    while path and path[0] != start:
        path.insert(0, came_from[path[0]])
    return path


def check_buyers(draft: Draft, merged: Merged, findings: Findings) -> None:
    """Somebody buys from every hop; compute always sells to the lab."""
    tables = (merged.document.get("edge"), merged.document.get("demand"))
    if not all(isinstance(table, dict) for table in tables):
        return  # said already
    sold = {edge.supplier for edge in draft.edges} | set(draft.demand)
    for hop in draft.hops:
        if hop.name in sold or hop.role == "compute" or hop.name in draft.doubtful:
            continue
        buyers = [
            removal.path
            for removal in merged.removals
            if removal.path == ("demand", hop.name)
            or (removal.path[0] == "edge" and edge_ends(str(removal.path[1]))[1] == hop.name)
        ]
        findings.add(
            ("hop", hop.name),
            f"nobody buys from it. Add [demand.{hop.name}] or an edge to it, or remove it.",
            causes=[*buyers, ("hop", hop.name, "role")],
        )


def check_event(event: Event, draft: Draft, chain: Chain) -> None:
    """Clauses name series, can hold, and fit the horizon."""
    for i, clause in enumerate(event.clauses):
        path: KeyPath = ("event", event.name, "clauses", i)
        if clause.series:
            chain.check_series(clause.series, (*path, "series"), whole=False)
        _check_clause(clause, path, draft, chain.findings)


def _check_clause(clause: Clause, path: KeyPath, draft: Draft, findings: Findings) -> None:
    if clause.below is not None and clause.above is not None and clause.above >= clause.below:
        findings.add(
            (*path, "above"),
            f"nothing is above {clause.above:g} and below {clause.below:g}. Use above < below.",
        )
    if clause.rises is not None and clause.falls is not None:
        findings.add((*path, "falls"), "a series does not rise and fall at once. Make two events.")
    # Means over years need (years + 1) whole years of records, the start included.
    fits = (draft.years * draft.steps_per_year + 1) // draft.steps_per_year - 1
    for key, move in (("rises", clause.rises), ("falls", clause.falls)):
        if move is not None and move.years > fits:
            needed = move.years + draft.years - fits
            findings.add(
                (*path, key),
                f"years = {move.years} compares means of {move.years + 1} years and needs a horizon of "
                f"{needed} years, not {draft.years}. Use time.years = {needed}"
                + (f", years = {fits} in the event" if fits else "")
                + f', or remove = ["event.{path[1]}"].',
                causes=[("time", "years"), ("time", "steps_per_year")],
            )


def check_portfolio(draft: Draft, chain: Chain) -> None:
    """Exposures name hops; weights sum to one."""
    paths: list[KeyPath] = [("portfolio", "position", position.name) for position in draft.positions]
    for position, path in zip(draft.positions, paths, strict=True):
        for hop in position.exposure:
            chain.check_hop(hop, (*path, "exposure", hop))
    total = sum(position.weight for position in draft.positions)
    is_clear = all(finding.path[:1] != ("portfolio",) for finding in chain.findings.items)
    if paths and is_clear and abs(total - 1.0) > 1e-6:
        latest = chain.merged.latest([(*path, "weight") for path in paths])
        gone = [gone.path for gone in chain.merged.removals if gone.path[:2] == ("portfolio", "position")]
        chain.findings.add(
            latest, f"the weights of all positions sum to {total:.6g}. Make them sum to 1.", causes=gone
        )
