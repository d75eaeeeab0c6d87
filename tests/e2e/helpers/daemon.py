# SPDX-License-Identifier: MIT
"""The listener under test, its applications and its tool, each with its own home folder."""

import json
import os
import re
import signal
import subprocess
import uuid

from . import wait
from .process import (MARK, Process, as_user, children_of, command_for, is_alive, marked_with,
                      program)

READY = r"^(?:<\d>)?httpsysd: ready$"


class Daemon:
    """
    httpsysd --home HOME.  start() returns when it is ready; stop() ends it as an administrator
    would and fails when it does not end well.
    """

    def __init__(self, home, options=()):
        self.home = home
        self.options = list(options)
        self.mark = uuid.uuid4().hex
        self.env = {"HTTPSYS_HOME": home, MARK: self.mark}
        self.process = None
        self._lines_before = []

    def start(self):
        assert self.process is None or not self.process.is_running()
        self.process = Process([program("httpsysd"), "--home", self.home, *self.options],
                               env=self.env)
        self.process.err.expect(READY)
        return self

    def stop(self):
        """SIGTERM; the exit status is 0, no process is left, no sanitizer has complained."""
        if self.process is None:
            return
        process, family = self.process, self.pids()
        process.signal(signal.SIGTERM)
        status = process.wait()
        self._forget()
        assert status == 0, f"httpsysd ended with {status}:\n{process.err.text()}"
        process.check_sanitizers()
        wait.until_gone(family, "end of httpsysd")
        left = self.pids()
        assert not left, f"httpsysd left processes behind: {left}"

    def restart(self):
        self.stop()
        return self.start()

    def abort(self):
        """Ends whatever is left without looking at it: for the end of a test that has failed."""
        for pid in self.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.process is not None:
            self.process.kill()
            self._forget()

    def _forget(self):
        self._lines_before += self.process.err.all
        self.process = None

    def pids(self):
        """Our processes, applications and tools not counted."""
        ours = program("httpsysd")
        return [pid for pid in marked_with(self.mark) if self._exe_of(pid) == ours]

    @staticmethod
    def _exe_of(pid):
        try:
            return os.readlink(f"/proc/{pid}/exe")
        except OSError:
            return None

    @property
    def master_pid(self):
        return self.process.pid

    def engine_pid(self):
        """The engine's pid, or None while there is none."""
        engines = [pid for pid in children_of(self.master_pid) if is_alive(pid)]
        return engines[0] if engines else None

    def kill9_engine(self):
        """Kills the engine and waits until another works in its place.  Return: its pid."""
        old, mark = self.engine_pid(), self.process.err.mark()
        os.kill(old, signal.SIGKILL)
        new = wait.until(lambda: self.engine_pid() not in (None, old) and self.engine_pid(),
                         "a new engine")
        self.process.err.expect(r"event 20002\b", since=mark)
        return new

    def kill9_master(self):
        """Kills the master and waits until its engine has ended as well; start() starts again."""
        family = self.pids()
        os.kill(self.master_pid, signal.SIGKILL)
        self.process.wait()
        self._forget()
        wait.until_gone(family, "end of an engine without a master")

    def lines(self):
        """All lines of its standard error, those of earlier starts first."""
        return self._lines_before + (self.process.err.all if self.process is not None else [])

    def events(self, number=None):
        """The lines of the event log as dictionaries, those of one number or all; oldest first."""
        try:
            with open(os.path.join(self.home, "log", "events.log"), encoding="utf-8") as f:
                text = f.read()
        except FileNotFoundError:
            return []
        # A line that is being written has no end yet.
        events = [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]
        return [e for e in events if number in (None, e["event_id"])]

    def expect_event(self, number, since=0):
        """Waits for an event of that number that is later than the first `since` of them."""
        return wait.until(lambda: self.events(number)[since:], f"event {number}")[0]

    def cfg(self, *words, user=None, stdin=None):
        """Runs httpcfg.  Return: subprocess.CompletedProcess with text."""
        return subprocess.run(command_for(user, [program("httpcfg"), *words]), env={**os.environ, **self.env},
                              input=stdin or "", capture_output=True, text=True, check=False,
                              timeout=wait.TIMEOUT_S, **as_user(user))

    def cfg_ok(self, *words):
        """Runs httpcfg, which must succeed.  Return: what it printed."""
        result = self.cfg(*words)
        assert result.returncode == 0, f"httpcfg {' '.join(words)}: {result.returncode}\n" \
                                       f"{result.stdout}{result.stderr}"
        return result.stdout

    def cfg_json(self, *words):
        return json.loads(self.cfg_ok(*words, "--json"))

    def status(self):
        return self.cfg_json("status")

    def app(self, example, *prefixes, user=None, options=()):
        """Starts an example; returns when it has said how each of its prefixes stands."""
        return App(self, example, prefixes, user, options)


class App(Process):
    """An example of ours that has registered prefixes; states: {prefix: "served" ...}."""

    def __init__(self, daemon, example, prefixes, user, options):
        super().__init__([program(f"examples/{example}"), *options, *prefixes], env=daemon.env,
                         user=user)
        self.states = {}
        for prefix in prefixes:
            match = self.out.expect(
                rf"^registered {re.escape(prefix)}: (served|partly served|unreachable)")
            self.states[prefix] = match.group(1)

    def stop(self):
        """SIGTERM; examples end with status 0."""
        self.signal(signal.SIGTERM)
        status = self.wait()
        assert status == 0, f"{self.command}: {status}\n{self.err.text()}"
        self.check_sanitizers()
