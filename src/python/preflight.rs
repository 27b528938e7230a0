//! Before a build: is everything there that a complete Python needs? Asked of the compiler itself,
//! in a second, instead of after minutes of compiling.

use std::io::Write;
use std::process::{Command, Stdio};

use super::packages;

/// The headers of a module, as the first lines of a C program. readline and curses want stdio
/// first.
const HEADERS: &[(&str, &str)] = &[
    ("ssl", "#include <openssl/ssl.h>\n"),
    ("sqlite3", "#include <sqlite3.h>\n"),
    ("zlib", "#include <zlib.h>\n"),
    ("bz2", "#include <bzlib.h>\n"),
    ("lzma", "#include <lzma.h>\n"),
    ("ctypes", "#include <ffi.h>\n"),
    (
        "readline",
        "#include <stdio.h>\n#include <readline/readline.h>\n",
    ),
    ("curses", "#include <curses.h>\n"),
    ("uuid", "#include <uuid/uuid.h>\n"),
];

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("building Python needs a C compiler, and {compiler} isn't there\n{hint}")]
    NoCompiler { compiler: String, hint: String },
    #[error("building Python needs make, and it isn't there\n{hint}")]
    NoMake { hint: String },
    #[error("building a complete Python needs the headers for {}\n{hint}", missing.join(", "))]
    Missing {
        missing: Vec<&'static str>,
        hint: String,
    },
}

/// The compiler that configure will take.
pub(crate) fn compiler() -> String {
    let named =
        crate::store::env::var("CC").or_else(|| which::which("gcc").is_ok().then(|| "gcc".into()));
    named.unwrap_or_else(|| "cc".into())
}

/// Compiles a few lines per library, all at once, and names every one that is missing.
pub(crate) fn check() -> Result<(), Error> {
    let compiler = compiler();
    let command = compiler
        .split_whitespace()
        .next()
        .unwrap_or("cc")
        .to_string();
    if which::which(&command).is_err() {
        return Err(Error::NoCompiler {
            compiler: command,
            hint: packages::for_compiling(),
        });
    }
    if which::which("make").is_err() {
        return Err(Error::NoMake {
            hint: packages::for_compiling(),
        });
    }
    let missing: Vec<&'static str> = std::thread::scope(|scope| {
        let checks: Vec<_> = HEADERS
            .iter()
            .map(|(module, program)| (module, scope.spawn(|| compiles(&compiler, program))))
            .collect();
        checks
            .into_iter()
            .filter_map(|(module, check)| (!check.join().unwrap_or(false)).then_some(*module))
            .collect()
    });
    if missing.is_empty() {
        return Ok(());
    }
    let hint = packages::for_build(missing.iter().copied()).unwrap_or_else(|| {
        "install them with this system's package manager, then run this again".into()
    });
    Err(Error::Missing { missing, hint })
}

fn compiles(compiler: &str, program: &str) -> bool {
    let mut words = compiler.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("cc"));
    command.args(words);
    for variable in ["CPPFLAGS", "CFLAGS"] {
        command.args(
            crate::store::env::var(variable)
                .unwrap_or_default()
                .split_whitespace(),
        );
    }
    for folder in brew_includes() {
        command.arg(format!("-I{folder}"));
    }
    let child = command
        .args(["-x", "c", "-fsyntax-only", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = child else { return false };
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(program.as_bytes());
    }
    child.wait().is_ok_and(|status| status.success())
}

/// Homebrew keeps some libraries out of the compiler's way ("keg-only"); configure is told of them,
/// see `source`.
pub(crate) fn brew_prefixes() -> Vec<String> {
    if !cfg!(target_os = "macos") {
        return Vec::new();
    }
    let root = if std::path::Path::new("/opt/homebrew").is_dir() {
        "/opt/homebrew/opt"
    } else {
        "/usr/local/opt"
    };
    [
        "openssl@3",
        "sqlite",
        "zlib",
        "bzip2",
        "xz",
        "libffi",
        "readline",
        "ncurses",
    ]
    .iter()
    .map(|name| format!("{root}/{name}"))
    .collect()
}

fn brew_includes() -> Vec<String> {
    brew_prefixes()
        .into_iter()
        .map(|prefix| format!("{prefix}/include"))
        .collect()
}
