"""What Linux says of processes, in /proc. One that has ended by then has nothing, and raises ProcessLookupError."""

from __future__ import annotations

import os
from pathlib import Path

CLOCK_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
MB = 1 << 20


def cpu_s(pid: int) -> float:
    """Processor time that it has used so far."""
    fields = _read(pid, "stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS_PER_S


def memory_mb(pid: int) -> float:
    """Resident."""
    return int(_status(pid, "VmRSS").split()[0]) / 1024


def address_space_mb(pid: int) -> float:
    return int(_status(pid, "VmSize").split()[0]) / 1024


def first_free_file(pid: int) -> int:
    """The lowest file descriptor that it does not use: the next that it would get."""
    try:
        taken = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
    except FileNotFoundError as error:
        raise ProcessLookupError(f"no process {pid}") from error
    return next(number for number in range(len(taken) + 1) if number not in taken)


def has_mapped(pid: int, library: str) -> bool:
    """Whether it has loaded a file of that name."""
    return any(line.rpartition("/")[2] == library for line in _read(pid, "maps").splitlines())


def family(pid: int) -> list[int]:
    """It and all that it has started, and that they have."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                parent = int(_read(int(folder.name), "stat").rpartition(")")[2].split()[1])
            except ProcessLookupError:
                continue
            children.setdefault(parent, []).append(int(folder.name))
    found = [pid]
    for member in found:
        found += children.get(member, [])
    return found


def variables(pid: int) -> dict[str, str]:
    """Those that it was started with."""
    pairs = (pair.partition("=") for pair in _read(pid, "environ").split("\0") if pair)
    return {name: value for name, _, value in pairs}


def cgroups(pid: int) -> dict[str, str]:
    """Its control group by controller; that of version 2 by ""."""
    lines = (line.split(":", 2) for line in _read(pid, "cgroup").splitlines())
    return {controller: path for _, controllers, path in lines for controller in controllers.split(",")}


def lives(pid: int) -> bool:
    """A zombie does not."""
    try:
        return _read(pid, "stat").rpartition(")")[2].split()[0] not in "ZX"
    except ProcessLookupError:
        return False


def available_mb() -> float:
    """Memory of the machine that could be had without swapping."""
    lines = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    return next(int(words[1]) for words in lines if words[0] == "MemAvailable:") / 1024


def _status(pid: int, key: str) -> str:
    for line in _read(pid, "status").splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return value
    raise ProcessLookupError(f"process {pid} has ended")  # a zombie has no memory


def _read(pid: int, file: str) -> str:
    try:
        return Path(f"/proc/{pid}/{file}").read_text()
    except FileNotFoundError as error:
        raise ProcessLookupError(f"no process {pid}") from error
