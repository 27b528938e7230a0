//! The machine: install.sh, manifests, locks, apply and undo.

#[path = "../support/mod.rs"]
mod support;

mod add;
mod apply;
mod archive;
mod bare_debian;
mod cache_completions_man;
mod conditions;
mod contract;
mod dotfile_edge_cases;
mod drift;
mod entry_script;
mod extends;
mod hostile_repositories;
mod import;
mod init;
mod install_sh;
mod items;
mod killed;
mod local_edits;
mod lock;
mod lock_later;
mod lock_sources;
mod lock_stale;
mod packages;
mod readme;
mod self_commands;
mod start_up_files;
mod tools;
mod undo;
mod venvs;
mod verify;
mod wrong_manifests;
