//! `kill -9` at two hundred random moments of commands that change a tool: the existing tool runs,
//! old or new, the next run finishes, and nothing partial stays.

use std::fs;
use std::thread;

use crate::support::killer::Killer;
use crate::support::{BOOT, Home, Index, Mirror, Wheel};

/// Moments of each of the six commands.
const MOMENTS: u32 = 34;

#[test]
fn tool_commands_killed_at_random_moments_recover() {
    thread::scope(|scope| {
        scope.spawn(an_install_is_there_whole_or_not_at_all);
        scope.spawn(an_upgrade_leaves_the_old_or_the_new);
        scope.spawn(injecting_and_uninjecting_leave_a_tool_that_runs);
        scope.spawn(a_reinstall_leaves_a_tool_that_runs);
        scope.spawn(an_uninstall_is_finished_by_the_next);
    });
}

/// Builds a tool of two modules that must have the same version, so that a mixed environment fails.
fn speaker(version: &str) -> Wheel {
    let main = format!(
        "import speaker_part\ndef main():\n    assert speaker_part.VERSION == '{version}'\n    \
         print('speaker', '{version}')\n"
    );
    Wheel::new("speaker", version)
        .file("speaker.py", &main)
        .file("speaker_part.py", &format!("VERSION = '{version}'\n"))
        .file(
            "speaker_data/large.txt",
            &"what takes a while to write\n".repeat(5_000),
        )
        .script("speaker", "speaker:main")
        .script("speakerd", "speaker:main")
        .script(&format!("only-{version}"), "speaker:main")
}

struct Story {
    what: &'static str,
    home: Home,
    index: Index,
    killer: Killer,
}

impl Story {
    fn new(what: &'static str, moments: u32) -> Story {
        let index = Index::new();
        index.add(speaker("1.0"));
        index.add(
            Wheel::new("helper", "2.0")
                .file("helper_part.py", "")
                .command("helper", "helped"),
        );
        let mut home = Home::ready(&Mirror::new(), &index);
        // It is compiled by a process that outlives the one that is killed.
        home.set("PYTHONDONTWRITEBYTECODE", "1");
        Story {
            what,
            home,
            index,
            killer: Killer::new(what, moments),
        }
    }

    fn tool(&self, words: &[&str]) {
        self.home.boot([&["tool"], words].concat()).success();
    }

    /// Kills `boot tool WORDS` at a random moment; returns a description for messages.
    fn kill(&mut self, words: &[&str]) -> String {
        self.kill_as(words[0], words)
    }

    /// Like [`Story::kill`], for commands of one verb that take different times.
    fn kill_as(&mut self, verb: &str, words: &[&str]) -> String {
        self.killer
            .kill(verb, self.home.command(BOOT).arg("tool").args(words))
    }

    /// Returns the output of a command; None if it is not linked. A link that does not run is a
    /// failure.
    fn says(&self, command: &str, what: &str) -> Option<String> {
        let link = self.home.bin().join(command);
        fs::symlink_metadata(&link).ok()?;
        assert!(link.exists(), "{what}: {command} leads nowhere");
        let run = self.home.run(&mut self.home.command(link));
        assert_eq!(run.code, Some(0), "{what}: {run}");
        Some(run.stdout.trim().into())
    }

    /// Checks that the tool prints one of these versions under each of its names.
    fn runs(&self, versions: &[&str], what: &str) {
        for command in ["speaker", "speakerd"] {
            let said = self
                .says(command, what)
                .unwrap_or_else(|| panic!("{what}: {command} is gone"));
            assert!(
                versions
                    .iter()
                    .any(|version| said == format!("speaker {version}")),
                "{what}: {said}"
            );
        }
    }

    /// Checks that the next change removes the remains of killed runs.
    fn end(&self) {
        self.home.age_leftovers();
        self.tool(&["install", "--force", "speaker"]);
        self.home.no_leftovers();
        let tools: Vec<_> = fs::read_dir(self.home.data().join("tools"))
            .unwrap()
            .flatten()
            .map(|entry| entry.file_name())
            .collect();
        assert_eq!(tools, ["speaker"], "{}", self.what);
    }
}

fn an_install_is_there_whole_or_not_at_all() {
    let mut story = Story::new("install", MOMENTS);
    story.tool(&["install", "speaker"]);
    while story.killer.goes_on() {
        story.tool(&["uninstall", "speaker"]);
        let cold = story.killer.hit().is_multiple_of(2);
        if cold {
            // All of it has to be fetched and unpacked again.
            let _ = fs::remove_dir_all(story.home.root.join(".cache/boot"));
        }
        let what = story.kill_as(
            if cold { "cold install" } else { "install" },
            &["install", "speaker"],
        );
        for command in ["speaker", "speakerd"] {
            assert!(
                story
                    .says(command, &what)
                    .is_none_or(|said| said == "speaker 1.0"),
                "{what}"
            );
        }
        story.tool(&["install", "speaker"]);
        story.runs(&["1.0"], &what);
    }
    story.end();
}

fn an_upgrade_leaves_the_old_or_the_new() {
    let mut story = Story::new("upgrade", MOMENTS);
    story.tool(&["install", "speaker"]);
    story.index.add(speaker("1.1"));
    story.home.set_page_age();
    story.tool(&["upgrade"]);
    let mut old = "1.1".to_string();
    let mut patch = 0;
    while story.killer.goes_on() {
        let new = format!("2.{patch}");
        patch += 1;
        story.index.add(speaker(&new));
        story.home.set_page_age();
        let what = story.kill(&["upgrade"]);
        story.runs(&[&old, &new], &what);
        // Of a command that has another name in each version one works: a new link may lead nowhere
        // yet, as long as the old one does.
        let works = |version: &&String| {
            let link = story.home.bin().join(format!("only-{version}"));
            link.exists()
                && story.home.run(&mut story.home.command(link)).stdout.trim()
                    == format!("speaker {version}")
        };
        assert!(
            [&old, &new].iter().any(works),
            "{what}: neither only-{old} nor only-{new} works"
        );
        story.tool(&["upgrade"]);
        assert!([&old, &new].into_iter().filter(works).eq([&new]), "{what}");
        assert!(
            fs::symlink_metadata(story.home.bin().join(format!("only-{old}"))).is_err(),
            "{what}"
        );
        story.runs(&[&new], &what);
        old = new;
    }
    story.end();
}

fn injecting_and_uninjecting_leave_a_tool_that_runs() {
    let mut story = Story::new("inject", 2 * MOMENTS);
    story.tool(&["install", "speaker"]);
    let inject = ["inject", "--expose", "speaker", "helper"];
    story.tool(&inject);
    story.tool(&["uninject", "speaker", "helper"]);
    while story.killer.goes_on() {
        let what = story.kill(&["uninject", "speaker", "helper"]);
        story.runs(&["1.0"], &what);
        // It may have been done by then: 1 says so.
        story.home.boot(["tool", "uninject", "speaker", "helper"]);
        assert_eq!(story.says("helper", &what), None, "{what}");
        let what = story.kill(&inject);
        story.runs(&["1.0"], &what);
        story.tool(&inject);
        assert_eq!(
            story.says("helper", &what).as_deref(),
            Some("helped"),
            "{what}"
        );
    }
    story.end();
}

fn a_reinstall_leaves_a_tool_that_runs() {
    let mut story = Story::new("reinstall", MOMENTS);
    story.tool(&["install", "speaker"]);
    while story.killer.goes_on() {
        let words: &[&str] = if story.killer.hit().is_multiple_of(2) {
            &["reinstall", "--all"]
        } else {
            &["install", "--force", "speaker"]
        };
        let what = story.kill(words);
        story.runs(&["1.0"], &what);
    }
    story.end();
}

fn an_uninstall_is_finished_by_the_next() {
    let mut story = Story::new("uninstall", MOMENTS);
    story.tool(&["install", "speaker"]);
    while story.killer.goes_on() {
        story.tool(&["install", "speaker"]);
        let what = story.kill(&["uninstall", "speaker"]);
        // Each link that is left leads to the tool, whole.
        for command in ["speaker", "speakerd"] {
            story.says(command, &what);
        }
        story.home.boot(["tool", "uninstall", "speaker"]);
        assert!(!story.home.data().join("tools/speaker").exists(), "{what}");
        assert_eq!(
            fs::read_dir(story.home.bin()).unwrap().count(),
            0,
            "{what}: links are left"
        );
    }
    story.end();
}
