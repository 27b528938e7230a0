//! `boot update`: pulls the repository, resolves its lock again, and applies both.

use super::consent::{self, Agreed};
use crate::cli::machine::Update;
use crate::error::Result;
use crate::machine::applied::Applied;
use crate::machine::fresh_lock::FreshLock;
use crate::machine::repository::Repository;
use crate::machine::repository::extends::Commits;
use crate::machine::resolve_lock::Preference;
use crate::machine::session::{Remembering, Session, load_remembered};
use crate::manifest::lock::Lock;
use crate::python::key::Platform;
use crate::{Code, Context};

pub(super) fn run(args: &Update, ctx: &Context) -> Result<Code> {
    let (repository, before, _) = load_remembered(ctx)?;
    // One that nobody committed is gone after the pull; the platforms in it stay.
    let own = Lock::read(&before.manifest.place)?;
    repository.pull(ctx)?;
    if let Some(own) = &own
        && Lock::read(&before.manifest.place)?.is_none()
    {
        own.write(&before.manifest.place)?;
    }
    drop((repository, before));
    let applied = Applied::read(&ctx.paths)?;
    let repository = Repository::remembered(&ctx.paths, &applied)?;
    let commits = if args.locked {
        Commits::Pinned
    } else {
        Commits::Newest
    };
    let mut session = Session::open(ctx, repository, Remembering::Nothing, commits)?;
    let mut codes = Vec::new();
    if args.locked {
        session.require_lock()?;
    } else {
        let host: Vec<Platform> = Platform::host().into_iter().collect();
        let (fresh, _) = FreshLock::resolve(
            ctx,
            session.manifest(),
            session.lock(),
            &host,
            Preference::Newest,
        )?;
        let Some(fresh) = fresh else {
            return Ok(Code::Failed);
        };
        codes.push(fresh.code);
        session.follow(fresh);
    }
    let agreed = Agreed {
        on_conflict: args.on_conflict,
        all: args.yes,
    };
    codes.push(consent::apply(ctx, session, agreed, &[])?);
    Ok(Code::sum(codes))
}
