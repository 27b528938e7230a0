//! Faults between an index and a tool, as a table: each fault at each step of an install, a forced
//! install, an upgrade and an inject. It heals or is one error; the existing tool runs, and the
//! same command works later.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Fault, Home, Index, Mirror, Run, Wheel};

#[derive(Clone, Copy, Debug)]
enum Verb {
    Install,
    /// Over an installed tool.
    Force,
    Upgrade,
    Inject,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Page,
    /// The separate metadata file (PEP 658); without it boot reads the wheel.
    Metadata,
    Wheel,
}

/// Name of the fault; None stands for a login page; parts of the error at a page or a wheel, empty
/// if the fault heals.
const FAULTS: [(&str, Option<Fault>, &[&str]); 18] = [
    ("cut once", Some(Fault::CutOnce(100)), &[]),
    ("cut", Some(Fault::Cut(100)), &["stopped before its end"]),
    ("403", Some(Fault::Status(403)), &["answered 403"]),
    (
        "404",
        Some(Fault::Status(404)),
        &[
            "the package index has no",
            "is listed by the index, but isn't there",
        ],
    ),
    ("429 once", Some(Fault::Failing(1, 429)), &[]),
    ("429", Some(Fault::Status(429)), &["answered 429"]),
    ("500 twice", Some(Fault::Failing(2, 500)), &[]),
    ("500", Some(Fault::Status(500)), &["answered 500"]),
    ("503 twice", Some(Fault::Failing(2, 503)), &[]),
    ("503", Some(Fault::Status(503)), &["answered 503"]),
    (
        "stall",
        Some(Fault::Stall),
        &["nothing came for too long", "stopped before its end"],
    ),
    (
        "stall within",
        Some(Fault::StallAt(100)),
        &["nothing came for too long", "stopped before its end"],
    ),
    (
        "redirect loop",
        Some(Fault::Loop),
        &["redirects again and again"],
    ),
    (
        "more is promised than comes",
        Some(Fault::Length(100)),
        &["stopped before its end"],
    ),
    (
        "less is promised than comes",
        Some(Fault::Length(-100)),
        &["JSON can't be read", "its SHA-256 is"],
    ),
    ("no ranges", Some(Fault::NoRanges(0)), &[]),
    ("no ranges and cut once", Some(Fault::NoRanges(100)), &[]),
    (
        "another content",
        None,
        &["no other version", "its SHA-256 is"],
    ),
];

fn teller(version: &str) -> Wheel {
    Wheel::new("teller", version)
        .command("teller", &format!("teller {version}"))
        .file("large.txt", &"x".repeat(40_000))
}

fn helper() -> Wheel {
    Wheel::new("helper", "1.0")
        .file("helper.py", "")
        .file("helper.txt", &"x".repeat(40_000))
}

/// The lines run in parallel, because much of the time is spent waiting.
#[test]
fn tool_commands_recover_or_fail_cleanly_at_each_fault() {
    let mut lines = Vec::new();
    for verb in [Verb::Install, Verb::Force, Verb::Upgrade, Verb::Inject] {
        for step in [Step::Page, Step::Metadata, Step::Wheel] {
            lines.extend(
                FAULTS
                    .iter()
                    .map(|(what, fault, says)| (verb, step, *what, fault.clone(), *says)),
            );
        }
    }
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                while let Some((verb, step, what, fault, says)) =
                    lines.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    play(*verb, *step, what, fault.clone(), says);
                }
            });
        }
    });
}

/// The installed tool is `old`; afterwards it is `new`.
fn play(verb: Verb, step: Step, what: &str, fault: Option<Fault>, words: &[&str]) {
    // Beside the wheel nothing is needed; of a wheel that came whole the end is there, whatever was
    // promised.
    let heals = words.is_empty()
        || matches!(
            (step, &fault),
            (Step::Metadata, _) | (Step::Wheel, Some(Fault::Length(1..)))
        );
    let what = format!("{what}, {verb:?}, {step:?}");
    let (mirror, index) = (Mirror::new(), Index::new());
    let mut home = Home::ready(&mirror, &index);
    home.set("PYTHONDONTWRITEBYTECODE", "1");
    // Only where nothing comes is it worth anything to be impatient.
    home.set(
        "BOOT_READ_TIMEOUT",
        if matches!(fault, Some(Fault::Stall | Fault::StallAt(_))) {
            "0.5"
        } else {
            "5"
        },
    );
    if !matches!(verb, Verb::Install) {
        index.add(teller("1.0"));
        home.boot(["tool", "install", "teller"]).success();
    }
    let before = settled(&home);
    let (line, name): (&[&str], _) = match verb {
        Verb::Install => (&["tool", "install", "teller"], "teller"),
        Verb::Force => (&["tool", "install", "--force", "teller"], "teller"),
        Verb::Upgrade => (&["tool", "upgrade", "teller"], "teller"),
        Verb::Inject => (&["tool", "inject", "teller", "helper"], "helper"),
    };
    let wheel = if name == "helper" {
        helper()
    } else {
        teller("2.0")
    };
    let path = match step {
        Step::Page => {
            index.add(wheel);
            Index::page(name)
        }
        // Long enough to be cut.
        Step::Metadata => {
            index
                .add_beside((0..9).fold(wheel, |wheel, _| {
                    wheel.requires("nothing; python_version < '3'")
                }))
                .1
        }
        Step::Wheel => index.add(wheel),
    };
    home.set_page_age();
    let whole = index.server.content(&path);
    match fault {
        Some(fault) => index.server.fault(&path, fault),
        None => index
            .server
            .put(&path, "text/html", b"<html>log in</html>".to_vec()),
    }
    let run = home.boot(line);
    home.no_leftovers();
    let says = |home: &Home, version: &str| {
        let run = home.run(&mut home.command(home.bin().join("teller")));
        assert_eq!(
            (run.code, run.stdout.trim()),
            (Some(0), format!("teller {version}").as_str()),
            "{what}: {run}"
        );
    };
    let (old, new) = if matches!(verb, Verb::Inject) {
        ("1.0", "1.0")
    } else {
        ("1.0", "2.0")
    };
    if heals {
        assert_eq!(run.code, Some(0), "{what}: {run}");
        says(&home, new);
        return;
    }
    // A version whose file isn't there is passed over, and said to be.
    let passed = matches!(what.as_str(), "404, Upgrade, Wheel" | "404, Force, Wheel");
    if passed {
        assert!(
            run.code == Some(0) && run.stderr.contains("isn't there"),
            "{what}: {run}"
        );
    } else {
        assert_eq!(run.code, Some(1), "{what}: {run}");
        assert!(
            words.iter().any(|words| run.stderr.contains(words)),
            "{what}: none of {words:?} in {run}"
        );
        one_error(&what, run);
    }
    assert_eq!(settled(&home), before, "{what}");
    if !matches!(verb, Verb::Install) {
        says(&home, old);
    }
    index.server.mend();
    home.set("BOOT_READ_TIMEOUT", "5");
    let (kind, content) = whole;
    index.server.put(&path, &kind, content);
    home.set_page_age();
    home.boot(line).success();
    says(&home, new);
}

/// Lists all created paths except the cache.
fn settled(home: &Home) -> Vec<String> {
    home.tree()
        .into_iter()
        .filter(|path| {
            !path.starts_with(".cache") && path != ".local/bin" && !path.ends_with("boot/tools")
        })
        .collect()
}

fn one_error(what: &str, run: Run) {
    let errors = run
        .stderr
        .lines()
        .filter(|line| line.starts_with("error: "))
        .count();
    assert!(
        errors == 1 && run.stderr.lines().count() <= 4,
        "{what}: {run}"
    );
    run.one_error();
}

#[test]
fn tool_commands_name_unreachable_index() {
    let (mirror, index) = (Mirror::new(), Index::new());
    index.add(teller("1.0"));
    let mut home = Home::ready(&mirror, &index);
    home.set("BOOT_CONNECT_TIMEOUT", "1");
    home.boot(["tool", "install", "teller"]).success();
    for (address, host) in [
        ("http://127.0.0.1:9/simple", "127.0.0.1"),
        ("http://192.0.2.1/simple", "192.0.2.1"),
        ("http://index.invalid/simple", "index.invalid"),
    ] {
        home.set("BOOT_INDEX_URL", address);
        home.set_page_age();
        for words in [
            &["install", "other"][..],
            &["upgrade", "teller"],
            &["inject", "teller", "helper"],
        ] {
            one_error(
                address,
                home.boot([&["tool"], words].concat())
                    .code(1)
                    .stderr_has(host),
            );
        }
        home.run(&mut home.command(home.bin().join("teller")))
            .success()
            .stdout_has("teller 1.0");
    }
}

#[test]
fn tool_install_waits_as_long_as_retry_after_says() {
    let (mirror, index) = (Mirror::new(), Index::new());
    let path = index.add(teller("1.0"));
    let home = Home::ready(&mirror, &index);
    for path in [&Index::page("teller"), &path] {
        for (status, seconds) in [(429, 3), (503, 2)] {
            index.server.fault(path, Fault::Failing(1, status));
            index.server.later(path, seconds);
            home.set_page_age();
            fs::remove_dir_all(home.root.join(".cache/boot")).unwrap_or_default();
            let start = Instant::now();
            home.boot(["tool", "install", "--force", "teller"])
                .success();
            assert!(
                start.elapsed() >= Duration::from_secs(seconds.into()),
                "{path}: {status} after {:?}",
                start.elapsed()
            );
        }
    }
    home.run(&mut home.command(home.bin().join("teller")))
        .success()
        .stdout_has("teller 1.0");
}

#[test]
fn tool_install_twenty_processes_at_once_succeed() {
    let (mirror, index) = (Mirror::new(), Index::new());
    index.add(Wheel::new("shared", "1").file("shared.py", &"# x\n".repeat(9_000)));
    let names: Vec<String> = (0..20).map(|number| format!("tool{number}")).collect();
    for name in &names {
        index.add(Wheel::new(name, "1").requires("shared").command(name, name));
    }
    let home = Home::ready(&mirror, &index);
    thread::scope(|scope| {
        for name in names.iter().chain(&names[..1]) {
            let home = &home;
            scope.spawn(move || home.boot(["tool", "install", name]).success());
        }
    });
    for name in &names {
        home.run(&mut home.command(home.bin().join(name)))
            .success()
            .stdout_has(name);
    }
    assert_eq!(
        home.boot(["tool", "list", "--json"]).success().json()["tools"]
            .as_array()
            .unwrap()
            .len(),
        20
    );
    home.no_leftovers();
    // Whichever comes last decides; half a tool is never the outcome.
    for _ in 0..5 {
        thread::scope(|scope| {
            scope.spawn(|| home.boot(["tool", "install", "--force", "tool0"]));
            scope.spawn(|| home.boot(["tool", "uninstall", "tool0"]));
        });
        let (link, folder) = (home.bin().join("tool0"), home.data().join("tools/tool0"));
        assert_eq!(fs::symlink_metadata(&link).is_ok(), folder.exists());
        home.boot(["tool", "install", "tool0"]).success();
        home.run(&mut home.command(link))
            .success()
            .stdout_has("tool0");
    }
}
