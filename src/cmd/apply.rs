//! `boot apply`: makes the machine what its manifest says.

use super::consent::{self, Agreed};
use crate::cli::machine::Apply;
use crate::error::Result;
use crate::machine::applied::Applied;
use crate::machine::repository::Repository;
use crate::machine::repository::extends::Commits;
use crate::machine::session::{Remembering, Session};
use crate::{Code, Context};

pub(super) fn run(args: &Apply, ctx: &Context) -> Result<Code> {
    let applied = Applied::read(&ctx.paths)?;
    let repository = Repository::remembered(&ctx.paths, &applied)?;
    let mut session = Session::open(ctx, repository, Remembering::Nothing, Commits::Pinned)?;
    if args.locked {
        session.require_lock()?;
    }
    let agreed = Agreed {
        on_conflict: args.on_conflict,
        all: args.yes,
    };
    consent::apply(ctx, session, agreed, &args.only)
}
