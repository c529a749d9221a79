"""Cold starts as a page tells them, against the goals."""

OURS, HELLO, NODE = "Thumbline's layer", "hello-world on lambda_runtime", "Node.js with sharp and the S3 client"
OURS_HERE = f"{OURS}, with this machine's certificates"
MOST_OVER_HELLO_MS = 6
MOST_OF_NODE = 0.1
MOST_ZIP_BYTES = 8_000_000


def sections(found):
    """The section of docs/benchmarks.md."""
    starts, size, where = found["starts"], found["zip_bytes"], found["machine"]
    median = {name: start["median_ms"] for name, start in starts.items()}
    over, share = median[OURS] - median[HELLO], median[OURS] / median[NODE]
    over_here = median[OURS_HERE] - median[HELLO]
    return [
        "## Cold starts\n",
        "From exec to the first call of Lambda's Runtime API, everything in the page cache, by turns. On Lambda there come, before",
        "that, a machine and the download of the layer. The layer reads whom the system trusts when it starts: from two files, as",
        "Amazon Linux 2023 has them, or from all that this machine has in `/etc/ssl/certs`.\n",
        "| | median, ms | least, ms |",
        "|---|--:|--:|",
        *(f"| {name} | {start['median_ms']:.1f} | {start['least_ms']:.1f} |" for name, start in starts.items()),
        "",
        f"- Over hello-world: {over:+.1f} ms (goal: at most {MOST_OVER_HELLO_MS}{missed(over <= MOST_OVER_HELLO_MS)}); with this",
        f"  machine's certificates {over_here:+.1f} ms{missed(over_here <= MOST_OVER_HELLO_MS)}.",
        f"- Of Node.js: {share:.3f} (goal: at most {MOST_OF_NODE}{missed(share <= MOST_OF_NODE)}).",
        f"- The layer's zip: {size:,} bytes (goal: at most {MOST_ZIP_BYTES:,}{missed(size <= MOST_ZIP_BYTES)}).",
        "",
        f"{found['date']}, `make bench-cold DOCS=1`, {found['rounds']} rounds, Node.js {found['node']}, at {found['commit']}, on",
        f"{where['cpu']}, {where['cores']} cores, {where['system']}.\n",
    ]


def missed(holds):
    return "" if holds else ", **missed**"
