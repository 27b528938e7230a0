//! What the workers of a lookahead share: what has been found out, what is being found out, and
//! what waits.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use pep440_rs::Version;
use version_ranges::Ranges;

use super::super::candidates::Candidates;
use crate::package::page::File;
use crate::package::requirement::Name;
use crate::package::{index, metadata};
use crate::store::digest::Sha256;

pub(super) type Page = Result<Arc<Candidates>, index::Error>;
pub(super) type About = Result<Arc<metadata::Metadata>, metadata::Error>;

#[derive(Default)]
pub(super) struct State {
    pub pages: HashMap<Name, Slot<Page>>,
    pub about: HashMap<Sha256, Slot<About>>,
    pub queue: VecDeque<Job>,
    /// Wheels that wait to be fetched.
    pub wheels: VecDeque<File>,
    /// Until the gate is open.
    pub held: bool,
    /// The commands of this one are what the gate is asked about.
    pub asked: Option<Sha256>,
    /// How many are being fetched.
    pub fetching: usize,
    /// How many wheels of a package were fetched ahead.
    pub fetched: HashMap<Name, usize>,
    /// Packages that may be needed, as far as nobody has asked for them.
    pub supposed: HashSet<Name>,
    pub guesses: HashMap<Name, Guess>,
    pub followed: HashSet<(Sha256, Option<Name>)>,
    /// Wheels that were fetched ahead.
    pub started: HashSet<Sha256>,
    /// How many versions of a package the solver has looked at.
    pub tried: HashMap<Name, usize>,
    /// Workers that there may still be, and those who wait for work.
    pub more_workers: usize,
    pub idle: usize,
    pub over: bool,
}

pub(super) enum Slot<T> {
    Waiting,
    Doing,
    Done(T),
}

#[derive(Clone)]
pub(super) enum Job {
    Page(Name),
    About(Name, File),
    Commands(File),
}

/// What is known of the wishes for a package.
pub(super) struct Guess {
    pub range: Ranges<Version>,
    pub extras: BTreeSet<Name>,
}

impl State {
    /// Whether nobody has done the job yet; it may be in the queue twice.
    pub(super) fn take(&mut self, job: &Job) -> bool {
        fn doing<T>(slot: Option<&mut Slot<T>>) -> bool {
            match slot {
                Some(slot @ Slot::Waiting) => {
                    *slot = Slot::Doing;
                    true
                }
                _ => false,
            }
        }
        match job {
            Job::Page(name) => doing(self.pages.get_mut(name)),
            Job::About(_, file) => doing(self.about.get_mut(&file.sha256)),
            Job::Commands(_) => true,
        }
    }
}
