//! The state that the workers of a prefetch share: answers, running questions, and the queue.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use pep440_rs::Version;
use version_ranges::Ranges;

use super::super::candidates::Candidates;
use crate::package::page::File;
use crate::package::requirement::Name;
use crate::package::{index, metadata};
use crate::store::digest::Sha256;

pub(super) type PageResult = Result<Arc<Candidates>, index::Error>;
pub(super) type MetadataResult = Result<Arc<metadata::Metadata>, metadata::Error>;

#[derive(Default)]
pub(super) struct State {
    pub pages: HashMap<Name, Slot<PageResult>>,
    pub metadata: HashMap<Sha256, Slot<MetadataResult>>,
    pub queue: VecDeque<Job>,
    /// Wheels that wait to be fetched.
    pub wheels: VecDeque<File>,
    /// No wheel is fetched until the gate has agreed.
    pub gate_closed: bool,
    /// The wheel whose commands the gate is asked about.
    pub gate_wheel: Option<Sha256>,
    /// The number of threads that fetch wheels.
    pub fetching: usize,
    /// The number of wheels of a package that were prefetched.
    pub fetched: HashMap<Name, usize>,
    /// Packages that may be needed, as far as nobody has asked for them.
    pub expected: HashSet<Name>,
    pub guesses: HashMap<Name, Guess>,
    pub followed: HashSet<(Sha256, Option<Name>)>,
    /// Wheels that were prefetched.
    pub started: HashSet<Sha256>,
    /// The number of versions of a package that the solver has looked at.
    pub tried: HashMap<Name, usize>,
    /// The number of workers that may still be started, and of those that wait for work.
    pub more_workers: usize,
    pub idle: usize,
    /// The resolution is over.
    pub shut_down: bool,
}

pub(super) enum Slot<T> {
    Waiting,
    Doing,
    Done(T),
}

#[derive(Clone)]
pub(super) enum Job {
    Page(Name),
    Metadata(Name, File),
    Commands(File),
}

/// The requirements for a package, as far as they are known.
pub(super) struct Guess {
    pub range: Ranges<Version>,
    pub extras: BTreeSet<Name>,
}

impl State {
    /// Takes a job, where no worker has yet; it may be in the queue twice.
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
            Job::Metadata(_, file) => doing(self.metadata.get_mut(&file.sha256)),
            Job::Commands(_) => true,
        }
    }
}
