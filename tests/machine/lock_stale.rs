//! When a lock is no longer of what it stands beside: a script changed, or it was made without this machine. `apply` says it or mends it,
//! `apply --locked` does nothing.

use super::lock::{LOCK, OTHERS, index, lock_for_three, machine, manifest};
use crate::support::Mirror;
use boot::python::key::Platform;

/// The tables of a lock, without those of this machine.
fn without_this_machine(text: &str) -> String {
    let own = format!("platform.{}", Platform::host().unwrap());
    let parts = text.split("\n[").filter(|table| !table.starts_with(&own));
    parts.collect::<Vec<_>>().join("\n[")
}

#[test]
fn a_script_that_changed_makes_it_stale() {
    let (mirror, index) = (Mirror::new(), index());
    let home = machine(&mirror, &index);
    let scripts = "[[run]]\nid = 'hello'\ncmd = 'scripts/hello.sh'\non = 'change'\n\
                   [[run]]\nid = 'plain'\ncmd = 'echo plain >>\"$HOME/ran\"'\nwatch = ['watched']\n";
    home.write(".config/boot/boot.toml", &format!("{}{scripts}", manifest(&mirror, "black = \"*\"\n")));
    home.write(".config/boot/scripts/hello.sh", "echo first >>\"$HOME/ran\"\n");
    home.write(".config/boot/watched", "first");
    home.boot(["lock"]).success();
    let first = home.read(LOCK);
    let lock: toml::Table = toml::from_str(&first).unwrap();
    let scripts = lock["scripts"].as_table().unwrap();
    assert_eq!(scripts.keys().collect::<Vec<_>>(), ["hello", "plain"]);
    assert!(scripts.values().all(|sha256| sha256.as_str().unwrap().len() == 64), "{first}");
    // The text of one, and what the other watches.
    for (file, id) in [("scripts/hello.sh", "hello"), ("watched", "plain")] {
        home.write(&format!(".config/boot/{file}"), "echo second >>\"$HOME/ran\"\n");
        let says = format!("the script {id} is another by now");
        home.boot(["lock", "--check"]).code(1).one_error().stderr_has(&says);
        home.boot(["apply", "--locked", "--yes"]).code(1).one_error().stderr_has(&says).stderr_has("boot lock");
        assert!(!home.root.join("ran").exists() && !home.bin().join("black").exists(), "nothing was done");
        let before = home.read(LOCK);
        home.boot(["lock"]).success();
        let after = home.read(LOCK);
        let new: Vec<&str> = after.lines().filter(|line| !before.contains(line)).collect();
        assert!(new.len() == 1 && new[0].contains(id), "{new:?}");
    }
    home.boot(["apply", "--locked", "--yes"]).success();
    assert_eq!(home.read("ran"), "second\nplain\n");
}

#[test]
fn one_that_was_made_without_this_machine_gets_it_from_an_apply_and_is_too_little_for_a_locked_one() {
    let (mirror, index) = (Mirror::new(), index());
    let first = machine(&mirror, &index);
    let text = lock_for_three(&first);
    let home = machine(&mirror, &index);
    home.write(LOCK, &without_this_machine(&text));
    let host = Platform::host().unwrap().to_string();
    assert!(OTHERS.iter().all(|other| home.read(LOCK).contains(other)) && !home.read(LOCK).contains(&host));
    let before = home.tree();
    let run = home.boot(["apply", "--locked"]).code(1).one_error();
    run.stderr_has(&format!("it has nothing for {host}")).stderr_has("boot lock");
    assert_eq!(home.tree(), before, "nothing was done");
    home.boot(["apply"]).success();
    assert_eq!(home.read(LOCK), text, "and what it had stays");
    home.boot(["apply", "--locked"]).success().stderr_has("nothing to do");
}
