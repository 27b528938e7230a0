# boot's hook for zsh: puts boot's commands on PATH, and a project's virtual environment while you are in it.
#
# At a prompt and in a folder where nothing has changed it only looks: builtins, no process. When a pin, an environment or the project
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

# Reads the word that changes with what is installed and trusted.
__boot_read_stamp() {
  \builtin typeset -g __boot_word=
  if [[ -r $__boot_stamp ]]; then
    if (( ${+builtins[sysread]} )); then
      sysread -s 100 __boot_word <$__boot_stamp || :
    else
      IFS= \builtin read -r __boot_word <$__boot_stamp || :
    fi
  fi
}

# Reads the pin $1 into `text`.
__boot_read_pin() {
  text=
  if (( ${+builtins[sysread]} )); then
    sysread -s 4097 text <$1 || :
  else
    IFS= \builtin read -r -k 4097 -u 0 text <$1 || :
  fi
}

# Finds out where the shell stands, __boot_here: as a rule $PWD. Where nothing is there since the folder was renamed, the folder's name of now
# is asked for, once; a folder that was deleted has none. Where somebody has put another folder there, that one is looked at.
__boot_locate() {
  if [[ -e $PWD ]]; then
    \builtin typeset -g __boot_here=$PWD
  elif [[ ${__boot_stale-} != "$PWD" || ( $__boot_here != "$PWD" && ! . -ef $__boot_here ) ]]; then
    \builtin typeset -g __boot_stale=$PWD
    __boot_here=$(\builtin pwd -P 2>/dev/null) || __boot_here=$PWD
  fi
}

# What there is to go by: from here to the root each pin with its content, and the kind of what stands as an environment: a link that leads
# somewhere (@) or nowhere (!), a folder with a Python (+), something else (?). Empty where there is nothing of it, and no BOOT_PYTHON.
__boot_see() {
  \builtin local folder text venvs=
  __boot_locate
  if [[ $__boot_here/ != "${__boot_walked-}" ]]; then
    \builtin typeset -g __boot_walked=$__boot_here/
    \builtin typeset -ga __boot_folders
    __boot_folders=()
    folder=${__boot_here%/}
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
        __boot_read_pin $folder/.python-version
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
  if [[ -n $__boot_pins$venvs${BOOT_PYTHON-} ]]; then
    __boot_now="$__boot_pins $venvs ${BOOT_PYTHON-} ${__boot_word-} ${__boot_foreign-}"
  fi
}

# Whether the environment that boot saw is still that one: the project's `.venv` is the same file, and the mark has the time that the
# folder of commands had. Another folder in its place has another time, older or newer.
__boot_same() {
  if [[ ( -n ${__BOOT_ACTIVE-} && ! -e $__BOOT_ACTIVE/bin/python ) || ( -n ${__boot_link-} && ! $__boot_link -ef $__boot_root ) ]]; then
    return 1
  fi
  if [[ -n ${__boot_mark-} ]]; then
    if [[ ! -e $__boot_mark || ! -e $__boot_marked || $__boot_marked -nt $__boot_mark || $__boot_marked -ot $__boot_mark ]]; then
      return 1
    fi
  fi
}

# Makes one test of all that was seen just now, __boot_unchanged: what a prompt costs is the number of commands that it runs.
__boot_learn() {
  \builtin setopt local_options no_aliases
  \builtin local folder pin venv text reads= test='-n x'
  \builtin typeset -ga __boot_texts
  __boot_texts=()
  if [[ -n ${__BOOT_ACTIVE-} ]]; then
    test="$test && -e \$__BOOT_ACTIVE/bin/python"
  fi
  if [[ -n ${__boot_link-} ]]; then
    test="$test && \$__boot_link -ef \$__boot_root"
  fi
  if [[ -n ${__boot_mark-} ]]; then
    test="$test && -e \$__boot_mark && -e \$__boot_marked && ! \$__boot_marked -nt \$__boot_mark && ! \$__boot_marked -ot \$__boot_mark"
  fi
  for folder in "${__boot_folders[@]}"; do
    pin=${(qq):-$folder/.python-version}
    venv=${(qq):-$folder/.venv}
    if [[ -f $folder/.python-version && -r $folder/.python-version ]]; then
      test="$test && -f $pin && -r $pin"
      __boot_read_pin $folder/.python-version
      __boot_texts+=("$text")
      reads="$reads && { __boot_read_pin $pin; [[ \$text == \"\$__boot_texts[${#__boot_texts}]\" ]] }"
      if [[ ! -e $folder/.venv && ! -L $folder/.venv ]]; then
        test="$test && ! -L $venv"
      fi
    elif [[ -e $folder/.python-version ]]; then
      return 0
    else
      test="$test && ! -e $pin"
    fi
    if [[ ! -e $folder/.venv ]]; then
      test="$test && ! -e $venv"
      if [[ -L $folder/.venv ]]; then
        test="$test && -L $venv"
      fi
    elif [[ -L $folder/.venv ]]; then
      test="$test && -L $venv && -e $venv"
    elif [[ -e $folder/.venv/bin/python ]]; then
      test="$test && ! -L $venv && -e $venv/bin/python"
    else
      test="$test && ! -L $venv && -e $venv && ! -e $venv/bin/python"
    fi
  done
  \builtin eval "__boot_unchanged() { \\builtin local text; [[ $test ]]$reads }"
  # It may have changed meanwhile.
  __boot_see
  if [[ $__boot_now == "${__boot_seen-}" ]]; then
    \builtin typeset -g __boot_learned=1
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

# Ends what somebody else's script activated. Its own `deactivate` gives back PS1 and PYTHONHOME; the PATH that it would put back is an old one.
__boot_undo() {
  \builtin local path_now=$PATH
  if [[ -z ${__boot_foreign-} ]]; then
    return 0
  fi
  if [[ -n ${_OLD_VIRTUAL_PATH+x}${__venv_shown+x} ]] && (( ${+functions[deactivate]} )); then
    deactivate nondestructive >/dev/null 2>&1 </dev/null || :
    \builtin unfunction deactivate 2>/dev/null || :
  fi
  PATH=$path_now
  # A nested shell may have activated it again.
  while [[ :${PATH-}: == *":$__boot_foreign/bin:"* ]]; do
    __boot_drop "$__boot_foreign/bin"
  done
  \builtin unset _OLD_VIRTUAL_PATH VIRTUAL_ENV VIRTUAL_ENV_PROMPT __boot_foreign
}

# boot answers: activate the environment $1, shown as $2. What is active by other means is just that one.
__boot_use() {
  if [[ ${__boot_used-} == "$1" && ${__BOOT_ACTIVE-} == "$1" && ${VIRTUAL_ENV-} == "$1" ]]; then
    # It is on PATH, where the user may have put other folders before it.
    \builtin export VIRTUAL_ENV_PROMPT=$2
    return 0
  fi
  __boot_undo
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
        __boot_hold "$PWD"
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

# boot answers: what is active by other means stays.
__boot_stay() {
  :
}

# Nothing is activated as long as the shell stands in $1; empty: no longer. `boot shell status` reads the exported word.
__boot_hold() {
  \builtin typeset -g __boot_held=$1
  \builtin export __BOOT_HOOK="$$${__boot_follows:+ cd}${1:+ held}"
}

__boot_release() {
  if [[ -n ${__boot_held-} ]]; then
    __boot_hold ""
  fi
}

# boot answers: the project's `.venv` $1 is the same file as $2; and folder $3, if there is one, had the time that the file $4 has.
__boot_watch() {
  # A file that names an environment, on a filesystem without links, is never the same file.
  if [[ $1 -ef $2 ]]; then
    \builtin typeset -g __boot_link=$1 __boot_root=$2
  fi
  if [[ -n ${4-} ]]; then
    \builtin typeset -g __boot_marked=$3 __boot_mark=$4
  fi
}

# boot answers: the environment was made just now, which isn't a change to ask about again.
__boot_settle() {
  \builtin local pins=$__boot_pins
  __boot_read_stamp
  __boot_see
  if [[ $pins == "$__boot_pins" ]]; then
    \builtin typeset -g __boot_seen=$__boot_now
  fi
}

# Something in the shell has changed since the last look: the folder, what is active, or what others say ($1). Sets __boot_out where boot
# stays out of it.
__boot_turn() {
  \builtin local stood=${__boot_stood-} managed=${__boot_managed-}
  \builtin typeset -g __boot_stood=$PWD __boot_managed=$1
  if [[ $stood != "$__boot_stood" ]]; then
    \builtin typeset -g __boot_arrived=1
  fi
  if [[ $managed != "$__boot_managed" ]]; then
    __boot_restore
  fi
  if [[ -z ${VIRTUAL_ENV-} && -n ${__BOOT_ACTIVE-}${__boot_foreign-} ]]; then
    # Deactivated by other means than ours: that holds like our own, unless it came before the folder changed, or one of the others did
    # it, or pyenv-virtualenv because it isn't one of its own.
    if [[ ( -z ${PYENV_VIRTUALENV_INIT-} || -z ${__BOOT_ACTIVE-} ) && $managed == "$__boot_managed" &&
      ( $stood == "$__boot_stood" || -z ${__boot_follows-} ) ]]; then
      __boot_hold "$__boot_stood"
    fi
    __boot_leave
    # What ended it may have put back a PATH of before.
    __boot_restore
    \builtin unset __boot_seen __boot_foreign
  elif [[ -n ${VIRTUAL_ENV-} && $VIRTUAL_ENV${_OLD_VIRTUAL_PATH+ by hand} != "${__BOOT_ACTIVE-}" ]]; then
    if [[ :${PATH-}: == *":$VIRTUAL_ENV/bin:"* ]]; then
      # Activated by other means than ours. What we had added steps aside.
      if [[ -n ${__BOOT_ACTIVE-} ]]; then
        __boot_drop "$__BOOT_ACTIVE/bin"
      fi
      \builtin unset __BOOT_ACTIVE __boot_gave_deactivate __boot_used
      \builtin typeset -g __boot_foreign=$VIRTUAL_ENV
      __boot_release
    else
      # A word without the commands: pyenv-virtualenv has only that. Where boot has an environment, both say the same afterwards.
      \builtin unset __boot_seen __boot_foreign
    fi
  else
    \builtin unset __boot_foreign
  fi
  if [[ -n ${__boot_held-} ]]; then
    if [[ $__boot_held == "$__boot_stood" ]]; then
      \builtin typeset -g __boot_out=1
      return 0
    fi
    __boot_release
    \builtin unset __boot_seen
  fi
}

# Whether this folder says which Python it wants, to others than boot. Once for each folder, where the shell has just come to.
__boot_hints() {
  if [[ -n ${__boot_arrived-} && -z $__boot_pins && ( -e pyproject.toml || -e .tool-versions || -e mise.toml || -e Pipfile ||
    -e environment.yml || -e runtime.txt || -e .python-versions || -e uv.lock ) ]]; then
    if [[ ${__boot_hinted-} != *"//$PWD//"* ]]; then
      \builtin typeset -g __boot_hinted="${__boot_hinted-}//$PWD//"
      return 0
    fi
  fi
  return 1
}

# Goes by the pins and environments there are; $1 is a flag for boot.
__boot_follow() {
  \builtin local lines
  __boot_see
  if [[ -z ${1-} ]] && __boot_hints; then
    \builtin unset __boot_seen
  elif [[ -z $__boot_now ]]; then
    if [[ -n ${__boot_seen-}${__BOOT_ACTIVE-} ]]; then
      \builtin unset __boot_seen __boot_mark __boot_link
      __boot_leave
    fi
    return 0
  elif [[ $__boot_now == "${__boot_seen-}" ]] && __boot_same; then
    return 0
  fi
  \builtin typeset -g __boot_seen=$__boot_now
  \builtin unset __boot_mark __boot_link
  if [[ ! -x $__boot_bin ]]; then
    __boot_leave
    return 0
  fi
  if [[ -n ${1-} ]]; then
    # A subshell says nothing: it would be said again and again.
    lines=$("$__boot_bin" shell enter $1 -- zsh "$__boot_here" "${__boot_told-}" ${__boot_foreign:+"$__boot_foreign"} </dev/null 2>/dev/null) || lines=__boot_leave
  else
    lines=$("$__boot_bin" shell enter -- zsh "$__boot_here" "${__boot_told-}" ${__boot_foreign:+"$__boot_foreign"} </dev/null) || lines=__boot_leave
  fi
  \builtin eval "$lines"
}

# Whether all is as it was when boot was asked last.
__boot_settled() {
  __boot_see
  [[ $__boot_now == "${__boot_seen-}" && ( -n $__boot_now || -z ${__BOOT_ACTIVE-} ) ]] && __boot_same
}

# $1 is a flag for boot.
__boot_look() {
  \builtin local word=
  if [[ -r $__boot_stamp ]]; then
    if (( ${+builtins[sysread]} )); then
      sysread -s 100 word <$__boot_stamp || :
    else
      IFS= \builtin read -r word <$__boot_stamp || :
    fi
  fi
  # What others that activate at a prompt keep for themselves. They put back a PATH of their own: as it was before we came or left.
  \builtin local managed=${DIRENV_DIFF-}${__MISE_DIFF-}${PYENV_VIRTUAL_ENV-}
  if [[ $word != "${__boot_word-}" ]]; then
    # The shell remembers where it found commands.
    \builtin rehash || :
    \builtin typeset -g __boot_word=$word __boot_learned=
  fi
  if [[ "$PWD ${VIRTUAL_ENV-} ${_OLD_VIRTUAL_PATH+x} ${__BOOT_ACTIVE-} ${BOOT_PYTHON-} $managed" == "${__boot_state-}" ]]; then
    if [[ -n $__boot_out ]] || { [[ -n $__boot_learned ]] && __boot_unchanged; }; then
      return 0
    fi
    \builtin typeset -g __boot_learned=
    if __boot_settled; then
      # Made when a second prompt comes: somebody who only passes through shouldn't wait for it.
      if [[ -n ${__boot_again-} ]]; then
        __boot_learn
      fi
      \builtin typeset -g __boot_again=1
      return 0
    fi
  else
    \builtin typeset -g __boot_again= __boot_out= __boot_learned=
    __boot_turn "$managed"
  fi
  if [[ -z $__boot_out ]]; then
    __boot_follow "${1-}"
    if [[ -n ${PYENV_VIRTUAL_ENV-} && -n ${__BOOT_ACTIVE-} && -z ${__boot_said_pyenv-} ]]; then
      \builtin typeset -g __boot_said_pyenv=1
      \builtin printf 'warning: pyenv-virtualenv activates environments here too; boot'\''s is the one that is active\nto have boot alone, take this out of your start-up files: eval "$(pyenv virtualenv-init -)"\n' >&2
    fi
  fi
  \builtin unset __boot_arrived
  \builtin typeset -g __boot_state="$PWD ${VIRTUAL_ENV-} ${_OLD_VIRTUAL_PATH+x} ${__BOOT_ACTIVE-} ${BOOT_PYTHON-} $managed"
}

# Runs at each prompt, ahead of what shows one. zsh has each such function find `$?` as it was; to return it again would be a failure that
# a ZERR trap hears of.
__boot_prompt() {
  \builtin emulate -L zsh
  \builtin setopt no_err_exit no_err_return no_xtrace no_warn_create_global
  __boot_look || :
  __boot_ready=1
}

# The folder has changed: what comes next on the same line runs in the new project. Not while start-up files run and in completions; in a
# subshell nothing is made.
__boot_moved() {
  \builtin emulate -L zsh
  \builtin setopt no_err_exit no_err_return no_xtrace no_warn_create_global
  if [[ -z ${__boot_ready-} || ${BOOT_CD-} == off || $PWD == "${__boot_stood-}" ]] || (( ${+compstate} )); then
    return 0
  fi
  # direnv and mise take theirs away at the prompt.
  if [[ ${VIRTUAL_ENV-} != "${__BOOT_ACTIVE-}" && -n ${DIRENV_DIFF-}${__MISE_DIFF-} ]]; then
    return 0
  fi
  if (( ZSH_SUBSHELL )); then
    __boot_look --look || :
  else
    __boot_look || :
  fi
}

# The environment's own activate script asks: is $1 what boot activates here? Then it is active now, and nothing else has to be done.
__boot_take() {
  \builtin emulate -L zsh
  \builtin setopt no_err_exit no_err_return no_xtrace no_warn_create_global
  if [[ -z ${__boot_ready-} ]]; then
    return 1
  fi
  __boot_release
  __boot_state=
  if (( ZSH_SUBSHELL )); then
    __boot_look --look || :
  else
    __boot_look || :
  fi
  [[ -n ${__BOOT_ACTIVE-} && $__BOOT_ACTIVE -ef $1 ]]
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

# With ALL_EXPORT a nested shell inherits words, and not the folders.
\builtin unset __boot_walked __boot_stale __boot_ready __boot_hinted
__boot_learned=
__boot_out=

__boot_start() {
  \builtin emulate -L zsh
  # The folders stay where they are if they are ahead of the system's, in this order: then somebody has decided so.
  if [[ ":${PATH-}:" != *":$__boot_shims:$__boot_tools:"* || ":${PATH-}:" == *":/usr/bin:"*":$__boot_shims:$__boot_tools:"* ]]; then
    __boot_front "$__boot_tools"
    __boot_front "$__boot_shims"
    # An active environment stays ahead, whoever activated it: an editor may have, for its terminals.
    if [[ -n ${VIRTUAL_ENV-} && ( ${__BOOT_ACTIVE-} == "$VIRTUAL_ENV" || :$PATH: == *":$VIRTUAL_ENV/bin:"* ) ]]; then
      __boot_front "$VIRTUAL_ENV/bin"
    fi
  fi
  if [[ -o interactive ]]; then
    # Reads a file in one go; without the module the builtin read does.
    \builtin zmodload -F zsh/system b:sysread 2>/dev/null || :
    \builtin typeset -ga precmd_functions
    \builtin typeset -gaU __boot_past
    \builtin typeset -ga chpwd_functions
    \builtin typeset -g __boot_follows=
    if [[ ${BOOT_CD-} != off ]]; then
      __boot_follows=1
      chpwd_functions=("${(@)chpwd_functions:#__boot_moved}" __boot_moved)
    fi
    __boot_hold "${__boot_held-}"
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
