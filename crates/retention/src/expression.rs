//! A CEL expression, checked once and evaluated for every customer.

use std::collections::BTreeSet;
use std::sync::Arc;

use cel::common::ast::{Expr, LiteralValue};
use cel::common::types::{CelBool, CelDouble, CelInt};
use cel::context::VariableResolver;
use cel::{Context, Env, ExecutionError, IdedExpr};

use crate::binding::Variable;
use crate::columns::Columns;
use crate::typing::{Checker, Type};

/// Longest expression taken, in bytes; deeper nesting than this allows would exhaust the parser's stack.
const MAX_LENGTH: usize = 4096;

/// What an expression must give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Bool,
    /// As `Bool`, of what is known before anything is recommended.
    Segment,
    Number,
}

/// A checked expression.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    root: IdedExpr,
    pub(crate) columns: BTreeSet<String>,
    /// Names it looks for among the reasons.
    pub(crate) sought_reasons: BTreeSet<String>,
    /// Whether it reads the list of reasons in any other way.
    pub(crate) uses_reasons: bool,
    /// Whether it reads a figure, as the probability, which is another for nearly every customer.
    pub(crate) uses_figures: bool,
}

impl Expression {
    /// Parses and checks.
    ///
    /// # Errors
    /// Every fault found, in words; never an empty list.
    pub(crate) fn parse(
        source: &str,
        wanted: Wanted,
        env: &Env,
        columns: &Columns,
    ) -> Result<Self, Vec<String>> {
        if source.len() > MAX_LENGTH {
            return Err(vec![format!(
                "expected at most {MAX_LENGTH} bytes of expression, found {}",
                source.len()
            )]);
        }
        let mut root = env.parser().parse(source).map_err(|errors| {
            errors
                .errors
                .iter()
                .map(|error| {
                    let (line, column) = error.pos;
                    // The parser goes on with a list of every token it would have taken.
                    let fault = error.msg.split(" expecting {").next().unwrap_or_default();
                    format!(
                        "not a CEL expression, at line {line}, column {column} of {source:?}: {}",
                        fault
                    )
                })
                .collect::<Vec<_>>()
        })?;
        let variables: &[Variable] = match wanted {
            Wanted::Bool => &Variable::FOR_ELIGIBLE,
            Wanted::Segment => &Variable::FOR_SEGMENT,
            Wanted::Number => &Variable::FOR_PRIORITY,
        };
        let mut checker = Checker::new(columns, variables);
        let found = checker.check(&mut root);
        let fits = match wanted {
            Wanted::Bool | Wanted::Segment => matches!(found, Type::Bool | Type::Any),
            Wanted::Number => found.is_number() || found == Type::Any,
        };
        if !fits {
            let expected = if wanted == Wanted::Number {
                "a number"
            } else {
                "true or false"
            };
            checker
                .faults
                .push(format!("must give {expected}, gives {}", found.words()));
        }
        if checker.faults.is_empty() {
            Ok(Expression {
                root,
                columns: checker.used_columns,
                sought_reasons: checker.sought_reasons,
                uses_reasons: checker.uses_reasons,
                uses_figures: checker.uses_figures,
            })
        } else {
            Err(checker.faults)
        }
    }

    /// Whether this is just `true`.
    pub(crate) fn is_always_true(&self) -> bool {
        matches!(&self.root.expr, Expr::Literal(LiteralValue::Boolean(flag)) if *flag.inner())
    }

    /// Whether customers with the same columns and sought reasons get the same answer.
    pub(crate) fn is_repeatable(&self) -> bool {
        !self.uses_reasons && !self.uses_figures
    }

    /// Evaluates to true or false.
    ///
    /// # Errors
    /// What went wrong for this customer, in words.
    pub(crate) fn evaluate_bool(&self, context: &Context<'_, '_>) -> Result<bool, String> {
        let value = self.evaluate(context)?;
        match value.downcast_ref::<CelBool>() {
            Some(flag) => Ok(*flag.inner()),
            None => Err(format!(
                "must give true or false, gave {}",
                value.get_type().name()
            )),
        }
    }

    /// Evaluates to a finite number.
    ///
    /// # Errors
    /// What went wrong for this customer, in words.
    #[expect(
        clippy::cast_precision_loss,
        reason = "an order of offers does not hang on the 16th digit"
    )]
    pub(crate) fn evaluate_number(&self, context: &Context<'_, '_>) -> Result<f64, String> {
        let value = self.evaluate(context)?;
        let number = match (
            value.downcast_ref::<CelDouble>(),
            value.downcast_ref::<CelInt>(),
        ) {
            (Some(number), _) => *number.inner(),
            (None, Some(number)) => *number.inner() as f64,
            (None, None) => {
                return Err(format!(
                    "must give a number, gave {}",
                    value.get_type().name()
                ));
            }
        };
        if number.is_finite() {
            Ok(number)
        } else {
            Err(format!("must give a finite number, gave {number}"))
        }
    }

    fn evaluate<'e, 'v>(
        &'e self,
        context: &'e Context<'_, 'v>,
    ) -> Result<cel::common::value::CowVal<'e, 'v>, String> {
        cel::Value::resolve_val(&self.root, context).map_err(|error| describe_fault(&error))
    }
}

/// A context that shares the function table and reads names from `resolver`.
pub(crate) fn build_context<'v>(
    env: &Arc<Env>,
    resolver: &'v dyn VariableResolver,
) -> Context<'v, 'v> {
    let mut context = Context::with_env(Arc::clone(env));
    context.set_variable_resolver(resolver);
    context
}

/// Names the usual cause first: a value that is missing.
fn describe_fault(error: &ExecutionError) -> String {
    let text = error.to_string();
    if text.contains("null") || text.contains("Null") {
        format!(
            "a value it needs is missing ({text}); guard it, as in `tenure != null && tenure < 12`"
        )
    } else {
        text
    }
}
