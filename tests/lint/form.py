#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
How a C file begins: the licence, `#pragma once` in headers (public ones have guards instead), a comment that explains the model, then
the includes in three sorted blocks: a file's own header, the system's, ours.
"""

import os
import re

from lintlib import main

SPDX = "/* SPDX-License-Identifier: MIT */"
INCLUDE = re.compile(r'^#include ([<"][^>"]+[>"])$')
# cmocka.h uses what other headers declare, so it follows them instead of the alphabet.
LAST_OF_SYSTEM = "<cmocka.h>"


def blocks_of(lines):
    """The blocks of consecutive includes before the first code, as [(line number, name)]."""
    blocks, block, depth = [], [], 0
    for number, line in enumerate(lines, 1):
        if re.match(r"#if", line):
            depth += 1
        elif re.match(r"#endif", line):
            depth -= 1
        match = INCLUDE.match(line)
        if match and depth == 0:
            block.append((number, match.group(1)))
        elif block:
            blocks.append(block)
            block = []
        if re.match(r"[a-zA-Z_].*[;{(]", line):
            break
    if block:
        blocks.append(block)
    return blocks


def own_headers(path):
    """
    What a file may call its own: its namesake, or that of the module it is a part of (route_find.c:
    route.h, test_route.c: route.h).
    """
    folder, stem = os.path.split(re.sub(r"^(src|tests/unit)/", "", path.removesuffix(".c")))
    words = stem.removeprefix("test_").split("_")
    return [f'"{folder}/{"_".join(words[:n])}.h"' for n in range(len(words), 0, -1)]


def own_header(tree, path, names):
    """The own header: the namesake if there is one, else whichever of its module comes first."""
    if path.endswith(".h"):
        return None
    own = own_headers(path)
    if path.startswith("tests/"):
        # What tests share stands beside them and may be included by its bare name.
        own.append(f'"{os.path.basename(path).removesuffix(".c")}.h"')
    has_namesake = tree.has(re.sub(r"\.c$", ".h", path))
    if names and names[0] in own and not (has_namesake and path.startswith("src/")):
        return names[0]
    return own[0] if has_namesake else None


def kind_of(name, own):
    return 0 if name == own else 1 if name[0] == "<" else 2


def check_includes(tree, path, lines):
    blocks = blocks_of(lines)
    own = own_header(tree, path, [name for block in blocks[:1] for _, name in block])
    last_kind = -1
    for block in blocks:
        names = [name for _, name in block if name != LAST_OF_SYSTEM]
        kinds = {kind_of(name, own) for name in names} or {1}
        number = block[0][0]
        if len(kinds) > 1:
            yield number, "one block for the own header, one for the system, one for ours"
        elif min(kinds) < last_kind or min(kinds) == last_kind != 1:
            yield number, "blocks in the order own header, system, ours"
        elif names != sorted(names):
            wrong = next(a for a, b in zip(names, sorted(names)) if a != b)
            yield number, f"includes are sorted: {wrong}"
        last_kind = max(kinds)
    if own is not None and own not in (name for block in blocks[:1] for _, name in block):
        yield 1, f"its own header comes first: {own}"


def top_of(path):
    if path.startswith("include/"):
        guard = re.sub(r"\W", "_", os.path.basename(path)).upper()
        return [SPDX, f"#ifndef {guard}", f"#define {guard}"]
    return ["#pragma once", SPDX] if path.endswith(".h") else [SPDX]


def check_top(path, lines):
    expected = top_of(path)
    for number, line in enumerate(expected):
        if lines[number:number + 1] != [line]:
            yield number + 1, f"expected {line}"
            return
    rest = [line for line in lines[len(expected):] if line.strip()]
    if not rest or not rest[0].startswith("/*"):
        yield len(expected) + 1, "no comment that explains what the file is"


def check(tree):
    for path in tree.c_files():
        lines = tree.read(path).split("\n")
        for number, message in [*check_top(path, lines), *check_includes(tree, path, lines)]:
            yield f"{path}:{number}: {message}"


TOP = SPDX + "\n\n/* What this is. */\n\n"
CASES = [
    ("three sorted blocks",
     {"src/base/a.h": "#pragma once\n" + TOP,
      "src/base/a.c": TOP + '#include "base/a.h"\n\n#include <errno.h>\n#include <poll.h>\n\n'
                            '#include "base/b.h"\n#include "base/c.h"\n'}, []),
    ("unsorted", {"src/base/a.c": TOP + "#include <poll.h>\n#include <errno.h>\n"}, ["sorted"]),
    ("mixed block", {"src/base/a.c": TOP + '#include <poll.h>\n#include "base/b.h"\n'},
     ["a.c:5: one block"]),
    ("ours before the system's",
     {"src/base/a.c": TOP + '#include "base/b.h"\n\n#include <poll.h>\n'}, ["in the order"]),
    ("own header not first",
     {"src/base/a.h": "#pragma once\n" + TOP,
      "src/base/a.c": TOP + '#include <poll.h>\n\n#include "base/a.h"\n'},
     ["in the order", "own header comes first"]),
    ("a part of a module starts with the module's header",
     {"src/base/map_find.c": TOP + '#include "base/map.h"\n\n#include <poll.h>\n',
      "tests/unit/base/test_map.c": TOP + '#include "base/map.h"\n\n#include <poll.h>\n'}, []),
    ("what tests share may be included by its bare name",
     {"tests/unit/base/harness.h": "#pragma once\n" + TOP,
      "tests/unit/base/harness.c": TOP + '#include "harness.h"\n\n#include <poll.h>\n'}, []),
    ("cmocka follows what it needs",
     {"tests/unit/test_a.c": TOP + "#include <setjmp.h>\n#include <stdarg.h>\n"
                                   "#include <cmocka.h>\n"}, []),
    ("no licence", {"src/base/a.c": "/* What this is. */\n"}, ["expected /* SPDX"]),
    ("a public header has guards",
     {"include/a.h": SPDX + "\n#ifndef A_H\n#define A_H\n\n/* What. */\n"}, []),
    ("no pragma", {"src/base/a.h": TOP}, ["expected #pragma once"]),
    ("no explanation", {"src/base/a.c": SPDX + "\n\nint x;\n"}, ["no comment that explains"]),
]

if __name__ == "__main__":
    main(check, CASES)
