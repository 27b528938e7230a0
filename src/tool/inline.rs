//! The comment block in which a script says what it needs (PEP 723, "Inline script metadata").

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

/// What a script asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Metadata {
    /// Requirements, as PEP 508 writes them.
    #[serde(default)]
    pub dependencies: Vec<String>,
    /// A version specifier for Python.
    #[serde(default)]
    pub requires_python: Option<String>,
}

/// A block that can't be read; one line that says why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its `# /// script` block can't be read: {0}")]
pub(crate) struct Error(String);

const BEGIN: &str = "# /// script";
const END: &str = "# ///";

/// What the script's text asks for; nothing without a block.
///
/// # Errors
/// Two blocks, one without an end, one that isn't TOML or has other types.
pub(crate) fn read(text: &str) -> Result<Metadata, Error> {
    let lines: Vec<&str> = text
        .lines()
        .map(|line| line.trim_end_matches('\r'))
        .collect();
    let mut begins = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| **line == BEGIN)
        .map(|(number, _)| number);
    let Some(begin) = begins.next() else {
        return Ok(Metadata::default());
    };
    let rest = &lines[begin + 1..];
    let comments = rest
        .iter()
        .take_while(|line| **line == "#" || line.starts_with("# "))
        .count();
    // The last end in one run of comment lines is the block's: TOML may have such a line inside.
    let end = rest[..comments]
        .iter()
        .rposition(|line| *line == END)
        .ok_or_else(|| Error("it has no end".into()))?;
    if begins.any(|other| other > begin + 1 + end) {
        return Err(Error("there are two".into()));
    }
    let toml: String = rest[..end]
        .iter()
        .map(|line| format!("{}\n", line.strip_prefix("# ").unwrap_or("")))
        .collect();
    toml::from_str(&toml).map_err(|error| Error(crate::report::escaped(error.message())))
}

/// Tells whether the file begins with a text that has such a block: a program of some megabytes
/// isn't read for it.
pub(crate) fn is_in(file: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(file).and_then(|file| file.take(64 << 10).read_to_end(&mut start));
    read.is_ok()
        && String::from_utf8_lossy(&start)
            .lines()
            .any(|line| line.trim_end_matches('\r') == BEGIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_parses_script_block() {
        let script = "#!/usr/bin/env python\n# /// script\n# requires-python = \">=3.11\"\n\
                      # dependencies = [\n#   \"requests<3\",\n#\n#   \"rich\",\n# ]\n# [tool.x]\n\
                      # y = 1\n# ///\n\nimport requests\n";
        let read_ = read(script).unwrap();
        assert_eq!(read_.dependencies, ["requests<3", "rich"]);
        assert_eq!(read_.requires_python.as_deref(), Some(">=3.11"));
        assert_eq!(
            read("print('# /// script')\n").unwrap(),
            Metadata::default()
        );
        assert_eq!(read(&script.replace('\n', "\r\n")).unwrap(), read_);
    }

    #[test]
    fn read_refuses_malformed_blocks() {
        for bad in [
            "# /// script\n# dependencies = []\n",
            "# /// script\n# dependencies = [\n# ///\n",
            "# /// script\n# dependencies = 'x'\n# ///\n",
            "# /// script\n# ///\nx\n# /// script\n# ///\n",
        ] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }
}
