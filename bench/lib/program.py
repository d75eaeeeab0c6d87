# SPDX-License-Identifier: MIT
"""A server program: started on its core, awaited, and ended by its pid."""

import ctypes
import os
import signal
import socket
import subprocess
import time

READY_S = 20
STOP_S = 10
POLL_S = 0.02
PR_SET_PDEATHSIG = 1


class ProgramError(Exception):
    """It did not start."""


def _follow(core):
    """In the child: on its core, and not longer alive than we are."""
    os.sched_setaffinity(0, {core})
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Program:
    """Running from the constructor to stop().  What it prints goes to FOLDER/NAME.log."""

    def __init__(self, command, core, folder, name, env=None):
        self.name = name
        self._log = os.path.join(folder, f"{name}.log")
        with open(self._log, "ab") as log:
            self._popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                           stderr=log, env={**os.environ, **(env or {})},
                                           preexec_fn=lambda: _follow(core),
                                           start_new_session=True)

    @property
    def pid(self):
        return self._popen.pid

    def printed(self):
        with open(self._log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def wait_until(self, probe, what):
        """Polls until probe() is true."""
        deadline = time.monotonic() + READY_S
        while not probe():
            if self._popen.poll() is not None or time.monotonic() > deadline:
                raise ProgramError(f"{self.name}: {what}: not within {READY_S} s\n"
                                   f"{self.printed()}")
            time.sleep(POLL_S)

    def wait_for_line(self, part):
        self.wait_until(lambda: part in self.printed(), f"a line with {part!r}")

    def wait_for_port(self, port):
        self.wait_until(lambda: _is_listening(port), f"port {port}")

    def stop(self):
        """SIGTERM, and SIGKILL for what does not end in time."""
        self._popen.terminate()
        try:
            self._popen.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()


def _is_listening(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0
