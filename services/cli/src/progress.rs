//! Progress bars on stderr.

use std::sync::Mutex;

use churn_pipeline::Progress;
use indicatif::{ProgressBar, ProgressStyle};

use crate::ui::Ui;

/// Shows steps as bars when someone is watching, as plain lines otherwise.
pub(crate) struct Bars {
    watched: bool,
    current: Mutex<Option<ProgressBar>>,
}

impl Bars {
    pub(crate) fn new(ui: &Ui) -> Self {
        Self {
            watched: ui.shows_progress(),
            current: Mutex::new(None),
        }
    }

    fn with(&self, act: impl FnOnce(&mut Option<ProgressBar>)) {
        if let Ok(mut current) = self.current.lock() {
            act(&mut current);
        }
    }
}

impl Progress for Bars {
    fn begin(&self, step: &str, n_parts: u64) {
        if !self.watched {
            return;
        }
        let bar = if n_parts == 0 {
            ProgressBar::new_spinner()
        } else {
            ProgressBar::new(n_parts)
        };
        let template = if n_parts == 0 {
            "  {spinner} {msg} {elapsed}"
        } else {
            "  {msg:<22} {bar:28} {pos}/{len}  {elapsed} gone, {eta} left  {prefix}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(step.to_owned());
        bar.tick();
        self.with(|current| *current = Some(bar));
    }

    fn advance(&self) {
        self.with(|current| {
            if let Some(bar) = current {
                bar.inc(1);
            }
        });
    }

    fn tell(&self, note: &str) {
        self.with(|current| {
            if let Some(bar) = current {
                bar.set_prefix(note.to_owned());
            }
        });
    }

    fn end(&self) {
        self.with(|current| {
            if let Some(bar) = current.take() {
                bar.finish_and_clear();
            }
        });
    }
}
