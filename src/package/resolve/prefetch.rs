//! Prefetching of pages and metadata. The solver decides one thing after the other; what it will
//! want to know next is guessed by following the newest versions, so that its questions are
//! answered when they come.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::Scope;

use pep440_rs::Version;
use pep508_rs::MarkerEnvironment;
use version_ranges::Ranges;

use super::candidates::{Candidates, Filter};
use super::{DirectWheel, Gate, Inputs, PackageSource};
use crate::package::page::File;
use crate::package::requirement::{Name, Requirement};
use crate::parallel;

mod state;

use state::{Guess, Job, MetadataResult, PageResult, Slot, State};

/// The guesses of one resolution, and the workers that follow them.
pub(super) struct Prefetch<'a> {
    source: &'a dyn PackageSource,
    pub environment: MarkerEnvironment,
    pub filter: Filter,
    pre: bool,
    preferred: HashMap<Name, Version>,
    /// See [`Inputs::prefetch`].
    present: Option<HashMap<Name, Version>>,
    /// See [`Inputs::gate`].
    gate: Option<Gate>,
    state: Mutex<State>,
    /// There is work, or no more will come.
    work: Condvar,
    /// Something was fetched.
    done: Condvar,
}

/// Wheels fetched at a time while the solver works, by threads of their own: pages and metadata
/// never wait for them.
const WHEELS_AT_ONCE: usize = 32;
/// Wheels of one package: where the first guess was wrong the next ones are, too.
const WHEELS_OF_EACH: usize = 2;
/// The largest wheel, in bytes, that is fetched for a guess: of what somebody has asked for, and of
/// what is only supposed to be needed.
const LARGEST: u64 = 16 << 20;
const LARGEST_SUPPOSED: u64 = 1 << 20;

impl<'a> Prefetch<'a> {
    pub(super) fn new(
        source: &'a dyn PackageSource,
        environment: MarkerEnvironment,
        filter: Filter,
        inputs: &Inputs,
    ) -> Prefetch<'a> {
        let (work, done) = Default::default();
        let (pre, preferred, present, gate) = (
            inputs.pre,
            inputs.preferred.clone(),
            inputs.prefetch.clone(),
            inputs.gate.clone(),
        );
        let state = Mutex::new(State {
            gate_closed: gate.is_some(),
            ..State::default()
        });
        Prefetch {
            source,
            environment,
            filter,
            pre,
            preferred,
            present,
            gate,
            state,
            work,
            done,
        }
    }

    /// Prefetches the pages of `name` and of `others`, which it may need, side by side.
    pub(super) fn prefetch_pages(&self, name: &Name, others: &[Name]) {
        let mut state = self.lock();
        for name in std::iter::once(name).chain(others) {
            if !state.pages.contains_key(name) {
                state.expected.insert(name.clone());
                self.push(&mut state, Job::Page(name.clone()), false);
            }
        }
    }

    /// Adds a package that comes from an address: the indexes aren't asked for it.
    pub(super) fn add_direct(&self, name: &Name, found: &DirectWheel) {
        // Its wheel is here.
        let agreed = self.is_gate(name) && self.gate_agrees(&found.file);
        let mut state = self.lock();
        state.gate_closed &= !agreed;
        let candidates = Candidates::only(found.metadata.version.clone(), found.file.clone());
        state
            .pages
            .insert(name.clone(), Slot::Done(Ok(Arc::new(candidates))));
        state.metadata.insert(
            found.file.sha256,
            Slot::Done(Ok(Arc::new(found.metadata.clone()))),
        );
    }

    /// Runs `solve` with up to `threads` workers beside it. One waits, and a worker that takes a
    /// job while no other waits starts another: answers of the cache need few, those of the network
    /// all.
    pub(super) fn run<T>(&self, threads: usize, solve: impl FnOnce() -> T) -> T {
        /// Ends the workers, also if the solver panics: nobody else would wake them.
        struct ShutDown<'l, 'a>(&'l Prefetch<'a>);
        impl Drop for ShutDown<'_, '_> {
            fn drop(&mut self) {
                self.0.lock().shut_down = true;
                self.0.work.notify_all();
            }
        }
        std::thread::scope(|scope| {
            self.lock().more_workers = threads;
            self.start_worker(&mut self.lock(), scope);
            let _shut_down = ShutDown(self);
            solve()
        })
    }

    /// The version to take of those in `range`.
    pub(super) fn choose(
        &self,
        candidates: &Candidates,
        name: &Name,
        range: &Ranges<Version>,
        before: Option<&Version>,
    ) -> Option<Version> {
        candidates
            .choose(range, before.or(self.preferred.get(name)), self.pre)
            .cloned()
    }

    /// The versions of a package, waiting for them.
    pub(super) fn candidates(&self, name: &Name) -> PageResult {
        let mut state = self.lock();
        loop {
            match state.pages.get(name) {
                Some(Slot::Done(Ok(candidates))) => return Ok(candidates.clone()),
                Some(Slot::Done(Err(_))) => {
                    if let Some(Slot::Done(failed)) = state.pages.remove(name) {
                        return failed;
                    }
                }
                Some(Slot::Doing) => {}
                Some(Slot::Waiting) | None => self.push(&mut state, Job::Page(name.clone()), true),
            }
            state = parallel::wait(&self.done, state);
        }
    }

    /// The metadata of a wheel, waiting for it.
    pub(super) fn metadata(&self, name: &Name, file: &File) -> MetadataResult {
        let mut state = self.lock();
        loop {
            match state.metadata.get(&file.sha256) {
                Some(Slot::Done(Ok(metadata))) => return Ok(metadata.clone()),
                Some(Slot::Done(Err(_))) => {
                    if let Some(Slot::Done(failed)) = state.metadata.remove(&file.sha256) {
                        return failed;
                    }
                }
                Some(Slot::Doing) => {}
                Some(Slot::Waiting) | None => {
                    self.push(&mut state, Job::Metadata(name.clone(), file.clone()), true)
                }
            }
            state = parallel::wait(&self.done, state);
        }
    }

    /// Prefetches the versions of `range` before `version`, which the solver has just looked at.
    /// From the second that it looks at, it is probably going through all of them, and each answer
    /// would take a round trip: the next ones are fetched side by side, more of them the longer it
    /// lasts.
    pub(super) fn prefetch_older(
        &self,
        candidates: &Candidates,
        name: &Name,
        range: &Ranges<Version>,
        version: &Version,
    ) {
        let mut state = self.lock();
        let tried = state.tried.entry(name.clone()).or_default();
        *tried += 1;
        let ahead = match *tried {
            1 => return,
            2..4 => 8,
            _ => 32,
        };
        let next: Vec<&File> = candidates
            .in_order(range, self.pre)
            .filter(|next| *next < version)
            .take(ahead)
            .filter_map(|next| candidates.file(next))
            .collect();
        for file in next {
            if !file.is_source() && !state.metadata.contains_key(&file.sha256) {
                self.push(&mut state, Job::Metadata(name.clone(), file.clone()), false);
            }
        }
    }

    /// The versions of a package, where they are known; for explanations.
    pub(super) fn find_candidates(&self, name: &Name) -> Option<Arc<Candidates>> {
        match self.lock().pages.get(name) {
            Some(Slot::Done(Ok(candidates))) => Some(candidates.clone()),
            _ => None,
        }
    }

    /// Prefetches what will be asked for.
    pub(super) fn prefetch_requirements<'r>(
        &self,
        requirements: impl IntoIterator<Item = &'r Requirement>,
    ) {
        let mut state = self.lock();
        for requirement in requirements {
            self.guess_requirement(&mut state, requirement);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The panic of a worker is passed on by the scope that it runs in.
        parallel::lock(&self.state)
    }

    fn push(&self, state: &mut State, job: Job, first: bool) {
        match &job {
            Job::Page(name) => drop(state.pages.insert(name.clone(), Slot::Waiting)),
            Job::Metadata(_, file) => drop(state.metadata.insert(file.sha256, Slot::Waiting)),
            Job::Commands(_) => {}
        }
        if first {
            state.queue.push_front(job)
        } else {
            state.queue.push_back(job)
        }
        self.work.notify_one();
    }

    fn guess_requirement(&self, state: &mut State, requirement: &Requirement) {
        if requirement.url.is_some() {
            return;
        }
        let name = &requirement.name;
        state.expected.remove(name);
        if !state.guesses.contains_key(name) {
            // What it needs is asked for with it, not when its metadata has come.
            for other in self.source.needs(name) {
                if !state.pages.contains_key(&other) {
                    state.expected.insert(other.clone());
                    self.push(state, Job::Page(other), false);
                }
            }
        }
        let guess = state.guesses.entry(name.clone()).or_insert_with(|| Guess {
            range: Ranges::full(),
            extras: BTreeSet::new(),
        });
        let both = guess.range.intersection(&requirement.versions);
        if !both.is_empty() {
            guess.range = both;
        }
        guess.extras.extend(requirement.extras.iter().cloned());
        match state.pages.get(name) {
            None => self.push(state, Job::Page(name.clone()), false),
            Some(Slot::Done(Ok(candidates))) => {
                let candidates = candidates.clone();
                self.follow_candidate(state, name, &candidates);
            }
            Some(_) => {}
        }
    }

    /// Prefetches the metadata and the needs of the version that will probably be taken.
    fn follow_candidate(&self, state: &mut State, name: &Name, candidates: &Candidates) {
        let (range, extras) = match state.guesses.get(name) {
            Some(guess) => (guess.range.clone(), guess.extras.clone()),
            None if state.expected.contains(name) => (Ranges::full(), BTreeSet::new()),
            None => return,
        };
        let Some(version) = self.choose(candidates, name, &range, None) else {
            return;
        };
        let Some(file) = candidates.file(&version) else {
            return;
        };
        // Building is expensive: only where the solver has to know.
        if file.is_source() {
            // Nobody can tell before it is built.
            if self.is_gate(name) {
                self.open_gate(state);
            }
            return;
        }
        self.prefetch_wheel(state, name, &version, file);
        match state.metadata.get(&file.sha256) {
            None => self.push(state, Job::Metadata(name.clone(), file.clone()), false),
            Some(Slot::Done(Ok(metadata))) => {
                let metadata = metadata.clone();
                let extras: Vec<Option<Name>> = std::iter::once(None)
                    .chain(extras.into_iter().map(Some))
                    .collect();
                for extra in extras {
                    if state.followed.insert((file.sha256, extra.clone())) {
                        for wish in metadata
                            .requires
                            .iter()
                            .filter(|wish| wish.applies(&self.environment, extra.as_ref()))
                        {
                            self.guess_requirement(state, wish);
                        }
                    }
                }
            }
            Some(_) => {}
        }
    }

    /// The wheel of a likely candidate comes together with its metadata, where it will be installed
    /// at all.
    fn prefetch_wheel(&self, state: &mut State, name: &Name, version: &Version, file: &File) {
        let Some(present) = &self.present else { return };
        if self.is_gate(name) && state.gate_closed {
            if present.get(name) == Some(version) {
                self.open_gate(state);
            } else if state.gate_wheel.replace(file.sha256) != Some(file.sha256) {
                self.push(state, Job::Commands(file.clone()), true);
            }
        }
        let largest = if state.guesses.contains_key(name) {
            LARGEST
        } else {
            LARGEST_SUPPOSED
        };
        if present.get(name) == Some(version)
            || file.size.is_some_and(|size| size > largest)
            || state.started.contains(&file.sha256)
        {
            return;
        }
        let fetched = state.fetched.entry(name.clone()).or_default();
        if *fetched < WHEELS_OF_EACH {
            *fetched += 1;
            state.started.insert(file.sha256);
            if !self.source.is_here(file) {
                state.wheels.push_back(file.clone());
                self.work.notify_one();
            }
        }
    }

    fn is_gate(&self, name: &Name) -> bool {
        self.gate.as_ref().is_some_and(|gate| gate.name == *name)
    }

    /// Tells whether the gate agrees to the commands of `file`. Where the server sends no parts of
    /// it, the whole file is fetched.
    fn gate_agrees(&self, file: &File) -> bool {
        let names = self.source.commands(file).or_else(|| {
            self.source.prefetch(file);
            self.source.commands(file)
        });
        self.gate
            .as_ref()
            .zip(names)
            .is_some_and(|(gate, names)| (gate.agrees)(&names))
    }

    fn open_gate(&self, state: &mut State) {
        state.gate_closed = false;
        self.work.notify_all();
    }

    /// Starts a worker, if there may be one more.
    fn start_worker<'s>(&'s self, state: &mut State, scope: &'s Scope<'s, '_>) {
        if state.more_workers > 0 {
            state.more_workers -= 1;
            state.idle += 1;
            scope.spawn(|| self.run_worker(scope));
        }
    }

    /// Works until the resolution is over.
    fn run_worker<'s>(&'s self, scope: &'s Scope<'s, '_>) {
        while let Some(job) = self.next_job(scope) {
            self.run_job(job);
            self.lock().idle += 1;
            self.done.notify_all();
        }
    }

    /// Waits for a job, and lets wheels be downloaded meanwhile. None once the resolution is over.
    fn next_job<'s>(&'s self, scope: &'s Scope<'s, '_>) -> Option<Job> {
        let mut state = self.lock();
        let job = loop {
            if state.shut_down {
                return None;
            }
            while !state.gate_closed && state.fetching < WHEELS_AT_ONCE {
                let Some(file) = state.wheels.pop_front() else {
                    break;
                };
                state.fetching += 1;
                scope.spawn(move || self.download_wheels(file));
            }
            match state.queue.pop_front() {
                Some(job) if state.take(&job) => break job,
                Some(_) => {}
                None => state = parallel::wait(&self.work, state),
            }
        };
        state.idle -= 1;
        if state.idle == 0 {
            self.start_worker(&mut state, scope);
        }
        Some(job)
    }

    fn run_job(&self, job: Job) {
        match job {
            Job::Page(name) => {
                let page = self.source.page(&name).map(|files| {
                    let files = files.as_deref().map(Vec::as_slice);
                    Arc::new(Candidates::of(&name, files, &self.filter))
                });
                let mut state = self.lock();
                if let Ok(candidates) = &page {
                    self.follow_candidate(&mut state, &name, candidates);
                }
                state.pages.insert(name, Slot::Done(page));
            }
            Job::Metadata(name, file) => {
                let metadata = self.source.metadata(&file);
                let mut state = self.lock();
                state.metadata.insert(file.sha256, Slot::Done(metadata));
                if let Some(Slot::Done(Ok(candidates))) = state.pages.get(&name) {
                    let candidates = candidates.clone();
                    self.follow_candidate(&mut state, &name, &candidates);
                }
            }
            Job::Commands(file) => {
                if self.gate_agrees(&file) {
                    self.open_gate(&mut self.lock());
                }
            }
        }
    }

    /// Downloads wheels until none waits. Started on demand: an install from the cache starts no
    /// such thread.
    fn download_wheels(&self, first: File) {
        let mut next = Some(first);
        while let Some(file) = next {
            self.source.prefetch(&file);
            let mut state = self.lock();
            next = if state.shut_down {
                None
            } else {
                state.wheels.pop_front()
            };
            if next.is_none() {
                state.fetching -= 1;
            }
        }
    }
}
