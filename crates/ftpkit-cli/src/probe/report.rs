//! What a probe found, a line or an object for each step, in the order of the steps.

use std::io;

use ftpkit::proto::Text;

use crate::{
    json::Object,
    output::{self, Reader},
};

/// What became of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The server does or has it.
    Yes,
    /// It does not, by its own word.
    No,
    /// It cannot be told.
    Unknown,
    /// The step did not come to its end.
    Failed,
    /// The step was left out.
    Skipped,
}

impl Outcome {
    const fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    pub(super) const fn of(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

/// One step.
pub(super) struct Finding {
    name: &'static str,
    outcome: Outcome,
    text: String,
    details: Object,
}

impl Finding {
    pub(super) fn new(name: &'static str, outcome: Outcome, text: impl Into<String>) -> Self {
        Self {
            name,
            outcome,
            text: text.into(),
            details: Object::default(),
        }
    }

    #[cfg(test)]
    pub(super) const fn outcome(&self) -> Outcome {
        self.outcome
    }

    #[cfg(test)]
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// With fields for programs.
    pub(super) fn with(mut self, put: impl FnOnce(&mut Object)) -> Self {
        put(&mut self.details);
        self
    }
}

/// The findings; people see each as it is made.
pub(super) struct Report {
    object: Option<Object>,
    reader: Reader,
}

impl Report {
    pub(super) fn new(json: bool) -> Self {
        Self {
            object: json.then(Object::default),
            reader: Reader::Listens,
        }
    }

    pub(super) fn add(&mut self, finding: Finding) -> anyhow::Result<()> {
        let Finding {
            name,
            outcome,
            text,
            details,
        } = finding;
        let Some(object) = &mut self.object else {
            // What a server says must not rewrite the terminal.
            let text = Text::sanitized(&text);
            let line = format!("{name:<19} {:<7} {text}", outcome.word());
            return self.print(&format!("{}\n", line.trim_end()));
        };
        let mut step = Object::default();
        step.text("result", outcome.word());
        if !text.is_empty() {
            step.text("text", &text);
        }
        step.append(details);
        object.object(name, step);
        Ok(())
    }

    /// Prints what was not printed yet.
    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        match self.object.take() {
            Some(object) => self.print(&object.line()),
            None => Ok(()),
        }
    }

    fn print(&mut self, text: &str) -> anyhow::Result<()> {
        if self.reader == Reader::Listens {
            self.reader = output::put(&mut io::stdout().lock(), text.as_bytes(), true)?;
        }
        Ok(())
    }
}
