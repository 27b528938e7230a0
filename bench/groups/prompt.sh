# shellcheck shell=bash disable=SC2154,SC2016
# What a prompt costs: nothing changed, among folders without a pin, in and out of a project, and the start of a shell. Each row is one shell that
# shows many prompts; the shell without any hook beside it is what has to be taken off.

mise=
if npm install --silent --prefix "$work/mise" @jdxcode/mise-linux-x64 >/dev/null 2>&1; then
  mise=$(find "$work/mise" -type f -name mise -perm -u+x -print -quit)
fi
project=$HOME/bench-project
plain=$HOME/bench-plain/a/b/c
bare=$HOME/bench-bare
mkdir -p "$project" "$plain" "$bare" "$work/prompt"
echo "$minor" >"$project/.python-version"
(cd "$project" && "$boot" -q venv)
# An environment needs no pin.
(cd "$bare" && "$boot" -q venv --python "$minor")
# What the rivals are to notice there.
echo 'export BENCH=1' >"$project/.envrc"
if command -v direnv >/dev/null; then direnv allow "$project"; fi
if [ -n "$mise" ]; then
  printf '[env]\nBENCH = "1"\n' >"$project/mise.toml"
  "$mise" trust -q "$project/mise.toml"
fi

# pyenv-virtualenv asks pyenv at every prompt.
pyenv_root=
if [ -n "$pyenv" ]; then
  pyenv_root=$(cd "$(dirname "$(readlink -f "$pyenv")")/.." && pwd)
  pyenv_root=${pyenv_root%/libexec}
  [ -d "$pyenv_root/plugins/pyenv-virtualenv" ] || pyenv_root=
fi

# The start-up file of SHELL with the hook of TOOL, and how a prompt is shown without a terminal.
hook() {
  local shell=$1 tool=$2 file=$work/prompt/$2.$1
  case $shell in
    bash) echo 'prompt() { local c; for c in "${PROMPT_COMMAND[@]}"; do eval "$c"; done; }' >"$file" ;;
    zsh) echo 'prompt() { local f; for f in $precmd_functions; do $f; done }' >"$file" ;;
    fish) echo 'function prompt; emit fish_prompt; end' >"$file" ;;
  esac
  case $tool in
    boot) "$boot" shell init "$shell" ;;
    direnv) direnv hook "$shell" ;;
    mise) "$mise" activate "$shell" ;;
    pyenv-virtualenv)
      case $shell in
        fish) printf 'set -gx PYENV_ROOT %s; fish_add_path -gP $PYENV_ROOT/bin\n' "$pyenv_root" ;;
        *) printf 'export PYENV_ROOT=%s PATH=%s/bin:$PATH\n' "$pyenv_root" "$pyenv_root" ;;
      esac
      PYENV_ROOT=$pyenv_root "$pyenv" init - "$shell"
      PYENV_ROOT=$pyenv_root "$pyenv" virtualenv-init - "$shell"
      ;;
    none) : ;;
  esac >>"$file"
}

# NAME GOAL SCRIPT RIVAL..., with SCRIPT run in each shell behind each hook.
prompts() {
  local name=$1 goal=$2 shell tool args script
  for shell in bash zsh fish; do
    command -v "$shell" >/dev/null || continue
    args=()
    for tool in boot none "${@:4}"; do
      case $tool in
        pyenv-virtualenv) [ -n "$pyenv_root" ] || continue ;;
        direnv) command -v direnv >/dev/null || continue ;;
        mise) [ -n "$mise" ] || continue ;;
      esac
      hook "$shell" "$tool"
      script=$work/prompt/$tool.$name.$shell
      { cat "$work/prompt/$tool.$shell" && "$3" "$shell"; } >"$script"
      case $shell in
        bash) args+=("$tool" "bash --norc --noprofile -i '$script'") ;;
        zsh) args+=("$tool" "zsh -f -i '$script'") ;;
        fish) args+=("$tool" "fish --no-config -i '$script'") ;;
      esac
    done
    runs=5 warmup=1 compare "$shell: $name" "$goal" "${args[@]}"
  done
}

# SHELL COUNT LINE: the line, so many times.
times() {
  case $1 in
    fish) printf 'for i in (seq %s); %s; end\n' "$2" "$3" ;;
    *) printf 'for i in {1..%s}; do %s; done\n' "$2" "$3" ;;
  esac
}
# shellcheck disable=SC2329
unchanged() { echo "cd '$project'" && echo prompt && times "$1" 200 prompt; }
# shellcheck disable=SC2329
unpinned() { echo "cd '$bare'" && echo prompt && times "$1" 200 prompt; }
# shellcheck disable=SC2329
few_unpinned() { echo "cd '$bare'" && echo prompt && times "$1" 20 prompt; }
# shellcheck disable=SC2329
nowhere() { times "$1" 100 "cd '$plain'; prompt; cd '$HOME/bench-plain'; prompt"; }
# shellcheck disable=SC2329
through() { times "$1" 20 "cd '$project'; prompt; cd '$plain'; prompt"; }
# shellcheck disable=SC2329
start() { :; }
# shellcheck disable=SC2329
few() { echo "cd '$project'" && echo prompt && times "$1" 20 prompt; }

prompts "200 prompts, nothing changed" "see an unchanged prompt" unchanged direnv mise
prompts "20 prompts, nothing changed" "see an unchanged prompt" few direnv mise pyenv-virtualenv
prompts "200 prompts, without a pin" "see an unchanged prompt without a pin" unpinned
prompts "20 prompts, without a pin" "see an unchanged prompt without a pin" few_unpinned
prompts "200 cds without a pin" "no process" nowhere direnv mise
prompts "20 times in and out" "+120 ms: 3 ms each way" through direnv mise
prompts "start" "+2 ms" start direnv mise pyenv-virtualenv

# Of 200 and 20, only the prompts differ: start-up and entering once are in both.
for shell in bash zsh fish; do
  [ -f "$results/$shell: 200 prompts, nothing changed.json" ] || continue
  printf '%s\t%s\t%s\t%s\t%s\n' "$shell: an unchanged prompt" "0.1 ms" \
    "$shell: 200 prompts, nothing changed" "$shell: 20 prompts, nothing changed" 180 >>"$results/each.tsv"
  printf '%s\t%s\t%s\t%s\t%s\n' "$shell: an unchanged prompt without a pin" "0.1 ms" \
    "$shell: 200 prompts, without a pin" "$shell: 20 prompts, without a pin" 180 >>"$results/each.tsv"
done
