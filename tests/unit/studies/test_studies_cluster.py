"""Which schedulers and workers are accepted, and what is said of the others."""

import importlib.util

import pytest
from click.testing import CliRunner

from sandwich_sim.cli.main import cli
from sandwich_sim.errors import IntegrityError, UsageError
from sandwich_sim.kernels.rng import STREAM_VERSION
from sandwich_sim.results.layout import layout_of
from sandwich_sim.results.parts import part_grid
from sandwich_sim.results.provenance import fingerprint
from sandwich_sim.results.staging import StagedPart, staged_part
from sandwich_sim.studies import cluster_connection, cluster_parts, cluster_worker
from sandwich_sim.studies.cluster import Cluster
from sandwich_sim.studies.cluster_connection import check_address, connected, is_open_to_others
from sandwich_sim.studies.cluster_parts import _Crew
from synthetic_run import make_meta


@pytest.mark.parametrize(
    "address",
    [
        "tcp://127.0.0.1:8786",
        "tcp://localhost:8786",
        "tcp://[::1]:8786",
        "tls://10.0.0.1:8786",
        "tls://head:1",
    ],
)
def test_this_machine_or_encryption_is_accepted(address):
    check_address(address, False)


@pytest.mark.parametrize(
    "address",
    ["tcp://10.0.0.1:8786", "tcp://head.cluster:8786", "tcp://0.0.0.0:8786", "tcp://[2001:db8::1]:8786"],
)
def test_other_machines_without_encryption_must_be_asked_for(address):
    with pytest.raises(UsageError, match=r"tls://.*--insecure-scheduler"):
        check_address(address, False)
    check_address(address, True)


@pytest.mark.parametrize(
    "address",
    ["", "head", "head:8786", "tcp://head", "tcp://:8786", "http://127.0.0.1:8787", "ucx://127.0.0.1:1",
     "inproc://127.0.0.1/1/1", "tcp://127.0.0.1:none", "tcp://127.0.0.1:99999", "tcp://127.0.0.1:1/path"],
)  # fmt: skip
def test_what_is_no_address_is_refused(address):
    with pytest.raises(UsageError, match="is not an address such as tcp://127"):
        check_address(address, True)


def test_workers_that_others_can_reach_are_known():
    assert is_open_to_others("tcp://10.0.0.2:40000")
    assert is_open_to_others("ucx://10.0.0.2:40000")
    assert not is_open_to_others("tcp://127.0.0.1:40000")
    assert not is_open_to_others("tls://10.0.0.2:40000")
    assert not is_open_to_others("inproc://10.0.0.2/1/1")


def test_encryption_needs_certificates():
    with pytest.raises(UsageError, match=r"ca-file, client.cert, client.key"), connected("tls://127.0.0.1:1"):
        pass


def test_a_scheduler_that_does_not_answer_is_told(monkeypatch):
    monkeypatch.setattr(cluster_connection, "CONNECT_SECONDS", 0.2)
    with (
        pytest.raises(UsageError, match="no scheduler of dask answers there"),
        connected("tcp://127.0.0.1:1"),
    ):
        pass


@pytest.mark.parametrize("package", ["distributed", "cryptography"])
def test_without_dask_it_says_what_to_install(monkeypatch, package):
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else real(name))
    with pytest.raises(UsageError, match=rf"need the package {package}. .*sandwich-sim\[dask\]"):
        Cluster(workers=2)
    with pytest.raises(UsageError, match=r"sandwich-sim\[dask\]"):
        Cluster(scheduler="tcp://127.0.0.1:1")


class OtherWorkers:
    """Stands for a connection whose workers say of themselves what they are told to."""

    def __init__(self, workers):
        self.workers, self.retired = workers, []

    def nthreads(self):
        return dict.fromkeys(self.workers, 2)

    def run(self, function, folder, stage, *, workers, on_error):
        assert function is cluster_worker.describe_worker
        assert on_error == "return"
        return {address: self.workers[address] for address in workers if address in self.workers}

    def retire_workers(self, workers, close_workers):
        assert close_workers
        self.retired += workers
        for address in workers:
            del self.workers[address]


def worker(**changes):
    said = cluster_worker.describe_worker()
    assert said["fingerprint"] == fingerprint()
    assert said["stream_version"] == STREAM_VERSION
    return said | changes


REFUSED = [
    (
        "tls://b:1",
        worker(fingerprint="0" * 16),
        "of another platform or version .*fingerprint 00000000, here",
    ),
    ("tls://b:1", worker(stream_version=-1), "of another platform or version"),
    ("tls://b:1", worker(sees_folder=False), "does not see /run"),
    ("tcp://10.0.0.2:1", worker(), "without encryption"),
    ("tls://b:1", ModuleNotFoundError("No module named 'sandwich_sim'"), "has no sandwich-sim"),
    ("tls://b:1", ValueError("odd"), "cannot work"),
]


@pytest.mark.parametrize(("address", "said", "words"), REFUSED)
def test_workers_of_another_kind_are_refused_at_the_start(address, said, words):
    client = OtherWorkers({"tls://a:1": worker(), address: said})
    with pytest.raises(UsageError, match=words) as caught:
        _Crew(client, "/run", "parts/stage", False).look(is_first=True)
    assert "tls://a:1" not in str(caught.value)
    assert client.retired == []


@pytest.mark.parametrize(("address", "said", "words"), REFUSED)
def test_workers_of_another_kind_that_come_later_are_sent_away(monkeypatch, address, said, words):
    monkeypatch.setattr(cluster_parts, "_LOOK_EVERY", 0.0)
    client = OtherWorkers({"tls://a:1": worker()})
    crew = _Crew(client, "/run", "parts/stage", False)
    crew.look(is_first=True)
    client.workers[address] = said
    crew.look()
    assert client.retired == [address]
    assert len(crew.warnings) == 1
    client.workers["tls://c:1"] = worker()  # and one that is welcome
    crew.look()
    assert client.retired == [address]
    assert crew.threads == 4


def test_a_network_without_encryption_can_be_allowed():
    client = OtherWorkers({"tcp://10.0.0.2:1": worker()})
    crew = _Crew(client, "/run", "parts/stage", True)
    crew.look(is_first=True)
    assert crew.threads == 2


def test_a_worker_that_does_not_see_the_folder_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster_worker.time, "sleep", lambda seconds: None)
    (tmp_path / "stage").mkdir()
    assert cluster_worker.describe_worker(str(tmp_path), "stage")["sees_folder"]
    assert not cluster_worker.describe_worker(str(tmp_path), "other")["sees_folder"]
    said = cluster_worker.compute_part({"folder": str(tmp_path), "stage": "other", "part": 0})
    assert "refused" in said
    assert said["part"] == 0


META = make_meta(n_trajectories=100, keep="summary")


def staged_document(**changes):
    from sandwich_sim.results.checksum import CHECKSUM_BYTES
    from sandwich_sim.results.manifest import FileRecord, PartRecord
    from sandwich_sim.results.parts import sums_bytes

    sums = FileRecord(sums_bytes(META) + CHECKSUM_BYTES, 7)
    record = PartRecord(0, 0, 100, {}, sums)
    return StagedPart("parts/stage-1/0-2", record).to_document() | changes


def test_what_a_worker_returns_is_read_back():
    document = staged_document()
    assert staged_part(document, "parts/stage-1", layout_of(META), part_grid(META)).to_document() == document


@pytest.mark.parametrize(
    "changes",
    [
        {"place": "parts/stage-2/0-2"},
        {"place": "../elsewhere"},
        {"place": "/etc"},
        {"place": "parts/stage-1/../../.."},
        {"place": "parts/stage-1"},
        {"part": 1},
        {"part": -1},
        {"first": 1},
        {"n": 99},
        {"files": {"margin/c/0": [8, 1]}},
        {"files": {"../x": [8, 1]}},
        {"files": []},
        {"sums": []},
        {"sums": [1, 1]},
        {"sums": "text"},
        {"place": None},
    ],
    ids=str,
)
def test_what_is_no_part_of_the_run_is_refused(changes):
    with pytest.raises(IntegrityError, match="a worker returned what is n"):
        staged_part(staged_document(**changes), "parts/stage-1", layout_of(META), part_grid(META))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--workers", "2", "--scheduler", "tcp://127.0.0.1:1"], "not both"),
        (["--insecure-scheduler"], "Name one"),
        (["--scheduler", "tcp://127.0.0.1:1", "--threads", "2"], "dask worker --nthreads"),
        (["--scheduler", "tcp://10.0.0.1:1"], "--insecure-scheduler"),
        (["--scheduler", "nonsense"], "is not an address"),
    ],
)
def test_the_command_line_refuses(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for command in (["run", "base"], ["resume", "nowhere"]):
        result = CliRunner().invoke(cli, [*command, *arguments])
        assert result.exit_code == 2
        assert words in result.stderr
    assert not list(tmp_path.iterdir())
