"""Workers of our own on this machine, and connections to schedulers elsewhere.

Whoever can talk to a scheduler or worker of dask can run any code there, as its user. So our own
listen on loopback alone and want a certificate that is made for each run; and the network is used
with TLS, or when the user says that it may be used without.
"""

from __future__ import annotations

import contextlib
import importlib.util
import ipaddress
import logging
import os
import shutil
import signal
from collections.abc import Iterator
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from sandwich_sim.errors import ResourceError, UsageError

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

LOOPBACK = "127.0.0.1"
CONNECT_SECONDS = 20.0
"""Time in which a scheduler must answer [s]."""
START_SECONDS = 60.0
"""Time in which our own workers must be there [s]."""
REVIVE_SECONDS = 1.0
"""How often it is looked whether workers of our own are to be started anew [s]."""
_INSTALL = 'Install it: pip install "sandwich-sim[dask]"'
_LOCAL: dict[str, Any] = {
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.nanny.pre-spawn-environ": {},
    # Nobody looks at what these measure many times a second, on processors that have work to do.
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.tick.limit": "1h",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.deploy.lost-worker-timeout": "1h",  # we look ourselves
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
}
"""Settings of dask for workers of our own."""
_open: dict[str, LocalCluster] = {}
"""Clusters of our own by the folder that their workers use."""
_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


def check_installed() -> None:
    """Refuse to go on without dask.

    Raises
    ------
    UsageError
    """
    for package in ("distributed", "cryptography"):
        if importlib.util.find_spec(package) is None:
            raise UsageError(f"several workers need the package {package}. {_INSTALL}")


def _split(address: str) -> SplitResult:
    parts = urlsplit(address)
    try:
        extra = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
        if parts.scheme in ("tcp", "tls") and parts.hostname and parts.port and not extra:
            return parts
    except ValueError:  # a port that is none
        pass
    raise UsageError(f"--scheduler {address}: is not an address such as tcp://127.0.0.1:8786.")


def is_loopback(host: str) -> bool:
    """Whether a name or address is this very machine's."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def check_address(address: str, is_insecure_allowed: bool) -> None:
    """Refuse what is no scheduler's address, and one beyond this machine without encryption.

    Raises
    ------
    UsageError
    """
    parts = _split(address)
    if parts.scheme == "tls" or is_insecure_allowed or is_loopback(str(parts.hostname)):
        return
    raise UsageError(
        f"--scheduler {address}: without encryption, whoever reaches that port can run any code on all "
        "workers and here. Use tls:// with certificates (docs/scaling.md says how), or, in a network "
        "that only you can reach, add --insecure-scheduler."
    )


def check_listening(client: Client, is_insecure_allowed: bool) -> None:
    """Refuse a scheduler that others reach without encryption, however we reach it.

    Raises
    ------
    UsageError
    """
    address = str(client.scheduler_info()["address"])
    if is_open_to_others(address) and not is_insecure_allowed:
        raise UsageError(
            f"the scheduler listens on {address} without encryption: whoever reaches that port can run any "
            "code on all workers and here. Start it with --host 127.0.0.1, or use tls:// with certificates "
            "(docs/scaling.md says how), or, in a network that only you can reach, add --insecure-scheduler."
        )


def is_open_to_others(address: str) -> bool:
    """Whether an address of dask is reached from other machines and asks for no certificate."""
    parts = urlsplit(address)
    return parts.scheme not in ("tls", "inproc") and not is_loopback(parts.hostname or "")


@contextlib.contextmanager
def local_workers(workers: int, threads: int) -> Iterator[Client]:
    """Start processes on this machine, and end them.

    Whatever ends us ends them, too: dask's children watch their parent.

    Parameters
    ----------
    workers : int
    threads : int
        Of each.

    Raises
    ------
    ResourceError
        If they do not start.
    """
    import dask
    from distributed import Client, LocalCluster, Security

    preload = [*dask.config.get("distributed.worker.preload"), "sandwich_sim.studies.cluster_process"]
    with dask.config.set(_LOCAL), _quiet_logs(), TemporaryDirectory(prefix="sandwich-sim-") as room:
        security = Security.temporary()
        _start_tracker()
        try:
            cluster = LocalCluster(
                n_workers=0,  # they come below, from a thread that keeps signals from them
                threads_per_worker=threads,
                processes=True,
                host=LOOPBACK,
                protocol="tls://",
                security=security,
                dashboard_address=None,
                scheduler_kwargs={"dashboard_address": f"{LOOPBACK}:0"},
                worker_dashboard_address=None,
                memory_limit=None,
                silence_logs=logging.CRITICAL,
                local_directory=room,
                preload=preload,
            )
        except (OSError, RuntimeError) as error:
            raise ResourceError(f"{workers} workers could not be started: {error}") from error
        _open[room] = cluster
        try:
            cluster.loop.add_callback(_block_signals)
            cluster.scale(workers)
            with (
                _revived(cluster, workers),
                Client(cluster, timeout=START_SECONDS, set_as_default=False) as client,
            ):
                try:
                    client.wait_for_workers(workers, timeout=START_SECONDS)
                except TimeoutError as error:
                    raise ResourceError(f"{workers} workers could not be started: {error}") from error
                yield client
        finally:
            _kill_workers(cluster)
            cluster.close(timeout=START_SECONDS)
            del _open[room]


def _block_signals() -> None:
    """Keep Ctrl-C and the like from the processes that this thread starts: we end them ourselves."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGHUP, signal.SIGTERM))


def _start_tracker() -> None:
    """Start the process that removes what multiprocessing leaves, deaf to a terminal that goes away."""
    if not hasattr(signal, "pthread_sigmask"):
        return
    from multiprocessing.resource_tracker import ensure_running

    warnings = os.environ.get("PYTHONWARNINGS")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGHUP,))
    os.environ["PYTHONWARNINGS"] = "ignore"  # where we leave at once, it says what it removes
    try:
        ensure_running()
    finally:
        if warnings is None:
            del os.environ["PYTHONWARNINGS"]
        else:
            os.environ["PYTHONWARNINGS"] = warnings
        if signal.SIGHUP not in before:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGHUP,))


def end_at_once() -> None:
    """End all workers of our own, those that just start too, and remove their files.

    For a process that leaves: nothing of dask is told, and what it starts anew is not waited for.
    """
    if not _open:
        return
    import psutil  # type: ignore[import-untyped]

    for room, cluster in list(_open.items()):
        _kill_workers(cluster)
        for child in psutil.Process().children():
            with contextlib.suppress(psutil.Error):
                # One that was forked a moment ago still has our own name.
                if not any("resource_tracker" in part for part in child.cmdline()):
                    child.kill()
        shutil.rmtree(room, ignore_errors=True)


@contextlib.contextmanager
def _revived(cluster: LocalCluster, workers: int) -> Iterator[None]:
    """Start workers anew whose guardians gave up: dask's do where one dies while it starts."""
    from distributed import Status
    from tornado.ioloop import PeriodicCallback

    def revive() -> None:
        given_up = (Status.closed, Status.failed)
        lost = [name for name, nanny in cluster.workers.items() if nanny.status in given_up]
        for name in lost:
            del cluster.workers[name]
        if lost:
            cluster.scale(workers)

    callback = PeriodicCallback(revive, REVIVE_SECONDS * 1e3)
    cluster.loop.add_callback(callback.start)
    try:
        yield
    finally:
        cluster.loop.add_callback(callback.stop)


def _kill_workers(cluster: LocalCluster) -> None:
    """End the worker processes at once: what they may still be doing is of no use to anybody."""
    for nanny in list(cluster.workers.values()):
        nanny.auto_restart = False
        if nanny.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(nanny.pid, _KILL)


@contextlib.contextmanager
def connected(address: str) -> Iterator[Client]:
    """Connect to a scheduler; its workers are left alone afterwards.

    Raises
    ------
    UsageError
        If nobody answers there, or the certificates are not set.
    """
    import dask
    from distributed import Client

    if urlsplit(address).scheme == "tls":
        wanted = ("ca-file", "client.cert", "client.key")
        missing = [name for name in wanted if not dask.config.get(f"distributed.comm.tls.{name}", None)]
        if missing:
            raise UsageError(
                f"--scheduler {address}: dask's settings name no certificates (distributed.comm.tls: "
                f"{', '.join(missing)}). docs/scaling.md says how to make and name them."
            )
    with _quiet_logs():
        try:
            client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, TypeError, RuntimeError) as error:  # the last: it must be encrypted
            raise UsageError(
                f"--scheduler {address}: no scheduler of dask answers there ({_first_line(error)}). "
                "Start one: dask scheduler"
            ) from error
        with client:
            yield client


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


@contextlib.contextmanager
def _quiet_logs() -> Iterator[None]:
    """Keep dask from telling of every worker that it lost; we tell what matters."""
    loggers = [
        logging.getLogger(name) for name in ("distributed", "distributed.client", "tornado", "asyncio")
    ]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
