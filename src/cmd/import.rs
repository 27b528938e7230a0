//! `boot import`: what pipx, uv, pyenv and a Brewfile have here, into the manifest.

use crate::cli::machine::{Import, Whose};
use crate::error::Result;
use crate::import::{brewfile, pipx, pyenv, uv};
use crate::machine::import::{Imported, import};
use crate::report::escaped;
use crate::ui::table;
use crate::{Code, Context};

pub(super) fn run(args: &Import, ctx: &Context) -> Result<Code> {
    if args.file.is_some() && !args.sources.contains(&Whose::Brewfile) {
        return Err(crate::Error::Usage(
            "--file names a Brewfile, and none is asked for\nboot import brewfile --file PATH"
                .into(),
        ));
    }
    let here = super::here()?;
    let mut found = Vec::new();
    let mut codes = Vec::new();
    for source in &args.sources {
        let (name, mut one) = match source {
            Whose::Pipx => ("pipx", pipx::find(&ctx.paths)),
            Whose::Uv => ("uv", uv::find(&ctx.paths)),
            Whose::Pyenv => ("pyenv", pyenv::find(&ctx.paths)),
            Whose::Brewfile => (
                "a Brewfile",
                brewfile::find(&ctx.paths, args.file.as_deref(), &here),
            ),
        };
        if one.is_empty() {
            ctx.report.info(&format!(
                "there is nothing of {name} in {}",
                escaped(&ctx.paths.tilde(&one.place))
            ));
        }
        for error in one.failed.drain(..) {
            ctx.report.error(&error.to_string());
            codes.push(Code::Failed);
        }
        if !one.tools.is_empty() || !one.pythons.is_empty() || !one.venvs.is_empty() {
            codes.push(Code::Done);
        }
        found.push(one);
    }
    let imported = import(ctx, found)?;
    if !args.dry_run {
        imported.write()?;
    }
    if args.json {
        table::json(&imported)?;
    } else if args.dry_run {
        tell(ctx, &imported);
        table::out(imported.text().unwrap_or(""))?;
    } else {
        tell(ctx, &imported);
        let path = escaped(&ctx.paths.tilde(&imported.manifest));
        match imported.text() {
            Some(_) => ctx.report.info(&format!(
                "wrote {path}; boot plan shows what it asks for, boot apply does it"
            )),
            None => ctx.report.info("nothing to do"),
        }
    }
    Ok(Code::sum(codes))
}

fn tell(ctx: &Context, imported: &Imported) {
    for new in &imported.new {
        ctx.report
            .info(&format!("  + {:<8} {}", new.kind, new.what));
    }
    for there in &imported.there {
        ctx.report
            .info(&format!("  = {} is in boot.toml already", escaped(there)));
    }
    // Most of a Brewfile isn't Python's: one line will do for that.
    let (others, left): (Vec<_>, Vec<_>) = imported
        .left
        .iter()
        .partition(|left| left.why == brewfile::OTHERS);
    for left in left {
        ctx.report.info(&format!(
            "  - {}: {}",
            escaped(&left.what),
            escaped(&left.why)
        ));
    }
    if !others.is_empty() {
        let names: Vec<String> = others.iter().map(|left| escaped(&left.what)).collect();
        ctx.report
            .info(&format!("  - these stay Homebrew's: {}", names.join(", ")));
    }
}
