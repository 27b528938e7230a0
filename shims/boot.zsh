# boot's hook for zsh: puts boot's commands on PATH, and a project's virtual environment while you are in it.
#
# At a prompt where nothing has changed it only looks: builtins, no process. When a pin, an environment or the project
# has changed it asks boot once, which answers with calls of the functions below, every value quoted. No alias, no trap,
# no wrapped cd; PS1 is never touched; `$?` stays what it was. Leaving removes what entering added, and nothing else.
#
# `boot shell init zsh` sets these before it: __boot_bin, boot itself; __boot_shims and __boot_tools, the folders for
# PATH; __boot_stamp, a file whose content changes with what is installed and trusted.
#
# Who calls from outside begins with zsh's own options, whatever the user has set: KSH_ARRAYS, SH_WORD_SPLIT, ERR_EXIT …
# What may fail ends with `|| :`, so that a ZERR trap hears nothing of it.

# Takes the first mention of folder $1 out of PATH.
__boot_drop() {
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
  __boot_drop "$1"
  \builtin export PATH="$1${PATH:+:$PATH}"
}

# What there is to go by: each pin from here to the root with its content, and what stands beside it as an environment.
# Empty without a pin. Folders without one are asked once each.
__boot_see() {
  \builtin local folder text stands=
  if [[ $PWD/ != "${__boot_walked-}" ]]; then
    \builtin typeset -g __boot_walked=$PWD/
    \builtin typeset -ga __boot_folders
    __boot_folders=()
    folder=${PWD%/}
    while :; do
      __boot_folders+=("$folder")
      [[ $folder == */* ]] || break
      folder=${folder%/*}
    done
  fi
  \builtin typeset -g __boot_now= __boot_pins=
  for folder in "${__boot_folders[@]}"; do
    if [[ -e $folder/.python-version ]]; then
      text=
      if [[ -f $folder/.python-version && -r $folder/.python-version ]]; then
        if (( ${+builtins[sysread]} )); then
          sysread -s 4097 text <$folder/.python-version || :
        else
          IFS= \builtin read -r -k 4097 -u 0 text <$folder/.python-version || :
        fi
      fi
      __boot_pins="$__boot_pins$folder/$text/"
      if [[ -L $folder/.venv ]]; then
        stands="$stands@"
      elif [[ -e $folder/.venv/bin/python ]]; then
        stands="$stands+"
      elif [[ -e $folder/.venv ]]; then
        stands="$stands?"
      else
        stands="$stands-"
      fi
    fi
  done
  if [[ -n $__boot_pins ]]; then
    text=
    if [[ -r $__boot_stamp ]]; then
      if (( ${+builtins[sysread]} )); then
        sysread -s 100 text <$__boot_stamp || :
      else
        IFS= \builtin read -r text <$__boot_stamp || :
      fi
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
  if [[ -n ${__boot_mark-} ]]; then
    if [[ ! -e $__boot_mark || ! -e $__boot_marked || $__boot_marked -nt $__boot_mark || $__boot_marked -ot $__boot_mark ]]; then
      return 1
    fi
  fi
}

# Makes PATH right again after somebody put back an older one: of all that this shell ever added, it holds what is active now.
__boot_restore() {
  \builtin local one
  for one in $__boot_past; do
    if [[ $one != "${__boot_used-}/bin" ]]; then
      __boot_drop "$one"
    fi
  done
  if [[ -n ${__boot_used-} && :${PATH-}: != *":$__boot_used/bin:"* ]]; then
    __boot_front "$__boot_used/bin"
  fi
}

# boot answers: activate the environment $1, shown as $2.
__boot_use() {
  if [[ ${__boot_used-} == "$1" && ${__BOOT_ACTIVE-} == "$1" ]]; then
    # It is on PATH, where the user may have put other folders before it.
    \builtin export VIRTUAL_ENV_PROMPT=$2
    return 0
  fi
  __boot_leave
  \builtin export PATH="$1/bin${PATH:+:$PATH}"
  \builtin export VIRTUAL_ENV=$1 VIRTUAL_ENV_PROMPT=$2 __BOOT_ACTIVE=$1
  __boot_past+=("$1/bin")
  # The second is what pyenv-virtualenv compares: it needn't look again.
  \builtin typeset -g __boot_used=$1 _PYENV_VH_VENV=$1
  if (( ! ${+functions[deactivate]} )); then
    \builtin typeset -g __boot_gave_deactivate=1
    deactivate() {
      \builtin emulate -L zsh
      __boot_leave
      if [[ ${1-} != nondestructive ]]; then
        \builtin typeset -g __boot_held=$PWD
      fi
    }
  fi
}

# boot answers, or we know: nothing of boot's belongs here.
__boot_leave() {
  if [[ -n ${__BOOT_ACTIVE-} ]]; then
    __boot_drop "$__BOOT_ACTIVE/bin"
    if [[ ${VIRTUAL_ENV-} == "$__BOOT_ACTIVE" ]]; then
      \builtin unset VIRTUAL_ENV VIRTUAL_ENV_PROMPT
    fi
    \builtin unset __BOOT_ACTIVE
  fi
  \builtin unset __boot_used
  if [[ -n ${__boot_gave_deactivate-} ]]; then
    \builtin unset __boot_gave_deactivate
    \builtin unfunction deactivate 2>/dev/null || :
  fi
}

# boot answers: folder $1 had the time that the file $2 has.
__boot_watch() {
  \builtin typeset -g __boot_marked=$1 __boot_mark=$2
}

# boot answers: the environment was made just now, which isn't a change to ask about again.
__boot_settle() {
  \builtin local pins=$__boot_pins
  __boot_see
  if [[ $pins == "$__boot_pins" ]]; then
    \builtin typeset -g __boot_seen=$__boot_now
  fi
}

# Something in the shell has changed since the last prompt: the folder, what is active, or what others say ($1). Sets __boot_out where boot
# stays out of it.
__boot_turn() {
  \builtin local stood=${__boot_stood-} managed=${__boot_managed-}
  \builtin typeset -g __boot_stood=$PWD __boot_managed=$1
  if [[ $managed != "$__boot_managed" ]]; then
    __boot_restore
  fi
  if [[ -n ${VIRTUAL_ENV-} && $VIRTUAL_ENV != "${__BOOT_ACTIVE-}" ]]; then
    # Activated by hand: not ours to touch. What we had added steps aside; its own deactivate may bring that back on PATH.
    if [[ -n ${__BOOT_ACTIVE-} ]]; then
      __boot_drop "$__BOOT_ACTIVE/bin"
    fi
    \builtin unset __boot_gave_deactivate __boot_used
    \builtin typeset -g __boot_seen=foreign
    \builtin typeset -g __boot_out=1
    return 0
  fi
  if [[ -z ${VIRTUAL_ENV-} && ( -n ${__BOOT_ACTIVE-} || ${__boot_seen-} == foreign ) ]]; then
    # Deactivated by other means than ours: that holds like our own, unless one of the others did it for a change of the directory, or
    # pyenv-virtualenv because it isn't one of its own.
    if [[ -z ${PYENV_VIRTUALENV_INIT-} || -z ${__BOOT_ACTIVE-} ]]; then
      if [[ $stood == "$__boot_stood" || $managed == "$__boot_managed" ]]; then
        \builtin typeset -g __boot_held=$__boot_stood
      fi
    fi
    __boot_leave
    \builtin unset __boot_seen
  fi
  if [[ -n ${__boot_held-} ]]; then
    if [[ $__boot_held == "$__boot_stood" ]]; then
      \builtin typeset -g __boot_out=1
      return 0
    fi
    \builtin unset __boot_held __boot_seen
  fi
}

# Goes by the pins and environments there are.
__boot_follow() {
  \builtin local lines
  __boot_see
  if [[ -z $__boot_now ]]; then
    if [[ -n ${__boot_seen-}${__BOOT_ACTIVE-} ]]; then
      \builtin unset __boot_seen __boot_mark
      __boot_leave
    fi
    return 0
  fi
  if [[ $__boot_now == "${__boot_seen-}" ]] && __boot_same; then
    return 0
  fi
  \builtin typeset -g __boot_seen=$__boot_now
  \builtin unset __boot_mark
  if [[ ! -x $__boot_bin ]]; then
    __boot_leave
    return 0
  fi
  lines=$("$__boot_bin" shell enter zsh "$PWD" "${__boot_told-}" </dev/null) || lines=__boot_leave
  \builtin eval "$lines"
}

# Whether all is as it was when boot was asked last.
__boot_settled() {
  __boot_see
  [[ $__boot_now == "${__boot_seen-}" && ( -n $__boot_now || -z ${__BOOT_ACTIVE-} ) ]] && __boot_same
}

__boot_look() {
  # What others that activate at a prompt keep for themselves. They put back a PATH of their own: as it was before we came or left.
  \builtin local managed=${DIRENV_DIFF-}${__MISE_DIFF-}${PYENV_VIRTUAL_ENV-}
  if [[ "$PWD ${VIRTUAL_ENV-} ${__BOOT_ACTIVE-} $managed" == "${__boot_state-}" ]]; then
    if [[ -n $__boot_out ]] || __boot_settled; then
      return 0
    fi
  else
    \builtin typeset -g __boot_out=
    __boot_turn "$managed"
  fi
  if [[ -z $__boot_out ]]; then
    __boot_follow
  fi
  \builtin typeset -g __boot_state="$PWD ${VIRTUAL_ENV-} ${__BOOT_ACTIVE-} $managed"
}

# Runs at each prompt, ahead of what shows one. zsh has each such function find `$?` as it was; to return it again would be a failure that
# a ZERR trap hears of.
__boot_prompt() {
  \builtin emulate -L zsh
  \builtin setopt no_err_exit no_err_return no_xtrace no_warn_create_global
  __boot_look || :
}

# The first <Tab> after `boot` fetches the completions. Starting a shell shouldn't wait for them.
__boot_complete() {
  \builtin eval "$("$__boot_bin" completions zsh 2>/dev/null)"
  if (( ${+functions[_clap_dynamic_completer_boot]} )); then
    _clap_dynamic_completer_boot "$@"
  fi
}

# At the first prompt that can: a start-up file may call compinit behind us, and that forgets what it was told before.
__boot_compdef() {
  \builtin emulate -L zsh
  if (( ${+functions[compdef]} )); then
    precmd_functions=("${(@)precmd_functions:#__boot_compdef}")
    compdef __boot_complete boot || :
  fi
}

# With ALL_EXPORT a nested shell inherits the word, and not the folders.
\builtin unset __boot_walked

__boot_start() {
  \builtin emulate -L zsh
  # The folders stay where they are if they are ahead of the system's, in this order: then somebody has decided so.
  if [[ ":${PATH-}:" != *":$__boot_shims:$__boot_tools:"* || ":${PATH-}:" == *":/usr/bin:"*":$__boot_shims:$__boot_tools:"* ]]; then
    __boot_front "$__boot_tools"
    __boot_front "$__boot_shims"
    if [[ -n ${__BOOT_ACTIVE-} && ${VIRTUAL_ENV-} == "$__BOOT_ACTIVE" ]]; then
      __boot_front "$VIRTUAL_ENV/bin"
    fi
  fi
  if [[ -o interactive ]]; then
    # Reads a file in one go; without the module the builtin read does.
    \builtin zmodload -F zsh/system b:sysread 2>/dev/null || :
    \builtin typeset -ga precmd_functions
    \builtin typeset -gaU __boot_past
    if (( ! ${precmd_functions[(Ie)__boot_prompt]} )); then
      # First, so that prompts show what it did; but after those who put back a PATH of their own.
      \builtin local -i at=${precmd_functions[(Ie)_direnv_hook]} other=${precmd_functions[(Ie)_pyenv_virtualenv_hook]}
      (( at = at > other ? at : other ))
      precmd_functions=("${(@)precmd_functions[1,at]}" __boot_prompt "${(@)precmd_functions[at+1,-1]}")
    fi
    if (( ! ${precmd_functions[(Ie)__boot_compdef]} && ! ${+functions[_clap_dynamic_completer_boot]} )); then
      precmd_functions+=(__boot_compdef)
    fi
  fi
}
__boot_start
