"""Prints hyperfine's results in a folder as one Markdown section: medians, and each rival's ratio to boot, which comes first."""

import datetime
import json
import os
import pathlib
import platform
import sys

folder = pathlib.Path(sys.argv[1])


def shown(seconds):
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


print(f"## {sys.argv[2]}")
print()
print(f"{datetime.date.today()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores.")
print()
print("| | boot | beside it | boot / it | goal |")
print("|---|---|---|---|---|")
for line in (folder / "goals.tsv").read_text().splitlines():
    name, goal = line.split("\t")
    results = json.loads((folder / f"{name}.json").read_text())["results"]
    boot, rivals = results[0], results[1:]
    for rival in rivals:
        ratio = boot["median"] / rival["median"]
        difference = (boot["median"] - rival["median"]) * 1000
        print(
            f"| {name} | {shown(boot['median'])} | {rival['command']}: {shown(rival['median'])} "
            f"| {ratio:.2f} ({difference:+.1f} ms) | {goal} |"
        )
