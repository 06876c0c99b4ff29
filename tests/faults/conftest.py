"""What the suites of faults share: a fork server, and folders in memory."""

import os
import tempfile
from pathlib import Path

import pytest

from forked_runs import Server


@pytest.fixture(scope="package")
def memory(tmp_path_factory):
    """A folder in memory where there is such: a killed process loses nothing that is not flushed."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path_factory.mktemp("memory")
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


@pytest.fixture(scope="package")
def server(tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("server") / "errors")
    yield made
    made.close()
