//! `boot man DIR`: made from the same definitions as `--help`.

use std::path::Path;

use clap::CommandFactory;

use crate::Code;
use crate::cli::Cli;
use crate::cli::rest::Man;
use crate::error::Result;
use crate::store::{self, atomic};

/// A page for boot and one for each command below it, as `boot-tool-install.1`.
pub(super) fn run(args: &Man) -> Result<Code> {
    let mut command = Cli::command();
    command.build();
    pages(&command, "boot", &args.dir)
}

fn pages(command: &clap::Command, name: &str, dir: &Path) -> Result<Code> {
    let mut page = Vec::new();
    let title = command
        .clone()
        .name(name.to_string())
        .display_name(name.to_string());
    clap_mangen::Man::new(title)
        .render(&mut page)
        .map_err(store::Error::io("write into", dir))?;
    atomic::write(&dir.join(format!("{name}.1")), &page, None)?;
    for sub in command
        .get_subcommands()
        .filter(|sub| !sub.is_hide_set() && sub.get_name() != "help")
    {
        pages(sub, &format!("{name}-{}", sub.get_name()), dir)?;
    }
    Ok(Code::Done)
}
