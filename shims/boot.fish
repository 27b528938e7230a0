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
            set -a __boot_folders "$folder"
            test -n "$folder"; or break
            set folder (string replace -r '/[^/]*\z' '' -- $folder | string collect)
        end
    end
    set -g __boot_now
    for folder in $__boot_folders
        test -e "$folder/.python-version"; or continue
        set -l text
        if test -f "$folder/.python-version"; and test -r "$folder/.python-version"
            read -z -n 4097 text <"$folder/.python-version"
        end
        set -a __boot_now "$folder/$text/"
        if test -e "$folder/.venv/bin/python"
            set -a __boot_now +
        else if test -e "$folder/.venv"; or test -L "$folder/.venv"
            set -a __boot_now '?'
        end
    end
    if set -q __boot_now[1]; and test -r "$__boot_stamp"
        set -l text
        read text <"$__boot_stamp"
        set -a __boot_now "$text"
    end
end

# boot answers: activate the environment, shown as the second argument.
function __boot_use -a root shown
    __boot_leave
    set -gx PATH "$root/bin" $PATH
    set -gx VIRTUAL_ENV $root
    set -gx VIRTUAL_ENV_PROMPT $shown
    set -gx __BOOT_ACTIVE $root
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
    if set -q __boot_gave_deactivate
        set -e __boot_gave_deactivate
        functions -e deactivate
    end
end

# boot answers: the environment was made just now, which isn't a change to ask about again.
function __boot_settle
    __boot_see
    set -g __boot_seen $__boot_now
end

function __boot_look
    if test -n "$VIRTUAL_ENV"; and test "$VIRTUAL_ENV" != "$__BOOT_ACTIVE"
        # Activated by hand: not ours to touch. What we had added steps aside; its own deactivate may bring that back on PATH.
        set -q __BOOT_ACTIVE; and __boot_drop "$__BOOT_ACTIVE/bin"
        set -e __boot_gave_deactivate
        set -g __boot_seen foreign
        return
    end
    if test -z "$VIRTUAL_ENV"; and begin
            set -q __BOOT_ACTIVE; or test "$__boot_seen" = foreign
        end
        # Deactivated by other means than ours: that holds like our own.
        __boot_leave
        if set -q __boot_seen[1]
            set -g __boot_held $PWD
            set -e __boot_seen
        end
    end
    if set -q __boot_held
        test "$__boot_held" = "$PWD"; and return
        set -e __boot_held
        set -e __boot_seen
    end
    __boot_see
    if not set -q __boot_now[1]
        set -e __boot_seen
        __boot_leave
        return
    end
    test "$__boot_now" = "$__boot_seen"; and return
    set -g __boot_seen $__boot_now
    if not test -x "$__boot_bin"
        __boot_leave
        return
    end
    $__boot_bin shell enter fish "$PWD" "$__boot_told" </dev/null | source
end

# Runs at each prompt; fish keeps `$status` for what else does.
function __boot_prompt --on-event fish_prompt
    status is-command-substitution; and return
    __boot_look
end

# The first <Tab> after `boot` fetches the completions. Starting a shell shouldn't wait for them.
function __boot_complete
    complete -e -c boot
    $__boot_bin completions fish 2>/dev/null | source
    complete -C (commandline -cp)
end

# The folders stay where they are if they are ahead of the system's, in this order: then somebody has decided so.
if not string match -q -- "*:$__boot_shims:$__boot_tools:*/usr/bin:*" ":"(string join : -- $PATH)":"
    __boot_front $__boot_tools
    __boot_front $__boot_shims
    if set -q __BOOT_ACTIVE; and test "$VIRTUAL_ENV" = "$__BOOT_ACTIVE"
        __boot_front "$VIRTUAL_ENV/bin"
    end
end
if status is-interactive
    complete -c boot -f -a '(__boot_complete)'
else
    functions -e __boot_prompt
end
