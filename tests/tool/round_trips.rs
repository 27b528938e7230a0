//! Round trips of an install with an empty cache, and faults of separate metadata files. No test
//! looks at a clock: the server answers a group of requests only when all of them have arrived.

use crate::support::{Fault, Home, Index, Mirror, Wheel};

const CHAIN: [&str; 4] = ["first", "second", "third", "fourth"];

/// Publishes a tool at the head of a chain of four; returns the paths of each wheel and its
/// metadata.
fn chain(index: &Index) -> Vec<(String, String)> {
    let publish = |number: usize| {
        let wheel = Wheel::new(CHAIN[number], "1.0").command(CHAIN[number], CHAIN[number]);
        index.add_beside(match CHAIN.get(number + 1) {
            Some(next) => wheel.requires(next),
            None => wheel,
        })
    };
    (0..CHAIN.len()).map(publish).collect()
}

#[test]
fn tool_install_second_time_needs_two_round_trips() {
    let (mirror, index) = (Mirror::new(), Index::new());
    let files = chain(&index);
    let mut home = Home::ready(&mirror, &index);
    home.set("PYTHONDONTWRITEBYTECODE", "1");
    home.boot(["tool", "install", "first"]).success();
    home.boot(["tool", "uninstall", "first"]).success();
    // All but the memory of what was needed.
    for part in ["wheels", "index/pages", "index/metadata", "archives"] {
        let _ = std::fs::remove_dir_all(home.root.join(".cache/boot").join(part));
    }
    index.server.requests();
    let pages = CHAIN.map(Index::page);
    index.server.together(&pages.each_ref().map(String::as_str));
    index.server.together(
        &files
            .iter()
            .flat_map(|(wheel, metadata)| [wheel.as_str(), metadata])
            .collect::<Vec<_>>(),
    );
    home.boot(["tool", "install", "first"]).success();
    assert_eq!(
        index.server.requests().len(),
        12,
        "nothing is asked for twice"
    );
    home.run(&mut home.command(home.bin().join("first")))
        .success();
}

#[test]
fn tool_install_prefetches_needs_of_well_known_library() {
    let (mirror, index) = (Mirror::new(), Index::new());
    index.add_beside(Wheel::new("mdurl", "1.0").file("mdurl.py", ""));
    index.add_beside(Wheel::new("pygments", "1.0").file("pygments.py", ""));
    index.add_beside(
        Wheel::new("markdown-it-py", "1.0")
            .requires("mdurl")
            .file("markdown_it.py", ""),
    );
    index.add_beside(
        Wheel::new("rich", "1.0")
            .requires("markdown-it-py")
            .requires("pygments")
            .file("rich.py", ""),
    );
    index.add_beside(
        Wheel::new("nobody-knows-me", "1.0")
            .requires("rich")
            .command("nobody-knows-me", "here"),
    );
    let mut home = Home::ready(&mirror, &index);
    home.set("PYTHONDONTWRITEBYTECODE", "1");
    let pages = ["rich", "markdown-it-py", "mdurl", "pygments"].map(Index::page);
    index.server.together(&pages.each_ref().map(String::as_str));
    home.boot(["tool", "install", "nobody-knows-me"]).success();
    assert_eq!(
        index.server.requests().len(),
        15,
        "nothing is asked for twice"
    );
}

#[test]
fn tool_install_fetches_wheel_with_its_metadata() {
    let (mirror, index) = (Mirror::new(), Index::new());
    let files = chain(&index);
    let mut home = Home::ready(&mirror, &index);
    home.set("PYTHONDONTWRITEBYTECODE", "1");
    for (wheel, metadata) in &files {
        index.server.together(&[wheel, metadata]);
    }
    home.boot(["tool", "install", "first"]).success();
    assert_eq!(
        index.server.requests().len(),
        12,
        "nothing is asked for twice"
    );
}

#[test]
fn tool_install_wrong_prefetch_guess_does_no_harm() {
    let (mirror, index) = (Mirror::new(), Index::new());
    let files = chain(&index);
    let mut home = Home::ready(&mirror, &index);
    home.set("PYTHONDONTWRITEBYTECODE", "1");
    home.write(".cache/boot/index/needed/third", "first gone second");
    index.server.fault(&files[0].0, Fault::Status(500));
    index
        .server
        .fault(&Index::page("second"), Fault::Status(500));
    home.boot(["tool", "install", "third"])
        .success()
        .stderr_lacks("second");
    let receipt =
        std::fs::read_to_string(home.data().join("tools/third/boot-receipt.toml")).unwrap();
    assert!(
        receipt.contains("fourth==1.0")
            && !receipt.contains("first")
            && !receipt.contains("second"),
        "{receipt}"
    );
    assert_eq!(
        std::fs::read_to_string(home.root.join(".cache/boot/index/needed/third")).unwrap(),
        "fourth"
    );
}

#[test]
fn tool_install_without_separate_metadata_reads_wheel() {
    for fault in [
        Some(Fault::Status(404)),
        Some(Fault::Status(500)),
        Some(Fault::Failing(2, 500)),
        Some(Fault::Cut(20)),
        Some(Fault::CutOnce(20)),
        Some(Fault::Stall),
        Some(Fault::StallAt(20)),
        None,
    ] {
        let (mirror, index) = (Mirror::new(), Index::new());
        index.add(Wheel::new("helper", "1.0").file("helper.py", ""));
        let (_, beside) = index.add_beside(
            Wheel::new("teller", "1.0")
                .command("teller", "teller 1.0")
                .requires("helper"),
        );
        let mut home = Home::ready(&mirror, &index);
        home.set("PYTHONDONTWRITEBYTECODE", "1");
        home.set("BOOT_READ_TIMEOUT", "1");
        match &fault {
            Some(fault) => index.server.fault(&beside, fault.clone()),
            // Of another hash than the page says.
            None => index.server.put(
                &beside,
                "text/plain",
                b"Metadata-Version: 2.1\nName: teller\nVersion: 1.0\n".to_vec(),
            ),
        }
        home.boot(["tool", "install", "teller"]).success();
        home.run(&mut home.command(home.bin().join("teller")))
            .success()
            .stdout_has("teller 1.0");
        let packages =
            std::fs::read_to_string(home.data().join("tools/teller/boot-receipt.toml")).unwrap();
        assert!(packages.contains("helper==1.0"), "{fault:?}: {packages}");
        if matches!(fault, Some(Fault::Stall | Fault::StallAt(_))) {
            let asked = index
                .server
                .requests()
                .iter()
                .filter(|request| request.ends_with(&beside))
                .count();
            assert_eq!(asked, 1, "what is silent isn't waited for twice");
        }
    }
}

#[test]
fn tool_install_stalled_page_is_requested_once() {
    let (mirror, index) = (Mirror::new(), Index::new());
    index.add(Wheel::new("teller", "1.0").command("teller", "teller 1.0"));
    let mut home = Home::ready(&mirror, &index);
    home.set("BOOT_READ_TIMEOUT", "1");
    index
        .server
        .fault(&Index::page("teller"), Fault::StallAt(20));
    index.server.requests();
    home.boot(["tool", "install", "teller"]).code(1).one_error();
    assert_eq!(
        index.server.requests(),
        [format!("GET {}", Index::page("teller"))]
    );
}

#[test]
fn tool_install_reuses_connections() {
    let (mirror, index) = (Mirror::new(), Index::new());
    // Each is known of when the one before it has been read, and not before.
    let names: Vec<String> = (0..12).map(|number| format!("link{number}")).collect();
    for (number, name) in names.iter().enumerate() {
        let wheel = Wheel::new(name, "1.0").command(name, name);
        index.add_beside(match names.get(number + 1) {
            Some(next) => wheel.requires(next),
            None => wheel,
        });
    }
    let mut home = Home::ready(&mirror, &index);
    home.set("PYTHONDONTWRITEBYTECODE", "1");
    index.server.connections();
    index.server.requests();
    home.boot(["tool", "install", &names[0]]).success();
    let (connections, requests) = (index.server.connections(), index.server.requests().len());
    assert_eq!(requests, 3 * names.len());
    assert!(
        connections <= 6,
        "{connections} connections for {requests} requests, most of which waited for another"
    );
}
