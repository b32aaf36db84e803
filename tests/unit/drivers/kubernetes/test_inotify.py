"""How many inotify instances are left, told by having them for a moment."""

from __future__ import annotations

import ctypes
import errno
import os

import pytest

from harness.drivers.kubernetes.cluster import inotify
from harness.errors import HarnessError


class Kernel:
    """Gives `left` and refuses the next with `code`."""

    def __init__(self, left: int, code: int) -> None:
        self.left = left
        self.code = code
        self.given: list[int] = []

    def inotify_init1(self, flags: int) -> int:
        assert flags == os.O_CLOEXEC
        if len(self.given) == self.left:
            ctypes.set_errno(self.code)
            return -1
        self.given.append(os.open(os.devnull, os.O_RDONLY))
        return self.given[-1]


@pytest.mark.parametrize(("left", "told"), [(0, 0), (3, 3), (9, 5)])
def test_they_are_counted_up_to_what_is_wanted_and_given_back(
    monkeypatch: pytest.MonkeyPatch, left: int, told: int
) -> None:
    kernel = Kernel(left, errno.EMFILE)
    monkeypatch.setattr(inotify, "_libc", kernel)
    assert inotify.free_instances(5) == told
    for descriptor in kernel.given:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)


def test_a_kernel_without_them_is_another_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inotify, "_libc", Kernel(0, errno.ENOSYS))
    with pytest.raises(HarnessError, match=r"this kernel refuses: .*not implemented"):
        inotify.need_instances(3)
