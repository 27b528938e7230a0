//! Progress and hints on stderr. Bars only where stderr is a terminal; nothing but errors with
//! `--quiet`.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::report::{Bar, Report};

const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const ERROR: Style = AnsiColor::Red.on_default().bold();

const PROGRESS: &str = "━╸ ";

/// The amount of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    Quiet,
    Normal,
    Verbose,
}

/// The terminal, or what stands in for it.
pub(crate) struct Term {
    verbosity: Verbosity,
    bars: Option<MultiProgress>,
    start: Instant,
}

impl Term {
    pub(crate) fn new(verbosity: Verbosity) -> Term {
        let bars = (verbosity > Verbosity::Quiet && std::io::stderr().is_terminal())
            .then(MultiProgress::new);
        Term {
            verbosity,
            bars,
            start: Instant::now(),
        }
    }

    /// Prints a line above the bars that are shown.
    fn line(&self, line: &str) {
        match &self.bars {
            Some(bars) => bars.suspend(|| anstream::eprintln!("{line}")),
            None => anstream::eprintln!("{line}"),
        }
    }

    fn add(&self, bar: ProgressBar, style: &str, total: Option<AtomicU64>) -> Box<dyn Bar> {
        let Some(bars) = &self.bars else {
            return Box::new(crate::report::Silent);
        };
        let bar = bars.add(bar);
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style.progress_chars(PROGRESS));
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Box::new(Shown { bar, total })
    }
}

impl Report for Term {
    fn info(&self, line: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.line(line);
        }
    }

    fn warn(&self, line: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.line(&format!("{WARNING}warning:{WARNING:#} {line}"));
        }
    }

    fn error(&self, text: &str) {
        self.line(&format!("{ERROR}error:{ERROR:#} {text}"));
    }

    fn step(&self, line: &str) {
        if self.verbosity == Verbosity::Verbose {
            self.line(&format!(
                "{:>6} ms  {line}",
                self.start.elapsed().as_millis()
            ));
        }
    }

    fn bar(&self, label: &str) -> Box<dyn Bar> {
        self.add(
            ProgressBar::no_length().with_prefix(label.to_string()),
            "{prefix} {spinner} {bytes} {bytes_per_sec} {msg}",
            None,
        )
    }

    fn spinner(&self, label: &str) -> Box<dyn Bar> {
        self.add(
            ProgressBar::new_spinner().with_prefix(label.to_string()),
            "{spinner} {prefix} {msg} {elapsed}",
            Some(AtomicU64::new(0)),
        )
    }
}

struct Shown {
    bar: ProgressBar,
    /// The bytes that all parts expect together; None where there is one.
    total: Option<AtomicU64>,
}

impl Bar for Shown {
    fn expect(&self, bytes: u64) {
        if let Ok(style) = ProgressStyle::with_template(
            "{prefix} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {msg}",
        ) {
            self.bar.set_style(style.progress_chars(PROGRESS));
        }
        let total = self.total.as_ref().map_or(bytes, |total| {
            total.fetch_add(bytes, Ordering::Relaxed) + bytes
        });
        self.bar.set_length(total);
    }

    fn advance(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    fn say(&self, message: &str) {
        self.bar.set_message(message.to_string());
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Prints a warning where there is no [`Term`] to ask: in a shim.
pub(crate) fn warning(message: &str) {
    anstream::eprintln!("{WARNING}warning:{WARNING:#} {message}");
}

/// Prints what a command failed with: the last thing it says, when no [`Term`] is there any more.
pub(crate) fn error(message: &str) {
    anstream::eprintln!("{ERROR}error:{ERROR:#} {message}");
}
