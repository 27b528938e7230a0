//! Pythons: asking for one, knowing what exists, getting it, and what is installed.

pub mod adopt;
pub mod autoconf;
pub mod build_flags;
pub mod catalog;
pub mod checksums;
pub mod configure;
pub mod dependents;
pub mod discover;
pub mod foreign;
pub mod install;
pub mod installed;
pub mod key;
pub mod links;
pub mod packages;
pub mod patch;
pub mod pip;
pub mod preflight;
pub mod refresh;
pub mod request;
pub mod selftest;
pub mod shims;
pub mod source;
pub mod standalone;
pub mod tarball;
pub mod target;
pub mod uninstall;
pub mod upgrade;
pub mod verify;

pub use install::Error;

use crate::Code;

impl Error {
    pub fn code(&self) -> Code {
        match self {
            Error::NotInstallable(_) => Code::Usage,
            _ => Code::Failed,
        }
    }
}
