//! Words and options of pyenv, pipx, uv, conda and their like, and the command of boot that does
//! the same.
//!
//! [`table`] holds them as data. An answer is only given where its commands parse with what the
//! user typed.

pub(crate) mod table;

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory, Parser};

use super::Cli;
use crate::python::request::Request;
use crate::report::escaped;
use crate::shell::quote;

/// A wrong command line: the commands of boot at its start, and what follows them.
pub(crate) struct Typed {
    /// `["python", "install"]`, by their own names.
    level: Vec<String>,
    /// The words behind them; `help` and options for every command left out.
    rest: Vec<String>,
    /// The names of the commands below `level`.
    below: Vec<String>,
}

impl Typed {
    /// Splits `words`, whose first is the program's name.
    pub(crate) fn new(words: &[OsString]) -> Typed {
        let words: Vec<String> = words
            .iter()
            .skip(1)
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        let root = Cli::command();
        let mut command = &root;
        let mut level = Vec::new();
        let mut at = 0;
        while let Some(word) = words.get(at) {
            if let Some(next) = command.find_subcommand(word) {
                level.push(next.get_name().to_string());
                command = next;
            } else if !(is_for_every_command(word) || word == "help" && command.has_subcommands()) {
                break;
            }
            at += 1;
        }
        let rest = words
            .get(at..)
            .unwrap_or_default()
            .iter()
            .filter(|word| !is_for_every_command(word))
            .cloned()
            .collect();
        Typed {
            level,
            rest,
            below: names_below(command),
        }
    }

    /// `boot python install`.
    pub(crate) fn command(&self) -> String {
        [&["boot".to_string()], self.level.as_slice()]
            .concat()
            .join(" ")
    }

    fn is_command(&self, word: &str) -> bool {
        !self.below.is_empty() && !is_option(word)
    }

    /// The first line of an error: which word of whose isn't boot's.
    fn complaint(&self, word: &str) -> String {
        let (command, word) = (self.command(), escaped(word));
        if self.is_command(&word) {
            format!("{command} has no command {word}")
        } else if is_option(&word) {
            format!("{command} has no option {word}")
        } else {
            format!("{command} doesn't take {word}")
        }
    }
}

fn names_below(command: &Command) -> Vec<String> {
    let shown = command
        .get_subcommands()
        .filter(|command| !command.is_hide_set());
    shown
        .flat_map(|command| std::iter::once(command.get_name()).chain(command.get_all_aliases()))
        .map(String::from)
        .collect()
}

fn is_for_every_command(word: &str) -> bool {
    matches!(word, "-q" | "--quiet" | "-v" | "--verbose" | "--offline")
}

fn is_option(word: &str) -> bool {
    word.len() > 1 && word.starts_with('-')
}

/// The message for a command line that clap refused: what is wrong, and what to type instead.
pub(crate) fn message(words: &[OsString], error: &clap::Error) -> String {
    let typed = Typed::new(words);
    let invalid = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(option)) if error.kind() == ErrorKind::UnknownArgument => {
            Some(option.split(['=', ' ']).next().unwrap_or(option))
        }
        _ => None,
    };
    if let Some(option) = invalid.filter(|option| is_option(option)) {
        let words = with_option_first(&typed.rest, option);
        let complaint = format!("{} has no option {}", typed.command(), escaped(option));
        let next = answer(&typed.level, &words)
            .or_else(|| near_option(&typed.level, option))
            .unwrap_or_else(|| usage(error));
        return format!("{complaint}\n{next}");
    }
    let Some(word) = typed.rest.first() else {
        return plain(error);
    };
    if let Some(answer) = answer(&typed.level, &typed.rest) {
        return format!("{}\n{answer}", typed.complaint(word));
    }
    if typed.level == ["venv"]
        && error.kind() == ErrorKind::ArgumentConflict
        && typed.rest.iter().all(|word| !is_option(word))
    {
        let next = guess(&typed).unwrap_or_else(|| usage(error));
        return format!(
            "boot venv makes one environment, and these are {}: {}\n{next}",
            typed.rest.len(),
            escaped(&typed.rest.join(", "))
        );
    }
    if error.kind() == ErrorKind::InvalidSubcommand
        || (typed.is_command(word) && typed.level.is_empty())
    {
        let next = guess(&typed)
            .unwrap_or_else(|| format!("{} -h names those that there are", typed.command()));
        return format!("{}\n{next}", typed.complaint(word));
    }
    plain(error)
}

/// The message for a command line that clap takes, but that meant another command: `boot venv
/// activate`, `boot init -`.
pub(crate) fn trap(words: &[OsString], environment: Option<&str>) -> Option<String> {
    let typed = Typed::new(words);
    let word = typed.rest.first()?;
    if typed.level == ["init"] {
        return Some(format!(
            "{}\n{}",
            typed.complaint(word),
            answer(&typed.level, &typed.rest)?
        ));
    }
    // A path as it was typed, wherever it stands.
    if typed.level != ["venv"] {
        return None;
    }
    let path = environment.filter(|path| !path.contains('/') && !path.starts_with('.'))?;
    let at = typed.rest.iter().position(|word| word == path)?;
    let mut rest = typed.rest.clone();
    rest.rotate_left(at);
    let made = |rest: &[String], word: String| {
        let mut words = rest.to_vec();
        words[at] = word;
        format!(
            "boot venv {}",
            words
                .iter()
                .map(|word| quoted(word))
                .collect::<Vec<_>>()
                .join(" ")
        )
    };
    let folder = format!(
        "a folder of that name: {}",
        made(&typed.rest, format!("./{path}"))
    );
    // `remove-all`, `use-env`: verbs of other tools begin with one of these.
    let is_compound = path.split_once('-').is_some_and(|(first, _)| {
        table::VENV_VERBS.contains(&first) || table::OTHERS_VERBS.contains(&first) || first == "use"
    });
    let verb = near(path, table::VENV_VERBS);
    let next = match (answer(&["venv".into()], &rest), verb) {
        (Some(answer), _) => format!("{answer}; {folder}"),
        (None, Some(verb)) if typed.below.iter().any(|name| name == verb) => {
            format!("{}, or {folder}", made(&typed.rest, verb.to_string()))
        }
        (None, Some(_)) => folder,
        (None, None) if is_compound || table::OTHERS_VERBS.contains(&path) => folder,
        (None, None) => return None,
    };
    Some(format!(
        "boot venv has no command {}\n{next}",
        escaped(path)
    ))
}

/// The words with the refused option first, its value behind it.
fn with_option_first(words: &[String], option: &str) -> Vec<String> {
    let mut ordered = vec![option.to_string()];
    let is_it = |word: &&String| {
        let long = word
            .strip_prefix(option)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('='));
        let short = option.len() == 2
            && !word.starts_with("--")
            && word.starts_with('-')
            && word.contains(&option[1..]);
        long || short
    };
    let Some(at) = words.iter().position(|word| is_it(&word)) else {
        return ordered;
    };
    if let Some((_, value)) = words[at].split_once('=') {
        ordered.push(value.to_string());
    }
    ordered.extend_from_slice(&words[at + 1..]);
    ordered.extend_from_slice(&words[..at]);
    ordered
}

/// The answer of the first row that fits.
fn answer(level: &[String], rest: &[String]) -> Option<String> {
    let typed: Vec<&str> = level.iter().chain(rest).map(String::as_str).collect();
    table::ROWS
        .iter()
        .find_map(|(pattern, answer)| fill(answer, &captured(pattern, level.len(), &typed)?))
}

/// The words typed for each name of a pattern.
type Captures<'w> = Vec<(&'w str, Vec<&'w str>)>;

/// Returns the words of `typed` for each name of `pattern`. The first `depth` words of `typed` are
/// commands of boot. None: it doesn't fit.
fn captured<'w>(pattern: &'w str, depth: usize, typed: &[&'w str]) -> Option<Captures<'w>> {
    let mut captures = Captures::new();
    let mut at = 0;
    let mut behind_an_option = false;
    for (index, token) in pattern.split(' ').enumerate() {
        if let Some(name) = token.strip_suffix('…') {
            let words = &typed[at..];
            let mut named = words.iter().filter(|word| !is_option(word)).peekable();
            if name == "VERSION" && (named.peek().is_none() || !named.all(|word| is_version(word)))
            {
                return None;
            }
            captures.push((token, words.to_vec()));
            at = typed.len();
        } else if is_name(token) {
            let word = *typed.get(at)?;
            let fits = match token {
                "VERSION" => is_version(word),
                "SCRIPT" => word.ends_with(".py"),
                _ => behind_an_option || !is_option(word),
            };
            if index <= depth && token != "VERSION" && token != "SCRIPT" || !fits {
                return None;
            }
            captures.push((token, vec![word]));
            at += 1;
        } else {
            let word = *typed.get(at)?;
            // What stands before is boot's own, and never an alternative.
            if (index < depth && token != word) || !token.split('|').any(|literal| literal == word)
            {
                return None;
            }
            at += 1;
        }
        behind_an_option = is_option(token);
    }
    (at == typed.len()).then_some(captures)
}

fn is_name(token: &str) -> bool {
    token.chars().all(|c| c.is_ascii_uppercase() || c == '_') && !token.is_empty()
}

/// A request for a Python; mise and asdf write `python@` before it, conda `python=`.
fn is_version(word: &str) -> bool {
    let version = bare_version(word);
    version.starts_with(|c: char| c.is_ascii_digit()) || version.parse::<Request>().is_ok()
}

fn bare_version(word: &str) -> &str {
    match word
        .strip_prefix("python@")
        .or_else(|| word.strip_prefix("python="))
    {
        Some(version) if !version.starts_with('=') && !version.is_empty() => version,
        _ => word,
    }
}

/// The answer with what was typed in its place. None where a command of it wouldn't be understood
/// then.
fn fill(answer: &str, captures: &Captures) -> Option<String> {
    let mut text = String::new();
    for (index, part) in answer.split('`').enumerate() {
        let is_command = index % 2 == 1;
        if !is_command {
            text.push_str(&in_place(part, captures, Options::Kept, &quoted).join(" "));
            continue;
        }
        let bare = |options| in_place(part, captures, options, &|word| word.to_string());
        let words = [bare(Options::Kept), bare(Options::Dropped)]
            .into_iter()
            .find_map(completed)?;
        text.push_str(
            &words
                .iter()
                .map(|word| quoted(word))
                .collect::<Vec<_>>()
                .join(" "),
        );
    }
    Some(text.trim_end().to_string())
}

#[derive(Clone, Copy, PartialEq)]
enum Options {
    Kept,
    Dropped,
}

/// The words of `part`, its names replaced by what `show` makes of their values.
fn in_place(
    part: &str,
    captures: &Captures,
    options: Options,
    show: &dyn Fn(&str) -> String,
) -> Vec<String> {
    let mut words = Vec::new();
    for token in part.split(' ') {
        let whole = captures.iter().find(|(name, _)| *name == token);
        // A name may stand in a longer word: `BOOT_PYTHON=VERSION`, `venvs/NAME/bin`.
        let within = captures
            .iter()
            .find(|(name, _)| !name.ends_with('…') && has_name(token, name));
        if let Some((_, values)) = whole {
            let values = values
                .iter()
                .filter(|word| options == Options::Kept || !is_option(word));
            words.extend(values.map(|word| show(bare_version(word))));
        } else if let Some((name, values)) = within {
            let value = values.first().copied().unwrap_or_default();
            words.push(token.replace(name, &show(bare_version(value))));
        } else {
            words.push(token.to_string());
        }
    }
    words
}

/// Tells whether `name` stands in `token` as a component of its own.
fn has_name(token: &str, name: &str) -> bool {
    token
        .split(['=', '/', ':', ',', ';'])
        .any(|part| part == name)
}

/// The command as clap takes it: the names of what has to follow are added. None where it takes it
/// in no way.
fn completed(mut words: Vec<String>) -> Option<Vec<String>> {
    let error = match Cli::try_parse_from(&words) {
        Ok(_) => return Some(words),
        Err(error) => error,
    };
    match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::DisplayHelp | ErrorKind::DisplayVersion, _) => return Some(words),
        (ErrorKind::MissingRequiredArgument, Some(ContextValue::Strings(missing))) => {
            words.extend(
                missing
                    .iter()
                    .map(|name| name.trim_matches(['<', '>', '.']).to_string()),
            );
        }
        _ => return None,
    }
    Cli::try_parse_from(&words).is_ok().then_some(words)
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = !word.is_empty()
        && word
            .chars()
            .enumerate()
            .all(|(at, c)| c.is_alphanumeric() || "/._-+@,:%…".contains(c) || (c == '=' && at > 0));
    if plain {
        word.into()
    } else {
        escaped(&String::from_utf8_lossy(&quote::posix(word)))
    }
}

/// The command that was mistyped, with its arguments.
fn guess(typed: &Typed) -> Option<String> {
    let word = typed.rest.first()?;
    let heads: Vec<&str> = table::ROWS
        .iter()
        .flat_map(|(pattern, _)| heads(pattern, &typed.level))
        .collect();
    let known: Vec<&str> = typed
        .below
        .iter()
        .map(String::as_str)
        .chain(heads)
        .collect();
    let meant = near(word, &known)?;
    let mut rest = typed.rest.clone();
    rest[0] = meant.to_string();
    if !typed.below.iter().any(|name| name == meant) {
        return answer(&typed.level, &rest);
    }
    let command = format!("{} {meant}", typed.command());
    let full: Vec<String> = command
        .split(' ')
        .map(String::from)
        .chain(rest[1..].iter().cloned())
        .collect();
    let full = completed(full).map(|words| {
        words
            .iter()
            .map(|word| quoted(word))
            .collect::<Vec<_>>()
            .join(" ")
    });
    Some(full.unwrap_or(command))
}

/// The words at `level` that a row answers.
fn heads<'p>(pattern: &'p str, level: &[String]) -> Vec<&'p str> {
    let mut tokens = pattern.split(' ');
    if !level.iter().all(|name| tokens.next() == Some(name)) {
        return Vec::new();
    }
    let head = tokens.next().unwrap_or_default();
    if is_name(head.trim_end_matches('…')) {
        Vec::new()
    } else {
        head.split('|').filter(|word| !is_option(word)).collect()
    }
}

/// The known word that `word` misspells: one slip, in long words two.
fn near<'w>(word: &str, known: &[&'w str]) -> Option<&'w str> {
    let slips = match word.chars().count() {
        0..3 => return None,
        3..9 => 1,
        _ => 2,
    };
    let within = known
        .iter()
        .filter(|known| begin_alike(word, known))
        .map(|known| (crate::report::distance(word, known), *known));
    within
        .filter(|(slip, _)| *slip <= slips)
        .min_by_key(|(slip, _)| *slip)
        .map(|(_, known)| known)
}

/// Tells whether both words begin with the same letter, or have their first two the other way
/// round. `rust` is no `trust`.
fn begin_alike(word: &str, known: &str) -> bool {
    let (mut a, mut b) = (word.chars(), known.chars());
    let (a, b) = ((a.next(), a.next()), (b.next(), b.next()));
    a.0 == b.0 || (a.0 == b.1 && a.1 == b.0)
}

/// The option of the command at `level` that was mistyped.
fn near_option(level: &[String], option: &str) -> Option<String> {
    let root = Cli::command();
    let command = level
        .iter()
        .try_fold(&root, |command, name| command.find_subcommand(name));
    let known: Vec<String> = command
        .into_iter()
        .flat_map(Command::get_arguments)
        .filter(|arg| !arg.is_hide_set())
        .filter_map(|arg| arg.get_long())
        .map(|name| format!("--{name}"))
        .collect();
    let meant = near(
        option,
        &known.iter().map(String::as_str).collect::<Vec<_>>(),
    )?;
    Some(format!(
        "did you mean {meant}? boot {} -h shows all",
        level.join(" ")
    ))
}

/// The line of clap's message that shows how the command is used.
fn usage(error: &clap::Error) -> String {
    let lines = plain(error);
    lines
        .lines()
        .find(|line| line.starts_with("Usage:"))
        .unwrap_or("boot -h names what there is")
        .to_string()
}

/// Returns the text of clap's error, a line a paragraph, without its tips. Those compare letters
/// and know of no shell.
fn plain(error: &clap::Error) -> String {
    let said = error.to_string();
    let said = said.strip_prefix("error: ").unwrap_or(&said);
    let paragraphs = said.split("\n\n").map(|paragraph| {
        let lines = paragraph
            .lines()
            .filter(|line| !line.trim_start().starts_with("tip:"));
        lines
            .flat_map(str::split_whitespace)
            .collect::<Vec<_>>()
            .join(" ")
    });
    paragraphs
        .filter(|line| !line.is_empty() && !line.starts_with("For more information"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    /// Returns the answer to a line that clap refuses or takes for another one.
    fn said(words: &[OsString]) -> String {
        match Cli::of(words.iter().cloned()) {
            Err(error) => error.to_string(),
            Ok(_) => "taken".into(),
        }
    }

    /// Returns a line that fits a pattern, with the first of alternatives and a value for each
    /// name.
    fn example(pattern: &str, all: bool) -> Vec<OsString> {
        let mut line = vec![OsString::from("boot")];
        for token in pattern.split(' ') {
            match token {
                "VERSION…" | "VERSION" => line.push("3.11".into()),
                "SHELL" => line.push("bash".into()),
                "SCRIPT" => line.push("script.py".into()),
                _ if token.ends_with('…') => line.extend(all.then(|| OsString::from("one"))),
                _ if is_name(token) => line.push("value".into()),
                _ => line.push(token.split('|').next().unwrap().into()),
            }
        }
        line
    }

    #[test]
    fn rows_are_each_reached() {
        let mut dead = Vec::new();
        for (pattern, _) in table::ROWS {
            for alternative in alternatives(pattern) {
                let fits = |line: &[OsString]| {
                    let typed: Vec<String> = line
                        .iter()
                        .skip(1)
                        .map(|word| word.to_string_lossy().into_owned())
                        .collect();
                    let depth = Typed::new(line).level.len();
                    let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
                    let first = table::ROWS.iter().find(|(pattern, answer)| {
                        captured(pattern, depth, &typed)
                            .is_some_and(|names| fill(answer, &names).is_some())
                    });
                    first.is_some_and(|(first, _)| first == pattern)
                };
                let lines = [example(&alternative, false), example(&alternative, true)];
                for line in &lines {
                    let said = said(line);
                    if said == "taken" || said.contains("Usage:") || said.lines().count() > 3 {
                        dead.push(format!("{line:?}: {said}"));
                    }
                }
                if !lines.iter().any(|line| fits(line)) {
                    dead.push(format!("{pattern} is never reached"));
                }
            }
        }
        assert!(dead.is_empty(), "{}", dead.join("\n"));
    }

    /// The pattern with each of its words' spellings.
    fn alternatives(pattern: &str) -> Vec<String> {
        pattern
            .split(' ')
            .fold(vec![String::new()], |lines, token| {
                let spellings: Vec<&str> = token.split('|').collect();
                lines
                    .iter()
                    .flat_map(|line| {
                        spellings
                            .iter()
                            .map(move |word| format!("{line} {word}").trim_start().to_string())
                    })
                    .collect()
            })
    }

    /// The commands in an answer, names and all.
    fn commands(answer: &str) -> impl Iterator<Item = &str> {
        answer.split('`').skip(1).step_by(2)
    }

    #[test]
    fn rows_name_existing_commands() {
        for (pattern, answer) in table::ROWS {
            assert_eq!(answer.matches('`').count() % 2, 0, "{pattern}");
            for command in commands(answer) {
                let words: Vec<String> = command
                    .split(' ')
                    .map(|word| {
                        word.replace('…', "")
                            .replace("VERSION", "3.11")
                            .replace("SHELL", "bash")
                    })
                    .collect();
                assert!(completed(words.clone()).is_some(), "{pattern}: {command}");
            }
            // What a row names without backticks is nobody's to check.
            let prose: String = answer.split('`').step_by(2).collect();
            let named = prose
                .split("boot ")
                .skip(1)
                .map(|rest| rest.split([' ', ';', ',']).next().unwrap_or_default());
            for word in named {
                assert!(
                    !Cli::command()
                        .get_subcommands()
                        .any(|command| command.get_name() == word),
                    "{pattern}: {word} wants backticks"
                );
            }
        }
    }

    #[test]
    fn message_repeats_typed_words_quoted() {
        for (line, answer) in [
            (words("boot global 3.11"), "boot python pin --global 3.11"),
            (
                words("boot use -g python@3.11"),
                "boot python pin --global 3.11",
            ),
            (
                words("boot install black[d]"),
                "boot tool install 'black[d]'",
            ),
            (
                words("boot -q install --with pytest black"),
                "boot tool install --with pytest black",
            ),
            (
                ["boot", "install", "it's", "a b"]
                    .map(OsString::from)
                    .to_vec(),
                r"boot tool install 'it'\''s' 'a b'",
            ),
            (
                words("boot tool install black --upgrade --frob"),
                "boot tool upgrade black",
            ),
            (
                words("boot python install 3.11 -l"),
                "boot python list --available 3.11",
            ),
            (
                words("boot tool install --pip-args=--no-deps black"),
                "boot tool install black",
            ),
            (
                words("boot create -n foo python=3.11 numpy"),
                "boot venv --name foo --python 3.11",
            ),
            (words("boot pip install a;b"), "pip install 'a;b'"),
            (words("boot help local"), "boot python pin"),
            (words("boot python help versions"), "boot python list"),
        ] {
            let said = said(&line);
            assert!(said.ends_with(answer), "{line:?}: {said}");
        }
    }

    #[test]
    fn message_guesses_misspelled_commands_only() {
        for (line, answer) in [
            ("boot vesion", "boot --version"),
            ("boot instal 3.11", "\nboot python install 3.11"),
            ("boot pyhton list", "\nboot python list"),
            ("boot pugrade black", "\nboot tool upgrade black"),
            ("boot python instal 3.11", "\nboot python install 3.11"),
            ("boot python verisons", "\nboot python list"),
            ("boot tool isntall black", "\nboot tool install black"),
            (
                "boot venv lsit",
                "\nboot venv list, or a folder of that name: boot venv ./lsit",
            ),
            ("boot shell instal", "\nboot shell install"),
            ("boot turst", "\nboot trust"),
            ("boot python install --sorce", "did you mean --source?"),
        ] {
            let said = said(&words(line));
            assert!(said.contains(answer), "{line}: {said}");
        }
        for line in [
            "boot settigs",
            "boot export",
            "boot managed",
            "boot data",
            "boot git",
            "boot env",
            "boot rust",
            "boot root-dir",
            "boot tests",
            "boot merge",
            "boot cat",
            "boot source-path",
            "boot version-file-read",
        ] {
            let said = said(&words(line));
            assert!(
                said.ends_with("\nboot -h names those that there are")
                    || said.contains("config.toml"),
                "{line}: {said}"
            );
        }
        assert!(
            said(&words("boot python frobnicate"))
                .ends_with("\nboot python -h names those that there are")
        );
    }

    #[test]
    fn message_tells_venv_folder_from_verb() {
        for word in [
            "env",
            "venv",
            ".venv",
            "./ls",
            "dev",
            "test",
            "docs",
            "with a space",
            "project",
            "bare",
            "other",
            "prod",
            "python-tests",
        ] {
            assert_eq!(
                said(&["boot".into(), "venv".into(), word.into()]),
                "taken",
                "{word}"
            );
        }
        for word in [
            "info",
            "activate",
            "use",
            "lits",
            "lst",
            "sync",
            "3.11",
            "crate",
            "system",
            "use-env",
            "remove-all",
        ] {
            let said = said(&["boot".into(), "venv".into(), word.into()]);
            assert!(
                said.contains(&format!("a folder of that name: boot venv ./{word}")),
                "{said}"
            );
        }
        assert!(
            said(&words("boot venv --python 3.11 use")).contains("boot venv --python 3.11 ./use")
        );
    }
}
