# SPDX-License-Identifier: MIT
"""The figures for people."""

from . import measure

COLUMNS = ("case", "conns", "server", "CPU us/req", "ours/its [min-max]", "goal", "req/s",
           "p50 us", "p99 us")


def _ratio(row):
    if row["ratio"] is None:
        return ""
    return "{median:.2f} [{min:.2f}-{max:.2f}]".format(**row["ratio"])


def _goal(row):
    if row["goal"] is None:
        return ""
    return f"<= {row['goal']:.2f} {'MISSED' if measure.is_missed(row) else 'met'}"


def _cells(row):
    return (row["case"], str(row["connections"]), row["server"], f"{row['cpu_us']:.2f}",
            _ratio(row), _goal(row), f"{row['requests_per_s']:.0f}", f"{row['p50_us']:.0f}",
            f"{row['p99_us']:.0f}")


def render(rows):
    """All rows below a line of headings, columns as wide as they must be, numbers to the right."""
    cells = [COLUMNS] + [_cells(row) for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(COLUMNS))]
    is_left = [name in ("case", "server", "ours/its [min-max]", "goal") for name in COLUMNS]
    return "\n".join("  ".join(cell.ljust(width) if left else cell.rjust(width)
                               for cell, width, left in zip(line, widths, is_left)).rstrip()
                     for line in cells)
