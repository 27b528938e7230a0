# shellcheck shell=bash disable=SC2154
# Virtual environments, with pip and without.

prepare="rm -rf $work/env" runs=20 compare "a virtualenv with pip" "40 ms" \
  "boot venv" "$boot venv $work/env --python $minor" \
  "virtualenv" "$virtualenv -q -p $python $work/env"
prepare="rm -rf $work/env" runs=20 compare "a virtualenv without pip" "5 ms" \
  "boot venv --no-pip" "$boot venv $work/env --python $minor --no-pip" \
  "uv venv" "$uv venv -q --python $python $work/env"
