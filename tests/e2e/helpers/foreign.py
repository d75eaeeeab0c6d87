# SPDX-License-Identifier: MIT
"""
Web servers that know nothing of us: the small one of foreign_server.py, and GNU Mailman's.  Each says who it is, so that a test can tell who has answered.
"""

import os
import shutil
import signal
import subprocess
import tempfile

import pytest

from . import rawhttp, wait
from .process import MARK, Process, marked_with

SERVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "foreign_server.py")
MAILMAN = "/usr/bin/mailman"
MAILMAN_USER = "list"


class Foreign(Process):
    """The small server; is_listening says whether it got its address."""

    def __init__(self, address, port, user=None):
        # As text: the user may not be able to read our files.
        with open(SERVER, encoding="utf-8") as f:
            super().__init__(["/usr/bin/python3", "-I", "-c", f.read(), address, port], user=user)
        self.is_listening = self.out.expect(r"^(listening|refused)").group(1) == "listening"

    def is_who_answers(self, address, port):
        return rawhttp.ask(address, port).body == f"foreign {self.pid}\n".encode()

    def stop(self):
        self.signal(signal.SIGTERM)
        self.wait()


class Mailman:
    """
    GNU Mailman 3's own web server (gunicorn, its REST interface), with a configuration and data of
    its own in a temporary folder.  Nothing of an installed Mailman is touched.
    """

    def __init__(self, address, port):
        if not os.access(MAILMAN, os.X_OK):
            pytest.skip("Mailman 3 is not installed")
        self.address, self.port = address, port
        self.home = tempfile.mkdtemp(prefix="mailman-", dir="/tmp")
        self.mark = os.path.basename(self.home)
        self.config = os.path.join(self.home, "mailman.cfg")
        self.log = os.path.join(self.home, "log", "mailman.log")
        self._write_config()

    def _write_config(self):
        os.makedirs(os.path.join(self.home, "log"))
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(f"""\
[mailman]
site_owner: owner@lists.example
layout: here
[paths.here]
var_dir: {self.home}/var
bin_dir: /usr/lib/mailman3/bin
log_dir: {self.home}/log
[webservice]
hostname: {self.address}
port: {self.port}
use_https: no
api_version: 3.1
admin_user: restadmin
admin_pass: restpass
[mta]
incoming: mailman.mta.null.NullMTA
lmtp_host: {self.address}
lmtp_port: 8024
smtp_host: {self.address}
smtp_port: 25
""")
        for folder, folders, names in os.walk(self.home):
            for name in [".", *folders, *names]:
                shutil.chown(os.path.join(folder, name), MAILMAN_USER, MAILMAN_USER)

    def _run(self, verb, *words):
        """As its own user, who may bind low ports.  Return: exit status and what it printed."""
        capability = "+net_bind_service"
        # To a file: its runners inherit the descriptor, and a pipe would never end.
        with open(os.path.join(self.home, "output"), "w+", encoding="utf-8") as output:
            result = subprocess.run(
                ["setpriv", f"--reuid={MAILMAN_USER}", f"--regid={MAILMAN_USER}", "--clear-groups",
                 f"--inh-caps={capability}", f"--ambient-caps={capability}",
                 MAILMAN, "-C", self.config, verb, *words],
                env={**os.environ, MARK: self.mark}, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, check=False, timeout=120)
            output.seek(0)
            return result.returncode, output.read()

    def start(self):
        """Starts it.  Return: True when its web server listens, False when it was refused."""
        log_before = len(self._log())
        status, output = self._run("start", "--force")
        assert status == 0, output
        return wait.until(lambda: self._outcome(log_before), "Mailman's web server",
                          timeout_s=120) == "listening"

    def _log(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def _outcome(self, log_before):
        log = self._log()[log_before:]
        if "Listening at: " in log or self.is_who_answers():
            return "listening"
        return "refused" if "Can't connect to" in log else None

    def is_who_answers(self):
        """Asks its address for its version, which only the real one knows."""
        try:
            response = rawhttp.ask(self.address, self.port, "/3.1/system/versions",
                                   host=self.address,
                                   fields=[("Authorization", "Basic cmVzdGFkbWluOnJlc3RwYXNz"),
                                           ("Connection", "close")])
        except (OSError, rawhttp.Broken):
            return False
        return (response.field("server") or "").startswith("gunicorn") and \
            b"mailman_version" in response.body

    def pids(self):
        return marked_with(self.mark)

    def stop(self):
        """Ends it and forgets its data; may be called twice."""
        if not os.path.exists(self.home):
            return
        family = self.pids()
        self._run("stop")
        try:
            wait.until_gone(family, "end of Mailman")
        finally:
            for pid in self.pids():
                os.kill(pid, signal.SIGKILL)
            shutil.rmtree(self.home, ignore_errors=True)
