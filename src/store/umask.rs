//! The umask: whatever the user's is, others don't write to what is boot's. Programs that boot runs
//! for the user get the user's own.

use std::sync::OnceLock;

use rustix::fs::Mode;
use rustix::process::umask;

/// The user's, where [`narrow`] has changed it.
static USERS: OnceLock<Mode> = OnceLock::new();

/// Has this process make nothing that group or others can write to.
pub(crate) fn narrow() {
    let others = Mode::WGRP | Mode::WOTH;
    let users = umask(others);
    umask(users | others);
    if !users.contains(others) {
        let _ = USERS.set(users);
    }
}

/// Gives the user's umask back: for a process that is about to become a program of the user's.
pub(crate) fn restore() {
    if let Some(users) = USERS.get() {
        umask(*users);
    }
}

/// The user's umask as a shell takes it, where it isn't this process's.
pub(crate) fn users() -> Option<String> {
    USERS.get().map(|users| format!("{:04o}", users.bits()))
}
