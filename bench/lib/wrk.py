# SPDX-License-Identifier: MIT
"""The load generator: wrk, one thread, and what it prints."""

import dataclasses
import re
import subprocess

GRACE_S = 30
UNIT_US = {"us": 1.0, "ms": 1e3, "s": 1e6, "m": 6e7, "h": 3.6e9}


class WrkError(Exception):
    """wrk failed, or what it measured was not what it should have been."""


@dataclasses.dataclass(frozen=True)
class Load:
    """One run."""

    n_requests: int
    seconds: float
    p50_us: float
    p99_us: float
    n_errors: int       # of sockets, time-outs included
    n_not_2xx: int

    @property
    def requests_per_s(self):
        return self.n_requests / self.seconds

    def check(self):
        """Fails unless every request was answered as it must be."""
        if self.n_errors or self.n_not_2xx or not self.n_requests:
            raise WrkError(f"{self.n_requests} requests, {self.n_errors} failed, "
                           f"{self.n_not_2xx} answers were not 2xx or 3xx")


def duration_us(text):
    """'98.00us', '1.20ms', '2.00s' in microseconds."""
    match = re.fullmatch(r"([\d.]+)(us|ms|s|m|h)", text)
    if match is None:
        raise WrkError(f"no duration: {text!r}")
    return float(match.group(1)) * UNIT_US[match.group(2)]


def _find(pattern, text):
    match = re.search(pattern, text, re.M)
    if match is None:
        raise WrkError(f"nothing like {pattern!r} in what wrk printed:\n{text}")
    return match


def parse(text):
    """What `wrk --latency` printed."""
    total = _find(r"^\s*(\d+) requests in (\S+),", text)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)",
                       text)
    not_2xx = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    return Load(n_requests=int(total.group(1)),
                seconds=duration_us(total.group(2)) / 1e6,
                p50_us=duration_us(_find(r"^\s*50%\s+(\S+)", text).group(1)),
                p99_us=duration_us(_find(r"^\s*99%\s+(\S+)", text).group(1)),
                n_errors=sum(int(n) for n in errors.groups()) if errors else 0,
                n_not_2xx=int(not_2xx.group(1)) if not_2xx else 0)


def run(url, connections, seconds, core):
    """Asks for url on that many connections for so long, on that core."""
    command = ["taskset", "-c", str(core), "wrk", "--threads", "1", "--latency",
               "--connections", str(connections), "--duration", f"{seconds}s", url]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            check=False, timeout=seconds + GRACE_S)
    if result.returncode != 0:
        raise WrkError(result.stdout + result.stderr)
    return parse(result.stdout)
