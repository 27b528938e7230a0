# shellcheck shell=bash disable=SC2154
# boot's hook for bash, 3.2 and newer: puts boot's commands on PATH, and a project's virtual environment while you are in it.
#
# At a prompt where nothing has changed it only looks: builtins, no process. When a pin, an environment or the project
# has changed it asks boot once, which answers with calls of the functions below, every value quoted. No alias, no trap;
# cd, pushd and popd are functions where the user has none of those names, so that a command behind one on the same line
# runs in the new project. PS1 is never touched; `$?` stays what it was. Leaving removes what entering added, and nothing else.
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

# Reads the word that changes with what is installed and trusted.
__boot_read_stamp() {
  __boot_word=
  if [[ -r $__boot_stamp ]]; then
    \builtin read -r __boot_word <"$__boot_stamp" || :
  fi
}

# Finds out where the shell stands, __boot_here: as a rule $PWD. Where nothing is there since the folder was renamed, the folder's name of now
# is asked for, once; a folder that was deleted has none. Where somebody has put another folder there, that one is looked at.
__boot_locate() {
  if [[ -z ${PWD-} || -e $PWD ]]; then
    __boot_here=${PWD-}
  elif [ "${__boot_stale-}" != "$PWD" ] || { [ "$__boot_here" != "$PWD" ] && [[ ! . -ef $__boot_here ]]; }; then
    __boot_stale=$PWD
    __boot_here=$(\builtin pwd -P 2>/dev/null) || __boot_here=$PWD
  fi
}

# What there is to go by: from here to the root each pin with its content, and the kind of what stands as an environment: a link that leads
# somewhere (@) or nowhere (!), a folder with a Python (+), something else (?). Empty where there is nothing of it, and no BOOT_PYTHON.
__boot_see() {
  # IFS before each read would cost more.
  \local folder text venvs IFS
  IFS=
  __boot_locate
  if [ "$__boot_here/" != "${__boot_walked-}" ]; then
    __boot_walked=$__boot_here/
    folder=$__boot_here
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
  venvs=
  for folder in "${__boot_folders[@]}"; do
    if [[ -e $folder/.python-version ]]; then
      text=
      if [[ -f $folder/.python-version && -r $folder/.python-version ]]; then
        # Ends at a NUL, which makes it no pin: boot reads nothing behind one either.
        \builtin read -r -d '' -n 4097 text <"$folder/.python-version" && text="$text/NUL"
      fi
      __boot_pins="$__boot_pins$folder/$text/"
    fi
    if [[ -e $folder/.venv ]]; then
      if [[ -L $folder/.venv ]]; then
        venvs="$venvs$folder/@"
      elif [[ -e $folder/.venv/bin/python ]]; then
        venvs="$venvs$folder/+"
      else
        venvs="$venvs$folder/?"
      fi
    elif [[ -L $folder/.venv ]]; then
      venvs="$venvs$folder/!"
    fi
  done
  __boot_now=$__boot_pins$venvs${BOOT_PYTHON-}
  if [[ -n $__boot_now ]]; then
    __boot_now="$__boot_pins $venvs ${BOOT_PYTHON-} ${__boot_word-} ${__boot_foreign-}"
  fi
}

# Whether the environment that boot saw is still that one: the project's `.venv` is the same file, and the mark has the time that the
# folder of commands had. Another folder in its place has another time, older or newer.
__boot_same() {
  if [[ -n ${__BOOT_ACTIVE-} && ! -e $__BOOT_ACTIVE/bin/python ]] || [[ -n ${__boot_link-} && ! $__boot_link -ef $__boot_root ]]; then
    return 1
  fi
  # A folder that isn't there any more is older than its mark.
  [[ -z ${__boot_mark-} || -e $__boot_mark && ! $__boot_marked -nt $__boot_mark && ! $__boot_marked -ot $__boot_mark ]]
}

# Makes one test of all that was seen just now, __boot_unchanged: what a prompt costs is the number of commands that it runs.
__boot_learn() {
  \local folder quoted test reads number IFS
  IFS=
  test='-n x'
  reads=
  number=0
  __boot_texts=()
  if [[ -n ${__BOOT_ACTIVE-} ]]; then
    \builtin printf -v quoted %q "$__BOOT_ACTIVE"
    test="$test && -e $quoted/bin/python"
  fi
  if [[ -n ${__boot_link-} ]]; then
    \builtin printf -v quoted %q "$__boot_root"
    test="$test && \$__boot_link -ef $quoted"
  fi
  if [[ -n ${__boot_mark-} ]]; then
    test="$test && -e \$__boot_mark && ! \$__boot_marked -nt \$__boot_mark && ! \$__boot_marked -ot \$__boot_mark"
  fi
  for folder in "${__boot_folders[@]}"; do
    \builtin printf -v quoted %q "$folder"
    if [[ -f $folder/.python-version && -r $folder/.python-version ]]; then
      test="$test && -f $quoted/.python-version && -r $quoted/.python-version"
      \builtin read -r -d '' -n 4097 "__boot_texts[$number]" <"$folder/.python-version" && return 0
      reads="$reads && ! \\builtin read -r -d '' -n 4097 text <$quoted/.python-version && [ \"\$text\" = \"\${__boot_texts[$number]}\" ]"
      number=$((number + 1))
      if [[ ! -e $folder/.venv && ! -L $folder/.venv ]]; then
        test="$test && ! -L $quoted/.venv"
      fi
    elif [[ -e $folder/.python-version ]]; then
      return 0
    else
      test="$test && ! -e $quoted/.python-version"
    fi
    if [[ ! -e $folder/.venv ]]; then
      test="$test && ! -e $quoted/.venv"
      if [[ -L $folder/.venv ]]; then
        test="$test && -L $quoted/.venv"
      fi
    elif [[ -L $folder/.venv ]]; then
      test="$test && -L $quoted/.venv && -e $quoted/.venv"
    elif [[ -e $folder/.venv/bin/python ]]; then
      test="$test && ! -L $quoted/.venv && -e $quoted/.venv/bin/python"
    else
      test="$test && ! -L $quoted/.venv && -e $quoted/.venv && ! -e $quoted/.venv/bin/python"
    fi
  done
  \builtin eval "__boot_unchanged() { \\local text IFS; IFS=; [[ $test ]]$reads; }"
  # It may have changed meanwhile.
  __boot_see
  if [ "$__boot_now" = "${__boot_seen-}" ]; then
    __boot_learned=1
  fi
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

# Ends what somebody else's script activated. Its own `deactivate` gives back PS1 and PYTHONHOME; the PATH that it would put back is an old one.
__boot_undo() {
  \local path
  if [ -z "${__boot_foreign-}" ]; then
    return 0
  fi
  path=${PATH-}
  if [ -n "${_OLD_VIRTUAL_PATH+x}${__venv_shown+x}" ] && \builtin declare -F deactivate >/dev/null; then
    deactivate nondestructive >/dev/null 2>&1 </dev/null || :
    \unset -f deactivate
  fi
  PATH=$path
  # A nested shell may have activated it again.
  while :; do
    case :${PATH-}: in
      *":$__boot_foreign/bin:"*) __boot_drop "$__boot_foreign/bin" ;;
      *) break ;;
    esac
  done
  \unset _OLD_VIRTUAL_PATH VIRTUAL_ENV VIRTUAL_ENV_PROMPT __boot_foreign
}

# boot answers: activate the environment $1, shown as $2. What is active by other means is just that one.
__boot_use() {
  if [ "${__boot_used-}" = "$1" ] && [ "${__BOOT_ACTIVE-}" = "$1" ] && [ "${VIRTUAL_ENV-}" = "$1" ]; then
    # It is on PATH, where the user may have put other folders before it.
    VIRTUAL_ENV_PROMPT=$2
    return 0
  fi
  __boot_undo
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
        __boot_hold "$PWD"
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

# boot answers: what is active by other means stays.
__boot_stay() {
  \:
}

# Nothing is activated as long as the shell stands in $1; empty: no longer. `boot shell status` reads the exported word.
__boot_hold() {
  __boot_held=$1
  __BOOT_HOOK=$$${__boot_follows:+ cd}${1:+ held}
  \export __BOOT_HOOK
}

# boot answers: the project's `.venv` $1 is the same file as $2; and folder $3, if there is one, had the time that the file $4 has.
__boot_watch() {
  # A file that names an environment, on a filesystem without links, is never the same file.
  if [[ $1 -ef $2 ]]; then
    __boot_link=$1
    __boot_root=$2
  fi
  if [[ -n ${4-} ]]; then
    __boot_marked=$3
    __boot_mark=$4
  fi
}

# boot answers: the environment was made just now, which isn't a change to ask about again.
__boot_settle() {
  \local pins
  pins=$__boot_pins
  __boot_read_stamp
  __boot_see
  if [ "$pins" = "$__boot_pins" ]; then
    __boot_seen=$__boot_now
  fi
}

# Something in the shell has changed since the last look: the folder, what is active, or what others say ($1). Sets __boot_out where boot
# stays out of it.
__boot_turn() {
  \local stood managed
  stood=${__boot_stood-}
  managed=${__boot_managed-}
  __boot_stood=${PWD-}
  __boot_managed=$1
  if [ "$stood" != "$__boot_stood" ]; then
    __boot_arrived=1
  fi
  if [ "$managed" != "$__boot_managed" ]; then
    __boot_restore
  fi
  if [ -z "${VIRTUAL_ENV-}" ] && [ -n "${__BOOT_ACTIVE-}${__boot_foreign-}" ]; then
    # Deactivated by other means than ours: that holds like our own, unless it came before the folder changed, or one of the others did
    # it, or pyenv-virtualenv because it isn't one of its own.
    if [ -z "${PYENV_VIRTUALENV_INIT-}" ] || [ -z "${__BOOT_ACTIVE-}" ]; then
      if [ "$managed" = "$__boot_managed" ] && { [ "$stood" = "$__boot_stood" ] || [ -z "${__boot_follows-}" ]; }; then
        __boot_hold "$__boot_stood"
      fi
    fi
    __boot_leave
    # What ended it may have put back a PATH of before.
    __boot_restore
    \unset __boot_seen __boot_foreign
  elif [ -n "${VIRTUAL_ENV-}" ] && [ "$VIRTUAL_ENV${_OLD_VIRTUAL_PATH+ by hand}" != "${__BOOT_ACTIVE-}" ]; then
    case :${PATH-}: in
      *":$VIRTUAL_ENV/bin:"*)
        # Activated by other means than ours. What we had added steps aside.
        if [ -n "${__BOOT_ACTIVE-}" ]; then
          __boot_drop "$__BOOT_ACTIVE/bin"
        fi
        \unset __BOOT_ACTIVE __boot_gave_deactivate __boot_used
        __boot_foreign=$VIRTUAL_ENV
        __boot_release
        ;;
      *)
        # A word without the commands: pyenv-virtualenv has only that. Where boot has an environment, both say the same afterwards.
        \unset __boot_seen __boot_foreign
        ;;
    esac
  else
    \unset __boot_foreign
  fi
  if [ -n "${__boot_held-}" ]; then
    if [ "$__boot_held" = "$__boot_stood" ]; then
      __boot_out=1
      return 0
    fi
    __boot_release
    \unset __boot_seen
  fi
}

__boot_release() {
  if [ -n "${__boot_held-}" ]; then
    __boot_hold ""
  fi
}

# Whether this folder says which Python it wants, to others than boot. Once for each folder, where the shell has just come to.
__boot_hints() {
  if [[ -n ${__boot_arrived-} && -z $__boot_pins ]] && [[ -e pyproject.toml || -e .tool-versions || -e mise.toml || -e Pipfile ||
    -e environment.yml || -e runtime.txt || -e .python-versions || -e uv.lock ]]; then
    case ${__boot_hinted-} in
      *"//$PWD//"*) ;;
      *)
        __boot_hinted=${__boot_hinted-}//$PWD//
        return 0
        ;;
    esac
  fi
  return 1
}

# Goes by the pins and environments there are; $1 is a flag for boot.
__boot_follow() {
  \local lines
  __boot_see
  if [ -z "${1-}" ] && __boot_hints; then
    \unset __boot_seen
  elif [ -z "$__boot_now" ]; then
    if [ -n "${__boot_seen-}${__BOOT_ACTIVE-}" ]; then
      \unset __boot_seen __boot_mark __boot_link
      __boot_leave
    fi
    return 0
  elif [ "$__boot_now" = "${__boot_seen-}" ] && __boot_same; then
    return 0
  fi
  __boot_seen=$__boot_now
  \unset __boot_mark __boot_link
  if [ ! -x "$__boot_bin" ]; then
    __boot_leave
    return 0
  fi
  if [ -n "${1-}" ]; then
    # A subshell says nothing: it would be said again and again.
    lines=$(exec "$__boot_bin" shell enter "$1" -- bash "$__boot_here" "${__boot_told-}" ${__boot_foreign:+"$__boot_foreign"} </dev/null 2>/dev/null) || lines=__boot_leave
  else
    lines=$(exec "$__boot_bin" shell enter -- bash "$__boot_here" "${__boot_told-}" ${__boot_foreign:+"$__boot_foreign"} </dev/null) || lines=__boot_leave
  fi
  \builtin eval "$lines"
}

# Whether all is as it was when boot was asked last.
__boot_settled() {
  __boot_see
  [ "$__boot_now" = "${__boot_seen-}" ] && { [ -n "$__boot_now" ] || [ -z "${__BOOT_ACTIVE-}" ]; } && __boot_same
}

# $1 is a flag for boot.
__boot_look() {
  \local word others IFS
  IFS=
  word=
  if [[ -r $__boot_stamp ]]; then
    \builtin read -r word <"$__boot_stamp" || :
  fi
  # What others that activate at a prompt keep for themselves. They put back a PATH of their own: as it was before we came or left.
  others=${DIRENV_DIFF-}${__MISE_DIFF-}${PYENV_VIRTUAL_ENV-}
  if [ "$word" != "${__boot_word-}" ]; then
    # The shell remembers where it found commands.
    \builtin hash -r 2>/dev/null || :
    __boot_word=$word
    __boot_learned=
  fi
  if [ "${PWD-} ${VIRTUAL_ENV-} ${_OLD_VIRTUAL_PATH+x} ${__BOOT_ACTIVE-} ${BOOT_PYTHON-} $others" = "${__boot_state-}" ]; then
    if [ -n "$__boot_out" ] || { [ -n "$__boot_learned" ] && __boot_unchanged; }; then
      return 0
    fi
    __boot_learned=
    if __boot_settled; then
      # Made when a second prompt comes: somebody who only passes through shouldn't wait for it.
      if [ -n "${__boot_again-}" ]; then
        __boot_learn
      fi
      __boot_again=1
      return 0
    fi
  else
    __boot_again=
    __boot_out=
    __boot_learned=
    __boot_turn "$others"
  fi
  if [ -z "$__boot_out" ]; then
    __boot_follow "${1-}"
    if [ -n "${PYENV_VIRTUAL_ENV-}" ] && [ -n "${__BOOT_ACTIVE-}" ] && [ -z "${__boot_said_pyenv-}" ]; then
      __boot_said_pyenv=1
      # shellcheck disable=SC2016
      \builtin printf 'warning: pyenv-virtualenv activates environments here too; boot'"'"'s is the one that is active\nto have boot alone, take this out of your start-up files: eval "$(pyenv virtualenv-init -)"\n' >&2
    fi
  fi
  \unset __boot_arrived
  __boot_state="${PWD-} ${VIRTUAL_ENV-} ${_OLD_VIRTUAL_PATH+x} ${__BOOT_ACTIVE-} ${BOOT_PYTHON-} $others"
}

# Runs at each prompt, ahead of what shows one; each finds `$?` as it was. With errexit that would end the shell.
__boot_prompt() {
  __boot_ended=$?
  case $- in
    *[eExT]*) ;;
    *)
      # As nearly always: nothing would hear of a failure.
      __boot_look
      __boot_ready=1
      return "$__boot_ended"
      ;;
  esac
  case $- in
    # Nobody debugs this: quiet until it returns, where bash can (4.4 and newer).
    *x*) { local - && set +x; } 2>/dev/null ;;
  esac
  __boot_look || :
  __boot_ready=1
  case $- in
    *e*) return 0 ;;
  esac
  return "$__boot_ended"
}

# The folder has changed: what comes next on the same line runs in the new project. Not while start-up files run, in scripts and in
# completions; in a subshell nothing is made.
__boot_moved() {
  case $- in
    *x*) { local - && set +x; } 2>/dev/null ;;
  esac
  if [ "${PWD-}" = "${__boot_stood-}" ] || [ -z "${__boot_ready-}" ] || [ "${BOOT_CD-}" = off ] || [ -n "${COMP_LINE+x}" ]; then
    return 0
  fi
  case $- in
    *i*) ;;
    *) return 0 ;;
  esac
  # direnv and mise take theirs away at the prompt.
  if [ "${VIRTUAL_ENV-}" != "${__BOOT_ACTIVE-}" ] && [ -n "${DIRENV_DIFF-}${__MISE_DIFF-}" ]; then
    return 0
  fi
  if [ "$BASH_SUBSHELL" -gt 0 ] || [ "${BASHPID-$$}" != "$$" ]; then
    __boot_look --look || :
  else
    __boot_look || :
  fi
  return 0
}

# The environment's own activate script asks: is $1 what boot activates here? Then it is active now, and nothing else has to be done.
__boot_take() {
  if [ -z "${__boot_ready-}" ]; then
    return 1
  fi
  case $- in
    *i*) ;;
    *) return 1 ;;
  esac
  __boot_release
  __boot_state=
  if [ "$BASH_SUBSHELL" -gt 0 ]; then
    __boot_look --look || :
  else
    __boot_look || :
  fi
  [ -n "${__BOOT_ACTIVE-}" ] && [[ $__BOOT_ACTIVE -ef $1 ]]
}

# The first <Tab> after `boot` fetches the completions; 124 has bash ask again. Starting a shell shouldn't wait for them.
__boot_complete() {
  \builtin complete -r boot
  \builtin eval "$(exec "$__boot_bin" completions bash 2>/dev/null)"
  return 124
}

# With allexport a nested shell inherits words, and not the folders.
\unset __boot_walked __boot_stale __boot_ready __boot_hinted
__boot_learned=
__boot_out=

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
    # An active environment stays ahead, whoever activated it: an editor may have, for its terminals.
    case "${VIRTUAL_ENV:+:${PATH-}:}" in
      *":${VIRTUAL_ENV-}/bin:"*) __boot_front "$VIRTUAL_ENV/bin" ;;
      *)
        if [ -n "${__BOOT_ACTIVE-}" ] && [ "${VIRTUAL_ENV-}" = "$__BOOT_ACTIVE" ]; then
          __boot_front "$VIRTUAL_ENV/bin"
        fi
        ;;
    esac
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

# bash has no hook for a change of the folder. Functions of the user's own are left alone, and so are aliases; what cares for
# chpwd_functions, as zsh does (rvm and mise bring such a cd), calls us. By eval: read here, an alias would be expanded.
__boot_wrap() {
  \local name IFS
  IFS=' '
  for name in cd pushd popd; do
    if ! \builtin declare -F "$name" >/dev/null && ! \builtin alias "$name" >/dev/null 2>&1; then
      \builtin eval "function $name { \\builtin $name \"\$@\" || return; [ -z \"\${__boot_ready-}\" ] || __boot_moved; }"
      if [ "$name" = cd ]; then
        __boot_follows=1
      fi
    fi
  done
  case " ${chpwd_functions[*]-} " in
    *" __boot_moved "*) ;;
    *) chpwd_functions+=(__boot_moved) ;;
  esac
}

case $- in
  *i*)
    if [ "${BOOT_CD-}" != off ]; then
      __boot_wrap
    fi
    __boot_hold "${__boot_held-}"
    case "${PROMPT_COMMAND[*]-}" in
      *__boot_prompt*) ;;
      *)
        __boot_join
        \builtin complete -F __boot_complete boot
        ;;
    esac
    ;;
esac
