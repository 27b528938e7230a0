# shellcheck shell=bash disable=SC2154
# boot's hook for bash, 3.2 and newer: puts boot's commands on PATH, and a project's virtual environment while you are in it.
#
# At a prompt where nothing has changed it only looks: builtins, no process. When a pin, an environment or the project
# has changed it asks boot once, which answers with calls of the functions below, every value quoted. No alias, no trap,
# no wrapped cd; PS1 is never touched; `$?` stays what it was. Leaving removes what entering added, and nothing else.
# Written for every option that a shell may have; `set -k` is why no variable is made local and set in one command, and nocasematch
# why texts are compared by [ and not by the faster [[.
#
# `boot shell init bash` sets these before it: __boot_bin, boot itself; __boot_shims and __boot_tools, the folders for
# PATH; __boot_stamp, a file whose content changes with what is installed and trusted.

# Takes the first mention of folder $1 out of PATH. Lengths are compared, because nocasematch changes comparisons.
__boot_drop() {
  \local all after
  all=":${PATH-}:"
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
  \export PATH
}

# What there is to go by: each pin from here to the root with its content, and what stands beside it as an environment.
# Empty without a pin. Folders without one are asked once each.
__boot_see() {
  # IFS before each read would cost more.
  \local folder text stands IFS
  IFS=
  if [ "${PWD-}/" != "${__boot_walked-}" ]; then
    __boot_walked=${PWD-}/
    folder=${PWD-}
    folder=${folder%/}
    __boot_folders=()
    while :; do
      __boot_folders+=("$folder")
      case $folder in
        */*) folder=${folder%/*} ;;
        *) break ;;
      esac
    done
  fi
  __boot_pins=
  stands=
  for folder in "${__boot_folders[@]}"; do
    if [[ -e $folder/.python-version ]]; then
      text=
      if [[ -f $folder/.python-version && -r $folder/.python-version ]]; then
        # Ends at a NUL, which makes it no pin: boot reads nothing behind one either.
        \builtin read -r -d '' -n 4097 text <"$folder/.python-version" && text="$text/NUL"
      fi
      __boot_pins="$__boot_pins$folder/$text/"
      if [[ ! -L $folder/.venv && -e $folder/.venv/bin/python ]]; then
        stands="$stands+"
      elif [[ -L $folder/.venv ]]; then
        stands="$stands@"
      elif [[ -e $folder/.venv ]]; then
        stands="$stands?"
      else
        stands="$stands-"
      fi
    fi
  done
  __boot_now=
  if [[ -n $__boot_pins ]]; then
    text=
    if [[ -r $__boot_stamp ]]; then
      \builtin read -r text <"$__boot_stamp" || :
    fi
    __boot_now="$__boot_pins$stands$text"
  fi
}

# Whether the environment that boot saw is still that one: its mark has the time that the folder had. Another folder in its place has
# another time, older or newer.
__boot_same() {
  if [[ -n ${__BOOT_ACTIVE-} && ! -e $__BOOT_ACTIVE/bin/python ]]; then
    return 1
  fi
  # A folder that isn't there any more is older than its mark.
  [[ -z ${__boot_mark-} || -e $__boot_mark && ! $__boot_marked -nt $__boot_mark && ! $__boot_marked -ot $__boot_mark ]]
}

# Makes PATH right again after somebody put back an older one: of all that this shell ever added, it holds what is active now.
__boot_restore() {
  \local rest one
  rest=${__boot_past-}
  while [ -n "$rest" ]; do
    one=${rest%%:*}
    rest=${rest#*:}
    if [ "$one" != "${__boot_used-}/bin" ]; then
      __boot_drop "$one"
    fi
  done
  if [ -n "${__boot_used-}" ]; then
    case :${PATH-}: in
      *":$__boot_used/bin:"*) ;;
      *) __boot_front "$__boot_used/bin" ;;
    esac
  fi
}

# boot answers: activate the environment $1, shown as $2.
__boot_use() {
  if [ "${__boot_used-}" = "$1" ] && [ "${__BOOT_ACTIVE-}" = "$1" ]; then
    # It is on PATH, where the user may have put other folders before it.
    VIRTUAL_ENV_PROMPT=$2
    return 0
  fi
  __boot_leave
  PATH=$1/bin${PATH:+:$PATH}
  VIRTUAL_ENV=$1
  VIRTUAL_ENV_PROMPT=$2
  __BOOT_ACTIVE=$1
  __boot_used=$1
  case :${__boot_past-} in
    *":$1/bin:"*) ;;
    *) __boot_past=$1/bin:${__boot_past-} ;;
  esac
  # What pyenv-virtualenv compares: it needn't look again.
  _PYENV_VH_VENV=$1
  \export PATH VIRTUAL_ENV VIRTUAL_ENV_PROMPT __BOOT_ACTIVE
  if ! \builtin declare -F deactivate >/dev/null; then
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
      \unset VIRTUAL_ENV VIRTUAL_ENV_PROMPT
    fi
    \unset __BOOT_ACTIVE
  fi
  \unset __boot_used
  if [ -n "${__boot_gave_deactivate-}" ]; then
    \unset __boot_gave_deactivate
    \unset -f deactivate
  fi
}

# boot answers: folder $1 had the time that the file $2 has.
__boot_watch() {
  __boot_marked=$1
  __boot_mark=$2
}

# boot answers: the environment was made just now, which isn't a change to ask about again.
__boot_settle() {
  \local pins
  pins=$__boot_pins
  __boot_see
  if [ "$pins" = "$__boot_pins" ]; then
    __boot_seen=$__boot_now
  fi
}

# Something in the shell has changed since the last prompt: the folder, what is active, or what others say ($1). Sets __boot_out where boot
# stays out of it.
__boot_turn() {
  \local stood managed
  stood=${__boot_stood-}
  managed=${__boot_managed-}
  __boot_stood=${PWD-}
  __boot_managed=$1
  if [ "$managed" != "$__boot_managed" ]; then
    __boot_restore
  fi
  if [ -n "${VIRTUAL_ENV-}" ] && [ "$VIRTUAL_ENV" != "${__BOOT_ACTIVE-}" ]; then
    # Activated by hand: not ours to touch. What we had added steps aside; its own deactivate may bring that back on PATH.
    if [ -n "${__BOOT_ACTIVE-}" ]; then
      __boot_drop "$__BOOT_ACTIVE/bin"
    fi
    \unset __boot_gave_deactivate __boot_used
    __boot_seen=foreign
    __boot_out=1
    return 0
  fi
  if [ -z "${VIRTUAL_ENV-}" ] && { [ -n "${__BOOT_ACTIVE-}" ] || [ "${__boot_seen-}" = foreign ]; }; then
    # Deactivated by other means than ours: that holds like our own, unless one of the others did it for a change of the directory, or
    # pyenv-virtualenv because it isn't one of its own.
    if [ -z "${PYENV_VIRTUALENV_INIT-}" ] || [ -z "${__BOOT_ACTIVE-}" ]; then
      if [ "$stood" = "$__boot_stood" ] || [ "$managed" = "$__boot_managed" ]; then
        __boot_held=$__boot_stood
      fi
    fi
    __boot_leave
    \unset __boot_seen
  fi
  if [ -n "${__boot_held-}" ]; then
    if [ "$__boot_held" = "$__boot_stood" ]; then
      __boot_out=1
      return 0
    fi
    \unset __boot_held __boot_seen
  fi
}

# Goes by the pins and environments there are.
__boot_follow() {
  \local lines
  __boot_see
  if [ -z "$__boot_now" ]; then
    if [ -n "${__boot_seen-}${__BOOT_ACTIVE-}" ]; then
      \unset __boot_seen __boot_mark
      __boot_leave
    fi
    return 0
  fi
  if [ "$__boot_now" = "${__boot_seen-}" ] && __boot_same; then
    return 0
  fi
  __boot_seen=$__boot_now
  \unset __boot_mark
  if [ ! -x "$__boot_bin" ]; then
    __boot_leave
    return 0
  fi
  lines=$(exec "$__boot_bin" shell enter bash "$PWD" "${__boot_told-}" </dev/null) || lines=__boot_leave
  \builtin eval "$lines"
}

# Whether all is as it was when boot was asked last.
__boot_settled() {
  __boot_see
  [ "$__boot_now" = "${__boot_seen-}" ] && { [ -n "$__boot_now" ] || [ -z "${__BOOT_ACTIVE-}" ]; } && __boot_same
}

__boot_look() {
  # What others that activate at a prompt keep for themselves. They put back a PATH of their own: as it was before we came or left.
  __boot_others=${DIRENV_DIFF-}${__MISE_DIFF-}${PYENV_VIRTUAL_ENV-}
  if [ "${PWD-} ${VIRTUAL_ENV-} ${__BOOT_ACTIVE-} $__boot_others" = "${__boot_state-}" ]; then
    if [ -n "$__boot_out" ] || __boot_settled; then
      return 0
    fi
  else
    __boot_out=
    __boot_turn "$__boot_others"
  fi
  if [ -z "$__boot_out" ]; then
    __boot_follow
  fi
  __boot_state="${PWD-} ${VIRTUAL_ENV-} ${__BOOT_ACTIVE-} $__boot_others"
}

# Runs at each prompt, ahead of what shows one; each finds `$?` as it was. With errexit that would end the shell.
__boot_prompt() {
  __boot_ended=$?
  case $- in
    *[eExT]*) ;;
    *)
      # As nearly always: nothing would hear of a failure.
      __boot_look
      return "$__boot_ended"
      ;;
  esac
  case $- in
    # Nobody debugs this: quiet until it returns, where bash can (4.4 and newer).
    *x*) { local - && set +x; } 2>/dev/null ;;
  esac
  __boot_look || :
  case $- in
    *e*) return 0 ;;
  esac
  return "$__boot_ended"
}

# The first <Tab> after `boot` fetches the completions; 124 has bash ask again. Starting a shell shouldn't wait for them.
__boot_complete() {
  \builtin complete -r boot
  \builtin eval "$(exec "$__boot_bin" completions bash 2>/dev/null)"
  return 124
}

# With allexport a nested shell inherits the word, and not the folders.
\unset __boot_walked

# The folders stay where they are if they are ahead of the system's, in this order: then somebody has decided so.
case ":${PATH-}:" in
  *":/usr/bin:"*":$__boot_shims:$__boot_tools:"*) __boot_ahead= ;;
  *":$__boot_shims:$__boot_tools:"*) __boot_ahead=1 ;;
  *) __boot_ahead= ;;
esac
case $__boot_ahead in
  '')
    __boot_front "$__boot_tools"
    __boot_front "$__boot_shims"
    if [ -n "${__BOOT_ACTIVE-}" ] && [ "${VIRTUAL_ENV-}" = "$__BOOT_ACTIVE" ]; then
      __boot_front "$VIRTUAL_ENV/bin"
    fi
    ;;
esac
unset __boot_ahead

# PROMPT_COMMAND may be unset, a string or an array. As an element of an array, which bash 5.1 and newer know, each command finds `$?` and
# PIPESTATUS as they were. Ours comes first, so that prompts show what it did; but after those who put back a PATH of their own.
__boot_join() {
  \local name commands
  commands=("${PROMPT_COMMAND-}")
  if [ "${BASH_VERSINFO[0]}${BASH_VERSINFO[1]}" -ge 51 ]; then
    commands=("${PROMPT_COMMAND[@]}")
  fi
  for name in _direnv_hook _pyenv_virtualenv_hook; do
    commands=("${commands[@]/$name/$name;__boot_prompt}")
  done
  if [ "${BASH_VERSINFO[0]}${BASH_VERSINFO[1]}" -ge 51 ]; then
    case "${commands[*]}" in
      *__boot_prompt*) PROMPT_COMMAND=("${commands[@]}") ;;
      # Whatever it ends with is no failure that an ERR trap should hear of.
      *) PROMPT_COMMAND=('__boot_prompt || :' "${commands[@]}") ;;
    esac
  else
    # shellcheck disable=SC2178
    case ${commands[0]} in
      *__boot_prompt*) PROMPT_COMMAND=${commands[0]} ;;
      *) PROMPT_COMMAND="__boot_prompt${commands[0]:+;${commands[0]}}" ;;
    esac
  fi
}

case $- in
  *i*)
    case "${PROMPT_COMMAND[*]-}" in
      *__boot_prompt*) ;;
      *)
        __boot_join
        \builtin complete -F __boot_complete boot
        ;;
    esac
    ;;
esac
