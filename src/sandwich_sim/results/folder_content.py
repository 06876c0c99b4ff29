"""What in a run folder is the run's own, and removing it; a reader's notes there are left alone."""

from __future__ import annotations

import contextlib
import shutil
import stat
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from sandwich_sim.errors import UsageError
from sandwich_sim.results.arrays import Layout
from sandwich_sim.results.files import MANIFEST, MARKER, is_array
from sandwich_sim.results.manifest import PARTS
from sandwich_sim.results.schema_files import ACCUMULATORS, PROVENANCE, ROOT, SCENARIO

_FILES = (MARKER, ROOT, SCENARIO, PROVENANCE, MANIFEST)


def _own_folders(folder: Path, layout: Layout) -> Iterator[Path]:
    """Folders of arrays, of this run or of one that lay there, and that of the parts' sums."""
    named = _own_names(layout)
    for path in folder.iterdir():
        if path.is_symlink() or not path.is_dir():
            continue
        if path.name in named or is_array(path):
            yield path


def _own_names(layout: Layout) -> set[str]:
    return {array.name.partition("/")[0] for array in layout.arrays} | {ACCUMULATORS, PARTS}


def check_places(folder: Path, layout: Layout) -> None:
    """Refuse links and devices in the places of a run's folders and files, before any is written or removed.

    What lies deeper is looked at where it is written (`make_way`), and removed without following links.

    Raises
    ------
    UsageError
    """
    for name in sorted(_own_names(layout)):
        _check_place(folder / name, stat.S_ISDIR, "folder")
    for name in _FILES:
        _check_place(folder / name, stat.S_ISREG, "file")
        _check_place(folder / f"{name}.partial", stat.S_ISREG, "file")


def _check_place(path: Path, is_right: Callable[[int], bool], kind: str) -> bool:
    """Whether something lies there; refuses what is not of its kind."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False
    if not is_right(mode):
        what = (
            "is a link, and may lead out of the run folder" if stat.S_ISLNK(mode) else f"is no plain {kind}"
        )
        raise UsageError(f"{path}: {what}; nothing is written. Remove it.")
    return True


def make_way(folder: Path, name: str) -> None:
    """Make the folders that lead to a file of the run; a link that leads elsewhere is no way.

    Raises
    ------
    UsageError
    """
    place = folder
    for piece in Path(name).parts[:-1]:
        place /= piece
        if not _check_place(place, stat.S_ISDIR, "folder"):
            place.mkdir(exist_ok=True)


def clear_folder(folder: Path, layout: Layout) -> None:
    """Remove all that a run leaves, and nothing else.

    The marker goes first (a half-removed run must not look complete) and the manifest last (it
    must still look like a run, so that the next one may go on removing it).
    """
    (folder / MARKER).unlink(missing_ok=True)
    for path in list(_own_folders(folder, layout)):
        shutil.rmtree(path)
    for name in _FILES:
        (folder / f"{name}.partial").unlink(missing_ok=True)
        (folder / name).unlink(missing_ok=True)


def remove_tree(folder: Path) -> None:
    """Remove a folder that others may be writing into: under another name they find it no more."""
    aside = folder.with_name(f"{folder.name}.partial")
    with contextlib.suppress(FileNotFoundError):
        folder.rename(aside)
        shutil.rmtree(aside)


def remove_orphans(folder: Path, layout: Layout, keep: Collection[str] = ()) -> None:
    """Remove files that a stop left half-written, and the sums of parts but for those to keep."""
    with contextlib.suppress(OSError):  # they do no harm
        for name in _FILES:
            (folder / f"{name}.partial").unlink(missing_ok=True)
        for own in list(_own_folders(folder, layout)):
            for path in list(own.rglob("*.partial")):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)
        sums = folder / PARTS
        if sums.is_symlink() or not sums.is_dir():
            return
        for path in sums.iterdir():
            if f"{PARTS}/{path.name}" in keep:
                continue
            if path.is_dir() and not path.is_symlink():
                remove_tree(path)
            else:
                path.unlink()
        if not keep:
            sums.rmdir()
