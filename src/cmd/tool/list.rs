//! `boot tool list`.

use super::{AT_ONCE, report_error, report_unreadable};
use crate::cli::tool::List;
use crate::error::Result;
use crate::parallel::side_by_side;
use crate::tool::{self, Receipt, list, receipt};
use crate::ui::table;
use crate::{Code, Context};

pub(super) fn list(args: &List, ctx: &Context) -> Result<Code> {
    if args.outdated {
        list_outdated(args, ctx)
    } else {
        list_installed(args, ctx)
    }
}

fn list_installed(args: &List, ctx: &Context) -> Result<Code> {
    let (receipts, errors) = receipt::all(&ctx.paths);
    let tools: Vec<list::Tool> = receipts
        .into_iter()
        .map(|receipt| list::Tool::new(&ctx.paths, receipt))
        .collect();
    if args.json {
        table::json(serde_json::json!({ "tools": tools }))?;
    } else if tools.is_empty() && errors.is_empty() {
        ctx.report
            .info("no tools are installed: boot tool install black");
    } else {
        let rows: Vec<Vec<String>> = tools.iter().map(row).collect();
        table::columns(&rows)?;
    }
    let unreadable = errors.iter().map(|error| report_unreadable(ctx, error));
    Ok(Code::sum(std::iter::once(Code::Done).chain(unreadable)))
}

fn row(tool: &list::Tool) -> Vec<String> {
    let apps: Vec<&str> = tool.apps.iter().map(|app| app.name.as_str()).collect();
    let mut last = apps.join(", ");
    let injected: Vec<String> = tool
        .injected
        .iter()
        .map(|package| format!("{} {}", package.name, package.version))
        .collect();
    if !injected.is_empty() {
        last.push_str(&format!("  + {}", injected.join(", ")));
    }
    if tool.pinned {
        last.push_str("  (pinned)");
    }
    if tool.broken {
        last.push_str(&format!(
            "  (its Python is gone: boot tool reinstall {})",
            tool.tool()
        ));
    }
    vec![
        tool.tool(),
        tool.version.to_string(),
        tool.python.version.to_string(),
        last,
    ]
}

/// Lists the tools that `boot tool upgrade` would change, and those that are held back from it.
fn list_outdated(args: &List, ctx: &Context) -> Result<Code> {
    ctx.force_revalidation();
    let (receipts, errors) = receipt::all(&ctx.paths);
    let newer = side_by_side(&receipts, AT_ONCE, |receipt| tool::find_newer(ctx, receipt));
    let mut codes: Vec<Code> = errors
        .iter()
        .map(|error| report_unreadable(ctx, error))
        .collect();
    let mut found: Vec<(&Receipt, String)> = Vec::new();
    for (receipt, newer) in receipts.iter().zip(newer) {
        match newer {
            Ok(newer) => found.extend(newer.map(|version| (receipt, version))),
            Err(error) => codes.push(report_error(ctx, &error)),
        }
    }
    if args.json {
        let tools: Vec<_> = found
            .iter()
            .map(|(receipt, newest)| {
                let wanted = &receipt.wanted;
                serde_json::json!({
                    "name": wanted.name(),
                    "suffix": wanted.suffix,
                    "version": receipt.version,
                    "newest": newest,
                    "pinned": wanted.pinned,
                })
            })
            .collect();
        table::json(serde_json::json!({ "tools": tools }))?;
    } else if found.is_empty() && codes.is_empty() {
        ctx.report
            .info("every tool is the newest that was asked for");
    } else {
        let rows: Vec<Vec<String>> = found
            .into_iter()
            .map(|(receipt, newest)| {
                let pinned = if receipt.wanted.pinned {
                    "(pinned)"
                } else {
                    ""
                };
                vec![
                    receipt.wanted.tool(),
                    receipt.version.to_string(),
                    newest,
                    pinned.into(),
                ]
            })
            .collect();
        table::columns(&rows)?;
    }
    Ok(Code::sum(codes))
}
