//! The lock of one run: followed from the beginning, completed where it lacks something, written at
//! the end.

use std::sync::{Mutex, OnceLock};

use super::apply::{Options, Strictness};
use super::item::script;
use super::resolve_lock::{self, Failed, Preference};
use super::{Error, Result};
use crate::Context;
use crate::manifest::lock::{Lock, Locked};
use crate::manifest::{Manifest, Tool};
use crate::parallel::lock as hold;
use crate::python::key::Platform;
use crate::report::{escaped, first_line};

/// The lock that a run follows and completes.
pub(crate) struct LockInUse<'a> {
    ctx: &'a Context,
    manifest: &'a Manifest,
    options: &'a Options,
    /// Complete, as far as could be told without a Python.
    completed: OnceLock<Lock>,
    /// The same, once there was a Python to ask builds with.
    retried: OnceLock<Lock>,
    /// Why it couldn't be completed at all.
    error: Mutex<Option<Error>>,
    /// Parts that couldn't be resolved.
    failed: Mutex<Vec<Failed>>,
    /// Tools that were resolved for this machine only.
    unlocked: Mutex<Vec<String>>,
}

impl<'a> LockInUse<'a> {
    pub(super) fn new(
        ctx: &'a Context,
        manifest: &'a Manifest,
        options: &'a Options,
    ) -> LockInUse<'a> {
        LockInUse {
            ctx,
            manifest,
            options,
            completed: OnceLock::new(),
            retried: OnceLock::new(),
            error: Mutex::default(),
            failed: Mutex::default(),
            unlocked: Mutex::default(),
        }
    }

    /// The part of this machine in the lock as it was found.
    pub(crate) fn original(&self) -> Option<&Locked> {
        self.options.lock.as_ref()?.for_this_machine()
    }

    /// The part of this machine, completed as far as that is known.
    pub(crate) fn current(&self) -> Option<&Locked> {
        self.current_lock()?.for_this_machine()
    }

    fn current_lock(&self) -> Option<&Lock> {
        self.retried.get().or(self.completed.get())
    }

    /// Tells whether nothing but what the lock says will do.
    pub(crate) fn is_strict(&self) -> bool {
        self.options.strictness == Strictness::LockedOnly
    }

    /// Tells whether there is no lock although there is something to lock.
    pub(super) fn is_missing(&self) -> bool {
        let manifest = self.manifest;
        self.options.lock.is_none()
            && !(manifest.tools.is_empty() && manifest.python_requests(|_| true).is_empty())
    }

    /// Resolves what the lock lacks. Does nothing where this machine has no platform of a lock.
    pub(super) fn complete(&self) {
        let Some(platform) = Platform::host() else {
            return;
        };
        let made = self.complete_for(platform);
        match made {
            Ok(lock) => drop(self.completed.set(lock)),
            Err(error) => *hold(&self.error) = Some(error),
        }
    }

    fn complete_for(&self, platform: Platform) -> Result<Lock> {
        if let Some(lock) = &self.options.lock {
            let is_complete = || -> Result<bool> {
                let scripts = script::hashes(self.manifest)?;
                let staleness = lock.staleness(self.manifest, &scripts, &[platform]);
                Ok(staleness.is_none())
            };
            if self.is_strict() || is_complete()? {
                return Ok(lock.clone());
            }
        }
        self.resolve(self.options.lock.as_ref(), &[platform])
    }

    fn resolve(&self, old: Option<&Lock>, platforms: &[Platform]) -> Result<Lock> {
        // A first lock takes what this machine has before what is newer.
        let preference = match self.options.lock {
            None => Preference::ThisMachine,
            Some(_) => Preference::OldLock,
        };
        let made = resolve_lock::resolve(self.ctx, self.manifest, old, platforms, preference)?;
        *hold(&self.failed) = made.failed;
        Ok(made.lock)
    }

    /// Resolves again what only a build could tell, now that there is a Python to build with.
    ///
    /// # Errors
    /// The lock couldn't be completed at all.
    pub(super) fn retry(&self) -> Result<()> {
        if let Some(error) = hold(&self.error).take() {
            return Err(error);
        }
        let needs_build = || {
            let failed = hold(&self.failed);
            failed.iter().any(|f| matches!(f.error, Error::NoWheels(_)))
        };
        if let Some(lock) = self.completed.get()
            && !self.is_strict()
            && needs_build()
            && let Ok(retried) = self.resolve(Some(lock), &[])
        {
            let _ = self.retried.set(retried);
        }
        Ok(())
    }

    /// The reason why the tool couldn't be resolved here, once.
    pub(crate) fn take_failure_of(&self, tool: &Tool) -> Option<Error> {
        let mut failed = hold(&self.failed);
        let at = failed.iter().position(|failed| failed.is_of(tool))?;
        Some(failed.remove(at).error)
    }

    /// Notes that the tool `name` was resolved for this machine only.
    pub(crate) fn note_unlocked(&self, name: &str) {
        hold(&self.unlocked).push(name.into());
    }

    /// Says why there is no lock.
    pub(super) fn warn_unwritten(&self, error: &Error) {
        let report = &self.ctx.report;
        report.warn(&format!("boot.lock isn't written: {}", first_line(error)));
    }

    /// Writes the completed lock, and says what isn't in it.
    pub(super) fn write(&self) {
        let report = &self.ctx.report;
        let mut unlocked = hold(&self.unlocked);
        unlocked.sort_unstable();
        if !unlocked.is_empty() {
            report.warn(&format!(
                "resolved for this machine only, not recorded in boot.lock: {}; boot lock says why",
                unlocked.join(", ")
            ));
        }
        for failed in hold(&self.failed).iter() {
            report.warn(&format!(
                "{} isn't in the lock: {}",
                escaped(&failed.subject.to_string()),
                first_line(&failed.error)
            ));
        }
        let Some(lock) = self.current_lock().filter(|_| !self.is_strict()) else {
            return;
        };
        match lock.write(&self.manifest.place) {
            Ok(true) => report.step("wrote boot.lock"),
            Ok(false) => {}
            Err(error) => {
                let reason = first_line(error);
                report.warn(&format!("boot.lock can't be written: {reason}"));
            }
        }
    }
}
