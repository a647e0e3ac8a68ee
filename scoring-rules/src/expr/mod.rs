//! Expressions: parsed as CEL, checked against the catalogue once, then read straight from fact slots.

mod call;
mod eval;
mod guard;
mod lower;
mod node;

use std::collections::BTreeSet;

use serde::{Serialize, Serializer};

use crate::catalogue::Catalogue;
use crate::fact::{FactId, MAX_LIST};
pub(crate) use eval::{Note, Reader, Stop};
pub(crate) use guard::clauses;
use node::{Function, Lit, Node, Ty};

/// The longest expression that is read.
pub const MAX_EXPRESSION_BYTES: usize = 1_024;

/// One compiled expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    text: String,
    node: Node,
    facts: Vec<FactId>,
}

/// What names an expression may use.
pub(crate) struct Scope<'a> {
    pub(crate) catalogue: &'a Catalogue,
    /// Letters of the grades, best first.
    pub(crate) letters: &'a [String],
    /// What `tried` stands for.
    pub(crate) tried: f64,
    /// Groups of facts that come out of grading and may be named here: only where a grade is there already.
    pub(crate) results: &'static [&'static str],
}

/// What an expression must yield.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Bool,
    Number,
}

/// Why an expression was refused, and at which byte of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ExprError {
    pub(crate) at: usize,
    pub(crate) message: String,
    pub(crate) suggestion: Option<String>,
}

impl ExprError {
    pub(crate) fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), suggestion: None }
    }
}

/// A call `fresh(<fact>, <number>, <number>)` with constant bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FreshCall {
    pub(crate) fact: FactId,
    pub(crate) fresh_days: f64,
    pub(crate) expires_days: f64,
}

impl Expr {
    pub(crate) fn compile(text: &str, wanted: Wanted, scope: &Scope<'_>) -> Result<Self, ExprError> {
        if text.len() > MAX_EXPRESSION_BYTES {
            let message = format!(
                "the expression is {} bytes long; at most {MAX_EXPRESSION_BYTES} are read",
                text.len()
            );
            return Err(ExprError::new(0, message));
        }
        guard::check(text)?;
        let (node, ty) = lower::lower(text, scope)?;
        let (holds, expected) = match wanted {
            Wanted::Bool => (ty == Ty::Bool, "a bool"),
            Wanted::Number => (ty.is_number(), "a number from 0 to 1"),
        };
        if !holds {
            return Err(ExprError::new(
                0,
                format!("the expression must yield {expected}, but it yields {ty}"),
            ));
        }
        let mut facts = BTreeSet::new();
        node.walk(&mut |node| {
            if let Node::Fact(id) | Node::Has(id) = node {
                facts.insert(*id);
            }
        });
        Ok(Self { text: text.to_owned(), node, facts: facts.into_iter().collect() })
    }

    /// The expression as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The facts it may read, in slot order.
    pub fn facts(&self) -> &[FactId] {
        &self.facts
    }

    /// Whether the expression holds.
    pub(crate) fn holds<'a>(&'a self, reader: &mut Reader<'a>) -> Result<bool, Stop> {
        eval::truth(&self.node, reader)
    }

    /// The number the expression yields.
    pub(crate) fn number<'a>(&'a self, reader: &mut Reader<'a>) -> Result<f64, Stop> {
        eval::number(&self.node, reader)
    }

    /// All calls of `fresh` on a fact with constant bounds.
    pub(crate) fn fresh_calls(&self) -> Vec<FreshCall> {
        let mut calls = Vec::new();
        self.node.walk(&mut |node| {
            if let Node::Call(Function::Fresh, arguments) = node
                && let [Node::Fact(fact), Node::Lit(fresh), Node::Lit(expires)] = arguments.as_slice()
                && let (Some(fresh_days), Some(expires_days)) = (as_number(fresh), as_number(expires))
            {
                calls.push(FreshCall { fact: *fact, fresh_days, expires_days });
            }
        });
        calls
    }
}

impl Serialize for Expr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

fn as_number(lit: &Lit) -> Option<f64> {
    match lit {
        Lit::Int(number) => Some(*number as f64),
        Lit::Num(number) => Some(*number),
        Lit::Bool(_) | Lit::Text(_) => None,
    }
}

/// At most as many items as an evaluation may look at.
fn capped<T>(items: &[T]) -> &[T] {
    items.get(..MAX_LIST).unwrap_or(items)
}

#[cfg(test)]
mod tests;
