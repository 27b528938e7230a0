#!/bin/sh
# Runs once on a machine, after everything else is there. Should it fail, the next `boot apply` runs it again.
set -eu
python=$(python3.11 --version)
black=$(black --version)
echo "hello from $python, and from ${black%%,*}"
