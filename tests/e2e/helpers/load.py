# SPDX-License-Identifier: MIT
"""
Clients that keep asking while a test changes something: some on connections that stay, some on a new
one for each request.  Every request that does not get the answer it must get is kept as a failure.
"""

import threading
import time

from . import rawhttp, wait

FAILURES_MAX = 20


class Load:
    """A context manager; is_right(response) says whether an answer is the expected one."""

    def __init__(self, address, port, is_right, target="/", host="localhost", n_lasting=4, n_fresh=2):
        self.address, self.port, self.is_right = address, port, is_right
        self.target, self.host = target, host
        self.failures = []
        self._n_done = 0
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._threads = [threading.Thread(target=self._run, args=(is_lasting,), daemon=True)
                         for is_lasting in [True] * n_lasting + [False] * n_fresh]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        self.progress(len(self._threads))
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(wait.TIMEOUT_S)
            assert not thread.is_alive(), "a client of the load hangs"

    @property
    def n_done(self):
        """Requests that were answered as they must be."""
        return self._n_done

    def progress(self, n=50, timeout_s=wait.TIMEOUT_S):
        """Waits until n more requests have been answered, or one has failed."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            aim = self._n_done + n
            while self._n_done < aim and not self.failures:
                left_s = deadline - time.monotonic()
                assert left_s > 0, f"only {self._n_done} requests, wanted {aim}"
                self._changed.wait(left_s)

    def check(self):
        """Fails when a request has failed."""
        assert not self.failures, f"{len(self.failures)} failed after {self._n_done} good ones: " \
                                  f"{self.failures}"

    def _run(self, is_lasting):
        connection = None
        while not self._stop.is_set():
            try:
                if connection is None:
                    connection = rawhttp.Connection(self.address, self.port)
                response = connection.ask(self.target, self.host)
                self._count(None if self.is_right(response) else f"wrong answer {response!r}")
                if is_lasting and (response.field("connection") or "").lower() != "close":
                    continue
            except (OSError, rawhttp.Broken) as error:
                self._count(f"{'lasting' if is_lasting else 'fresh'} connection: {error!r}")
            if connection is not None:
                connection.close()
                connection = None
        if connection is not None:
            connection.close()

    def _count(self, failure):
        with self._changed:
            if failure is None:
                self._n_done += 1
            elif len(self.failures) < FAILURES_MAX:
                self.failures.append(failure)
            else:
                self._stop.set()
            self._changed.notify_all()
