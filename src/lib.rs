//! boot makes a machine ready for Python work, and keeps it so.
//!
//! The layers, top to bottom; an arrow never points up: `cli` and `cmd` (what is typed), `ui` (what
//! is seen), the domain (`python`, `project`, `tool`, `machine`), `package` (Python's packaging
//! standards), and the foundations (`net`, `store`, `shell`, and the small files beside this one).

#![forbid(unsafe_op_in_unsafe_fn)]

pub mod adopt;
pub mod cli;
pub mod cmd;
pub mod context;
pub mod doctor;
pub mod error;
pub mod exit;
pub mod itself;
pub mod machine;
pub mod net;
pub mod package;
pub mod parallel;
pub mod project;
pub mod python;
pub mod report;
pub mod settings;
pub mod shell;
pub mod store;
pub mod tool;
pub mod ui;

pub use context::Context;
pub use error::Error;
pub use exit::Code;
