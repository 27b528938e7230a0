# shellcheck shell=bash disable=SC2154
# What a shim adds to running its Python directly.

shim=$data/shims/python$minor
"$boot" python pin --global "$minor"
runs=100 compare "a shim" "+1 ms" \
  "boot's shim" "$shim -S -E -c pass" \
  "directly" "$python -S -E -c pass"
