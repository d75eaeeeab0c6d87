# SPDX-License-Identifier: MIT
"""
httpcfg for real, against a running listener and, where that makes sense, against the registry alone:
command lines, messages, exit codes.  What the unit tests show of grammar and layout is not repeated.
"""

import json
import os

import pytest

RULE = "-" * 78 + "\n"
NOT_AN_ADDRESS = 10022 & 0xff  # what the kernel keeps of an exit status


@pytest.fixture(params=["running", "offline"])
def tool(request, daemon_factory):
    """A Daemon, started or not: the tool must behave alike."""
    daemon = daemon_factory()
    return daemon.start() if request.param == "running" else daemon


def check(result, status, out=None, err=None):
    assert result.returncode == status, result.stdout + result.stderr
    if out is not None:
        assert result.stdout == out, result.stderr
    if err is not None:
        assert err in result.stderr, result.stderr


def test_listen_list_of_httpcfg_exe(tool):
    done, deleted = "HttpSetServiceConfiguration", "HttpDeleteServiceConfiguration"
    check(tool.cfg("query", "iplisten"), 0, "")
    check(tool.cfg("set", "iplisten", "-i", "127.0.0.1"), 0, f"{done} completed with 0\n")
    check(tool.cfg("set", "iplisten", "/I", "127.0.0.1"), 183, f"{done} completed with 183\n")
    check(tool.cfg("SET", "IPLISTEN", "-ip", "[::1]:80"), 0)
    check(tool.cfg("query", "iplisten"), 0,
          f"IP         :127.0.0.1.\n{RULE}IP         :[::1]:80.\n{RULE}")
    check(tool.cfg("delete", "iplisten", "-i", "10.1.2.3"), 2, f"{deleted} completed with 2\n")
    check(tool.cfg("delete", "iplisten", "-i", "[::1]:80"), 0, f"{deleted} completed with 0\n")
    check(tool.cfg("delete", "iplisten", "-i", "127.0.0.1"), 0,
          err="all IPv4 and all IPv6 addresses are open again")
    check(tool.cfg("query", "iplisten"), 0, "")


@pytest.mark.parametrize("text", ["1.2.3", "127.0.0.1:0", "::1::", "localhost", ""])
def test_what_is_no_address_is_10022(tool, text):
    check(tool.cfg("set", "iplisten", "-i", text), NOT_AN_ADDRESS,
          f"{text} is not a valid IP address.\n")
    result = tool.cfg("set", "iplisten", "-i", text, "--json")
    assert json.loads(result.stdout)["code"] == 10022


def test_none_stands_alone(tool):
    tool.cfg_ok("set", "iplisten", "-i", "none")
    check(tool.cfg("set", "iplisten", "-i", "127.0.0.1"), 87)
    tool.cfg_ok("delete", "iplisten", "-i", "none")


def test_reservations_of_httpcfg_exe(tool):
    prefix, sddl = "http://localhost:8000/x/", "D:(A;;GX;;;WD)"
    check(tool.cfg("set", "urlacl", "/u", prefix, "/a", sddl), 0,
          "HttpSetServiceConfiguration completed with 0\n")
    check(tool.cfg("set", "urlacl", "-u", "http://LOCALHOST:8000/x", "-a", sddl), 183)
    check(tool.cfg("query", "urlacl", "-u", prefix), 0, f"URL : {prefix}\nACL : {sddl}\n{RULE}")
    check(tool.cfg("query", "urlacl", "-u", "http://localhost:8000/y/"), 2,
          "HttpQueryServiceConfiguration completed with 2\n")
    check(tool.cfg("set", "urlacl", "-u", "http://+:8000/y/", "-a", "user:root"), 0)
    assert "S-1-22-1-0" in tool.cfg_ok("query", "urlacl") or "BA" in tool.cfg_ok("query", "urlacl")
    check(tool.cfg("delete", "urlacl", "-u", prefix), 0,
          "HttpDeleteServiceConfiguration completed with 0\n")
    check(tool.cfg("delete", "urlacl", "-u", prefix), 2,
          "HttpDeleteServiceConfiguration completed with 2\n")


@pytest.mark.parametrize("prefix", ["http://localhost:80", "localhost:80/", "http://localhost/",
                                    "http://localhost:0/", "http://+:80/?x"])
def test_malformed_prefixes_are_87_and_say_why(tool, prefix):
    result = tool.cfg("set", "urlacl", "-u", prefix, "-a", "everyone")
    check(result, 87, "HttpSetServiceConfiguration completed with 87\n")
    assert len(result.stderr) > len("httpcfg: set failed: (error 87)")


def test_a_malformed_acl_is_87(tool):
    check(tool.cfg("set", "urlacl", "-u", "http://+:8000/", "-a", "D:(A;;GX;;;NOBODY)"), 87)
    check(tool.cfg("set", "urlacl", "-u", "http://+:8000/", "-a", "user:no-such-user"), 87)


def test_the_listen_list_of_netsh(tool):
    check(tool.cfg("add", "iplisten", "ipaddress=127.0.0.1"), 0,
          "\nIP address successfully added\n\n")
    check(tool.cfg("show", "iplisten"), 0,
          "\nIP addresses present in the IP listen list:\n"
          "-------------------------------------------\n\n    127.0.0.1\n\n")
    result = tool.cfg("add", "iplisten", "127.0.0.1")
    check(result, 1)
    assert "failed, Error: 183\nCannot create a file when that file already exists." in result.stdout
    check(tool.cfg("delete", "iplisten", "address=127.0.0.1"), 0,
          "\nIP address successfully deleted\n\n")


def test_the_reservations_of_netsh(tool):
    check(tool.cfg("add", "urlacl", "url=http://+:11316/", "user=\\Everyone"), 0,
          "\nURL reservation successfully added\n\n")
    check(tool.cfg("show", "urlacl", "url=http://+:11316/"), 0,
          "\nURL Reservations: \n----------------- \n\n"
          "    Reserved URL            : http://+:11316/ \n"
          "        User: \\Everyone\n"
          "            Listen: Yes\n"
          "            Delegate: No\n"
          "            SDDL: D:(A;;GX;;;WD) \n\n")
    check(tool.cfg("delete", "urlacl", "url=http://+:11316/"), 0,
          "\nURL reservation successfully deleted\n\n")
    check(tool.cfg("delete", "urlacl", "url=http://+:11316/"), 1,
          "\nUrl reservation delete failed, Error: 2\n"
          "The system cannot find the file specified.\n\n")


def test_a_dry_run_changes_nothing(tool):
    before = tool.cfg_ok("dump")
    check(tool.cfg("--dry-run", "set", "iplisten", "-i", "127.0.0.1"), 0, "")
    check(tool.cfg("set", "urlacl", "-u", "http://+:80/", "-a", "everyone", "--dry-run"), 0, "")
    check(tool.cfg("--dry-run", "parameter", "MaxFieldLength", "8192"), 0, "")
    assert tool.cfg_ok("dump") == before


def test_parameters(tool):
    assert tool.cfg_ok("parameter", "MaxFieldLength").startswith("MaxFieldLength = 16384 bytes")
    tool.cfg_ok("parameter", "MaxFieldLength", "8192")
    assert tool.cfg_json("parameter", "MaxFieldLength")["parameters"][0]["value"] == 8192
    check(tool.cfg("parameter", "MaxFieldLength", "1"), 87, "")
    check(tool.cfg("parameter", "NoSuchThing", "1"), 2, "")
    check(tool.cfg("parameter", "NoSuchThing"), 2, "")
    tool.cfg_ok("parameter", "MaxFieldLength", "--default")
    assert tool.cfg_json("parameter", "MaxFieldLength")["parameters"][0]["value"] == 16384


def test_history_tells_who_when_how_and_why(tool):
    tool.cfg_ok("-m", "room for the list server", "set", "iplisten", "-i", "127.0.0.1")
    newest = tool.cfg_json("history", "1")["revisions"][0]
    assert newest["uid"] == os.getuid()
    assert newest["comment"] == "room for the list server"
    assert newest["command"] == \
        "httpcfg -m 'room for the list server' set iplisten -i 127.0.0.1"
    page = tool.cfg_ok("history", "-r", str(newest["revision"]))
    assert "ListenOnlyList" in page and "127.0.0.1" in page
    assert page == tool.cfg_ok("show", "revision", str(newest["revision"]))


def test_rollback_is_a_revision_itself(tool):
    tool.cfg_ok("set", "iplisten", "-i", "127.0.0.1")
    first = tool.cfg_json("history", "1")["revisions"][0]["revision"]
    dump = tool.cfg_ok("dump")
    tool.cfg_ok("set", "iplisten", "-i", "127.0.0.2")
    tool.cfg_ok("parameter", "MaxFieldLength", "8192")
    tool.cfg_ok("rollback", str(first))
    assert tool.cfg_ok("dump") == dump
    assert tool.cfg_json("history", "1")["revisions"][0]["revision"] == first + 3
    check(tool.cfg("rollback", "999999"), 2, "")


def test_dump_and_restore_are_inverse(tool, tmp_path):
    tool.cfg_ok("set", "iplisten", "-i", "127.0.0.1")
    tool.cfg_ok("set", "iplisten", "-i", "[::1]:8080")
    tool.cfg_ok("set", "urlacl", "-u", "http://*:8080/o'brien/", "-a", "D:(A;;GX;;;WD)(D;;GX;;;BA)")
    tool.cfg_ok("parameter", "MaxFieldLength", "8192")
    script, document = tool.cfg_ok("dump"), tool.cfg_ok("dump", "--json")
    for text, name in ((script, "script"), (document, "document")):
        tool.cfg_ok("delete", "iplisten", "-i", "127.0.0.1")
        tool.cfg_ok("parameter", "MaxFieldLength", "--default")
        path = tmp_path / name
        path.write_text(text)
        tool.cfg_ok("restore", str(path))
        assert tool.cfg_ok("dump") == script
    assert tool.cfg("restore", "-", stdin=script).returncode == 0


def test_a_restore_that_is_wrong_changes_nothing(tool):
    tool.cfg_ok("set", "iplisten", "-i", "127.0.0.1")
    before = tool.cfg_ok("dump")
    for script in ("httpcfg set iplisten -i ::1\nhttpcfg frob\n",
                   "httpcfg set iplisten -i ::1\nhttpcfg set iplisten -i 1.2.3\n",
                   "httpcfg set iplisten -i ::1\nhttpcfg parameter NoSuchThing 1\n",
                   "httpcfg set urlacl -u http://localhost:80 -a everyone\n"):
        result = tool.cfg("restore", "-", stdin=script)
        assert result.returncode != 0 and result.stderr != "", script
        assert tool.cfg_ok("dump") == before, script


def test_what_has_no_counterpart_says_so(tool):
    check(tool.cfg("query", "ssl"), 50, "HttpQueryServiceConfiguration completed with 50\n", "TLS")
    check(tool.cfg("show", "timeout"), 1, err="IdleConnectionTimeout")


def test_unprivileged_users_may_ask_and_not_change(daemon):
    if os.geteuid() != 0:
        pytest.skip("needs root to be somebody else")
    check(daemon.cfg("status", user="nobody"), 0)
    check(daemon.cfg("query", "urlacl", user="nobody"), 0)
    check(daemon.cfg("set", "iplisten", "-i", "127.0.0.1", user="nobody"), 5,
          "HttpSetServiceConfiguration completed with 5\n")
    check(daemon.cfg("add", "urlacl", "url=http://+:8000/", "user=nobody", user="nobody"), 1)
    check(daemon.cfg("parameter", "MaxFieldLength", "8192", user="nobody"), 5)
    check(daemon.cfg("rollback", "1", user="nobody"), 5)


def test_status_without_a_listener(daemon_factory):
    page = daemon_factory().cfg_ok("status")
    assert page.startswith("Listener: not running (working on the registry directly)")


def test_offline_changes_are_there_after_the_start(daemon_factory):
    daemon = daemon_factory()
    check(daemon.cfg("set", "iplisten", "-i", "127.0.0.1"), 0, err="takes effect when it starts")
    daemon.start()
    assert [e["entry"] for e in daemon.status()["listen_list"]] == ["127.0.0.1"]


def test_status_shows_endpoints_prefixes_queues_and_processes(daemon, app, free_port):
    port = free_port()
    hello = app("hello", f"http://localhost:{port}/a/")
    page = daemon.cfg_ok("status")
    assert f"http://localhost:{port}/a/" in page and "served" in page
    status = daemon.status()
    assert f"127.0.0.1:{port}" in str(status["endpoints"]) or \
        f"0.0.0.0:{port}" in str(status["endpoints"])
    prefix, = status["engine"]["prefixes"]
    assert prefix["pid"] == hello.pid and prefix["state"] == "served"
    assert status["engine"]["sessions"][0]["pid"] == hello.pid


def test_the_service_state_of_netsh(daemon, app, free_port):
    port = free_port()
    hello = app("hello", f"http://localhost:{port}/a/")
    for view in ("session", "requestq"):
        page = daemon.cfg_ok("show", "servicestate", f"view={view}")
        assert f"HTTP://LOCALHOST:{port}/A/" in page
        assert "Number of registered URLs: 1" in page
        assert f"\n            {hello.pid}\n" in page or f"\n        {hello.pid}\n" in page
    assert "Properties:" not in daemon.cfg_ok("show", "servicestate", "verbose=no")


def test_explain_names_the_entry_or_who_is_in_the_way(daemon, app, foreign, free_port):
    port = free_port()
    hello = app("hello", f"http://localhost:{port}/a/")
    document = daemon.cfg_json("explain", f"http://localhost:{port}/a/b", "--to", "127.0.0.1")
    assert document["destinations"][0]["is_reached"]
    assert document["engine"]["outcome"] == "delivered"
    assert document["engine"]["entry"]["pid"] == hello.pid
    page = daemon.cfg_ok("explain", f"http://localhost:{port}/a/b")
    assert "is delivered" in page and f"pid {hello.pid}" in page

    page = daemon.cfg_ok("explain", f"http://localhost:{port}/other/")
    assert "refused with status" in page

    neighbour_port = free_port()
    neighbour = foreign("127.0.0.1", neighbour_port)
    page = daemon.cfg_ok("explain", f"http://127.0.0.1:{neighbour_port}/")
    assert f"pid {neighbour.pid}" in page and "instead" in page


def test_whohas_names_processes(daemon, app, foreign, free_port):
    port, neighbour_port = free_port(), free_port()
    app("hello", f"http://localhost:{port}/a/")
    neighbour = foreign("127.0.0.1", neighbour_port)
    assert "(this listener)" in daemon.cfg_ok("whohas", str(port))
    assert str(neighbour.pid) in daemon.cfg_ok("whohas", f"127.0.0.1:{neighbour_port}")
    assert daemon.cfg_json("whohas", str(neighbour_port))["holders"][0]["pid"] == neighbour.pid
    free = free_port()
    assert daemon.cfg_ok("whohas", str(free)) == f"nobody holds {free}\n"


def test_a_change_of_the_list_says_who_gains_and_loses(daemon, app, free_port):
    port = free_port()
    prefix = f"http://127.0.0.3:{port}/"
    app("hello", prefix)
    result = daemon.cfg("--dry-run", "set", "iplisten", "-i", "127.0.0.1")
    check(result, 0, "")
    assert f"{prefix} (hello, pid " in result.stderr and "unreachable, was served" in result.stderr
    result = daemon.cfg("set", "iplisten", "-i", "127.0.0.1")
    check(result, 0, err="unreachable, was served")
    result = daemon.cfg("set", "iplisten", "-i", "127.0.0.3")
    check(result, 0, err="served, was unreachable")
