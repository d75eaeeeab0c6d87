#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Every function that another file can call has a comment right before its prototype, or before the
group of prototypes it stands in, that names it and says what it does and, if it can fail, what it
returns; and every public function has its place in a manual page of section 3, whose synopsis names
no others.
"""

import re

from lintlib import c_code, line_of, main

DESCRIPTION_CHARS_MIN = 4
PROTOTYPE = re.compile(r"""
    ^(?!static\b|typedef\b|return\b|else\b|extern[ ]"C")
    (?P<type>[A-Za-z_][\w ]*[ *]+) (?P<name>[a-z_]\w*) \(
""", re.M | re.X)
PUBLIC_NAME = re.compile(r"^httpsys_\w+$")
SYNOPSIS = re.compile(r"^\.Sh SYNOPSIS$(.*?)^\.Sh ", re.M | re.S)
MAN_FUNCTION = re.compile(r"^\.F[no] (?:\"[^\"]*\"|(\w+))", re.M)


def comment_before(text, offset):
    """The comment that ends on the line before the group of prototypes at offset, or None."""
    lines = text[:offset].split("\n")[:-1]
    while lines and lines[-1].rstrip() and not lines[-1].rstrip().endswith("*/"):
        lines.pop()
    before = "\n".join(lines).rstrip(" \t")
    return before[before.rindex("/*"):] if before.endswith("*/") else None


def prototypes(text):
    code = c_code(text)
    for match in PROTOTYPE.finditer(code):
        # Inside a body or a struct lines are indented; a macro's continuation is no prototype.
        if not code[:match.start()].endswith("\\\n"):
            yield match


def can_fail(text, match):
    declaration = text[match.start():text.find(";", match.start())]
    is_int = match.group("type").split()[-1] == "int"
    return is_int and ("HTTPSYS_API" in declaration or "must_check_" in declaration)


def stands_alone(text, match):
    """True for a prototype that shares its comment with no other."""
    follows_comment = re.search(r"\*/[ \t]*\n$", text[:match.start()]) is not None
    after = text[text.find(";", match.start()) + 1:]
    return follows_comment and not PROTOTYPE.match(after.removeprefix("\n"))


def section_before(text, offset):
    """What the last comment before offset that stands alone says: it may speak for its section."""
    sections = re.findall(r"/\*(?:(?!\*/).)*\*/\n(?=\n)", text[:offset], re.S)
    return sections[-1] if sections else ""


def check_prototype(text, match, is_alone):
    """In a group none needs its name: `a_open() / _close() - ...`, `the handlers: ...`."""
    name, comment = match.group("name"), comment_before(text, match.start())
    if comment is None:
        return f"{name}() has no comment"
    words = re.sub(r"[\s/*]+", " ", comment).strip()
    if is_alone and f"{name}()" not in words:
        return f"{name}() is not named by the comment before it"
    if len(re.sub(r"\w+\(\)|[\W_]", "", words)) < DESCRIPTION_CHARS_MIN:
        return f"{name}() has a stub of a comment"
    said = words + section_before(text, match.start())
    if can_fail(text, match) and not re.search(r"\b[Rr]eturns?\b|\bCodes:", said):
        return f"{name}() does not say what it returns"
    return None


def check_headers(tree):
    for path in tree.find("src/*.h", "include/*.h"):
        text = tree.read(path)
        for match in prototypes(text):
            is_alone = stands_alone(text, match)
            problem = check_prototype(text, match, is_alone)
            if problem is not None:
                yield f"{path}:{line_of(text, match.start())}: {problem}"


def check_manual(tree):
    public = {match.group("name"): path for path in tree.find("include/*.h")
              for match in prototypes(tree.read(path)) if PUBLIC_NAME.match(match.group("name"))}
    described = {}
    for path in tree.find("man/*.3"):
        for synopsis in SYNOPSIS.findall(tree.read(path)):
            described.update((name, path) for name in MAN_FUNCTION.findall(synopsis) if name)
    for name in sorted(set(public) - set(described)):
        yield f"{public[name]}:1: {name}() is in no manual page of section 3"
    for name in sorted(set(described) - set(public)):
        yield f"{described[name]}:1: {name}() is in no public header"


def check(tree):
    yield from check_headers(tree)
    yield from check_manual(tree)


GOOD = "/* queue_push() - puts one @request at the end.  Return: 0; -errno */\n"
CASES = [
    ("a commented prototype is fine", {"src/a/queue.h": GOOD + "int queue_push(int x);\n"}, []),
    ("no comment fails", {"src/a/queue.h": "\nint queue_push(int x);\n"}, ["h:2: queue_push() has"]),
    ("a blank line cuts the comment off",
     {"src/a/queue.h": GOOD + "\nint queue_push(int x);\n"}, ["has no comment"]),
    ("a stub fails", {"src/a/queue.h": "/* queue_push() */\nint queue_push(int x);\n"}, ["stub"]),
    ("one comment may serve a group",
     {"src/a/queue.h": "/* queue_lock() / _unlock() - around every use */\n"
                       "void queue_lock(struct queue *queue,\n\t\tint x);\n"
                       "void queue_unlock(struct queue *queue);\n"}, []),
    ("another function's comment fails",
     {"src/a/queue.h": GOOD + "struct queue *queue_new(void);\n"}, ["not named"]),
    ("a function that can fail needs a word about it",
     {"src/a/queue.h": "/* queue_open() - lets requests in */\n"
                       "int queue_open(void) must_check_;\n"},
     ["does not say what it returns"]),
    ("a section may say it for all",
     {"src/a/queue.h": "/* Each returns 0 or -errno. */\n\n/* queue_open() - lets requests in */\n"
                       "int queue_open(void) must_check_;\n"}, []),
    ("void needs none",
     {"src/a/queue.h": "/* queue_close() - refuses everything from now on */\n"
                       "void queue_close(void);\n"}, []),
    ("static inline functions and indented lines are left alone",
     {"src/a/queue.h": "static inline int f(void)\n{\n\treturn g(1);\n}\n"}, []),
    ("a public function needs a manual page",
     {"include/h.h": GOOD.replace("queue", "httpsys_queue") + "int httpsys_queue_push(int x);\n"},
     ["httpsys_queue_push() is in no manual page"]),
    ("and a synopsis a public function",
     {"man/a.3": ".Sh SYNOPSIS\n.Ft int\n.Fn httpsys_gone \"int x\"\n.Sh DESCRIPTION\n"},
     ["httpsys_gone() is in no public header"]),
]

if __name__ == "__main__":
    main(check, CASES)
