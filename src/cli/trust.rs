//! `boot trust`, `boot untrust`.

use std::path::PathBuf;

use clap::Args;

/// Let the `.venv` of a folder be activated although boot didn't make it
#[derive(Debug, Args)]
pub(crate) struct Trust {
    /// The project, or the environment itself; here by default
    pub dir: Option<PathBuf>,
    /// Every environment below the folder too, those to come included
    #[arg(long)]
    pub tree: bool,
    /// Print what is trusted
    #[arg(long, conflicts_with_all = ["dir", "tree"])]
    pub list: bool,
    #[arg(long, requires = "list")]
    pub json: bool,
}

/// Take that back: open shells deactivate it at their next prompt
#[derive(Debug, Args)]
pub(crate) struct Untrust {
    /// The project, or the environment itself; here by default
    pub dir: Option<PathBuf>,
}
