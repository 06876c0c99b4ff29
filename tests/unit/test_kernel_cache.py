"""A torn or read-only cache of compiled kernels costs time, never a run."""

from pathlib import Path

import pytest
from numba.core.caching import IndexDataCacheFile

from sandwich_sim import kernel_cache
from sandwich_sim.kernels._jit import COMPILED
from sandwich_sim.prepare import prepare
from sandwich_sim.scenario.load import load_scenario

KEY, CONTENT = ("signature", "machine"), ("reduced", b"code" * 50)


@pytest.fixture
def file(tmp_path: Path) -> IndexDataCacheFile:
    """One of numba's own, mended as those of the kernels are."""
    found = IndexDataCacheFile(str(tmp_path), "kernel", "stamp")
    kernel_cache._mend(found)
    found.save(KEY, CONTENT)
    assert found.load(KEY) == CONTENT
    return found


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
def test_a_torn_entry_is_made_again_wherever_it_ends(tmp_path: Path, file: IndexDataCacheFile, suffix: str):
    (path,) = tmp_path.glob(f"*.{suffix}")
    whole = path.read_bytes()
    assert len(whole) > 30
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        assert file.load(KEY) is None, end
        file.save(KEY, CONTENT)
        assert file.load(KEY) == CONTENT, end


def test_a_cache_that_cannot_be_written_is_not_missed(tmp_path: Path, file: IndexDataCacheFile):
    for path in tmp_path.iterdir():
        path.unlink()
    tmp_path.rmdir()
    file.save(KEY, CONTENT)
    assert file.load(KEY) is None


@pytest.mark.skipif(not COMPILED, reason="NUMBA_DISABLE_JIT leaves no cache")
def test_every_kernel_that_a_run_calls_is_mended():
    prepare(load_scenario("base"), trajectories=16).model()
    mended = {Path(found._index_path).name.split("-")[0]: found for found in kernel_cache._cache_files()}
    assert {"block.run_blocks", "sobol.scramble_directions"} <= set(mended)
    assert all(hasattr(found, "_sandwich_sim_mended") for found in mended.values())
