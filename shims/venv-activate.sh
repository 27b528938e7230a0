# shellcheck shell=sh
# Activates this virtual environment in bash, zsh and other descendants of sh: `. bin/activate`.
# `deactivate` undoes it, and nothing more than it.

# Ends what is active, boot's own activation of this environment included.
if command -v deactivate >/dev/null 2>&1; then
  deactivate nondestructive
fi

deactivate() {
  __venv_path=":${PATH-}:"
  case $__venv_path in
    *":${VIRTUAL_ENV-}/bin:"*)
      __venv_path="${__venv_path%%":$VIRTUAL_ENV/bin:"*}:${__venv_path#*":$VIRTUAL_ENV/bin:"}"
      __venv_path=${__venv_path#:}
      PATH=${__venv_path%:}
      ;;
  esac
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
if [ -z "${VIRTUAL_ENV_DISABLE_PROMPT-}" ] && [ -n "${PS1-}" ]; then
  # Only harmless characters: a prompt is expanded each time it is shown.
  __venv_shown='@SHOWN@'
  PS1="$__venv_shown$PS1"
fi
hash -r 2>/dev/null || :
