//! Use cases that learn: validate, train, select, register.
