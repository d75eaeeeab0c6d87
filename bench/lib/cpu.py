# SPDX-License-Identifier: MIT
"""
CPU time of programs by the kernel's own clocks: exact to the nanosecond, threads that have ended
included, time in which the machine belonged to others not.
"""

import os
import time

CPUCLOCK_SCHED = 2


def clock_of(pid):
    """The number of a process's CPU clock, see clock_getcpuclockid(3)."""
    return (~pid << 3) | CPUCLOCK_SCHED


def process_ns(pid):
    """CPU time of a process since it started, in user space and kernel, of all its threads."""
    return time.clock_gettime_ns(clock_of(pid))


def children_of(pid):
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as f:
            found += [int(word) for word in f.read().split()]
    return found


def tree_of(pid):
    """A process and all that descends from it."""
    found = [pid]
    for child in children_of(pid):
        found += tree_of(child)
    return found


class Stopwatch:
    """CPU time that a set of process trees uses from now on."""

    def __init__(self, roots):
        self._roots = roots
        self._start = self._read()

    def _read(self):
        return {pid: process_ns(pid) for root in self._roots for pid in tree_of(root)}

    def elapsed_ns(self):
        """The processes must be the same as at the start: what one that ended used is lost."""
        now = self._read()
        if now.keys() != self._start.keys():
            raise RuntimeError(f"processes changed while measured: {sorted(self._start)}, "
                               f"then {sorted(now)}")
        return sum(now.values()) - sum(self._start.values())
