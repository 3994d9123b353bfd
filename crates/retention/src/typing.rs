//! Checks an expression against the columns before any customer is seen, and rewrites what CEL is needlessly strict about.
//!
//! Three rewrites: `row["any name"]` becomes a plain reference, `"name" in reasons` becomes one
//! yes or no (no list has to be made for it), and whole numbers in arithmetic become doubles (CEL refuses `tenure * 2` and takes `1 / 2` for 0;
//! every number of a table is a double, so nobody means that).

use std::collections::BTreeSet;

use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr, LiteralValue, SelectExpr, operators};
use cel::common::types::CelDouble;

use crate::binding::{REASON_PREFIX, ROW_PREFIX, Variable};
use crate::columns::{Column, ColumnKind, Columns};
use crate::nearest::find_nearest;

/// Type of a part of an expression; `Any` when only a row can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Bool,
    Int,
    Double,
    Text,
    TextList,
    Null,
    Any,
}

impl Type {
    pub(crate) fn is_number(self) -> bool {
        matches!(self, Type::Int | Type::Double)
    }

    /// For messages.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Type::Bool => "true or false",
            Type::Int | Type::Double => "a number",
            Type::Text => "text",
            Type::TextList => "a list of texts",
            Type::Null => "null",
            Type::Any => "anything",
        }
    }

    /// Whether two parts can ever be equal.
    fn meets(self, other: Type) -> bool {
        self == other
            || matches!(self, Type::Any | Type::Null)
            || matches!(other, Type::Any | Type::Null)
            || (self.is_number() && other.is_number())
    }
}

/// Walks one expression.
pub(crate) struct Checker<'a> {
    columns: &'a Columns,
    variables: &'a [Variable],
    /// Names bound by `exists`, `all` and their like, innermost last.
    scope: Vec<(String, Type)>,
    /// What is wrong, in words.
    pub(crate) faults: Vec<String>,
    /// Columns the expression reads.
    pub(crate) used_columns: BTreeSet<String>,
    /// Names it looks for among the reasons.
    pub(crate) sought_reasons: BTreeSet<String>,
    /// Whether it reads the list of reasons in any other way.
    pub(crate) uses_reasons: bool,
    /// Whether it reads a variable that is a figure, as the probability.
    pub(crate) uses_figures: bool,
}

impl<'a> Checker<'a> {
    pub(crate) fn new(columns: &'a Columns, variables: &'a [Variable]) -> Self {
        Checker {
            columns,
            variables,
            scope: Vec::new(),
            faults: Vec::new(),
            used_columns: BTreeSet::new(),
            sought_reasons: BTreeSet::new(),
            uses_reasons: false,
            uses_figures: false,
        }
    }

    /// Type of an expression; notes faults and rewrites on the way.
    pub(crate) fn check(&mut self, node: &mut IdedExpr) -> Type {
        if let Some(name) = find_row_reference(&node.expr) {
            let column_type = self.check_column(&name);
            node.expr = Expr::Ident(format!("{ROW_PREFIX}{name}"));
            return column_type;
        }
        if let Some(name) = self.find_sought_reason(&node.expr) {
            node.expr = Expr::Ident(format!("{REASON_PREFIX}{name}"));
            self.sought_reasons.insert(name);
            return Type::Bool;
        }
        match &mut node.expr {
            Expr::Literal(literal) => type_of_literal(literal),
            Expr::Ident(name) => self.check_name(&name.clone()),
            Expr::Call(call) => self.check_call(call),
            Expr::List(list) => {
                let types: Vec<Type> = list
                    .elements
                    .iter_mut()
                    .map(|item| self.check(item))
                    .collect();
                if types.iter().all(|item| *item == Type::Text) {
                    Type::TextList
                } else {
                    Type::Any
                }
            }
            Expr::Map(_) | Expr::Struct(_) => {
                self.faults
                    .push("maps have no use here; compare columns directly".to_owned());
                Type::Any
            }
            Expr::Select(select) => self.check_select(select),
            Expr::Comprehension(walk) => {
                let range = self.check(&mut walk.iter_range);
                let start = self.check(&mut walk.accu_init);
                let item = if range == Type::TextList {
                    Type::Text
                } else {
                    Type::Any
                };
                let depth = self.scope.len();
                self.scope.push((walk.iter_var.clone(), item));
                if let Some(second) = &walk.iter_var2 {
                    self.scope.push((second.clone(), Type::Any));
                }
                self.scope.push((walk.accu_var.clone(), start));
                self.check(&mut walk.loop_cond);
                self.check(&mut walk.loop_step);
                let result = self.check(&mut walk.result);
                self.scope.truncate(depth);
                result
            }
            Expr::Unspecified => Type::Any,
        }
    }

    fn check_name(&mut self, name: &str) -> Type {
        if let Some((_, bound)) = self.scope.iter().rev().find(|(bound, _)| bound == name) {
            return *bound;
        }
        if let Some(variable) = self
            .variables
            .iter()
            .find(|variable| variable.name() == name)
        {
            self.uses_reasons |= *variable == Variable::Reasons;
            self.uses_figures |= *variable != Variable::Reasons;
            return variable.type_of();
        }
        if name == "row" {
            let message = "row takes a column name in quotes, as in row[\"column name\"]";
            self.faults.push(message.to_owned());
            return Type::Any;
        }
        self.check_column(name)
    }

    fn check_column(&mut self, name: &str) -> Type {
        if let Some(column) = self.columns.find(name) {
            self.used_columns.insert(name.to_owned());
            return match column.kind {
                ColumnKind::Number => Type::Double,
                ColumnKind::Text => Type::Text,
            };
        }
        let own: Vec<&str> = self
            .variables
            .iter()
            .map(|variable| variable.name())
            .collect();
        self.faults.push(self.columns.describe_unknown(name, &own));
        Type::Any
    }

    fn check_select(&mut self, select: &mut SelectExpr) -> Type {
        self.check(&mut select.operand);
        let field = &select.field;
        self.faults.push(format!(
            "nothing here has a field {field:?}; a column whose name holds a dot is written row[\"name\"]"
        ));
        Type::Any
    }

    fn check_call(&mut self, call: &mut CallExpr) -> Type {
        let target = call.target.as_mut().map(|target| self.check(target));
        let types: Vec<Type> = call
            .args
            .iter_mut()
            .map(|argument| self.check(argument))
            .collect();
        match (call.func_name.as_str(), types.as_slice()) {
            (operators::EQUALS | operators::NOT_EQUALS, &[left, right]) => {
                if !left.meets(right) {
                    self.note_mismatch(left, right);
                }
                self.check_levels(&call.args);
                Type::Bool
            }
            (
                operators::LESS
                | operators::LESS_EQUALS
                | operators::GREATER
                | operators::GREATER_EQUALS,
                &[left, right],
            ) => {
                if !left.meets(right) || left == Type::TextList || right == Type::TextList {
                    self.note_mismatch(left, right);
                }
                Type::Bool
            }
            (operators::IN, &[item, list]) => {
                if list == Type::TextList && !item.meets(Type::Text) {
                    self.note_mismatch(item, Type::Text);
                }
                self.check_membership(&call.args);
                Type::Bool
            }
            (operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT, parts) => {
                for part in parts {
                    self.expect(
                        *part,
                        Type::Bool,
                        "both sides of &&, || and the operand of !",
                    );
                }
                Type::Bool
            }
            (operators::ADD, &[Type::Text, Type::Text]) => Type::Text,
            (
                operators::ADD
                | operators::SUBSTRACT
                | operators::MULTIPLY
                | operators::DIVIDE
                | operators::NEGATE,
                parts,
            ) => {
                for (argument, part) in call.args.iter_mut().zip(parts) {
                    self.expect(*part, Type::Double, "arithmetic");
                    if *part == Type::Int {
                        make_double(argument);
                    }
                }
                Type::Double
            }
            (operators::CONDITIONAL, &[condition, yes, no]) => {
                self.expect(condition, Type::Bool, "the condition before ?");
                merge(yes, no)
            }
            (operators::INDEX, &[Type::TextList, _]) => Type::Text,
            (operators::INDEX, &[Type::Any, _]) => Type::Any,
            (operators::NOT_STRICTLY_FALSE, _) => Type::Bool,
            (name, _) => self.check_function(name, target),
        }
    }

    fn check_function(&mut self, name: &str, target: Option<Type>) -> Type {
        const FUNCTIONS: [(&str, Type); 9] = [
            ("size", Type::Int),
            ("startsWith", Type::Bool),
            ("endsWith", Type::Bool),
            ("contains", Type::Bool),
            ("matches", Type::Bool),
            ("double", Type::Double),
            ("int", Type::Int),
            ("string", Type::Text),
            (operators::MODULO, Type::Int),
        ];
        if let Some((_, result)) = FUNCTIONS.iter().find(|(known, _)| *known == name) {
            if matches!(name, "startsWith" | "endsWith" | "contains" | "matches") {
                self.expect(target.unwrap_or(Type::Any), Type::Text, name);
            }
            return *result;
        }
        if name == operators::INDEX {
            let message = "only reasons and row can be indexed, as in reasons[0]";
            self.faults.push(message.to_owned());
            return Type::Any;
        }
        let known = FUNCTIONS
            .iter()
            .map(|(known, _)| *known)
            .filter(|known| !known.contains('_'));
        let hint = match find_nearest(name, known.clone()) {
            Some(nearest) => format!("did you mean {nearest:?}?"),
            None => format!("known are {}", known.collect::<Vec<_>>().join(", ")),
        };
        self.faults
            .push(format!("unknown function {name:?}; {hint}"));
        Type::Any
    }

    fn expect(&mut self, found: Type, expected: Type, place: &str) {
        let fits = found.meets(expected) && found != Type::Null;
        if !fits {
            self.faults.push(format!(
                "{place} takes {}, found {}",
                expected.words(),
                found.words()
            ));
        }
    }

    fn note_mismatch(&mut self, left: Type, right: Type) {
        self.faults.push(format!(
            "compares {} with {}; put quotes around text and none around numbers",
            left.words(),
            right.words()
        ));
    }

    /// A column compared with a text that is none of its levels would silently never match.
    fn check_levels(&mut self, sides: &[IdedExpr]) {
        let [left, right] = sides else { return };
        for (name_side, text_side) in [(left, right), (right, left)] {
            if let (Some((name, column)), Some(text)) =
                (self.find_column(name_side), text_of(text_side))
            {
                self.check_level(name, column, text);
            }
        }
    }

    fn check_membership(&mut self, sides: &[IdedExpr]) {
        let [item, list] = sides else { return };
        let is_reasons =
            matches!(&list.expr, Expr::Ident(name) if name == Variable::Reasons.name());
        if is_reasons
            && let Some(text) = text_of(item)
            && !self.columns.is_reason(text)
        {
            self.faults.push(format!(
                "reasons hold column names: {}",
                self.columns.describe_unknown(text, &[])
            ));
        }
        if let (Some((name, column)), Expr::List(list)) = (self.find_column(item), &list.expr) {
            for text in list.elements.iter().filter_map(text_of) {
                self.check_level(name, column, text);
            }
        }
    }

    fn check_level(&mut self, name: &str, column: &Column, text: &str) {
        if column.levels.is_empty() || column.levels.iter().any(|level| level == text) {
            return;
        }
        let hint = match find_nearest(text, column.levels.iter().map(String::as_str)) {
            Some(nearest) => format!("did you mean {nearest:?}?"),
            None => format!("its levels are {}", column.levels.join(", ")),
        };
        self.faults
            .push(format!("column {name:?} never is {text:?}; {hint}"));
    }

    /// The name in `"name" in reasons`, if it can be a reason.
    fn find_sought_reason(&self, expr: &Expr) -> Option<String> {
        let Expr::Call(call) = expr else { return None };
        let [item, list] = call.args.as_slice() else {
            return None;
        };
        let reasons = Variable::Reasons.name();
        let is_shadowed = self.scope.iter().any(|(bound, _)| bound == reasons);
        let is_reasons = matches!(&list.expr, Expr::Ident(name) if name == reasons);
        if call.func_name != operators::IN || is_shadowed || !is_reasons {
            return None;
        }
        let name = text_of(item)?;
        self.columns.is_reason(name).then(|| name.to_owned())
    }

    fn find_column<'n>(&self, node: &'n IdedExpr) -> Option<(&'n str, &'a Column)> {
        let Expr::Ident(name) = &node.expr else {
            return None;
        };
        let name = name.strip_prefix(ROW_PREFIX).unwrap_or(name);
        self.columns.find(name).map(|column| (name, column))
    }
}

/// The column named by `row["name"]` or `row.name`.
fn find_row_reference(expr: &Expr) -> Option<String> {
    let is_row = |node: &IdedExpr| matches!(&node.expr, Expr::Ident(name) if name == "row");
    match expr {
        Expr::Call(call) if call.func_name == operators::INDEX => match call.args.as_slice() {
            [row, name] if is_row(row) => text_of(name).map(str::to_owned),
            _ => None,
        },
        Expr::Select(select) if !select.test && is_row(&select.operand) => {
            Some(select.field.clone())
        }
        _ => None,
    }
}

fn text_of(node: &IdedExpr) -> Option<&str> {
    match &node.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}

fn type_of_literal(literal: &LiteralValue) -> Type {
    match literal {
        LiteralValue::Boolean(_) => Type::Bool,
        LiteralValue::Int(_) | LiteralValue::UInt(_) => Type::Int,
        LiteralValue::Double(_) => Type::Double,
        LiteralValue::String(_) => Type::Text,
        LiteralValue::Null => Type::Null,
        LiteralValue::Bytes(_) => Type::Any,
    }
}

fn merge(yes: Type, no: Type) -> Type {
    if yes == no {
        yes
    } else if yes.is_number() && no.is_number() {
        Type::Double
    } else {
        Type::Any
    }
}

/// Turns a whole-number part into a double: a literal in place, anything else through `double(...)`.
#[expect(
    clippy::cast_precision_loss,
    reason = "literals of a rule are far below 2^53"
)]
fn make_double(node: &mut IdedExpr) {
    let literal = match &node.expr {
        Expr::Literal(LiteralValue::Int(number)) => Some(*number.inner() as f64),
        Expr::Literal(LiteralValue::UInt(number)) => Some(*number.inner() as f64),
        _ => None,
    };
    node.expr = match literal {
        Some(number) => Expr::Literal(LiteralValue::Double(CelDouble::from(number))),
        None => {
            let inner = std::mem::take(&mut node.expr);
            Expr::Call(CallExpr {
                func_name: "double".to_owned(),
                target: None,
                args: vec![IdedExpr {
                    id: node.id,
                    expr: inner,
                }],
            })
        }
    };
}
