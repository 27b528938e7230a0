//! Takes the machine that built a Python out of the flags that it tells extensions to be compiled
//! with: its compilers become this machine's, its folders go. Works on any text that has them as
//! words: sysconfig's data, a Makefile, a `*-config` script.

/// Folders on the publisher's machine: of compilers and libraries, and of CPython's unpacked
/// source.
const GONE: [&str; 2] = ["/tools/", "/build/Python-"];

/// `text` without what only the build machine had.
///
/// `/tools/llvm/bin/llvm-ar` becomes `ar`; `-I/tools/deps/include`, `-isysroot SDK` and the like
/// go; of `PATH=/build/Python-3.9.13/x` the value goes. A compiler that is named without a folder
/// where a value begins becomes `cc` or `c++`: not everybody has clang.
pub(crate) fn without_builder(text: &str) -> String {
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_argument = false;
    while !rest.is_empty() {
        let gap = rest.find(|c| !is_gap(c)).unwrap_or(rest.len());
        done.push_str(&rest[..gap]);
        rest = &rest[gap..];
        let end = rest.find(is_gap).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        if std::mem::take(&mut is_argument) {
            // Of -isysroot.
            rest = dropped(&mut done, word, rest);
        } else if word == "-isysroot" {
            is_argument = true;
            rest = dropped(&mut done, word, rest);
        } else if let Some(at) = gone(word) {
            match word.rsplit_once("/bin/") {
                Some((_, command)) if word[at..].contains("/bin/") => {
                    done.push_str(&word[..at]);
                    done.push_str(portable(command));
                }
                // `NAME=/build/…` still sets NAME; an option without its folder says nothing.
                _ if word[..at].ends_with('=') && !word.starts_with('-') => {
                    done.push_str(&word[..at])
                }
                _ => rest = dropped(&mut done, word, rest),
            }
        } else if let Some((name, "clang" | "clang++")) = word.split_once('=') {
            done.push_str(name);
            done.push('=');
            done.push_str(portable(&word[name.len() + 1..]));
        } else if done
            .trim_end_matches([' ', '\t'])
            .ends_with(['\'', '"', '='])
        {
            done.push_str(portable(word));
        } else {
            done.push_str(word);
        }
    }
    done
}

/// The start in `word` of a path that only the build machine had.
fn gone(word: &str) -> Option<usize> {
    let begins = |at: &usize| {
        word[..*at].is_empty()
            || word[..*at].ends_with(['=', ',', ':'])
            || matches!(&word[..*at], "-I" | "-L")
    };
    GONE.iter()
        .flat_map(|gone| word.match_indices(gone))
        .map(|(at, _)| at)
        .filter(begins)
        .min()
}

fn is_gap(c: char) -> bool {
    c.is_whitespace() || c == '\'' || c == '"'
}

/// Leaves `word` out with one of the blanks around it; a quoted option
/// (`'--with-openssl=/tools/deps' `) with its quotes. Returns what follows.
fn dropped<'a>(done: &mut String, word: &str, rest: &'a str) -> &'a str {
    if word.starts_with("--")
        && done.ends_with('\'')
        && let Some(rest) = rest.strip_prefix("' ")
    {
        done.pop();
        return rest;
    }
    rest.strip_prefix(' ').unwrap_or_else(|| {
        if done.ends_with(' ') {
            done.pop();
        }
        rest
    })
}

/// The name of the publisher's tools on every machine.
fn portable(command: &str) -> &str {
    match command {
        "clang" | "gcc" => "cc",
        "clang++" | "g++" => "c++",
        "llvm-ar" => "ar",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_builder_replaces_compilers() {
        let before = "{'CC': '/tools/llvm/bin/clang -pthread', 'LDSHARED': '/tools/clang-linux64/bin/clang -shared -isysroot /A/SDK -lm', \
                      'CXX': 'clang++', 'BLDSHARED': 'clang -pthread -shared'}\n\
                      CC=\t\tclang -pthread\n# clang 4.0\n'CC=clang' x";
        let after = "{'CC': 'cc -pthread', 'LDSHARED': 'cc -shared -lm', \
                     'CXX': 'c++', 'BLDSHARED': 'cc -pthread -shared'}\nCC=\t\tcc -pthread\n\
                     # clang 4.0\n'CC=cc' x";
        assert_eq!(without_builder(before), after);
    }

    #[test]
    fn without_builder_removes_folders_of_build_machine() {
        for (before, after) in [
            (
                "-fPIC -I/tools/deps/include -I/tools/deps/include/ncursesw",
                "-fPIC",
            ),
            (
                "' -L/tools/deps/lib -Wl,--exclude-libs,ALL'",
                "' -Wl,--exclude-libs,ALL'",
            ),
            (
                "'--prefix=/p' '--with-openssl=/tools/deps' '--enable-shared'",
                "'--prefix=/p' '--enable-shared'",
            ),
            (
                "'RUNSHARED': 'LD_LIBRARY_PATH=/build/Python-3.9.13',",
                "'RUNSHARED': 'LD_LIBRARY_PATH=',",
            ),
            ("'abs_srcdir': '/build/Python-3.9.13',", "'abs_srcdir': '',"),
            (
                "'-O3 '\n  '-isysroot '\n  '/A/SDK -lm'",
                "'-O3 '\n  ''\n  '-lm'",
            ),
            (
                "/opt/tools/x /builds/Python-3 -I/home/build/x",
                "/opt/tools/x /builds/Python-3 -I/home/build/x",
            ),
        ] {
            assert_eq!(without_builder(before), after, "{before}");
        }
    }
}
