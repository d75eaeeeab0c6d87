# SPDX-License-Identifier: MIT
"""
Two gibibytes each way, with memory that stays flat: neither the engine nor the application holds
more of a body than its windows.  The files are sparse but for a marked region across the 2 GiB line.
"""

import hashlib
import os
import re
import shutil
import subprocess

import pytest

from helpers import rawhttp
from helpers.counters import Counters

ADDRESS = "127.0.0.1"
SIZE = (2 << 30) + 1_234_567
MARK_AT = (2 << 30) - 500_000
MARK = bytes(range(251)) * 4000  # crosses 2^31
# A sanitizer keeps what was freed in quarantine, and copies at each realloc.
GROWTH_MAX_KIB = (1 << 20) if os.environ.get("HTTPSYS_SANITIZER") else (64 << 10)
TIMEOUT_S = 120
ROOM_BYTES = 256 << 20


def memory_kib(pid, what):
    """VmHWM: the most that was resident; VmRSS: what is."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return int(re.search(rf"^{what}:\s+(\d+) kB$", f.read(), re.MULTILINE).group(1))


def forget_peak(pid):
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as f:
        f.write("5")  # VmHWM = VmRSS


class Flat:
    """A context in which no process grows by more than its share."""

    def __init__(self, **pids):
        self.pids = pids

    def __enter__(self):
        self.before = {}
        for name, pid in self.pids.items():
            forget_peak(pid)
            self.before[name] = memory_kib(pid, "VmRSS")
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            return
        for name, pid in self.pids.items():
            grown = memory_kib(pid, "VmHWM") - self.before[name]
            assert grown <= GROWTH_MAX_KIB, f"{name} grew by {grown} KiB"


@pytest.fixture
def site(daemon, app, free_port, home):
    """A file server with uploads: its URL, folder and processes; `large` is there."""
    if shutil.disk_usage(home).free < ROOM_BYTES:
        pytest.skip("too little room for temporary files")
    root, port = os.path.join(home, "www"), free_port()
    os.mkdir(root)
    with open(os.path.join(root, "large"), "wb") as f:
        f.truncate(SIZE)
        f.seek(MARK_AT)
        f.write(MARK)
    url = f"http://{ADDRESS}:{port}/"
    server = app("file_server", url, options=["--upload", root])
    return {"url": url, "port": port, "root": root, "app": server.pid,
            "engine": daemon.engine_pid()}


def curl(*words):
    result = subprocess.run(["curl", "-sS", "--fail", *words], stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_download_of_2_gib(site, daemon):
    counters = Counters(daemon)
    with Flat(engine=site["engine"], app=site["app"]):
        said = curl("-o", "/dev/null", "-w", "%{http_code} %{size_download}", site["url"] + "large")
    assert said == f"200 {SIZE}"
    assert counters.grown("bytes_sent") > SIZE
    assert counters.grown("responses_sent", "responses_invalid") == (1, 0)
    first, last = MARK_AT, MARK_AT + len(MARK) - 1
    response = rawhttp.ask(ADDRESS, site["port"], "/large", fields=[("Range", f"bytes={first}-{last}")])
    assert hashlib.sha256(response.body).digest() == hashlib.sha256(MARK).digest()


def test_download_is_cut_at_the_right_place_in_the_stream(site):
    """The whole body, hashed as it comes: the mark is where it belongs."""
    expected = hashlib.sha256()
    with open(os.path.join(site["root"], "large"), "rb") as f:
        while block := f.read(1 << 20):
            expected.update(block)
    found = subprocess.run(["sh", "-c", 'curl -sS --fail "$1" | sha256sum', "sh",
                            site["url"] + "large"], capture_output=True, text=True,
                           timeout=TIMEOUT_S, check=True).stdout.split()[0]
    assert found == expected.hexdigest()


def test_head_of_2_gib_is_quick_and_says_the_length(site, daemon):
    counters = Counters(daemon)
    response = rawhttp.ask(ADDRESS, site["port"], "/large", method="HEAD")
    assert response.field("content-length") == str(SIZE)
    assert counters.grown("bytes_sent") < 10_000


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_upload_of_2_gib(daemon, app, free_port, home, framing):
    """To a program that counts and drops: what is measured is the way, not the disk."""
    url = f"http://{ADDRESS}:{free_port()}/"
    counting = app("async", url)
    body = os.path.join(home, "body")
    with open(body, "wb") as f:
        f.truncate(SIZE)
    counters = Counters(daemon)
    with Flat(engine=daemon.engine_pid(), app=counting.pid):
        said = curl("-T", body, url, *([] if framing == "length" else
                                       ["-H", "Transfer-Encoding: chunked"]))
    assert said == f"async from {counting.pid}: {SIZE} bytes\n"
    assert counters.grown("bytes_received") > SIZE
    assert counters.grown("responses_sent", "lanes_broken") == (1, 0)


def test_upload_is_stored_as_it_was_sent(site, home):
    """60 MB without a hole, onto the disk."""
    body = os.path.join(home, "body")
    with open(body, "wb") as f:
        f.write(MARK * 60)
    with Flat(engine=site["engine"], app=site["app"]):
        curl("-T", body, site["url"] + "stored")
    hashes = {subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True)
              .stdout.split()[0] for path in (body, os.path.join(site["root"], "stored"))}
    assert len(hashes) == 1


def test_client_that_reads_slowly_costs_no_memory(site, daemon):
    """64 clients ask for 2 GiB and take nothing: only the kernel's socket buffers fill."""
    connections = []
    with Flat(engine=site["engine"], app=site["app"]):
        for _ in range(64):
            connection = rawhttp.Connection(ADDRESS, site["port"])
            connection.send(rawhttp.request("/large"))
            connections.append(connection)
        Counters(daemon)  # the engine answers while they wait
        response = rawhttp.ask(ADDRESS, site["port"], "/large", method="HEAD")
        assert response.status == 200
    for connection in connections:
        connection.close()
