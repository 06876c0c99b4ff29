"""Run folders whose documents hold anything, sealed as if they were sound: right checksums, right digests."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from sandwich_sim.errors import SandwichSimError
from sandwich_sim.report.build import write_report
from sandwich_sim.results.checksum import crc32c
from sandwich_sim.results.dataset import open_run, read_accumulators, read_fingerprint, read_meta
from sandwich_sim.results.digest import content_digest
from sandwich_sim.results.export import export
from sandwich_sim.results.files import MANIFEST, MARKER
from sandwich_sim.results.manifest import manifest_digest, read_manifest
from sandwich_sim.results.run_list import list_runs
from sandwich_sim.results.schema_files import PROVENANCE, ROOT, json_bytes
from sandwich_sim.results.status import run_status
from sandwich_sim.results.verify import verify_run
from sandwich_sim.studies.compare_runs import compare_runs
from sandwich_sim.studies.recompute import recompute
from sandwich_sim.studies.repair import repair
from sandwich_sim.studies.replay import replay
from sandwich_sim.studies.replay_tails import replay_tails
from sandwich_sim.studies.resume import prepared_again, resume

VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        2**31,
        2**63,
        10**18,
        10**400,
        0.5,
        -0.0,
        1e308,
        float("nan"),
        float("inf"),
    ),
    *(
        "",
        "\ud800",
        "x",
        "../../etc/passwd",
        "/dev/zero",
        "a" * 5000,
        "\x1b[2J",
        "2026-13-45",
        "object",
        "|O",
    ),
    *([], [[]], [1], ["gap"], [10**15], [-1], [0.5], {}, {"a": 1}, {"name": "pickle"}, {"digest": 1}),
    *(
        [{"name": "bytes"}, {"name": "pickle"}],
        [{"name": "zstd", "configuration": {"level": 22}}],
        [None] * 9,
    ),
)


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a JSON document."""
    if path:
        yield path
    if isinstance(document, dict | list):
        items = document.items() if isinstance(document, dict) else enumerate(document)
        for key, value in items:
            yield from places(value, (*path, key))


def change(document: Any, chance: random.Random) -> str:
    """Put another value somewhere, drop something, or copy it elsewhere; says what was done."""
    found = list(places(document))
    path = chance.choice([p for p in found if len(p) <= 4] if chance.random() < 0.7 else found)
    table = document
    for key in path[:-1]:
        table = table[key]
    kind = chance.randrange(8)
    if kind == 0:
        del table[path[-1]]
        return f"delete {path}"
    if kind == 1 and isinstance(table, dict):
        table[chance.choice(("x", "../x", "a" * 3000, "time", "/"))] = table[path[-1]]
        return f"copy {path}"
    if kind == 2 and isinstance(table[path[-1]], int | float):
        number = table[path[-1]]
        table[path[-1]] = chance.choice((number + 1, -number, number * 1000, number * 10**12, float(number)))
    else:
        table[path[-1]] = chance.choice(VALUES)
    return f"{path} = {str(table[path[-1]])[:60]}"


SOUND = "sound"
"""Name of the copy beside a forged run, to compare it with."""


class Forge:
    """A sound run that is changed and put back, again and again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(folder, folder.with_name(SOUND))
        self._all = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        names = {MANIFEST, MARKER, PROVENANCE, ROOT}
        self.sound = {path: data for path, data in self._all.items() if path.name in names}

    def restore(self) -> None:
        """Undo every change, also of those who resume and repair."""
        for path in sorted(self.folder.rglob("*"), reverse=True):
            if path.is_dir():
                with suppress(OSError):  # what is not empty stays
                    path.rmdir()
            elif path not in self._all:
                path.unlink()
        for path, data in self._all.items():
            if not path.exists() or path.read_bytes() != data:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)

    def forge(self, chance: random.Random) -> str:
        """Change documents and seal the folder again; says what was done."""
        done = []
        for _ in range(chance.choice((1, 1, 2, 3))):
            path = chance.choice((self.folder / ROOT, self.folder / PROVENANCE, self.folder / MANIFEST))
            if path.name == MANIFEST:
                done.append(f"{MANIFEST}: {self._forge_line(chance)}")
                continue
            document = json.loads(path.read_bytes())
            done.append(f"{path.name}: {change(document, chance)}")
            path.write_bytes(_json(document))
        if chance.random() < 0.9:
            self.seal()
        if chance.random() < 0.1:
            path = chance.choice(sorted(self.sound))
            data = bytearray(path.read_bytes())
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            path.write_bytes(data)
            done.append(f"flip in {path.name}")
        return "; ".join(done)

    def _forge_line(self, chance: random.Random) -> str:
        path = self.folder / MANIFEST
        lines = path.read_bytes().splitlines()
        number = chance.randrange(len(lines))
        record = json.loads(lines[number])["record"]
        said = change(record, chance)
        lines[number] = _line(record)
        path.write_bytes(b"\n".join(lines) + b"\n")
        return f"line {number + 1}: {said}"

    def describe(self, changes: dict[str, Any]) -> None:
        """Let manifest and provenance describe another run, sealed; the arrays stay as they are."""
        path = self.folder / PROVENANCE
        document = json.loads(path.read_bytes())
        document |= {name: value for name, value in changes.items() if name in document}
        document["run"] |= changes
        path.write_bytes(_json(document))
        self.seal()

    def add_file(self, lines: list[bytes], name: str, size: int = 8) -> None:
        """Let the last of some lines name another file, or another size of one."""
        try:
            record = json.loads(lines[-1])["record"]
        except ValueError:
            return  # the lines are what was damaged
        record["files"][name] = [size, "00000000"]
        text = b"\n".join([line.rstrip(b"\n") for line in lines[:-1]] + [_line(record)])
        (self.folder / MANIFEST).write_bytes(text + b"\n")

    def seal(self) -> None:
        """Make manifest and marker agree with the documents, as one who wants to deceive would."""
        path = self.folder / MANIFEST
        lines = path.read_bytes().splitlines()
        with suppress(LookupError, TypeError, AttributeError, ValueError):
            lines[0] = self._seal_description(lines[0])
        with suppress(LookupError, TypeError, AttributeError, ValueError):
            record = json.loads(lines[-1])["record"]
            for name in (ROOT, PROVENANCE):
                data = (self.folder / name).read_bytes()
                record["files"][name] = [len(data), f"{crc32c(data):08x}"]
            lines[-1] = _line(record)
            path.write_bytes(b"\n".join(lines) + b"\n")
        with suppress(LookupError, TypeError, AttributeError, ValueError):
            root = json.loads((self.folder / ROOT).read_bytes())["attributes"]
            marker = {"digest": root["digest"], "failures": root["failures"]}
            (self.folder / MARKER).write_bytes(
                json_bytes(marker | {"manifest": manifest_digest(self.folder)})
            )

    def _seal_description(self, line: bytes) -> bytes:
        """Let the manifest's first line and the provenance say the same, with the digest of what they say."""
        record = json.loads(line)["record"]
        document = json.loads((self.folder / PROVENANCE).read_bytes())
        sound = json.loads(self.sound[self.folder / PROVENANCE])
        if record["run"] != sound["run"]:
            document["run"] = record["run"]
        elif record["provenance"] != sound:
            document = record["provenance"]
        text = json.dumps(document["run"], sort_keys=True, ensure_ascii=False)
        document["run_digest"] = hashlib.sha256(text.encode()).hexdigest()
        (self.folder / PROVENANCE).write_bytes(_json(document))
        return _line(record | {"run": document["run"], "provenance": document})


def _json(document: Any) -> bytes:
    return json.dumps(document).encode()


def _line(record: Any) -> bytes:
    text = json.dumps(record, separators=(",", ":")).encode()
    return b'{"crc32c":"%08x","record":%s}' % (crc32c(text), text)


READERS: tuple[Callable[[Path, Path], object], ...] = (
    lambda folder, room: open_run(folder).load(),
    lambda folder, room: open_run(folder, allow_partial=True)["hop"].load(),
    lambda folder, room: read_accumulators(folder),
    lambda folder, room: read_meta(folder).run_digest,
    lambda folder, room: read_fingerprint(folder),
    lambda folder, room: content_digest(folder, threads=1),
    lambda folder, room: verify_run(folder),
    lambda folder, room: run_status(folder),
    lambda folder, room: list_runs(folder),
    lambda folder, room: export(folder, room / "table.csv"),
    lambda folder, room: prepared_again(folder, read_manifest(folder)),
    lambda folder, room: recompute(folder, [0, 17], "margin"),
    lambda folder, room: replay(folder, 17),
    lambda folder, room: replay_tails(folder, "cumulative_profit.lab", top=1),
    lambda folder, room: compare_runs([folder, folder.with_name(SOUND)]),
    lambda folder, room: repair(folder, threads=1),
    lambda folder, room: resume(folder, threads=1),
)
SLOW_READERS: tuple[Callable[[Path, Path], object], ...] = (
    lambda folder, room: write_report([folder], room / "table.csv"),
)
"""Take a second each: every twentieth folder is shown to one."""


def read(folder: Path, room: Path, chance: random.Random, n_reader: int) -> int:
    """Let some readers look at a folder; returns how many refused it. Each refuses in words or reads."""
    refused = 0
    slow = chance.sample(SLOW_READERS, 1) if chance.random() < 0.05 else []
    for reader in (*chance.sample(READERS, n_reader), *slow):
        try:
            reader(folder, room)
        except SandwichSimError as error:
            assert str(error)
            refused += 1
        finally:
            (room / "table.csv").unlink(missing_ok=True)
    return refused
