# shellcheck shell=bash disable=SC2154
# Ten tools at once, beside a loop of uv: from the public index, from one with 30 ms a round trip, and from filled caches.

# shellcheck source=bench/tools.bash
. bench/tools.bash
far_index
ten="black flake8 httpie isort mypy poetry pylint ruff sphinx tox"
prepare="$emptied $caches" warmup=0 runs=3 compare "ten tools, nothing cached" "0.4 of uv" \
  "boot tool install" "$boot -q tool install $ten --python $minor" \
  "uv tool install, one after another" "sh -c 'for tool in $ten; do $uv_tool \$tool; done'"
at_once="$boot -q tool install $ten --python $minor --index-url $far"
loop="sh -c 'for tool in $ten; do $uv_tool --default-index $far \$tool; done'"
prepare="$emptied $caches" warmup=0 runs=3 compare "ten tools, nothing cached, 30 ms a round trip" "0.4 of uv" \
  "boot tool install" "$at_once" "uv tool install, one after another" "$loop"
$at_once
sh -c "for tool in $ten; do $uv_tool --default-index $far \$tool; done"
prepare=$emptied warmup=1 runs=5 compare "ten tools, everything cached" "0.4 of uv" \
  "boot tool install" "$at_once" "uv tool install, one after another" "$loop"
kill "$far_server"
