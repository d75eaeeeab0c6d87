# SPDX-License-Identifier: MIT
"""What the figures were taken on, without which they say nothing."""

import os
import platform
import re
import subprocess

from . import place, servers

LOAD_MAX = 0.5      # processes that want to run, before we start any
VERSION = re.compile(r"\d+(\.\d+)+\S*")


def _version_of(program, option):
    path = servers.find_program(program)
    if path is None:
        return None
    result = subprocess.run([path, option], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, check=False)
    match = VERSION.search(result.stdout)
    return match.group(0) if match else None


def _cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        match = re.search(r"^model name\s*:\s*(.*)$", f.read(), re.M)
    return match.group(1) if match else platform.machine()


def describe():
    """A dictionary, ready for JSON."""
    return {"cpu": _cpu_model(), "cores": os.cpu_count(), "kernel": platform.release(),
            "system": platform.freedesktop_os_release().get("PRETTY_NAME", ""),
            "congestion_control": place.CONGESTION_CONTROL,
            "load_before": os.getloadavg()[0],
            "versions": {"nginx": _version_of("nginx", "-v"), "wrk": _version_of("wrk", "-v")}}


def is_busy():
    """Does somebody else use the machine?  Ratios then still hold, figures do not."""
    return os.getloadavg()[0] > LOAD_MAX
