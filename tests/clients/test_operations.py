"""The queries of docs/operations.md ask for what the function's log lines have, by the names that they have there."""

import json
import pathlib
import re

from stack import eventually

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
SAMPLES = REPOSITORY / "samples/pictures"
# What Logs Insights itself knows: commands, functions, and the fields that it adds.
LANGUAGE = set("fields filter stats sort limit by as and or desc asc bin count avg pct latest like h m".split())


def queries():
    page = (REPOSITORY / "docs/operations.md").read_text(encoding="utf-8")
    asked = page.partition("## Asking the logs")[2].partition("## Buckets")[0]
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", asked, flags=re.DOTALL | re.MULTILINE)
    return [text for language, text in fenced if not language]


def names(query):
    """The fields that a query asks for: every word that is neither the language's, nor text, nor a name given there."""
    query = re.sub(r'"[^"]*"', " ", query)
    given = set(re.findall(r"\bas (\w+)", query))
    words = set(re.findall(r"@?[a-z_][\w.]*", query))
    return {word for word in words if not word.startswith("@")} - given - LANGUAGE


def lines(stack, folder):
    """The lines about the pictures of a folder, each by its outcome, flattened as CloudWatch does it."""
    found = {}
    for line in list(stack.log):
        _, brace, rest = line.partition("{")
        try:
            entry = json.loads(brace + rest)
        except ValueError:
            continue
        if entry.get("message") == "picture" and entry["span"]["key"].startswith(folder):
            span = {f"span.{name}": value for name, value in entry.pop("span").items()}
            found[entry["outcome"]] = entry | span
    return found


def test_every_name_in_a_query_is_in_a_line(s3, stack, folder_key):
    for file in ("orientation-1.jpg", "truncated.jpg"):
        s3.upload_file(str(SAMPLES / file), stack.input, folder_key + file)
    eventually(lambda: lines(stack, folder_key).keys() >= {"made", "rejected"}, "both outcomes in the log")
    made, rejected = (lines(stack, folder_key)[outcome] for outcome in ("made", "rejected"))
    asked = queries()
    assert len(asked) == 5
    for query in asked:
        about = made if '"made"' in query else rejected
        missing = names(query) - about.keys()
        assert not missing, f"{missing} are not in {about}, but in\n{query}"
        assert re.search(r"span\.key|reason|outcome", query)
