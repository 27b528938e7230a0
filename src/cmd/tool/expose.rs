//! `boot tool expose` and `boot tool unexpose`.

use super::report_error;
use crate::cli::tool::{Expose, Unexpose};
use crate::error::{Error, Result};
use crate::tool::commands;
use crate::{Code, Context};

pub(super) fn expose(args: &Expose, ctx: &Context) -> Result<Code> {
    if args.name.is_some() && args.commands.len() > 1 {
        return Err(Error::Usage(
            "--as names one command\nboot tool expose TOOL CMD --as NAME".into(),
        ));
    }
    Ok(Code::sum(args.commands.iter().map(
        |command| match commands::link(ctx, &args.tool, command, args.name.as_deref()) {
            Ok(Some(name)) => {
                ctx.report.info(&format!("linked {name}"));
                Code::Done
            }
            Ok(None) => {
                ctx.report.info(&format!(
                    "{} is linked already: nothing to do",
                    args.name.as_deref().unwrap_or(command)
                ));
                Code::Done
            }
            Err(error) => report_error(ctx, &error),
        },
    )))
}

pub(super) fn unexpose(args: &Unexpose, ctx: &Context) -> Result<Code> {
    let unlink = |name: &String| match commands::unlink(ctx, &args.tool, name) {
        Ok(_) => {
            ctx.report.info(&format!("{name} is no longer linked"));
            Code::Done
        }
        Err(error) => report_error(ctx, &error),
    };
    Ok(Code::sum(args.names.iter().map(unlink)))
}
