# Activates this virtual environment in fish: `source bin/activate.fish`.
# `deactivate` undoes it, and nothing more than it.

# Ends what is active, boot's own activation of this environment included.
functions -q deactivate; and deactivate nondestructive

function deactivate
    if set -l at (contains -i -- "$VIRTUAL_ENV/bin" $PATH)
        set -e PATH[$at]
    end
    set -e VIRTUAL_ENV
    set -e VIRTUAL_ENV_PROMPT
    if functions -q __venv_fish_prompt
        functions -e fish_prompt __venv_ended
        functions -c __venv_fish_prompt fish_prompt
        functions -e __venv_fish_prompt
    end
    test "$argv[1]" = nondestructive; or functions -e deactivate
end

set -gx VIRTUAL_ENV '@VIRTUAL_ENV@'
set -gx VIRTUAL_ENV_PROMPT '@PROMPT@'
set -gx PATH "$VIRTUAL_ENV/bin" $PATH
if test -z "$VIRTUAL_ENV_DISABLE_PROMPT"; and functions -q fish_prompt
    functions -c fish_prompt __venv_fish_prompt
    function __venv_ended
        return $argv[1]
    end
    function fish_prompt
        # What the real prompt shows of the last command's end stays right.
        set -l ended $status
        printf '%s' '@SHOWN@'
        __venv_ended $ended
        __venv_fish_prompt
    end
end
