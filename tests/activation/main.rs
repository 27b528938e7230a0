//! Activation: the hook in real shells, environments, trust, set-up.

#[path = "../support/mod.rs"]
mod support;

mod cd;
mod completions;
mod entering;
mod hook;
mod hook_changes;
mod hook_company;
mod hook_forks;
mod hook_hostile;
mod hook_options;
mod shell_setup;
mod trust;
mod venv;
