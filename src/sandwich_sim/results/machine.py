"""What this machine has left: memory (limits of containers included) and disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def free_disk(folder: Path) -> int:
    """Return the free space where a folder lies or would lie [B]."""
    place = folder.absolute()
    while not place.is_dir() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free


def available_memory() -> int | None:
    """Return the memory that this process may still take [B]; None where the system does not say.

    The least of what the machine has available and what the limits of its control groups and
    of the process leave.
    """
    limits = [_meminfo_available(), _group_available(), _address_space_available()]
    known = [limit for limit in limits if limit is not None]
    return min(known) if known else None


def _meminfo_available() -> int | None:
    try:
        with Path("/proc/meminfo").open() as lines:
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, ValueError, OSError):
        return None


def _group_available() -> int | None:
    """Limit less use of our control group and of those above it (version 2 and version 1)."""
    try:
        entries = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    except OSError:
        return None
    found = []
    for _, controllers, path in entries:
        if controllers == "":
            root, names = Path("/sys/fs/cgroup"), ("memory.max", "memory.current")
        elif "memory" in controllers.split(","):
            root, names = Path("/sys/fs/cgroup/memory"), ("memory.limit_in_bytes", "memory.usage_in_bytes")
        else:
            continue
        here = root / path.strip().lstrip("/")
        # In a container, the path is that of the host and its own group is mounted at the root.
        for place in (here, *here.parents):
            found.append(_limit_less_use(place, *names))
            if place == root:
                break
    known = [limit for limit in found if limit is not None]
    return min(known) if known else None


def _limit_less_use(place: Path, limit: str, use: str) -> int | None:
    try:
        text = (place / limit).read_text().strip()
        if text == "max":
            return None
        used = int((place / use).read_text()) - _file_cache(place)
        return max(0, int(text) - max(0, used))
    except (OSError, ValueError):
        return None


def _file_cache(place: Path) -> int:
    """Cached files that a group gives up when it needs the memory [B]."""
    try:
        lines = (place / "memory.stat").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("inactive_file "))


def _address_space_available() -> int | None:
    try:
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit == resource.RLIM_INFINITY:
            return None
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        return max(0, limit - pages * os.sysconf("SC_PAGE_SIZE"))
    except (ImportError, OSError, ValueError):
        return None
