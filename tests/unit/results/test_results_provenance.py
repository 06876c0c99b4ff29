import getpass
import json
import socket
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from sandwich_sim.results.meta import meta_from_document
from sandwich_sim.results.provenance import fingerprint, provenance_record
from sandwich_sim.sampling import check_request
from synthetic_run import make_meta


def test_the_same_run_has_the_same_record_but_for_its_time() -> None:
    first, second = provenance_record(make_meta()), provenance_record(make_meta())
    assert first.pop("started") <= second.pop("started")
    assert first == second


def test_the_record_names_no_host_user_or_path() -> None:
    record = provenance_record(make_meta())
    del record["fingerprint"]["features"]
    values = json.dumps(record).split('"')
    assert not {socket.gethostname(), getpass.getuser()} & set(values)
    assert not any(str(Path.home()) in value for value in values)


def test_the_fingerprint_is_short_and_stable() -> None:
    assert fingerprint() == fingerprint()
    assert len(fingerprint()) == 16
    assert provenance_record(make_meta())["fingerprint"]["digest"] == fingerprint()


def test_the_fingerprint_tells_another_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint()
    monkeypatch.setattr(numba.config, "CPU_NAME", "generic")
    assert fingerprint() != before


def test_the_description_of_a_run_survives_json() -> None:
    meta = make_meta()
    assert meta_from_document(json.loads(json.dumps(meta.to_document()))) == meta


def test_the_description_of_an_earlier_version_is_read() -> None:
    document = make_meta().to_document()
    del document["event_rules"]
    assert meta_from_document(document) == make_meta()
    del document["seed"]
    with pytest.raises(KeyError):
        meta_from_document(document)


def test_a_description_that_is_not_what_its_digest_is_of_is_refused() -> None:
    document = make_meta().to_document()
    assert meta_from_document(document, make_meta().run_digest) == make_meta()
    with pytest.raises(ValueError, match="is not what its digest is of"):
        meta_from_document(document | {"seed": 1}, make_meta().run_digest)


@pytest.mark.parametrize(("sampler", "most"), [("sobol", 2**36), ("random", 2**48 - 1)])
def test_a_description_has_no_more_trajectories_than_its_sampler(sampler: str, most: int) -> None:
    document = make_meta().to_document() | {"sampler": sampler, "n_trajectories": most}
    check_request(0, sampler, meta_from_document(document).n_trajectories)
    with pytest.raises(ValueError, match=r"n_trajectories|trajectories than its sampler"):
        meta_from_document(document | {"n_trajectories": most + 1})


@pytest.mark.parametrize("start", ["0001-01-01", "9950-01-01", "2026-02-30", "26"])
def test_a_description_starts_when_a_scenario_can(start: str) -> None:
    with pytest.raises(ValueError, match=r"starts when|day|Invalid"):
        meta_from_document(make_meta().to_document() | {"start": start})


def test_the_digest_of_a_run_covers_every_option() -> None:
    digests = {make_meta().run_digest, make_meta().run_digest}
    assert len(digests) == 1
    for change in (
        {"seed": 1},
        {"n_trajectories": 5},
        {"keep": "paths"},
        {"shocks": False},
        {"sampler": "sobol"},
    ):
        digests.add(make_meta(**change).run_digest)
    assert len(digests) == 6


def test_what_a_run_imports_is_light() -> None:
    code = (
        "import sys, sandwich_sim.results.store, sandwich_sim.results.plan, sandwich_sim.results.provenance,"
        "sandwich_sim.results.summarize, sandwich_sim.results.dataset, sandwich_sim.results.aggregate;"
        "print([m for m in ('xarray', 'pandas', 'zarr', 'scipy', 'matplotlib', 'numba', 'pydantic', 'rich')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
