"""The supervisor's own process: starts what a run needs, and leaves nothing of it when the harness is gone.

Run as `python -I -S keeper.py FD HARNESS_PID SCRATCH`, standard library only, so that it is up in 30 ms. FD is a
socket to the harness that carries one JSON object a line.

    from the harness   {"do": "spawn", "id": 1, "argv": [...], "variables": {...}, "folder": ..., "log": ...,
                        "user": ..., "input": ..., "output": ...}
                       {"do": "signal", "id": 2, "child": 1, "number": 15}
    to the harness     {"id": 1, "pid": 4711} or {"id": 1, "error": "..."}        the answer to spawn
                       {"id": 2}                                                  the answer to signal
                       {"ended": 1, "exit_code": 0}                               whenever a child has ended

When the socket is closed, or the harness has died in any way, all descendants are killed and reaped, the System V
memory they made is removed, what the harness had promised to undo is undone (undo.py), the run's scratch folder is
removed, and this process ends. What cannot be undone stays, with the folder, for `harness sweep`.

One thread only: Linux sends a parent-death signal when the *thread* that started the child ends.
"""

from __future__ import annotations

import ctypes
import json
import os
import pwd
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import Any, NoReturn, TypeAlias

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
IPC_RMID = 0
LAST_OF_SCRATCH = "run.json"
"""Removed last, so that a folder half removed is still known to `harness sweep` as a run's."""
PROMISES = "undo.jsonl"
REAP_POLL_S = 0.002
CLEAN_UP_S_MAX = 5.0

Order: TypeAlias = dict[str, Any]

libc = ctypes.CDLL(None, use_errno=True)


class Keeper:
    """All state of the process: who was started, and the way to the harness."""

    def __init__(self, harness: socket.socket) -> None:
        self.harness = harness
        self.pids: dict[int, int] = {}  # by the order that started it
        self.orders: dict[int, int] = {}  # that started a pid; only of pids that were not reaped
        self.started: set[int] = set()  # all pids ever

    def obey(self, order: Order) -> None:
        if order["do"] == "spawn":
            self.spawn(order)
        else:
            self.signal(order)

    def spawn(self, order: Order) -> None:
        try:
            pid = start(order)
        except (OSError, KeyError) as error:
            self.tell({"id": order["id"], "error": str(error)})
            return
        self.pids[order["id"]] = pid
        self.orders[pid] = order["id"]
        self.started.add(pid)
        self.tell({"id": order["id"], "pid": pid})

    def signal(self, order: Order) -> None:
        pid = self.pids[order["child"]]
        if pid in self.orders:  # not reaped, so the number cannot be anybody else's yet
            os.killpg(pid, order["number"])
        self.tell({"id": order["id"]})

    def reap(self) -> None:
        """Collect all that have ended, orphans of our children included."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self.orders:
                self.tell({"ended": self.orders.pop(pid), "exit_code": os.waitstatus_to_exitcode(status)})

    def tell(self, message: dict[str, object]) -> None:
        with suppress(OSError):  # the harness is gone, and the loop is about to see it
            self.harness.sendall(json.dumps(message).encode() + b"\n")


def start(order: Order) -> int:
    """Start one child and return its pid once it runs the program asked for. Raises OSError, KeyError (no account)."""
    account = pwd.getpwnam(order["user"]) if order["user"] else None
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    # Named pipes are open at the harness's end, so that opening ours does not wait.
    streams = (
        os.open(order["input"] or os.devnull, os.O_RDONLY),
        os.open(order["output"] or order["log"] or os.devnull, append, 0o644),
        os.open(order["log"] or os.devnull, append, 0o644),
    )
    trouble, report = os.pipe()
    keeper = os.getpid()
    pid = os.fork()
    if pid == 0:
        become(order, account, streams=streams, report=report, keeper=keeper)
    for descriptor in (*streams, report):
        os.close(descriptor)
    with os.fdopen(trouble, "rb") as pipe:
        error = pipe.read()
    if error:
        os.waitpid(pid, 0)
        raise OSError(error.decode())
    return pid


def become(
    order: Order, account: pwd.struct_passwd | None, *, streams: tuple[int, int, int], report: int, keeper: int
) -> NoReturn:
    """In the child: set everything up and execute the program, or write to `report` why that failed."""
    argv = order["argv"]
    try:
        os.setsid()
        for standard, stream in enumerate(streams):
            os.dup2(stream, standard)
        if order["folder"]:
            os.chdir(order["folder"])
        if account is not None:
            os.initgroups(account.pw_name, account.pw_gid)
            os.setgid(account.pw_gid)
            os.setuid(account.pw_uid)
        # After setuid, which clears it.
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != keeper:
            os._exit(1)
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_DFL)
        base = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "ROLLPROOF_RUN", "ROLLPROOF_HARNESS")}
        if account is not None:
            base["HOME"] = account.pw_dir
        os.execvpe(argv[0], argv, {**base, **order["variables"]})
    except OSError as error:
        os.write(report, f"{error.strerror}: {error.filename or argv[0]}".encode())
    finally:
        os._exit(127)


def children() -> list[int]:
    """Pids of our children now; those whose own parent died are among them, because we are their subreaper."""
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        return [int(word) for word in file.read().split()]


def kill_all() -> None:
    """Kill and reap until no descendant is left: each death may hand us the orphans it leaves."""
    deadline = time.monotonic() + CLEAN_UP_S_MAX
    while time.monotonic() < deadline:
        for pid in children():
            os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        select.select([], [], [], REAP_POLL_S)


def remove_shared_memory(creators: set[int]) -> None:
    """Remove System V segments of processes that were killed before they could (PostgreSQL makes one)."""
    with open("/proc/sysvipc/shm") as file:
        columns = file.readline().split()
        rows = [dict(zip(columns, line.split(), strict=False)) for line in file]
    for row in rows:
        if int(row["cpid"]) in creators and row["nattch"] == "0":
            libc.shmctl(int(row["shmid"]), IPC_RMID, None)


def undo(scratch: str) -> bool:
    """Whether nothing is open, or left open, of what the harness promised to undo."""
    if not os.path.exists(os.path.join(scratch, PROMISES)):
        return True
    package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    argv = [sys.executable, "-P", "-m", "harness.supervisor.undo", scratch]
    return wait_for(os.posix_spawn(sys.executable, argv, {**os.environ, "PYTHONPATH": package})) == 0


def wait_for(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def clear(scratch: str) -> None:
    """Undo, and remove the folder if all was undone."""
    if undo(scratch):
        remove_scratch(scratch)


def remove_scratch(scratch: str) -> None:
    if not os.path.isdir(scratch):
        return
    others = [entry.path for entry in os.scandir(scratch) if entry.name != LAST_OF_SCRATCH]
    for paths in (others, [scratch]):
        # Five times as fast as shutil.rmtree on the thousands of files of a database.
        wait_for(os.posix_spawnp("rm", ["rm", "-rf", "--one-file-system", "--", *paths], os.environ))


def serve(harness: socket.socket, harness_pid: int) -> set[int]:
    """Do what the harness asks until it is gone or we are told to stop. Returns all pids that were ever started."""
    keeper = Keeper(harness)
    wake, waker = socket.socketpair()
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.fileno())
    stopped: list[int] = []
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # A process that the harness forked may hold its end of the socket open beyond its death; this tells nevertheless.
    death = os.pidfd_open(harness_pid)
    poll = select.poll()
    for descriptor in (harness, wake, death):
        poll.register(descriptor, select.POLLIN)
    unread = b""
    while not stopped:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if death in ready:
            break
        if wake.fileno() in ready:
            wake.recv(4096)
            keeper.reap()
        if harness.fileno() in ready:
            received = harness.recv(65536)
            if not received:
                break
            *lines, unread = (unread + received).split(b"\n")
            for line in lines:
                keeper.obey(json.loads(line))
    signal.set_wakeup_fd(-1)
    return keeper.started


def main() -> None:
    descriptor, harness_pid, scratch = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
    harness = socket.socket(fileno=descriptor)
    harness.set_inheritable(False)
    started: set[int] = set()
    try:
        started = serve(harness, harness_pid)
    finally:
        kill_all()
        remove_shared_memory(started)
        clear(scratch)


if __name__ == "__main__":
    main()
