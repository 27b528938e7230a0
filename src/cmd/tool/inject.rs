//! `boot tool inject` and `boot tool uninject`.

use super::{read_file, report_error, report_outcome};
use crate::cli::tool::{Inject, Uninject};
use crate::error::{Error, Result};
use crate::tool::source::{self, Typed};
use crate::tool::{self, list};
use crate::{Code, Context};

pub(super) fn inject(args: Inject, ctx: &Context) -> Result<Code> {
    let mut packages = args.packages;
    for file in &args.requirements {
        let asked = read_file(file)?;
        if !asked.constraints.is_empty() || asked.pre {
            return Err(Error::Usage(
                "constraints and --pre are a tool's from its installation on\n\
                                     boot tool install TOOL -r FILE"
                    .into(),
            ));
        }
        packages.extend(asked.requirements);
    }
    // Conditions are asked of the Python that the tool has.
    let tool = list::Tool::new(&ctx.paths, tool::find(&ctx.paths, &args.tool)?);
    let typed = Typed {
        python: Some(tool.python.to_string()).filter(|_| !tool.broken),
        ..Typed::default()
    };
    let specs = source::conditional_all(ctx, &packages, &typed)?;
    if specs.is_empty() {
        ctx.report
            .info(&format!("nothing is to be injected into {}", args.tool));
    } else {
        report_outcome(ctx, &tool::inject(ctx, &args.tool, &specs, args.expose)?);
    }
    Ok(Code::Done)
}

pub(super) fn uninject(args: &Uninject, ctx: &Context) -> Result<Code> {
    let (outcome, unknown) = tool::uninject(ctx, &args.tool, &args.packages)?;
    let mut codes: Vec<Code> = unknown
        .iter()
        .map(|error| report_error(ctx, error))
        .collect();
    if let Some(outcome) = outcome {
        report_outcome(ctx, &outcome);
        codes.push(Code::Done);
    }
    Ok(Code::sum(codes))
}
