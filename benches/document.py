"""docs/benchmarks.md and its charts: the figures of the last full runs, and what a reader must know to judge them.

Never typed by hand. The figures stand in benches/results/, so that the page can be written again without measuring:
`python3 benches/document.py`.
"""

import json
import textwrap

import chart
import backfill_report
import cold_start_report
import contenders
import jpeg_report
import memory_report
import on_demand_report
import report
import results

DOCS = contenders.BENCHES.parent / "docs"
PAGE, COSTS_CHART, MEMORY_CHART = DOCS / "benchmarks.md", DOCS / "benchmarks.svg", DOCS / "memory.svg"
COLUMNS = 118

INTRODUCTION = """\
# Benchmarks

Written by `make bench`, `bench-memory`, `bench-jpeg`, `bench-cold`, `bench-api` and `bench-backfill` with `DOCS=1`, every figure from one
run of each; not edited by hand.

What Thumbline's users run, `thumbline render` from a release build, beside [sharp](https://sharp.pixelplumbing.com)
(libvips), which many who make thumbnails would otherwise use, and beside others. One picture in, four widths out (1280,
640, 320 and 128 pixels), as JPEG of quality 80 or as WebP of quality 75 and method 4. **A ratio under 1 means that
Thumbline needs less**; the goal is the ratio that we mean to reach. Thumbline encodes on all cores, sharp works on one
thread: CPU time counts all of them, wall time does not compare. CPU time is what Lambda's
bill counts, beside the memory set aside.
"""

REMARKS = """\
## How it is measured

- It is the operating system's own accounting of each process (`wait4`): user and system time, and the largest
  resident set. Reading the picture and writing the thumbnails are included; waiting is in the wall time only.
- The contenders take turns, A B A B: first one picture with each, then several with each, after a run that is not
  measured. What the further pictures add to the first, divided by their number, is the cost of a picture. Noise only
  adds, so the least of all turns is quoted; of peak memory, where it does not, the median.
- How much noise is left is shown by holding two programs against themselves, measured in the same way.
- sharp is used in its fastest form for this job, `benches/sharp.mjs`: one decode, shrunk while loading, to the largest
  width, and the smaller ones made of that; `concurrency(1)`, no cache, its defaults for everything else. A pipeline
  `clone()`d for each width, as its documentation shows it, decodes four times (`--sharp-form clones` measures that).
- The others do the job likewise: pyvips by `thumbnail`, Pillow by `draft` and `reducing_gap`, the `image` crate by its
  `thumbnail`. `image lanczos3` is what programs around that crate usually do: a full decode, and Lanczos3 for each of
  the widths from the full picture. They get fewer turns, of fewer pictures.
- Peak memory is that of the whole process, Node.js or Python included, after several pictures.
- Quality is the SSIM of the luma to an ideal thumbnail: full decode, exact Lanczos3 in floating point on the stored
  values. It is judged in the same run, on files that the measured commands wrote. The gap is ours minus sharp's. An
  encoder's decisions are abrupt: pixels that are equally good may come out some thousandths better or worse, at one
  width or another. So the mean over all widths is shown as well, the worst of them, and the worst between PNGs, for which
  decoding and resizing alone account. (A JPEG becomes JPEGs by its planes and PNGs by its pixels; its luma is decoded and
  resized alike.)
- The pictures are **drawn**, by `samples/generator`: landscapes strewn with things of every size, which have the
  statistics of photographs, with the grain of a sensor on them, in files with about the bits per pixel that cameras
  give. JPEGs have EXIF with a small picture in it, and 4:2:0 where nothing else is said. What cameras of other kinds
  make is in the last rows. Real ones differ; measure your own.
- Peak memory counts what is loaded of a program, too, 64 KB wherever one of its functions is run. Those of `thumbline` that
  render lie side by side on Linux, as `cli/layout/hot.ld` lists them; what has changed since `make layout` wrote that is loaded
  from where the linker puts it.
- The stages within a picture (decoding, resizing, encoding) are measured by `make bench-stages`.

## Do it again

```sh
make bench                              # the tables, in a terminal
make bench QUICK=1                      # one small picture, two rounds: does it work here?
make bench ONLY="12 MP PNG"             # the rows whose names contain this
make bench BENCH_PICTURES=~/Pictures    # your own pictures, each file of the folder to JPEG and to WebP
make -s bench JSON=1                    # for machines, with every width's quality
make bench DOCS=1                       # and write this page
make bench-memory                       # peak memory against the source's size, per format (DOCS=1: into this page)
make bench-jpeg                         # the JPEG decoder beside djpeg, on photographs (DOCS=1: into this page)
make bench-api                          # the thumbnail API beside a server of Node.js and sharp (DOCS=1: into this page)
make bench-backfill                     # thumbline backfill beside a loop of sharp (DOCS=1: into this page)
make bench-stages                       # decoding, resizing, encoding, by Criterion
make contact-sheet                      # hard pictures beside sharp's, for the eye
```

It needs Rust, Python 3.11 with `venv`, and Node.js 20.9 with `npm`; all else is installed below `target/bench/`, in
the versions that `benches/package.json`, `benches/requirements.txt` and `Cargo.lock` name.
"""


def write():
    """The page and its charts, of what has been measured."""
    costs, memory, jpeg, cold_starts, on_demand, backfill = (
        json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
        for file in (
            results.COSTS,
            results.MEMORY,
            results.JPEG,
            results.COLD_STARTS,
            results.ON_DEMAND,
            results.BACKFILL,
        )
    )
    parts = [INTRODUCTION]
    if costs:
        COSTS_CHART.write_text(costs_chart(costs), encoding="utf-8")
        parts += cost_sections(costs)
    if memory:
        MEMORY_CHART.write_text(memory_report.plot(memory), encoding="utf-8")
        parts += memory_sections(memory)
    if jpeg:
        parts += jpeg_sections(jpeg)
    if cold_starts:
        parts += cold_start_report.sections(cold_starts)
    if on_demand:
        parts += on_demand_report.sections(on_demand)
    if backfill:
        parts += backfill_report.sections(backfill)
    PAGE.write_text("\n".join([*parts, REMARKS]), encoding="utf-8")


def cost_sections(costs):
    floor = costs["setting"]["peak_floor_bytes"] / report.MEGABYTE
    refusals = [bullet(reason) for reason in report.refusals(costs)]
    return [
        f"![CPU time and peak memory as multiples of sharp's]({COSTS_CHART.name})\n",
        verdict(costs["rows"]),
        setting_table(costs["setting"], "make bench DOCS=1", f"{costs['setting']['rounds']} rounds"),
        sources(costs["rows"]),
        *(f"## {name}\n\n{report.markdown_table(titles, lines)}\n" for name, titles, lines in report.all_tables(costs)),
        *(["Not taken:\n", *refusals, ""] if refusals else []),
        f"No peak under {floor:.0f} MB could be seen: the launcher's own.\n",
    ]


def verdict(rows):
    """Which goals this run reached, and which not."""
    lines = [
        goals_met("CPU time", "cpu_ms", "goal", "cpu", rows),
        goals_met("Peak memory", "peak_bytes", "goal", "peak", rows),
        goals_met("CPU time of a whole process", "process_cpu_ms", "process_goal", "cpu", rows),
        goals_met("Peak memory of a whole process", "process_peak_bytes", "process_goal", "peak", rows),
    ]
    for what, gap_of in (
        ("mean of the four widths", results.mean_ssim_gap),
        ("worst of the four", results.worst_ssim_gap),
        ("worst of the four as PNG", results.worst_unencoded_gap),
    ):
        gaps = [gap for row in rows if (gap := gap_of(row)) is not None]
        if gaps:
            lines.append(f"**SSIM**, {what}: {report.signed(min(gaps))} to {report.signed(max(gaps))} from sharp's.")
    sizes = [
        ours / theirs
        for row in rows
        if (ours := results.output_bytes(row, report.OURS)) and (theirs := results.output_bytes(row, report.THEIRS))
    ]
    if sizes:
        lines.append(f"**Bytes** of the four thumbnails: {min(sizes):.2f} to {max(sizes):.2f} times sharp's.")
    return "\n".join([*(bullet(line) for line in lines), ""])


def goals_met(name, figure, kind, goal, rows):
    """In how many rows that have a goal it is met, and by how much it is not in the others."""
    held = [(row, results.ratio(row, figure), row[kind][goal]) for row in rows if row[kind]]
    missed = [(row, ratio, most) for row, ratio, most in held if ratio is None or ratio > most]
    some = "; ".join(f"{row['case']} {report.times(ratio)} (goal {most:.2f})" for row, ratio, most in missed)
    return f"**{name}**: the goal is met in {len(held) - len(missed)} of {len(held)} rows" + (
        f", not in {some}." if some else "."
    )


def memory_sections(memory):
    """Peak by format and size; what is refused, with its reason."""
    refusals = [bullet(reason) for reason in memory_report.refusals(memory, report.OURS)]
    titles, lines = memory_report.table(memory)
    return [
        "## Peak memory against the size of the source\n",
        f"![Peak memory of a process by megapixels of its source, per format]({MEMORY_CHART.name})\n",
        "A process for one picture, four thumbnails: megabytes at its peak, the file itself included.\n",
        report.markdown_table(titles, lines) + "\n",
        setting_table(memory["setting"], "make bench-memory DOCS=1", "the median of 3"),
        *(["Refused, and why:\n", *refusals, ""] if refusals else []),
    ]


def jpeg_sections(jpeg):
    """Our decoder beside others, on photographs."""
    credits = [bullet(jpeg_report.credit(photograph)) for photograph in jpeg["photographs"]]
    return [
        "## Decoding JPEG photographs\n",
        textwrap.fill(
            "thumbline-jpeg alone, on one thread, beside libjpeg-turbo's `djpeg -scale N/8` and zune-jpeg, which has no "
            "scales. Milliseconds of the processor's time in user and system mode, reading the file included; what djpeg "
            "takes to start is subtracted. The least of 9 runs that alternate.",
            COLUMNS,
        )
        + "\n",
        jpeg_report.verdict(jpeg) + "\n",
        report.markdown_table(*jpeg_report.table(jpeg)) + "\n",
        "The photographs, fetched by `make bench-photos`. One coding of each is as published, the other the same\n"
        "coefficients coded by jpegtran, without loss, and so are parts and repetitions:\n",
        *credits,
        "",
        setting_table(jpeg["setting"], "make bench-jpeg DOCS=1", "the least of 9"),
    ]


def bullet(text):
    return textwrap.fill(f"- {text}", COLUMNS, subsequent_indent="  ", break_on_hyphens=False)


def sources(rows):
    sizes = {row["source"]: row["source_bytes"] for row in rows}
    listing = ", ".join(f"{source} of {size / report.MEGABYTE:.1f} MB" for source, size in sizes.items())
    return textwrap.fill(f"The pictures: {listing}.", COLUMNS) + "\n"


def setting_table(setting, command, runs):
    facts = {
        "date": setting["date"],
        "processor": f"{setting['machine']['cpu']}, {setting['machine']['cores']} cores",
        "system": setting["machine"]["system"],
        "command": f"`{command}`",
        "runs": runs,
        "commit": setting["commit"],
        **setting["versions"],
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts.items()), ""])


def costs_chart(costs):
    rows = [
        (
            row["case"],
            [
                chart.Bar(results.ratio(row, figure), row["goal"] and row["goal"][goal])
                for figure, goal in (("cpu_ms", "cpu"), ("peak_bytes", "peak"))
            ],
        )
        for row in costs["rows"]
    ]
    title = "Thumbline's CPU time and peak memory for a picture, as multiples of sharp's"
    return chart.bars(title, ("CPU time", "peak memory"), rows, (1, "sharp = 1"))


if __name__ == "__main__":
    write()
