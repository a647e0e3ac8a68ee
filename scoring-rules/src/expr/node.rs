//! An expression as a tree over slots: what is left once names and types are checked.

use std::fmt;

use crate::fact::FactId;

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Lit {
    Bool(bool),
    Int(i64),
    Num(f64),
    Text(String),
}

/// What an expression yields, as far as it is known before any fact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ty {
    Bool,
    Int,
    Num,
    Text,
    Texts,
    Numbers,
    Empty,
}

impl Ty {
    pub(crate) fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Num)
    }

    pub(crate) fn is_list(self) -> bool {
        matches!(self, Self::Texts | Self::Numbers | Self::Empty)
    }

    /// The type of the elements of a list; an empty list may hold either.
    pub(crate) fn element(self) -> Self {
        if self == Self::Numbers { Self::Num } else { Self::Text }
    }

    /// The type of a value that is of either type, if there is one.
    pub(crate) fn join(self, other: Self) -> Option<Self> {
        if self == other {
            Some(self)
        } else if self.is_number() && other.is_number() {
            Some(Self::Num)
        } else {
            None
        }
    }
}

impl fmt::Display for Ty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "a bool",
            Self::Int => "a whole number",
            Self::Num => "a number",
            Self::Text => "a text",
            Self::Texts => "a list of text",
            Self::Numbers => "a list of numbers",
            Self::Empty => "an empty list",
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compare {
    Equal,
    Differ,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Math {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantifier {
    Exists,
    All,
    ExistsOne,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Fresh,
    Share,
    Scale,
    Size,
    ToNum,
    ToInt,
    StartsWith,
    EndsWith,
    Contains,
}

/// One node of the tree.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Lit(Lit),
    List(Vec<Lit>),
    Fact(FactId),
    Has(FactId),
    /// The element a quantifier is looking at.
    Element,
    Not(Box<Node>),
    Negate(Box<Node>),
    And(Box<(Node, Node)>),
    Or(Box<(Node, Node)>),
    If(Box<(Node, Node, Node)>),
    Compare(Compare, Box<(Node, Node)>),
    Math(Math, Box<(Node, Node)>),
    In(Box<(Node, Node)>),
    Each(Quantifier, Box<(Node, Node)>),
    Call(Function, Vec<Node>),
}

impl Node {
    /// Visits this node and all below it, outermost first.
    pub(crate) fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Node)) {
        visit(self);
        match self {
            Self::Lit(_) | Self::List(_) | Self::Fact(_) | Self::Has(_) | Self::Element => {}
            Self::Not(inner) | Self::Negate(inner) => inner.walk(visit),
            Self::And(pair)
            | Self::Or(pair)
            | Self::Compare(_, pair)
            | Self::Math(_, pair)
            | Self::In(pair)
            | Self::Each(_, pair) => {
                pair.0.walk(visit);
                pair.1.walk(visit);
            }
            Self::If(parts) => {
                parts.0.walk(visit);
                parts.1.walk(visit);
                parts.2.walk(visit);
            }
            Self::Call(_, arguments) => arguments.iter().for_each(|argument| argument.walk(visit)),
        }
    }
}
