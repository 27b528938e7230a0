# shellcheck shell=bash disable=SC2154
# What a shim adds to running its Python directly, with pyenv's beside it where there is one; and what it costs to ask.

# The data folder may be of another boot: what is measured is this one.
mkdir -p "$work/shims"
shim=$work/shims/python$minor
ln -sfn "$boot" "$shim"
"$boot" python pin --global "$minor"
theirs=()
if [ -n "$pyenv" ]; then
  # The same Python for both.
  export PYENV_ROOT=$work/pyenv
  mkdir -p "$PYENV_ROOT/versions"
  ln -sfn "$data/pythons/$minor" "$PYENV_ROOT/versions/$minor"
  echo "$minor" >"$PYENV_ROOT/version"
  "$pyenv" rehash
  theirs=("pyenv's shim" "$PYENV_ROOT/shims/python$minor -S -E -c pass")
fi
# What this machine asks for any exec more, however little is done in it: the least that a shim can cost here.
bare=()
if command -v cc >/dev/null; then
  printf '#include <unistd.h>\nint main(int count, char **words) { return execv("%s", words); }\n' "$python" | cc -O1 -x c -o "$work/bare" -
  bare=("a C program that only execs it" "$work/bare -S -E -c pass")
fi
runs=200 compare "a shim" "+1 ms" \
  "boot's shim" "$shim -S -E -c pass" \
  "directly" "$python -S -E -c pass" \
  "${bare[@]}" "${theirs[@]}"

asked=()
((${#theirs[@]})) && asked=("pyenv which python" "$pyenv which python$minor")
runs=100 compare "which and find" "no rival's time" \
  "boot which python" "$boot which python" \
  "boot python find $minor" "$boot python find $minor" \
  "uv python find" "$uv python find --offline $python" \
  "${asked[@]}"
