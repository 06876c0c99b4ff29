"""Workers that die, come late, do things twice or are of another kind; a scheduler that is lost."""

import contextlib
import json
import logging
import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from cluster_runs import Killer, executor_of, on_threads, small_processes, thread_workers, worker_processes
from forked_runs import GROUP, UNIT, small_spec, use_small_units
from sandwich_sim.cli.cluster_options import open_cluster
from sandwich_sim.cli.start import at_leaving
from sandwich_sim.errors import ResourceError, UsageError
from sandwich_sim.results.digest import content_digest
from sandwich_sim.results.files import folder_state
from sandwich_sim.results.staging import open_stage
from sandwich_sim.results.status import run_status
from sandwich_sim.results.store import RunWriter
from sandwich_sim.results.verify import verify_run
from sandwich_sim.simulation import run
from sandwich_sim.studies import cluster_parts
from sandwich_sim.studies.cluster import Cluster
from sandwich_sim.studies.cluster_connection import check_listening
from sandwich_sim.studies.cluster_worker import compute_part
from sandwich_sim.studies.resume import resume

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has not these signals"),
    # Where a worker dies while an encrypted connection to it is made, asyncio drops the socket unclosed.
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
    ),
]

N = 5 * GROUP * UNIT + 100
START = "from sandwich_sim.cli.start import main; main()"
MOST_SECONDS = 10.0
"""Of two that are promised; where many others compute, the rest is theirs."""
PROGRAM = "from sandwich_sim.cli.main import main; main()"


@pytest.fixture(autouse=True)
def _small_units(monkeypatch):
    use_small_units(monkeypatch.setattr)


@pytest.fixture(scope="module")
def digests(memory):
    """The digest of a run on our own threads, by what is kept."""
    with pytest.MonkeyPatch.context() as patch:
        use_small_units(patch.setattr)
        found = {}
        for keep in ("summary", "outcomes", "paths"):
            folder = memory / f"own-{keep}"
            run(small_spec(), output=folder, trajectories=N, keep=keep)
            found[keep] = content_digest(folder)
        return found


@pytest.fixture(scope="module")
def executor():
    with on_threads(2) as made:
        yield made


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("keep", ["summary", "outcomes", "paths"])
def test_workers_make_the_same_files(memory, digests, executor, keep):
    folder = memory / f"workers-{keep}"
    result = run(small_spec(), output=folder, trajectories=N, keep=keep, executor=executor)
    assert not result.reused
    assert content_digest(folder) == digests[keep]
    assert verify_run(folder).problems == {}
    assert names(folder) == names(memory / f"own-{keep}")  # nothing else is left
    assert run(small_spec(), output=folder, trajectories=N, keep=keep, executor=executor).reused


def test_tasks_and_answers_are_plain_and_small(memory, executor, monkeypatch):
    sent = []
    client = executor.client()

    def submit(function, task, **options):
        sent.append((function, task))
        return real(function, task, **options)

    real = client.submit
    monkeypatch.setattr(client, "submit", submit)
    run(small_spec(), output=memory / "plain", trajectories=N, executor=executor)
    assert len(sent) == run_status(memory / "plain").n_parts
    for function, task in sent:
        assert function is compute_part
        assert b"compute_part" in pickle.dumps(function)  # its name, not its code
        assert len(pickle.dumps(function)) < 100
        assert json.loads(json.dumps(task)) == task
        assert set(task) == {"folder", "stage", "part"}


def kill_workers(folder, digest, *, trajectories, kills, every, workers=2, keep="outcomes"):
    killer = Killer(folder, kills, every)
    with small_processes(workers) as cluster:
        result = run(
            small_spec(),
            output=folder,
            trajectories=trajectories,
            keep=keep,
            executor=cluster,
            progress=killer,
        )
    assert result.resumed == 0  # in one go
    assert len(killer.killed) == kills
    assert content_digest(folder) == digest
    assert verify_run(folder).problems == {}
    assert not worker_processes()
    assert not any(psutil.pid_exists(process) for process in killer.killed)


def test_killed_workers_lose_nothing(memory, digests):
    kill_workers(memory / "killed", digests["outcomes"], trajectories=N, kills=2, every=2)


@pytest.mark.nightly
def test_workers_that_die_while_they_start_are_started_again(memory, digests):
    folder = memory / "starting"
    with small_processes(1) as cluster:
        cluster.client()
        for _ in range(3):
            (process,) = worker_processes()
            process.kill()
            process.wait(30)
            while not worker_processes():
                time.sleep(0.01)
        run(small_spec(), output=folder, trajectories=N, executor=cluster)
    assert content_digest(folder) == digests["outcomes"]


@pytest.mark.nightly
@pytest.mark.parametrize("keep", ["summary", "outcomes"])
def test_fifty_killed_workers_of_a_run_of_two_hundred_parts_lose_nothing(memory, keep):
    n = 200 * GROUP * UNIT
    own, killed = memory / f"own-200-{keep}", memory / f"killed-200-{keep}"
    run(small_spec(), output=own, trajectories=n, keep=keep)
    kill_workers(killed, content_digest(own), trajectories=n, kills=50, every=3, keep=keep)
    assert run_status(killed).n_parts == 200
    for folder in (own, killed):
        shutil.rmtree(folder)


def test_what_is_done_twice_or_too_late_does_no_harm(memory, digests, executor, monkeypatch):
    """Every part is computed three times: before the run, twice for it, and when it is over."""
    folder, late = memory / "twice", []
    real = RunWriter.adopt

    def adopt(self, staged):
        tasks = [task_of(one) for one in staged]
        late.extend(tasks)
        again = [compute_part(task) for task in tasks]
        assert not any("refused" in document for document in again)
        doubled = [cluster_parts.staged_part(d, tasks[0]["stage"], self.layout, self._grid) for d in again]
        real(self, [*staged, *doubled])
        real(self, doubled)

    def task_of(staged):
        stage = staged.place.rpartition("/")[0]
        return {"folder": str(folder), "stage": stage, "part": staged.record.part}

    monkeypatch.setattr(RunWriter, "adopt", adopt)
    run(small_spec(), output=folder, trajectories=N, executor=executor)
    assert content_digest(folder) == digests["outcomes"]
    assert sorted(task["part"] for task in late) == list(range(6))
    before = names(folder)
    for task in late:
        with pytest.raises(ResourceError, match="No such file"):
            compute_part(task)
    assert names(folder) == before
    assert verify_run(folder).problems == {}


def test_a_worker_stops_when_its_work_is_not_wanted_any_more(memory, executor, monkeypatch):
    """The stage goes while a part is computed, as when the run was taken up by somebody else."""
    from sandwich_sim.engine import StoppedError
    from sandwich_sim.studies import cluster_worker

    monkeypatch.setattr(cluster_worker, "_LOOK_EVERY", 0.0)
    folder, seen = memory / "unwanted", []

    def adopt(self, staged):
        stage = open_stage(self.folder, self.manifest)
        task = {"folder": str(self.folder), "stage": stage, "part": 0}
        cluster_worker._work_of(task["folder"], stage)
        shutil.rmtree(self.folder / stage)
        (self.folder / stage).mkdir()
        monkeypatch.setattr(cluster_worker.PartStage, "is_wanted", property(lambda stage: False))
        with pytest.raises(StoppedError, match="not wanted"):
            compute_part(task)
        seen.append(list((self.folder / stage).iterdir()))
        raise KeyboardInterrupt

    monkeypatch.setattr(RunWriter, "adopt", adopt)
    with pytest.raises(KeyboardInterrupt):
        run(small_spec(), output=folder, trajectories=N, executor=executor)
    assert seen == [[]]
    assert not folder.exists()  # no part was done


SCHEDULER = """
import asyncio
from distributed import Scheduler
async def main():
    scheduler = await Scheduler(host="127.0.0.1", port=0, dashboard_address="127.0.0.1:0")
    print(scheduler.address, flush=True)
    await scheduler.finished()
asyncio.run(main())
"""


def test_a_killed_scheduler_loses_nothing(memory, digests, capfd):
    """A process of its own, killed; the worker, of small units, is a thread of ours."""
    from distributed import Client, Worker

    folder = memory / "lost"
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    scheduler = subprocess.Popen([sys.executable, "-c", SCHEDULER], **quiet)

    async def begin(address):
        return await Worker(address, nthreads=1, host="127.0.0.1", local_directory=str(memory / "work"))

    def lose(progress):
        if (folder / "manifest.jsonl").exists() and run_status(folder).parts >= 2:
            scheduler.kill()
            scheduler.wait()

    try:
        address = scheduler.stdout.readline().strip()
        with Cluster(scheduler=address) as cluster:
            client = cluster.client()
            assert isinstance(client, Client)
            client.sync(begin, address)
            with pytest.raises(ResourceError, match="scheduler is lost") as caught:
                run(small_spec(), output=folder, trajectories=N, executor=cluster, progress=lose)
    finally:
        scheduler.kill()
        scheduler.communicate()
    assert "Traceback" not in capfd.readouterr().err
    assert "resume" in caught.value.__notes__[0]
    assert caught.value.exit_code == 5
    status = run_status(folder)
    assert 2 <= status.parts < status.n_parts
    assert verify_run(folder).problems == {}
    assert [path.name for path in (folder / "parts").iterdir() if path.is_dir()] == []
    with on_threads(1) as executor:
        result = resume(folder, executor=executor)
    assert result.resumed > 0
    assert content_digest(folder) == digests["outcomes"]


def test_a_run_without_workers_ends(memory, monkeypatch):
    monkeypatch.setattr(cluster_parts, "WAIT_FOR_WORKERS", 0.5)
    with thread_workers(0) as client, pytest.raises(ResourceError, match="no worker was there"):
        run(small_spec(), output=memory / "alone", trajectories=N, executor=executor_of(client))
    assert not (memory / "alone").exists()


def test_a_full_disk_of_a_worker_stops_the_run(memory, executor, monkeypatch):
    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sandwich_sim.results.staging.write_checked", full)
    with pytest.raises(ResourceError, match="No space left"):
        run(small_spec(), output=memory / "full", trajectories=N, executor=executor)
    assert not (memory / "full").exists()


def test_a_part_that_fails_again_and_again_stops_the_run(memory, executor, monkeypatch):
    def fail(self, sums):
        raise ZeroDivisionError("of this part")

    monkeypatch.setattr("sandwich_sim.results.staging.PartStage.finish", fail)
    with pytest.raises(ZeroDivisionError, match="of this part"):
        run(small_spec(), output=memory / "failing", trajectories=N, executor=executor)
    assert not (memory / "failing").exists()


def test_staged_files_that_changed_on_the_way_are_made_again(memory, digests, executor, monkeypatch):
    damaged = []
    real = cluster_parts.stage_damage

    def look(folder, staged):
        if len(damaged) < 2:
            name = "sums" if damaged else next(path.name for path in (folder / staged.place).iterdir())
            path = folder / staged.place / name
            damaged.append(name)
            path.write_bytes(path.read_bytes()[:-1])
            problem = real(folder, staged)
            assert "bytes instead of" in problem
            return problem
        return real(folder, staged)

    monkeypatch.setattr(cluster_parts, "stage_damage", look)
    run(small_spec(), output=memory / "damaged", trajectories=N, executor=executor)
    assert len(damaged) == 2
    assert content_digest(memory / "damaged") == digests["outcomes"]


@pytest.fixture
def big_run(tmp_path, request):
    """A run in worker processes that takes its time, started from the shell."""
    folder = tmp_path / "run"
    command = ["run", "base", "-n", "8_388_608", "--keep", "summary", "--workers", str(request.param)]
    command += ["-o", str(folder)]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    yield process, folder
    if process.poll() is None:
        process.kill()
    process.communicate()


def working(process, folder):
    """Wait until workers work; returns all processes but the first."""
    deadline = time.monotonic() + 100
    while not list(folder.glob("parts/stage-*/*-*")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return psutil.Process(process.pid).children(recursive=True)


def assert_gone(processes):
    _, alive = psutil.wait_procs(processes, timeout=30)
    assert not alive, [process.cmdline() for process in alive]


@pytest.mark.parametrize("big_run", [1], indirect=True)
def test_ctrl_c_ends_all_workers(big_run):
    process, folder = big_run
    children = working(process, folder)
    assert children
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers, too
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert errors.strip().splitlines()[-1].startswith("stopped.")
    assert_gone(children)
    assert folder_state(folder) in ("absent", "incomplete")


def signal_at_random(folder, trials, options, longest):
    """Send signals to the process group at random moments from the first import on."""
    chance = random.Random(f"{trials} {options}")
    for _ in range(trials):
        name, code = chance.choice([("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
        command = ["run", "base", "-n", "8_388_608", "--keep", "summary", "-o", str(folder), *options]
        program = f"import sys; sys.stdout.write('begun\\n'); sys.stdout.flush(); {START}"
        process = subprocess.Popen(
            [sys.executable, "-c", program, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert process.stdout.readline() == "begun\n"
        moment = chance.uniform(0.05, longest)
        time.sleep(moment)
        children = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, getattr(signal, name))
        sent = time.monotonic()
        _, errors = process.communicate(timeout=60)
        taken = time.monotonic() - sent
        told = f"{name} at {moment:.2f} s, ended after {taken:.1f} s: {process.returncode}\n{errors}"
        assert process.returncode == code, told
        assert "Traceback" not in errors, told
        assert errors.strip().splitlines()[-1].startswith("stopped."), told
        assert taken < MOST_SECONDS, told
        assert_gone(children)
        assert folder_state(folder) in ("absent", "empty", "incomplete"), told
        shutil.rmtree(folder, ignore_errors=True)


def test_signals_while_workers_start(tmp_path):
    signal_at_random(tmp_path / "run", 2, ["--workers", "2"], 3.0)


@pytest.mark.nightly
@pytest.mark.parametrize("options", [[], ["--workers", "2"]])
def test_signals_at_a_hundred_moments(tmp_path, options):
    signal_at_random(tmp_path / "run", 100, options, 5.0)


@pytest.mark.nightly
@pytest.mark.parametrize("big_run", [2], indirect=True)
@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129), ("SIGKILL", -9)])
def test_whatever_ends_a_run_ends_its_workers(big_run, name, code):
    process, folder = big_run
    children = working(process, folder)
    process.send_signal(getattr(signal, name))
    process.communicate(timeout=60)
    assert process.returncode == code
    assert_gone(children)


@pytest.mark.nightly
def test_a_killed_scheduler_process_is_told_and_can_be_resumed(tmp_path):
    """The real thing: `dask scheduler` and `dask worker`, the first killed, both started anew."""
    folder = tmp_path / "run"
    command = ["run", "base", "-n", "4_194_304", "--keep", "summary", "-o", str(folder), "--scheduler"]

    with dask_cluster(tmp_path) as (scheduler, address):
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *command, address], stderr=subprocess.PIPE, text=True
        )
        while folder_state(folder) in ("absent", "empty") or run_status(folder).parts < 2:
            time.sleep(0.1)
        scheduler.kill()
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 5, errors
        assert "Go on with: sandwich-sim resume" in errors
        assert "Traceback" not in errors
    with dask_cluster(tmp_path) as (_, address):
        command = [sys.executable, "-c", PROGRAM, "resume", str(folder), "--scheduler", address]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    own = tmp_path / "own"
    command = [sys.executable, "-c", PROGRAM, "run", "base", "-n", "4_194_304", "--keep", "summary"]
    subprocess.run([*command, "-o", str(own)], check=True, stdout=subprocess.DEVNULL)
    assert content_digest(folder) == content_digest(own)


@contextlib.contextmanager
def dask_cluster(tmp_path, protocol="tcp"):
    """A scheduler and two workers as a user starts them; ended, whatever happens."""
    dask = [sys.executable, "-m", "dask"]
    file = tmp_path / "scheduler.json"
    file.unlink(missing_ok=True)
    options = ["--host", "127.0.0.1", "--no-dashboard", "--no-show", "--scheduler-file", str(file)]
    options += ["--protocol", protocol]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with contextlib.ExitStack() as stack:
        scheduler = subprocess.Popen([*dask, "scheduler", "--port", "0", *options], **quiet)
        stack.callback(scheduler.wait)
        stack.callback(scheduler.kill)
        while not file.exists() or not file.read_text().endswith("}"):
            time.sleep(0.1)
        address = json.loads(file.read_text())["address"]
        options = ["--host", "127.0.0.1", "--no-dashboard", "--nworkers", "2", "--nthreads", "1"]
        options += ["--local-directory", str(tmp_path)]
        worker = subprocess.Popen([*dask, "worker", address, *options], **quiet)
        stack.callback(worker.wait)
        stack.callback(worker.terminate)
        yield scheduler, address


@pytest.mark.nightly
def test_an_encrypted_cluster_as_the_documentation_makes_it(tmp_path, monkeypatch):
    documented = (Path(__file__).parents[2] / "docs" / "scaling.md").read_text()
    settings = next(part for part in documented.split("```sh\n") if part.startswith("mkdir"))
    program = settings.split("```")[0].replace("~/", f"{tmp_path}/") + "\nenv\n"
    said = subprocess.run(["bash", "-e", "-c", program], capture_output=True, text=True, check=True).stdout
    made = dict(line.split("=", 1) for line in said.splitlines() if line.startswith("DASK_"))
    assert len(made) == 8
    command = [sys.executable, "-c", PROGRAM, "run", "base", "-n", "300_000", "--keep", "summary"]
    for name, value in made.items():
        monkeypatch.setenv(name, value)
    with dask_cluster(tmp_path, "tls") as (_, address):
        assert address.startswith("tls://127.0.0.1:")
        run = [*command, "-o", str(tmp_path / "run"), "--scheduler", address]
        subprocess.run(run, check=True, stdout=subprocess.DEVNULL)
        for name in made:
            monkeypatch.delenv(name)
        for other in (address, address.replace("tls", "tcp")):
            run = [*command, "-o", str(tmp_path / "refused"), "--scheduler", other]
            refused = subprocess.run(run, check=False, capture_output=True, text=True)
            assert refused.returncode == 2
            assert "error: --scheduler" in refused.stderr
    assert not (tmp_path / "refused").exists()
    subprocess.run([*command, "-o", str(tmp_path / "own")], check=True, stdout=subprocess.DEVNULL)
    assert content_digest(tmp_path / "run") == content_digest(tmp_path / "own")


@pytest.fixture
def certificates(tmp_path):
    """Settings of dask for a certificate of our own; in this process, and for those that it starts."""
    import dask
    from distributed import Security

    made = Security.temporary()
    (tmp_path / "cert.pem").write_text(made.tls_ca_file)
    (tmp_path / "key.pem").write_text(made.tls_client_key)
    settings = {"require-encryption": True, "tls.ca-file": str(tmp_path / "cert.pem")}
    for role in ("scheduler", "worker", "client"):
        settings[f"tls.{role}.cert"] = str(tmp_path / "cert.pem")
        settings[f"tls.{role}.key"] = str(tmp_path / "key.pem")
    with dask.config.set({f"distributed.comm.{name}": value for name, value in settings.items()}):
        yield


def test_an_encrypted_scheduler_makes_the_same_bits(memory, digests, certificates):
    """As `dask scheduler --protocol tls` and `dask worker tls://...`, but in threads of ours."""
    from distributed import Client, Security

    folder = memory / "encrypted"
    with thread_workers(2, protocol="tls://", host="127.0.0.1", security=Security()) as client:
        address = client.scheduler.address
        assert address.startswith("tls://127.0.0.1:")
        assert all(worker.startswith("tls://127.0.0.1:") for worker in client.nthreads())
        with Cluster(scheduler=address) as cluster:
            run(small_spec(), output=folder, trajectories=N, executor=cluster)
        with pytest.raises((OSError, TypeError)):
            Client(address, security=Security.temporary(), timeout=3, set_as_default=False)
        with pytest.raises(UsageError, match="encryption required"):
            Cluster(scheduler=address.replace("tls", "tcp")).client()
    assert content_digest(folder) == digests["outcomes"]


def listening(process):
    """Addresses that a process listens on."""
    found = [one for one in process.net_connections() if one.status == psutil.CONN_LISTEN]
    return {(one.laddr.ip, one.laddr.port) for one in found}


def test_local_workers_listen_on_loopback_and_want_a_certificate():
    from distributed import Client

    before = listening(psutil.Process())  # workers of other tests that are threads
    with small_processes(1) as cluster:
        address = cluster.client().scheduler.address
        assert address.startswith("tls://127.0.0.1:")
        (worker,) = worker_processes()
        ours = (listening(psutil.Process()) - before) | listening(worker)
        assert len(ours) >= 3
        assert {host for host, _ in ours} == {"127.0.0.1"}
        with pytest.raises((OSError, TypeError)):
            Client(address, timeout=3, set_as_default=False)
    assert not worker_processes()


def test_two_runs_may_share_a_cluster_at_once(memory, digests, executor):
    results = []

    def work(keep):
        folder = memory / f"threads-{keep}"
        run(small_spec(), output=folder, trajectories=N, keep=keep, executor=executor)
        results.append(content_digest(folder) == digests[keep])

    threads = [threading.Thread(target=work, args=[keep]) for keep in ("summary", "outcomes")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True, True]


@pytest.mark.parametrize("error", [None, ResourceError("of the run")])
def test_a_command_leaves_logging_as_it_was(error):
    options = {"workers": 1, "threads": 1, "scheduler": None, "insecure_scheduler": False}
    before = logging.root.manager.disable
    logging.disable(logging.DEBUG)
    try:
        with contextlib.suppress(ResourceError), open_cluster(options) as cluster:
            assert isinstance(cluster, Cluster)
            assert logging.root.manager.disable == logging.CRITICAL
            if error:
                raise error
        assert logging.root.manager.disable == logging.DEBUG
    finally:
        logging.disable(before)
    assert at_leaving == []


def test_options_that_make_no_sense_are_refused():
    with pytest.raises(UsageError, match="not both"):
        Cluster(workers=2, scheduler="tcp://127.0.0.1:1")
    with pytest.raises(UsageError, match="1 to 1024"):
        Cluster(workers=0)
    with pytest.raises(UsageError, match="dask worker --nthreads"):
        Cluster(scheduler="tcp://127.0.0.1:1", threads=2)
    for extra in ("?x=1", "/?x=1", "#x", "/x"):
        with pytest.raises(UsageError, match="is not an address such as"):
            Cluster(scheduler=f"tcp://127.0.0.1:1{extra}")


@pytest.mark.parametrize(
    ("address", "is_open"),
    [
        ("tcp://192.0.2.7:8786", True),
        ("tcp://0.0.0.0:8786", True),
        ("tcp://[::]:8786", True),
        ("tcp://127.0.0.1:8786", False),
        ("tls://192.0.2.7:8786", False),
        ("inproc://192.0.2.7/1/1", False),
    ],
)
def test_where_a_scheduler_listens_counts_not_how_it_is_called(address, is_open):
    client = SimpleNamespace(scheduler_info=lambda: {"address": address})
    check_listening(client, is_insecure_allowed=True)
    if is_open:
        with pytest.raises(UsageError, match=r"--host 127\.0\.0\.1"):
            check_listening(client, is_insecure_allowed=False)
    else:
        check_listening(client, is_insecure_allowed=False)


def test_a_worker_that_listens_on_all_addresses_is_refused(memory):
    """It says that it is at 127.0.0.1 as its scheduler is, and listens everywhere: dask's default."""
    from distributed import Worker

    async def begin(address):
        return await Worker(address, nthreads=1, local_directory=str(memory / "open"))

    with thread_workers(0, protocol="tcp://", host="127.0.0.1") as client:
        worker = client.sync(begin, client.scheduler.address)
        try:
            assert worker.address.startswith("tcp://127.0.0.1:")
            with pytest.raises(UsageError, match=r"0\.0\.0\.0.*--host 127\.0\.0\.1"):
                run(small_spec(), output=memory / "open-run", trajectories=N, executor=executor_of(client))
        finally:
            client.sync(worker.close)
    assert not (memory / "open-run").exists()
