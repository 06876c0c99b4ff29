"""Files made to do harm: nothing in them is run, nothing outside is touched, nothing huge is allocated."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import socket
import sys
import tracemalloc
from contextlib import suppress

import pytest
from malformed_runs import READERS, Forge

from forked_runs import small_spec
from sandwich_sim.errors import IntegrityError, ResourceError, ScenarioError, UsageError
from sandwich_sim.results.dataset import open_run
from sandwich_sim.results.export import export
from sandwich_sim.results.files import MANIFEST, read_whole
from sandwich_sim.results.manifest import read_manifest
from sandwich_sim.results.schema_files import ROOT
from sandwich_sim.results.status import run_status
from sandwich_sim.results.verify import verify_run
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.simulation import run
from sandwich_sim.studies.repair import repair
from sandwich_sim.studies.resume import resume

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="Windows lets few users make links")


@pytest.fixture(scope="module")
def forge(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile") / "run"
    run(small_spec(), output=folder, trajectories=64, threads=1)
    return Forge(folder)


@pytest.fixture
def copy(forge, tmp_path):
    shutil.copytree(forge.folder, tmp_path / "run")
    return Forge(tmp_path / "run")


def spelled(text):
    """Put characters in the place of their codes."""
    return re.sub(r"\\u([0-9a-f]{4})", lambda match: chr(int(match[1], 16)), text)


def forge_root(copy, change):
    document = json.loads((copy.folder / ROOT).read_bytes())
    change(document["consolidated_metadata"]["metadata"])
    (copy.folder / ROOT).write_text(json.dumps(document))
    copy.seal()


BYTES = {"name": "bytes", "configuration": {"endian": "little"}}
CODECS = (
    [{"name": "pickle"}],
    [BYTES, {"name": "pickle", "configuration": {"protocol": 4}}],
    [{"name": "numcodecs.pickle", "configuration": {}}],
    [BYTES, {"name": "numcodecs.json2"}, {"name": "crc32c"}],
    [BYTES, {"name": "zstd", "configuration": {"level": 22, "checksum": False}}],
    [BYTES, {"name": "gzip", "configuration": {"level": 9}}, {"name": "crc32c"}],
    [{"name": "sharding_indexed", "configuration": {"chunk_shape": [1], "codecs": [BYTES]}}],
    [BYTES],
    [],
)


@pytest.mark.parametrize("codecs", CODECS, ids=str)
@pytest.mark.parametrize("allow_partial", [False, True])
def test_only_plain_bytes_with_their_checksum_are_decoded(copy, codecs, allow_partial, monkeypatch):
    monkeypatch.setattr("xarray.open_zarr", lambda *_, **__: pytest.fail("was opened"))
    forge_root(copy, lambda members: members["gap_mean"].update(codecs=codecs))
    with pytest.raises(IntegrityError, match="gap_mean: its metadata is not that of a run"):
        open_run(copy.folder, allow_partial=allow_partial)


@pytest.mark.parametrize("dtype", ["object", "|O", "O", "complex128", "float16", "bytes", ["<f8"], None, 8])
def test_only_numbers_and_texts_are_values(copy, dtype):
    forge_root(copy, lambda members: members["gap_mean"].update(data_type=dtype))
    with pytest.raises(IntegrityError, match="gap_mean: its metadata is"):
        open_run(copy.folder)


NAMES = r"""../x
../../../../tmp/x
/etc/passwd
a/../../x
a//b
a/./b
..
.
-rf
a\..\x
C:x
C:\x
~/x
a b
a\u0009b
a\u0000b
\u202egpj.exe
\u2025/x
con/
file:///etc/passwd
http://127.0.0.1/x
a::b
$HOME
`id`
%2e%2e/x""".splitlines()


@pytest.mark.parametrize("name", NAMES)
def test_names_of_files_stay_below_the_folder(copy, name):
    name = spelled(name)
    forge_root(copy, lambda members: members.update({name: members["gap_mean"]}))
    with pytest.raises(IntegrityError, match="is not the name of an array"):
        open_run(copy.folder)
    copy.restore()
    lines = (copy.folder / MANIFEST).read_bytes().splitlines()
    assert len(read_manifest(copy.folder).files()) > 100
    copy.add_file(lines, name)
    manifest = read_manifest(copy.folder)
    assert manifest.problems == [f"line {len(lines)}"]
    assert name not in manifest.files()


@needs_links
@pytest.mark.parametrize("name", ["gap_mean/c/0", ROOT, MANIFEST, "provenance.json", "_COMPLETE"])
def test_a_link_in_the_place_of_a_file_is_not_followed(copy, tmp_path, name):
    path = copy.folder / name
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(IntegrityError):
        open_run(copy.folder)
    with pytest.raises(OSError, match=r"."):
        read_whole(path)


@needs_links
@pytest.mark.parametrize("target", ["/dev/zero", "/dev/stdin", "fifo"])
def test_devices_and_pipes_are_not_read(copy, tmp_path, target):
    path = copy.folder / "gap_mean" / "c" / "0"
    path.unlink()
    if target == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to(target)
    assert "gap_mean/c/0" in verify_run(copy.folder).problems
    with pytest.raises(IntegrityError, match="gap_mean/c/0"):
        open_run(copy.folder)


def in_little_memory(read):
    """Run something; fails if it had more than 100 MB at once, by Python's and NumPy's own count."""
    tracemalloc.start()
    try:
        result = read()
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()
    return result


@pytest.mark.skipif(sys.platform == "win32", reason="files without holes")
@pytest.mark.parametrize("name", ["gap_mean/c/0", MANIFEST, ROOT, "_COMPLETE"])
def test_a_file_of_nothing_but_size_is_not_read(copy, tmp_path, name):
    def read():
        for reader in READERS:
            with suppress(IntegrityError):
                reader(copy.folder, tmp_path)

    lines = (copy.folder / MANIFEST).read_bytes().splitlines()
    os.truncate(copy.folder / name, 1 << 36)  # takes no room on the disk
    if name != MANIFEST:
        copy.add_file(lines, name, 1 << 36)
    if name not in (MANIFEST, ROOT):
        copy.seal()
    in_little_memory(read)


SIZES = (
    *({"n_trajectories": 2**48 - 1}, {"n_trajectories": 10**18}, {"years": 10**9}, {"steps_per_year": 10**6}),
    *(
        {"unit": 1},
        {"unit": 2**60},
        {"hops": ["x"] * 20_000},
        {"quantiles": [0.5] * 20_000},
        {"fans": ["gap"] * 20_000},
    ),
)


@pytest.mark.parametrize("change", SIZES, ids=lambda change: str(change)[:30])
def test_a_description_of_something_huge_is_refused_before_anything_is_allocated(copy, tmp_path, change):
    def count_refusals():
        refused = 0
        for reader in (*READERS, resume, repair):
            try:
                reader(copy.folder, tmp_path) if reader in READERS else reader(copy.folder)
            except (IntegrityError, ResourceError):
                refused += 1
        return refused

    copy.describe(change)
    assert in_little_memory(count_refusals) >= 10


SHAPES = ([10**15], [2**62], [-1], [0.5], ["8"], [True], [[1]])


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_shapes_that_no_run_has_are_refused(copy, shape):
    def forge(members):
        members["gap_mean"]["shape"] = shape
        members["gap_mean"]["chunk_grid"]["configuration"]["chunk_shape"] = shape

    forge_root(copy, forge)
    for allow_partial in (False, True):
        with pytest.raises(IntegrityError):
            open_run(copy.folder, allow_partial=allow_partial)


PLACES = r"""http://127.0.0.1:8000/base.toml
https://example.org/base.toml
file:///etc/passwd.toml
ftp://example.org/a.toml
//host/share/a.toml
\\host\share\a.toml
s3://bucket/a.toml
reference::http://127.0.0.1/a.toml
zip://a.toml::b.zip
simplecache::file:///a.toml
/etc/passwd.toml
~/a.toml
C:/a.toml
a.toml\u0000.csv
base\u0000
./base""".splitlines()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("key", ["extends", "file"])
def test_a_scenario_reads_files_beside_it_and_opens_no_connection(tmp_path, monkeypatch, place, key):
    monkeypatch.setattr(socket, "socket", lambda *_, **__: pytest.fail("opened a socket"))
    place = json.dumps(spelled(place))
    number = f'[open_source]\ngap = {{ dist = "empirical", file = {place}, column = "a" }}\n'
    text = f"extends = {place}\n" if key == "extends" else f'extends = "base"\n{number}'
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(ScenarioError) as caught:
        load_scenario(tmp_path / "a.toml")
    assert {problem.key.rpartition(".")[2] for problem in caught.value.problems} == {key}


PAYLOADS = (
    *("__import__('os').system('touch {canary}')", "().__class__.__mro__[1].__subclasses__()", "exec('1')"),
    *("p50(__import__('os').getcwd()) < 1", "P(open('{canary}', 'w')) < 1", "mean(x.__class__) < 1"),
    *("p50(gap @ eval(2030)) < 1", "mean(gap) < 10**10**10", "mean(gap) < 9e999", "p50(gap) < `id`"),
    *("{canary}", "$(touch {canary})", "mean(lambda: 0) < 1", "mean(gap[0]) < 1", "mean(gap) < 1; import os"),
    *("{{0.__class__}}", "%(x)s < 1", "mean(np.load('{canary}')) < 1", "se(" * 500, "(" * 299, "P(" * 140),
    *("mean(gap) < " + "9" * 290, "mean(gap\u0000) < 1", "mean(\u202egap) < 1", "p50(gap) in [1, 2] or True"),
)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_statement_runs_code(tmp_path, payload):
    canary = tmp_path / "canary"
    statement = json.dumps(payload.replace("{canary}", str(canary)))
    path = tmp_path / "a.toml"
    path.write_text(f'extends = "base"\n[checks]\nx = {statement}\n')
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    assert [(problem.line, problem.key) for problem in caught.value.problems] == [(3, "checks.x")]
    assert not canary.exists()


def test_no_statement_of_pieces_runs_code(tmp_path):
    """Random pieces of the grammar and of Python: refused, or a statement of the grammar."""
    from sandwich_sim.scenario.outcome_names import Frame, StatementError
    from sandwich_sim.scenario.statements import parse_statement

    spec = load_scenario("base")
    frame = Frame(
        hops=spec.hop_names,
        hop_titles=spec.hop_names,
        events=("bust",),
        event_titles=("bust",),
        start=spec.start,
        years=spec.years,
        steps_per_year=spec.steps_per_year,
    )
    pieces = (
        "mean p50 P se ( ) [ ] < <= > >= in @ , gap margin.lab bust 2030 horizon 0.5 1e3 -1 5% x . __ ** : ;"
    )
    words = [*pieces.split(), "lambda", "__class__", "import", "'a'", '"', "\\", "\0", "é", "9" * 50]
    chance, read = random.Random(1), 0
    sound = ("p50 ( gap @ 2030 ) < 0.5", "P ( bust ) >= 5%", "mean ( margin.lab @ horizon ) in [ -1 , 1e3 ]")
    for _ in range(5000):
        tokens = chance.choice(sound).split()
        for _ in range(chance.choice((1, 1, 2, 5))):
            tokens[chance.randrange(len(tokens))] = chance.choice(words)
        text = chance.choice(("", " ")).join(tokens)
        try:
            statement = parse_statement(text, frame)
        except StatementError as error:
            assert str(error).isprintable()
        else:
            read += 1
            assert parse_statement(statement.text, frame).term.kind == statement.term.kind
    assert read > 20


@pytest.mark.skipif(os.name != "posix", reason="owners and permission bits of POSIX")
@pytest.mark.parametrize("kind", ["others may write", "the group may write", "of another user", "a file"])
def test_a_cache_that_others_can_write_is_not_used(tmp_path, monkeypatch, kind):
    from sandwich_sim.kernels import _jit

    monkeypatch.setenv("SANDWICH_SIM_CACHE", str(tmp_path / "cache"))
    folder = _jit._private_cache_folder()
    assert folder is not None
    assert folder.stat().st_mode & 0o777 == 0o700
    if kind == "of another user":
        monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    elif kind == "a file":
        folder.rmdir()
        folder.touch()
    else:
        folder.chmod(0o777 if kind == "others may write" else 0o770)
    assert _jit._private_cache_folder() is None


def content(folder):
    """Names and content of all that lies in a folder, links as such."""
    return {
        path.relative_to(folder): path.readlink()
        if path.is_symlink()
        else path.is_file() and path.read_bytes()
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def victim(tmp_path):
    """A folder of somebody else, with files that are called like those of a run."""
    folder = tmp_path / "victim"
    for name in ("0", "stage-1/x", "c/0", "c/0.partial", "zarr.json", "file", "_COMPLETE.partial"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"precious {name}")
    return folder


def write_into(folder, way):
    """Let one that writes have a folder."""
    if way == "resume":
        resume(folder, threads=1)
    elif way == "repair":
        repair(folder, threads=1)
    else:
        run(small_spec(), output=folder, trajectories=64, threads=1, force=True)


FOLDERS = ("parts", "gap_mean", "accumulators", "accumulators/total", "margin_mean/c")
FILES = (".lock", "_COMPLETE.partial", "manifest.jsonl", "manifest.jsonl.partial", "zarr.json.partial")


@needs_links
@pytest.mark.parametrize("way", ["resume", "repair", "run --force"])
@pytest.mark.parametrize("name", FOLDERS + FILES)
def test_who_writes_into_a_run_touches_nothing_behind_a_link(copy, victim, way, name):
    place, before = copy.folder / name, content(victim)
    if way == "resume":
        (copy.folder / "_COMPLETE").unlink()
    if place.is_dir():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    place.symlink_to(victim if name in FOLDERS else victim / "file")
    with suppress(UsageError, IntegrityError):
        write_into(copy.folder, way)
        assert name.partition("/")[2] and way == "run --force"  # removed, not followed
    assert content(victim) == before


@needs_links
@pytest.mark.parametrize("name", [".lock", "_COMPLETE.partial", "manifest.jsonl", "zarr.json"])
def test_nobody_waits_for_a_pipe(copy, name):
    path = copy.folder / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    with suppress(IntegrityError):
        assert run_status(copy.folder).holder == ""
    for way in ("repair", "run --force"):
        with pytest.raises((UsageError, IntegrityError), match=r"no plain file|not a plain file|unreadable"):
            write_into(copy.folder, way)
    assert path.is_fifo()


def test_what_a_reader_laid_into_a_run_folder_stays(copy):
    notes = copy.folder / "mine"
    notes.mkdir()
    (notes / "zarr.json").write_text('{"zarr_format": 3, "node_type": "group"}')
    write_into(copy.folder, "run --force")
    assert (notes / "zarr.json").exists()


@pytest.mark.parametrize("n", [65, 10**11, 10**12, 2**47])
@pytest.mark.parametrize("has_records", [True, False])
def test_a_run_that_claims_to_be_of_another_size_is_neither_read_nor_made(copy, tmp_path, n, has_records):
    copy.describe({"n_trajectories": n, "sampler": "random"})  # the one that takes as many
    if not has_records:
        first, *_, last = (copy.folder / MANIFEST).read_bytes().splitlines(keepends=True)
        (copy.folder / MANIFEST).write_bytes(first + last)
    copy.seal()
    assert MANIFEST in verify_run(copy.folder).problems
    ways = [resume, lambda folder: export(folder, tmp_path / "table.csv"), open_run]
    if has_records or n > 65:
        ways.append(repair)  # else it is as if a line had been lost, and computed
    for way in ways:
        with pytest.raises((IntegrityError, ResourceError)):
            way(copy.folder)
    (copy.folder / "_COMPLETE").unlink()
    if has_records:
        with pytest.raises(IntegrityError, match="another size"):
            resume(copy.folder)


def test_a_file_that_grew_is_said_to_be_longer(copy):
    with (copy.folder / "scenario.toml").open("a") as file:
        file.write("# mine\n")
    assert "more than its" in verify_run(copy.folder).problems["scenario.toml"]


def test_a_run_with_a_damaged_or_lost_manifest_is_not_told_to_be_complete(copy):
    from click.testing import CliRunner

    from sandwich_sim.cli.status import command

    with (copy.folder / MANIFEST).open("a") as file:
        file.write("garbage\n")
    said = CliRunner().invoke(command, [str(copy.folder)]).stdout.splitlines()
    assert said[0].endswith(": damaged")
    (copy.folder / MANIFEST).unlink()
    with pytest.raises(IntegrityError, match="sandwich-sim repair"):
        open_run(copy.folder)


def test_series_named_twice_and_numbers_in_other_units_are_refused(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(
        'extends = "base"\n[run]\nfans = ["gap", "gap"]\n[open_source]\n'
        'gap = { same_as = "open_source.catch_up_speed" }\n'
    )
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    assert [(problem.line, problem.key) for problem in caught.value.problems] == [
        (3, "run.fans[1]"),
        (5, "open_source.gap.same_as"),
    ]
