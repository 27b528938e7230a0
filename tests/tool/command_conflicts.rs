//! Conflicts in the bin folder under other names than the tool's, found before a download by
//! reading the wheel's directory on the server.

use std::fs;

use crate::support::{Fault, Home, Index, Mirror, Wheel};

/// Publishes a package with commands of other names, too large to be fetched with its end, and its
/// dependency.
fn stock(index: &Index, version: &str, commands: &[&str]) -> String {
    let mut seed: u32 = 11;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        format!("{seed:08x}")
    };
    let noise: String = (0..60_000).map(|_| noise()).collect();
    let mut wheel = Wheel::new("talkative", version)
        .requires("partner")
        .file("talkative.py", "def main():\n    print('talks')\n");
    wheel = wheel.file("talkative_data.txt", &noise);
    for command in commands {
        wheel = wheel.script(command, "talkative:main");
    }
    index.add_beside(wheel).0
}

fn home() -> (Home, Index) {
    let (mirror, index) = (Mirror::new(), Index::new());
    index.add_beside(Wheel::new("partner", "1.0").file("partner.py", ""));
    let home = Home::ready(&mirror, &index);
    (home, index)
}

/// Returns whether the tool's dependency was fetched since the last call.
fn has_fetched_more(index: &Index) -> bool {
    index.server.requests().iter().any(|request| {
        request.contains("/files/partner")
            && request.contains(".whl")
            && !request.contains(".metadata")
    })
}

#[test]
fn tool_install_foreign_file_is_found_before_download() {
    let (home, index) = home();
    let wheel = stock(&index, "1.0", &["hello", "talk"]);
    home.write(".local/bin/talk", "mine");
    let before = home
        .tree()
        .into_iter()
        .filter(|path| !path.starts_with(".cache"))
        .collect::<Vec<_>>();
    home.boot(["tool", "install", "talkative"])
        .code(1)
        .one_error()
        .stderr_has("/.local/bin/talk")
        .stderr_has("--force");
    let parts = index.server.sent(&wheel);
    assert!(
        (1..=70_000).contains(&parts),
        "{parts} bytes of the wheel: its end, and no more"
    );
    assert!(!has_fetched_more(&index), "nothing else was fetched");
    assert_eq!(
        home.tree()
            .into_iter()
            .filter(|path| !path.starts_with(".cache"))
            .collect::<Vec<_>>(),
        before
    );
    assert_eq!(home.read(".local/bin/talk"), "mine");
    // What isn't taken is no conflict, and costs nothing but that look.
    fs::remove_file(home.bin().join("talk")).unwrap();
    home.write(".local/bin/other", "mine");
    home.boot(["tool", "install", "talkative"]).success();
    home.run(&mut home.command(home.bin().join("talk")))
        .success()
        .stdout_has("talks");
}

#[test]
fn tool_install_other_tools_command_is_found_before_download() {
    let (home, index) = home();
    index.add(Wheel::new("rival", "1.0").command("talk", "rival"));
    home.boot(["tool", "install", "rival"]).success();
    let wheel = stock(&index, "1.0", &["talk"]);
    index.server.requests();
    home.boot(["tool", "install", "talkative"])
        .code(1)
        .one_error()
        .stderr_has("the tool rival");
    assert!(index.server.sent(&wheel) <= 70_000);
    assert!(!has_fetched_more(&index));
    home.boot(["tool", "install", "talkative", "--suffix=-2"])
        .success();
    home.boot(["tool", "install", "talkative", "--force"])
        .success();
    home.run(&mut home.command(home.bin().join("talk")))
        .success()
        .stdout_has("talks");
}

#[test]
fn tool_upgrade_and_inject_find_conflict_before_download() {
    let (home, index) = home();
    index.add(Wheel::new("talkative", "0.1").command("hello", "0.1"));
    home.boot(["tool", "install", "talkative"]).success();
    home.write(".local/bin/talk", "mine");
    let wheel = stock(&index, "1.0", &["hello", "talk"]);
    home.set_page_age();
    home.boot(["tool", "upgrade"])
        .code(1)
        .one_error()
        .stderr_has("/.local/bin/talk");
    assert!((1..=70_000).contains(&index.server.sent(&wheel)));
    home.run(&mut home.command(home.bin().join("hello")))
        .success()
        .stdout_has("0.1");

    index.add(Wheel::new("quiet", "1.0").command("quiet", "quiet"));
    home.boot(["tool", "install", "quiet"]).success();
    index.server.requests();
    home.boot(["tool", "inject", "--expose", "quiet", "talkative"])
        .code(1)
        .one_error()
        .stderr_has("the tool talkative");
    assert!(index.server.sent(&wheel) <= 70_000);
    assert!(!has_fetched_more(&index));
    // Without its commands there is no conflict.
    home.boot(["tool", "inject", "quiet", "talkative"])
        .success();
}

#[test]
fn tool_install_conflict_without_ranges_fetches_one_wheel() {
    let (home, index) = home();
    let wheel = stock(&index, "1.0", &["talk"]);
    index.server.fault(&wheel, Fault::NoRanges(100_000));
    home.write(".local/bin/talk", "mine");
    home.boot(["tool", "install", "talkative"])
        .code(1)
        .one_error()
        .stderr_has("/.local/bin/talk");
    assert!(!has_fetched_more(&index));
    assert!(!home.data().join("tools/talkative").exists());
}
