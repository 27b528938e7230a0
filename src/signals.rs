//! Signals that end boot: staging is cleared first, then the signal ends the process by its default
//! action. A shell stops a loop only where the command died of the signal.

use std::io::Write;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::store::atomic;
use crate::ui::prompt;

/// Clears staging when Ctrl-C, a termination or a hangup ends this process. Where no handler can be
/// set, the next run sweeps.
pub(crate) fn clear_staging_at_end() {
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else {
        return;
    };
    let _ = std::thread::Builder::new().spawn(move || {
        let Some(signal) = signals.forever().next() else {
            return;
        };
        atomic::abandon();
        let line = if prompt::is_waiting() {
            "interrupted at a question: the same command asks it again"
        } else {
            "interrupted: what was there before is as it was; the same command starts over"
        };
        // After a hangup there is no terminal to write to.
        let _ = writeln!(std::io::stderr(), "\n{line}");
        let _ = emulate_default_handler(signal);
        std::process::exit(128 + signal);
    });
}
