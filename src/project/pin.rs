//! `.python-version`: which Python a project wants. Anybody may have written it, so it is read with
//! suspicion: what isn't plainly a request or a name is shown escaped, and nothing of its text ever
//! becomes part of a path unparsed. A file with words in it is a pin, whatever they are: where none
//! can be read, nothing meets it, and no other Python runs in its place.

use std::io;
use std::path::{Path, PathBuf};

use crate::python::foreign::{self, Foreign};
use crate::python::request::{Numbers, Request};
use crate::report::escaped;
use crate::store::paths::Paths;
use crate::store::{self, atomic, file};

/// The file's name in a project.
pub const FILE: &str = ".python-version";

/// No honest pin comes near these.
const LONGEST_FILE: u64 = 4096;
const LONGEST_WORD: usize = 64;

/// The request in an advice where the text at hand suggests none.
const USUAL: &str = "3.11";

/// A word of a pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    Python(Request),
    /// The name of an environment that was made with one.
    Environment(Name),
    /// Nothing that boot has.
    Unmet(Unmet),
}

/// A word, or a whole file, that asks for something which boot can't give. Displayed as it was
/// written, escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// The word; empty where it is about the whole file.
    pub text: String,
    /// The advice on what to type instead.
    pub advice: String,
    /// The problem, as a sentence whose subject is the file; escaped.
    problem: String,
    /// The request to write instead.
    instead: String,
}

impl Unmet {
    fn new(text: &str, problem: String) -> Unmet {
        let text: String = text.chars().take(LONGEST_WORD).collect();
        let instead = foreign::nearest_minor(&text).unwrap_or_else(|| USUAL.into());
        let advice = match foreign::pyenv_virtualenv(&text) {
            Some((version, name)) => {
                format!("boot venv --name {name} --python {version} && boot python pin {name}")
            }
            None => format!("boot python pin {instead}"),
        };
        Unmet {
            text,
            advice,
            problem,
            instead,
        }
    }

    /// About the whole file.
    fn file(problem: impl Into<String>) -> Unmet {
        Unmet::new("", problem.into())
    }

    /// About what has to be moved before a pin can stand in its place.
    fn obstacle(problem: &str) -> Unmet {
        let unmet = Unmet::file(problem);
        Unmet {
            advice: format!("move it away, then: {}", unmet.advice),
            ..unmet
        }
    }

    /// About one word.
    fn word(text: &str) -> Unmet {
        let shown = start(text);
        let problem = match Foreign::recognize(text) {
            Some(foreign) => format!("asks for {shown}, which {}", foreign.reason()),
            None if text.chars().count() > LONGEST_WORD => {
                format!("has a word of more than {LONGEST_WORD} characters: {shown}")
            }
            None if text.chars().any(char::is_control) => {
                format!("has control characters in it: {shown}")
            }
            None => format!("asks for no Python that boot knows: {shown}"),
        };
        Unmet::new(text, problem)
    }

    /// Returns a line about the pin `file`, with the advice on what to type.
    pub fn line(&self, file: &Path) -> String {
        format!(
            "{} {}; instead: {}",
            escaped(&file.display().to_string()),
            self.problem,
            self.advice
        )
    }

    /// An error about `subject`, the variable or file that it was found in.
    pub fn error(&self, subject: &str, is_variable: bool) -> String {
        match is_variable {
            true => format!(
                "{subject} {}\nexport {subject}={}, or: unset {subject}",
                self.problem, self.instead
            ),
            false => format!("{subject} {}\n{}", self.problem, self.advice),
        }
    }

    /// An error about the word as an argument of `boot python pin`.
    pub fn argument_error(&self) -> String {
        let shown = start(&self.text);
        match Foreign::recognize(&self.text) {
            Some(foreign) => format!("{shown} {}\n{}", foreign.reason(), self.advice),
            None if self.text.contains('/') => format!(
                "{shown} is a path, and a pin names a version\n\
                 boot python adopt adopts the Python there, boot python pin {} pins it then",
                self.instead
            ),
            None if self.text.is_empty() => {
                format!("an empty text names no Python\n{}", self.advice)
            }
            None => format!("{shown} names no Python that boot knows\n{}", self.advice),
        }
    }

    /// As it is said of the user's default.
    fn for_everywhere(mut self) -> Unmet {
        self.advice = self
            .advice
            .replace("boot python pin ", "boot python pin --global ");
        self
    }
}

impl std::fmt::Display for Unmet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&escaped(&self.text))
    }
}

/// An environment's name: starts with a letter, then letters, digits, dots, dashes and underscores.
/// Harmless in a message, on a command line, and as one component of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

impl Name {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The command that makes the environment: of a name like `py311` with that Python.
    pub fn way_to_make(&self) -> String {
        let name = &self.0;
        let rest = name
            .strip_prefix("py")
            .filter(|rest| rest.starts_with('3'))
            .map(|rest| rest.replacen("3.", "3", 1));
        match rest.and_then(|rest| foreign::nearest_minor(&rest.replacen('3', "3.", 1))) {
            Some(minor) => format!("boot venv --name {name} --python {minor}"),
            None => format!("boot venv --name {name}"),
        }
    }
}

impl std::str::FromStr for Name {
    type Err = super::Error;

    fn from_str(text: &str) -> Result<Name, super::Error> {
        let fine = text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
            && text.len() <= LONGEST_WORD
            && !text.contains("..")
            && text.parse::<Request>().is_err()
            && Foreign::recognize(text).is_none();
        if fine {
            Ok(Name(text.into()))
        } else {
            Err(super::Error::NotAName(text.into()))
        }
    }
}

/// Why `text` can't name an environment.
pub(super) fn not_a_name(text: &str) -> String {
    let shown = start(text.trim());
    let rule =
        "start with a letter, then letters, digits, dots, dashes and underscores; not a version";
    match Foreign::recognize(text) {
        _ if shown.is_empty() => format!("an environment needs a name\n{rule}"),
        Some(foreign) => {
            let minor = foreign::nearest_minor(text).unwrap_or_else(|| USUAL.into());
            format!(
                "{shown} can't name an environment: it {}\n\
                 give it a name of your own: boot venv --name work --python {minor}",
                foreign.reason()
            )
        }
        None if text.len() > LONGEST_WORD => format!(
            "{shown} can't name an environment: it is longer than {LONGEST_WORD} characters"
        ),
        None => format!("{shown} can't name an environment\n{rule}"),
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Entry {
    type Err = super::Error;

    /// The entry that one word makes: a request, a name, or a Python that boot does not have.
    fn from_str(word: &str) -> Result<Entry, super::Error> {
        if let Ok(request) = word.parse() {
            return Ok(Entry::Python(request));
        }
        if Foreign::recognize(word).is_some() && word.len() <= LONGEST_WORD {
            return Ok(Entry::Unmet(Unmet::word(word)));
        }
        word.parse().map(Entry::Environment)
    }
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Entry::Python(request) => request.fmt(f),
            Entry::Environment(name) => name.fmt(f),
            Entry::Unmet(unmet) => unmet.fmt(f),
        }
    }
}

/// A pin that says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The file that it was read from.
    pub file: PathBuf,
    /// True for the user's own default, which makes no folder a project.
    pub global: bool,
    /// At least one. The first is the Python of the project; shims fall through to the others.
    pub entries: Vec<Entry>,
}

impl Pin {
    /// The first entry.
    pub fn first(&self) -> &Entry {
        // `read` makes no pin without one.
        &self.entries[0]
    }

    /// The Python for a new environment: the first that it asks for. None where it asks for none,
    /// as one that names an environment does: that is made with the default Python, wherever it is
    /// made.
    pub fn python(&self) -> Result<Option<&Request>, &Unmet> {
        match self.first() {
            Entry::Unmet(unmet) => Err(unmet),
            _ => Ok(self.requests().next()),
        }
    }

    /// The Pythons it asks for, in order.
    pub fn requests(&self) -> impl Iterator<Item = &Request> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Python(request) => Some(request),
            Entry::Environment(_) | Entry::Unmet(_) => None,
        })
    }

    /// Its words that nothing meets.
    pub fn unmet(&self) -> impl Iterator<Item = &Unmet> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Unmet(unmet) => Some(unmet),
            _ => None,
        })
    }

    /// The project: the folder of the pin.
    pub fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new("/"))
    }
}

/// The result of a search for a pin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub pin: Option<Pin>,
    /// A line for each file with a word that is passed over.
    pub warnings: Vec<String>,
}

/// The pin that holds in `folder`, an absolute path: its own or the nearest parent's, then the
/// user's default. A file without a word is as good as none: the search goes on above it.
pub fn find_from(folder: &Path, paths: &Paths) -> Found {
    let mut found = find_project(folder);
    if found.pin.is_none() {
        found.take(&paths.global_pin(), true);
    }
    found
}

/// As [`find_from`], without the user's default.
pub fn find_project(folder: &Path) -> Found {
    let mut found = Found::default();
    for folder in folder.ancestors() {
        if found.take(&folder.join(FILE), false) {
            break;
        }
    }
    found
}

/// The user's default, for everywhere; through a link.
pub fn read_global(paths: &Paths) -> Option<Pin> {
    let mut found = Found::default();
    found.take(&paths.global_pin(), true);
    found.pin
}

/// Makes the pin `file` say `entries`. False where it says so already: then nothing is written,
/// whatever else stands in it.
///
/// A link, as dotfiles have them, stays one and what it leads to is written. A project's link may
/// be anybody's: it is followed to another pin, and to no file of another name.
pub fn write(paths: &Paths, file: &Path, entries: &[Entry]) -> Result<bool, store::Error> {
    if let Ok(Some(text)) = read(file)
        && parse(&text) == (entries.to_vec(), None)
    {
        return Ok(false);
    }
    let text: String = entries.iter().map(|entry| format!("{entry}\n")).collect();
    let target = link_target(file)
        .filter(|target| file == paths.global_pin() || target.file_name() == file.file_name());
    match target {
        Some(target) => atomic::write(&target, text.as_bytes(), None)?,
        None => atomic::put(file, text.as_bytes(), 0o644)?,
    }
    Ok(true)
}

/// The file at the end of a chain of links, there or not, if its folder is there.
fn link_target(file: &Path) -> Option<PathBuf> {
    let mut at = file.to_path_buf();
    // The kernel follows forty.
    for _ in 0..40 {
        let folder = std::fs::canonicalize(at.parent()?).ok();
        match std::fs::read_link(&at) {
            Ok(target) => at = at.parent()?.join(target),
            // The first file may be in a folder that is still to be made.
            Err(_) if at == file => return Some(at),
            Err(_) => return folder?.join(at.file_name()?).into(),
        }
    }
    None
}

impl Found {
    /// Reads `file`; true if it has a pin.
    fn take(&mut self, file: &Path, global: bool) -> bool {
        let (mut entries, warning) = match read(file) {
            Ok(Some(text)) => parse(&text),
            Ok(None) => return false,
            Err(unmet) => (vec![Entry::Unmet(unmet)], None),
        };
        let shown = escaped(&file.display().to_string());
        self.warnings
            .extend(warning.map(|problem| format!("{shown} {problem}")));
        if entries.is_empty() {
            return false;
        }
        if global {
            entries = entries.into_iter().map(Entry::for_everywhere).collect();
        }
        self.pin = Some(Pin {
            file: file.into(),
            global,
            entries,
        });
        true
    }
}

impl Entry {
    fn for_everywhere(self) -> Entry {
        match self {
            Entry::Unmet(unmet) => Entry::Unmet(unmet.for_everywhere()),
            entry => entry,
        }
    }
}

/// The entries of a pin's text; and what is wrong with it beside those, if something is: about the
/// first such word. Without entries it has no word in it.
pub fn parse(text: &[u8]) -> (Vec<Entry>, Option<String>) {
    let text = decoded(text);
    if text.contains('\0') {
        return (
            vec![Entry::Unmet(Unmet::file(format!(
                "holds a NUL: {}",
                start(&text)
            )))],
            None,
        );
    }
    let mut entries = Vec::new();
    let mut unread: Vec<String> = Vec::new();
    for line in text.split(['\n', '\r']) {
        if let Some(marker) = conflict_marker(line) {
            return (
                vec![Entry::Unmet(Unmet::file(format!(
                    "has a merge conflict in it ({marker})"
                )))],
                None,
            );
        }
        let content = line.split('#').next().unwrap_or("").replace('\t', " ");
        parse_line(content.trim(), &mut entries, &mut unread);
    }
    let warning = match unread.first() {
        Some(word) if entries.is_empty() => {
            entries.push(Entry::Unmet(Unmet::word(word)));
            None
        }
        Some(word) => Some(format!(
            "has a word that asks for no Python, ignored: {}",
            start(word)
        )),
        None => None,
    };
    (entries, warning)
}

/// The entries of one value, as of `BOOT_PYTHON`: at least one. Colons separate them too, as they
/// do pyenv's.
pub fn parse_value(text: &str) -> Vec<Entry> {
    let (mut entries, mut unread) = (Vec::new(), Vec::new());
    parse_line(text.trim(), &mut entries, &mut unread);
    entries.extend(unread.iter().map(|word| Entry::Unmet(Unmet::word(word))));
    if entries.is_empty() {
        entries.push(Entry::Unmet(Unmet::file("is set, and names no Python")));
    }
    entries
}

/// The text of a pin, also in UTF-16 as PowerShell's `>` writes it. What isn't text at all becomes
/// characters that no request has.
fn decoded(bytes: &[u8]) -> String {
    let units = |unit: fn([u8; 2]) -> u16| {
        bytes[2..]
            .chunks(2)
            .map(|pair| unit([pair[0], *pair.get(1).unwrap_or(&0)]))
            .collect::<Vec<u16>>()
    };
    match bytes {
        [0xff, 0xfe, ..] => String::from_utf16_lossy(&units(u16::from_le_bytes)),
        [0xfe, 0xff, ..] => String::from_utf16_lossy(&units(u16::from_be_bytes)),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// The marker that git writes where two versions of a line meet.
fn conflict_marker(line: &str) -> Option<&'static str> {
    let markers = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"];
    markers.into_iter().find(|marker| {
        line.strip_prefix(marker)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    })
}

/// The entries of a line without its comment: the whole of it is one request, or each word is one.
/// Words that can't be read go to `unread`; those that plainly ask for some Python are entries that
/// nothing meets.
fn parse_line(line: &str, entries: &mut Vec<Entry>, unread: &mut Vec<String>) {
    if line.is_empty() {
        return;
    }
    if let Ok(request) = line.parse() {
        return entries.push(Entry::Python(request));
    }
    // The words of a range mean something else one by one.
    let is_one = line.starts_with([';', '/'])
        || line
            .split(' ')
            .any(|word| begins_range(word) || word == "-");
    let words: Vec<&str> = if is_one {
        vec![line]
    } else {
        line.split(' ').filter(|word| !word.is_empty()).collect()
    };
    // `python 3.11.9 3.12.1`, as .tool-versions has it.
    let named =
        words.len() > 1 && ["python", "cpython"].contains(&words[0].to_ascii_lowercase().as_str());
    for word in &words[usize::from(named)..] {
        match parse_word(word) {
            Some(found) => entries.extend(found),
            None if asks_for_version(word) => entries.push(Entry::Unmet(Unmet::word(word))),
            None => unread.push(word.to_string()),
        }
    }
}

fn begins_range(word: &str) -> bool {
    word.trim_start_matches(['"', '\''])
        .starts_with(['<', '>', '=', '~', '!', '^', '|'])
}

/// A range whose bare versions are given the operator that they stand for.
fn as_range(word: &str) -> String {
    let part = |part: &str| match part.trim() {
        bare if !bare.starts_with(|first: char| first.is_ascii_digit()) => bare.to_owned(),
        bare if bare.ends_with('*') || bare.matches('.').count() > 1 => format!("=={bare}"),
        bare => format!("=={bare}.*"),
    };
    word.split(',').map(part).collect::<Vec<_>>().join(",")
}

/// The entry of a word, or the entries between its commas and colons.
fn parse_word(word: &str) -> Option<Vec<Entry>> {
    if let Ok(entry) = word.parse() {
        return Some(vec![entry]);
    }
    if !word.contains([',', ':']) {
        return None;
    }
    // `3.11.*,!=3.11.7`: commas in a range mean "and".
    if word.split(',').any(begins_range) {
        return as_range(word)
            .parse()
            .ok()
            .map(|request| vec![Entry::Python(request)]);
    }
    let parts: Option<Vec<Entry>> = word
        .split([',', ':'])
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().ok())
        .collect();
    // `3,11` is no list: there is no Python 11.
    let is_major = |entry: &Entry| matches!(entry, Entry::Python(Request::Version { numbers: Numbers::Major(major), .. }) if *major > 3);
    parts.filter(|parts| !parts.iter().any(is_major))
}

/// Tells whether a word that can't be read speaks of some version all the same: another Python in
/// its place would be a wrong one.
fn asks_for_version(word: &str) -> bool {
    let bare =
        word.trim_start_matches(|c: char| c.is_ascii_alphabetic() || "-@\"'<>=~!^ ".contains(c));
    bare.starts_with(|c: char| c.is_ascii_digit())
        && !word.contains(['/', '\\', '$', '`'])
        && !word.chars().any(char::is_control)
}

/// As much of `text` as fits a warning, without what a terminal would obey.
fn start(text: &str) -> String {
    let cut: String = text.chars().take(LONGEST_WORD).collect();
    let more = if cut.len() < text.len() { "…" } else { "" };
    format!("{}{more}", escaped(&cut))
}

/// The content of the pin at `path`; None where there is none.
fn read(path: &Path) -> Result<Option<Vec<u8>>, Unmet> {
    let failed = |error: io::Error| Unmet::file(format!("can't be read: {error}"));
    match file::read_bounded(path, LONGEST_FILE) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            Err(Unmet::obstacle("isn't a regular file"))
        }
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            Err(Unmet::file(format!("has more than {LONGEST_FILE} bytes")))
        }
        // Sockets can't be opened; a folder above may be closed to us, then nobody can tell what is
        // there.
        Err(error) => match std::fs::symlink_metadata(path) {
            Ok(data) if data.is_symlink() && error.kind() == io::ErrorKind::NotFound => {
                Err(Unmet::file("is a link that leads nowhere"))
            }
            Ok(_) => Err(failed(error)),
            Err(_) => Ok(None),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn entries(text: &[u8]) -> Vec<String> {
        parse(text).0.iter().map(Entry::to_string).collect()
    }

    /// The one line about a text that nothing meets.
    fn unmet(text: &[u8]) -> String {
        let (entries, warning) = parse(text);
        assert_eq!(warning, None, "{}", String::from_utf8_lossy(text));
        match entries.as_slice() {
            [Entry::Unmet(unmet), ..] => unmet.line(Path::new("/p/.python-version")),
            other => panic!("{:?} makes {other:?}", String::from_utf8_lossy(text)),
        }
    }

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        "\u{feff}"
            .encode_utf16()
            .chain(text.encode_utf16())
            .flat_map(bytes)
            .collect()
    }

    #[test]
    fn parse_accepts_common_spellings_of_pins() {
        assert_eq!(entries(b"3.11\n"), ["3.11"]);
        assert_eq!(entries(b"\xef\xbb\xbf3.11.9\r\n"), ["3.11.9"]);
        assert_eq!(
            entries(b"# ours\n\n  3.12  # newest\n\t3.11\n"),
            ["3.12", "3.11"]
        );
        assert_eq!(entries(b">=3.10, <3.13"), [">=3.10,<3.13"]);
        assert_eq!(
            entries(b"3.11 # f\xfcr alle\n"),
            ["3.11"],
            "a comment in Latin-1"
        );
        assert_eq!(
            entries(&utf16("3.11\r\n3.12\r\n", u16::to_le_bytes)),
            ["3.11", "3.12"]
        );
        assert_eq!(entries(&utf16("3.11\n", u16::to_be_bytes)), ["3.11"]);
        for one in [
            "3",
            "3.13t",
            "3.11.*",
            "latest",
            "system",
            "python-3.12",
            "cpython@3.12",
            "cpython-3.11.9-linux-x86_64-gnu",
            "my_env",
        ] {
            let (entries, warning) = parse(one.as_bytes());
            assert_eq!((entries.len(), warning), (1, None), "{one}");
            assert_eq!(matches!(entries[0], Entry::Environment(_)), one == "my_env");
        }
        assert_eq!(parse(b"\n# nothing\n"), (vec![], None));
        assert_eq!(parse(b""), (vec![], None));
        assert_eq!(parse(b"\xff\xfe"), (vec![], None));
    }

    #[test]
    fn parse_takes_every_word_of_a_line() {
        for text in [
            "3.11 3.12",
            "3.11,3.12",
            "3.11:3.12",
            "3.11, 3.12",
            "3.11\t3.12",
            "python 3.11 3.12",
            "\"3.11\", \"3.12\"",
            "v3.11 Python3.12;",
        ] {
            assert_eq!(entries(text.as_bytes()), ["3.11", "3.12"], "{text}");
        }
        assert_eq!(entries(b"3.11.7 work"), ["3.11.7", "work"]);
        assert_eq!(
            entries(b">=3.10,<3.13 3.9"),
            [">=3.10,<3.13 3.9"],
            "which of them is meant, nobody can tell"
        );
        assert_eq!(entries(b">=3.10 <3.13"), [">=3.10,<3.13"]);
    }

    #[test]
    fn parse_takes_commas_of_range_as_and() {
        for (text, range) in [
            ("3.11.*,!=3.11.7", "==3.11.*,!=3.11.7"),
            ("3.11,!=3.11.7", "==3.11.*,!=3.11.7"),
            ("!=3.11.7,3.11", "!=3.11.7,==3.11.*"),
        ] {
            let request: Request = range.parse().unwrap();
            assert_eq!(entries(text.as_bytes()), [request.to_string()], "{text}");
        }
        assert!(!unmet(b"3.11,!=x").is_empty());
    }

    #[test]
    fn parse_does_not_split_numbers_with_comma() {
        for text in ["3,11", "3.11 - 3.13", "3.11-3.13", "3.11/3.12"] {
            assert!(
                unmet(text.as_bytes()).contains("boot python pin 3.11"),
                "{text}"
            );
        }
    }

    #[test]
    fn name_suggests_python_of_its_environment() {
        for (name, way) in [
            ("py311", "boot venv --name py311 --python 3.11"),
            ("py3.9-x", "boot venv --name py3.9-x --python 3.9"),
            ("work", "boot venv --name work"),
            ("py27", "boot venv --name py27"),
            ("py3", "boot venv --name py3"),
        ] {
            assert_eq!(name.parse::<Name>().unwrap().way_to_make(), way);
        }
    }

    #[test]
    fn parse_refuses_unsupported_pythons() {
        assert!(
            unmet(b"pypy3.10-7.3.12")
                .ends_with("boot has CPython only; instead: boot python pin 3.10")
        );
        assert!(
            unmet(b"miniconda3-latest")
                .ends_with("boot has CPython only; instead: boot python pin 3.11")
        );
        assert!(unmet(b"3.12-dev").ends_with("boot python pin 3.12"));
        assert!(
            unmet(b"3.11.7/envs/me")
                .ends_with("boot venv --name me --python 3.11.7 && boot python pin me")
        );
        assert!(
            unmet(b"3.12-slim\n3.11\n").ends_with("boot python pin 3.12"),
            "never the second in place of the first"
        );
        assert_eq!(entries(b"3.11 pypy3.10"), ["3.11", "pypy3.10"]);
        assert_eq!(entries(b"3.11:pypy3.10"), ["3.11", "pypy3.10"]);
        assert!(
            unmet(b"<<<<<<< HEAD\n3.11\n=======\n3.12\n>>>>>>> theirs\n")
                .contains("merge conflict")
        );
    }

    #[test]
    fn parse_of_hostile_text_is_unmet_and_escaped() {
        let long = "3".repeat(65);
        let wrong = [
            "/bin/sh",
            "..",
            "3..11",
            "../x",
            "a/b",
            "-e",
            ".hidden",
            "$(id)",
            "`id`",
            "a'b",
            "3.11\u{1b}[2J",
            "3.１1",
            "; 3.11",
            "3.11\0",
            "3.11\n\0\n3.12",
            "\u{feff}\u{feff}3.11",
            &long,
        ];
        for wrong in wrong {
            let line = unmet(wrong.as_bytes());
            assert!(
                !line.chars().any(char::is_control) && line.contains("boot python pin 3.11"),
                "{wrong:?}: {line}"
            );
        }
        unmet(b"\xff\x00\xfe");
        let (entries, warning) = parse(b"/bin/sh\x1b\n3.11\n");
        assert_eq!(
            entries,
            ["3.11".parse().unwrap()],
            "a good line counts beside a bad one"
        );
        assert!(warning.is_some_and(|line| line.contains("/bin/sh\\u{1b}")));
    }

    #[test]
    fn parse_of_random_bytes_never_panics() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for round in 0..10_000 {
            let mut bytes: Vec<u8> = (0..40)
                .map(|_| {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    // Half of them from what pins are made of, so that some parse.
                    if state & 1 == 0 {
                        b"3.11\n# /<>=,-:v"[(state >> 8) as usize % 15]
                    } else {
                        (state >> 16) as u8
                    }
                })
                .collect();
            if round % 3 == 0 {
                bytes[..2].copy_from_slice(if round % 2 == 0 {
                    b"\xff\xfe"
                } else {
                    b"\xfe\xff"
                });
            }
            let (entries, warning) = parse(&bytes);
            for entry in &entries {
                match entry {
                    Entry::Unmet(unmet) => {
                        assert!(!unmet.line(Path::new("/p")).chars().any(char::is_control))
                    }
                    entry => {
                        let written = entry.to_string();
                        assert!(!written.contains(['/', '\0', '\n', ' ']));
                        assert!(
                            written.len() > LONGEST_WORD
                                || parse(written.as_bytes()) == (vec![entry.clone()], None),
                            "{written}"
                        );
                    }
                }
            }
            assert!(warning.is_none_or(|text| !text.chars().any(char::is_control)));
        }
    }

    #[test]
    fn find_project_takes_nearest_file_with_words() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::write(root.path().join(FILE), "3.11").unwrap();
        fs::write(root.path().join("a").join(FILE), "# nothing yet\n").unwrap();
        let pin = find_project(&deep).pin.unwrap();
        assert_eq!(
            (pin.first().to_string(), pin.folder()),
            ("3.11".into(), root.path())
        );
        // What can't be read is never made up for by a parent's.
        fs::write(deep.join(FILE), "../../bin/sh").unwrap();
        let pin = find_project(&deep).pin.unwrap();
        assert_eq!(
            (pin.folder(), matches!(pin.first(), Entry::Unmet(_))),
            (deep.as_path(), true)
        );
    }

    #[test]
    fn write_keeps_links_to_pins_and_follows_no_others() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::from(&|name| (name == "HOME").then(|| root.path().into())).unwrap();
        let link = |target: &str, file: &Path| {
            let _ = fs::remove_file(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::os::unix::fs::symlink(root.path().join(target), file).unwrap();
        };
        let entries: Vec<Entry> = vec!["3.11".parse().unwrap(), "work".parse().unwrap()];
        let global = paths.global_pin();
        assert!(
            write(&paths, &global, &entries).unwrap()
                && fs::read_to_string(&global).unwrap() == "3.11\nwork\n"
        );
        fs::write(&global, "3.11 work # mine\n").unwrap();
        assert!(
            !write(&paths, &global, &entries).unwrap(),
            "it says so already"
        );
        link("defaults", &global);
        for _ in 0..2 {
            write(&paths, &global, &entries).unwrap();
            assert_eq!(
                fs::read_to_string(root.path().join("defaults")).unwrap(),
                "3.11\nwork\n"
            );
        }
        assert!(global.is_symlink());
        link("gone/defaults", &global);
        assert!(write(&paths, &global, &entries).unwrap() && !global.is_symlink());

        let pin = root.path().join("p").join(FILE);
        fs::write(root.path().join(FILE), "3.12").unwrap();
        link(FILE, &pin);
        assert!(write(&paths, &pin, &entries).unwrap() && pin.is_symlink());
        assert_eq!(
            fs::read_to_string(root.path().join(FILE)).unwrap(),
            "3.11\nwork\n"
        );
        fs::write(root.path().join("precious"), "mine").unwrap();
        link("precious", &pin);
        assert!(write(&paths, &pin, &entries).unwrap() && !pin.is_symlink());
        assert_eq!(
            fs::read_to_string(root.path().join("precious")).unwrap(),
            "mine"
        );
    }

    #[test]
    fn find_project_of_special_file_is_unmet() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join(FILE);
        let line = || match find_project(root.path()).pin.unwrap().first() {
            Entry::Unmet(unmet) => unmet.line(&file),
            other => panic!("{other:?}"),
        };
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &file,
            rustix::fs::FileType::Fifo,
            0o600.into(),
            0,
        )
        .unwrap();
        assert!(line().contains("regular file"));
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        assert!(line().contains("move it away"));
        fs::remove_dir(&file).unwrap();
        std::os::unix::fs::symlink("nowhere", &file).unwrap();
        assert!(line().contains("leads nowhere"));
        fs::remove_file(&file).unwrap();
        fs::write(&file, "3.11\n".repeat(1000)).unwrap();
        assert!(line().contains("4096"));
    }
}
