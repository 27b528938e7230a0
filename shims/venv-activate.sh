# shellcheck shell=sh
# Activates this virtual environment in bash, zsh and other descendants of sh. It must be sourced, not run: `. bin/activate`.
# `deactivate` undoes it, and nothing more than it.

# Where boot's hook is live and this is the environment that belongs here, the hook activates it, and takes it off elsewhere.
if ! command -v __boot_take >/dev/null 2>&1 || ! __boot_take '@VIRTUAL_ENV@'; then

  # Ends what is active. pyenv-virtualenv has a program of that name, which would end this shell where it has errexit.
  case $(LC_ALL=C command -V deactivate 2>/dev/null || :) in
    "deactivate is a function"* | "deactivate is a shell function"* | "deactivate: "*function*)
      deactivate nondestructive || :
      ;;
  esac

  deactivate() {
    if [ -n "${VIRTUAL_ENV-}" ]; then
      __venv_path=":${PATH-}:"
      case $__venv_path in
        *":$VIRTUAL_ENV/bin:"*)
          __venv_path="${__venv_path%%":$VIRTUAL_ENV/bin:"*}:${__venv_path#*":$VIRTUAL_ENV/bin:"}"
          __venv_path=${__venv_path#:}
          PATH=${__venv_path%:}
          ;;
      esac
    fi
    if [ -n "${__venv_shown-}" ]; then
      PS1=${PS1#"$__venv_shown"}
    fi
    unset VIRTUAL_ENV VIRTUAL_ENV_PROMPT __venv_path __venv_shown
    hash -r 2>/dev/null || :
    if [ "${1-}" != nondestructive ]; then
      unset -f deactivate
    fi
  }

  VIRTUAL_ENV='@VIRTUAL_ENV@'
  VIRTUAL_ENV_PROMPT='@PROMPT@'
  PATH="$VIRTUAL_ENV/bin:${PATH-}"
  export VIRTUAL_ENV VIRTUAL_ENV_PROMPT PATH
  __venv_shown=
  if [ -z "${VIRTUAL_ENV_DISABLE_PROMPT-}" ] && [ -n "${PS1-}" ]; then
    # Only harmless characters: a prompt is expanded each time it is shown.
    __venv_shown='@SHOWN@'
    PS1="$__venv_shown$PS1"
  fi
  hash -r 2>/dev/null || :
fi
