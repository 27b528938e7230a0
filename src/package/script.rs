//! The small programs in an environment's `bin`: made for entry points, or shipped by a wheel with
//! `#!python` to be filled in.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::entry_points::EntryPoint;
use crate::shell::quote;

/// What Linux reads of a first line since 2.0; newer kernels read more, but one may not rely on it.
const SHEBANG_LIMIT: usize = 127;

/// How scripts of an environment start Python.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interpreter<'a> {
    /// By the path where the environment will live, whatever it is written to now.
    pub path: &'a Path,
    /// With `-E`: no PYTHON* variable of the user's shell reaches the program. The commands of
    /// tools run so, as pipx's do: a PYTHONPATH that a project needs must not break black. Not
    /// `-I`, which would also take the script's own folder from sys.path, where some distributions
    /// keep what their scripts import.
    pub isolated: bool,
}

impl Interpreter<'_> {
    /// The first line or lines of a script.
    pub(crate) fn shebang(&self) -> Vec<u8> {
        let path = self.path.as_os_str();
        let option = if self.isolated { " -E" } else { "" };
        let plain = is_plain(self.path) && 2 + path.len() + option.len() <= SHEBANG_LIMIT;
        let mut line = Vec::new();
        if plain {
            line.extend_from_slice(b"#!");
            line.extend_from_slice(path.as_bytes());
            line.extend_from_slice(option.as_bytes());
            line.push(b'\n');
        } else {
            // To the shell a command, to Python a text that nobody reads.
            line.extend_from_slice(b"#!/bin/sh\n'''exec' ");
            line.extend_from_slice(&quote::posix(path));
            line.extend_from_slice(option.as_bytes());
            line.extend_from_slice(b" \"$0\" \"$@\"\n' '''\n");
        }
        line
    }
}

/// The lines that a program of `interpreter` begins with.
pub(crate) fn shebang(interpreter: Interpreter<'_>) -> Vec<u8> {
    interpreter.shebang()
}

/// Tells whether a first line can name `path` as it is: nothing in it that would end a word.
pub(crate) fn is_plain(path: &Path) -> bool {
    path.as_os_str()
        .as_bytes()
        .iter()
        .all(|byte| byte.is_ascii_graphic())
}

/// The program that calls `point`.
pub(crate) fn for_entry_point(point: &EntryPoint, interpreter: Interpreter<'_>) -> Vec<u8> {
    let mut text = interpreter.shebang();
    let first = point.function.split('.').next().unwrap_or(&point.function);
    let body = format!(
        "import sys\n\nfrom {} import {first}\n\nif __name__ == \"__main__\":\n    \
         sys.exit({}())\n",
        point.module, point.function
    );
    text.extend_from_slice(body.as_bytes());
    text
}

/// How a script begins whose interpreter is to be filled in.
pub(crate) const TO_FILL_IN: &[u8] = b"#!python";

/// A script of a wheel with the interpreter filled in; None where there is nothing to fill in:
/// another program's script, or a binary.
pub(crate) fn rewritten(content: &[u8], interpreter: Interpreter<'_>) -> Option<Vec<u8>> {
    if !content.starts_with(TO_FILL_IN) {
        return None;
    }
    let end = content
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(content.len());
    let first = std::str::from_utf8(&content[2..end]).ok()?;
    let first = first.trim_end_matches('\r');
    let (name, arguments) = first.split_once(' ').unwrap_or((first, ""));
    if !matches!(name, "python" | "pythonw") {
        return None;
    }
    let mut text = interpreter.shebang();
    // Only one argument fits into a first line; the wheel's own goes before ours.
    let arguments = arguments.trim();
    if !arguments.is_empty() && !text.starts_with(b"#!/bin/sh") {
        text = Interpreter {
            isolated: false,
            ..interpreter
        }
        .shebang();
        text.pop();
        text.push(b' ');
        text.extend_from_slice(arguments.as_bytes());
        text.push(b'\n');
    }
    text.extend_from_slice(content.get(end + 1..).unwrap_or_default());
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interpreter(path: &str) -> Interpreter<'_> {
        Interpreter {
            path: Path::new(path),
            isolated: true,
        }
    }

    #[test]
    fn for_entry_point_calls_the_function() {
        let point = EntryPoint {
            name: "x".into(),
            module: "pkg.app".into(),
            function: "App.run".into(),
        };
        let text =
            String::from_utf8(for_entry_point(&point, interpreter("/t/bin/python"))).unwrap();
        assert_eq!(
            text,
            "#!/t/bin/python -E\nimport sys\n\nfrom pkg.app import App\n\n\
             if __name__ == \"__main__\":\n    sys.exit(App.run())\n"
        );
    }

    #[test]
    fn for_entry_point_long_or_odd_path_uses_shell() {
        let point = EntryPoint {
            name: "x".into(),
            module: "m".into(),
            function: "f".into(),
        };
        for path in [
            format!("/{}/python", "x".repeat(130)),
            "/a b/bin/python".into(),
            "/it's a/bin/python".into(),
            "/$(touch x)/bin/python".into(),
        ] {
            let text = String::from_utf8(for_entry_point(&point, interpreter(&path))).unwrap();
            assert!(text.starts_with("#!/bin/sh\n'''exec' '/"), "{text}");
            let run = text
                .lines()
                .nth(1)
                .unwrap()
                .strip_prefix("'''exec' ")
                .unwrap()
                .strip_suffix(" -E \"$0\" \"$@\"")
                .unwrap();
            let told = std::process::Command::new("sh")
                .arg("-c")
                .arg(format!("printf %s {run}"))
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(told.stdout).unwrap(), path);
        }
    }

    #[test]
    fn rewritten_changes_only_python_shebangs() {
        let fill = |content: &str| {
            rewritten(content.as_bytes(), interpreter("/t/python"))
                .map(|text| String::from_utf8(text).unwrap())
        };
        assert_eq!(fill("#!python\nx\n").unwrap(), "#!/t/python -E\nx\n");
        assert_eq!(fill("#!pythonw\nx").unwrap(), "#!/t/python -E\nx");
        assert_eq!(fill("#!python -u\nx\n").unwrap(), "#!/t/python -u\nx\n");
        assert_eq!(fill("#!python\r\nx\r\n").unwrap(), "#!/t/python -E\nx\r\n");
        assert_eq!(fill("#!python3\nx\n"), None);
        assert_eq!(fill("#!/bin/sh\nx\n"), None);
        assert_eq!(rewritten(b"\x7fELF", interpreter("/t/python")), None);
    }
}
