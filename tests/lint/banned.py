#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Calls and constructs that are not used: unbounded string functions, the locale's idea of a letter on
protocol text, time and memory behind the back of base/clock.c and base/mem.c, assignments inside
conditions, ternaries inside ternaries, and bodies without braces.
"""

import re

from lintlib import c_code, closing, line_of, main

EVERYWHERE = """
    strcpy strcat stpcpy sprintf vsprintf strtok strtok_r atoi atol atoll atof gets alloca system
    popen tmpnam mktemp tempnam setjmp longjmp
""".split()
# Names banned in src/ only, and the one file that may use them.
IN_SRC = {
    "src/base/mem.c": "malloc calloc realloc reallocarray free strdup strndup".split(),
    "src/base/clock.c": "time gettimeofday clock_gettime ftime".split(),
    "": """isalpha isdigit isalnum isspace isupper islower isxdigit ispunct isprint iscntrl isgraph
           toupper tolower strcasecmp strncasecmp""".split(),
}
CALL = re.compile(r"(?<![\w.>])([a-z_]\w*)\s*\(")
DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.M)
BODY = re.compile(r"\b(?:if|while|for)\s*\(|\belse\b")
CONDITION = re.compile(r"\b(?:if|while|switch)\s*\(")
ASSIGNMENT = re.compile(r"(?<![=!<>])=(?!=)")


def is_banned(path, name):
    if name in EVERYWHERE:
        return True
    return path.startswith("src/") and any(
        name in names and path != owner for owner, names in IN_SRC.items())


def check_calls(path, code):
    for match in CALL.finditer(code):
        if is_banned(path, match.group(1)):
            yield match.start(), f"{match.group(1)}() is not used here"


def check_conditions(code):
    for match in CONDITION.finditer(code):
        start = match.end() - 1
        condition = code[start:closing(code, start)]
        if ASSIGNMENT.search(re.sub(r"\{[^}]*\}", "", condition)):
            yield match.start(), "assignment in a condition"


def check_ternaries(code):
    for match in re.finditer(r"[^;{},()]+", code):
        if match.group(0).count("?") > 1:
            yield match.start() + match.group(0).index("?"), "ternary inside a ternary"


def check_braces(code):
    for match in BODY.finditer(code):
        is_else = match.group(0) == "else"
        end = match.end() if is_else else closing(code, match.end() - 1) + 1
        body = code[end:].lstrip()
        is_end_of_do = body[:1] == ";" and code[:match.start()].rstrip().endswith("}")
        if body[:1] != "{" and not is_end_of_do and not (is_else and re.match(r"if\b", body)):
            yield match.start(), "braces always, even around one line"


def check(tree):
    for path in tree.c_files():
        text = tree.read(path)
        code = DIRECTIVE.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), c_code(text))
        findings = [*check_calls(path, code), *check_conditions(code), *check_ternaries(code),
                    *check_braces(code)]
        for offset, message in sorted(findings):
            yield f"{path}:{line_of(text, offset)}: {message}"


CASES = [
    ("strcpy is banned everywhere", {"tests/unit/a.c": "int x;\nvoid f(void) { strcpy(a, b); }\n"},
     ["a.c:2: strcpy()"]),
    ("words in comments and strings are no calls",
     {"src/base/a.c": '/* strcpy(a, b) */ char *s = "malloc(1)"; // gets(s)\n'}, []),
    ("malloc lives in base/mem.c",
     {"src/base/mem.c": "p = malloc(1);\n", "src/base/buf.c": "p = malloc(1);\n"},
     ["buf.c:1: malloc()"]),
    ("a member or a longer name is no call of it",
     {"src/base/a.c": "x->free(p); ops.time(x); mem_free(p); clock_time();\n"}, []),
    ("time lives in base/clock.c", {"src/engine/a.c": "t = time(NULL);\n"}, ["time()"]),
    ("the locale stays out", {"src/http/a.c": "x = isdigit(c);\n"}, ["isdigit()"]),
    ("no assignment in a condition",
     {"src/base/a.c": "if ((r = f()) < 0) {}\nwhile (a == b && c <= d) {}\n"},
     ["a.c:1: assignment in a condition"]),
    ("braces always",
     {"src/base/a.c": "if (a)\n\tf();\nelse if (b) {\n} else\n\tg();\n"
                      "do {\n} while (x);\nfor (;;) {\n}\n"
                      "#define each(x) \\\n\tfor (x)\n"},
     ["a.c:1: braces", "a.c:4: braces"]),
    ("no ternary inside a ternary",
     {"src/base/a.c": "x = a ? b : c ? d : e;\nf(a ? b : c, d ? e : g);\n"},
     ["a.c:1: ternary inside"]),
]

if __name__ == "__main__":
    main(check, CASES)
