# boot's hook for fish: puts boot's commands on PATH, and a project's virtual environment while you are in it.
#
# At a prompt and in a folder where nothing has changed it only looks: builtins, no process. When a pin, an environment or the project
# has changed it asks boot once, which answers with calls of the functions below, every value quoted. No alias, no
# wrapped cd; the prompt is never touched; `$status` stays what it was. Leaving removes what entering added, and nothing else.
#
# `boot shell init fish` sets these before it: __boot_bin, boot itself; __boot_shims and __boot_tools, the folders for
# PATH; __boot_stamp, a file whose content changes with what is installed and trusted.

# Takes the first mention of a folder out of PATH.
function __boot_drop -a folder
    if set -l at (contains -i -- $folder $PATH)
        set -e PATH[$at]
    end
end

function __boot_front -a folder
    __boot_drop $folder
    set -gx PATH $folder $PATH
end

# Reads the word that changes with what is installed and trusted.
function __boot_read_stamp
    set -g __boot_word
    test -r "$__boot_stamp"; and read -g __boot_word <"$__boot_stamp"
end

# Finds out where the shell stands, __boot_here: as a rule $PWD. Where nothing is there since the folder was renamed, the folder's name of now
# is asked for, once; a folder that was deleted has none. Where somebody has put another folder there, that one is looked at.
function __boot_locate
    if not set -q __boot_compares; or test -e "$PWD"
        set -g __boot_here $PWD
    else if test "$__boot_stale" != "$PWD"; or test "$__boot_here" != "$PWD" -a ! . -ef "$__boot_here"
        set -g __boot_stale $PWD
        set -g __boot_here (builtin realpath . 2>/dev/null | string collect); or set -g __boot_here $PWD
    end
end

# Lists the folders from here to the root, and makes one question of whether none of them has a pin or an environment, another of whether
# one has a link. A command substitution costs as much as ten builtins: here a named group of the pattern takes the names.
function __boot_walk
    set -g __boot_walked $__boot_here
    set -g __boot_folders /
    set -g __boot_nothing ! -e /.python-version -a ! -e /.venv
    set -g __boot_links -L /.venv
    set -l names
    string match -qar '(?<names>[^/]+)' -- $__boot_here
    for name in $names
        set -p __boot_folders "$__boot_folders[1]$name/"
        set -a __boot_nothing -a ! -e $__boot_folders[1].python-version -a ! -e $__boot_folders[1].venv
        set -a __boot_links -o -L $__boot_folders[1].venv
    end
    if test "$__boot_folders[1]" != "$__boot_here/" -a "$__boot_here" != /
        # A fish older than 3.2 knows no such groups.
        set __boot_folders
        set __boot_nothing -n x
        set __boot_links -n ''
        set -l folder $__boot_here
        while true
            set -a __boot_folders "$folder/"
            set -a __boot_nothing -a ! -e "$folder/.python-version" -a ! -e "$folder/.venv"
            set -a __boot_links -o -L "$folder/.venv"
            test -n "$folder"; or break
            set folder (string replace -r '/[^/]*\z' '' -- $folder | string collect)
        end
    end
end

# What there is to go by: from here to the root each pin with its content, and the kind of what stands as an environment: a link that leads
# somewhere (@) or nowhere (!), a folder with a Python (+), something else (?). Empty where there is nothing of it, and no BOOT_PYTHON.
function __boot_see
    __boot_locate
    test "$__boot_here" = "$__boot_walked"; or __boot_walk
    set -g __boot_pins
    set -g __boot_texts
    set -l venvs
    if not test $__boot_nothing; or test $__boot_links
        for folder in $__boot_folders
            if test -e $folder.python-version
                set -l text
                if test -f $folder.python-version -a -r $folder.python-version
                    # To its end, or to a NUL, which makes it no pin.
                    read -z -n 4097 text <$folder.python-version
                    set -a __boot_texts "$text"
                end
                set -a __boot_pins "$folder$text/"
            end
            if test -e $folder.venv
                if test -L $folder.venv
                    set -a venvs "$folder@"
                else if test -e $folder.venv/bin/python
                    set -a venvs "$folder+"
                else
                    set -a venvs "$folder?"
                end
            else if test -L $folder.venv
                set -a venvs "$folder!"
            end
        end
    end
    set -g __boot_now
    if test -n "$__boot_pins$venvs$BOOT_PYTHON"
        set __boot_now "$__boot_pins $venvs $BOOT_PYTHON $__boot_word $__boot_foreign"
    end
end

# Makes one question of all that was seen just now; __boot_question names the variable that has it. Each builtin that a prompt needn't run
# counts here.
function __boot_learn
    set -l question -n x
    set -q __BOOT_ACTIVE; and set -a question -a -e $__BOOT_ACTIVE/bin/python
    if set -q __boot_link
        set -q __boot_compares; or return
        set -a question -a $__boot_link -ef $__boot_root
    end
    set -q __boot_mark; and set -a question -a -e $__boot_mark -a ! $__boot_marked -nt $__boot_mark -a ! $__boot_marked -ot $__boot_mark
    set -g __boot_pin_files
    for folder in $__boot_folders
        if test -f $folder.python-version -a -r $folder.python-version
            set -a __boot_pin_files $folder.python-version
            set -a question -a -f $folder.python-version -a -r $folder.python-version
            test -e $folder.venv -o -L $folder.venv; or set -a question -a ! -L $folder.venv
        else if test -e $folder.python-version
            return
        else
            set -a question -a ! -e $folder.python-version
        end
        if not test -e $folder.venv
            set -a question -a ! -e $folder.venv
            test -L $folder.venv; and set -a question -a -L $folder.venv
        else if test -L $folder.venv
            # Being the same file as another says that it leads somewhere.
            set -a question -a -L $folder.venv
            test $folder.venv = "$__boot_link"; or set -a question -a -e $folder.venv
        else if test -e $folder.venv/bin/python
            set -a question -a ! -L $folder.venv
            # As a rule it is just the active one, which is asked for already.
            test $folder.venv = "$__BOOT_ACTIVE"; or set -a question -a -e $folder.venv/bin/python
        else
            set -a question -a ! -L $folder.venv -a -e $folder.venv -a ! -e $folder.venv/bin/python
        end
    end
    # It may have changed meanwhile.
    __boot_see
    test "$__boot_now" = "$__boot_seen"; or return
    set -g __boot_unchanged $question
    set -g __boot_question __boot_unchanged
end

# Whether two paths are one file; older versions of fish can't compare files.
function __boot_is -a one other
    if set -q __boot_compares
        test "$one" -ef "$other"
    else
        test (builtin realpath -- $one 2>/dev/null | string collect) = (builtin realpath -- $other 2>/dev/null | string collect)
    end
end

# Whether the environment that boot saw is still that one: the project's `.venv` is the same file, and the mark has the time that the
# folder of commands had. Another folder in its place has another time, older or newer.
function __boot_same
    set -q __BOOT_ACTIVE; and not test -e "$__BOOT_ACTIVE/bin/python"; and return 1
    set -q __boot_link; and not __boot_is $__boot_link $__boot_root; and return 1
    set -q __boot_mark; or return 0
    test -e "$__boot_mark" -a -e "$__boot_marked"; and not test "$__boot_marked" -nt "$__boot_mark" -o "$__boot_marked" -ot "$__boot_mark"
end

# Makes PATH right again after somebody put back an older one: of all that this shell ever added, it holds what is active now.
function __boot_restore
    for one in $__boot_past
        test "$one" = "$__boot_used/bin"; or __boot_drop $one
    end
    if set -q __boot_used; and not contains -- "$__boot_used/bin" $PATH
        __boot_front "$__boot_used/bin"
    end
end

# Ends what somebody else's script activated. Its own `deactivate` gives back the prompt; the PATH that it would put back is an old one.
function __boot_undo
    set -q __boot_foreign; or return 0
    set -l path_now $PATH
    if set -q _OLD_VIRTUAL_PATH; or set -q __venv_shown
        if functions -q deactivate
            deactivate nondestructive >/dev/null 2>&1 </dev/null
            functions -e deactivate
        end
    end
    set -gx PATH $path_now
    # A nested shell may have activated it again.
    while contains -- "$__boot_foreign/bin" $PATH
        __boot_drop "$__boot_foreign/bin"
    end
    set -e _OLD_VIRTUAL_PATH
    set -e VIRTUAL_ENV
    set -e VIRTUAL_ENV_PROMPT
    set -e __boot_foreign
end

# boot answers: activate the environment, shown as the second argument. What is active by other means is just that one.
function __boot_use -a root shown
    if test "$__boot_used" = "$root"; and test "$__BOOT_ACTIVE" = "$root"; and test "$VIRTUAL_ENV" = "$root"
        # It is on PATH, where the user may have put other folders before it.
        set -gx VIRTUAL_ENV_PROMPT $shown
        return
    end
    __boot_undo
    __boot_leave
    set -gx PATH "$root/bin" $PATH
    set -gx VIRTUAL_ENV $root
    set -gx VIRTUAL_ENV_PROMPT $shown
    set -gx __BOOT_ACTIVE $root
    set -g __boot_used $root
    contains -- "$root/bin" $__boot_past; or set -ga __boot_past "$root/bin"
    # What pyenv-virtualenv compares: it needn't look again.
    set -g _PYENV_VH_VENV $root
    if not functions -q deactivate
        set -g __boot_gave_deactivate 1
        function deactivate
            __boot_leave
            test "$argv[1]" = nondestructive; or __boot_hold $PWD
        end
    end
end

# boot answers, or we know: nothing of boot's belongs here.
function __boot_leave
    if set -q __BOOT_ACTIVE
        __boot_drop "$__BOOT_ACTIVE/bin"
        if test "$VIRTUAL_ENV" = "$__BOOT_ACTIVE"
            set -e VIRTUAL_ENV
            set -e VIRTUAL_ENV_PROMPT
        end
        set -e __BOOT_ACTIVE
    end
    set -e __boot_used
    if set -q __boot_gave_deactivate
        set -e __boot_gave_deactivate
        functions -e deactivate
    end
end

# boot answers: what is active by other means stays.
function __boot_stay
end

# Nothing is activated as long as the shell stands in this folder; without one: no longer. `boot shell status` reads the exported word.
function __boot_hold -a folder
    set -l follows
    set -q __boot_follows; and set follows cd
    if test -n "$folder"
        set -g __boot_held $folder
        set -gx __BOOT_HOOK (string join ' ' -- $fish_pid $follows held)
    else
        set -e __boot_held
        set -gx __BOOT_HOOK (string join ' ' -- $fish_pid $follows)
    end
end

function __boot_release
    set -q __boot_held; and __boot_hold
end

# boot answers: the project's `.venv` is the same file as the second; and the third, if there is one, had the time that the fourth has.
function __boot_watch -a link root folder mark
    # A file that names an environment, on a filesystem without links, is never the same file.
    if __boot_is $link $root
        set -g __boot_link $link
        set -g __boot_root $root
    end
    if test -n "$mark"; and set -q __boot_compares
        set -g __boot_marked $folder
        set -g __boot_mark $mark
    end
end

# boot answers: the environment was made just now, which isn't a change to ask about again.
function __boot_settle
    set -l pins $__boot_pins
    __boot_read_stamp
    __boot_see
    test "$pins" = "$__boot_pins"; and set -g __boot_seen $__boot_now
end

# Something in the shell has changed since the last look: the folder, what is active, or what others say. Sets __boot_out where boot
# stays out of it.
function __boot_turn -a now_managed
    set -l stood $__boot_stood
    set -g __boot_stood $PWD
    set -l managed $__boot_managed
    set -g __boot_managed $now_managed
    test "$stood" = "$__boot_stood"; or set -g __boot_arrived 1
    if test "$managed" = "$__boot_managed"
        # As nearly always: nothing is active, and nothing was.
        test -n "$VIRTUAL_ENV$__BOOT_ACTIVE$__boot_foreign$__boot_held"; or return
    else
        __boot_restore
    end
    set -l by_hand
    set -q _OLD_VIRTUAL_PATH; and set by_hand ' by hand'
    if test -z "$VIRTUAL_ENV"; and test -n "$__BOOT_ACTIVE$__boot_foreign"
        # Deactivated by other means than ours: that holds like our own, unless it came before the folder changed, or one of the others did
        # it, or pyenv-virtualenv because it isn't one of its own.
        if test "$managed" = "$__boot_managed"; and begin
                not set -q PYENV_VIRTUALENV_INIT; or not set -q __BOOT_ACTIVE
            end
            test "$stood" = "$__boot_stood"; or not set -q __boot_follows; and __boot_hold $__boot_stood
        end
        __boot_leave
        # What ended it may have put back a PATH of before.
        __boot_restore
        set -e __boot_seen
        set -e __boot_foreign
    else if test -n "$VIRTUAL_ENV"; and test "$VIRTUAL_ENV$by_hand" != "$__BOOT_ACTIVE"
        if contains -- "$VIRTUAL_ENV/bin" $PATH
            # Activated by other means than ours. What we had added steps aside.
            set -q __BOOT_ACTIVE; and __boot_drop "$__BOOT_ACTIVE/bin"
            set -e __BOOT_ACTIVE
            set -e __boot_gave_deactivate
            set -e __boot_used
            set -g __boot_foreign $VIRTUAL_ENV
            __boot_release
        else
            # A word without the commands: pyenv-virtualenv has only that. Where boot has an environment, both say the same afterwards.
            set -e __boot_seen
            set -e __boot_foreign
        end
    else
        set -e __boot_foreign
    end
    if set -q __boot_held
        if test "$__boot_held" = "$__boot_stood"
            set -g __boot_out 1
            return
        end
        __boot_release
        set -e __boot_seen
    end
end

# Whether this folder says which Python it wants, to others than boot. Once for each folder, where the shell has just come to.
function __boot_hints
    set -q __boot_arrived; and not set -q __boot_pins[1]; or return
    test -e pyproject.toml -o -e .tool-versions -o -e mise.toml -o -e Pipfile -o -e environment.yml -o -e runtime.txt -o -e .python-versions -o -e uv.lock
    or return
    contains -- "$PWD" $__boot_hinted; and return 1
    set -ga __boot_hinted "$PWD"
    return 0
end

# Goes by the pins and environments there are; the argument is a flag for boot.
function __boot_follow
    __boot_see
    if test -z "$argv[1]"; and __boot_hints
        set -e __boot_seen
    else if not set -q __boot_now[1]
        if set -q __boot_seen; or set -q __BOOT_ACTIVE
            set -e __boot_seen
            set -e __boot_mark
            set -e __boot_link
            __boot_leave
        end
        return
    else if test "$__boot_now" = "$__boot_seen"; and __boot_same
        return
    end
    set -g __boot_seen $__boot_now
    set -e __boot_mark
    set -e __boot_link
    if not test -x "$__boot_bin"
        __boot_leave
        return
    end
    if test -n "$argv[1]"
        # The shell itself goes on behind a command substitution: the next prompt asks again, and may make and say something.
        $__boot_bin shell enter $argv[1] -- fish "$__boot_here" "$__boot_told" $__boot_foreign </dev/null 2>/dev/null | source
        test $pipestatus[1] = 0; or __boot_leave
        set -e __boot_seen
        set -e __boot_stood
    else
        $__boot_bin shell enter -- fish "$__boot_here" "$__boot_told" $__boot_foreign </dev/null | source
        test $pipestatus[1] = 0; or __boot_leave
    end
end

# The argument is a flag for boot.
function __boot_look
    set -l word
    test -r "$__boot_stamp"; and read word <"$__boot_stamp"
    # What others that activate at a prompt keep for themselves. They put back a PATH of their own: as it was before we came or left.
    set -l managed "$DIRENV_DIFF$__MISE_DIFF$PYENV_VIRTUAL_ENV"
    set -g __boot_word $word
    if test "$PWD $VIRTUAL_ENV $_OLD_VIRTUAL_PATH $__BOOT_ACTIVE $BOOT_PYTHON $managed" = "$__boot_state"
        set -q __boot_out; and return
        set -e __boot_question
        __boot_see
        if test "$__boot_now" = "$__boot_seen"; and __boot_same
            if set -q __boot_now[1]; or not set -q __BOOT_ACTIVE
                # Made when a second prompt comes: somebody who only passes through shouldn't wait for it.
                set -q __boot_again; and __boot_learn
                set -g __boot_again 1
                return
            end
        end
    else
        set -e __boot_again
        set -e __boot_out
        set -e __boot_question
        __boot_turn "$managed"
    end
    if not set -q __boot_out
        __boot_follow $argv
        # Where there is nothing, the question is there already.
        if not set -q __boot_now[1]
            set -g __boot_pin_files
            set -g __boot_question __boot_nothing
        end
        if set -q PYENV_VIRTUAL_ENV; and set -q __BOOT_ACTIVE; and not set -q __boot_said_pyenv
            set -g __boot_said_pyenv 1
            printf '%s\n' "warning: pyenv-virtualenv activates environments here too; boot's is the one that is active" \
                'to have boot alone, take this out of your start-up files: pyenv virtualenv-init - | source' >&2
        end
    end
    set -e __boot_arrived
    set -g __boot_state "$PWD $VIRTUAL_ENV $_OLD_VIRTUAL_PATH $__BOOT_ACTIVE $BOOT_PYTHON $managed"
end

# Runs at each prompt; fish keeps `$status` for what else does. Handlers run in the order in which they came, so this one comes at the
# first prompt: after those who put back a PATH of their own.
function __boot_begin --on-event fish_prompt
    status is-command-substitution; and return
    functions -e __boot_begin
    # In one piece: at a prompt where nothing has changed, a call of another function would be a tenth of it.
    function __boot_prompt --on-event fish_prompt
        status is-command-substitution; and return
        # Whether all that was learned still holds, and the pins and the stamp still say the same.
        if set -q __boot_question
            and test "$PWD $VIRTUAL_ENV $_OLD_VIRTUAL_PATH $__BOOT_ACTIVE $BOOT_PYTHON $DIRENV_DIFF$__MISE_DIFF$PYENV_VIRTUAL_ENV" = "$__boot_state"
            and test $$__boot_question
            set -l texts
            for pin in $__boot_pin_files
                read -lz -n 4097 text <$pin
                set -a texts "$text"
            end
            set -l word
            test -r "$__boot_stamp"; and read word <"$__boot_stamp"
            test "$texts/$word" = "$__boot_texts/$__boot_word"; and return
        end
        __boot_look
    end
    __boot_prompt
    set -g __boot_ready 1
end

# The folder has changed: what comes next on the same line runs in the new project. Not while start-up files run; in a command substitution
# nothing is made.
function __boot_moved --on-variable PWD
    set -q __boot_ready; and test "$BOOT_CD" != off -a "$PWD" != "$__boot_stood"; or return
    # direnv and mise take theirs away at the prompt.
    test "$VIRTUAL_ENV" != "$__BOOT_ACTIVE"; and test -n "$DIRENV_DIFF$__MISE_DIFF"; and return
    if status is-command-substitution
        __boot_look --look
    else
        __boot_look
    end
end

# The environment's own activate script asks: is this what boot activates here? Then it is active now, and nothing else has to be done.
function __boot_take -a root
    set -q __boot_ready; or return
    __boot_release
    set -e __boot_state
    __boot_look
    set -q __BOOT_ACTIVE; and __boot_is $__BOOT_ACTIVE $root
end

# The first <Tab> after `boot` fetches the completions. Starting a shell shouldn't wait for them.
function __boot_complete
    complete -e -c boot
    $__boot_bin completions fish 2>/dev/null | source
    complete -C (commandline -cp)
end

# The folders stay where they are if they are ahead of the system's, in this order: then somebody has decided so.
if not string match -q -- "*:$__boot_shims:$__boot_tools:*" ":"(string join : -- $PATH)":"
    or string match -q -- "*:/usr/bin:*:$__boot_shims:$__boot_tools:*" ":"(string join : -- $PATH)":"
    __boot_front $__boot_tools
    __boot_front $__boot_shims
    # An active environment stays ahead, whoever activated it: an editor may have, for its terminals.
    if test -n "$VIRTUAL_ENV"; and begin
            test "$VIRTUAL_ENV" = "$__BOOT_ACTIVE"; or contains -- "$VIRTUAL_ENV/bin" $PATH
        end
        __boot_front "$VIRTUAL_ENV/bin"
    end
end
# Older versions of fish compare no files.
test / -ef / 2>/dev/null; and test / -nt /nonexistent/file 2>/dev/null; and set -g __boot_compares 1
if status is-interactive
    if test "$BOOT_CD" = off
        functions -e __boot_moved
    else
        set -g __boot_follows 1
    end
    __boot_hold $__boot_held
    complete -c boot -f -a '(__boot_complete)'
else
    functions -e __boot_begin
    functions -e __boot_moved
end
