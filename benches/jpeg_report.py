"""The figures of `make bench-jpeg` as tables: for docs/benchmarks.md, and for the README of the crate."""

import contenders
import report

README = contenders.BENCHES.parent / "shared/jpeg/README.md"
MARKS = ("<!-- benchmark -->\n", "<!-- end of benchmark -->\n")
# What we mean to reach: at most so many times djpeg's time, by eighths.
GOALS = {1: 0.5, 2: 0.6, 4: 0.8, 8: 1.1}
PROGRESSIVE_GOALS = {1: 0.8, 2: 0.8}


def goal(row):
    goals = PROGRESSIVE_GOALS if row["progressive"] else GOALS
    return goals.get(row["eighths"])


def ratio(row):
    return row["ms"] / row["djpeg_ms"]


def verdict(found):
    """In how many rows that have a goal it is met, and in which it is not."""
    held = [row for row in found["rows"] if goal(row)]
    missed = [row for row in held if ratio(row) > goal(row)]
    some = "; ".join(f"{row['picture']} at {row['eighths']}/8 {ratio(row):.2f} (goal {goal(row):.1f})" for row in missed)
    return f"The goal is met in {len(held) - len(missed)} of {len(held)} rows that have one" + (
        f", not in {some}." if some else "."
    )


def table(found):
    titles = ("picture", "coding", "scale", "ms", "djpeg", "ratio", "goal", "zune-jpeg, full size")
    lines = [
        (
            f"{row['picture'].removesuffix('-progressive')}, {row['width']}×{row['height']}",
            "progressive" if row["progressive"] else "baseline",
            f"{row['eighths']}/8",
            f"{row['ms']:.1f}",
            f"{row['djpeg_ms']:.1f}",
            f"{ratio(row):.2f}",
            f"{goal(row):.1f}" if goal(row) else "–",
            f"{row['zune_ms']:.1f}",
        )
        for row in found["rows"]
    ]
    return titles, lines


def credit(photograph):
    """Whose it is, and what was done with it."""
    changes = [
        *(["a part of it"] if "crop" in photograph else []),
        *([f"{photograph['times']} times side by side"] if "times" in photograph else []),
    ]
    text = f"{photograph['name']}: by {photograph['photographer']}, {photograph['licence']}"
    return ", ".join([f"{text}, from Debian's {photograph['package']}", *changes])


def write_readme(found):
    """Its table, between its marks."""
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(MARKS[0])
    _, after = rest.split(MARKS[1])
    between = f"{report.markdown_table(*table(found))}\n"
    README.write_text(f"{before}{MARKS[0]}{between}{MARKS[1]}{after}", encoding="utf-8")
