# Activates this virtual environment in fish. It must be sourced, not run: `source bin/activate.fish`.
# `deactivate` undoes it, and nothing more than it.

# Where boot's hook is live and this is the environment that belongs here, the hook activates it, and takes it off elsewhere.
if not functions -q __boot_take; or not __boot_take '@VIRTUAL_ENV@'
    # Ends what is active, boot's own activation of this environment included.
    functions -q deactivate; and deactivate nondestructive

    function deactivate
        if set -l at (contains -i -- "$VIRTUAL_ENV/bin" $PATH)
            set -e PATH[$at]
        end
        set -e VIRTUAL_ENV
        set -e VIRTUAL_ENV_PROMPT
        set -e __venv_shown
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
    set -g __venv_shown 1
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
end
