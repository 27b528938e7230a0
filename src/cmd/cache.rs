//! `boot cache`.

use crate::cli::rest::Cache;
use crate::error::Result;
use crate::store::cache;
use crate::ui::table;
use crate::{Code, Context};

pub(super) fn run(what: Cache, ctx: &Context) -> Result<Code> {
    match what {
        Cache::Dir => table::out(&format!("{}\n", ctx.paths.cache.display()))?,
        Cache::Size { json } => {
            let parts = cache::parts(&ctx.paths);
            if json {
                table::json(
                    serde_json::json!({ "bytes": parts.iter().map(|part| part.bytes).sum::<u64>(), "parts": parts }),
                )?;
            } else {
                let rows: Vec<Vec<String>> = parts
                    .iter()
                    .map(|part| {
                        let size = indicatif::HumanBytes(part.bytes).to_string();
                        vec![
                            part.name.into(),
                            size,
                            format!("{} files", part.files),
                            ctx.paths.tilde(&part.path),
                        ]
                    })
                    .collect();
                table::columns(&rows)?;
            }
        }
        Cache::Prune => match cache::prune(&ctx.paths)? {
            0 => ctx.report.info("nothing to prune"),
            gone => ctx.report.info(&format!(
                "deleted {gone} unused {} of the cache",
                if gone == 1 { "entry" } else { "entries" }
            )),
        },
        Cache::Clean => {
            cache::clean(&ctx.paths)?;
            ctx.report.info("the cache is empty");
        }
    }
    Ok(Code::Done)
}
