"""Draws the output of `tmux capture-pane -e` as an SVG.

The first argument is a folder whose name isn't shown.
"""

import html
import re
import sys

COLOURS = {30: "#484f58", 31: "#ff7b72", 32: "#3fb950", 33: "#d29922", 34: "#58a6ff", 35: "#bc8cff", 36: "#39c5cf", 37: "#b1bac4", 90: "#6e7681"}
WIDTH, HEIGHT, MARGIN = 8.0, 19, 18

text = sys.stdin.read().replace(sys.argv[1] + "/home", "~").replace("file://" + sys.argv[1] + "/git", "https://github.com")
lines = text.strip().removesuffix("$").rstrip().split("\n")
columns = max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in lines)


def spans(line):
    """The line's parts, each with its style."""
    colour, bold, dim = None, False, False
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if part.startswith("\x1b["):
            for code in (int(code or 0) for code in part[2:-1].split(";")):
                if code == 0:
                    colour, bold, dim = None, False, False
                elif code in (1, 2):
                    bold, dim = bold or code == 1, dim or code == 2
                elif code in COLOURS or code == 39:
                    colour = COLOURS.get(code)
        elif part:
            style = f' fill="{colour}"' if colour else ""
            style += ' font-weight="bold"' if bold else ""
            style += ' opacity="0.6"' if dim else ""
            yield f"<tspan{style}>{html.escape(part)}</tspan>"


width, height = columns * WIDTH + 2 * MARGIN, len(lines) * HEIGHT + 2 * MARGIN
print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height}" width="{width:g}" height="{height}" role="img">')
print("<title>boot init me, on an empty machine</title>")
print(f'<rect width="{width:g}" height="{height}" rx="8" fill="#0d1117"/>')
print('<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="13" fill="#e6edf3">')
for number, line in enumerate(lines):
    if not line.strip():
        continue
    drawn = "".join(spans(line.rstrip()))
    print(f'<text x="{MARGIN}" y="{MARGIN + (number + 1) * HEIGHT - 5}" xml:space="preserve">{drawn}</text>')
print("</g>\n</svg>")
