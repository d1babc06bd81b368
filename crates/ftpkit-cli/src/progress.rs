//! The progress bar: on a terminal only, and on standard error.

use std::{
    fmt::Display,
    io::{self, IsTerminal as _},
    sync::{
        LazyLock,
        atomic::{AtomicBool, Ordering},
    },
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Whether anything is drawn at all. Asked once, not for each of many small files.
static IS_SHOWN: LazyLock<bool> = LazyLock::new(|| io::stderr().is_terminal());

pub(crate) struct Bar {
    /// None: nothing is shown.
    bar: Option<ProgressBar>,
    known: AtomicBool,
}

impl Bar {
    /// A bar for this file; it shows itself when there is something to show.
    pub(crate) fn new(what: &impl Display) -> Self {
        let bar = drawn(None, "{msg} {spinner} {bytes} {binary_bytes_per_sec}");
        if let Some(bar) = &bar {
            bar.set_message(what.to_string());
        }
        Self {
            bar,
            known: AtomicBool::new(false),
        }
    }

    /// A bar that shows nothing.
    pub(crate) const fn hidden() -> Self {
        Self {
            bar: None,
            known: AtomicBool::new(false),
        }
    }

    /// A bar that counts files.
    pub(crate) fn of_files(count: usize) -> Self {
        Self {
            bar: drawn(Some(count as u64), "{bar:24} {pos}/{len} files {eta}"),
            known: AtomicBool::new(true),
        }
    }

    /// One more file is done with.
    pub(crate) fn one_more(&self) {
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    pub(crate) fn at(&self, position: u64, total: Option<u64>) {
        let Some(bar) = &self.bar else {
            return;
        };
        if let Some(total) = total
            && !self.known.swap(true, Ordering::Relaxed)
        {
            bar.set_length(total);
            let form = "{msg} {bar:24} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta}";
            style(bar, form);
        }
        bar.set_position(position);
    }

    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A bar on standard error, where that is a terminal.
fn drawn(length: Option<u64>, form: &str) -> Option<ProgressBar> {
    IS_SHOWN.then(|| {
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
        style(&bar, form);
        bar
    })
}

fn style(bar: &ProgressBar, form: &str) {
    // The forms stand in the program; one that did not parse would leave the default bar.
    if let Ok(style) = ProgressStyle::with_template(form) {
        bar.set_style(style);
    }
}
