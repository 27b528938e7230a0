//! `boot verify`.

use crate::cli::machine::Verify;
use crate::error::Result;
use crate::machine::session::load_remembered;
use crate::machine::verify;
use crate::report::escaped;
use crate::shell::install;
use crate::store::env::var;
use crate::ui::table;
use crate::{Code, Context};

pub(super) fn run(args: &Verify, ctx: &Context) -> Result<Code> {
    let (_repository, loaded, _) = load_remembered(ctx)?;
    let found = verify::verify(
        ctx,
        &loaded.manifest,
        &install::in_use(&ctx.paths, var("SHELL").as_deref()),
    )?;
    let code = if found.broken.is_empty() {
        Code::Done
    } else {
        Code::Failed
    };
    if args.json {
        table::json(&found)?;
        return Ok(code);
    }
    if found.broken.is_empty() {
        ctx.report.info(&format!(
            "{} commands are what they should be in {}",
            found.commands,
            found.runs.join(", ")
        ));
    }
    let rows: Vec<Vec<String>> = found
        .broken
        .iter()
        .map(|one| {
            let runs = if one.runs.len() == found.runs.len() {
                String::new()
            } else {
                one.runs.join(", ")
            };
            vec![
                escaped(&one.command),
                format!("({})", escaped(&one.by)),
                one.why.clone(),
                runs,
            ]
        })
        .collect();
    table::columns(&rows)?;
    if !found.broken.is_empty() {
        ctx.report.info(
            "boot apply installs what is missing; boot shell status tells why a folder \
                         isn't on PATH",
        );
    }
    Ok(code)
}
