# shellcheck shell=bash disable=SC2154
# boot's hook for bash, 3.2 and newer: puts boot's commands on PATH, and a project's virtual environment while you are in it.
#
# At a prompt where nothing has changed it only looks: builtins, no process. When a pin, an environment or the project
# has changed it asks boot once, which answers with calls of the functions below, every value quoted. No alias, no trap,
# no wrapped cd; PS1 is never touched; `$?` stays what it was. Leaving removes what entering added, and nothing else.
#
# `boot shell init bash` sets these before it: __boot_bin, boot itself; __boot_shims and __boot_tools, the folders for
# PATH; __boot_stamp, a file whose content changes with what is installed and trusted.

# Takes the first mention of folder $1 out of PATH. Lengths are compared, because nocasematch changes comparisons.
__boot_drop() {
  local all=":${PATH-}:" after
  after=${all#*":$1:"}
  if [ "${#after}" -eq "${#all}" ]; then
    return 0
  fi
  all=${all%%":$1:"*}:$after
  all=${all#:}
  PATH=${all%:}
}

__boot_front() {
  __boot_drop "$1"
  PATH=$1${PATH:+:$PATH}
  export PATH
}

# What there is to go by: each pin from here to the root with its content, and whether an environment stands beside it.
# Empty without a pin. Folders without one are asked once each.
__boot_see() {
  local folder=${PWD%/} text
  __boot_now=
  while :; do
    if [ -e "$folder/.python-version" ]; then
      text=
      if [ -f "$folder/.python-version" ] && [ -r "$folder/.python-version" ]; then
        IFS= builtin read -r -d '' -n 4097 text <"$folder/.python-version" || :
      fi
      __boot_now="$__boot_now$folder/$text/"
      if [ -e "$folder/.venv/bin/python" ]; then
        __boot_now="$__boot_now+"
      elif [ -e "$folder/.venv" ] || [ -L "$folder/.venv" ]; then
        __boot_now="$__boot_now?"
      fi
    fi
    case $folder in
      */*) folder=${folder%/*} ;;
      *) break ;;
    esac
  done
  if [ -n "$__boot_now" ] && [ -r "$__boot_stamp" ]; then
    text=
    IFS= builtin read -r text <"$__boot_stamp" || :
    __boot_now="$__boot_now$text"
  fi
}

# boot answers: activate the environment $1, shown as $2.
__boot_use() {
  __boot_leave
  PATH=$1/bin${PATH:+:$PATH}
  VIRTUAL_ENV=$1
  VIRTUAL_ENV_PROMPT=$2
  __BOOT_ACTIVE=$1
  export PATH VIRTUAL_ENV VIRTUAL_ENV_PROMPT __BOOT_ACTIVE
  if ! builtin declare -F deactivate >/dev/null; then
    __boot_gave_deactivate=1
    # shellcheck disable=SC2317
    deactivate() {
      __boot_leave
      if [ "${1-}" != nondestructive ]; then
        __boot_held=$PWD
      fi
    }
  fi
}

# boot answers, or we know: nothing of boot's belongs here.
__boot_leave() {
  if [ -n "${__BOOT_ACTIVE-}" ]; then
    __boot_drop "$__BOOT_ACTIVE/bin"
    if [ "${VIRTUAL_ENV-}" = "$__BOOT_ACTIVE" ]; then
      unset VIRTUAL_ENV VIRTUAL_ENV_PROMPT
    fi
    unset __BOOT_ACTIVE
  fi
  if [ -n "${__boot_gave_deactivate-}" ]; then
    unset __boot_gave_deactivate
    unset -f deactivate
  fi
}

# boot answers: the environment was made just now, which isn't a change to ask about again.
__boot_settle() {
  __boot_see
  __boot_seen=$__boot_now
}

__boot_look() {
  local lines
  if [ -n "${VIRTUAL_ENV-}" ] && [ "$VIRTUAL_ENV" != "${__BOOT_ACTIVE-}" ]; then
    # Activated by hand: not ours to touch. What we had added steps aside; its own deactivate may bring that back on PATH.
    if [ -n "${__BOOT_ACTIVE-}" ]; then
      __boot_drop "$__BOOT_ACTIVE/bin"
    fi
    unset __boot_gave_deactivate
    __boot_seen=foreign
    return 0
  fi
  if [ -z "${VIRTUAL_ENV-}" ] && { [ -n "${__BOOT_ACTIVE-}" ] || [ "${__boot_seen-}" = foreign ]; }; then
    # Deactivated by other means than ours: that holds like our own.
    __boot_leave
    if [ -n "${__boot_seen-}" ]; then
      __boot_held=$PWD
      unset __boot_seen
    fi
  fi
  if [ -n "${__boot_held-}" ]; then
    if [ "$__boot_held" = "$PWD" ]; then
      return 0
    fi
    unset __boot_held __boot_seen
  fi
  __boot_see
  if [ -z "$__boot_now" ]; then
    unset __boot_seen
    __boot_leave
    return 0
  fi
  if [ "$__boot_now" = "${__boot_seen-}" ]; then
    return 0
  fi
  __boot_seen=$__boot_now
  if [ ! -x "$__boot_bin" ]; then
    __boot_leave
    return 0
  fi
  lines=$(exec "$__boot_bin" shell enter bash "$PWD" "${__boot_told-}" </dev/null) || :
  builtin eval "$lines"
}

# Runs at each prompt, before what else does, which finds `$?` as it was. With errexit that would end the shell.
__boot_prompt() {
  local ended=$?
  __boot_look || :
  case $- in
    *e*) return 0 ;;
  esac
  return "$ended"
}

# The first <Tab> after `boot` fetches the completions; 124 has bash ask again. Starting a shell shouldn't wait for them.
__boot_complete() {
  complete -r boot
  builtin eval "$(exec "$__boot_bin" completions bash 2>/dev/null)"
  return 124
}

# The folders stay where they are if they are ahead of the system's, in this order: then somebody has decided so.
case :${PATH-}: in
  *":$__boot_shims:$__boot_tools:"*"/usr/bin:"*) ;;
  *)
    __boot_front "$__boot_tools"
    __boot_front "$__boot_shims"
    if [ -n "${__BOOT_ACTIVE-}" ] && [ "${VIRTUAL_ENV-}" = "$__BOOT_ACTIVE" ]; then
      __boot_front "$VIRTUAL_ENV/bin"
    fi
    ;;
esac

# PROMPT_COMMAND may be unset, a string or an array; assigning to it without an index is right for each.
case $- in
  *i*)
    case "${PROMPT_COMMAND[*]-}" in
      *__boot_prompt*) ;;
      *)
        # shellcheck disable=SC2178,SC2128
        PROMPT_COMMAND="__boot_prompt${PROMPT_COMMAND:+;$PROMPT_COMMAND}"
        complete -F __boot_complete boot
        ;;
    esac
    ;;
esac
