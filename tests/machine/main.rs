//! The whole machine: install.sh, manifests, locks, apply and undo.

#[path = "../support/mod.rs"]
mod support;

mod add;
mod apply;
mod archive;
mod bare_debian;
mod conditions;
mod contract;
mod drift;
mod edits;
mod entry_script;
mod extends;
mod hostile_repositories;
mod import;
mod init;
mod install_sh;
mod items;
mod itself;
mod killed;
mod lock;
mod lock_later;
mod lock_sources;
mod lock_stale;
mod odd_places;
mod packages;
mod readme;
mod rest;
mod start_up_files;
mod tools;
mod undo;
mod venvs;
mod verify;
mod wrong_manifests;
