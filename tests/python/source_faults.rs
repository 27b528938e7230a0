//! Faults on the way to a source archive: transient ones heal; lasting ones are one error, nothing
//! is built, and the same command works later.

use std::fs;
use std::thread;

use boot::testing::Version;

use crate::support::source::Source;
use crate::support::{Fault, Home, Mirror, Run};

struct Play {
    home: Home,
    source: Source,
}

impl Play {
    fn new() -> Play {
        let mirror = Mirror::new();
        let version = Version {
            patch: mirror.key.version.patch + 1,
            ..mirror.key.version
        };
        let source = Source::new(&mirror, version, ("", ""), &[]);
        let mut home = Home::new();
        source.tell(&mut home, &[]);
        Play { home, source }
    }

    fn install(&self) -> Run {
        self.home.boot([
            "python",
            "install",
            "--source",
            &self.source.version.to_string(),
        ])
    }

    /// Counts the runs of `configure`.
    fn configured(&self) -> usize {
        fs::read_to_string(self.home.root.join("configured")).map_or(0, |text| text.lines().count())
    }

    fn heals(&self, what: &str, fault: Fault) {
        self.source.server.fault(&self.source.path(), fault);
        let run = self.install();
        assert_eq!((run.code, self.configured()), (Some(0), 1), "{what}: {run}");
        self.home.no_leftovers();
    }

    fn fails(&self, what: &str, fault: Fault, words: &str) {
        self.source.server.fault(&self.source.path(), fault);
        let run = self.install();
        assert_eq!((run.code, self.configured()), (Some(1), 0), "{what}: {run}");
        assert!(run.stderr.contains(words), "{what}, no {words:?}: {run}");
        run.one_error();
        self.home.no_leftovers();
        let made: Vec<String> = self
            .home
            .tree()
            .into_iter()
            .filter(|path| path.contains("cpython"))
            .collect();
        assert!(made.is_empty(), "{what} left {made:?}");
        self.source.server.mend();
        self.install().success();
    }
}

#[test]
fn python_install_source_cut_download_is_resumed() {
    thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || {
                for number in (half..20).step_by(2) {
                    let play = Play::new();
                    let at = play.source.server.content(&play.source.path()).1.len() * number / 20;
                    play.heals(&format!("cut at {number}/20"), Fault::CutOnce(at));
                    let got = play
                        .source
                        .server
                        .requests()
                        .iter()
                        .filter(|request| request.starts_with("GET "))
                        .count();
                    assert_eq!(got, 2, "cut at {number}/20");
                }
            });
        }
    });
}

#[test]
fn python_install_source_recovers_from_transient_faults() {
    thread::scope(|scope| {
        for (what, fault) in [
            ("500 twice", Fault::Failing(2, 500)),
            ("429 once", Fault::Failing(1, 429)),
            ("a proxy that strips ranges", Fault::NoRanges(500)),
            ("a length that is too large", Fault::Length(1000)),
            ("stalls in between", Fault::StallAt(900)),
        ] {
            scope.spawn(move || Play::new().heals(what, fault));
        }
    });
}

#[test]
fn python_install_source_lasting_fault_builds_nothing() {
    thread::scope(|scope| {
        for (what, fault, words) in [
            ("404", Fault::Status(404), "BOOT_SOURCE_MIRROR"),
            ("500 for ever", Fault::Status(500), "127.0.0.1"),
            ("endless redirect", Fault::Loop, "redirect"),
            ("always cut", Fault::Cut(100), "stopped before its end"),
            ("a length that is too small", Fault::Length(-100), "SHA-256"),
            (
                "stall after the head",
                Fault::Stall,
                "stopped before its end",
            ),
        ] {
            scope.spawn(move || Play::new().fails(what, fault, words));
        }
    });
}

#[test]
fn python_install_source_three_at_once_build_once() {
    let play = Play::new();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| play.install().success());
        }
    });
    assert_eq!(play.configured(), 1);
    play.home.no_leftovers();
}
