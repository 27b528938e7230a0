//! Terminal output of an installation: live progress per tool, then results and errors.
#![cfg(target_os = "linux")]

use std::thread;
use std::time::{Duration, Instant};

use boot::testing::Lock;
use boot::testing::Silent;

use crate::support::pty::Pty;
use crate::support::{BOOT, Fault, Home, Index, Mirror, Wheel, screen};

const COLUMNS: usize = 250;

/// Publishes a tool with a large wheel and separate metadata; returns the paths of its page and its
/// wheel.
fn publish(index: &Index, name: &str) -> (String, String) {
    let mut seed: u32 = 3;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        format!("{seed:08x}")
    };
    let weight: String = (0..40_000).map(|_| noise()).collect();
    let wheel = Wheel::new(name, "1.0")
        .command(name, &format!("{name} 1.0"))
        .file(&format!("{name}.txt"), &weight);
    (Index::page(name), index.add_beside(wheel).0)
}

/// Declares the wheel on a page as large: such wheels are fetched only once they are chosen.
fn enlarge(index: &Index, page: &str) {
    let (kind, text) = index.server.content(page);
    let text = String::from_utf8(text).unwrap();
    let size = text.find("\"size\":").unwrap() + "\"size\":".len();
    index.server.put(
        page,
        &kind,
        format!("{}99{}", &text[..size], &text[size..]).into_bytes(),
    );
}

fn home(index: &Index) -> Home {
    let mut home = Home::ready(&Mirror::new(), index);
    home.set("PYTHONDONTWRITEBYTECODE", "1");
    home.set("BOOT_READ_TIMEOUT", "120");
    home.set("B", BOOT);
    home.write(".bashrc", "PS1='> '\n");
    home
}

/// Starts a shell on a terminal that is wide enough for each line of these tests.
fn shell(home: &Home) -> Option<Pty> {
    let mut pty = Pty::start(home, "bash")?;
    pty.ask(&format!("stty columns {COLUMNS} rows 50"));
    Some(pty)
}

fn rows(pty: &Pty) -> Vec<String> {
    screen::lines(&pty.screen(), COLUMNS)
}

/// Waits until a row on the screen has all of `words`.
fn wait_for(pty: &Pty, words: &[&str]) {
    let start = Instant::now();
    while !rows(pty)
        .iter()
        .any(|row| words.iter().all(|word| row.contains(word)))
    {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "{words:?} in no row of {:#?}",
            rows(pty)
        );
        thread::sleep(Duration::from_millis(20));
    }
}

/// Returns the output of a finished line on the screen.
fn left(pty: &Pty, line: &str) -> Vec<String> {
    let rows = rows(pty);
    let start = rows
        .iter()
        .rposition(|row| row.contains(line))
        .unwrap_or_else(|| panic!("{rows:#?}"));
    let end = rows
        .iter()
        .rposition(|row| row.starts_with("code="))
        .unwrap_or_else(|| panic!("{rows:#?}"));
    rows[start + 1..end].to_vec()
}

#[test]
fn tool_install_shows_progress_and_leaves_one_line_per_tool() {
    let index = Index::new();
    let names = ["alpha", "beta"];
    let paths = names.map(|name| publish(&index, name));
    let home = home(&index);
    for (page, wheel) in &paths {
        enlarge(&index, page);
        index.server.fault(page, Fault::Held(10));
        index.server.fault(wheel, Fault::Held(50_000));
    }
    let Some(mut pty) = shell(&home) else { return };
    pty.type_line("$B tool install alpha beta; echo code=$?.");
    names
        .iter()
        .for_each(|name| pty.expect(&format!("{name} resolving")));
    // A line each, which is drawn again from the first one on.
    pty.expect("\u{1b}[1A");
    paths
        .iter()
        .for_each(|(page, _)| index.server.mend_at(page));
    // Of how many bytes how many are here.
    names
        .iter()
        .for_each(|name| wait_for(&pty, &[name, " 48.83 KiB/170."]));
    // Nobody links while somebody else does.
    let lock = Lock::hold(&home.root.join(".local/state/boot/locks"), "bin", &Silent).unwrap();
    paths
        .iter()
        .for_each(|(_, wheel)| index.server.mend_at(wheel));
    names
        .iter()
        .for_each(|name| wait_for(&pty, &[name, "linking"]));
    drop(lock);
    pty.expect("code=0.");
    let mut left = left(&pty, "tool install alpha");
    left.sort();
    let [first, second] = &left[..] else {
        panic!("{left:#?}")
    };
    assert!(
        first.starts_with("installed alpha 1.0") && second.starts_with("installed beta 1.0"),
        "{left:#?}"
    );
}

/// Covers wheels that arrive during the resolution too.
#[test]
fn tool_install_progress_counts_bytes_of_all_packages() {
    for large in [false, true] {
        let index = Index::new();
        let parts = ["part", "other"].map(|name| publish(&index, name));
        index.add_beside(
            Wheel::new("both", "1.0")
                .requires("part")
                .requires("other")
                .command("both", "both 1.0"),
        );
        let home = home(&index);
        for (page, wheel) in &parts {
            if large {
                enlarge(&index, page);
            }
            index.server.fault(wheel, Fault::Held(50_000));
        }
        let Some(mut pty) = shell(&home) else { return };
        pty.type_line("$B tool install both; echo code=$?.");
        // What has come of all, of what all are; the tool's own wheel is small.
        wait_for(
            &pty,
            &[
                "both",
                " 9",
                " KiB/34",
                if large { "fetch" } else { "resolving" },
            ],
        );
        index.server.mend();
        pty.expect("code=0.");
    }
}

#[test]
fn tool_commands_leave_two_lines_at_most() {
    let index = Index::new();
    let mut wheel = Wheel::new("large", "1.0").command("large", "large 1.0");
    for number in 0..30 {
        let name = format!("part{number}");
        wheel = wheel.requires(&name);
        index.add(
            Wheel::new(&name, "1.0")
                .file(&format!("{name}.py"), "")
                .file(&format!("{name}.txt"), &"x".repeat(50_000)),
        );
    }
    index.add(wheel);
    let home = home(&index);
    let Some(mut pty) = shell(&home) else { return };
    for (number, (line, says)) in [
        ("tool install large", "installed large 1.0"),
        ("tool install large", "already installed"),
        ("tool install --force large", "installed large 1.0"),
        ("tool upgrade large", "large 1.0 is the newest"),
        ("tool inject large part1", "injected part1"),
        ("tool uninject large part1", "removed part1"),
        ("tool reinstall large", "reinstalled large"),
        ("tool uninstall large", "uninstalled large"),
    ]
    .into_iter()
    .enumerate()
    {
        pty.type_line(&format!("$B {line}; echo code={number}-$?."));
        pty.expect(&format!("code={number}-0."));
        let left = left(&pty, &format!("{line}; echo code={number}-"));
        assert!(
            left.len() <= 2 && left.iter().any(|row| row.contains(says)),
            "{line}: {left:#?}"
        );
    }
}

#[test]
fn tool_install_shows_each_error_at_the_end() {
    let index = Index::new();
    for name in ["alpha", "beta", "gamma"] {
        publish(&index, name);
    }
    let (_, lost) = publish(&index, "lost");
    index.server.fault(&lost, Fault::Status(403));
    let (_, spoiled) = publish(&index, "spoiled");
    index
        .server
        .put(&spoiled, "application/octet-stream", b"another".to_vec());
    index.add(
        Wheel::new("contrary", "1.0")
            .requires("alpha==9")
            .command("contrary", "x"),
    );
    index.add(Wheel::new("library", "1.0").file("library.py", ""));
    let home = home(&index);
    home.write(".local/bin/gamma", "mine");
    let line = "tool install alpha lost beta no-such-tool spoiled contrary library gamma";
    let wanted: &[(&str, &[&str])] = &[
        ("lost", &["answered 403", "netrc"]),
        (
            "no-such-tool",
            &[
                "the package index has no no-such-tool",
                "is the name right?",
            ],
        ),
        ("spoiled", &["its SHA-256 is", "it should be"]),
        ("contrary", &["alpha", "9"]),
        ("library", &["library 1.0 has no commands", "--expose-from"]),
        ("gamma", &[".local/bin/gamma", "--force"]),
    ];
    let Some(mut pty) = shell(&home) else { return };
    pty.type_line(&format!("$B {line}; echo code=$?."));
    pty.expect("code=4.");
    let shown = left(&pty, line);
    let plain = home.boot(["tool", "uninstall", "--all"]).success();
    assert!(
        plain.stderr.contains("alpha") && plain.stderr.contains("beta"),
        "{plain}"
    );
    let plain = home.boot(line.split(' ')).code(4);
    for rows in [shown, plain.stderr.lines().map(str::to_string).collect()] {
        let whole = rows.join("\n");
        assert_eq!(
            rows.iter().filter(|row| row.starts_with("error: ")).count(),
            wanted.len(),
            "{whole}"
        );
        for (name, words) in wanted {
            let words = words.iter().find(|words| !whole.contains(**words));
            assert!(
                words.is_none() && whole.contains(name),
                "{name}: no {words:?} in\n{whole}"
            );
        }
        assert!(
            whole.contains("installed alpha 1.0") && whole.contains("installed beta 1.0"),
            "{whole}"
        );
        assert!(
            !whole.contains("resolving") && !whole.contains('━'),
            "no progress is left:\n{whole}"
        );
    }
}

#[test]
fn tool_install_several_tools_in_parallel() {
    let index = Index::new();
    let names = ["alpha", "beta", "gamma", "delta"];
    let paths = names.map(|name| publish(&index, name));
    // Who comes one after the other waits in vain.
    index
        .server
        .together(&paths.each_ref().map(|(page, _)| page.as_str()));
    index
        .server
        .together(&paths.each_ref().map(|(_, wheel)| wheel.as_str()));
    let home = home(&index);
    home.boot(["tool", "install"].into_iter().chain(names))
        .success();
    for name in names {
        home.run(&mut home.command(home.bin().join(name)))
            .success()
            .stdout_has(&format!("{name} 1.0"));
    }
    home.no_leftovers();
}
