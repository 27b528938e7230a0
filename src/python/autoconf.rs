//! Answers for `configure` ahead of its questions. It asks for each of some hundred functions and
//! headers by a compiler run of its own, one after another; asked together they take a second. Only
//! what is there is answered, and found without any library but libc: with more libraries, as
//! configure asks in some places, it is still there. What was not found so, configure looks for
//! itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use crate::parallel;

/// The includes of autoconf before a header that it tests.
const PRELUDE: &str = "#include <stddef.h>\n#include <stdio.h>\n#include <stdlib.h>\n\
                       #include <string.h>\n#include <inttypes.h>\n\
                       #include <stdint.h>\n#include <strings.h>\n#include <sys/types.h>\n\
                       #include <sys/stat.h>\n#include <unistd.h>\n";

/// The compiler that configure will take.
pub(crate) struct Compiler {
    /// Its command, with the flags for compiling.
    pub command: Vec<String>,
    /// Its flags for linking.
    pub link: Vec<String>,
}

/// Autoconf's cache variables that are `yes`, of those that the text of a `configure` asks for.
/// `folder` is an empty one to work in, `jobs` how many compilers may run at once. None where
/// anything is unclear: configure is then only slower.
pub(crate) fn found(
    configure: &str,
    compiler: &Compiler,
    folder: &Path,
    jobs: usize,
) -> Vec<String> {
    let (functions, headers) = (asked(configure, "func"), asked(configure, "header_compile"));
    std::thread::scope(|scope| {
        let functions = scope.spawn(|| compiler.functions(functions, folder));
        let mut found = compiler.headers(&headers, folder, jobs);
        found.extend(functions.join().unwrap_or_default());
        found
    })
}

/// A question: the name of a function or header, and the variable for the answer.
type Question<'a> = (&'a str, &'a str);

/// The questions of one kind: `ac_fn_c_check_KIND "$LINENO" "NAME" "VARIABLE" …`, as autoconf 2.70
/// and newer write them.
fn asked<'a>(configure: &'a str, kind: &str) -> Vec<Question<'a>> {
    let call = format!("ac_fn_c_check_{kind} \"$LINENO\" \"");
    let plain = |word: &str| {
        !word.is_empty()
            && word
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_./-".contains(c))
    };
    let mut questions: Vec<Question> = configure
        .lines()
        .filter_map(|line| {
            let mut words = line.trim_start().strip_prefix(&call)?.split('"');
            let (name, variable) = (words.next()?, words.nth(1)?);
            (plain(name) && plain(variable) && variable.starts_with("ac_cv_"))
                .then_some((name, variable))
        })
        .collect();
    questions.sort_unstable();
    questions.dedup();
    questions
}

impl Compiler {
    /// All functions in one program: the linker names those that it lacks, and the rest must then
    /// link.
    fn functions(&self, mut questions: Vec<Question>, folder: &Path) -> Vec<String> {
        let (source, program) = (folder.join("functions.c"), folder.join("functions"));
        // Some linkers stop after a number of complaints.
        for _ in 0..5 {
            if questions.is_empty() || fs::write(&source, calling(&questions)).is_err() {
                return Vec::new();
            }
            let Some(output) = self.run(&[&source], Some(&program)) else {
                return Vec::new();
            };
            if output.status.success() {
                return questions
                    .iter()
                    .map(|(_, variable)| variable.to_string())
                    .collect();
            }
            let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
            let before = questions.len();
            let lacking: Vec<&str> = complaints.lines().filter_map(lacking).collect();
            questions.retain(|(name, _)| !lacking.contains(name));
            if questions.len() == before {
                return Vec::new();
            }
        }
        Vec::new()
    }

    /// Each header in a program of its own: some can be included only after others, and configure's
    /// answer to that is a no.
    fn headers(&self, questions: &[Question], folder: &Path, jobs: usize) -> Vec<String> {
        let left = Mutex::new(questions.iter().enumerate());
        let next = || parallel::lock(&left).next();
        let ask = || {
            let mut found = Vec::new();
            while let Some((at, (name, variable))) = next() {
                let source = folder.join(format!("header{at}.c"));
                let program = format!("{PRELUDE}#include <{name}>\n");
                if fs::write(&source, program).is_ok()
                    && self
                        .run(&[&source], None)
                        .is_some_and(|output| output.status.success())
                {
                    found.push(variable.to_string());
                }
            }
            found
        };
        std::thread::scope(|scope| {
            let askers: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(ask)).collect();
            askers
                .into_iter()
                .flat_map(|asker| asker.join().unwrap_or_default())
                .collect()
        })
    }

    /// Compiles `sources`; into `program`, or only checking them.
    fn run(&self, sources: &[&PathBuf], program: Option<&Path>) -> Option<std::process::Output> {
        let (name, flags) = self.command.split_first()?;
        let mut command = Command::new(name);
        command
            .args(flags)
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        match program {
            Some(program) => command
                .arg("-o")
                .arg(program)
                .args(&self.link)
                .args(sources),
            None => command.arg("-fsyntax-only").args(sources),
        };
        command.output().ok()
    }
}

/// A program that calls every function; one that libc has only as a stub isn't there. As autoconf,
/// it declares them itself.
fn calling(questions: &[Question]) -> String {
    let mut program = String::from("#include <limits.h>\n");
    let mut calls = String::new();
    for (name, _) in questions {
        program.push_str(&format!("#undef {name}\nchar {name} ();\n"));
        calls.push_str(&format!(
            "#if defined __stub_{name} || defined __stub___{name}\nboot_stub_{name} ();\n#else\n\
             sum += {name} ();\n#endif\n"
        ));
        program.push_str(&format!(
            "#if defined __stub_{name} || defined __stub___{name}\n\
                                   char boot_stub_{name} ();\n#endif\n"
        ));
    }
    format!("{program}int main (void) {{\nint sum = 0;\n{calls}return sum;\n}}\n")
}

/// The function that a linker's line says is nowhere.
fn lacking(line: &str) -> Option<&str> {
    let name = if let Some((_, rest)) = line.split_once("undefined reference to ") {
        rest.trim_matches(['`', '\'', '"'])
    } else if let Some((_, rest)) = line.split_once("undefined symbol: ") {
        rest.trim()
    } else {
        // Apple's puts an underscore before the names of C.
        line.trim()
            .strip_prefix("\"_")?
            .split_once("\", referenced from")?
            .0
    };
    Some(name.strip_prefix("boot_stub_").unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIGURE: &str = r#"
  ac_fn_c_check_func "$LINENO" "strlen" "ac_cv_func_strlen"
ac_fn_c_check_func "$LINENO" "$ac_func" "$as_ac_var"
    ac_fn_c_check_func "$LINENO" "boot_has_no_such" "ac_cv_func_boot_has_no_such"
ac_fn_c_check_func "$LINENO" "strlen" "ac_cv_func_strlen"
ac_fn_c_check_header_compile "$LINENO" "sys/types.h" "ac_cv_header_sys_types_h" "$ac_includes_default"
ac_fn_c_check_header_compile "$LINENO" "no/such.h" "ac_cv_header_no_such_h" "$ac_includes_default"
"#;

    #[test]
    fn found_answers_only_what_libc_has() {
        let command = ["cc", "gcc", "clang"]
            .into_iter()
            .find(|name| which::which(name).is_ok());
        let Some(command) = command else { return };
        let compiler = Compiler {
            command: vec![command.into(), "-O0".into()],
            link: Vec::new(),
        };
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(
            found(CONFIGURE, &compiler, folder.path(), 2),
            ["ac_cv_header_sys_types_h", "ac_cv_func_strlen"]
        );
        let broken = Compiler {
            command: vec!["no-such-compiler".into()],
            link: Vec::new(),
        };
        assert!(found(CONFIGURE, &broken, folder.path(), 2).is_empty());
    }

    #[test]
    fn lacking_reads_linker_messages() {
        for (line, name) in [
            (
                "/usr/bin/ld: a.c:(.text+0x9): undefined reference to `explicit_memset'",
                Some("explicit_memset"),
            ),
            ("ld.lld: error: undefined symbol: chflags", Some("chflags")),
            ("  \"_boot_stub_lchmod\", referenced from:", Some("lchmod")),
            (
                "a.c: in function `main': the `tmpnam' function is dangerous",
                None,
            ),
        ] {
            assert_eq!(lacking(line), name, "{line}");
        }
    }
}
