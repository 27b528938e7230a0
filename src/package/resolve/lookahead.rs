//! Fetches pages and metadata before they are asked for. The solver decides one thing after the
//! other; what it will want to know next is guessed by following the newest versions, so that its
//! questions are answered when they come.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::Scope;

use pep440_rs::Version;
use pep508_rs::MarkerEnvironment;
use version_ranges::Ranges;

use super::candidates::{Candidates, Filter};
use super::{DirectWheel, Gate, Inputs, Source};
use crate::package::page::File;
use crate::package::requirement::{Name, Requirement};
use crate::parallel;

mod state;

use state::{About, Guess, Job, Page, Slot, State};

/// The guesses of one resolution, and who follows them.
pub(super) struct Lookahead<'a> {
    source: &'a dyn Source,
    pub environment: MarkerEnvironment,
    pub filter: Filter,
    pre: bool,
    preferred: HashMap<Name, Version>,
    /// See [`Inputs::ahead`].
    present: Option<HashMap<Name, Version>>,
    /// See [`Inputs::gate`].
    gate: Option<Gate>,
    state: Mutex<State>,
    /// There is work, or no more will come.
    work: Condvar,
    /// Something was fetched.
    done: Condvar,
}

/// Wheels are fetched while the solver works, by others than fetch pages and metadata, which never
/// wait for them; and of each package not more than these: whose first guess was wrong is guessed
/// wrongly again.
const WHEELS_AT_ONCE: usize = 32;
const WHEELS_OF_EACH: usize = 2;
/// The largest wheel, in bytes, that is fetched for a guess: of what somebody has asked for, and of
/// what is only supposed to be needed.
const LARGEST: u64 = 16 << 20;
const LARGEST_SUPPOSED: u64 = 1 << 20;

impl<'a> Lookahead<'a> {
    pub(super) fn new(
        source: &'a dyn Source,
        environment: MarkerEnvironment,
        filter: Filter,
        inputs: &Inputs,
    ) -> Lookahead<'a> {
        let (work, done) = Default::default();
        let (pre, preferred, present, gate) = (
            inputs.pre,
            inputs.preferred.clone(),
            inputs.ahead.clone(),
            inputs.gate.clone(),
        );
        let state = Mutex::new(State {
            held: gate.is_some(),
            ..State::default()
        });
        Lookahead {
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

    /// Says that `name` will be asked for, and may want `others`: their pages are fetched at once,
    /// side by side.
    pub(super) fn suppose(&self, name: &Name, others: &[Name]) {
        let mut state = self.lock();
        for name in std::iter::once(name).chain(others) {
            if !state.pages.contains_key(name) {
                state.supposed.insert(name.clone());
                self.push(&mut state, Job::Page(name.clone()), false);
            }
        }
    }

    /// Makes known what comes from an address: whatever an index says of that name isn't asked for.
    pub(super) fn put(&self, name: &Name, found: &DirectWheel) {
        // Its wheel is here.
        let agreed = self.is_gate(name) && self.agrees(&found.file);
        let mut state = self.lock();
        state.held &= !agreed;
        let candidates = Candidates::only(found.metadata.version.clone(), found.file.clone());
        state
            .pages
            .insert(name.clone(), Slot::Done(Ok(Arc::new(candidates))));
        state.about.insert(
            found.file.sha256,
            Slot::Done(Ok(Arc::new(found.metadata.clone()))),
        );
    }

    /// Runs `solve` with up to `threads` workers beside it: one waits, and whoever takes the work
    /// for the last one that waits calls another. What the cache answers so needs few, and what the
    /// network answers all.
    pub(super) fn run<T>(&self, threads: usize, solve: impl FnOnce() -> T) -> T {
        /// Sends the workers home, also if the solver panics: nobody would wake them any more.
        struct Over<'l, 'a>(&'l Lookahead<'a>);
        impl Drop for Over<'_, '_> {
            fn drop(&mut self) {
                self.0.lock().over = true;
                self.0.work.notify_all();
            }
        }
        std::thread::scope(|scope| {
            self.lock().more_workers = threads;
            self.call_one(&mut self.lock(), scope);
            let _over = Over(self);
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
    pub(super) fn candidates(&self, name: &Name) -> Page {
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
    pub(super) fn metadata(&self, name: &Name, file: &File) -> About {
        let mut state = self.lock();
        loop {
            match state.about.get(&file.sha256) {
                Some(Slot::Done(Ok(about))) => return Ok(about.clone()),
                Some(Slot::Done(Err(_))) => {
                    if let Some(Slot::Done(failed)) = state.about.remove(&file.sha256) {
                        return failed;
                    }
                }
                Some(Slot::Doing) => {}
                Some(Slot::Waiting) | None => {
                    self.push(&mut state, Job::About(name.clone(), file.clone()), true)
                }
            }
            state = parallel::wait(&self.done, state);
        }
    }

    /// Says that the solver will decide on one of the versions of `range`, and has just looked at
    /// `version`. From the second that it looks at, it is probably going through all of them, and
    /// each answer would take a round trip: the next ones are fetched side by side, more of them
    /// the longer it lasts.
    pub(super) fn walk(
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
            if !file.is_source() && !state.about.contains_key(&file.sha256) {
                self.push(&mut state, Job::About(name.clone(), file.clone()), false);
            }
        }
    }

    /// What has been found out of a package, for explanations.
    pub(super) fn seen(&self, name: &Name) -> Option<Arc<Candidates>> {
        match self.lock().pages.get(name) {
            Some(Slot::Done(Ok(candidates))) => Some(candidates.clone()),
            _ => None,
        }
    }

    /// Says that these will be asked for.
    pub(super) fn hint<'r>(&self, requirements: impl IntoIterator<Item = &'r Requirement>) {
        let mut state = self.lock();
        for requirement in requirements {
            self.guess(&mut state, requirement);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The panic of a worker is passed on by the scope that it runs in.
        parallel::lock(&self.state)
    }

    fn push(&self, state: &mut State, job: Job, first: bool) {
        match &job {
            Job::Page(name) => drop(state.pages.insert(name.clone(), Slot::Waiting)),
            Job::About(_, file) => drop(state.about.insert(file.sha256, Slot::Waiting)),
            Job::Commands(_) => {}
        }
        if first {
            state.queue.push_front(job)
        } else {
            state.queue.push_back(job)
        }
        self.work.notify_one();
    }

    fn guess(&self, state: &mut State, requirement: &Requirement) {
        if requirement.url.is_some() {
            return;
        }
        let name = &requirement.name;
        state.supposed.remove(name);
        if !state.guesses.contains_key(name) {
            // What it needs is asked for with it, not when its metadata has come.
            for other in self.source.needs(name) {
                if !state.pages.contains_key(&other) {
                    state.supposed.insert(other.clone());
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
                self.follow(state, name, &candidates);
            }
            Some(_) => {}
        }
    }

    /// Goes on with the version that will probably be taken.
    fn follow(&self, state: &mut State, name: &Name, candidates: &Candidates) {
        let (range, extras) = match state.guesses.get(name) {
            Some(guess) => (guess.range.clone(), guess.extras.clone()),
            None if state.supposed.contains(name) => (Ranges::full(), BTreeSet::new()),
            None => return,
        };
        let Some(version) = self.choose(candidates, name, &range, None) else {
            return;
        };
        let Some(file) = candidates.file(&version) else {
            return;
        };
        // Building is dear: only where the solver has to know.
        if file.is_source() {
            // Nobody can tell before it is built.
            if self.is_gate(name) {
                self.open(state);
            }
            return;
        }
        self.fetch_ahead(state, name, &version, file);
        match state.about.get(&file.sha256) {
            None => self.push(state, Job::About(name.clone(), file.clone()), false),
            Some(Slot::Done(Ok(about))) => {
                let about = about.clone();
                let extras: Vec<Option<Name>> = std::iter::once(None)
                    .chain(extras.into_iter().map(Some))
                    .collect();
                for extra in extras {
                    if state.followed.insert((file.sha256, extra.clone())) {
                        for wish in about
                            .requires
                            .iter()
                            .filter(|wish| wish.applies(&self.environment, extra.as_ref()))
                        {
                            self.guess(state, wish);
                        }
                    }
                }
            }
            Some(_) => {}
        }
    }

    /// The wheel of a likely candidate comes together with its metadata, where it will be installed
    /// at all.
    fn fetch_ahead(&self, state: &mut State, name: &Name, version: &Version, file: &File) {
        let Some(present) = &self.present else { return };
        if self.is_gate(name) && state.held {
            if present.get(name) == Some(version) {
                self.open(state);
            } else if state.asked.replace(file.sha256) != Some(file.sha256) {
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

    /// Whether the commands of `file` are agreed to. Where parts of it can't be had, the whole of
    /// it is fetched: that is what it takes.
    fn agrees(&self, file: &File) -> bool {
        let names = self.source.commands(file).or_else(|| {
            self.source.ahead(file);
            self.source.commands(file)
        });
        self.gate
            .as_ref()
            .zip(names)
            .is_some_and(|(gate, names)| (gate.agrees)(&names))
    }

    fn open(&self, state: &mut State) {
        state.held = false;
        self.work.notify_all();
    }

    /// Lets a worker begin, if there may be one more.
    fn call_one<'s>(&'s self, state: &mut State, scope: &'s Scope<'s, '_>) {
        if state.more_workers > 0 {
            state.more_workers -= 1;
            state.idle += 1;
            scope.spawn(|| self.serve(scope));
        }
    }

    /// A worker's life.
    fn serve<'s>(&'s self, scope: &'s Scope<'s, '_>) {
        loop {
            let job = {
                let mut state = self.lock();
                let job = loop {
                    if state.over {
                        return;
                    }
                    while !state.held && state.fetching < WHEELS_AT_ONCE {
                        let Some(file) = state.wheels.pop_front() else {
                            break;
                        };
                        state.fetching += 1;
                        scope.spawn(move || self.carry(file));
                    }
                    match state.queue.pop_front() {
                        Some(job) if state.take(&job) => break job,
                        Some(_) => {}
                        None => state = parallel::wait(&self.work, state),
                    }
                };
                state.idle -= 1;
                if state.idle == 0 {
                    self.call_one(&mut state, scope);
                }
                job
            };
            match job {
                Job::Page(name) => {
                    let page = self.source.page(&name);
                    let page = page.map(|files| {
                        Arc::new(Candidates::of(
                            &name,
                            files.as_deref().map(Vec::as_slice),
                            &self.filter,
                        ))
                    });
                    let mut state = self.lock();
                    if let Ok(candidates) = &page {
                        self.follow(&mut state, &name, candidates);
                    }
                    state.pages.insert(name, Slot::Done(page));
                }
                Job::About(name, file) => {
                    let about = self.source.metadata(&file);
                    let mut state = self.lock();
                    state.about.insert(file.sha256, Slot::Done(about));
                    if let Some(Slot::Done(Ok(candidates))) = state.pages.get(&name) {
                        let candidates = candidates.clone();
                        self.follow(&mut state, &name, &candidates);
                    }
                }
                Job::Commands(file) => {
                    if self.agrees(&file) {
                        self.open(&mut self.lock());
                    }
                }
            }
            self.lock().idle += 1;
            self.done.notify_all();
        }
    }

    /// The life of one who fetches wheels: begins when there is one to fetch, so that an install
    /// from the cache starts nobody.
    fn carry(&self, first: File) {
        let mut next = Some(first);
        while let Some(file) = next {
            self.source.ahead(&file);
            let mut state = self.lock();
            next = if state.over {
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
