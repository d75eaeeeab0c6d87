# SPDX-License-Identifier: MIT
"""
Who may register, reserve, delegate and open what: programs of unprivileged users against a listener
of root's.  Every refusal must say what to type, and what it says must work.
"""

import grp
import os
import pwd
import re
import shlex

import pytest

from helpers import rawhttp, wait
from helpers.counters import Counters
from helpers.process import Process, program

ADDRESS = "127.0.0.1"
ALICE, BOB = "nobody", "list"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to start programs of others")


def uid_of(user):
    return pwd.getpwnam(user).pw_uid


def prefixes(daemon):
    return {row["prefix"]: row for row in daemon.status()["engine"]["prefixes"]}


@pytest.fixture
def refused(daemon):
    """A function: an example that must not get what it wants; returns what it says."""
    def run(user, *words, example="echo"):
        process = Process([program(f"examples/{example}"), *words], env=daemon.env, user=user)
        try:
            assert process.wait() == 1, "it was let in"
        finally:
            process.kill()
        return process.err.text()
    return run


# ---- the rule without a reservation ----

@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "[::1]"])
def test_everybody_may_register_loopback_names_on_high_ports(app, free_port, host):
    prefix = f"http://{host}:{free_port()}/"
    assert app("echo", prefix, user=ALICE).states[prefix].startswith("served")


@pytest.mark.parametrize("prefix", [
    "http://+:80/", "http://*:80/", "http://localhost:80/", "http://127.0.0.1:1023/", "http://+:8080/",
    "http://*:8080/", "http://example.com:8080/", "http://192.0.2.1:8080/", "http://[2001:db8::1]:8080/"])
def test_anything_else_is_roots(daemon, refused, prefix):
    counters = Counters(daemon)
    said = refused(ALICE, prefix)
    assert f"no reservation covers {prefix}" in said and "only root" in said
    assert prefixes(daemon) == {} and daemon.status()["endpoints"] == [], "nothing is bound for it"
    assert counters.grown("lanes_broken") == 0


def test_the_repair_that_is_printed_repairs(daemon, app, refused):
    """The exact command, as root, and the same program starts."""
    said = refused(ALICE, "http://+:80/")
    command = re.search(r"^as root: (httpcfg .*)$", said, re.MULTILINE).group(1)
    daemon.cfg_ok(*shlex.split(command)[1:])
    assert app("echo", "http://+:80/", user=ALICE).states["http://+:80/"].startswith("served")
    assert rawhttp.ask(ADDRESS, 80).status == 200
    assert f"user:{ALICE}" in daemon.cfg_ok("dump") or str(uid_of(ALICE)) in daemon.cfg_ok("dump")
    assert prefixes(daemon)["http://+:80/"]["uid"] == uid_of(ALICE)


def test_refusal_by_the_smallest_program_is_no_registration(daemon, refused):
    assert "only root" in refused(ALICE, "http://+:80/", example="hello")


# ---- reservations ----

def test_reservation_for_a_user(daemon, app, refused):
    daemon.cfg_ok("set", "urlacl", "-u", "http://+:8080/alice/", "-a", f"user:{ALICE}")
    app("echo", "http://+:8080/alice/", user=ALICE)
    app("echo", "http://+:8080/alice/deeper/down/", user=ALICE)
    assert f"user:{ALICE}" in refused(BOB, "http://+:8080/alice/x/") or \
        "reserved" in refused(BOB, "http://+:8080/alice/x/")
    refused(ALICE, "http://+:8080/")
    refused(ALICE, "http://+:8080/alicia/")
    refused(ALICE, "http://*:8080/alice/")
    assert len(prefixes(daemon)) == 2


def test_reservation_for_a_group(daemon, app, refused):
    group = grp.getgrgid(pwd.getpwnam(BOB).pw_gid).gr_name
    daemon.cfg_ok("set", "urlacl", "-u", "http://+:8080/", "-a", f"group:{group}")
    app("echo", "http://+:8080/", user=BOB)
    assert "reserved" in refused(ALICE, "http://+:8080/other/")


def test_reservation_for_everyone_in_sddl(daemon, app):
    daemon.cfg_ok("set", "urlacl", "-u", "http://+:8080/", "-a", "D:(A;;GX;;;WD)")
    app("echo", "http://+:8080/a/", user=ALICE)
    app("echo", "http://+:8080/b/", user=BOB)
    assert {row["uid"] for row in prefixes(daemon).values()} == {uid_of(ALICE), uid_of(BOB)}


def test_reservation_takes_loopback_names_from_the_others(daemon, app, refused):
    """A reservation below the free rule: what it covers is its user's alone."""
    daemon.cfg_ok("set", "urlacl", "-u", "http://localhost:8080/", "-a", f"user:{ALICE}")
    app("echo", "http://localhost:8080/", user=ALICE)
    refused(BOB, "http://localhost:8080/bob/")


def test_longest_reservation_decides(daemon, app, refused):
    daemon.cfg_ok("set", "urlacl", "-u", "http://+:8080/", "-a", "everyone")
    daemon.cfg_ok("set", "urlacl", "-u", "http://+:8080/private/", "-a", f"user:{BOB}")
    refused(ALICE, "http://+:8080/private/")
    refused(ALICE, "http://+:8080/private/deeper/")
    app("echo", "http://+:8080/private/", user=BOB)
    app("echo", "http://+:8080/open/", user=ALICE)


def test_reservation_that_is_deleted_is_no_right_any_more(daemon, app, refused):
    daemon.cfg_ok("set", "urlacl", "-u", "http://+:8080/", "-a", "everyone")
    running = app("echo", "http://+:8080/a/", user=ALICE)
    daemon.cfg_ok("delete", "urlacl", "-u", "http://+:8080/")
    refused(ALICE, "http://+:8080/b/")
    assert rawhttp.ask(ADDRESS, 8080, "/a/").status == 200, "what is registered stays"
    running.stop()
    refused(ALICE, "http://+:8080/a/")


# ---- who may change the configuration ----

def test_changes_are_roots_and_questions_everybodys(daemon):
    revision = daemon.status()["revision"]
    for words in (("set", "iplisten", "-i", "127.0.0.1"), ("set", "urlacl", "-u", "http://+:80/", "-a",
                  "everyone"), ("parameter", "MaxFieldLength", "100"), ("rollback", "1")):
        result = daemon.cfg(*words, user=ALICE)
        assert result.returncode == 5, (words, result.stdout, result.stderr)
        assert "try: " in result.stderr, words
    for words in (("query", "iplisten"), ("query", "urlacl"), ("status",), ("history",), ("parameter",),
                  ("explain", "http://localhost/"), ("whohas", "80"), ("dump",)):
        assert daemon.cfg(*words, user=ALICE).returncode == 0, words
    assert daemon.status()["revision"] == revision


def test_delegation(daemon, app, refused):
    daemon.cfg_ok("set", "urlacl", "-u", "http://+:8080/team/", "-a", f"user:{ALICE}=listen,delegate")
    below = ("set", "urlacl", "-u", "http://+:8080/team/bob/", "-a", f"user:{BOB}")
    assert daemon.cfg(*below, user=BOB).returncode == 5
    assert daemon.cfg(*below, user=ALICE).returncode == 0
    app("echo", "http://+:8080/team/bob/", user=BOB)
    assert daemon.cfg("delete", "urlacl", "-u", "http://+:8080/team/", user=ALICE).returncode == 5
    assert daemon.cfg("set", "urlacl", "-u", "http://+:8080/else/", "-a", "everyone",
                      user=ALICE).returncode == 5
    assert daemon.cfg("delete", "urlacl", "-u", "http://+:8080/team/bob/", user=ALICE).returncode == 0
    refused(BOB, "http://+:8080/team/bob/x/")
    authors = {row["user"] for row in daemon.cfg_json("history")["revisions"]}
    assert {"root", ALICE} <= authors


@pytest.mark.parametrize("words, code", [
    (("set", "urlacl", "-u", "http://+:8080/", "-a", "everyone"), 183),
    (("set", "urlacl", "-u", "http://+:8080/A/../", "-a", "everyone"), 87),
    (("set", "urlacl", "-u", "http://+:8080/", "-a", "user:nobody-of-this-name"), 87),
    (("set", "urlacl", "-u", "https://+:8080/", "-a", "everyone"), 183),
    (("set", "urlacl", "-u", "http://+:8080", "-a", "everyone"), 87),
    (("set", "urlacl", "-u", "http://+:8080/x/", "-a", "D:(A;;GX;;;"), 87),
    (("delete", "urlacl", "-u", "http://+:8081/"), 2),
])
def test_codes_of_conflicts(daemon, words, code):
    daemon.cfg_ok("set", "urlacl", "-u", "http://+:8080/", "-a", "everyone")
    revision = daemon.status()["revision"]
    result = daemon.cfg(*words)
    assert result.returncode == code, result.stdout + result.stderr
    assert daemon.status()["revision"] == revision, "nothing was changed"


# ---- registrations of others ----

def test_prefix_of_another_is_taken_and_its_owner_named(daemon, app, refused, free_port):
    prefix = f"http://localhost:{free_port()}/"
    owner = app("echo", prefix, user=BOB)
    said = refused(ALICE, prefix)
    assert f"pid {owner.pid}" in said and f"uid {uid_of(BOB)}" in said
    assert "registered by" in refused(ALICE, prefix.replace("localhost", "LocalHost").rstrip("/") + "/")
    assert list(prefixes(daemon)) == [prefix]


def test_prefix_is_free_when_its_program_ends(daemon, app, free_port):
    prefix = f"http://localhost:{free_port()}/"
    for user, how in ((ALICE, "stop"), (BOB, "kill"), (ALICE, "stop")):
        program_of_user = app("echo", prefix, user=user)
        assert prefixes(daemon)[prefix]["uid"] == uid_of(user)
        getattr(program_of_user, how)()
        wait.until(lambda: prefixes(daemon) == {}, "the prefix to be free")
    wait.until(lambda: daemon.status()["endpoints"] == [], "the port to be closed")


def test_http_and_https_on_one_port_do_not_go_together(app, refused, free_port):
    port = free_port()
    app("echo", f"http://localhost:{port}/", user=ALICE)
    assert str(port) in refused(ALICE, f"https://localhost:{port}/")


@pytest.mark.parametrize("prefix", [
    "http://localhost/", "localhost:8080", "ftp://localhost:8080/", "http://localhost:8080/a?b",
    "http://localhost:0/", "http://localhost:65536/", "http://:8080/", "http://+:8080", ""])
def test_malformed_prefix_is_explained(refused, prefix):
    said = refused(ALICE, prefix)
    assert len(said) > len(prefix) + 20, said


# ---- queues ----

def test_queue_is_its_users_own(app, refused, free_port):
    app("async", f"http://localhost:{free_port()}/", user=ALICE, options=["--queue", "alice-work"])
    assert "access list" in refused(BOB, "--open", "alice-work", example="async")
    assert "no queue" in refused(BOB, "--open", "other-work", example="async")


def test_queue_opens_to_whom_its_list_names(daemon, app, refused, free_port):
    port = free_port()
    app("async", f"http://localhost:{port}/", user=ALICE,
        options=["--queue", "shared-work", "--acl", f"user:{uid_of(BOB)}"])
    second = Process([program("examples/async"), "--open", "shared-work"], env=daemon.env, user=BOB)
    try:
        second.out.expect("^opened shared-work$")
        receivers = [q["receivers"] for q in daemon.status()["engine"]["queues"]
                     if q["name"] == "shared-work"][0]
        assert {r["uid"] for r in receivers} == {uid_of(ALICE), uid_of(BOB)}
        assert "access list" in refused("daemon", "--open", "shared-work", example="async")
    finally:
        second.kill()


def test_name_of_a_queue_is_taken(app, refused, free_port):
    app("async", f"http://localhost:{free_port()}/", user=ALICE, options=["--queue", "work"])
    assert "exists" in refused(BOB, "--queue", "work", f"http://localhost:{free_port()}/", example="async")


# ---- quotas ----

def test_quotas_are_per_user_and_named(daemon, app, refused, free_port):
    ports = [free_port() for _ in range(4)]
    daemon.cfg_ok("parameter", "MaxPrefixesPerUser", "1")
    first = app("echo", f"http://localhost:{ports[0]}/", user=ALICE)
    assert "MaxPrefixesPerUser" in refused(ALICE, f"http://localhost:{ports[1]}/")
    app("echo", f"http://localhost:{ports[2]}/", user=BOB)
    first.stop()
    wait.until(lambda: len(prefixes(daemon)) == 1, "the quota to be given back")
    app("echo", f"http://localhost:{ports[3]}/", user=ALICE)


# Without a session there is no place for a text of one's own: the code's must do.
@pytest.mark.parametrize("name, said", [
    ("MaxSessionsPerUser", "Not enough quota")] + [(name, name) for name in (
        "MaxUrlGroupsPerUser", "MaxQueuesPerUser", "MaxReceiversPerUser")])
def test_each_quota_refuses_by_name(daemon, app, refused, free_port, name, said):
    daemon.cfg_ok("parameter", name, "1")
    app("echo", f"http://localhost:{free_port()}/", user=ALICE)
    assert said in refused(ALICE, f"http://localhost:{free_port()}/")
    app("echo", f"http://localhost:{free_port()}/", user=BOB)
