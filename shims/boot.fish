# boot's hook for fish: puts boot's commands on PATH, and a project's virtual environment while you are in it.
#
# At a prompt where nothing has changed it only looks: builtins, no process. When a pin, an environment or the project
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

# What there is to go by: each pin from here to the root with its content, and whether an environment stands beside it.
# Empty without a pin. Folders without one are asked once each.
function __boot_see
    if test "$PWD" != "$__boot_walked"
        set -g __boot_walked $PWD
        set -g __boot_folders
        set -l folder (string replace -r '/\z' '' -- $PWD | string collect)
        while true
            set -a __boot_folders "$folder/"
            test -n "$folder"; or break
            set folder (string replace -r '/[^/]*\z' '' -- $folder | string collect)
        end
    end
    set -g __boot_pins
    set -l stands
    for folder in $__boot_folders
        if test -e $folder.python-version
            set -l text
            if test -f $folder.python-version -a -r $folder.python-version
                # To its end, or to a NUL, which makes it no pin.
                read -z -n 4097 text <$folder.python-version
            end
            set -a __boot_pins "$folder$text/"
            set -g __boot_text "$text"
            if test -L "$folder.venv"
                set stands "$stands@"
            else if test -e $folder.venv/bin/python
                set stands "$stands+"
            else if test -e $folder.venv
                set stands "$stands?"
            else
                set stands "$stands-"
            end
        end
    end
    set -g __boot_now
    set -g __boot_stands $stands
    if set -q __boot_pins[1]
        set -g __boot_word
        test -r "$__boot_stamp"; and read -g __boot_word <"$__boot_stamp"
        set __boot_now "$__boot_pins$stands$__boot_word"
    end
end

# Remembers what was seen just now as one question, for the usual case: a pin with boot's environment beside it, and no other pin.
# Each builtin that a prompt needn't run counts here.
function __boot_learn
    set -e __boot_question
    test (count $__boot_pins) = 1 -a "$__boot_stands" = +; and set -q __boot_mark; and set -q __BOOT_ACTIVE; or return
    set -l question -e $__boot_mark -a -e $__BOOT_ACTIVE/bin/python -a ! $__boot_marked -nt $__boot_mark -a ! $__boot_marked -ot $__boot_mark
    for folder in $__boot_folders
        if test -e $folder.python-version
            set -g __boot_pin $folder.python-version
            set -a question -a -f $__boot_pin -a -r $__boot_pin -a ! -L {$folder}.venv
            # As a rule it is just the active one, which is asked for already.
            test {$folder}.venv = $__BOOT_ACTIVE; or set -a question -a -e {$folder}.venv/bin/python
        else
            set -a question -a ! -e $folder.python-version
        end
    end
    set -g __boot_question $question -a -r $__boot_stamp
end

# Whether the environment that boot saw is still that one: its mark has the time that the folder had. Another folder in its place has
# another time, older or newer.
function __boot_same
    set -q __BOOT_ACTIVE; and not test -e "$__BOOT_ACTIVE/bin/python"; and return 1
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

# boot answers: activate the environment, shown as the second argument.
function __boot_use -a root shown
    if test "$__boot_used" = "$root"; and test "$__BOOT_ACTIVE" = "$root"
        # It is on PATH, where the user may have put other folders before it.
        set -gx VIRTUAL_ENV_PROMPT $shown
        return
    end
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
            test "$argv[1]" = nondestructive; or set -g __boot_held $PWD
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

# boot answers: the first had the time that the second has.
function __boot_watch -a folder mark
    # Older versions of fish can't compare times.
    test / -nt /nonexistent/file 2>/dev/null; or return
    set -g __boot_marked $folder
    set -g __boot_mark $mark
end

# boot answers: the environment was made just now, which isn't a change to ask about again.
function __boot_settle
    set -l pins $__boot_pins
    __boot_see
    test "$pins" = "$__boot_pins"; and set -g __boot_seen $__boot_now
end

# Something in the shell has changed since the last prompt: the folder, what is active, or what others say. Sets __boot_out where boot
# stays out of it.
function __boot_turn -a now_managed
    set -l stood $__boot_stood
    set -g __boot_stood $PWD
    set -l managed $__boot_managed
    set -g __boot_managed $now_managed
    test "$managed" = "$__boot_managed"; or __boot_restore
    if test -n "$VIRTUAL_ENV"; and test "$VIRTUAL_ENV" != "$__BOOT_ACTIVE"
        # Activated by hand: not ours to touch. What we had added steps aside; its own deactivate may bring that back on PATH.
        set -q __BOOT_ACTIVE; and __boot_drop "$__BOOT_ACTIVE/bin"
        set -e __boot_gave_deactivate
        set -e __boot_used
        set -g __boot_seen foreign
        set -g __boot_out 1
        return
    end
    if test -z "$VIRTUAL_ENV"; and begin
            set -q __BOOT_ACTIVE; or test "$__boot_seen" = foreign
        end
        # Deactivated by other means than ours: that holds like our own, unless one of the others did it for a change of the directory, or
        # pyenv-virtualenv because it isn't one of its own.
        if not set -q PYENV_VIRTUALENV_INIT; or not set -q __BOOT_ACTIVE
            if test "$stood" = "$__boot_stood"; or test "$managed" = "$__boot_managed"
                set -g __boot_held $__boot_stood
            end
        end
        __boot_leave
        set -e __boot_seen
    end
    if set -q __boot_held
        if test "$__boot_held" = "$__boot_stood"
            set -g __boot_out 1
            return
        end
        set -e __boot_held
        set -e __boot_seen
    end
end

# Goes by the pins and environments there are.
function __boot_follow
    __boot_see
    if not set -q __boot_now[1]
        if set -q __boot_seen; or set -q __BOOT_ACTIVE
            set -e __boot_seen
            set -e __boot_mark
            __boot_leave
        end
        return
    end
    if test "$__boot_now" = "$__boot_seen"; and __boot_same
        __boot_learn
        return
    end
    set -e __boot_question
    set -g __boot_seen $__boot_now
    set -e __boot_mark
    if not test -x "$__boot_bin"
        __boot_leave
        return
    end
    $__boot_bin shell enter fish "$PWD" "$__boot_told" </dev/null | source
    test $pipestatus[1] = 0; or __boot_leave
end

# Runs at each prompt; fish keeps `$status` for what else does. Handlers run in the order in which they came, so this one comes at the
# first prompt: after those who put back a PATH of their own.
function __boot_begin --on-event fish_prompt
    status is-command-substitution; and return
    functions -e __boot_begin
    # In one piece: at a prompt where nothing has changed, a call of another function would be a tenth of it.
    function __boot_prompt --on-event fish_prompt
        status is-command-substitution; and return
        # What others that activate at a prompt keep for themselves. They put back a PATH of their own: as it was before we came or left.
        set -l managed "$DIRENV_DIFF$__MISE_DIFF$PYENV_VIRTUAL_ENV"
        if test "$PWD $VIRTUAL_ENV $__BOOT_ACTIVE $managed" = "$__boot_state"
            # Whether all that was learned still holds, and the pin and the stamp still say the same.
            if set -q __boot_question; and test $__boot_question
                read -lz -n 4097 text <$__boot_pin
                read -l word <$__boot_stamp
                test "$text/$word" = "$__boot_text/$__boot_word"; and return
            end
        else
            set -e __boot_out
            set -e __boot_question
            __boot_turn "$managed"
        end
        set -q __boot_out; or __boot_follow
        set -g __boot_state "$PWD $VIRTUAL_ENV $__BOOT_ACTIVE $managed"
    end
    __boot_prompt
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
    if set -q __BOOT_ACTIVE; and test "$VIRTUAL_ENV" = "$__BOOT_ACTIVE"
        __boot_front "$VIRTUAL_ENV/bin"
    end
end
if status is-interactive
    complete -c boot -f -a '(__boot_complete)'
else
    functions -e __boot_begin
end
