# SPDX-License-Identifier: MIT
"""
A program started by a test: its lines are read as they come and can be waited for, and it is ended
by its pid.  A mark in the environment finds whatever it left behind.
"""

import atexit
import functools
import glob
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
import threading
import time

from . import wait

MARK = "HTTPSYS_TEST_MARK"
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:")


def build_dir():
    here = os.path.dirname(os.path.abspath(__file__))
    return os.path.abspath(os.environ.get("HTTPSYS_BUILD") or os.path.join(here, "../../../build"))


def program(name):
    """The path of one of our programs; examples are named `examples/hello`."""
    path = os.path.join(build_dir(), name)
    assert os.access(path, os.X_OK), f"{path} is not built"
    return path


class Lines:
    """The lines of a stream, collected by a thread."""

    def __init__(self, stream):
        self.all = []
        self._is_open = True
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream):
        with stream:
            for line in stream:
                with self._changed:
                    self.all.append(line.rstrip("\n"))
                    self._changed.notify_all()
        with self._changed:
            self._is_open = False
            self._changed.notify_all()

    def mark(self):
        """How many lines there are: expect(..., since=mark) then looks at later ones only."""
        return len(self.all)

    def text(self):
        return "\n".join(self.all)

    def join(self, timeout_s=5.0):
        """Waits until whoever writes the stream has closed it."""
        self._thread.join(timeout_s)

    def expect(self, pattern, since=0, timeout_s=wait.TIMEOUT_S):
        """Waits for a line in which the regular expression is found; returns the match."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while True:
                for line in self.all[since:]:
                    match = re.search(pattern, line)
                    if match is not None:
                        return match
                since = len(self.all)
                left_s = deadline - time.monotonic()
                if not self._is_open or left_s <= 0:
                    why = "in time" if self._is_open else "before the program closed its output"
                    raise wait.Timeout(f"no line with {pattern!r} {why}:\n{self.text()}")
                self._changed.wait(left_s)


def can_all_enter(path):
    """True when every user may pass all folders of the path."""
    while path != "/":
        if os.stat(path).st_mode & stat.S_IXOTH == 0:
            return False
        path = os.path.dirname(path)
    return True


@functools.lru_cache(maxsize=None)
def public_build_dir():
    """The build folder, or a copy of its programs where other users cannot enter it."""
    build = build_dir()
    if can_all_enter(build):
        return build
    copy = tempfile.mkdtemp(prefix="httpsys-build-", dir="/tmp")
    atexit.register(shutil.rmtree, copy, ignore_errors=True)
    for pattern in ("http*", "examples/*", "src/lib/libhttpsys.so*"):
        for path in filter(os.path.isfile, glob.glob(os.path.join(build, pattern))):
            target = os.path.join(copy, os.path.relpath(path, build))
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(path, target)
    for folder, _, _ in os.walk(copy):
        os.chmod(folder, 0o755)
    return copy


def command_for(user, command):
    """The command with the program where the user can reach it."""
    words = [str(word) for word in command]
    if user is not None and words[0].startswith(build_dir() + "/"):
        words[0] = os.path.join(public_build_dir(), os.path.relpath(words[0], build_dir()))
    return words


def as_user(name):
    """Arguments of subprocess that run a program as this user, with its groups; None: as we are."""
    if name is None:
        return {}
    entry = pwd.getpwnam(name)
    return {"user": entry.pw_uid, "group": entry.pw_gid,
            "extra_groups": os.getgrouplist(name, entry.pw_gid)}


class Process:
    """A running program.  Its standard input is empty."""

    def __init__(self, command, env=None, user=None, cwd=None):
        self.command = command_for(user, command)
        self.popen = subprocess.Popen(self.command, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                      errors="replace", env={**os.environ, **(env or {})},
                                      cwd=cwd, start_new_session=True, **as_user(user))
        self.out = Lines(self.popen.stdout)
        self.err = Lines(self.popen.stderr)

    @property
    def pid(self):
        return self.popen.pid

    def is_running(self):
        return self.popen.poll() is None

    def signal(self, number):
        if self.is_running():
            self.popen.send_signal(number)

    def wait(self, timeout_s=wait.TIMEOUT_S):
        """Waits for its end.  Return: the exit status, negative for a signal."""
        try:
            status = self.popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise wait.Timeout(f"{self.command[0]} (pid {self.pid}) does not end:\n"
                               f"{self.out.text()}\n{self.err.text()}") from None
        self.out.join()
        self.err.join()
        return status

    def kill(self):
        if self.is_running():
            self.popen.kill()
        self.popen.wait()

    def check_sanitizers(self):
        """Fails when a sanitizer has reported something on its standard error."""
        found = SANITIZER.search(self.err.text())
        assert found is None, f"{self.command[0]}:\n{self.err.text()}"


def environment(pid):
    try:
        with open(f"/proc/{pid}/environ", "rb") as f:
            return f.read().split(b"\0")
    except OSError:
        return []


def is_alive(pid):
    """True for a process that exists and is no zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            return f.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def children_of(pid):
    """The pids of a process's children, of all its threads."""
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as f:
                found += [int(word) for word in f.read().split()]
    except OSError:
        pass
    return found


def marked_with(mark):
    """The pids of all living processes whose environment has the mark, whoever their parent is."""
    wanted = f"{MARK}={mark}".encode()
    return [int(name) for name in os.listdir("/proc")
            if name.isdigit() and int(name) != os.getpid() and wanted in environment(name)
            and is_alive(name)]
