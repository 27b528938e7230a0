#!/bin/sh
# Codespaces, devcontainers and Gitpod run this in a fresh clone of the dotfiles repository. Written by boot init --entry-script.
#
# No terminal, a bare PATH, and minutes at most: what isn't done in time goes on in the background. What failed is tried again, and
# running this again does only what is missing.
set -eu

# Seconds until the container may go on, tries, and seconds between them.
limit=${BOOT_ENTRY_LIMIT:-100}
tries=${BOOT_ENTRY_TRIES:-3}
pause=${BOOT_ENTRY_PAUSE:-5}
installer='@INSTALLER@'

main() {
  here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
  state=${XDG_STATE_HOME:-$HOME/.local/state}/boot
  mkdir -p "$state"
  log=$state/entry.log
  rm -f "$state/entry.done"
  # Also outlives the shell that started it.
  (
    trap '' HUP
    work
  ) >"$log" 2>&1 </dev/null &
  waited=0
  while [ "$waited" -lt "$limit" ]; do
    if [ -f "$state/entry.done" ]; then
      code=$(cat "$state/entry.done")
      cat "$log"
      exit "$code"
    fi
    sleep 1
    waited=$((waited + 1))
  done
  echo "boot goes on in the background: $log"
}

work() {
  code=1
  while [ "$tries" -gt 0 ]; do
    tries=$((tries - 1))
    if once; then
      code=0
      break
    fi
    [ "$tries" -eq 0 ] || sleep "$pause"
  done
  echo "$code" >"$state/entry.new"
  mv -f "$state/entry.new" "$state/entry.done"
}

once() {
  PATH=${BOOT_BIN_DIR:-$HOME/.local/bin}:$PATH
  if ! command -v boot >/dev/null 2>&1; then
    fetched=$(mktemp) || return 1
    if fetch "$fetched" && sh "$fetched"; then
      rm -f "$fetched"
    else
      rm -f "$fetched"
      return 1
    fi
  fi
  boot init "$here" --yes --on-conflict backup
}

fetch() {
  if command -v curl >/dev/null 2>&1; then
    curl --fail --silent --show-error --location --retry 3 --output "$1" "$installer"
  else
    wget -q -O "$1" "$installer"
  fi
}

{ main "$@"; }
