//! Reports of the lower layers to a person, without knowledge of terminals.
//!
//! Everything reported here is for people and ends up on stderr; results never pass through it.

/// Takes the lines and the progress of what is going on.
pub trait Report: Send + Sync {
    /// A line that everybody should read; silent with `--quiet`.
    fn info(&self, line: &str);
    /// A line that needs attention; silent with `--quiet`.
    fn warn(&self, line: &str);
    /// A failure, and the way out; also with `--quiet`.
    fn error(&self, text: &str);
    /// A line for `--verbose`.
    fn step(&self, line: &str);
    /// Progress in bytes.
    fn bar(&self, label: &str) -> Box<dyn Bar>;
    /// Progress of what isn't known beforehand; what is expected by its parts, one after the other
    /// or side by side, is added up.
    fn spinner(&self, label: &str) -> Box<dyn Bar>;
}

/// A line of progress. It vanishes when dropped.
pub trait Bar: Send + Sync {
    /// So many bytes there are in all, as is known by now.
    fn expect(&self, bytes: u64);
    /// `bytes` more are done.
    fn advance(&self, bytes: u64);
    /// Says what is being done now.
    fn say(&self, message: &str);
}

/// Says nothing: for shims, for the hook, and for tests of the lower layers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Report for Silent {
    fn info(&self, _: &str) {}
    fn warn(&self, _: &str) {}
    fn error(&self, _: &str) {}
    fn step(&self, _: &str) {}
    fn bar(&self, _: &str) -> Box<dyn Bar> {
        Box::new(Silent)
    }
    fn spinner(&self, _: &str) -> Box<dyn Bar> {
        Box::new(Silent)
    }
}

impl Bar for Silent {
    fn expect(&self, _: u64) {}
    fn advance(&self, _: u64) {}
    fn say(&self, _: &str) {}
}

/// A terminal must see no control character of a file, a name or a server: shows them as Rust
/// would, without quotes.
pub(crate) fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control()
            || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
        {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// The first line of a message, without its advice.
pub(crate) fn first_line(message: impl std::fmt::Display) -> String {
    let text = message.to_string();
    text.lines().next().unwrap_or_default().to_string()
}

/// The lines behind the first set in, so that they are seen to belong to it where other errors
/// follow.
pub(crate) fn set_in(text: &str) -> String {
    text.lines().collect::<Vec<_>>().join("\n       ")
}

/// The word of `known` that was probably meant.
pub(crate) fn nearest<'w>(word: &str, known: &[&'w str]) -> Option<&'w str> {
    let within = (word.chars().count() / 3).max(1);
    known
        .iter()
        .map(|candidate| (distance(word, candidate), *candidate))
        .filter(|(far, _)| *far <= within)
        .min()
        .map(|(_, word)| word)
}

/// Edits between two words; two neighbours that changed places count once, for that is how people
/// mistype.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.to_lowercase().chars().take(64).collect();
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let mut best = (rows[i - 1][j] + 1)
                    .min(rows[i][j - 1] + 1)
                    .min(rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]));
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    best = best.min(rows[i - 2][j - 2] + 1);
                }
                best
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_shows_control_characters() {
        assert_eq!(escaped("3.11\u{1b}[2J\n"), "3.11\\u{1b}[2J\\n");
        assert_eq!(escaped("naïve ✓"), "naïve ✓");
    }

    #[test]
    fn nearest_offers_only_near_words() {
        let known = ["python", "tools", "dotfiles", "run"];
        assert_eq!(nearest("pyhton", &known), Some("python"));
        assert_eq!(nearest("tool", &known), Some("tools"));
        assert_eq!(nearest("Dotfile", &known), Some("dotfiles"));
        assert_eq!(nearest("packages", &known), None);
    }
}
