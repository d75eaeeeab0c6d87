# SPDX-License-Identifier: MIT
"""
Waiting for something that happens in another process.  What can be waited for as an event (a line,
a process's end, a readable socket) is; for the rest there is until(), the only loop that polls.
"""

import os
import select
import threading
import time

TIMEOUT_S = 30.0
POLL_S = 0.01


class Timeout(AssertionError):
    """What was waited for did not happen in time."""


def until(probe, what, timeout_s=TIMEOUT_S):
    """Calls probe until what it returns is true, and returns that.  The last value is reported."""
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Timeout(f"{what}: not within {timeout_s:g} s, last seen: {value!r}")
        pause.wait(POLL_S)


def until_gone(pids, what, timeout_s=TIMEOUT_S):
    """Waits for the end of processes that need not be our children."""
    deadline = time.monotonic() + timeout_s
    for pid in pids:
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            left_ms = max(0, deadline - time.monotonic()) * 1000
            poll = select.poll()
            poll.register(fd, select.POLLIN)
            if not poll.poll(left_ms):
                raise Timeout(f"{what}: process {pid} is still there after {timeout_s:g} s")
        finally:
            os.close(fd)
