//! Faults between a mirror and a Python, as a table: transient ones heal; lasting ones are one
//! error that leaves nothing, and the same command works later.

use std::thread;

use crate::support::{Fault, Home, Mirror};

/// Expected end of a faulty download.
enum End {
    /// Installed, after so many requests for the archive (None: any number).
    Installed(Option<usize>),
    /// Not installed; the error contains this text.
    Failed(&'static str),
}

use End::{Failed, Installed};

/// Plays one line of the table, with its own home and mirror.
fn play(what: &str, wrong: impl FnOnce(&Mirror, &mut Home), end: &End) {
    let mirror = Mirror::new();
    let mut home = Home::with(&mirror);
    let before = home.tree();
    let request = mirror.version();
    wrong(&mirror, &mut home);
    let run = home.boot(["python", "install", "--prebuilt", &request]);
    home.no_leftovers();
    match end {
        Installed(requests) => {
            assert_eq!(run.code, Some(0), "{what}: {run}");
            let got = mirror
                .server
                .requests()
                .iter()
                .filter(|request| **request == format!("GET {}", mirror.path()))
                .count();
            assert!(
                requests.is_none_or(|requests| requests == got),
                "{what}: {got} requests"
            );
            home.boot([
                "exec",
                "--",
                "python",
                "-c",
                "import bz2, ctypes, lzma, sqlite3, ssl, zlib",
            ])
            .success();
        }
        Failed(words) => {
            assert_eq!(run.code, Some(1), "{what}: {run}");
            assert!(run.stderr.contains(words), "{what}, no {words:?}: {run}");
            run.one_error();
            let made: Vec<String> = home
                .tree()
                .into_iter()
                .filter(|path| !before.contains(path) && path.contains("cpython"))
                .collect();
            assert!(made.is_empty(), "{what} left {made:?}");
            mirror.server.mend();
            home.set("BOOT_PYTHON_MIRROR", &mirror.server.url());
            mirror.server.put(
                &mirror.path(),
                "application/gzip",
                mirror.archive().to_vec(),
            );
            home.boot(["python", "install", "--prebuilt", &request])
                .success();
        }
    }
}

/// Plays the lines in parallel, because most of their time is spent waiting.
fn table(lines: Vec<(&'static str, Fault, End)>) {
    thread::scope(|scope| {
        for (what, fault, end) in lines {
            scope.spawn(move || {
                play(
                    what,
                    |mirror, _| mirror.server.fault(&mirror.path(), fault),
                    &end,
                )
            });
        }
    });
}

#[test]
fn python_install_cut_download_is_resumed() {
    thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || {
                for number in (half..20).step_by(2) {
                    let cut = |mirror: &Mirror, _: &mut Home| {
                        mirror
                            .server
                            .fault(&mirror.path(), Fault::CutOnce(mirror.size() * number / 20))
                    };
                    play(&format!("cut at {number}/20"), cut, &Installed(Some(2)));
                }
            });
        }
    });
}

#[test]
fn python_install_recovers_from_transient_faults() {
    table(vec![
        ("500 twice", Fault::Failing(2, 500), Installed(Some(3))),
        ("503 twice", Fault::Failing(2, 503), Installed(Some(3))),
        ("429 once", Fault::Failing(1, 429), Installed(Some(2))),
        (
            "a proxy that strips ranges",
            Fault::NoRanges(200_000),
            Installed(Some(2)),
        ),
        (
            "stalls in between",
            Fault::StallAt(250_000),
            Installed(Some(2)),
        ),
        (
            "a length that is too large",
            Fault::Length(1000),
            Installed(None),
        ),
    ]);
}

#[test]
fn python_install_lasting_fault_is_one_error() {
    table(vec![
        (
            "always cut at once",
            Fault::Cut(0),
            Failed("stopped before its end"),
        ),
        (
            "always cut",
            Fault::Cut(1000),
            Failed("stopped before its end"),
        ),
        ("404", Fault::Status(404), Failed("answered 404")),
        ("403", Fault::Status(403), Failed("answered 403")),
        ("500 for ever", Fault::Status(500), Failed("answered 500")),
        ("endless redirect", Fault::Loop, Failed("redirect")),
        (
            "a length that is too small",
            Fault::Length(-1000),
            Failed("SHA-256"),
        ),
        (
            "stall after the head",
            Fault::Stall,
            Failed("stopped before its end"),
        ),
        (
            "stall almost at once",
            Fault::StallAt(1000),
            Failed("stopped before its end"),
        ),
    ]);
}

#[test]
fn python_install_wrong_content_is_one_error() {
    play(
        "a wrong checksum",
        |mirror, _| mirror.spoil(),
        &Failed("SHA-256"),
    );
    let another = |mirror: &Mirror, _: &mut Home| {
        mirror
            .server
            .put(&mirror.path(), "text/html", b"<html>log in</html>".to_vec())
    };
    play("a captive portal", another, &Failed("SHA-256"));
}

#[test]
fn python_install_unreachable_mirror_is_named() {
    for (what, address) in [
        ("nobody listens", "http://127.0.0.1:9"),
        // Of RFC 5737 and RFC 6761: never routed, never a name.
        ("no route", "http://192.0.2.1"),
        ("no such host", "http://mirror.invalid"),
    ] {
        let host = address
            .trim_start_matches("http://")
            .split(':')
            .next()
            .unwrap()
            .to_string();
        let away = |_: &Mirror, home: &mut Home| {
            home.set("BOOT_PYTHON_MIRROR", address);
            home.set("BOOT_CONNECT_TIMEOUT", "1");
        };
        // The host is a word of the error.
        play(what, away, &Failed(Box::leak(host.into_boxed_str())));
    }
}

#[test]
fn python_install_without_any_source_names_addresses() {
    let mirror = Mirror::new();
    let mut home = Home::with(&mirror);
    mirror.server.fault(&mirror.path(), Fault::Status(404));
    home.boot(["python", "install", &mirror.version()])
        .code(1)
        .stderr_has("could not download CPython")
        .stderr_has("BOOT_PYTHON_MIRROR")
        .one_error();
    home.set("BOOT_PYTHON_MIRROR", "http://127.0.0.1:9");
    home.boot(["python", "install", &mirror.minor()])
        .code(1)
        .stderr_has("127.0.0.1")
        .stderr_has("BOOT_PYTHON_MIRROR")
        .one_error();
    for request in [mirror.minor(), mirror.version()] {
        let run = home
            .boot(["--offline", "python", "install", &request])
            .code(1)
            .one_error()
            .stderr_lacks("http");
        run.stderr_has(&format!("Python {request} isn't installed"))
            .stderr_has("once without it");
    }
    home.boot([
        "--offline",
        "python",
        "install",
        "--prebuilt",
        &mirror.minor(),
    ])
    .code(1)
    .one_error()
    .stderr_lacks("http");
    home.no_leftovers();
}

#[test]
fn verbose_install_shows_requests_and_retries() {
    let mirror = Mirror::new();
    let mut home = Home::with(&mirror);
    let place = mirror.server.url().replace("http://", "http://me:se-cret@");
    home.set("BOOT_PYTHON_MIRROR", &place);
    mirror.server.fault(&mirror.path(), Fault::Failing(1, 503));
    let run = home
        .boot(["--verbose", "python", "install", &mirror.minor()])
        .success();
    let path = mirror.path().replace('+', "%2B");
    let line = format!("GET {}{path} ", mirror.server.url());
    run.stderr_has(&format!("{line}503, retried in 200 ms after "))
        .stderr_has(&format!("{line}200 after "))
        .stderr_lacks("se-cret");
    home.boot(["python", "uninstall", &mirror.minor()])
        .success();
    home.boot(["python", "install", &mirror.minor()])
        .success()
        .stderr_lacks("GET ");
}
