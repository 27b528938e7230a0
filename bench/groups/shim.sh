# shellcheck shell=bash disable=SC2154
# What a shim adds to running its Python directly, with pyenv's beside it where there is one; and what it costs to ask.

# The data folder may be of another boot: what is measured is this one, by a shim as boot makes them, in a data folder of its own that
# has the same Pythons.
here=$work/shim-data
named=${BOOT_DATA_DIR-}
unset BOOT_DATA_DIR
mkdir -p "$here/shims"
ln -sfn "$data/pythons" "$here/pythons"
shim=$here/shims/python
ln -f "$boot" "$shim" 2>/dev/null || cp "$boot" "$shim"
for name in "python$minor" python3; do ln -f "$shim" "$here/shims/$name"; done
BOOT_DATA_DIR=$here "$boot" python pin --global "$minor"
# A project with a pin, and one that has an environment too: what a shim looks up before it runs.
mkdir -p "$work/pinned" "$work/project"
echo "$minor" | tee "$work/pinned/.python-version" >"$work/project/.python-version"
(cd "$work/project" && BOOT_DATA_DIR=$here "$boot" venv --no-pip)
in_folder() {
  # Without a shell, which would take longer than what is measured.
  printf 'env -C %s %s' "$1" "$2"
}
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
  "boot's shim" "$here/shims/python$minor -S -E -c pass" \
  "directly" "$python -S -E -c pass" \
  "${bare[@]}" "${theirs[@]}"
# `env -C` costs the same for each.
runs=200 compare "a shim in a project" "+1.2 ms with its environment" \
  "boot's shim, environment looked up" "$(in_folder "$work/project" "$shim -S -E -c pass")" \
  "boot's shim, pin alone" "$(in_folder "$work/pinned" "$shim -S -E -c pass")" \
  "the environment's Python, directly" "$(in_folder "$work/project" "$work/project/.venv/bin/python -S -E -c pass")" \
  "directly" "$(in_folder "$work/project" "$python -S -E -c pass")"
[ -z "$named" ] || export BOOT_DATA_DIR=$named

asked=()
((${#theirs[@]})) && asked=("pyenv which python" "$pyenv which python$minor")
runs=100 compare "which and find" "no rival's time" \
  "boot which python" "$boot which python" \
  "boot python find $minor" "$boot python find $minor" \
  "uv python find" "$uv python find --offline $python" \
  "${asked[@]}"
