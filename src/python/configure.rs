//! Input of a build's `configure` and `make`: the words and variables, and the answers that
//! are known ahead.

use std::fs;
use std::path::Path;

use super::autoconf::{self, Compiler};
use super::key::{Key, Variant};
use super::preflight;
use super::source::Options;
use crate::store::env::var;

/// For `make`: a program of the test suite, linked with the whole interpreter and installed
/// nowhere, counts as made.
pub(crate) const UNNEEDED: [&str; 2] = ["-o", "Programs/_testembed"];

/// The words of `configure` for a Python whose life is in `home`.
pub(crate) fn arguments(key: &Key, options: &Options, home: &Path) -> Vec<String> {
    let mut arguments = vec![
        format!("--prefix={}", home.display()),
        "--with-ensurepip=no".to_string(),
    ];
    if key.version.minor >= 10 {
        // The test suite would be a third of what is installed.
        arguments.push("--disable-test-modules".into());
    }
    if key.variant == Variant::FreeThreaded {
        arguments.push("--disable-gil".into());
    }
    if options.optimize {
        arguments.extend(["--enable-optimizations".into(), "--with-lto".into()]);
    }
    arguments.extend(asked(options));
    if arguments
        .iter()
        .any(|argument| argument == "--enable-shared")
    {
        arguments.push(format!(
            "LDFLAGS={} -Wl,-rpath,{}/lib",
            var("LDFLAGS").unwrap_or_default(),
            home.display()
        ));
    }
    let brew = preflight::brew_prefixes();
    if !brew.is_empty() {
        arguments.push(format!("--with-openssl={}", brew[0]));
        let join = |flag: &str, sub: &str| {
            brew.iter()
                .map(|prefix| format!("{flag}{prefix}/{sub}"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        arguments.push(format!(
            "CPPFLAGS={} {}",
            var("CPPFLAGS").unwrap_or_default(),
            join("-I", "include")
        ));
        arguments.push(format!(
            "LDFLAGS={} {}",
            var("LDFLAGS").unwrap_or_default(),
            join("-L", "lib")
        ));
    }
    arguments
}

/// The variables that `configure` is given beside those of this process.
pub(crate) fn flags(options: &Options) -> Vec<(&'static str, String)> {
    let mut flags = Vec::new();
    if var("PYTHON_CFLAGS").is_some() {
        flags.push(("CFLAGS", cflags()));
    }
    if !debugs(options) {
        // The last one counts, and it is for the interpreter's own files: an extension's are
        // compiled as Python's makers mean it. Debug information is most of what a compiler writes,
        // and a debugger's alone; the prebuilt archives have none either.
        let given = var("CFLAGS_NODIST").unwrap_or_default();
        flags.push((
            "CFLAGS_NODIST",
            format!("{given} -g0").trim_start().to_string(),
        ));
    }
    flags
}

/// True if the user asks for something to debug with.
fn debugs(options: &Options) -> bool {
    let flags = ["CFLAGS", "PYTHON_CFLAGS", "CFLAGS_NODIST", "OPT"]
        .into_iter()
        .flat_map(words);
    flags
        .chain(asked(options))
        .any(|word| word.contains("-g") && !word.starts_with("--") || word == "--with-pydebug")
}

/// The user's words for `configure`, from the environment and the command line.
fn asked(options: &Options) -> Vec<String> {
    let named = ["CONFIGURE_OPTS", "PYTHON_CONFIGURE_OPTS"]
        .into_iter()
        .flat_map(words);
    named
        .chain(
            options
                .configure
                .iter()
                .flat_map(|text| text.split_whitespace().map(str::to_string)),
        )
        .collect()
}

/// The user's flags for the compiler.
fn cflags() -> String {
    format!(
        "{} {}",
        var("CFLAGS").unwrap_or_default(),
        var("PYTHON_CFLAGS").unwrap_or_default()
    )
    .trim()
    .to_string()
}

/// Autoconf's variables that can be told ahead, for the `configure` in `sources`; `folder` is an
/// empty one to work in.
pub(crate) fn answers(sources: &Path, folder: &Path, jobs: usize) -> Vec<(String, &'static str)> {
    let Ok(text) = fs::read_to_string(sources.join("configure")) else {
        return Vec::new();
    };
    let own = cflags();
    let mut command: Vec<String> = preflight::compiler()
        .split_whitespace()
        .map(str::to_string)
        .collect();
    command.extend(own.split_whitespace().map(str::to_string));
    command.extend(words("CPPFLAGS"));
    let compiler = Compiler {
        command,
        link: words("LDFLAGS"),
    };
    let found = autoconf::found(&text, &compiler, folder, jobs);
    found
        .into_iter()
        .filter(|name| var(name).is_none())
        .map(|name| (name, "yes"))
        .collect()
}

/// The words of a variable.
pub(crate) fn words(name: &str) -> Vec<String> {
    var(name)
        .unwrap_or_default()
        .split_whitespace()
        .map(str::to_string)
        .collect()
}
