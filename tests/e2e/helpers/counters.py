# SPDX-License-Identifier: MIT
"""How the engine's counters have moved since a moment: what really happened behind an answer."""

from . import wait


class Counters:
    """The counters of a running Daemon, beginning now."""

    def __init__(self, daemon):
        self.daemon = daemon
        self._before = self._read()

    def _read(self):
        return self.daemon.status()["engine"]["counters"]

    def grown(self, *names):
        """By how much these counters have grown; a number for one name, otherwise a tuple."""
        now = self._read()
        values = tuple(now[name] - self._before[name] for name in names)
        return values[0] if len(names) == 1 else values

    def expect(self, **wanted):
        """Waits until each counter has grown by exactly so much."""
        names = tuple(wanted)
        wait.until(lambda: self._all(names) == wanted, f"counters {wanted}")

    def _all(self, names):
        now = self._read()
        return {name: now[name] - self._before[name] for name in names}
