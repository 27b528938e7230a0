//! `boot python uninstall`.

use super::requests;
use crate::cli::python::Uninstall;
use crate::error::Result;
use crate::project::dependents;
use crate::python::installed::{Installed, Origin};
use crate::python::uninstall::{self, Gone};
use crate::{Code, Context};

pub(super) fn run(args: &Uninstall, ctx: &Context) -> Result<Code> {
    let requests = requests(&args.requests)?;
    let mut codes = Vec::new();
    for request in &requests {
        let list_users = |python: &Installed| dependents::list_dependents(&ctx.paths, python);
        match uninstall::uninstall(ctx, request, args.force, &list_users) {
            Ok(None) => ctx
                .report
                .info(&format!("Python {request} isn't installed")),
            Ok(Some(Gone { python, .. })) if python.origin == Origin::Adopted => {
                let (version, path) = (python.key.version, ctx.paths.tilde(&python.executable));
                ctx.report.info(&format!(
                    "Python {version} is no longer boot's; it stays where it is: {path}"
                ));
            }
            Ok(Some(Gone { python, broken })) => {
                ctx.report.info(&format!(
                    "uninstalled Python {}{}",
                    python.key.version,
                    python.key.variant.suffix()
                ));
                for user in broken {
                    ctx.report.warn(&format!("{user} has no Python now"));
                }
            }
            Err(error) => {
                ctx.report.error(&error.to_string());
                codes.push(error.code());
                continue;
            }
        }
        codes.push(Code::Done);
    }
    Ok(Code::sum(codes))
}
