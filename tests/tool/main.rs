//! Global tools: resolve, build, install, use and repair.

#[path = "../support/mod.rs"]
mod support;

mod ambiguous_requests;
mod bytecode;
mod cached_install;
mod command_conflicts;
mod credentials;
mod display;
mod doctor;
mod faults;
mod full_disk;
mod hostile_sources;
mod hostile_wheels;
mod http_cache;
mod indexes;
mod install;
mod killed;
mod missing_python;
mod pip_config;
mod pipx_workflows;
mod public_index;
mod python_choice;
mod range_requests;
mod real_tools;
mod requirements_files;
mod resolver_scenarios;
mod round_trips;
mod run_exec_list;
mod secret_addresses;
mod sources;
mod verbs;
mod wheel_contents;
