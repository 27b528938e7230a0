//! A run of init, apply or update: load the manifest, plan, begin, apply. Between plan and apply
//! the verb asks for consent; nothing is kept of what was fetched until then.

use super::Result;
use super::applied::Applied;
use super::apply::{self, OnConflict, Options, Outcome, Strictness};
use super::fresh_lock::FreshLock;
use super::item::{Kind, script};
use super::plan::{self, Plan};
use super::repository::Repository;
use super::repository::extends::{self, Commits, Loaded};
use super::vars::Question;
use crate::Context;
use crate::manifest::Manifest;
use crate::manifest::lock::{Lock, must_be_fresh};

/// A manifest that was loaded for this machine, and what is needed to apply it.
pub(crate) struct Session<'a> {
    ctx: &'a Context,
    repository: Repository,
    remembering: Remembering,
    loaded: Loaded,
    applied: Applied,
    lock: Option<Lock>,
    /// A lock that is written once somebody has agreed: it names what isn't here before.
    fresh: Option<FreshLock>,
    strictness: Strictness,
}

/// Tells whether the repository becomes the one that the other verbs mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remembering {
    /// As init does.
    Repository,
    /// It is the one that they mean already.
    Nothing,
}

/// The consent of somebody who has seen the plan.
#[derive(Clone, Debug)]
pub(crate) struct Consent {
    pub on_conflict: OnConflict,
    /// The answers to the questions of templates.
    pub answers: Vec<(String, String)>,
}

impl<'a> Session<'a> {
    /// Loads the manifest of `repository` with all that it extends, and its lock.
    ///
    /// # Errors
    /// A file of either is wrong, or an extended repository that somebody has changed would be
    /// replaced.
    pub(crate) fn open(
        ctx: &'a Context,
        repository: Repository,
        remembering: Remembering,
        commits: Commits,
    ) -> Result<Session<'a>> {
        let applied = Applied::read(&ctx.paths)?;
        let loaded = extends::load(ctx, &repository, &applied, commits)?;
        loaded.keep_changes(ctx, &applied)?;
        let lock = Lock::read(&loaded.manifest.place)?;
        Ok(Session {
            ctx,
            repository,
            remembering,
            loaded,
            applied,
            lock,
            fresh: None,
            strictness: Strictness::Completing,
        })
    }

    /// The name of the repository, for people.
    pub(crate) fn name(&self) -> String {
        self.repository.name(&self.ctx.paths)
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        &self.loaded.manifest
    }

    pub(crate) fn lock(&self) -> Option<&Lock> {
        self.lock.as_ref()
    }

    /// Follows the lock to the letter from now on.
    ///
    /// # Errors
    /// There is none, or it is of another manifest.
    pub(crate) fn require_lock(&mut self) -> Result<()> {
        let manifest = self.manifest();
        must_be_fresh(manifest, &script::hashes(manifest)?, self.lock())?;
        self.strictness = Strictness::LockedOnly;
        Ok(())
    }

    /// Follows `fresh` instead of the lock that is there, and writes it with consent.
    pub(crate) fn follow(&mut self, fresh: FreshLock) {
        self.lock = Some(fresh.lock.clone());
        self.fresh = Some(fresh);
    }

    /// Compares the manifest with this machine; no kinds means all.
    pub(crate) fn plan(&self, kinds: &[Kind]) -> Result<Plan> {
        let plan = plan::plan(self.ctx, self.manifest(), &self.applied, self.lock())?;
        Ok(plan.restrict_to(kinds))
    }

    /// Tells whether a script would run that nobody has agreed to yet.
    pub(crate) fn has_new_scripts(&self, plan: &Plan) -> bool {
        apply::has_new_scripts(&self.applied, plan)
    }

    /// The questions that the plan's templates ask and that nobody has answered yet.
    pub(crate) fn questions(&self, plan: &Plan) -> Result<Vec<Question>> {
        apply::questions(self.manifest(), plan, &self.applied)
    }

    /// Keeps what was loaded where there is nothing to apply. It may be another folder with the
    /// same content.
    pub(crate) fn keep(mut self) -> Result<()> {
        let is_new = match self.remembering {
            Remembering::Repository => !self.repository.is_remembered(&self.applied),
            Remembering::Nothing => self.loaded.is_new(),
        };
        if is_new {
            let (_lock, mut applied) = apply::begin(self.ctx)?;
            self.settle(&mut applied)?;
        }
        self.write_fresh_lock()
    }

    /// Does the plan, as it was agreed to.
    pub(crate) fn apply(mut self, plan: &Plan, consent: Consent) -> Result<Outcome> {
        let (_lock, mut applied) = apply::begin(self.ctx)?;
        apply::agree(&mut applied, plan);
        applied.answers.extend(consent.answers);
        self.settle(&mut applied)?;
        self.write_fresh_lock()?;
        applied.write(&self.ctx.paths)?;
        let options = Options {
            on_conflict: consent.on_conflict,
            lock: self.lock,
            strictness: self.strictness,
        };
        apply::apply(
            self.ctx,
            &self.loaded.manifest,
            plan,
            &mut applied,
            &options,
        )
    }

    /// Moves what was fetched to its place, and remembers it.
    fn settle(&mut self, applied: &mut Applied) -> Result<()> {
        if self.remembering == Remembering::Repository {
            self.repository.settle(&self.ctx.paths, applied)?;
        }
        self.loaded.settle(self.ctx, applied)
    }

    fn write_fresh_lock(&self) -> Result<()> {
        match &self.fresh {
            Some(fresh) => fresh.write(self.ctx, &self.manifest().place),
            None => Ok(()),
        }
    }
}

/// Loads the manifest of the repository that this machine was set up from.
pub(crate) fn load_remembered(ctx: &Context) -> Result<(Repository, Loaded, Applied)> {
    let applied = Applied::read(&ctx.paths)?;
    let repository = Repository::remembered(&ctx.paths, &applied)?;
    let loaded = extends::load(ctx, &repository, &applied, Commits::Pinned)?;
    Ok((repository, loaded, applied))
}
