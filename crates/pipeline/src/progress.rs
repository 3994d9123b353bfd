//! Telling somebody how far a long use case is.

/// Receives progress. Called from several threads; must not block for long.
pub trait Progress: Sync {
    /// A step begins that has `n_parts` parts.
    fn begin(&self, step: &str, n_parts: u64);
    /// One part of the current step is done.
    fn advance(&self);
    /// Something worth knowing about the current step.
    fn tell(&self, _note: &str) {}
    /// The current step is over.
    fn end(&self);
    /// Whether the work should end early; asked between parts. False by default.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _step: &str, _n_parts: u64) {}
    fn advance(&self) {}
    fn end(&self) {}
}
