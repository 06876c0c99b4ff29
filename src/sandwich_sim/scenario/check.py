"""Rules across the tables of a scenario: the chain, events, portfolio, what is kept.

Rules on numbers (``same_as``, ranges, shares, correlation) are in check_numbers.py.
"""

from __future__ import annotations

from sandwich_sim.scenario.draft import Draft
from sandwich_sim.scenario.findings import Findings, KeyPath, printable
from sandwich_sim.scenario.spec import Clause, Edge, Event
from sandwich_sim.variables import VARIABLES, series_names


def check_tables(draft: Draft, findings: Findings) -> None:
    """Note every broken rule of the chain and of what refers to it."""
    if not draft.hops:
        return
    check_roles(draft, findings)
    check_edges(draft, findings)
    check_buyers(draft, findings)
    hops = tuple(hop.name for hop in draft.hops)
    for name in draft.demand:
        if name not in hops:
            findings.add(("demand", name), f"there is no hop {name}. {findings.advise(name, hops, 'Hops')}")
    check_run(draft, hops, findings)
    for event in draft.events:
        check_event(event, draft, hops, findings)
    check_portfolio(draft, hops, findings)


def check_roles(draft: Draft, findings: Findings) -> None:
    """Exactly one lab and one compute, in this order; a cost driver drives one hop."""
    place: dict[str, int] = {}
    for i, hop in enumerate(draft.hops):
        for key, value in (("role", hop.role), ("cost_driver", hop.cost_driver)):
            if value is None:
                continue
            if value in place:
                first = draft.hops[place[value]].name
                findings.add(("hop", hop.name, key), f'hop {first} has {key} = "{value}" already. Keep one.')
            else:
                place[value] = i
    for role, example in (("lab", "the hop that sells tokens"), ("compute", "the cloud that serves them")):
        if role not in place:
            findings.add(("hop",), f'no hop has role = "{role}". Add it to {example}.')
    if "lab" in place and "compute" in place and place["compute"] < place["lab"]:
        name = draft.hops[place["compute"]].name
        findings.add(("hop", name, "role"), "compute comes before the lab. List hops from the user upstream.")


def check_edges(draft: Draft, findings: Findings) -> None:
    """Edges join hops of the chain and go from a buyer to a supplier further down the list."""
    rank = {hop.name: i for i, hop in enumerate(draft.hops)}
    lab = next((hop.name for hop in draft.hops if hop.role == "lab"), None)
    for edge in draft.edges:
        path: KeyPath = ("edge", edge.name)
        unknown = [end for end in (edge.buyer, edge.supplier) if end not in rank]
        for end in unknown:
            findings.add(path, f"there is no hop {end}. {findings.advise(end, rank, 'Hops')}")
        if unknown:
            continue
        if edge.buyer == edge.supplier:
            findings.add(path, "joins a hop to itself. Remove it.")
        elif rank[edge.buyer] > rank[edge.supplier]:
            findings.add(path, _upstream_message(edge, draft.edges))
        if edge.buyer == lab:
            findings.add(
                path, "the lab buys on no edge: its compute follows from training and tokens. Remove it."
            )
        if edge.supplier == lab and edge.kind == "capital":
            findings.add((*path, "kind"), 'tokens are bought as used. Use kind = "current".')


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


def check_buyers(draft: Draft, findings: Findings) -> None:
    """Somebody buys from every hop; compute always sells to the lab."""
    sold = {edge.supplier for edge in draft.edges} | set(draft.demand)
    for hop in draft.hops:
        if hop.name not in sold and hop.role != "compute":
            findings.add(
                ("hop", hop.name),
                f"nobody buys from it. Add [demand.{hop.name}] or an edge to it, or remove it.",
            )


def check_run(draft: Draft, hops: tuple[str, ...], findings: Findings) -> None:
    """Series to keep exist."""
    known = {*VARIABLES, *series_names(hops)}
    for key, names in (("fans", draft.run.fans), ("keep_series", draft.run.keep_series)):
        for i, name in enumerate(names):
            if name not in known:
                hint = findings.advise(name, known, "Use")
                findings.add(("run", key, i), f'"{printable(name)}" is no series. {hint}')


def check_event(event: Event, draft: Draft, hops: tuple[str, ...], findings: Findings) -> None:
    """Clauses name series, can hold, and fit the horizon."""
    known = series_names(hops)
    for i, clause in enumerate(event.clauses):
        path: KeyPath = ("event", event.name, "clauses", i)
        if clause.series and clause.series not in known:
            variable = VARIABLES.get(clause.series)
            if variable is not None:
                hint = f"there is one for each hop. Write {clause.series}.{hops[0]}, say."
            else:
                hint = f"there is no such series. {findings.advise(clause.series, known, 'Some are')}"
            findings.add((*path, "series"), f'"{printable(clause.series)}": {hint}')
        _check_clause(clause, path, draft, findings)


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
            findings.add(
                (*path, key),
                f"years = {move.years} does not fit a horizon of {draft.years} years. "
                + (f"Use at most {fits}." if fits else "Use a longer horizon."),
            )


def check_portfolio(draft: Draft, hops: tuple[str, ...], findings: Findings) -> None:
    """Exposures name hops; weights sum to one."""
    for position in draft.positions:
        for hop in position.exposure:
            if hop not in hops:
                path: KeyPath = ("portfolio", "position", position.name, "exposure", hop)
                hint = findings.advise(hop, hops, "Hops")
                findings.add(path, f"there is no hop {printable(hop)}. {hint}")
    total = sum(position.weight for position in draft.positions)
    if draft.positions and abs(total - 1.0) > 1e-6:
        findings.add(("portfolio",), f"the weights sum to {total:.6g}. Make them sum to 1.")
