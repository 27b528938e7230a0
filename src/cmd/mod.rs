//! One thin file a verb: ask the domain, print the answer. Two verbs never call each other.

mod cache;
mod completions;
mod tool;

use crate::cli::Command;
use crate::error::Result;
use crate::{Code, Context};

/// Runs what was typed.
pub fn run(command: Command, ctx: &Context) -> Result<Code> {
    match command {
        Command::Cache(what) => cache::run(what, ctx),
        Command::Completions(args) => completions::completions(&args),
        Command::Tool(what) => tool::run(what, ctx),
        Command::Man(args) => completions::man(&args),
    }
}
