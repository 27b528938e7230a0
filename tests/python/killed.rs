//! `kill -9` at two hundred random moments: whatever boot was doing, what is there is whole, and the next run finishes.
//!
//! The moments come from a seed that is printed; BOOT_TEST_SEED=N plays one again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use crate::support::{BOOT, Home, Mirror};

/// Of each of the four.
const MOMENTS: u32 = 50;

/// Side by side: most of the time is spent waiting for the moment.
#[test]
fn at_two_hundred_random_moments() {
    thread::scope(|scope| {
        for story in [
            an_install_that_is_killed_is_there_whole_or_not_at_all,
            a_reinstall_that_is_killed_leaves_a_python_that_works,
            an_uninstall_that_is_killed_is_finished_by_the_next,
            an_upgrade_that_is_killed_leaves_the_old_or_the_new,
        ] {
            scope.spawn(story);
        }
    });
}

/// SplitMix64: good enough to choose moments, and the same everywhere.
struct Random(u64);

impl Random {
    fn new(what: &str) -> Random {
        let seed = match std::env::var("BOOT_TEST_SEED") {
            Ok(seed) => seed.parse().unwrap(),
            Err(_) => std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().subsec_nanos().into(),
        };
        println!("{what}: BOOT_TEST_SEED={seed}");
        Random(seed)
    }

    fn below(&mut self, limit: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        Duration::from_micros(bits % (limit.as_micros() as u64 + 1))
    }
}

/// Starts `boot python WORDS` and kills it after `delay`; true if it was still at work.
fn kill(home: &Home, words: &[&str], delay: Duration) -> bool {
    let mut child = home.command(BOOT).arg("python").args(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    sleep(delay);
    let at_work = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    at_work
}

/// How long `boot python WORDS` takes when nobody kills it.
fn time(home: &Home, words: &[&str]) -> Duration {
    let start = Instant::now();
    home.boot([&["python"], words].concat()).success();
    start.elapsed()
}

fn works(python: &Path) -> bool {
    Command::new(python).args(["-c", "pass"]).stdin(Stdio::null()).output().is_ok_and(|output| output.status.success())
}

/// The Pythons' folders. Each is whole, and every link leads to one.
fn whole(home: &Home, what: &str) -> Vec<PathBuf> {
    let mut pythons = Vec::new();
    for entry in fs::read_dir(home.data().join("pythons")).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_symlink() {
            // A minor's link may outlive its Python for a moment, but never leads into a half.
            let target = fs::read_link(&path).unwrap();
            assert!(target.to_string_lossy().starts_with("cpython-"), "{what}: {name} -> {}", target.display());
            continue;
        }
        if name.starts_with(".boot-staging-") {
            continue;
        }
        assert!(name.starts_with("cpython-"), "{what}: {name}");
        let record: serde_json::Value =
            serde_json::from_slice(&fs::read(path.join("boot.json")).unwrap_or_else(|_| panic!("{what}: {name}"))).unwrap();
        assert_eq!(record["key"], name.as_str(), "{what}");
        assert!(works(&path.join(record["executable"].as_str().unwrap())), "{what}: {name} doesn't run");
        assert_eq!(fs::metadata(path.join("share/weight")).unwrap().len(), 400_000, "{what}: {name} is a part of itself");
        assert!(
            fs::read_dir(path.join("lib")).unwrap().flatten().any(|lib| lib.path().join("EXTERNALLY-MANAGED").exists()),
            "{what}: unpatched"
        );
        pythons.push(path);
    }
    // What boot itself makes of it is the same.
    let list = home.boot(["python", "list", "--json"]).success().json();
    assert_eq!(list["pythons"].as_array().unwrap().len(), pythons.len(), "{what}: {list}");
    pythons
}

/// At the end nothing is left of any of them. A file in staging counts as dead after two seconds, and a self-test that outlived its boot
/// may have written on while its folder was swept.
fn nothing_left(home: &Home, minor: &str) {
    sleep(Duration::from_millis(2500));
    home.boot(["python", "install", "--reinstall", minor]).success();
    home.no_leftovers();
    whole(home, "at the end");
}

fn an_install_that_is_killed_is_there_whole_or_not_at_all() {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    let (minor, mut random) = (mirror.minor(), Random::new("install"));
    let whole_time = time(&home, &["install", &minor]);
    let mut killed = 0;
    for moment in 0..MOMENTS {
        home.boot(["python", "uninstall", &minor]).success();
        let delay = random.below(whole_time);
        let what = format!("install, moment {moment}, after {delay:?}");
        killed += u32::from(kill(&home, &["install", &minor], delay));
        assert!(whole(&home, &what).len() <= 1, "{what}");
        home.boot(["python", "install", &minor]).success();
        let shim = home.data().join("shims").join(format!("python{minor}"));
        home.run(home.command(&shim).args(["-c", "pass"])).success();
    }
    assert!(killed > MOMENTS / 3, "only {killed} were still at work");
    nothing_left(&home, &minor);
}

fn a_reinstall_that_is_killed_leaves_a_python_that_works() {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    let (minor, mut random) = (mirror.minor(), Random::new("reinstall"));
    home.boot(["python", "install", &minor]).success();
    let whole_time = time(&home, &["install", "--reinstall", &minor]);
    let through_link = home.data().join("pythons").join(&minor).join("bin").join(format!("python{minor}"));
    let mut killed = 0;
    for moment in 0..MOMENTS {
        let delay = random.below(whole_time);
        let what = format!("reinstall, moment {moment}, after {delay:?}");
        killed += u32::from(kill(&home, &["install", "--reinstall", &minor], delay));
        assert_eq!(whole(&home, &what).len(), 1, "{what}");
        assert!(works(&through_link), "{what}");
        // Not each time: what a kill leaves is for the next one too.
        if moment % 5 == 0 {
            home.boot(["python", "install", "--reinstall", &minor]).success();
        }
    }
    assert!(killed > MOMENTS / 3, "only {killed} were still at work");
    nothing_left(&home, &minor);
}

fn an_uninstall_that_is_killed_is_finished_by_the_next() {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    let (minor, mut random) = (mirror.minor(), Random::new("uninstall"));
    home.boot(["python", "install", &minor]).success();
    let whole_time = time(&home, &["uninstall", &minor]);
    let mut killed = 0;
    for moment in 0..MOMENTS {
        home.boot(["python", "install", &minor]).success();
        let delay = random.below(whole_time);
        let what = format!("uninstall, moment {moment}, after {delay:?}");
        killed += u32::from(kill(&home, &["uninstall", &minor], delay));
        assert!(whole(&home, &what).len() <= 1, "{what}");
        home.boot(["python", "uninstall", &minor]).success();
        assert!(fs::symlink_metadata(home.data().join("pythons").join(&minor)).is_err(), "{what}: the minor's link is left");
        home.boot(["python", "find", &minor]).code(127);
    }
    assert!(killed > MOMENTS / 3, "only {killed} were still at work");
    nothing_left(&home, &minor);
}

fn an_upgrade_that_is_killed_leaves_the_old_or_the_new() {
    let mut mirror = Mirror::new();
    let home = Home::with(&mirror);
    let next = mirror.publish_next().to_string();
    home.learn(&mirror);
    let (minor, old, mut random) = (mirror.minor(), mirror.version(), Random::new("upgrade"));
    let old_only = || {
        home.boot(["python", "install", &old]).success();
        home.boot(["python", "uninstall", "--force", &next]).success();
    };
    old_only();
    let venv = home.root.join("venv");
    home.boot(["venv", "--no-pip", "--python", &minor, venv.to_str().unwrap()]).success();
    let whole_time = time(&home, &["upgrade", &minor]);
    let mut killed = 0;
    for moment in 0..MOMENTS {
        old_only();
        let delay = random.below(whole_time);
        let what = format!("upgrade, moment {moment}, after {delay:?}");
        killed += u32::from(kill(&home, &["upgrade", &minor], delay));
        assert!((1..=2).contains(&whole(&home, &what).len()), "{what}");
        assert!(works(&venv.join("bin/python")), "{what}: the environment is broken");
        home.boot(["python", "upgrade", &minor]).success();
        let list = home.boot(["python", "list", "--json"]).success().json();
        assert_eq!((list["pythons"].as_array().unwrap().len(), &list["pythons"][0]["version"]), (1, &next.as_str().into()), "{what}");
        assert!(works(&venv.join("bin/python")), "{what}: the environment is broken");
    }
    assert!(killed > MOMENTS / 3, "only {killed} were still at work");
    nothing_left(&home, &minor);
}
