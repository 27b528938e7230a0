//! Activation: the hook in real shells, environments, trust, set-up.

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod attacks;
mod cd;
mod completions;
mod environments;
mod hook;
mod hook_beside_other_tools;
mod hook_cd;
mod hook_changes;
mod hook_editors;
mod hook_forks;
mod hook_hostile;
mod hook_options;
mod pin_and_environment;
mod pins;
mod rivals_from_the_network;
mod shell_enter;
mod shell_setup;
mod shims;
mod trust;
mod venv;
mod words_of_other_tools;
mod working_day;
