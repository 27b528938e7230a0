# shellcheck shell=bash disable=SC2154,SC2034
# What the groups of tools share: the rival's command, clean slates, and an index that is far away.

uv_tool="env UV_TOOL_DIR=$work/uv/tools UV_TOOL_BIN_DIR=$work/uv/bin UV_CACHE_DIR=$work/uv/cache $uv -q tool install --python $python"
# Waits until the bytecode is made that boot leaves to a process in the background: what is measured next must not share the machine with it.
settled="$work/settled"
cat >"$settled" <<END
#!/bin/sh
while pgrep -f '^$data/tools/[^ ]*/bin/python -I -S -c' >/dev/null; do sleep 0.02; done
END
# A clean slate: then further paths may follow. All goes aside and is deleted at the end: ext4 gives the inode of a file that was deleted in the
# last minutes to no other, and looks at each of them again for every folder that is made, whoever makes it.
emptied="$work/emptied"
aside="$work/aside"
mkdir -p "$aside"
cat >"$emptied" <<END
#!/bin/sh
$settled
aside=\$(mktemp -d $aside/XXXXXX)
number=0
for path in $work/uv/tools $work/uv/bin $data/tools $HOME/.local/bin "\$@"; do
  [ ! -e "\$path" ] || mv "\$path" "\$aside/\$number"
  number=\$((number + 1))
done
END
chmod +x "$settled" "$emptied"
caches="$work/uv/cache $HOME/.cache/boot"

# Starts an index with 30 ms a round trip: its address is `far`. BENCH_WHEELS names a folder that has its wheels already.
far_index() {
  local wheels=${BENCH_WHEELS:-$work/wheels}
  [ -d "$wheels" ] || "$python" -m pip download -q --only-binary :all: -d "$wheels" \
    black flake8 httpie isort mypy poetry pycln pylint ruff sphinx tox
  rm -f "$work/port"
  python3 bench/slow_index.py "$wheels" "$work/port" 30 &
  far_server=$!
  until [ -f "$work/port" ]; do sleep 0.1; done
  far=http://127.0.0.1:$(cat "$work/port")/simple
}
