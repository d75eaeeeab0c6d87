# SPDX-License-Identifier: MIT
"""
How it is measured.  Absolute figures move with whatever else the machine does, by a fifth and more;
the ratio of two servers measured right after one another hardly does.  Hence rounds: in each one
all servers have their turn, ratios are taken within a round, and the median of the rounds counts.
"""

import dataclasses
import statistics

from . import cpu, wrk

WARM_UP_S = 1
SERVER_CORE = 0
LOAD_CORE = 1


@dataclasses.dataclass(frozen=True)
class Sample:
    """One server in one round."""

    cpu_us: float       # per request, of all processes of the server
    load: wrk.Load


@dataclasses.dataclass(frozen=True)
class Ratio:
    """Of the CPU per request, ours by a peer's."""

    median: float
    min: float
    max: float


def sample(server, connections, seconds):
    """Warms the server up, measures it, and fails unless every answer was right."""
    wrk.run(server.url, connections, WARM_UP_S, LOAD_CORE).check()
    stopwatch = cpu.Stopwatch(server.roots())
    load = wrk.run(server.url, connections, seconds, LOAD_CORE)
    cpu_us = stopwatch.elapsed_ns() / 1e3 / max(load.n_requests, 1)
    load.check()
    server.check()
    return Sample(cpu_us, load)


def rounds(servers, connections, n_rounds, seconds, on_round):
    """Return: {name of the server: [Sample of each round]}."""
    samples = {server.name: [] for server in servers}
    for i in range(n_rounds):
        for server in servers:
            samples[server.name].append(sample(server, connections, seconds))
        on_round(i + 1)
    return samples


def ratio(ours, theirs):
    """Two lists of Sample, round by round."""
    ratios = [a.cpu_us / b.cpu_us for a, b in zip(ours, theirs)]
    return Ratio(statistics.median(ratios), min(ratios), max(ratios))


def summary(samples):
    """The median of each figure over the rounds."""
    def median(of):
        return statistics.median(of(s) for s in samples)

    return {"cpu_us": median(lambda s: s.cpu_us),
            "requests_per_s": median(lambda s: s.load.requests_per_s),
            "p50_us": median(lambda s: s.load.p50_us),
            "p99_us": median(lambda s: s.load.p99_us)}


def results(case_name, case, connections, samples):
    """One row for each server, ours first, ready for JSON."""
    ours = samples[case.ours.name]
    rows = []
    for name, theirs in samples.items():
        row = {"case": case_name, "connections": connections, "server": name, **summary(theirs),
               "rounds_cpu_us": [s.cpu_us for s in theirs], "ratio": None, "goal": None}
        if name != case.ours.name:
            row["ratio"] = dataclasses.asdict(ratio(ours, theirs))
            row["goal"] = case.goals.get((name, connections))
        rows.append(row)
    return rows


def is_missed(row):
    """Is our ratio to this peer over its goal?"""
    return row["goal"] is not None and row["ratio"]["median"] > row["goal"]
