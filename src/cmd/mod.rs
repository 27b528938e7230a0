//! One thin file a verb: ask the domain, print the answer. Two verbs never call each other.

use crate::cli::Command;
use crate::error::Result;
use crate::{Code, Context};

/// Runs what was typed.
pub fn run(command: Command, ctx: &Context) -> Result<Code> {
    match command {
        Command::Cache => {
            crate::ui::table::out(&format!("{}\n", ctx.paths.cache.display()))?;
            Ok(Code::Done)
        }
    }
}
