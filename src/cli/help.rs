//! What `boot`, `boot -h` and `boot help` say below the commands, and what was meant by a command that boot hasn't got.

/// The first steps; below every list of the commands.
macro_rules! start {
    () => {
        "\
Start with:
  boot python install 3.11      a complete, verified Python
  boot shell install            the hook: cd activates a project's environment
  boot tool install black       a command in an environment of its own
  boot init USER                all that USER's dotfiles repository asks for

"
    };
}

/// Below `boot` and `boot -h`.
pub const START: &str = concat!(start!(), "boot help names the settings, too.");

/// Below `boot help`: all that can be set.
pub const LONG: &str = concat!(
    start!(),
    "\
Environment:
  BOOT_DATA_DIR, BOOT_STATE_DIR, BOOT_CACHE_DIR, BOOT_CONFIG_DIR, BOOT_BIN_DIR
                                the five folders; else XDG_* say where
  BOOT_PYTHON                   a request that beats every pin
  BOOT_OFFLINE=1                like --offline
  BOOT_PYTHON_MIRROR            base of prebuilt Pythons: BASE/RELEASE/FILE,
                                with SHA256SUMS beside them
  BOOT_PYTHON_CATALOG           a catalog of your own
  BOOT_SOURCE_MIRROR            base of source archives: BASE/VERSION/FILE,
                                or BASE/FILE
  BOOT_INDEX_URL, BOOT_EXTRA_INDEX_URL
                                package indexes; without them uv's variables,
                                then pip's configuration files
  BOOT_GIT_HOST                 where USER and USER/NAME are looked for
  BOOT_INSTALL_URL              base of boot's own releases
  BOOT_CONNECT_TIMEOUT, BOOT_READ_TIMEOUT
                                seconds that a server is waited for
  SSL_CERT_FILE, HTTPS_PROXY, NO_PROXY, NETRC, NO_COLOR
                                as everywhere

Settings, in config.toml in BOOT_CONFIG_DIR; a variable beats them:
  python.mirror, python.source_mirror, python.catalog,
  index.url, index.extra_urls
  venv.auto_create = false      make no .venv at the prompt

Exit codes:
  0 done, or nothing to do      1 failed      2 wrong usage
  3 would have had to ask       4 some items failed, the others are done
  127 no such command, or no Python that meets the pin
  exec, tool run and shims: the program's own"
);

/// The commands of boot that somebody may have meant by `word`, which is one of pyenv's, pipx's, uv's or chezmoi's.
pub fn meant(word: &str) -> &'static [&'static str] {
    match word {
        "install" => &["boot python install", "boot tool install"],
        "list" | "ls" => &["boot python list", "boot tool list", "boot venv list"],
        "uninstall" | "remove" | "rm" => &["boot python uninstall", "boot tool uninstall", "boot venv remove"],
        "upgrade" | "upgrade-all" => &["boot python upgrade", "boot tool upgrade"],
        "pin" => &["boot python pin", "boot tool pin"],
        "inject" => &["boot tool inject"],
        "uninject" => &["boot tool uninject"],
        "reinstall" | "reinstall-all" => &["boot tool reinstall"],
        "expose" => &["boot tool expose"],
        "run" => &["boot tool run"],
        "find" => &["boot python find"],
        "adopt" => &["boot python adopt"],
        "versions" | "version" => &["boot python list"],
        "local" | "use" => &["boot python pin"],
        "global" => &["boot python pin --global"],
        "virtualenv" => &["boot venv"],
        "virtualenvs" => &["boot venv list"],
        "activate" | "ensurepath" | "setup" => &["boot shell install"],
        "sync" | "bootstrap" => &["boot apply"],
        "clean" | "prune" => &["boot cache prune"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn what_may_have_been_meant_is_there() {
        let words = [
            "install",
            "list",
            "uninstall",
            "upgrade",
            "pin",
            "inject",
            "uninject",
            "reinstall",
            "expose",
            "run",
            "find",
            "adopt",
            "versions",
            "local",
            "global",
            "virtualenv",
            "virtualenvs",
            "activate",
            "sync",
            "clean",
        ];
        for name in words.iter().flat_map(|word| meant(word)) {
            let mut words = vec!["boot"];
            words.extend(name.split(' ').skip(1));
            words.push("--help");
            let error = crate::cli::Cli::command().try_get_matches_from(&words).unwrap_err();
            assert_eq!(error.kind(), clap::error::ErrorKind::DisplayHelp, "{name}");
        }
        assert!(words.iter().all(|word| !meant(word).is_empty()));
    }

    #[test]
    fn no_line_of_the_help_is_too_long_for_a_terminal() {
        for line in LONG.lines() {
            assert!(line.len() <= 80, "{line}");
        }
        crate::cli::Cli::command().debug_assert();
    }
}
