# SPDX-License-Identifier: MIT
"""Clients of other people, as they come: each gets its files, and the engine has refused nothing."""

import filecmp
import hashlib
import http.client
import os
import re
import shutil
import subprocess
import urllib.error
import urllib.request

import pytest

from helpers.counters import Counters

ADDRESS = "127.0.0.1"
TIMEOUT_S = 60
PAGE = """<!DOCTYPE html>
<html><head><title>waiting</title><link rel="stylesheet" href="style.css"></head>
<body><p id="text">nothing</p><script src="script.js"></script></body></html>
"""
SCRIPT = """
fetch("data/small.txt").then(r => r.text()).then(t => {
    document.getElementById("text").textContent = t;
    document.title = "loaded";
});
"""


class Files:
    """A folder that is served, and what the engine has counted since."""

    def __init__(self, daemon, app, port, root):
        self.root, self.url = root, f"http://{ADDRESS}:{port}/"
        for name, text in (("index.html", PAGE), ("script.js", SCRIPT), ("style.css", "p {}\n"),
                           ("favicon.ico", ""), ("data/small.txt", "small enough\n")):
            os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
            with open(os.path.join(root, name), "w", encoding="utf-8") as f:
                f.write(text)
        with open(os.path.join(root, "data", "large.bin"), "wb") as f:
            f.write(os.urandom(1 << 20) * 8)
        app("file_server", self.url, options=["--upload", root])
        self.counters = Counters(daemon)

    def path(self, name):
        return os.path.join(self.root, name)

    def content(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()


@pytest.fixture
def files(daemon, app, free_port, home):
    served = Files(daemon, app, free_port(), os.path.join(home, "www"))
    yield served
    assert served.counters.grown("requests_rejected", "responses_invalid", "requests_abandoned",
                                 "lanes_broken", "requests_queue_full") == (0, 0, 0, 0, 0)


def run(name, *words, **how):
    """Runs a client, which must succeed.  Return: what it printed."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    result = subprocess.run([path, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            timeout=TIMEOUT_S, check=False, **how)
    assert result.returncode == 0, f"{name}: {result.returncode}\n{result.stdout}{result.stderr}"
    return result.stdout


def test_curl_gets_resumes_and_puts(files, home):
    out = os.path.join(home, "out")
    run("curl", "-sSf", "-o", out, files.url + "data/large.bin")
    assert filecmp.cmp(out, files.path("data/large.bin"), shallow=False)
    os.truncate(out, 1_000_003)
    run("curl", "-sSf", "-C", "-", "-o", out, files.url + "data/large.bin")
    assert filecmp.cmp(out, files.path("data/large.bin"), shallow=False)
    run("curl", "-sSf", "-T", out, files.url + "data/put.bin")
    assert filecmp.cmp(out, files.path("data/put.bin"), shallow=False)
    run("curl", "-sSf", "-T", "-", files.url + "data/chunked.bin", "-H", "Transfer-Encoding: chunked")
    assert files.content("data/chunked.bin") == b""
    assert files.counters.grown("requests_delivered") == 4


def test_curl_reuses_its_connection(files):
    urls = [files.url + "data/small.txt"] * 10
    assert run("curl", "-sSf", *urls) == "small enough\n" * 10
    files.counters.expect(connections_accepted=1, requests_delivered=10)


def test_wget_mirrors(files, home):
    run("wget", "-nv", "-r", "-nH", "-P", os.path.join(home, "mirror"), files.url)
    for name in ("index.html", "script.js", "style.css"):
        assert filecmp.cmp(os.path.join(home, "mirror", name), files.path(name), shallow=False)


def test_chromium_shows_a_page_with_its_parts(files, home):
    page = run("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
               "--no-first-run", "--disable-background-networking", "--disable-component-update",
               "--disable-sync", "--disable-dev-shm-usage", "--virtual-time-budget=10000",
               f"--user-data-dir={os.path.join(home, 'chromium')}", "--dump-dom",
               files.url, env={**os.environ, "HOME": home})
    assert '<p id="text">small enough' in page and "<title>loaded</title>" in page
    assert files.counters.grown("requests_delivered") >= 4


def test_python_http_client_keeps_its_connection(files):
    connection = http.client.HTTPConnection(files.url.split("/")[2], timeout=TIMEOUT_S)
    large = files.content("data/large.bin")
    for _ in range(5):
        connection.request("GET", "/data/large.bin")
        assert connection.getresponse().read() == large
    connection.request("PUT", "/data/python.bin", body=iter([large[:1000], large[1000:]]),
                       encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
    response = connection.getresponse()
    assert response.status == 201 and response.read()
    connection.close()
    assert files.content("data/python.bin") == large
    files.counters.expect(connections_accepted=1, requests_delivered=6)


def test_python_urllib(files):
    with urllib.request.urlopen(files.url + "data/small.txt", timeout=TIMEOUT_S) as response:
        assert response.read() == b"small enough\n"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(files.url + "absent", timeout=TIMEOUT_S)


NODE = """
const http = require("http"), crypto = require("crypto");
const agent = new http.Agent({keepAlive: true, maxSockets: 4});
const get = path => new Promise((resolve, reject) => {
    http.get(process.argv[1] + path, {agent}, response => {
        const hash = crypto.createHash("sha256");
        response.on("data", d => hash.update(d));
        response.on("end", () => resolve(response.statusCode + " " + hash.digest("hex")));
    }).on("error", reject);
});
Promise.all(Array.from({length: 12}, () => get("data/large.bin"))).then(all => {
    all.forEach(line => console.log(line));
    agent.destroy();
});
"""


def test_node_gets_in_parallel(files):
    expected = "200 " + hashlib.sha256(files.content("data/large.bin")).hexdigest()
    assert run("node", "-e", NODE, files.url).split("\n") == [expected] * 12 + [""]
    assert files.counters.grown("connections_accepted") <= 4


@pytest.mark.parametrize("name", ["data/small.txt", "data/large.bin"])
def test_ab_has_no_failed_request(files, name):
    n = 5000 if name.endswith("txt") else 100
    text = run("ab", "-q", "-k", "-c", "16", "-n", str(n), files.url + name)
    assert re.search(rf"Complete requests: +{n}\n", text), text
    assert re.search(r"Failed requests: +0\n", text), text
    assert re.search(rf"Keep-Alive requests: +{n}\n", text), text
    assert "Non-2xx" not in text, text
    # ab stops without reading what it has asked beyond its number.
    assert files.counters.grown("requests_delivered") >= n


@pytest.mark.parametrize("name", ["data/small.txt", "data/large.bin"])
def test_wrk_has_no_error(files, name):
    text = run("wrk", "-t", "2", "-c", "32", "-d", "1s", files.url + name)
    assert "Socket errors" not in text and "Non-2xx" not in text, text
    assert int(re.search(r"(\d+) requests in", text).group(1)) > 0
