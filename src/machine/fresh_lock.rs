//! A lock that was resolved just now, and may be written: complete, or with what the old one says
//! for what can't be resolved now.

use super::Result;
use super::resolve_lock::{self, Preference, ResolvedLock};
use crate::manifest::lock::Lock;
use crate::manifest::{Manifest, Place};
use crate::python::key::Platform;
use crate::report::set_in;
use crate::{Code, Context};

/// A lock that may be written.
pub(crate) struct FreshLock {
    pub lock: Lock,
    /// Tells whether all of it was resolved now.
    pub code: Code,
    /// Entries that are the old lock's.
    kept: Vec<String>,
}

impl FreshLock {
    /// Resolves a lock, and says what failed. There is none unless all of it could be resolved:
    /// half a lock would be taken for a whole one. Where the newest is asked for, the old lock will
    /// do for what fails, as long as there is any news.
    pub(crate) fn resolve(
        ctx: &Context,
        manifest: &Manifest,
        old: Option<&Lock>,
        platforms: &[Platform],
        preference: Preference,
    ) -> Result<(Option<FreshLock>, ResolvedLock)> {
        let resolved = resolve_lock::resolve(ctx, manifest, old, platforms, preference)?;
        for failed in &resolved.failed {
            let text = set_in(&failed.error.to_string());
            ctx.report.error(&format!(
                "{} for {}: {text}",
                failed.subject, failed.platform
            ));
        }
        let will_do = preference == Preference::Newest && resolved.is_complete && resolved.has_news;
        let code = match resolved.failed.is_empty() {
            true => Code::Done,
            false if will_do => Code::Partial,
            false => return Ok((None, resolved)),
        };
        let kept = resolved.failed.iter();
        let fresh = FreshLock {
            lock: resolved.lock.clone(),
            code,
            kept: kept.map(|failed| failed.subject.to_string()).collect(),
        };
        Ok((Some(fresh), resolved))
    }

    /// Writes it, and says so.
    pub(crate) fn write(&self, ctx: &Context, place: &Place) -> Result<()> {
        let platforms: Vec<&str> = self
            .lock
            .platform
            .keys()
            .map(|name| name.as_str())
            .collect();
        let platforms = platforms.join(", ");
        ctx.report.info(&if self.lock.write(place)? {
            format!("wrote boot.lock for {platforms}")
        } else {
            format!("nothing to do: boot.lock is right for {platforms}")
        });
        if !self.kept.is_empty() {
            let kept = self.kept.join(", ");
            ctx.report
                .warn(&format!("kept in boot.lock as it was: {kept}"));
        }
        Ok(())
    }
}
