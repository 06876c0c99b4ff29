"""Runs that are killed at any moment go on to the same bits, without a hand on them."""

import random
import shutil
import signal
import sys
import time

import pytest

from sandwich_sim.results.digest import content_digest
from sandwich_sim.results.files import MANIFEST, folder_state
from sandwich_sim.results.manifest import read_manifest
from sandwich_sim.results.verify import verify_run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither fork nor SIGKILL")

KEEPS = {"outcomes": 5400, "summary": 5400, "paths": 1400}
"""Trajectories."""
PARTS = {"outcomes": 6, "summary": 6, "paths": 3}
"""The last one is short."""


@pytest.fixture(scope="module")
def whole(server, memory):
    """Digest of each run that nobody stopped, and the seconds that it takes."""
    found = {}
    for keep, n in KEEPS.items():
        folder = memory / f"whole-{keep}"
        assert server.finish("run", folder, keep=keep, trajectories=n) == 0  # compiles, and warms up
        began = time.monotonic()
        assert server.finish("run", folder.with_name(f"again-{keep}"), keep=keep, trajectories=n) == 0
        found[keep] = content_digest(folder), time.monotonic() - began
        assert content_digest(folder.with_name(f"again-{keep}")) == found[keep][0]
    return found


def go_on(server, chance, folder, keep, **options):
    """Start, or go on by one of the two ways that there are."""
    by_resume = folder_state(folder) == "incomplete" and chance.random() < 0.5
    threads = chance.randint(1, 3)
    if by_resume:
        return server.begin("resume", folder, threads)
    return server.begin("run", folder, threads, keep=keep, trajectories=KEEPS[keep])


def lines_of(folder):
    """Lines of a manifest: the first says what is run, then each part has one, and the end."""
    try:
        return (folder / MANIFEST).read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0


def kill_at_random(server, chance, folder, process, n_parts, seconds):
    """Kill a run a while after a random part of it is done, or began; returns the exit code.

    By time alone, on a busy machine, most would die before their first part.
    """
    present = min(max(0, lines_of(folder) - 1), n_parts)  # the end has a line, too
    parts = chance.randint(present, n_parts)
    if parts > present:
        while lines_of(folder) <= parts and not server.has_answer():
            time.sleep(0.0005)
        seconds /= n_parts
    return server.signal_after(chance.uniform(0.0, seconds), signal.SIGKILL, process)


def kill_and_go_on(server, whole, folder, chance, n_kill):
    """Kill a run some times at random moments, then let it end; returns the parts that survived."""
    keep = chance.choice(sorted(KEEPS))
    digest, seconds = whole[keep]
    most = 0
    for _ in range(n_kill):
        process = go_on(server, chance, folder, keep)
        code = kill_at_random(server, chance, folder, process, PARTS[keep], seconds)
        assert code in (0, -signal.SIGKILL)
        if folder_state(folder) == "incomplete":
            most = max(most, len(read_manifest(folder).parts))
    was_complete = folder_state(folder) == "complete"
    go_on(server, chance, folder, keep)
    assert server.end() == 0
    manifest = read_manifest(folder)
    assert manifest.problems == []
    assert verify_run(folder).problems == {}
    assert content_digest(folder) == digest
    assert not list(folder.rglob("*.partial"))
    if not was_complete:  # killed while it tidied up, otherwise
        assert not (folder / ".lock").exists()
        assert not (folder / "parts").exists()
    shutil.rmtree(folder)
    return most


def test_sixty_killed_runs_end_with_the_same_bits(server, whole, memory):
    chance = random.Random(1)
    survived = [kill_and_go_on(server, whole, memory / str(i), chance, 1) for i in range(60)]
    assert sum(n > 0 for n in survived) >= 30  # had parts to go on with, or this tests little


def test_runs_killed_again_and_again_end_with_the_same_bits(server, whole, memory):
    chance = random.Random(2)
    for i in range(5):
        kill_and_go_on(server, whole, memory / str(i), chance, 5)


@pytest.mark.nightly
def test_a_thousand_killed_runs_end_with_the_same_bits(server, whole, memory):
    chance = random.Random(3)
    survived = [kill_and_go_on(server, whole, memory / str(i), chance, 1) for i in range(1000)]
    n_some = sum(n > 0 for n in survived)
    print(f"{n_some} of 1000 had parts to go on with")
    assert n_some > 600


@pytest.mark.nightly
def test_a_hundred_chains_of_five_kills_end_with_the_same_bits(server, whole, memory):
    chance = random.Random(4)
    for i in range(100):
        kill_and_go_on(server, whole, memory / str(i), chance, 5)
