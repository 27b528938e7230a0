# shellcheck shell=bash disable=SC2154
# Tools: cold, from the cache, with their first run, and with nothing to do.

uv_tool="env UV_TOOL_DIR=$work/uv/tools UV_TOOL_BIN_DIR=$work/uv/bin UV_CACHE_DIR=$work/uv/cache $uv -q tool install --python $python"
gone="rm -rf $work/uv/tools $work/uv/bin $data/tools $HOME/.local/bin"
prepare="$gone $work/uv/cache $HOME/.cache/boot" warmup=1 runs=10 compare "black, nothing cached" "0.6 of uv" \
  "boot tool install" "$boot -q tool install black --python $minor" \
  "uv tool install" "$uv_tool black"
# What is measured next wants both caches filled.
"$boot" -q tool install black --python "$minor"
$uv_tool black
prepare=$gone runs=20 compare "black, everything cached, offline" "0.5 of uv" \
  "boot tool install" "$boot -q --offline tool install black --python $minor" \
  "uv tool install" "$uv_tool --offline black"
for tool in black sphinx pylint poetry; do
  case $tool in
    sphinx) command=sphinx-build ;;
    *) command=$tool ;;
  esac
  "$boot" -q tool install "$tool" --python "$minor"
  $uv_tool "$tool"
  prepare=$gone runs=5 compare "$tool, cached install and first run" "0.5 of uv" \
    "boot" "sh -c '$boot -q tool install $tool --python $minor && $HOME/.local/bin/$command --version'" \
    "uv" "sh -c '$uv_tool --offline $tool && $work/uv/bin/$command --version'"
done
"$boot" -q tool install black --python "$minor"
runs=50 compare "black, already installed" "10 ms" \
  "boot tool install" "$boot -q tool install black" \
  "uv tool install" "$uv_tool black"
