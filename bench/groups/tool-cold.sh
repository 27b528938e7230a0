# shellcheck shell=bash disable=SC2154
# black from the public index with nothing cached: what the user waits for, and until its bytecode is there too, which boot makes
# in the background.

# shellcheck source=bench/tools.bash
. bench/tools.bash
prepare="$emptied $caches" warmup=1 runs=10 compare "black, nothing cached" "0.6 of uv" \
  "boot tool install" "$boot -q tool install black --python $minor" \
  "uv tool install" "$uv_tool black"
prepare="$emptied $caches" warmup=0 runs=3 compare "black, nothing cached, with bytecode" "no goal" \
  "boot tool install, to the end of its background" "sh -c '$boot -q tool install black --python $minor; $settled'" \
  "uv tool install --compile-bytecode" "$uv_tool --compile-bytecode black"
if [ -x "$pipx" ]; then
  export PIPX_HOME=$work/pipx PIPX_BIN_DIR=$work/pipx/bin PIP_CACHE_DIR=$work/pipx/cache
  prepare="$emptied $caches $work/pipx/venvs $work/pipx/bin $work/pipx/cache" warmup=0 runs=2 compare "black, nothing cached: pipx" "no goal" \
    "boot tool install" "$boot -q tool install black --python $minor" \
    "pipx install" "$pipx install -q --python $python black"
fi
