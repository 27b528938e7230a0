//! `RECORD`: the files of an installed distribution with their hashes, as comma-separated lines.
//!
//! A wheel's own RECORD is believed about hashes only, for files that are really there: it never
//! decides what is written, and nothing is ever deleted because of it.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::store::digest::Sha256;

/// A hash as RECORD writes it: `sha256=` and URL-safe base64 without padding.
pub fn hash(sha256: &Sha256) -> String {
    format!("sha256={}", URL_SAFE_NO_PAD.encode(sha256.bytes()))
}

/// The SHA-256 of each file that has one. Lines that can't be understood are passed over.
pub fn hashes(text: &str) -> HashMap<String, String> {
    rows(text)
        .into_iter()
        .filter_map(|mut row| {
            let hash = row.get(1)?.clone();
            let digits = hash.strip_prefix("sha256=")?;
            let sound = URL_SAFE_NO_PAD
                .decode(digits)
                .is_ok_and(|bytes| bytes.len() == 32);
            sound.then(|| (row.swap_remove(0), hash))
        })
        .collect()
}

/// One line of a RECORD that boot writes; without a hash for RECORD itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    pub path: String,
    pub hash: String,
    pub size: Option<u64>,
}

/// The file's text, sorted by path.
pub fn text(mut lines: Vec<Line>) -> String {
    lines.sort();
    let mut text = String::new();
    for line in &lines {
        if line.path.contains([',', '"', '\n', '\r']) {
            text.push('"');
            text.push_str(&line.path.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(&line.path);
        }
        text.push(',');
        text.push_str(&line.hash);
        text.push(',');
        if let Some(size) = line.size {
            text.push_str(&size.to_string());
        }
        text.push('\n');
    }
    text
}

/// Comma-separated values as Python's csv module writes them.
fn rows(text: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if field.is_empty() => quoted = true,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\r' | '\n' if !quoted => {
                if !row.is_empty() || !field.is_empty() {
                    row.push(std::mem::take(&mut field));
                    rows.push(std::mem::take(&mut row));
                }
            }
            _ => field.push(character),
        }
    }
    if !row.is_empty() || !field.is_empty() {
        row.push(field);
        rows.push(row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_skips_malformed_lines() {
        let good = hash(&Sha256::of(b"x"));
        let text = format!(
            "pkg/a.py,{good},1\r\n\"odd, \"\"name\"\".py\",{good},\nb.py,md5=abc,3\n\
             c.py,sha256=short,\nd.py,,\nno commas\n,,,,\n\"open"
        );
        let found = hashes(&text);
        let mut names: Vec<&str> = found.keys().map(String::as_str).collect();
        names.sort();
        assert_eq!(names, ["odd, \"name\".py", "pkg/a.py"]);
        assert_eq!(found["pkg/a.py"], good);
    }

    #[test]
    fn text_is_sorted_and_can_be_read_again() {
        let good = hash(&Sha256::of(b"x"));
        let line = |path: &str| Line {
            path: path.into(),
            hash: good.clone(),
            size: Some(1),
        };
        let written = text(vec![line("b"), line("a,\"b\""), line("a")]);
        assert_eq!(
            written,
            format!("a,{good},1\n\"a,\"\"b\"\"\",{good},1\nb,{good},1\n")
        );
        assert_eq!(hashes(&written).len(), 3);
    }
}
