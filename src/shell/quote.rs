//! Quotes any value as one word for a shell. It stands in single quotes, where a shell expands
//! nothing.
//!
//! Values are bytes: a path needn't be UTF-8.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::Shell;
use crate::report::escaped;

/// `value` as one word of `shell`.
pub(crate) fn word(shell: Shell, value: impl AsRef<OsStr>) -> Vec<u8> {
    match shell {
        Shell::Bash | Shell::Zsh => posix(value),
        Shell::Fish => fish(value),
    }
}

/// `path` as one word of `shell`, from `$HOME` where it lies below `home`: a file that is shared
/// with other machines is right there too.
pub(crate) fn from_home(shell: Shell, home: &Path, path: &Path) -> Vec<u8> {
    match path.strip_prefix(home) {
        // Each of them takes what stands side by side for one word.
        Ok(below) => [
            br#""$HOME""#.to_vec(),
            word(shell, Path::new("/").join(below)),
        ]
        .concat(),
        Err(_) => word(shell, path),
    }
}

/// For sh and its descendants: a single quote is written outside of the quotes, `'\''`.
pub(crate) fn posix(value: impl AsRef<OsStr>) -> Vec<u8> {
    let mut word = vec![b'\''];
    for &byte in value.as_ref().as_bytes() {
        match byte {
            b'\'' => word.extend(br"'\''"),
            // Neither an argument nor a variable can hold one.
            0 => {}
            _ => word.push(byte),
        }
    }
    word.push(b'\'');
    word
}

/// In fish's single quotes a backslash escapes a quote and itself.
pub(crate) fn fish(value: impl AsRef<OsStr>) -> Vec<u8> {
    let mut word = vec![b'\''];
    for &byte in value.as_ref().as_bytes() {
        match byte {
            b'\'' | b'\\' => word.extend([b'\\', byte]),
            0 => {}
            _ => word.push(byte),
        }
    }
    word.push(b'\'');
    word
}

/// `value` as one word of a command that people copy from a message: as it is where no shell reads
/// anything into it, else in single quotes, with control characters escaped.
pub(crate) fn for_message(value: impl AsRef<OsStr>) -> String {
    let text = value.as_ref().to_string_lossy();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+@,".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.into_owned();
    }
    escaped(&String::from_utf8_lossy(&posix(value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    const HOSTILE: [&[u8]; 10] = [
        b"",
        b"$(touch x)",
        b"`touch x`",
        b"a'b",
        b"''",
        b"a\\'b\\",
        b";\n&",
        b"-e",
        b"trailing ",
        b"\xff\xfe!*?[a-z]~",
    ];

    /// The real shells give back what was quoted. One that isn't installed is passed over here; the
    /// stories insist on all.
    #[test]
    fn word_is_read_back_by_each_shell() {
        for shell in Shell::ALL {
            for value in HOSTILE {
                let mut script = b"printf '%s' ".to_vec();
                script.extend(word(shell, OsStr::from_bytes(value)));
                let Ok(run) = Command::new(shell.name())
                    .arg("-c")
                    .arg(OsStr::from_bytes(&script))
                    .output()
                else {
                    continue;
                };
                assert_eq!(
                    run.stdout,
                    value,
                    "{shell} {:?}",
                    String::from_utf8_lossy(value)
                );
            }
        }
    }

    #[test]
    fn from_home_is_read_back_by_each_shell() {
        for shell in Shell::ALL {
            for (home, path) in [
                ("/h o'me", "/h o'me/a $(b)/'c"),
                ("/h", "/hh/c"),
                ("/h\\*", "/h\\*/\\d"),
            ] {
                let mut script = b"printf '%s|' ".to_vec();
                script.extend(from_home(shell, Path::new(home), Path::new(path)));
                let mut command = Command::new(shell.name());
                let Ok(run) = command
                    .arg("-c")
                    .arg(OsStr::from_bytes(&script))
                    .env("HOME", home)
                    .output()
                else {
                    continue;
                };
                assert_eq!(run.stdout, format!("{path}|").as_bytes(), "{shell}");
            }
        }
        assert_eq!(
            from_home(Shell::Bash, Path::new("/h"), Path::new("/h/a")),
            br#""$HOME"'/a'"#
        );
    }
}
