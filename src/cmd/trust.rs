//! `boot trust`, `boot untrust`.

use std::path::{Path, PathBuf};

use crate::cli::trust::{Trust, Untrust};
use crate::error::Result;
use crate::project::trust::{self, Kind};
use crate::project::venv;
use crate::report::escaped;
use crate::ui::table;
use crate::{Code, Context};

pub(super) fn trust(args: Trust, ctx: &Context) -> Result<Code> {
    if args.list {
        return list(args.json, ctx);
    }
    let folder = folder(args.dir)?;
    let shown = |path: &Path| escaped(&ctx.paths.tilde(path));
    let (path, new) = if args.tree {
        (folder.clone(), trust::trust_tree(ctx, &folder)?)
    } else {
        trust::trust(ctx, &folder)?
    };
    if !args.tree
        && let Some((script, leads)) = venv::foreign_script(&path)
    {
        ctx.report.warn(&format!(
            "{} runs {}: this environment was moved or copied; replace it",
            shown(&script),
            shown(&leads)
        ));
    }
    let below = if args.tree {
        "every environment below "
    } else {
        ""
    };
    let next = if args.tree {
        String::new()
    } else {
        super::forecast(ctx, &folder)
    };
    ctx.report.info(&if new {
        format!("{below}{} may be activated now{next}", shown(&path))
    } else {
        format!(
            "{below}{} could be activated already: nothing to do{next}",
            shown(&path)
        )
    });
    Ok(Code::Done)
}

pub(super) fn untrust(args: Untrust, ctx: &Context) -> Result<Code> {
    let folder = folder(args.dir)?;
    let shown = escaped(&ctx.paths.tilde(&folder));
    if trust::untrust(ctx, &folder)? {
        ctx.report.info(&format!("{shown} isn't trusted any more"));
    } else {
        ctx.report
            .info(&format!("{shown} wasn't trusted: nothing to do"));
    }
    Ok(Code::Done)
}

fn folder(dir: Option<PathBuf>) -> Result<PathBuf> {
    let here = super::here()?;
    Ok(dir.map_or(here.clone(), |dir| here.join(dir)))
}

fn list(json: bool, ctx: &Context) -> Result<Code> {
    let all = trust::list_trusted(&ctx.paths)?;
    if json {
        let trusted: Vec<_> =
            all.iter().map(|known| serde_json::json!({"path": known.path.to_string_lossy(), "kind": known.kind})).collect();
        table::json(serde_json::json!({ "trusted": trusted }))?;
        return Ok(Code::Done);
    }
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|known| {
            let kind = match known.kind {
                Kind::Made => "made by boot",
                Kind::Trusted => "trusted by hand",
                Kind::Tree => "all below it",
                Kind::Except => "nothing below it",
            };
            vec![escaped(&ctx.paths.tilde(&known.path)), kind.into()]
        })
        .collect();
    table::columns(&rows)?;
    Ok(Code::Done)
}
