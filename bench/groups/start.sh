# shellcheck shell=bash disable=SC2154
# Start-up, beside the cheapest program there is.

runs=200 compare "start-up" "as /bin/true, +1 ms" "boot --version" "$boot --version" "/bin/true" /bin/true
