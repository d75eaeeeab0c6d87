# SPDX-License-Identifier: MIT
"""
Who is compared.  A server is a class with start() and stop(); once started it has a url, the body
it answers with, and the roots of its process trees, the application behind it included.

To add one: a class here, its package in tools/install-deps (group bench), a row in cases.py.
"""

import http.client
import os
import shutil
import urllib.parse

from . import place
from .program import Program

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# The same for all.  Not "/", which has some look for an index first.
TARGET = "/hello.txt"
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ASK_S = 10


class ServerError(Exception):
    """A server is missing, or answers something else than it must."""


class Server:
    """folder: for its files; build: the build folder; core: for all its processes."""

    name = None
    needs = ()          # programs of the system

    def __init__(self, folder, build, core):
        self.folder = os.path.join(folder, self.name)
        self.build = build
        self.core = core
        self.port = place.free_port()
        self.url = f"http://127.0.0.1:{self.port}{TARGET}"
        self.body = None
        self._programs = []
        # Workers run under users of their own.
        os.makedirs(self.folder, mode=0o755)

    def start(self, body):
        """Starts it; body is what to answer (None: whatever it likes, then in self.body)."""
        raise NotImplementedError

    def stop(self):
        """The newest first.  Nothing happens when nothing was started."""
        while self._programs:
            self._programs.pop().stop()

    def roots(self):
        """The pids whose trees make up this server."""
        return [program.pid for program in self._programs]

    def run(self, command, name, env=None):
        program = Program(command, self.core, self.folder, name, env)
        self._programs.append(program)
        return program

    def built(self, name):
        path = os.path.join(self.build, name)
        if not os.access(path, os.X_OK):
            raise ServerError(f"{path} is not built; `tools/build plain` builds it")
        return path

    def check(self):
        """Fails unless it answers 200 with the body it must answer with."""
        status, body = ask(self.url)
        if status != 200 or (self.body is not None and body != self.body):
            raise ServerError(f"{self.name} answers {status} {body!r}, expected {self.body!r}")
        self.body = body


def ask(url):
    """Return: status and body."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=ASK_S)
    try:
        connection.request("GET", parts.path)
        response = connection.getresponse()
        return response.status, response.read().decode("latin-1")
    finally:
        connection.close()


class Httpsys(Server):
    """Our listener and the example `hello`, an application in a process of its own."""

    name = "httpsys"

    def start(self, body):
        home = os.path.join(self.folder, "home")
        env = {"HTTPSYS_HOME": home}
        os.makedirs(home, mode=0o755)
        daemon = self.run([self.built("httpsysd"), "--home", home], "httpsysd", env)
        daemon.wait_for_line("httpsysd: ready")
        app = self.run([self.built("examples/hello"), f"http://+:{self.port}/"], "hello", env)
        app.wait_for_port(self.port)


NGINX_CONF = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{
    worker_connections 4096;
}}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {upstream}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        {server}
    }}
}}
"""

UPSTREAM = """
    upstream app {{
        server unix:{folder}/app.sock;
        keepalive 256;
        keepalive_requests 1000000000;
    }}
"""

PROXY = """
        location / {
            proxy_pass http://app;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
"""

STATIC = """
        root {folder}/www;
        sendfile on;
        tcp_nopush on;
        open_file_cache max=100;
        default_type text/plain;
"""


class Nginx(Server):
    """nginx with one worker process."""

    needs = ("nginx",)

    def start_nginx(self, upstream, server):
        conf = os.path.join(self.folder, "nginx.conf")
        with open(conf, "w", encoding="ascii") as f:
            f.write(NGINX_CONF.format(folder=self.folder, port=self.port, upstream=upstream,
                                      server=server))
        command = [find_program("nginx"), "-e", f"{self.folder}/error.log", "-c", conf]
        self.run(command, "nginx").wait_for_port(self.port)


class NginxUnix(Nginx):
    """nginx in front of a minimal server on a unix socket, on connections that stay."""

    name = "nginx-unix"

    def start(self, body):
        self.body = body
        upstream = [self.built("bench/bench_upstream"), f"{self.folder}/app.sock", body]
        self.run(upstream, "upstream").wait_for_line("ready")
        self.start_nginx(UPSTREAM.format(folder=self.folder), PROXY)


class NginxFile(Nginx):
    """nginx with the body as a file: no application at all."""

    name = "nginx-file"

    def start(self, body):
        self.body = body
        os.makedirs(f"{self.folder}/www", mode=0o755)
        with open(f"{self.folder}/www{TARGET}", "w", encoding="latin-1") as f:
            f.write(body)
        self.start_nginx("", STATIC.format(folder=self.folder))


def find_program(name):
    """Its path, also where root's programs are; None = not installed."""
    return shutil.which(name, path=SYSTEM_PATH)
