//! Texts of `boot`, `boot -h` and `boot help`: the commands in groups, first steps, settings.

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
pub(crate) const START: &str = concat!(start!(), "boot help names the settings, too.");

/// Below `boot help`: all that can be set.
pub(crate) const LONG: &str = concat!(
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
  130 ended by Ctrl-C, 143 by SIGTERM, 129 by a hangup
  exec, tool run and shims: the program's own"
);

/// The commands by what they are for.
const GROUPS: [(&str, &[&str]); 4] = [
    (
        "Pythons, environments and tools",
        &[
            "python", "venv", "tool", "trust", "untrust", "which", "exec",
        ],
    ),
    (
        "The machine, from your dotfiles repository",
        &[
            "init", "plan", "apply", "status", "update", "lock", "verify", "add", "import", "undo",
        ],
    ),
    ("The shell", &["shell", "completions", "man"]),
    ("boot itself", &["doctor", "cache", "self", "help"]),
];

/// Columns that a line of the help may take.
const WIDTH: usize = 80;

/// The layout of boot's own help: clap knows no groups of commands.
pub(crate) fn template(command: &clap::Command) -> String {
    let mut text = String::from("{about-with-newline}\n{usage-heading} {usage}\n");
    for (title, names) in GROUPS {
        text.push_str(&format!("\n{title}:\n"));
        for name in names {
            // clap adds `help` when it parses.
            let about = match command.find_subcommand(name) {
                Some(command) => {
                    let aliases = command
                        .get_visible_aliases()
                        .map(|alias| format!(" [alias: {alias}]"));
                    command
                        .get_about()
                        .map(ToString::to_string)
                        .unwrap_or_default()
                        + &aliases.collect::<String>()
                }
                None => "Print this, or the help of a command".into(),
            };
            text.push_str(&row(name, &about));
        }
    }
    text.push_str("\nOptions:\n{options}{after-help}");
    text
}

/// A command and what it does, later lines set in.
fn row(name: &str, about: &str) -> String {
    let mut lines = vec![format!("  {name:<13}")];
    let indent = lines[0].len();
    for word in about.split_whitespace() {
        let line = lines.len() - 1;
        if lines[line].chars().count() + word.chars().count() + 1 > WIDTH {
            lines.push(" ".repeat(indent));
        } else if lines[line].chars().count() > indent {
            lines[line].push(' ');
        }
        let line = lines.len() - 1;
        lines[line].push_str(word);
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_hold_each_command_once() {
        let command = crate::cli::command();
        let grouped: Vec<&str> = GROUPS
            .iter()
            .flat_map(|(_, names)| *names)
            .copied()
            .filter(|name| *name != "help")
            .collect();
        let mut shown: Vec<&str> = command
            .get_subcommands()
            .filter(|command| !command.is_hide_set())
            .map(clap::Command::get_name)
            .collect();
        let mut sorted = grouped.clone();
        sorted.sort_unstable();
        shown.sort_unstable();
        assert_eq!(sorted, shown);
    }

    #[test]
    fn help_lines_fit_the_terminal() {
        let text = template(&crate::cli::command());
        for line in LONG.lines().chain(text.lines()) {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
        crate::cli::command().debug_assert();
    }
}
