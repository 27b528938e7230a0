"""Prints hyperfine's results in a folder as one Markdown section: medians, and each rival's ratio to boot, which comes first."""

import datetime
import json
import os
import pathlib
import platform
import sys

folder = pathlib.Path(sys.argv[1])


def shown(seconds):
    if seconds < 0.001:
        return f"{seconds * 1000:.3f} ms"
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def medians(name):
    """Each command's median in seconds; boot's comes first."""
    results = json.loads((folder / f"{name}.json").read_text())["results"]
    return {result["command"]: result["median"] for result in results}


def rows(name, goal, times):
    (_, boot), *rivals = times.items()
    if not rivals:
        print(f"| {name} | {shown(boot)} | | | {goal} |")
    for rival, time in rivals:
        print(f"| {name} | {shown(boot)} | {rival}: {shown(time)} | {boot / time:.2f} ({(boot - time) * 1000:+.1f} ms) | {goal} |")


print(f"## {sys.argv[2]}")
print()
print(f"{datetime.date.today()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores.")
print()
print("| | boot | beside it | boot / it | goal |")
print("|---|---|---|---|---|")
for line in (folder / "goals.tsv").read_text().splitlines():
    name, goal = line.split("\t")
    rows(name, goal, medians(name))

# What one more of something takes: two rows that differ in nothing but how often it happens.
each = folder / "each.tsv"
for line in each.read_text().splitlines() if each.exists() else []:
    name, goal, many, few, between = line.split("\t")
    few = medians(few)
    rows(name, goal, {command: (time - few[command]) / int(between) for command, time in medians(many).items() if command in few})
