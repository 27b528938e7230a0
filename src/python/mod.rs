//! Pythons: asking for one, knowing what exists, getting it, and what is installed.

pub(crate) mod adopt;
pub(crate) mod autoconf;
pub(crate) mod build_flags;
pub mod catalog;
pub mod checksums;
pub(crate) mod configure;
pub(crate) mod discover;
pub(crate) mod foreign;
pub(crate) mod install;
pub(crate) mod installed;
pub(crate) mod key;
pub(crate) mod links;
pub(crate) mod packages;
pub(crate) mod patch;
pub(crate) mod pip;
pub(crate) mod preflight;
mod publish;
pub(crate) mod refresh;
pub(crate) mod request;
pub(crate) mod selftest;
pub(crate) mod shims;
pub(crate) mod source;
pub(crate) mod standalone;
pub(crate) mod tarball;
pub(crate) mod target;
pub(crate) mod uninstall;
pub(crate) mod upgrade;
pub(crate) mod verify;

pub(crate) use install::Error;

use crate::Code;

impl Error {
    pub(crate) fn code(&self) -> Code {
        match self {
            Error::NotInstallable(_) => Code::Usage,
            _ => Code::Failed,
        }
    }
}
