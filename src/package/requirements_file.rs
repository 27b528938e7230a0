//! Files of requirements and of constraints, as pip reads them: a requirement a line, comments,
//! continued lines, further files.
//!
//! An option that boot doesn't follow there is an error: to pass over `--index-url` would ask
//! another index for private names.

use std::fs;
use std::path::{Path, PathBuf};

use crate::report::escaped;

/// Files that name each other deeper than this do so for ever.
const DEEPEST: usize = 16;

/// What such a file asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Requirements as PEP 508 writes them, and `-e PLACE`.
    pub requirements: Vec<String>,
    /// Of files that are named by `-c`.
    pub constraints: Vec<String>,
    /// `--pre` stands somewhere in them.
    pub pre: bool,
}

/// A file can't be followed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("can't read {}: {source}\nis the path right? it counts from the folder you are in, or \
             from the file that names it", escaped(&path.to_string_lossy()))]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error(
        "{}, line {line}: {} isn't followed in such a file\n\
         take the line out; an index is named on the command line or in pip's configuration",
        escaped(&path.to_string_lossy()),
        escaped(option)
    )]
    Option {
        path: PathBuf,
        line: usize,
        option: String,
    },
    #[error("{} is named by files that it names itself\n\
             take one of these lines out", escaped(&.0.to_string_lossy()))]
    Circle(PathBuf),
}

/// Reads `path` and the files that it names, whose places count from its own.
pub(crate) fn read(path: &Path) -> Result<Asked, Error> {
    let mut asked = Asked::default();
    follow(path, false, 0, &mut asked)?;
    Ok(asked)
}

fn follow(path: &Path, constrains: bool, depth: usize, asked: &mut Asked) -> Result<(), Error> {
    if depth > DEEPEST {
        return Err(Error::Circle(path.into()));
    }
    let text = fs::read_to_string(path).map_err(|source| Error::Read {
        path: path.into(),
        source,
    })?;
    for (line, text) in logical(&text) {
        let option = |option: &str| Error::Option {
            path: path.into(),
            line,
            option: option.into(),
        };
        // A requirement's own options: hashes, settings for its build.
        if let Some((_, own)) = text.split_once(" --") {
            return Err(option(&format!(
                "--{}",
                own.split(['=', ' ']).next().unwrap_or_default()
            )));
        }
        let Some(rest) = text.strip_prefix('-') else {
            if constrains {
                asked.constraints.push(text)
            } else {
                asked.requirements.push(text)
            }
            continue;
        };
        let (name, value) = rest
            .split_once([' ', '='])
            .map_or((rest, ""), |(name, value)| (name, value.trim()));
        // `-rFILE` is a way to write it, too.
        let (name, value) = match name.split_at_checked(1) {
            Some((short @ ("r" | "c"), glued)) if !glued.is_empty() => (short, glued),
            _ => (name, value),
        };
        let place = path.parent().unwrap_or(Path::new("")).join(value);
        match name {
            "r" | "-requirement" => follow(&place, constrains, depth + 1, asked)?,
            "c" | "-constraint" => follow(&place, true, depth + 1, asked)?,
            "-pre" => asked.pre = true,
            "e" | "-editable" if !constrains => asked.requirements.push(format!("-e {value}")),
            _ => return Err(option(&format!("-{name}"))),
        }
    }
    Ok(())
}

/// The lines, each with the number that it begins at: continued ones in one, without comments and
/// empty ones.
fn logical(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut continued = false;
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        // A comment begins a line or follows a blank.
        let plain = if line.trim_start().starts_with('#') {
            ""
        } else {
            line.split(" #").next().unwrap_or("")
        };
        let (plain, goes_on) = plain
            .trim_end()
            .strip_suffix('\\')
            .map_or((plain, false), |plain| (plain, true));
        match lines.last_mut().filter(|_| continued) {
            Some((_, before)) => before.push_str(plain),
            None => lines.push((number + 1, plain.into())),
        }
        continued = goes_on;
    }
    lines
        .into_iter()
        .map(|(number, line)| (number, line.trim().to_string()))
        .filter(|(_, line)| !line.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_follows_lines_and_includes_as_pip_does() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        put(
            "a.txt",
            "# first\nblack == 24 # why\nclick \\\n  >=8\n\n-r sub/b.txt\n-c c.txt\n-e ./here\n\
             --constraint=c.txt\n--pre\n",
        );
        put("sub/b.txt", "furo @ https://h/x.zip#sha256=1\n-r../d.txt");
        put("d.txt", "six ; python_version<\"3\"\r\n");
        put("c.txt", "rich<14\n");
        let asked = read(&folder.path().join("a.txt")).unwrap();
        let wanted = [
            "black == 24",
            "click   >=8",
            "furo @ https://h/x.zip#sha256=1",
            "six ; python_version<\"3\"",
            "-e ./here",
        ];
        assert_eq!(asked.requirements, wanted);
        assert_eq!(asked.constraints, ["rich<14", "rich<14"]);
        assert!(asked.pre);
    }

    #[test]
    fn read_refuses_unsupported_line_by_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        for (text, option) in [
            (
                "black\n--index-url https://private/simple\n",
                "line 2: --index-url",
            ),
            ("-i https://private/simple\n", "line 1: -i"),
            ("a==1 --hash=sha256:00\n", "line 1: --hash"),
            ("a==1 \\\n  --hash=sha256:00\n", "line 1: --hash"),
        ] {
            fs::write(&path, text).unwrap();
            let error = read(&path).unwrap_err().to_string();
            assert!(
                error.contains(option) && error.lines().count() <= 3,
                "{error}"
            );
        }
        fs::write(&path, "-r a.txt\n").unwrap();
        assert!(matches!(read(&path), Err(Error::Circle(_))));
        assert!(matches!(
            read(&folder.path().join("none")),
            Err(Error::Read { .. })
        ));
    }
}
