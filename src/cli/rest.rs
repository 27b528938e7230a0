//! `boot self`, `boot cache`, `boot completions`, `boot man`.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum SelfCommand {
    /// Fetch the newest release, check it, and put it in the place of this one
    Update,
    /// Make the shims, and bootx beside boot, those of this boot; install.sh does it
    #[command(hide = true)]
    Link,
    /// Remove boot and what it made; your dotfiles repository, backups and settings stay
    Uninstall {
        /// Ask nothing
        #[arg(short, long)]
        yes: bool,
    },
    /// Which boot this is, for which kind of machine, and where
    Version {
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Cache {
    /// Print the cache's folder
    Dir,
    /// How much each part of the cache takes
    Size {
        /// One JSON object instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Delete leftovers, and what nobody has used for three months
    Prune,
    /// Delete all of it; what is installed doesn't need it
    Clean,
}

/// What is broken, why, and what repairs it
#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {
    /// Repair what can be repaired
    #[arg(long)]
    pub fix: bool,
    /// One JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// The shell that reads them
    pub shell: super::shell::Name,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Man {
    /// Where the pages are written
    pub dir: PathBuf,
}
