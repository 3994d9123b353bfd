//! Learning from the outside: leaks planted, runs repeated, searches resumed.

mod leaks;
mod runs;
mod sample;
