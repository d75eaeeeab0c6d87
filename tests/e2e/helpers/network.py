# SPDX-License-Identifier: MIT
"""
A network namespace of the test's own: port 80 is free, addresses come and go as the test says, and
nothing of it is seen outside.

The thread that runs the tests moves into the namespace, so that everything it starts or opens there,
programs, sockets and new threads, is inside without further ado.  The namespace ends with the last
process in it.
"""

import ctypes
import os
import socket
import subprocess

CLONE_NEWNET = 0x40000000
HERE = "/proc/thread-self/ns/net"


def _call(name, *args):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*args) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")


def free_port(address="127.0.0.1"):
    """A TCP port that nobody uses at the moment, chosen by the kernel."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.bind((address, 0))
        return s.getsockname()[1]


class Namespace:
    """Entered by __init__, left by leave().  lo is up and has its usual addresses."""

    def __init__(self):
        self._outside = os.open(HERE, os.O_RDONLY | os.O_CLOEXEC)
        _call("unshare", CLONE_NEWNET)
        self.ip("link", "set", "lo", "up")

    def leave(self):
        _call("setns", self._outside, CLONE_NEWNET)
        os.close(self._outside)

    def ip(self, *words):
        """Runs ip(8) inside.  Return: what it printed."""
        result = subprocess.run(["ip", *words], stdin=subprocess.DEVNULL, capture_output=True,
                                text=True, check=False)
        assert result.returncode == 0, f"ip {' '.join(words)}: {result.stderr}"
        return result.stdout

    def add_address(self, address, device="lo"):
        """address: 192.0.2.1 or 192.0.2.1/24, 2001:db8::1; usable at once (no duplicate check)."""
        prefix = "" if "/" in address else "/128" if ":" in address else "/32"
        extra = ["nodad"] if ":" in address else []
        self.ip("address", "add", address + prefix, "dev", device, *extra)

    def delete_address(self, address, device="lo"):
        prefix = "" if "/" in address else "/128" if ":" in address else "/32"
        self.ip("address", "delete", address + prefix, "dev", device)

    def add_device(self, name):
        """A second interface: a dummy one, or half of a veth pair where the kernel has none."""
        try:
            self.ip("link", "add", name, "type", "dummy")
        except AssertionError:
            self.ip("link", "add", name, "type", "veth", "peer", "name", name + "-peer")
            self.ip("link", "set", name + "-peer", "up")
        self.ip("link", "set", name, "up")
