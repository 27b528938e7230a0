# boot's hook for zsh: puts boot's commands on PATH, and a project's virtual environment while you are in it.
#
# At a prompt where nothing has changed it only looks: builtins, no process. When a pin, an environment or the project
# has changed it asks boot once, which answers with calls of the functions below, every value quoted. No alias, no trap,
# no wrapped cd; PS1 is never touched; `$?` stays what it was. Leaving removes what entering added, and nothing else.
#
# `boot shell init zsh` sets these before it: __boot_bin, boot itself; __boot_shims and __boot_tools, the folders for
# PATH; __boot_stamp, a file whose content changes with what is installed and trusted.
#
# Each function begins with zsh's own options, whatever the user has set: KSH_ARRAYS, SH_WORD_SPLIT, ERR_EXIT …

# Takes the first mention of folder $1 out of PATH.
__boot_drop() {
  \builtin emulate -L zsh
  \builtin local all=":${PATH-}:" after
  after=${all#*":$1:"}
  if (( ${#after} == ${#all} )); then
    return 0
  fi
  all=${all%%":$1:"*}:$after
  all=${all#:}
  PATH=${all%:}
}

__boot_front() {
  \builtin emulate -L zsh
  __boot_drop "$1"
  \builtin export PATH="$1${PATH:+:$PATH}"
}

# What there is to go by: each pin from here to the root with its content, and whether an environment stands beside it.
# Empty without a pin. Folders without one are asked once each.
__boot_see() {
  \builtin emulate -L zsh
  \builtin local folder=${PWD%/} text
  __boot_now=
  while :; do
    if [[ -e $folder/.python-version ]]; then
      text=
      if [[ -f $folder/.python-version && -r $folder/.python-version ]]; then
        if (( ${+builtins[sysread]} )); then
          sysread -s 4097 text <$folder/.python-version
        else
          IFS= \builtin read -r -k 4097 -u 0 text <$folder/.python-version
        fi
      fi
      __boot_now="$__boot_now$folder/$text/"
      if [[ -e $folder/.venv/bin/python ]]; then
        __boot_now="$__boot_now+"
      elif [[ -e $folder/.venv || -L $folder/.venv ]]; then
        __boot_now="$__boot_now?"
      fi
    fi
    [[ $folder == */* ]] || break
    folder=${folder%/*}
  done
  if [[ -n $__boot_now && -r $__boot_stamp ]]; then
    text=
    IFS= \builtin read -r text <$__boot_stamp
    __boot_now="$__boot_now$text"
  fi
}

# boot answers: activate the environment $1, shown as $2.
__boot_use() {
  \builtin emulate -L zsh
  __boot_leave
  \builtin export PATH="$1/bin${PATH:+:$PATH}"
  \builtin export VIRTUAL_ENV=$1 VIRTUAL_ENV_PROMPT=$2 __BOOT_ACTIVE=$1
  if (( ! ${+functions[deactivate]} )); then
    __boot_gave_deactivate=1
    deactivate() {
      __boot_leave
      if [[ ${1-} != nondestructive ]]; then
        __boot_held=$PWD
      fi
    }
  fi
}

# boot answers, or we know: nothing of boot's belongs here.
__boot_leave() {
  \builtin emulate -L zsh
  if [[ -n ${__BOOT_ACTIVE-} ]]; then
    __boot_drop "$__BOOT_ACTIVE/bin"
    if [[ ${VIRTUAL_ENV-} == "$__BOOT_ACTIVE" ]]; then
      \builtin unset VIRTUAL_ENV VIRTUAL_ENV_PROMPT
    fi
    \builtin unset __BOOT_ACTIVE
  fi
  if [[ -n ${__boot_gave_deactivate-} ]]; then
    \builtin unset __boot_gave_deactivate
    \builtin unfunction deactivate 2>/dev/null
  fi
  return 0
}

# boot answers: the environment was made just now, which isn't a change to ask about again.
__boot_settle() {
  __boot_see
  __boot_seen=$__boot_now
}

__boot_look() {
  \builtin emulate -L zsh
  \builtin local lines
  if [[ -n ${VIRTUAL_ENV-} && $VIRTUAL_ENV != "${__BOOT_ACTIVE-}" ]]; then
    # Activated by hand: not ours to touch. What we had added steps aside; its own deactivate may bring that back on PATH.
    if [[ -n ${__BOOT_ACTIVE-} ]]; then
      __boot_drop "$__BOOT_ACTIVE/bin"
    fi
    \builtin unset __boot_gave_deactivate
    __boot_seen=foreign
    return 0
  fi
  if [[ -z ${VIRTUAL_ENV-} && ( -n ${__BOOT_ACTIVE-} || ${__boot_seen-} == foreign ) ]]; then
    # Deactivated by other means than ours: that holds like our own.
    __boot_leave
    if [[ -n ${__boot_seen-} ]]; then
      __boot_held=$PWD
      \builtin unset __boot_seen
    fi
  fi
  if [[ -n ${__boot_held-} ]]; then
    if [[ $__boot_held == "$PWD" ]]; then
      return 0
    fi
    \builtin unset __boot_held __boot_seen
  fi
  __boot_see
  if [[ -z $__boot_now ]]; then
    \builtin unset __boot_seen
    __boot_leave
    return 0
  fi
  if [[ $__boot_now == "${__boot_seen-}" ]]; then
    return 0
  fi
  __boot_seen=$__boot_now
  if [[ ! -x $__boot_bin ]]; then
    __boot_leave
    return 0
  fi
  lines=$("$__boot_bin" shell enter zsh "$PWD" "${__boot_told-}" </dev/null)
  \builtin eval "$lines"
}

# Runs at each prompt, before what else does, which finds `$?` as it was.
__boot_prompt() {
  \builtin local ended=$?
  \builtin emulate -L zsh
  \builtin setopt no_err_exit no_err_return no_xtrace no_warn_create_global no_unset
  __boot_look
  return $ended
}

# The first <Tab> after `boot` fetches the completions. Starting a shell shouldn't wait for them.
__boot_complete() {
  \builtin eval "$("$__boot_bin" completions zsh 2>/dev/null)"
  if (( ${+functions[_boot]} )); then
    _boot "$@"
  fi
}

__boot_start() {
  \builtin emulate -L zsh
  # The folders stay where they are if they are ahead of the system's, in this order: then somebody has decided so.
  if [[ ":${PATH-}:" != *":$__boot_shims:$__boot_tools:"*"/usr/bin:"* ]]; then
    __boot_front "$__boot_tools"
    __boot_front "$__boot_shims"
    if [[ -n ${__BOOT_ACTIVE-} && ${VIRTUAL_ENV-} == "$__BOOT_ACTIVE" ]]; then
      __boot_front "$VIRTUAL_ENV/bin"
    fi
  fi
  if [[ -o interactive ]]; then
    # Reads a file in one go; without the module the builtin read does.
    \builtin zmodload -F zsh/system b:sysread 2>/dev/null
    \builtin typeset -ga precmd_functions
    if (( ! ${precmd_functions[(Ie)__boot_prompt]} )); then
      precmd_functions=(__boot_prompt "${precmd_functions[@]}")
    fi
    if (( ${+functions[compdef]} && ! ${+functions[_boot]} )); then
      compdef __boot_complete boot
    fi
  fi
}
__boot_start
