//! The words, as data: what is typed, and the answer.
//!
//! In a pattern, `a|b` is either; a name in capitals is one word, and with `…` all that follow.
//! `VERSION` is only what reads as a request for a Python, `SCRIPT` a file of Python. An option
//! directly behind boot's own commands may stand anywhere in what was typed. In an answer, what
//! stands in backticks is a command of boot; names become what was typed for them. The first row
//! that fits counts, and a row whose command wouldn't parse doesn't fit. A word without a fitting
//! answer has no row: none is better than a wrong one.

/// Patterns of words typed behind `boot`, each with the answer: what to type instead.
pub const ROWS: &[(&str, &str)] = &[
    // pyenv, and asdf and mise, which name the language first.
    ("install python", "`boot python install`"),
    ("install python VERSION…", "`boot python install VERSION…`"),
    ("install -l|--list ARGS…", "`boot python list --available`"),
    ("install VERSION…", "`boot python install VERSION…`"),
    (
        "install -r|--requirement FILE",
        "in a project's environment: pip install -r FILE; `boot venv` makes one",
    ),
    (
        "install -e|--editable FOLDER",
        "`boot tool install --editable FOLDER`, or in a project's environment: pip install -e \
         FOLDER",
    ),
    (
        "install",
        "`boot python install`, or `boot tool install SPEC`",
    ),
    ("install ARGS…", "`boot tool install ARGS…`"),
    (
        "uninstall|remove|rm python VERSION…",
        "`boot python uninstall VERSION…`",
    ),
    (
        "uninstall|remove|rm VERSION…",
        "`boot python uninstall VERSION…`",
    ),
    (
        "uninstall|remove|rm",
        "`boot python uninstall REQUEST`, `boot tool uninstall TOOL`, or `boot venv remove NAME`",
    ),
    (
        "uninstall|remove|rm NAMES…",
        "`boot tool uninstall NAMES…`, or `boot venv remove NAMES…`",
    ),
    ("list|ls|versions python", "`boot python list`"),
    ("list|ls VERSION", "`boot python list VERSION`"),
    (
        "list|ls ARGS…",
        "`boot python list`, `boot tool list`, or `boot venv list`",
    ),
    ("versions --bare ARGS…", "`boot python list --json`"),
    ("versions ARGS…", "`boot python list`"),
    (
        "version",
        "`boot python list` marks the Python that is in effect; boot's own version: `boot \
         --version`",
    ),
    (
        "version-name|version-origin|version-file|current ARGS…",
        "`boot python pin` shows the pin and its file; `boot python find` the interpreter",
    ),
    (
        "list-all|list-remote|ls-remote|available python VERSION",
        "`boot python list --available VERSION`",
    ),
    (
        "list-all|list-remote|ls-remote|available VERSION",
        "`boot python list --available VERSION`",
    ),
    (
        "list-all|list-remote|ls-remote|available ARGS…",
        "`boot python list --available`",
    ),
    (
        "latest python VERSION",
        "`boot python list --available VERSION`, or of the installed ones `boot python find \
         VERSION`",
    ),
    (
        "latest VERSION",
        "`boot python list --available VERSION`, or of the installed ones `boot python find \
         VERSION`",
    ),
    (
        "latest ARGS…",
        "`boot python list --available`, or of the installed ones `boot python find latest`",
    ),
    (
        "outdated ARGS…",
        "`boot python list --outdated`, or `boot tool list --outdated`",
    ),
    (
        "global|default --unset",
        "`boot python pin --global --unset`",
    ),
    (
        "global|default python VERSION…",
        "`boot python pin --global VERSION…`",
    ),
    ("global|default ARGS…", "`boot python pin --global ARGS…`"),
    (
        "local|use|set --unset|--remove|--rm",
        "`boot python pin --unset`",
    ),
    (
        "use|set -g|--global|-u|--home python VERSION…",
        "`boot python pin --global VERSION…`",
    ),
    (
        "use|set -g|--global|-u|--home ARGS…",
        "`boot python pin --global ARGS…`",
    ),
    (
        "local|use|set python VERSION…",
        "`boot python pin VERSION…`",
    ),
    ("local|use|set VERSION…", "`boot python pin VERSION…`"),
    ("local|use|set ARGS…", "`boot python pin ARGS…`"),
    ("pin VERSION…", "`boot python pin VERSION…`"),
    ("pin", "`boot python pin`, or `boot tool pin TOOL`"),
    ("pin -g|--global ARGS…", "`boot python pin --global ARGS…`"),
    ("pin --unset|--rm ARGS…", "`boot python pin --unset`"),
    ("pin ARGS…", "`boot tool pin ARGS…`"),
    ("unuse ARGS…", "`boot python pin --unset`"),
    ("unpin TOOL ARGS…", "`boot tool unpin TOOL ARGS…`"),
    (
        "unpin ARGS…",
        "`boot python pin --unset`, or `boot tool unpin TOOL`",
    ),
    ("find ARGS…", "`boot python find ARGS…`"),
    ("where|prefix python VERSION", "`boot python find VERSION`"),
    ("where|prefix VERSION", "`boot python find VERSION`"),
    ("where|prefix ARGS…", "`boot python find`"),
    ("whence|whereis COMMAND", "`boot which COMMAND`"),
    ("whence|whereis ARGS…", "`boot which COMMAND`"),
    (
        "rehash|reshim ARGS…",
        "there is nothing to do: boot's shims know by themselves what is installed",
    ),
    (
        "shims ARGS…",
        "boot's shims stand in ~/.local/share/boot/shims, and follow by themselves",
    ),
    (
        "root|dir",
        "boot's folder is ~/.local/share/boot, or where BOOT_DATA_DIR says; of the cache: `boot \
         cache dir`",
    ),
    ("link|adopt ARGS…", "`boot python adopt ARGS…`"),
    (
        "plugin|plugins|plugin-list ARGS…",
        "boot has no plugins: Pythons, environments and tools are built in",
    ),
    ("commands", "`boot help`"),
    (
        "hooks ARGS…",
        "boot calls no hooks; scripts that boot.toml lists are run by `boot apply`",
    ),
    // Choosing a Python for the shell.
    (
        "shell VERSION",
        "for this shell: export BOOT_PYTHON=VERSION; for one command: `boot exec --python VERSION \
         -- COMMAND`",
    ),
    (
        "shell VERSION ARGS…",
        "for this shell: export BOOT_PYTHON=VERSION; for one command: `boot exec --python VERSION \
         -- COMMAND`",
    ),
    (
        "shell use VERSION",
        "for this shell: export BOOT_PYTHON=VERSION; for one command: `boot exec --python VERSION \
         -- COMMAND`",
    ),
    (
        "shell -|--unset",
        "if BOOT_PYTHON was set in this shell: unset BOOT_PYTHON (fish: set -e BOOT_PYTHON)",
    ),
    (
        "python shell|use-shell VERSION",
        "for this shell: export BOOT_PYTHON=VERSION; for one command: `boot exec --python VERSION \
         -- COMMAND`",
    ),
    // The hook.
    (
        "init - bash|zsh|fish ARGS…",
        "`boot shell install` puts the hook into the shell's files; `boot shell init bash` prints \
         it (bash, zsh, fish)",
    ),
    (
        "init - ARGS…",
        "`boot shell install` puts the hook into the shell's files; `boot shell init bash` prints \
         it (bash, zsh, fish)",
    ),
    (
        "init bash|zsh|fish",
        "`boot shell init bash` prints the hook (bash, zsh, fish); a user's repository of that \
         name: USER/dotfiles",
    ),
    ("init --path", "`boot shell install`"),
    (
        "activate|hook|hook-env|init-shell bash ARGS…",
        "`boot shell init bash` prints the hook; `boot shell install` puts it into the shell's \
         files",
    ),
    (
        "activate|hook|hook-env|init-shell zsh ARGS…",
        "`boot shell init zsh` prints the hook; `boot shell install` puts it into the shell's \
         files",
    ),
    (
        "activate|hook|hook-env|init-shell fish ARGS…",
        "`boot shell init fish` prints the hook; `boot shell install` puts it into the shell's \
         files",
    ),
    (
        "hook|hook-env|virtualenv-init|ensurepath|setup|update-shell ARGS…",
        "`boot shell install`",
    ),
    (
        "completion|completions-script SHELL",
        "`boot completions SHELL`",
    ),
    (
        "completion|completions-script ARGS…",
        "`boot completions bash`",
    ),
    (
        "shell activate|hook|init-script SHELL",
        "`boot shell init SHELL`",
    ),
    ("shell activate|hook ARGS…", "`boot shell install`"),
    (
        "shell bash|zsh|fish",
        "`boot shell install` puts the hook into the shell's files; `boot shell init bash` prints \
         it (bash, zsh, fish)",
    ),
    (
        "shell add|setup|enable|ensurepath ARGS…",
        "`boot shell install`",
    ),
    ("shell remove|rm|disable ARGS…", "`boot shell uninstall`"),
    ("shell check|doctor|info", "`boot shell status`"),
    (
        "shell completion|completions SHELL",
        "`boot completions SHELL`",
    ),
    (
        "shell completion|completions ARGS…",
        "`boot completions bash`",
    ),
    (
        "shell init sh|dash|ash|ksh|mksh|oksh|yash|posix ARGS…",
        "the hook is for bash, zsh and fish; else, in ~/.profile:\n\
         PATH=\"$HOME/.local/share/boot/shims:$HOME/.local/bin:$PATH\"",
    ),
    (
        "shell init csh|tcsh ARGS…",
        "the hook is for bash, zsh and fish; else, in ~/.cshrc:\n\
         setenv PATH \"$HOME/.local/share/boot/shims:$HOME/.local/bin:$PATH\"",
    ),
    (
        "shell init pwsh|powershell|nu|nushell|elvish|xonsh|cmd|clink ARGS…",
        "the hook is for bash, zsh and fish; else put these in front of PATH, in ~/.profile or the \
         shell's own file:\n~/.local/share/boot/shims and ~/.local/bin",
    ),
    (
        "completions sh|dash|ksh|csh|tcsh|pwsh|powershell|nu|nushell|elvish|xonsh",
        "there are completions for bash, zsh and fish: `boot completions bash`",
    ),
    // Environments: pyenv-virtualenv, virtualenvwrapper, conda.
    (
        "virtualenv|mkvirtualenv|mkvenv -p|--python VERSION NAME",
        "`boot venv --name NAME --python VERSION`",
    ),
    (
        "virtualenv|mkvirtualenv|mkvenv NAME -p|--python VERSION",
        "`boot venv --name NAME --python VERSION`",
    ),
    (
        "virtualenv|mkvirtualenv|mkvenv VERSION NAME",
        "`boot venv --name NAME --python VERSION`",
    ),
    (
        "virtualenv|mkvirtualenv|mkvenv VERSION",
        "`boot venv --python VERSION`",
    ),
    (
        "virtualenv|mkvirtualenv|mkvenv NAME",
        "`boot venv --name NAME`",
    ),
    (
        "virtualenv|mkvirtualenv|mkvenv|mktmpenv ARGS…",
        "`boot venv`, or `boot venv --name NAME --python REQUEST`",
    ),
    (
        "create -n|--name NAME VERSION ARGS…",
        "`boot venv --name NAME --python VERSION`",
    ),
    ("create -n|--name NAME ARGS…", "`boot venv --name NAME`"),
    ("create NAME ARGS…", "`boot venv --name NAME`"),
    ("create", "`boot venv`, or `boot venv --name NAME`"),
    ("env create -n|--name NAME ARGS…", "`boot venv --name NAME`"),
    (
        "env remove|rm -n|--name NAME ARGS…",
        "`boot venv remove NAME`",
    ),
    ("env remove|rm NAME", "`boot venv remove NAME`"),
    ("env list|ls ARGS…", "`boot venv list`"),
    (
        "virtualenvs|lsvirtualenv|envs|venvs ARGS…",
        "`boot venv list`",
    ),
    (
        "virtualenv-delete|rmvirtualenv|rmvenv NAMES…",
        "`boot venv remove NAMES…`",
    ),
    (
        "virtualenv-prefix|showvirtualenv ARGS…",
        "`boot venv list --json`",
    ),
    (
        "activate|workon NAME",
        "in a folder, from now on: `boot python pin NAME`; in this shell: . \
         ~/.local/share/boot/venvs/NAME/bin/activate",
    ),
    (
        "activate|workon ARGS…",
        "with the hook (`boot shell install`) a project's environment is active at the prompt; by \
         hand: . .venv/bin/activate",
    ),
    (
        "deactivate ARGS…",
        "deactivate is a function of the shell: type it without boot",
    ),
    ("allow|permit ARGS…", "`boot trust ARGS…`"),
    ("deny|block|revoke|disallow ARGS…", "`boot untrust ARGS…`"),
    (
        "pip install ARGS…",
        "pip is in each environment: `boot venv`, and at the next prompt pip install ARGS…",
    ),
    (
        "pip ARGS…",
        "pip is in each environment: `boot venv`, and at the next prompt pip ARGS…",
    ),
    // Tools: pipx, uv.
    ("upgrade VERSION…", "`boot python upgrade VERSION…`"),
    ("upgrade TOOL ARGS…", "`boot tool upgrade TOOL ARGS…`"),
    (
        "upgrade ARGS…",
        "`boot python upgrade`, or `boot tool upgrade`",
    ),
    ("upgrade-all|upgrade-shared ARGS…", "`boot tool upgrade`"),
    ("inject|include ARGS…", "`boot tool inject ARGS…`"),
    ("uninject ARGS…", "`boot tool uninject ARGS…`"),
    (
        "reinstall VERSION…",
        "`boot python install --reinstall VERSION…`",
    ),
    ("reinstall TOOL ARGS…", "`boot tool reinstall TOOL ARGS…`"),
    (
        "reinstall ARGS…",
        "`boot tool reinstall TOOL`, or `boot python install --reinstall REQUEST`",
    ),
    ("reinstall-all ARGS…", "`boot tool reinstall --all`"),
    ("uninstall-all ARGS…", "`boot tool uninstall --all`"),
    (
        "install-all ARGS…",
        "`boot apply` installs what boot.toml lists",
    ),
    ("expose ARGS…", "`boot tool expose ARGS…`"),
    ("unexpose ARGS…", "`boot tool unexpose ARGS…`"),
    ("run python ARGS…", "`boot exec python ARGS…`"),
    ("run ARGS…", "`boot tool run ARGS…`"),
    ("x VERSION ARGS…", "`boot exec --python VERSION ARGS…`"),
    ("x|uvx|pipx ARGS…", "`boot tool run ARGS…`"),
    ("runpip ARGS…", "`boot tool pip ARGS…`"),
    ("tools ARGS…", "`boot tool list`"),
    (
        "pythons|interpreters|interpreter ARGS…",
        "`boot python list`",
    ),
    ("health|check ARGS…", "`boot doctor`"),
    ("repair|fix ARGS…", "`boot doctor --fix`"),
    ("clean|prune|gc ARGS…", "`boot cache prune`"),
    ("self-update|selfupdate ARGS…", "`boot self update`"),
    (
        "environment|settings|config|configuration ARGS…",
        "settings stand in ~/.config/boot/config.toml; `boot help` names them, and the variables",
    ),
    // Dotfiles: chezmoi.
    ("sync|bootstrap ARGS…", "`boot apply`"),
    ("pull", "`boot update`"),
    (
        "re-add|readd ARGS…",
        "a file that is a link needs none of it; `boot add FILE` adds one that isn't",
    ),
    // Nested: pythons.
    (
        "python versions|version|installed|show|interpreters ARGS…",
        "`boot python list`",
    ),
    (
        "python local|use|set VERSION…",
        "`boot python pin VERSION…`",
    ),
    (
        "python local|use|set --unset|--rm",
        "`boot python pin --unset`",
    ),
    ("python local|use|set ARGS…", "`boot python pin ARGS…`"),
    (
        "python global|default --unset",
        "`boot python pin --global --unset`",
    ),
    (
        "python global|default ARGS…",
        "`boot python pin --global ARGS…`",
    ),
    (
        "python unpin|unset|unuse ARGS…",
        "`boot python pin --unset`",
    ),
    (
        "python current|version-name|version-origin|version-file ARGS…",
        "`boot python pin` shows the pin and its file; `boot python find` the interpreter",
    ),
    (
        "python which|where|prefix|path VERSION",
        "`boot python find VERSION`",
    ),
    ("python which COMMAND", "`boot which COMMAND`"),
    ("python which|where|prefix|path ARGS…", "`boot python find`"),
    (
        "python latest VERSION",
        "`boot python list --available VERSION`, or of the installed ones `boot python find \
         VERSION`",
    ),
    (
        "python latest ARGS…",
        "`boot python list --available`, or of the installed ones `boot python find latest`",
    ),
    (
        "python ls-remote|list-remote|list-all|available|search VERSION",
        "`boot python list --available VERSION`",
    ),
    (
        "python ls-remote|list-remote|list-all|available|search ARGS…",
        "`boot python list --available`",
    ),
    ("python outdated ARGS…", "`boot python list --outdated`"),
    (
        "python remove|rm|delete VERSION…",
        "`boot python uninstall VERSION…`",
    ),
    (
        "python remove|rm|delete ARGS…",
        "`boot python uninstall REQUEST`",
    ),
    (
        "python add|get|download|fetch VERSION…",
        "`boot python install VERSION…`",
    ),
    (
        "python add|get|download|fetch ARGS…",
        "`boot python install`",
    ),
    (
        "python reinstall VERSION…",
        "`boot python install --reinstall VERSION…`",
    ),
    (
        "python reinstall ARGS…",
        "`boot python install --reinstall REQUEST`",
    ),
    (
        "python update|upgrade-all ARGS…",
        "`boot python upgrade ARGS…`",
    ),
    (
        "python prune|clean ARGS…",
        "`boot python upgrade` removes old patches that nothing uses; others go by name: `boot \
         python uninstall REQUEST`",
    ),
    (
        "python dir|root",
        "they are in ~/.local/share/boot/pythons, or below BOOT_DATA_DIR; with paths: `boot python \
         list --json`",
    ),
    ("python link ARGS…", "`boot python adopt ARGS…`"),
    ("python discover|scan ARGS…", "`boot python adopt --all`"),
    ("python check|test|doctor ARGS…", "`boot python verify`"),
    (
        "python import ARGS…",
        "`boot python adopt --all`, or into boot.toml `boot import pyenv`",
    ),
    (
        "python rehash|reshim ARGS…",
        "there is nothing to do: boot's shims know by themselves what is installed",
    ),
    (
        "python update-shell|ensurepath ARGS…",
        "`boot shell install`",
    ),
    ("python exec|run ARGS…", "`boot exec ARGS…`"),
    (
        "python venv|virtualenv VERSION NAME",
        "`boot venv --name NAME --python VERSION`",
    ),
    ("python venv|virtualenv ARGS…", "`boot venv ARGS…`"),
    (
        "python VERSION",
        "`boot python install VERSION`, or for this folder `boot python pin VERSION`",
    ),
    (
        "python -m MODULE ARGS…",
        "`boot exec python -m MODULE ARGS…`",
    ),
    ("python -c CODE ARGS…", "`boot exec python -c CODE ARGS…`"),
    ("python SCRIPT ARGS…", "`boot exec python SCRIPT ARGS…`"),
    // Nested: tools.
    (
        "tool upgrade-all|upgrade-shared ARGS…",
        "`boot tool upgrade`",
    ),
    ("tool update ARGS…", "`boot tool upgrade ARGS…`"),
    ("tool uninstall-all ARGS…", "`boot tool uninstall --all`"),
    ("tool reinstall-all ARGS…", "`boot tool reinstall --all`"),
    (
        "tool install-all|sync ARGS…",
        "`boot apply` installs what boot.toml lists",
    ),
    ("tool rm|remove|delete ARGS…", "`boot tool uninstall ARGS…`"),
    ("tool add ARGS…", "`boot tool install ARGS…`"),
    ("tool runpip ARGS…", "`boot tool pip ARGS…`"),
    ("tool freeze TOOL", "`boot tool pip TOOL freeze`"),
    (
        "tool freeze|export ARGS…",
        "all that a tool has: `boot tool pip TOOL freeze`; all tools: `boot tool list --json`",
    ),
    (
        "tool show|info|tree|inspect|versions ARGS…",
        "`boot tool list`",
    ),
    ("tool outdated ARGS…", "`boot tool list --outdated`"),
    (
        "tool dir|root|bin|environment ARGS…",
        "tools are in ~/.local/share/boot/tools, their commands in ~/.local/bin; with paths: `boot \
         tool list --json`",
    ),
    ("tool ensurepath|update-shell ARGS…", "`boot shell install`"),
    ("tool health|check|doctor|verify ARGS…", "`boot doctor`"),
    ("tool repair|fix ARGS…", "`boot doctor --fix`"),
    ("tool x|uvx ARGS…", "`boot tool run ARGS…`"),
    ("tool link ARGS…", "`boot tool expose ARGS…`"),
    ("tool unlink ARGS…", "`boot tool unexpose ARGS…`"),
    ("tool which|where COMMAND", "`boot which COMMAND`"),
    ("tool interpreter|interpreters ARGS…", "`boot python list`"),
    ("tool prune|clean ARGS…", "`boot cache prune`"),
    // Nested: environments.
    (
        "venv VERSION NAME",
        "`boot venv --name NAME --python VERSION`",
    ),
    ("venv VERSION", "`boot venv --python VERSION`"),
    (
        "venv activate|use|workon NAME",
        "in a folder, from now on: `boot python pin NAME`; in this shell: . \
         ~/.local/share/boot/venvs/NAME/bin/activate",
    ),
    (
        "venv activate|use|workon ARGS…",
        "with the hook (`boot shell install`) a project's environment is active at the prompt; by \
         hand: . .venv/bin/activate",
    ),
    (
        "venv deactivate ARGS…",
        "deactivate is a function of the shell: type it without boot",
    ),
    (
        "venv info|show|status|path|dir|prefix|where|envs ARGS…",
        "`boot venv list`",
    ),
    (
        "venv install PACKAGE ARGS…",
        "in the environment: pip install PACKAGE ARGS…",
    ),
    (
        "venv install|pip ARGS…",
        "pip is in each environment, at the prompt in its folder",
    ),
    (
        "venv upgrade|update|recreate|rebuild|reset ARGS…",
        "replaced by one with the Python that is pinned: `boot venv --clear`",
    ),
    (
        "venv destroy|prune|purge|clean NAME",
        "`boot venv remove NAME`",
    ),
    (
        "venv destroy|prune|purge|clean ARGS…",
        "`boot venv list`, and then `boot venv remove NAME_OR_PATH`",
    ),
    (
        "venv rename|clone|copy|cp|move|mv ARGS…",
        "make another, `boot venv --name NAME`, and install what pip freeze tells of the old one",
    ),
    ("venv run|exec ARGS…", "`boot exec ARGS…`"),
    ("venv pin VERSION…", "`boot python pin VERSION…`"),
    ("venv trust|allow ARGS…", "`boot trust`"),
    // Nested: boot itself, the cache.
    ("self upgrade ARGS…", "`boot self update`"),
    ("self remove|rm|delete ARGS…", "`boot self uninstall`"),
    ("self info|about|show|status", "`boot self version`"),
    ("self doctor|check ARGS…", "`boot doctor`"),
    ("cache ls|list|info|du|show", "`boot cache size`"),
    ("cache path|root|where", "`boot cache dir`"),
    (
        "cache purge|clear|remove|rm|wipe|delete|reset ARGS…",
        "`boot cache clean`",
    ),
    ("cache gc|tidy ARGS…", "`boot cache prune`"),
    // Options: pyenv install, uv python.
    (
        "python install -l|--list VERSION",
        "`boot python list --available VERSION`",
    ),
    (
        "python install -l|--list ARGS…",
        "`boot python list --available`",
    ),
    (
        "python install -g|--debug ARGS…",
        "`boot python install --source --configure-opts=--with-pydebug ARGS…`",
    ),
    (
        "python install -U|--upgrade ARGS…",
        "`boot python upgrade ARGS…`",
    ),
    (
        "python install -i|--install-dir FOLDER ARGS…",
        "BOOT_DATA_DIR says where boot keeps all of its own",
    ),
    (
        "python install --bin|--no-bin ARGS…",
        "no option is needed: what python and python3.11 run is up to the pins, through boot's \
         shims",
    ),
    (
        "python install --dry-run|-n ARGS…",
        "what could be installed: `boot python list --available`",
    ),
    (
        "python list --all-versions|--only-downloads|--all|--list|-l VERSION",
        "`boot python list --available VERSION`",
    ),
    (
        "python list --all-versions|--only-downloads|--all|--list|-l ARGS…",
        "`boot python list --available`",
    ),
    (
        "python list --bare|--executables|--show-urls ARGS…",
        "`boot python list --json`",
    ),
    (
        "python list --output-format FORMAT ARGS…",
        "`boot python list --json`",
    ),
    (
        "python list --all-platforms|--all-arches ARGS…",
        "boot lists what this machine can run; `boot lock --platform linux-aarch64-gnu` is for \
         other ones",
    ),
    ("python find --system ARGS…", "`boot python find system`"),
    (
        "python find --show-version|--json ARGS…",
        "`boot python list --json`",
    ),
    (
        "python pin --resolved|--exact ARGS…",
        "a pin of three numbers is bound to that patch: `boot python pin 3.11.9`",
    ),
    (
        "python pin -u|--home|-g ARGS…",
        "`boot python pin --global ARGS…`",
    ),
    (
        "python uninstall --all ARGS…",
        "they go by name: `boot python uninstall REQUEST`; `boot python list` shows them",
    ),
    ("python upgrade --all ARGS…", "`boot python upgrade`"),
    (
        "python verify --fix ARGS…",
        "`boot python install --reinstall REQUEST`",
    ),
    // Options: pipx, uv tool.
    ("tool install -U|--upgrade TOOL", "`boot tool upgrade TOOL`"),
    (
        "tool install -U|--upgrade ARGS…",
        "`boot tool upgrade ARGS…`",
    ),
    (
        "tool install --reinstall ARGS…",
        "`boot tool reinstall ARGS…`",
    ),
    ("tool install --spec SPEC ARGS…", "`boot tool install SPEC`"),
    (
        "tool install --include-deps ARGS…",
        "name the package whose commands are wanted, too: `boot tool install ARGS… --expose-from \
         PACKAGE`",
    ),
    (
        "tool install --preinstall DEP ARGS…",
        "`boot tool install --with DEP ARGS…`",
    ),
    (
        "tool install --pip-args WORDS ARGS…",
        "boot has options of its own: --index-url, --extra-index-url, --pre, --constraint, \
         --no-build: `boot tool install ARGS…`",
    ),
    (
        "tool install --prerelease WHAT ARGS…",
        "`boot tool install --pre ARGS…`",
    ),
    (
        "tool install --only-binary|--no-binary WHAT ARGS…",
        "wheels only: `boot tool install --no-build ARGS…`",
    ),
    (
        "tool install --no-cache|--no-cache-dir|-n ARGS…",
        "`boot tool install --refresh ARGS…`",
    ),
    (
        "tool install --no-index ARGS…",
        "`boot tool install --offline ARGS…` takes what the cache has",
    ),
    (
        "tool install --system-site-packages ARGS…",
        "a tool sees no packages but its own; more of them: `boot tool install ARGS… --with DEP`",
    ),
    (
        "tool install --fetch-python WHEN ARGS…",
        "a Python that is missing is installed by itself: `boot tool install ARGS…`",
    ),
    (
        "tool install --fetch-missing-python|--fetch-python ARGS…",
        "a Python that is missing is installed by itself: `boot tool install ARGS…`",
    ),
    (
        "tool install --backend WHAT ARGS…",
        "boot installs by itself: `boot tool install ARGS…`",
    ),
    (
        "tool install --skip-maintenance ARGS…",
        "`boot tool install ARGS…`",
    ),
    (
        "tool install --with-editable FOLDER ARGS…",
        "`boot tool install --with FOLDER ARGS…`",
    ),
    (
        "tool install --global|--user|-g ARGS…",
        "boot installs for you alone, into BOOT_BIN_DIR: `boot tool install ARGS…`",
    ),
    (
        "tool install --all ARGS…",
        "`boot apply` installs what boot.toml lists",
    ),
    (
        "tool inject --include-deps ARGS…",
        "`boot tool inject --expose ARGS…`",
    ),
    (
        "tool inject -f|--force ARGS…",
        "`boot tool inject ARGS…`, or made again with all that is injected: `boot tool reinstall \
         TOOL`",
    ),
    (
        "tool inject -p|--python REQUEST TOOL ARGS…",
        "a tool has one Python: `boot tool reinstall --python REQUEST TOOL`",
    ),
    (
        "tool upgrade --include-injected ARGS…",
        "what is injected is upgraded, too: `boot tool upgrade ARGS…`",
    ),
    (
        "tool upgrade --skip TOOL ARGS…",
        "`boot tool pin TOOL` holds one back; then `boot tool upgrade`",
    ),
    (
        "tool upgrade -p|--python REQUEST TOOL",
        "`boot tool reinstall --python REQUEST TOOL`",
    ),
    (
        "tool upgrade -p|--python REQUEST ARGS…",
        "`boot tool reinstall --python REQUEST --all`",
    ),
    ("tool upgrade --install ARGS…", "`boot tool install ARGS…`"),
    (
        "tool upgrade -f|--force|--reinstall TOOL ARGS…",
        "`boot tool reinstall TOOL ARGS…`",
    ),
    (
        "tool upgrade -f|--force|--reinstall ARGS…",
        "`boot tool reinstall --all`",
    ),
    (
        "tool upgrade -P|--upgrade-package PACKAGE TOOL",
        "`boot tool inject TOOL PACKAGE`, or all of it: `boot tool upgrade TOOL`",
    ),
    (
        "tool upgrade --dry-run|-n|--outdated ARGS…",
        "`boot tool list --outdated`",
    ),
    (
        "tool uninstall -y|--yes ARGS…",
        "boot doesn't ask: `boot tool uninstall ARGS…`",
    ),
    (
        "tool list --short|--skip-maintenance|--show-paths|--show-version-specifiers|--show-extras \
         ARGS…",
        "`boot tool list --json`",
    ),
    (
        "tool list --include-injected|--show-with|--show-python|--pinned ARGS…",
        "`boot tool list`",
    ),
    ("tool list --output FORMAT", "`boot tool list --json`"),
    (
        "tool run --isolated ARGS…",
        "each tool has an environment of its own anyway: `boot tool run ARGS…`",
    ),
    (
        "tool run --no-cache|-n ARGS…",
        "`boot tool run --refresh ARGS…`",
    ),
    (
        "tool run --path SCRIPT ARGS…",
        "`boot tool run SCRIPT ARGS…`",
    ),
    (
        "tool run --pip-args WORDS ARGS…",
        "boot has options of its own: --index-url, --extra-index-url, --no-build: `boot tool run \
         ARGS…`",
    ),
    (
        "tool run --prerelease WHAT ARGS…",
        "name the version: `boot tool run SPEC@VERSION`",
    ),
    (
        "tool run --system-site-packages ARGS…",
        "a tool sees no packages but its own; more of them: `boot tool run --with DEP ARGS…`",
    ),
    (
        "tool run --env-file FILE ARGS…",
        "set it around boot: env NAME=VALUE `boot tool run ARGS…`",
    ),
    // Options: venv, virtualenv, pyenv virtualenv, conda.
    (
        "venv -U|--upgrade|-f|--force|--reinstall ARGS…",
        "replaced by a new one: `boot venv --clear ARGS…`",
    ),
    (
        "venv --upgrade-deps ARGS…",
        "in the environment: python -m pip install --upgrade pip; replaced by a new one: `boot \
         venv --clear`",
    ),
    (
        "venv --allow-existing ARGS…",
        "an environment that is there stays: `boot venv ARGS…`",
    ),
    (
        "venv --relocatable ARGS…",
        "an environment stays where it was made; elsewhere make another: `boot venv ARGS…`",
    ),
    (
        "venv --pip|--setuptools|--wheel|--download|--no-download ARGS…",
        "the interpreter's own pip is put in: `boot venv ARGS…`",
    ),
    (
        "venv --copies|--symlinks|--link-mode ARGS…",
        "boot links the interpreter: `boot venv ARGS…`",
    ),
    (
        "venv --rm|--remove|--delete ARGS…",
        "`boot venv remove ARGS…`",
    ),
    ("venv --list|-l|--ls", "`boot venv list`"),
    // Options: chezmoi, mise, direnv.
    (
        "init --apply|-a ARGS…",
        "init shows what it will do, asks, and applies it: `boot init ARGS…`, or without the \
         question `boot init ARGS… --yes`",
    ),
    (
        "init --one-shot ARGS…",
        "`boot init ARGS… --yes`, and then `boot self uninstall`, which leaves what is yours",
    ),
    ("init --depth NUMBER ARGS…", "`boot init ARGS…`"),
    (
        "init --purge|--guess-repo-url|--recurse-submodules ARGS…",
        "`boot init ARGS…`",
    ),
    ("apply --dry-run|-n|--diff ARGS…", "`boot plan`"),
    (
        "apply -f|--force ARGS…",
        "`boot apply --on-conflict backup`",
    ),
    (
        "update --dry-run|-n ARGS…",
        "`boot plan` shows what apply would do",
    ),
    (
        "add --template|-T|--autotemplate|--encrypt|--exact|--follow|-f ARGS…",
        "`boot add ARGS…`; the mode of a file is a word in boot.toml",
    ),
    (
        "shell install --prepend|--append|--all-shells|--force|-f ARGS…",
        "`boot shell install`",
    ),
    (
        "shell install --dry-run|-n ARGS…",
        "`boot shell status` shows what is there; `boot shell uninstall` restores every byte",
    ),
    (
        "which -a|--all|--nosystem|--skip-shims COMMAND",
        "`boot which COMMAND`",
    ),
    ("trust --all|-a ARGS…", "`boot trust --tree ARGS…`"),
    (
        "self update --dry-run|--check|-n ARGS…",
        "`boot self version` tells which one this is",
    ),
    ("cache prune --all ARGS…", "`boot cache clean`"),
    ("cache clean --all ARGS…", "`boot cache clean`"),
];

/// Verbs that a word at `boot venv` may misspell. Such a word makes no folder of that name.
pub(crate) const VENV_VERBS: &[&str] = &[
    "list",
    "remove",
    "delete",
    "create",
    "restore",
    "activate",
    "deactivate",
    "install",
    "uninstall",
    "upgrade",
    "update",
    "rename",
    "virtualenvs",
];

/// Verbs of boot and of others that are no folder's name at `boot venv`, as they stand.
pub(crate) const OTHERS_VERBS: &[&str] = &[
    "add",
    "adopt",
    "apply",
    "build",
    "clear",
    "compile",
    "diff",
    "doctor",
    "enter",
    "exit",
    "export",
    "find",
    "freeze",
    "global",
    "help",
    "import",
    "init",
    "inject",
    "lock",
    "local",
    "ls",
    "mkvirtualenv",
    "off",
    "on",
    "outdated",
    "pin",
    "plan",
    "publish",
    "reinstall",
    "rmvirtualenv",
    "search",
    "shell",
    "start",
    "stop",
    "switch",
    "sync",
    "tree",
    "undo",
    "uninject",
    "unpin",
    "untrust",
    "upgrade-all",
    "verify",
    "version",
    "versions",
    "virtualenv",
    "virtualenv-delete",
    "which",
    "workon",
];
