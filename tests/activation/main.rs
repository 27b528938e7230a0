//! Activation: the hook in real shells, environments, trust, set-up.

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod attacks;
mod cd;
mod completions;
mod entering;
mod environments;
mod hook;
mod hook_cd;
mod hook_changes;
mod hook_company;
mod hook_editors;
mod hook_forks;
mod hook_hostile;
mod hook_options;
mod one_python;
mod pins;
mod rivals_from_the_network;
mod shell_setup;
mod shims;
mod trust;
mod venv;
mod words;
mod working_day;
