"""docs/benchmarks.md: the figures of one run, and what a reader must know to judge them. Never typed by hand."""

import textwrap

import report

INTRODUCTION = """\
# Benchmarks

Written by `make bench DOCS=1`, every figure from one run; not edited by hand.

What Thumbline's users run, `thumbline render` from a release build, beside [sharp](https://sharp.pixelplumbing.com)
(libvips), which many who make thumbnails would otherwise use. One picture in, four widths out (1280, 640, 320 and 128
pixels), as JPEG of quality 80 or as WebP of quality 80 and effort 4, on one thread. **A ratio under 1 means that
Thumbline needs less.** On one thread, CPU time is what Lambda's bill counts, beside the memory set aside.
"""

REMARKS = """\
## What explains the figures

- Every source is decoded in full, each pixel of it. sharp has a JPEG or a WebP shrunk while it is decoded, to the half
  or a quarter of its width, and leaves much of the work undone. Where our ratio is bad, this is why; a JPEG decoder of
  our own that does the same is planned. WebP is read by a decoder in Rust that is slower than libwebp, besides.
- The whole decoded picture is in memory at once (36 MB for 12 megapixels of RGB), where libvips streams a PNG by rows.
- Our JPEGs have the standard's Huffman tables; sharp makes tables for each picture, which costs time and saves bytes.
- The process of sharp starts Node.js and loads libvips; ours is one executable. That decides the second table.

## How it is measured

- It is the operating system's own accounting of each process (`wait4`): user and system time, and the largest
  resident set. Reading the picture and writing the thumbnails are included, waiting for them is not.
- Each pair of runs takes turns, one picture with Thumbline, one with sharp, then several with each. What the further
  pictures add to the first, divided by their number, is the cost of a picture. Shown are medians, and of the ratios,
  which are formed within a pair, also the smallest and the largest.
- sharp is used in its fastest form for this job, `benches/sharp.mjs`: one decode, shrunk while loading, to the largest
  width, and the smaller ones made of that; `concurrency(1)`, no cache, its defaults for everything else. A pipeline
  `clone()`d for each width, as its documentation shows it, decodes four times (`--sharp-form clones` measures that).
- Peak memory is that of the whole process, Node.js included, after several pictures.
- Quality is the SSIM of the luma to an ideal thumbnail: full decode, exact Lanczos3 by Pillow on the stored values. It
  is judged in the same run, on the files that the measured commands wrote. The gap is ours minus sharp's.
- The pictures are **synthetic**: landscapes drawn by `samples/generator` with the grain of a sensor on them, encoded to
  about the bits per pixel of photographs (JPEG quality 90, 4:2:0; the progressive one by libjpeg-turbo, in its usual
  ten scans). Real ones differ; measure your own.

## Do it again

```sh
make bench                              # the tables, in a terminal
make bench QUICK=1                      # one small picture, two pairs: does it work here?
make bench BENCH_PICTURES=~/Pictures    # your own pictures, each file of the folder to JPEG and to WebP
make -s bench JSON=1                    # for machines, with every width's quality
make bench DOCS=1                       # and write this page
```

It needs Rust, Python 3.11 with `venv`, and Node.js 20.9 with `npm`; sharp, Pillow and NumPy are installed below
`target/bench/`, in the versions that `benches/package.json` and `benches/requirements.txt` name.
"""


def document(setting, rows):
    parts = [INTRODUCTION, verdict(rows), table_of_setting(setting), sources(rows)]
    for name, titles, cells in report.tables(setting):
        parts.append(f"## {name}\n\n{markdown_table(titles, rows, cells)}\n")
    floor = f"No peak under {setting.peak_floor_bytes / report.MEGABYTE:.0f} MB could be seen: the launcher's own.\n"
    return "\n".join([*parts, floor, REMARKS])


def verdict(rows):
    """What is better and what is worse, as this run found it."""
    worse, equal, better = [], [], []
    for row in rows:
        figure = row.figure("picture_ms")
        (worse if figure.least > 1 else better if figure.most < 1 else equal).append(row)
    lines = [
        f"- **{share} CPU {than} sharp**: {listed(some)}."
        for share, than, some in (("More", "than", worse), ("About as much", "as", equal), ("Less", "than", better))
        if some
    ]
    alone = [row.figure("alone_ms").ratio for row in rows]
    lines.append(f"- **A process for one picture**, start-up included: {min(alone):.2f} to {max(alone):.2f} times.")
    gaps = [row.ssim_gap() for row in rows]
    least, most = report.signed(min(gaps)), report.signed(max(gaps))
    lines.append(f"- **Quality**: SSIM {least} to {most} from sharp's, {report.JUDGED_WIDTH} pixels wide.")
    sizes = [row.size_ratio() for row in rows]
    lines.append(f"- **Bytes** at that width: {min(sizes):.2f} to {max(sizes):.2f} times sharp's.")
    wrapped = [textwrap.fill(line, 118, subsequent_indent="  ") for line in lines]
    return "\n".join(["Measured this time, CPU time of a picture as a multiple of sharp's:", "", *wrapped, ""])


def listed(rows):
    return ", ".join(f"{row.label} {row.figure('picture_ms').ratio:.2f}" for row in rows)


def sources(rows):
    sizes = {row.source: row.source_bytes for row in rows}
    listing = ", ".join(f"{source} of {size / report.MEGABYTE:.1f} MB" for source, size in sizes.items())
    return textwrap.fill(f"The pictures: {listing}.", 118) + "\n"


def table_of_setting(setting):
    facts = {
        "date": setting.date,
        "processor": f"{setting.machine['cpu']}, {setting.machine['cores']} cores",
        "system": setting.machine["system"],
        "command": "`make bench DOCS=1`",
        "runs": f"{setting.pairs} pairs, of 1 and of {setting.pictures_per_run} pictures",
        **setting.versions,
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts.items()), ""])


def markdown_table(titles, rows, cells):
    lines = [titles, ["---"] + ["--:"] * (len(titles) - 1), *([row.label, *cells(row)] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
