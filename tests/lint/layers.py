#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Includes never point backwards: each folder may include only the layers its row names, and the
engine's stages, which follow the life of a request, only later stages.
"""

import os
import re

from lintlib import c_code, line_of, main

# `include` is the public headers.  A folder may always include its own headers.
LAYERS = {
    "include": {"include"},
    "src/base": set(),
    "src/event": {"base"},
    "src/wire": {"base", "event"},
    "src/ring": {"base", "event"},
    "src/registry": {"base", "event"},
    "src/urlspace": {"base"},
    "src/http": {"base"},
    "src/steer": {"base"},
    "src/master": {"base", "event", "wire", "registry", "urlspace", "steer"},
    "src/engine": {"base", "event", "wire", "ring", "urlspace", "http"},
    "src/httpsysd": {"base", "event", "master", "engine"},
    "src/lib": {"base", "event", "wire", "ring", "include"},
    "src/httpcfg": {"base", "include"},
    "examples": {"include"},
}
# Tests, fuzzers and benchmarks stand above all layers.
FREE = ("tests/", "fuzz/", "bench/")
STAGES = ["listener", "tls", "conn", "request", "route", "cache", "queue", "receiver", "reply",
          "accesslog"]
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)


def folder_of(path):
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] == "src" else parts[0]


def layer_of(tree, bracket, target):
    """The layer an include names; None for a header of the system."""
    if tree.has("include/" + target):
        return "include"
    return target.split("/")[0] if bracket == '"' else None


def stage_of(path):
    name = os.path.splitext(os.path.basename(path))[0]
    return STAGES.index(name) if name in STAGES else None


def goes_back(path, target):
    if folder_of(path) != "src/engine" or not target.startswith("engine/"):
        return False
    here, there = stage_of(path), stage_of(target)
    return here is not None and there is not None and there < here


def check(tree):
    for path in tree.c_files():
        folder = folder_of(path)
        if path.startswith(FREE):
            continue
        if folder not in LAYERS:
            yield f"{path}:1: {folder} is not in the table of layers"
            continue
        own = folder.split("/")[-1]
        text = tree.read(path)
        code = c_code(text)
        for match in INCLUDE.finditer(text):
            if "#" not in code[match.start():match.end()]:
                continue  # inside a comment
            where = f"{path}:{line_of(text, match.start(2))}"
            bracket, target = match.groups()
            layer = layer_of(tree, bracket, target)
            if layer is None:
                continue
            if ".." in target.split("/") or layer == target and layer != "include":
                yield f"{where}: write the full path from src/: {target}"
            elif layer != own and layer not in LAYERS[folder]:
                yield f"{where}: {folder} must not include {target}"
            elif goes_back(path, target):
                yield f"{where}: a stage includes later stages only: {target}"


CASES = [
    ("a layer may include what its row names",
     {"src/event/loop.c": '#include "event/loop.h"\n#include <poll.h>\n#include "base/list.h"\n'},
     []),
    ("a lower layer must not include a higher one",
     {"src/base/list.c": '#include "event/loop.h"\n'}, ["list.c:1: src/base must not include"]),
    ("a program must not look into the daemon",
     {"src/httpcfg/main.c": '\n#include "engine/conn.h"\n'}, ["main.c:2: src/httpcfg must not"]),
    ("an example sees public headers only",
     {"include/httpsys.h": "", "examples/a.c": '#include <httpsys.h>\n#include "base/buf.h"\n'},
     ["a.c:2: examples must not include base/buf.h"]),
    ("base knows no public header",
     {"include/httpsys.h": "", "src/base/a.c": "#include <httpsys.h>\n"}, ["must not include"]),
    ("a stage must not include an earlier stage",
     {"src/engine/queue.c": '#include "engine/conn.h"\n'}, ["later stages only"]),
    ("a stage may include a later stage",
     {"src/engine/conn.c": '#include "engine/request.h"\n'}, []),
    ("paths start at src/",
     {"src/base/a.c": '#include "list.h"\n#include "../base/list.h"\n'},
     ["full path", "full path"]),
    ("a new folder needs a row", {"src/novel/a.c": ""}, ["not in the table"]),
    ("an include in a comment is none",
     {"src/base/a.c": '/*\n#include "event/loop.h"\n*/\n'}, []),
]

if __name__ == "__main__":
    main(check, CASES)
