//! `kill -9` at random moments of a command.
//!
//! A moment counts only if it hit a running process. Durations depend on the machine and its load,
//! so nothing is measured in advance: the range of moments grows while they hit, and is halved when
//! the command had ended. The range so stays a little longer than the command takes.
//!
//! The moments come from a printed seed; BOOT_TEST_SEED=N repeats them.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(8);

pub struct Killer {
    what: &'static str,
    random: u64,
    /// The range of each verb, and whether its end was seen.
    ranges: BTreeMap<String, (Duration, bool)>,
    wanted: u32,
    hit: u32,
    tries: u32,
}

impl Killer {
    /// Creates a killer with so many moments; `what` names it in messages.
    pub fn new(what: &'static str, wanted: u32) -> Killer {
        let seed = match std::env::var("BOOT_TEST_SEED") {
            Ok(seed) => seed.parse().unwrap(),
            Err(_) => std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap()
                .subsec_nanos()
                .into(),
        };
        println!("{what}: BOOT_TEST_SEED={seed}");
        Killer {
            what,
            random: seed,
            ranges: BTreeMap::new(),
            wanted,
            hit: 0,
            tries: 0,
        }
    }

    /// Returns whether moments are left.
    pub fn goes_on(&self) -> bool {
        // One miss in seven is usual.
        assert!(
            self.tries < 50 * self.wanted,
            "{}: of {} tries only {} hit a process at work",
            self.what,
            self.tries,
            self.hit
        );
        self.hit < self.wanted
    }

    /// Counts the hits so far.
    pub fn hit(&self) -> u32 {
        self.hit
    }

    /// SplitMix64: good enough to choose moments, and the same everywhere.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.random;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % limit
    }

    /// Starts the command and kills it at a random moment; returns a description for messages.
    /// Commands of one `verb` take equally long.
    pub fn kill(&mut self, verb: &str, command: &mut Command) -> String {
        let (range, ended) = self.ranges.get(verb).copied().unwrap_or((FIRST, false));
        let delay = Duration::from_micros(self.below(range.as_micros() as u64 + 1));
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        sleep(delay);
        child.kill().unwrap();
        let killed = child.wait().unwrap().signal().is_some();
        self.tries += 1;
        self.hit += u32::from(killed);
        // Fast to the first end, gently from there.
        let range = match (killed, ended) {
            (false, _) => range / 2,
            (true, false) => range * 2,
            (true, true) => range * 9 / 8,
        };
        self.ranges.insert(
            verb.into(),
            (range.max(Duration::from_micros(100)), ended || !killed),
        );
        format!(
            "{}: {verb}, after {delay:?}, moment {} ({})",
            self.what,
            self.hit,
            if killed { "killed" } else { "it had ended" }
        )
    }
}
