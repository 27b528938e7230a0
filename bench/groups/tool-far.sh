# shellcheck shell=bash disable=SC2154
# An index on loopback with 30 ms a round trip: the same for both, whatever the network does.

# shellcheck source=bench/tools.bash
. bench/tools.bash
far_index
for tool in black poetry; do
  prepare="$emptied $caches" warmup=1 runs=5 compare "$tool, nothing cached, 30 ms a round trip" "0.6 of uv" \
    "boot tool install" "$boot -q tool install $tool --python $minor --index-url $far" \
    "uv tool install" "$uv_tool --default-index $far $tool"
done
# A name that boot knows nothing of: only what the libraries of its choice need is known.
prepare="$emptied $caches" warmup=1 runs=5 compare "pycln, nothing cached, unknown to boot, 30 ms a round trip" "0.6 of uv" \
  "boot tool install" "$boot -q tool install pycln --python $minor --index-url $far" \
  "uv tool install" "$uv_tool --default-index $far pycln"
kill "$far_server"
