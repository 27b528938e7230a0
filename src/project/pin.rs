//! `.python-version`: which Python a project wants. Anybody may have written it, so it is read with suspicion: what isn't plainly
//! a request or a name is passed over and shown escaped, and nothing of its text ever becomes part of a path unparsed.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::python::request::Request;
use crate::report::escaped;
use crate::store::paths::Paths;

/// The file's name in a project.
pub const FILE: &str = ".python-version";

/// No honest pin comes near these.
const LONGEST_FILE: u64 = 4096;
const LONGEST_LINE: usize = 64;

/// One line of a pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    Python(Request),
    /// The name of an environment that was made with one.
    Environment(Name),
}

/// An environment's name: starts with a letter, then letters, digits, dots, dashes and underscores. Harmless in a message, on a command
/// line, and as one component of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

impl Name {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Name {
    type Err = super::Error;

    fn from_str(text: &str) -> Result<Name, super::Error> {
        let fine = text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
            && text.len() <= LONGEST_LINE
            && !text.contains("..")
            && text.parse::<Request>().is_err();
        if fine { Ok(Name(text.into())) } else { Err(super::Error::NotAName(text.into())) }
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Entry {
    type Err = super::Error;

    /// The entry in a line without its comment.
    fn from_str(line: &str) -> Result<Entry, super::Error> {
        if line.len() > LONGEST_LINE {
            return Err(super::Error::NotAName(line.chars().take(LONGEST_LINE).collect()));
        }
        line.parse().map(Entry::Python).or_else(|_| line.parse().map(Entry::Environment))
    }
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Entry::Python(request) => request.fmt(f),
            Entry::Environment(name) => name.fmt(f),
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

    /// The Pythons it asks for, in order.
    pub fn requests(&self) -> impl Iterator<Item = &Request> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Python(request) => Some(request),
            Entry::Environment(_) => None,
        })
    }

    /// The project: the folder of the pin.
    pub fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new("/"))
    }
}

/// What the search came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub pin: Option<Pin>,
    /// One line for each file that was passed over, or in part.
    pub warnings: Vec<String>,
}

/// The pin that holds in `folder`, an absolute path: its own or the nearest parent's, then the user's default.
/// A file that says nothing is as good as none: the search goes on above it.
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

impl Found {
    /// Reads `file`; true if it has a pin.
    fn take(&mut self, file: &Path, global: bool) -> bool {
        let (entries, warning) = match read(file) {
            Ok(Some(text)) => parse(&text),
            Ok(None) => return false,
            Err(problem) => (Vec::new(), Some(problem)),
        };
        let shown = escaped(&file.display().to_string());
        self.warnings.extend(warning.map(|problem| format!("{shown} {problem}")));
        if entries.is_empty() {
            return false;
        }
        self.pin = Some(Pin { file: file.into(), global, entries });
        true
    }
}

/// The entries of a pin's text, and what is wrong with it if something is: about the first such line.
pub fn parse(text: &[u8]) -> (Vec<Entry>, Option<String>) {
    let Ok(text) = std::str::from_utf8(text) else {
        return (Vec::new(), Some(format!("is ignored, it isn't UTF-8: {}", start(&String::from_utf8_lossy(text)))));
    };
    // The hook can't look behind one.
    if text.contains('\0') {
        return (Vec::new(), Some(format!("is ignored, it holds a NUL: {}", start(text))));
    }
    let mut entries = Vec::new();
    let mut warning = None;
    for line in text.strip_prefix('\u{feff}').unwrap_or(text).split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let content = line.split('#').next().unwrap_or("").trim_matches([' ', '\t']);
        if content.is_empty() {
            continue;
        }
        match content.parse() {
            Ok(entry) => entries.push(entry),
            Err(_) => warning = warning.or_else(|| Some(format!("has a line that asks for no Python, ignored: {}", start(content)))),
        }
    }
    (entries, warning)
}

/// As much of `text` as fits a warning, without what a terminal would obey.
fn start(text: &str) -> String {
    let cut: String = text.chars().take(LONGEST_LINE).collect();
    let more = if cut.len() < text.len() { "…" } else { "" };
    format!("{}{more}", escaped(&cut))
}

/// The content of `file`; None where there is none. A FIFO doesn't make us wait, a device isn't read.
fn read(file: &Path) -> Result<Option<Vec<u8>>, String> {
    let open = OpenOptions::new().read(true).custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits() as i32).open(file);
    let opened = match open {
        Ok(opened) => opened,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(None),
        // Sockets can't be opened; a folder above may be closed to us, then nobody can tell what is there.
        Err(error) if std::fs::symlink_metadata(file).is_ok() => return Err(format!("is ignored: {error}")),
        Err(_) => return Ok(None),
    };
    let failed = |error: io::Error| format!("is ignored: {error}");
    let data = opened.metadata().map_err(failed)?;
    if !data.is_file() {
        return Err("is ignored, it isn't a regular file".into());
    }
    let mut text = Vec::new();
    opened.take(LONGEST_FILE + 1).read_to_end(&mut text).map_err(failed)?;
    if text.len() as u64 > LONGEST_FILE {
        return Err(format!("is ignored, it has more than {LONGEST_FILE} bytes"));
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn entries(text: &[u8]) -> Vec<String> {
        parse(text).0.iter().map(Entry::to_string).collect()
    }

    #[test]
    fn honest_pins_are_read_as_people_write_them() {
        assert_eq!(entries(b"3.11\n"), ["3.11"]);
        assert_eq!(entries(b"\xef\xbb\xbf3.11.9\r\n"), ["3.11.9"]);
        assert_eq!(entries(b"# ours\n\n  3.12  # newest\n\t3.11\n"), ["3.12", "3.11"]);
        assert_eq!(entries(b">=3.10, <3.13"), [">=3.10,<3.13"]);
        for one in ["3", "3.13t", "3.11.*", "latest", "system", "python-3.12", "cpython@3.12", "cpython-3.11.9-linux-x86_64-gnu", "my_env"]
        {
            let (entries, warning) = parse(one.as_bytes());
            assert_eq!((entries.len(), warning), (1, None), "{one}");
            assert_eq!(matches!(entries[0], Entry::Environment(_)), one == "my_env");
        }
        assert_eq!(parse(b"\n# nothing\n"), (vec![], None));
    }

    #[test]
    fn anything_else_is_passed_over_and_shown_escaped() {
        let long = "3".repeat(65);
        let wrong = [
            "/bin/sh",
            "..",
            "3..11",
            "../x",
            "a/b",
            "3.11 3.12",
            "-e",
            ".hidden",
            "$(id)",
            "`id`",
            "a'b",
            "3.11;",
            "3.11\u{1b}[2J",
            "3.１1",
            &long,
        ];
        for wrong in wrong {
            let (entries, warning) = parse(wrong.as_bytes());
            assert!(entries.is_empty(), "{wrong:?}");
            assert!(!warning.unwrap().contains('\u{1b}'), "{wrong:?}");
        }
        assert_eq!(entries(b"/bin/sh\n3.11\n"), ["3.11"], "a good line counts beside a bad one");
        assert!(parse(b"3.11\0").0.is_empty());
        assert!(parse(b"3.11\n\0\n3.12").0.is_empty());
        assert!(parse(b"\xff\xfe3").1.unwrap().contains("UTF-8"));
    }

    #[test]
    fn random_bytes_never_panic_and_never_make_a_dangerous_entry() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..10_000 {
            let bytes: Vec<u8> = (0..40)
                .map(|_| {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    // Half of them from what pins are made of, so that some parse.
                    if state & 1 == 0 { b"3.11\n# /<>=,-"[(state >> 8) as usize % 13] } else { (state >> 16) as u8 }
                })
                .collect();
            let (entries, warning) = parse(&bytes);
            assert!(entries.iter().all(|entry| !entry.to_string().contains(['/', '\0', '\n', ' '])));
            assert!(warning.is_none_or(|text| !text.chars().any(char::is_control)));
        }
    }

    #[test]
    fn the_nearest_file_that_says_something_wins() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::write(root.path().join(FILE), "3.11").unwrap();
        fs::write(root.path().join("a").join(FILE), "# nothing yet\n").unwrap();
        fs::create_dir(deep.join(FILE)).unwrap();
        let found = find_project(&deep);
        let pin = found.pin.unwrap();
        assert_eq!((pin.first().to_string(), pin.folder()), ("3.11".into(), root.path()));
        assert_eq!(found.warnings.len(), 1, "the folder: {:?}", found.warnings);
    }

    #[test]
    fn what_is_no_file_or_too_long_is_ignored_without_waiting() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join(FILE);
        rustix::fs::mknodat(rustix::fs::CWD, &file, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(find_project(root.path()).warnings[0].contains("regular file"));
        fs::remove_file(&file).unwrap();
        fs::write(&file, "3.11\n".repeat(1000)).unwrap();
        let found = find_project(root.path());
        assert!(found.pin.is_none() && found.warnings[0].contains("4096"));
    }
}
