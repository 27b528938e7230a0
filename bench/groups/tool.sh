# shellcheck shell=bash disable=SC2154
# Tools from filled caches: with their first run, offline, and with nothing to do.

# shellcheck source=bench/tools.bash
. bench/tools.bash
for tool in black sphinx pylint poetry; do
  case $tool in
    sphinx) command=sphinx-build ;;
    *) command=$tool ;;
  esac
  "$boot" -q tool install "$tool" --python "$minor"
  $uv_tool "$tool"
  $settled
  prepare="$emptied" warmup=1 runs=4 compare "$tool, cached install and first run" "0.5 of uv" \
    "boot" "sh -c '$boot -q --offline tool install $tool --python $minor && $HOME/.local/bin/$command --version'" \
    "uv" "sh -c '$uv_tool --offline $tool && $work/uv/bin/$command --version'"
done
prepare=$emptied runs=20 compare "black, everything cached, offline" "0.5 of uv" \
  "boot tool install" "$boot -q --offline tool install black --python $minor" \
  "uv tool install" "$uv_tool --offline black"
"$boot" -q tool install black --python "$minor"
$uv_tool black
runs=50 compare "black, already installed" "10 ms" \
  "boot tool install" "$boot -q tool install black" \
  "uv tool install" "$uv_tool black"
