//! The progress bar: on a terminal only, and on standard error.

use std::{
    fmt::Display,
    sync::atomic::{AtomicBool, Ordering},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub(crate) struct Bar {
    bar: ProgressBar,
    known: AtomicBool,
}

impl Bar {
    /// A bar for this file; it shows itself when there is something to show.
    pub(crate) fn new(what: &impl Display) -> Self {
        // Draws nothing where standard error is no terminal.
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_message(what.to_string());
        style(&bar, "{msg} {spinner} {bytes} {binary_bytes_per_sec}");
        Self {
            bar,
            known: AtomicBool::new(false),
        }
    }

    /// A bar that shows nothing.
    pub(crate) fn hidden() -> Self {
        Self {
            bar: ProgressBar::hidden(),
            known: AtomicBool::new(false),
        }
    }

    /// A bar that counts files.
    pub(crate) fn of_files(count: usize) -> Self {
        let draw = ProgressDrawTarget::stderr();
        let bar = ProgressBar::with_draw_target(Some(count as u64), draw);
        style(&bar, "{bar:24} {pos}/{len} files {eta}");
        Self {
            bar,
            known: AtomicBool::new(true),
        }
    }

    /// One more file is done with.
    pub(crate) fn one_more(&self) {
        self.bar.inc(1);
    }

    pub(crate) fn at(&self, position: u64, total: Option<u64>) {
        if let Some(total) = total
            && !self.known.swap(true, Ordering::Relaxed)
        {
            self.bar.set_length(total);
            let form = "{msg} {bar:24} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta}";
            style(&self.bar, form);
        }
        self.bar.set_position(position);
    }

    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

fn style(bar: &ProgressBar, form: &str) {
    // The forms stand in the program; one that did not parse would leave the default bar.
    if let Ok(style) = ProgressStyle::with_template(form) {
        bar.set_style(style);
    }
}
