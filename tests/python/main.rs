//! Pythons: install, use, upgrade, adopt and uninstall.

#[path = "../support/mod.rs"]
mod support;

mod active_python;
mod adopt;
mod catalog;
mod download_faults;
mod genuine_from_the_network;
mod hostile_archives;
mod install;
mod interrupted;
mod killed;
mod source;
mod source_faults;
mod upgrade_and_uninstall;
