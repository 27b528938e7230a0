//! `boot add`.

use crate::cli::machine::Add;
use crate::error::Result;
use crate::machine::add::{Added, add};
use crate::machine::applied::Applied;
use crate::machine::apply;
use crate::machine::repository::Repository;
use crate::machine::repository::extends::{self, Commits};
use crate::report::escaped;
use crate::{Code, Context};

pub(super) fn run(args: &Add, ctx: &Context) -> Result<Code> {
    let repository = Repository::remembered(&ctx.paths, &Applied::read(&ctx.paths)?)?;
    let (_lock, mut applied) = apply::begin(ctx)?;
    let mut codes = Vec::new();
    // So that one `boot undo` takes back this, and not what was applied before.
    applied.applies += 1;
    for file in &args.files {
        // Read anew: the file before may have given it its first dotfile.
        let manifest = extends::load(ctx, &repository, &applied, Commits::Pinned)?.manifest;
        codes.push(match add(ctx, &manifest, &mut applied, file) {
            Ok(Added::Moved(to)) => {
                let to = escaped(&ctx.paths.tilde(&to));
                ctx.report.info(&format!(
                    "{} is in the repository now: {to}",
                    escaped(&file.display().to_string())
                ));
                Code::Done
            }
            Ok(Added::Already) => {
                ctx.report.info(&format!(
                    "{} is in the repository: nothing to do",
                    escaped(&file.display().to_string())
                ));
                Code::Done
            }
            Err(error) => {
                ctx.report.error(&error.to_string());
                Code::Failed
            }
        });
    }
    Ok(Code::sum(codes))
}
