//! `kill -9` at two hundred random moments of what changes a tool: the tool that was there runs every time, as it was or as it becomes,
//! the next run finishes, and nothing half-made stays.
//!
//! The moments come from a seed that is printed; BOOT_TEST_SEED=N plays one again.

use std::fs;
use std::process::Stdio;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use crate::support::{BOOT, Home, Index, Mirror, Wheel};

/// Of each of the six verbs.
const MOMENTS: u32 = 34;

#[test]
fn at_two_hundred_random_moments() {
    thread::scope(|scope| {
        scope.spawn(an_install_is_there_whole_or_not_at_all);
        scope.spawn(an_upgrade_leaves_the_old_or_the_new);
        scope.spawn(injecting_and_uninjecting_leave_a_tool_that_runs);
        scope.spawn(a_reinstall_leaves_a_tool_that_runs);
        scope.spawn(an_uninstall_is_finished_by_the_next);
    });
}

/// Two modules that have to be of one version: half of one environment and half of another would tell.
fn speaker(version: &str) -> Wheel {
    let main =
        format!("import speaker_part\ndef main():\n    assert speaker_part.VERSION == '{version}'\n    print('speaker', '{version}')\n");
    Wheel::new("speaker", version)
        .file("speaker.py", &main)
        .file("speaker_part.py", &format!("VERSION = '{version}'\n"))
        .file("speaker_data/large.txt", &"what takes a while to write\n".repeat(5_000))
        .script("speaker", "speaker:main")
        .script("speakerd", "speaker:main")
}

struct Story {
    what: &'static str,
    home: Home,
    index: Index,
    random: u64,
    killed: u32,
}

impl Story {
    fn new(what: &'static str) -> Story {
        let seed = match std::env::var("BOOT_TEST_SEED") {
            Ok(seed) => seed.parse().unwrap(),
            Err(_) => u64::from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().subsec_nanos()),
        };
        println!("{what}: BOOT_TEST_SEED={seed}");
        let index = Index::new();
        index.add(speaker("1.0"));
        index.add(Wheel::new("helper", "2.0").file("helper_part.py", "").command("helper", "helped"));
        let mut home = Home::ready(&Mirror::new(), &index);
        // It is compiled by a process that outlives the one that is killed.
        home.set("PYTHONDONTWRITEBYTECODE", "1");
        Story { what, home, index, random: seed, killed: 0 }
    }

    fn tool(&self, words: &[&str]) {
        self.home.boot([&["tool"], words].concat()).success();
    }

    /// How long it takes when nobody kills it. Its first run takes longer than the others do.
    fn time(&self, words: &[&str]) -> Duration {
        let start = Instant::now();
        self.tool(words);
        start.elapsed()
    }

    /// SplitMix64: good enough to choose moments, and the same everywhere.
    fn moment(&mut self, limit: Duration) -> Duration {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.random;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        Duration::from_micros(bits % (limit.as_micros() as u64 + 1))
    }

    /// Starts `boot tool WORDS` and kills it at some moment of `limit`. Gives that, for messages.
    fn kill(&mut self, words: &[&str], limit: Duration) -> String {
        let delay = self.moment(limit);
        let mut command = self.home.command(BOOT);
        let mut child = command.arg("tool").args(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        sleep(delay);
        self.killed += u32::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        format!("{words:?}, killed after {delay:?}")
    }

    /// What a command says; None where it isn't linked. A link that doesn't run is a failure.
    fn says(&self, command: &str, what: &str) -> Option<String> {
        let link = self.home.bin().join(command);
        fs::symlink_metadata(&link).ok()?;
        assert!(link.exists(), "{what}: {command} leads nowhere");
        let run = self.home.run(&mut self.home.command(link));
        assert_eq!(run.code, Some(0), "{what}: {run}");
        Some(run.stdout.trim().into())
    }

    /// The tool that was there says one of these versions, by whichever of its names.
    fn runs(&self, versions: &[&str], what: &str) {
        for command in ["speaker", "speakerd"] {
            let said = self.says(command, what).unwrap_or_else(|| panic!("{what}: {command} is gone"));
            assert!(versions.iter().any(|version| said == format!("speaker {version}")), "{what}: {said}");
        }
    }

    /// What is in staging counts as dead after two seconds.
    fn end(&self) {
        assert!(self.killed > MOMENTS / 3, "{}: only {} were still at work", self.what, self.killed);
        sleep(Duration::from_millis(2500));
        self.tool(&["install", "--force", "speaker"]);
        self.home.no_leftovers();
        let tools: Vec<_> = fs::read_dir(self.home.data().join("tools")).unwrap().flatten().map(|entry| entry.file_name()).collect();
        assert_eq!(tools, ["speaker"], "{}", self.what);
    }
}

fn an_install_is_there_whole_or_not_at_all() {
    let mut story = Story::new("install");
    story.tool(&["install", "speaker"]);
    let limit = story.time(&["install", "--force", "speaker"]);
    for moment in 0..MOMENTS {
        story.tool(&["uninstall", "speaker"]);
        if moment % 2 == 0 {
            // All of it has to be fetched and unpacked again.
            let _ = fs::remove_dir_all(story.home.root.join(".cache/boot"));
        }
        let what = story.kill(&["install", "speaker"], limit);
        for command in ["speaker", "speakerd"] {
            assert!(story.says(command, &what).is_none_or(|said| said == "speaker 1.0"), "{what}");
        }
        story.tool(&["install", "speaker"]);
        story.runs(&["1.0"], &what);
    }
    story.end();
}

fn an_upgrade_leaves_the_old_or_the_new() {
    let mut story = Story::new("upgrade");
    story.tool(&["install", "speaker"]);
    story.index.add(speaker("1.1"));
    story.home.set_page_age();
    let limit = story.time(&["upgrade", "speaker"]);
    let mut old = "1.1".to_string();
    for moment in 0..MOMENTS {
        let new = format!("2.{moment}");
        story.index.add(speaker(&new));
        story.home.set_page_age();
        let what = story.kill(&["upgrade"], limit);
        story.runs(&[&old, &new], &what);
        story.tool(&["upgrade"]);
        story.runs(&[&new], &what);
        old = new;
    }
    story.end();
}

fn injecting_and_uninjecting_leave_a_tool_that_runs() {
    let mut story = Story::new("inject");
    story.tool(&["install", "speaker"]);
    let inject = ["inject", "--expose", "speaker", "helper"];
    story.tool(&inject);
    story.tool(&["uninject", "speaker", "helper"]);
    let limit = story.time(&inject);
    for _ in 0..MOMENTS {
        let what = story.kill(&["uninject", "speaker", "helper"], limit);
        story.runs(&["1.0"], &what);
        // It may have been done by then: 1 says so.
        story.home.boot(["tool", "uninject", "speaker", "helper"]);
        assert_eq!(story.says("helper", &what), None, "{what}");
        let what = story.kill(&inject, limit);
        story.runs(&["1.0"], &what);
        story.tool(&inject);
        assert_eq!(story.says("helper", &what).as_deref(), Some("helped"), "{what}");
    }
    story.end();
}

fn a_reinstall_leaves_a_tool_that_runs() {
    let mut story = Story::new("reinstall");
    story.tool(&["install", "speaker"]);
    let limit = story.time(&["reinstall", "speaker"]);
    for moment in 0..MOMENTS {
        let words: &[&str] = if moment % 2 == 0 { &["reinstall", "--all"] } else { &["install", "--force", "speaker"] };
        let what = story.kill(words, limit);
        story.runs(&["1.0"], &what);
    }
    story.end();
}

fn an_uninstall_is_finished_by_the_next() {
    let mut story = Story::new("uninstall");
    story.tool(&["install", "speaker"]);
    let limit = story.time(&["uninstall", "speaker"]);
    for _ in 0..MOMENTS {
        story.tool(&["install", "speaker"]);
        let what = story.kill(&["uninstall", "speaker"], limit);
        // Each link that is left leads to the tool, whole.
        for command in ["speaker", "speakerd"] {
            story.says(command, &what);
        }
        story.home.boot(["tool", "uninstall", "speaker"]);
        assert!(!story.home.data().join("tools/speaker").exists(), "{what}");
        assert_eq!(fs::read_dir(story.home.bin()).unwrap().count(), 0, "{what}: links are left");
    }
    story.end();
}
