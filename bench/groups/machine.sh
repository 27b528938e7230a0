# shellcheck shell=bash disable=SC2154
# A machine from an empty HOME, on a mirror and an index on loopback: two Pythons, ten tools with three injects, dotfiles, the hook, by one
# `boot init` from a lock; beside it the Pythons and the tools alone, by uv's commands in a row. Then the same again, with nothing to do.

tools=(black flake8 isort httpie pylint poetry cookiecutter yamllint)
injects=(furo sphinx-copybutton flake8-bugbear)
served=$work/machine
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
# The second Python is the one that all groups run on, packed again.
mapfile -t prefix < <("$python" -c 'import platform, sys; print(sys.base_prefix, platform.python_version(), sep="\n")')
if [ "$(uname -sm)" = "Linux x86_64" ] && python3 bench/archive.py "$served" "http://127.0.0.1:$port" "${prefix[@]}"; then
  python3 -m http.server --bind 127.0.0.1 --directory "$served" "$port" >/dev/null 2>&1 &
  server=$!
  until python3 -c "import socket; socket.create_connection(('127.0.0.1', $port))" 2>/dev/null; do sleep 0.1; done
  # What these tools need depends on the Python: it fetches them itself.
  own="env BOOT_DATA_DIR=$work/own BOOT_PYTHON_MIRROR=http://127.0.0.1:$port BOOT_PYTHON_CATALOG=$served/catalog.tsv $boot -q"
  $own python install 3.9.13
  # What a lock for the platform names, which is to run on older machines than this one too.
  "$($own python find 3.9.13)" -m pip download -q --only-binary :all: --platform manylinux_2_28_x86_64 --platform manylinux2014_x86_64 \
    --dest "$served/files" "${tools[@]}" "${injects[@]}" sphinx pipdeptree
  # A folder for each package with a page in it: all that an index is.
  python3 - "$served" <<'PY'
import hashlib, pathlib, re, sys
root = pathlib.Path(sys.argv[1])
pages = {}
for file in sorted((root / "files").iterdir()):
    name = re.sub(r"[-_.]+", "-", file.name.split("-")[0]).lower()
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    pages.setdefault(name, []).append(f'<a href="../../files/{file.name}#sha256={digest}">{file.name}</a><br>')
for name, lines in pages.items():
    page = root / "simple" / name / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("<!DOCTYPE html>\n" + "\n".join(lines) + "\n")
PY
  mkdir -p "$served/dots/home"
  {
    printf 'version = 1\n[python]\ninstall = ["3.9", "%s"]\n[tools]\n' "${prefix[1]}"
    for tool in "${tools[@]}"; do [ "$tool" = flake8 ] || printf '%s = "*"\n' "$tool"; done
    printf 'flake8 = { inject = ["flake8-bugbear"] }\nsphinx = { inject = ["furo", "sphinx-copybutton"] }\npipdeptree = "*"\n'
    printf '[dotfiles]\n[shell]\nhook = true\n'
  } >"$served/dots/boot.toml"
  for rc in .examplerc .config/example/rc; do
    mkdir -p "$(dirname "$served/dots/home/$rc")"
    echo example >"$served/dots/home/$rc"
  done
  ours="env -u BOOT_DATA_DIR HOME=$work/box SHELL=/bin/bash BOOT_PYTHON_MIRROR=http://127.0.0.1:$port"
  ours+=" BOOT_PYTHON_CATALOG=$served/catalog.tsv BOOT_INDEX_URL=http://127.0.0.1:$port/simple $boot -q"
  theirs="env HOME=$work/box UV_PYTHON_INSTALL_BIN=0 UV_DEFAULT_INDEX=http://127.0.0.1:$port/simple $uv -q"
  row="$theirs python install --python-downloads-json-url $served/downloads.json 3.9.13 ${prefix[1]}"
  for tool in "${tools[@]}" pipdeptree; do
    [ "$tool" = flake8 ] || row+=" && $theirs tool install --python 3.9 $tool"
  done
  row+=" && $theirs tool install --python 3.9 flake8 --with flake8-bugbear"
  row+=" && $theirs tool install --python 3.9 sphinx --with furo --with sphinx-copybutton"
  # The lock is made once, and is part of the repository.
  mkdir -p "$work/box" && $ours init "$served/dots" --yes
  $ours lock --check
  # The bytecode that boot leaves to a process in the background is done before what is measured next. Moved aside, not deleted: see tools.bash.
  mkdir -p "$work/aside"
  cat >"$work/bare" <<END
#!/bin/sh
while pgrep -f '^$work/box/.local/share/boot/tools/[^ ]*/bin/python -I -S -c' >/dev/null; do sleep 0.02; done
[ ! -e $work/box ] || mv $work/box \$(mktemp -d $work/aside/XXXXXX)/box
END
  chmod +x "$work/bare"
  prepare=$work/bare warmup=1 runs=5 compare "a machine from an empty HOME" "0.4 of uv" \
    "boot init, from a lock" "sh -c 'mkdir -p $work/box && $ours init $served/dots --yes'" \
    "uv python install and ten uv tool install" "sh -c 'mkdir -p $work/box && $row'"
  "$work/bare" && mkdir -p "$work/box" && $ours init "$served/dots" --yes
  kill "$server"
  # Nobody answers any more, and nobody is asked.
  warmup=3 runs=50 compare "the same machine, nothing to do" "30 ms" \
    "boot apply" "$ours apply"
else
  echo "bench: no genuine archive here, so the machine is left out" >&2
fi
