#!/bin/sh
# Runs once on a machine, after everything else is there.
set -eu
echo "hello from $(python3.11 --version), and from $(black --version | head -n 1)"
