//! What the output of a build that failed says of why, in words that lead on. Only what is certain:
//! the output itself is kept.

/// The cause, where the output names one that is known.
pub(super) fn of(output: &str) -> Option<String> {
    output.lines().find_map(in_line)
}

fn in_line(line: &str) -> Option<String> {
    let has = |part: &str| line.contains(part);
    if has("Python.h: No such file") || has("'Python.h' file not found") {
        return Some(
            "this Python has no headers: choose one that boot installed, with --python".into(),
        );
    }
    if let Some(header) = header(line) {
        return Some(format!(
            "{header} isn't there: install the development package of that library"
        ));
    }
    if let Some(program) = missing_program(line) {
        return Some(format!(
            "{program} isn't there: install it, the build runs it"
        ));
    }
    if has("pg_config executable not found") {
        return Some(
            "pg_config isn't there: install the development package of PostgreSQL (libpq)".into(),
        );
    }
    if has("can't find Rust compiler") || has("Cargo, the Rust package manager, is not installed") {
        return Some("it has a part in Rust: install Rust (rustup), the build compiles it".into());
    }
    if let Some(name) = line
        .split_once("No package '")
        .and_then(|(_, rest)| rest.split_once("' found"))
    {
        return Some(format!(
            "{} isn't there: install the development package of that library",
            name.0
        ));
    }
    if let Some(module) = quoted_after(line, "ModuleNotFoundError: No module named ") {
        return Some(match module.split('.').next().unwrap_or(module) {
            "distutils" | "imp" | "pkg_resources" | "lib2to3" => {
                format!("it is written for an older Python, which had {module}: try --python 3.11")
            }
            _ => format!(
                "its build imports {module}, and doesn't say that it needs it: that is for its \
                 authors to repair"
            ),
        });
    }
    if has("Missing parentheses in call to 'print'") {
        return Some(
            "it is written for Python 2, which can't run here: ask for a newer version".into(),
        );
    }
    if has("use_2to3 is invalid") {
        return Some(
            "it is written for Python 2 and a setuptools before 58: ask for a newer version".into(),
        );
    }
    has("No space left on device").then(|| "the disk is full".into())
}

/// The header in a compiler's complaint: `x.c:1:10: fatal error: libpq-fe.h: No such file or
/// directory`, or clang's words.
fn header(line: &str) -> Option<&str> {
    let rest = line.split_once("fatal error: ")?.1;
    let name = match rest.strip_prefix('\'') {
        Some(quoted) => quoted.strip_suffix("' file not found")?,
        None => rest.split_once(": No such file")?.0,
    };
    (!name.is_empty() && !name.contains(char::is_whitespace)).then_some(name)
}

/// The program that couldn't be started, in the words of setuptools, of Python and of shells.
fn missing_program(line: &str) -> Option<&str> {
    if let Some(rest) = line.split_once("error: command '").map(|(_, rest)| rest) {
        let (name, why) = rest.split_once('\'')?;
        return why.contains("No such file").then_some(name);
    }
    if line.contains("FileNotFoundError: [Errno 2] No such file or directory: '") {
        let name = quoted_after(line, "No such file or directory: ")?;
        // With a slash it is some file, and could be anything.
        return (!name.contains(['/', '.'])).then_some(name);
    }
    let rest = line
        .strip_suffix(": not found")
        .or_else(|| line.strip_suffix(": command not found"))?;
    rest.rsplit(": ")
        .next()
        .filter(|name| !name.is_empty() && !name.contains(char::is_whitespace))
}

fn quoted_after<'a>(line: &'a str, words: &str) -> Option<&'a str> {
    line.split_once(words)?
        .1
        .strip_prefix('\'')?
        .split_once('\'')
        .map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cause_is_recognized_from_tool_output() {
        for (line, words) in [
            (
                "psycopg/x.h:30:20: fatal error: libpq-fe.h: No such file or directory",
                "libpq-fe.h isn't there",
            ),
            (
                "x.c:1:10: fatal error: 'ffi.h' file not found",
                "ffi.h isn't there",
            ),
            (
                "x.c:5:10: fatal error: Python.h: No such file or directory",
                "no headers",
            ),
            (
                "error: command 'gcc' failed: No such file or directory",
                "gcc isn't there",
            ),
            (
                "FileNotFoundError: [Errno 2] No such file or directory: 'cmake'",
                "cmake isn't there",
            ),
            (
                "/bin/sh: 1: pkg-config: not found",
                "pkg-config isn't there",
            ),
            ("Error: pg_config executable not found.", "PostgreSQL"),
            ("error: can't find Rust compiler", "Rust"),
            ("No package 'libxml-2.0' found", "libxml-2.0 isn't there"),
            (
                "ModuleNotFoundError: No module named 'distutils.core'",
                "older Python",
            ),
            (
                "ModuleNotFoundError: No module named 'numpy'",
                "imports numpy",
            ),
            (
                "SyntaxError: Missing parentheses in call to 'print'. Did you mean print(...)?",
                "Python 2",
            ),
            ("error: [Errno 28] No space left on device", "disk is full"),
        ] {
            let found = of(&format!(
                "running build\n{line}\nerror: metadata-generation-failed\n"
            ));
            assert!(
                found.as_ref().is_some_and(|found| found.contains(words)),
                "{line}: {found:?}"
            );
        }
        for line in [
            "error: command 'gcc' failed with exit code 1",
            "FileNotFoundError: [Errno 2] No such file or directory: 'README.md'",
            "",
            "x",
        ] {
            assert_eq!(of(line), None, "{line}");
        }
    }
}
