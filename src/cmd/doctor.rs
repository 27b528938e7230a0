//! `boot doctor`.

use crate::cli::rest::Doctor;
use crate::doctor::{self, Finding};
use crate::error::Result;
use crate::ui::table;
use crate::{Code, Context};

pub(super) fn run(args: &Doctor, ctx: &Context) -> Result<Code> {
    let found = doctor::examine(ctx)?;
    let mut codes = Vec::new();
    if args.fix {
        for finding in &found {
            codes.push(fix(finding, ctx));
        }
    } else if !found.is_empty() {
        codes.push(Code::Failed);
    }
    if args.json {
        // What is still so, where something was done about it.
        let left = if args.fix {
            doctor::examine(ctx)?
        } else {
            found
        };
        table::json(serde_json::json!({ "findings": left }))?;
    } else if found.is_empty() {
        ctx.report.info("nothing is wrong");
    } else if !args.fix {
        let rows: Vec<Vec<String>> = found
            .iter()
            .map(|finding| {
                vec![
                    finding.what.clone(),
                    finding.why.clone(),
                    finding
                        .by_hand
                        .clone()
                        .unwrap_or_else(|| "boot doctor --fix".into()),
                ]
            })
            .collect();
        table::columns(&rows)?;
    }
    Ok(Code::sum(codes))
}

fn fix(finding: &Finding, ctx: &Context) -> Code {
    let Some(repair) = &finding.repair else {
        let command = finding.by_hand.as_deref().unwrap_or_default();
        ctx.report
            .warn(&format!("{} {}: {command}", finding.what, finding.why));
        return Code::Failed;
    };
    match doctor::repair(ctx, repair) {
        Ok(()) => {
            ctx.report
                .info(&format!("repaired {}: {}", finding.what, finding.why));
            Code::Done
        }
        Err(error) => {
            ctx.report.error(&format!(
                "{} {}, and can't be repaired:\n{error}",
                finding.what, finding.why
            ));
            Code::Failed
        }
    }
}
