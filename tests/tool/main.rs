//! Global tools: resolved, built, installed, used and mended.

#[path = "../support/mod.rs"]
mod support;

mod bytecode;
mod cached;
mod contents;
mod credentials;
mod display;
mod doctor;
mod faults;
mod full_disk;
mod gone_pythons;
mod hostile_sources;
mod hostile_wheels;
mod http_cache;
mod indexes;
mod install;
mod killed;
mod mixups;
mod pip_config;
mod public_index;
mod pythons;
mod ranges;
mod real_tools;
mod requirements_files;
mod resolver_scenarios;
mod round_trips;
mod running;
mod secret_addresses;
mod sources;
mod stories;
mod taken_names;
mod verbs;
