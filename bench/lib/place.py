# SPDX-License-Identifier: MIT
"""
Where it is measured: a network namespace of its own, so that both sides meet the same, known TCP
and nothing of the machine is changed.
"""

import contextlib
import ctypes
import os
import socket
import subprocess

CLONE_NEWNET = 0x40000000
SYSCTL = "/proc/sys/net/ipv4/"
# Debian's default.  BBR paces: on loopback that alone multiplies the cost of large bodies.
CONGESTION_CONTROL = "cubic"
PORT_RANGE = "10240 65535"


def enter():
    """Moves this process, and what it starts from now on, into a new network namespace."""
    with _congestion_control_allowed():
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWNET) != 0:
            error = ctypes.get_errno()
            raise OSError(error, f"a network namespace needs root: {os.strerror(error)}")
        _write("tcp_congestion_control", CONGESTION_CONTROL)
        _write("ip_local_port_range", PORT_RANGE)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


@contextlib.contextmanager
def _congestion_control_allowed():
    """
    A namespace may choose only among the algorithms that the machine allows to everybody.  Where
    ours is none of them it becomes one for the moment in which it is chosen.
    """
    name = "tcp_allowed_congestion_control"
    allowed = _read(name)
    if CONGESTION_CONTROL in allowed.split():
        yield
        return
    # Opened outside, it stays the machine's list when we have left.
    with open(SYSCTL + name, "w", encoding="ascii") as f:
        os.pwrite(f.fileno(), f"{allowed} {CONGESTION_CONTROL}".encode("ascii"), 0)
        try:
            yield
        finally:
            os.pwrite(f.fileno(), allowed.encode("ascii"), 0)


def _read(name):
    with open(SYSCTL + name, encoding="ascii") as f:
        return f.read().strip()


def _write(name, value):
    with open(SYSCTL + name, "w", encoding="ascii") as f:
        f.write(value)


def free_port():
    """A TCP port that nobody uses, chosen by the kernel."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
