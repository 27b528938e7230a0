# shellcheck shell=bash disable=SC2154
# Installing a prebuilt CPython (a genuine archive, from loopback): fetched, checked, unpacked, patched; boot's has passed its self-test, too.

mirror=$work/mirror
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
if [ "$(uname -sm)" = "Linux x86_64" ] && python3 bench/archive.py "$mirror" "http://127.0.0.1:$port"; then
  python3 -m http.server --bind 127.0.0.1 --directory "$mirror" "$port" >/dev/null 2>&1 &
  server=$!
  until python3 -c "import socket; socket.create_connection(('127.0.0.1', $port))" 2>/dev/null; do sleep 0.1; done
  ours="env BOOT_DATA_DIR=$work/fetched/boot BOOT_CACHE_DIR=$work/fetched/boot-cache BOOT_PYTHON_MIRROR=http://127.0.0.1:$port"
  ours+=" BOOT_PYTHON_CATALOG=$mirror/catalog.tsv $boot -q python install --prebuilt 3.9.13"
  theirs="env UV_PYTHON_INSTALL_DIR=$work/fetched/uv UV_CACHE_DIR=$work/fetched/uv-cache UV_PYTHON_INSTALL_BIN=0"
  theirs+=" $uv -q python install --python-downloads-json-url $mirror/downloads.json 3.9.13"
  prepare="rm -rf $work/fetched" warmup=1 compare "a prebuilt Python from loopback" "0.8 of uv" \
    "boot python install" "$ours" \
    "uv python install" "$theirs"
  kill "$server"
else
  echo "bench: no genuine archive here, so its install is left out" >&2
fi
