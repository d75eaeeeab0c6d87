# SPDX-License-Identifier: MIT
"""What is compared: one row a case."""

import dataclasses

from . import servers


@dataclasses.dataclass(frozen=True)
class Case:
    """Ours against peers that do the same work."""

    text: str
    ours: type
    peers: tuple
    connections: tuple
    goals: dict         # (name of the peer, connections): our CPU per request by its, at most


CASES = {
    "app": Case(
        text="a few bytes from an application, which is a process of its own",
        ours=servers.Httpsys,
        peers=(servers.NginxUnix,),
        connections=(1, 16, 128),
        goals={("nginx-unix", 16): 0.45, ("nginx-unix", 128): 0.45},
    ),
    "file": Case(
        text="the same beside a server that has the bytes itself",
        ours=servers.Httpsys,
        peers=(servers.NginxFile,),
        connections=(1, 16, 128),
        goals={},
    ),
}
