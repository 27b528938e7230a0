#!/bin/sh
# Installs boot, then runs `boot ARGS` if there are any: ./install.sh init YOU
#
#   install.sh [--to DIR] [--version V] [--no-modify-path] [--dry-run] [--uninstall] [ARGS...]
#
# In a checkout that has cargo at hand boot is built from it; else the release for this machine is fetched, and checked against its
# SHA-256. Each option is also a variable: BOOT_INSTALL_TO, BOOT_INSTALL_VERSION, BOOT_INSTALL_NO_MODIFY_PATH=1,
# BOOT_INSTALL_DRY_RUN=1, BOOT_INSTALL_UNINSTALL=1; BOOT_INSTALL_URL replaces the base of downloads.
#
# All of it is one compound command: of a script that was cut off, nothing runs.
{
  set -eu

  usage() {
    cat <<'USAGE'
install.sh [OPTIONS] [ARGS...]: installs boot, then runs `boot ARGS` if there are any

  --to DIR          where the binary goes [~/.local/bin]
  --version V       the release to fetch
  --no-modify-path  leave the shells' start-up files alone
  --dry-run         say what would be done
  --uninstall       remove the binary and its hook; what it installed stays
USAGE
  }

  main() {
    [ -z "${ZSH_VERSION-}" ] || emulate sh
    umask 022
    script=$1
    shift
    release=0.1.0 # as in Cargo.toml
    base=${BOOT_INSTALL_URL:-https://github.com/boot-py/boot/releases/download}
    version=${BOOT_INSTALL_VERSION-}
    to=${BOOT_INSTALL_TO-}
    modify=yes
    dry=no
    uninstall=no
    ! is_on "${BOOT_INSTALL_NO_MODIFY_PATH-}" || modify=no
    ! is_on "${BOOT_INSTALL_DRY_RUN-}" || dry=yes
    ! is_on "${BOOT_INSTALL_UNINSTALL-}" || uninstall=yes

    while [ $# -gt 0 ]; do
      case $1 in
        --to | --version)
          [ $# -ge 2 ] || wrong "$1 needs a value"
          [ "$1" = --to ] && to=$2 || version=$2
          shift
          ;;
        --to=*) to=${1#*=} ;;
        --version=*) version=${1#*=} ;;
        --no-modify-path) modify=no ;;
        --dry-run) dry=yes ;;
        --uninstall) uninstall=yes ;;
        -h | --help)
          usage
          return 0
          ;;
        --)
          shift
          break
          ;;
        -*) wrong "install.sh has no option $1" ;;
        *) break ;;
      esac
      shift
    done

    [ -n "${HOME-}" ] || fail "HOME isn't set" "set it to your home directory: HOME=/home/you ./install.sh"
    check_owner
    [ -n "$to" ] || to=${BOOT_BIN_DIR:-${XDG_BIN_HOME:-$HOME/.local/bin}}
    case $to in
      /*) ;;
      *) to=$PWD/$to ;;
    esac
    asked=$version
    version=${version:-$release}
    version=${version#v}
    case $version in
      *[!0-9A-Za-z.+-]* | -* | .*) wrong "$version isn't a version" ;;
    esac

    if [ "$uninstall" = yes ]; then
      remove
      return 0
    fi
    check_foreign

    checkout=$(find_checkout)
    cargo=
    if [ -n "$checkout" ] && [ -z "$asked" ] && [ -z "${BOOT_INSTALL_URL-}" ]; then
      cargo=$(find_cargo)
    fi
    if [ "$dry" = yes ]; then
      if [ -n "$cargo" ]; then
        say "would build $checkout with $cargo"
      else
        find_targets
        say "would fetch $base/v$version/boot-$version-${targets%% *}.tar.gz, and check its SHA-256"
      fi
      say "would install $to/boot, and $to/bootx beside it"
      if [ $# -gt 0 ]; then
        say "would run: boot $*"
      elif [ "$modify" = yes ]; then
        say "would run: boot shell install"
      fi
      return 0
    fi

    # Beside the target: one rename publishes it, and a /tmp that runs nothing is no matter.
    mkdir -p "$to" 2>/dev/null || fail "can't create $to" "name a folder of yours: ./install.sh --to DIR"
    tmp=$(mktemp -d "$to/.boot-install.XXXXXX" 2>/dev/null) || fail "can't write into $to" "name a folder of yours: ./install.sh --to DIR"
    trap 'rm -rf "$tmp"' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM

    if [ -n "$cargo" ]; then
      build
    else
      download
    fi
    if [ -f "$to/boot" ] && cmp -s "$tmp/boot" "$to/boot"; then
      news=
    else
      chmod 755 "$tmp/boot"
      mv -f "$tmp/boot" "$to/boot" || fail "can't write $to/boot" "name another folder: ./install.sh --to DIR"
      news=yes
    fi
    rm -rf "$tmp"
    trap - EXIT HUP INT TERM

    if [ -e "$to/bootx" ] && [ "$(readlink "$to/bootx" 2>/dev/null || :)" != boot ]; then
      say "warning: $to/bootx isn't boot's, so it stays; boot tool run does what bootx would"
    fi
    # The shims are names of the file that was there before; bootx lies beside boot.
    [ $# -eq 0 ] && [ "$modify" = yes ] || "$to/boot" --quiet self link >/dev/null || say "warning: the shims may still be those of another boot"
    if [ $# -gt 0 ]; then
      [ -z "$news" ] || say "installed $("$to/boot" --version) in $to"
      exec "$to/boot" "$@"
    fi
    [ "$modify" = no ] || "$to/boot" --quiet shell install
    say "$("$to/boot" --version) is in $to"
    if [ "$modify" = yes ]; then
      say "next: open a new shell, then boot init YOU, or boot python install 3.11"
    else
      say "next: put $to on your PATH, then boot init YOU, or boot python install 3.11"
    fi
  }

  say() {
    printf '%s\n' "$*" >&2
  }

  fail() {
    printf 'error: %s\n' "$@" | sed '2,$s/^error: //' >&2
    exit 1
  }

  wrong() {
    printf 'error: %s\n' "$1" >&2
    say "./install.sh --help shows what there is"
    exit 2
  }

  is_on() {
    [ -n "$1" ] && [ "$1" != 0 ]
  }

  has() {
    command -v "$1" >/dev/null 2>&1
  }

  # With sudo and the caller's HOME, everything would belong to root in somebody else's home directory.
  check_owner() {
    [ "$(id -u)" = 0 ] || return 0
    [ -z "$(find "$HOME" -prune -user 0 2>/dev/null)" ] || return 0
    if [ -n "${SUDO_USER-}${DOAS_USER-}" ]; then
      fail "HOME is $HOME, which isn't root's" "run it as yourself, without sudo; for root: sudo -H ./install.sh"
    fi
    say "warning: HOME is $HOME, which isn't root's; what is made there will be"
  }

  # Another program may be called boot: it stays.
  check_foreign() {
    [ -e "$to/boot" ] || [ -L "$to/boot" ] || return 0
    if [ -f "$to/boot" ] && [ -x "$to/boot" ]; then
      case $("$to/boot" --version 2>/dev/null </dev/null || :) in
        "boot "[0-9]*.[0-9]*) return 0 ;;
      esac
    fi
    fail "$to/boot is there, and isn't this boot" "move it away, or name another folder: ./install.sh --to DIR"
  }

  remove() {
    if [ ! -e "$to/boot" ]; then
      say "there is no $to/boot: nothing to do"
      return 0
    fi
    check_foreign
    if [ "$dry" = yes ]; then
      say "would run: boot shell uninstall"
      say "would remove $to/boot"
      return 0
    fi
    "$to/boot" --quiet shell uninstall || say "warning: the hook may still be in your shells' start-up files"
    [ "$(readlink "$to/bootx" 2>/dev/null || :)" != boot ] || rm -f "$to/bootx"
    rm -f "$to/boot" || fail "can't remove $to/boot"
    say "removed $to/boot and its hook"
    say "Pythons, tools and environments stay in ${BOOT_DATA_DIR:-${XDG_DATA_HOME:-$HOME/.local/share}/boot}; delete it if you don't want them"
  }

  # The checkout that this script lies in; nothing when it came through a pipe.
  find_checkout() {
    [ -f "$script" ] || return 0
    here=$(CDPATH='' cd -- "$(dirname -- "$script")" && pwd -P) || return 0
    [ -f "$here/Cargo.toml" ] && grep -q '^name = "boot"$' "$here/Cargo.toml" || return 0
    printf '%s\n' "$here"
  }

  find_cargo() {
    if has cargo; then
      command -v cargo
    elif [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
      printf '%s\n' "${CARGO_HOME:-$HOME/.cargo}/bin/cargo"
    fi
  }

  build() {
    out=${CARGO_TARGET_DIR:-target}
    say "building boot from $checkout; the first time takes a few minutes"
    (
      cd "$checkout" && unset CARGO_BUILD_TARGET &&
        "$cargo" build --release --locked --target-dir "$out" --bin boot >&2 &&
        cp "$out/release/boot" "$tmp/boot"
    ) || fail "boot could not be built" "cargo says why above; ./install.sh --version $release fetches a release instead"
  }

  # What this machine can run, the best first: a static musl binary runs on glibc too.
  find_targets() {
    machine=$(uname -m)
    case $(uname -s) in
      Darwin)
        # Under Rosetta uname says what the translated process is to believe.
        [ "$(sysctl -n sysctl.proc_translated 2>/dev/null || :)" != 1 ] || machine=arm64
        system=apple-darwin
        ;;
      Linux)
        [ "$(getconf LONG_BIT 2>/dev/null || :)" != 32 ] ||
          fail "this is a 32-bit system on a $machine machine" "boot needs a 64-bit one, as its Pythons do"
        if ldd --version 2>&1 | grep -qi musl; then system=unknown-linux-musl; else system=unknown-linux-gnu; fi
        ;;
      *) fail "boot doesn't run on $(uname -s)" "it runs on Linux and macOS, and on Windows in WSL" ;;
    esac
    case $machine in
      x86_64 | amd64) machine=x86_64 ;;
      aarch64 | arm64) machine=aarch64 ;;
      *) fail "boot doesn't run on $machine" "it runs on x86-64 and arm64" ;;
    esac
    targets=$machine-$system
    [ "$system" != unknown-linux-gnu ] || targets="$targets $machine-unknown-linux-musl"
  }

  download() {
    find_targets
    case $base in
      https://* | file:///*) ;;
      http://localhost[:/]* | http://127.0.0.1[:/]* | "http://[::1]"[:/]*) ;;
      *) fail "BOOT_INSTALL_URL is $base" "give it an https address" ;;
    esac
    base=${base%/}
    fetch "$base/v$version/SHA256SUMS" "$tmp/sums"
    tried=
    for target in $targets; do
      name=boot-$version-$target
      sum=$(awk -v file="$name.tar.gz" '$2 == file || $2 == "*" file { print $1; exit }' "$tmp/sums")
      [ -n "$sum" ] || continue
      tried=yes
      fetch "$base/v$version/$name.tar.gz" "$tmp/$name.tar.gz"
      found=$(sha256 "$tmp/$name.tar.gz")
      if [ "$found" != "$sum" ]; then
        fail "$name.tar.gz isn't what it should be: its SHA-256 is $found," "it should be $sum; nothing was installed" "run this again; if it stays so, tell us"
      fi
      tar -xzf "$tmp/$name.tar.gz" -C "$tmp" "$name/boot" || fail "$name.tar.gz can't be unpacked" "are tar and gzip there?"
      # An older glibc than the builder's shows here.
      if "$tmp/$name/boot" --version >/dev/null 2>&1; then
        mv "$tmp/$name/boot" "$tmp/boot"
        return 0
      fi
    done
    [ -z "$tried" ] || fail "the release $version doesn't run on this machine ($targets)" "build it: git clone, then ./install.sh in the checkout, with cargo"
    fail "the release $version has nothing for this machine ($targets)" "build it: git clone, then ./install.sh in the checkout, with cargo"
  }

  # fetch URL FILE
  fetch() {
    case $1 in
      file://*)
        cp "${1#file://}" "$2" 2>/dev/null || fail "there is no ${1#file://}"
        return 0
        ;;
      https://*) protocols='=https' ;;
      *) protocols='=http,https' ;;
    esac
    if has curl; then
      curl --proto "$protocols" --tlsv1.2 --fail --silent --show-error --location --retry 3 --output "$2" "$1" >&2 && return 0
    elif has wget; then
      if wget --help 2>&1 | grep -q secure-protocol; then
        wget --quiet --secure-protocol=TLSv1_2 --tries=3 --output-document="$2" "$1" && return 0
      else
        wget -q -O "$2" "$1" && return 0
      fi
    else
      fail "neither curl nor wget is there" "install one of them, or build from a checkout with cargo"
    fi
    fail "can't fetch $1" "is the network there? behind a proxy, set HTTPS_PROXY; BOOT_INSTALL_URL names another place"
  }

  # Without a way to check there is no installing.
  sha256() {
    if has sha256sum; then
      sha256sum "$1" | cut -d ' ' -f 1
    elif has shasum; then
      shasum -a 256 "$1" | cut -d ' ' -f 1
    elif has openssl; then
      openssl dgst -sha256 "$1" | sed 's/^.*= *//'
    else
      fail "there is no sha256sum, shasum or openssl to check the download with" "install one of them; nothing was installed"
    fi
  }

  main "$0" "$@"
}
