//! From CEL text to the checked tree: names become slots, every type is known, errors know their place.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cel::common::ast::operators as op;
use cel::common::ast::{CallExpr, ComprehensionExpr, Expr as Ast, IdedExpr, LiteralValue, SourceInfo};
use cel::parser::Parser;

use super::call;
use super::node::{Compare, Lit, Math, Node, Quantifier, Ty};
use super::{ExprError, Scope};
use crate::catalogue::RESULTS;
use crate::error::nearest;
use crate::fact::{FactId, FactType};

/// Deeper trees are refused, so that no walk over one can exhaust the stack.
const MAX_DEPTH: usize = 64;
/// Names that are not facts.
pub(super) const NAMES: [&str; 9] =
    ["fresh", "share", "scale", "rank", "tried", "has", "size", "double", "int"];

pub(super) type Typed = (Node, Ty);

/// Lowers one expression.
pub(super) struct Lower<'a> {
    pub(super) scope: &'a Scope<'a>,
    source: SourceInfo,
    /// The variable of the quantifier around, with its type.
    element: Option<(String, Ty)>,
    depth: usize,
}

pub(super) fn lower(text: &str, scope: &Scope<'_>) -> Result<Typed, ExprError> {
    // The parser is not ours: whatever it does with odd input, it may only cost this one expression.
    let parsed = catch_unwind(AssertUnwindSafe(|| Parser::new().parse_with_source_info(text)));
    let (ast, source) = match parsed {
        Ok(Ok(parsed)) => parsed,
        Ok(Err(errors)) => return Err(syntax_error(text, &errors)),
        Err(_) => return Err(ExprError::new(0, "this is not an expression that can be read")),
    };
    Lower { scope, source, element: None, depth: 0 }.node(&ast)
}

fn syntax_error(text: &str, errors: &cel::ParseErrors) -> ExprError {
    let Some(first) = errors.errors.first() else {
        return ExprError::new(0, "this is not an expression that can be read");
    };
    let (line, column) = (usize::try_from(first.pos.0), usize::try_from(first.pos.1));
    let line_start: usize =
        text.split_inclusive('\n').take(line.unwrap_or(1).saturating_sub(1)).map(str::len).sum();
    let at = (line_start + column.unwrap_or(1).saturating_sub(1)).min(text.len());
    let detail = first.msg.lines().next().unwrap_or_default().trim_start_matches("Syntax error: ");
    ExprError::new(at, format!("the expression cannot be read: {detail}"))
}

impl Lower<'_> {
    pub(super) fn at(&self, node: &IdedExpr) -> usize {
        // A selection is placed at its dot; its name begins further left.
        let mut node = node;
        while let Ast::Select(select) = &node.expr {
            node = &select.operand;
        }
        let start = self.source.offset_for(node.id).map_or(0, |(start, _)| start as usize);
        match &node.expr {
            // A call is placed at its bracket; its name stands before.
            Ast::Call(call) => self
                .source
                .source
                .get(..start)
                .and_then(|before| before.trim_end().strip_suffix(call.func_name.as_str()))
                .map_or(start, str::len),
            _ => start,
        }
    }

    pub(super) fn error<T>(&self, node: &IdedExpr, message: impl Into<String>) -> Result<T, ExprError> {
        Err(ExprError::new(self.at(node), message))
    }

    pub(super) fn node(&mut self, node: &IdedExpr) -> Result<Typed, ExprError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.error(node, format!("the expression is nested deeper than {MAX_DEPTH} levels"));
        }
        let typed = match &node.expr {
            Ast::Literal(literal) => self.literal(node, literal),
            Ast::Ident(name) => self.ident(node, name),
            Ast::Select(select) => {
                let id = self.fact(node)?;
                if select.test {
                    Ok((Node::Has(id), Ty::Bool))
                } else {
                    Ok((Node::Fact(id), type_of(self.scope.catalogue.spec(id).kind)))
                }
            }
            Ast::List(list) => self.list(node, &list.elements),
            Ast::Call(call) => self.operator(node, call),
            Ast::Comprehension(each) => self.quantifier(node, each),
            Ast::Map(_) | Ast::Struct(_) => self.error(node, "maps are not available in rules"),
            Ast::Unspecified => self.error(node, "the expression is empty"),
        };
        self.depth -= 1;
        typed
    }

    fn literal(&self, node: &IdedExpr, literal: &LiteralValue) -> Result<Typed, ExprError> {
        let (lit, ty) = match literal {
            LiteralValue::Boolean(value) => (Lit::Bool(*value.inner()), Ty::Bool),
            LiteralValue::Int(value) => (Lit::Int(*value.inner()), Ty::Int),
            LiteralValue::UInt(value) => match i64::try_from(*value.inner()) {
                Ok(number) => (Lit::Int(number), Ty::Int),
                Err(_) => return self.error(node, "this number is too large"),
            },
            LiteralValue::Double(value) if value.inner().is_finite() => (Lit::Num(*value.inner()), Ty::Num),
            LiteralValue::Double(_) => return self.error(node, "this number is too large"),
            LiteralValue::String(value) => (Lit::Text(value.inner().to_owned()), Ty::Text),
            LiteralValue::Bytes(_) => return self.error(node, "bytes are not available in rules"),
            LiteralValue::Null => {
                return self.error(node, "`null` is not available in rules; write has(group.fact)");
            }
        };
        Ok((Node::Lit(lit), ty))
    }

    fn ident(&self, node: &IdedExpr, name: &str) -> Result<Typed, ExprError> {
        if let Some((variable, ty)) = &self.element
            && variable == name
        {
            return Ok((Node::Element, *ty));
        }
        if name == "tried" {
            return Ok((Node::Lit(Lit::Num(self.scope.tried)), Ty::Num));
        }
        if self.scope.catalogue.has_group(name) {
            return self.error(node, format!("`{name}` is a group of facts: name one fact of it"));
        }
        let suggestion = nearest(name, NAMES.into_iter()).map(str::to_owned);
        Err(ExprError { at: self.at(node), message: format!("unknown name `{name}`"), suggestion })
    }

    /// The fact that a dotted path names.
    fn fact(&self, node: &IdedExpr) -> Result<FactId, ExprError> {
        let Some(path) = dotted(node) else {
            return self.error(node, "only facts have parts: write `group.fact`");
        };
        let Some(id) = self.scope.catalogue.id(&path) else {
            let suggestion = self.scope.catalogue.nearest(&path).map(str::to_owned);
            return Err(ExprError {
                at: self.at(node),
                message: format!("unknown fact `{path}`"),
                suggestion,
            });
        };
        let group = path.split('.').next().unwrap_or_default();
        if RESULTS.contains(&group) && !self.scope.results.contains(&group) {
            let who = if group == "grade" {
                "so a rule cannot read it; policies, certificates and badges may"
            } else {
                "so neither rules nor policies can read it; certificates and badges may"
            };
            return self.error(node, format!("`{path}` is the result of grading, {who}"));
        }
        Ok(id)
    }

    fn list(&mut self, node: &IdedExpr, elements: &[IdedExpr]) -> Result<Typed, ExprError> {
        let mut items = Vec::with_capacity(elements.len());
        let mut list = Ty::Empty;
        for element in elements {
            let (Node::Lit(lit), ty) = self.node(element)? else {
                return self.error(element, "a list may hold only constants");
            };
            let of = if ty.is_number() { Ty::Numbers } else { Ty::Texts };
            if ty == Ty::Bool || (list != Ty::Empty && list != of) {
                return self.error(node, "a list holds either only text or only numbers");
            }
            list = of;
            items.push(lit);
        }
        Ok((Node::List(items), list))
    }

    fn operator(&mut self, node: &IdedExpr, call: &CallExpr) -> Result<Typed, ExprError> {
        match (call.func_name.as_str(), call.args.as_slice()) {
            (op::CONDITIONAL, [condition, yes, no]) => self.conditional(node, condition, yes, no),
            (op::LOGICAL_AND, [left, right]) => {
                Ok((Node::And(Box::new((self.bool(left)?, self.bool(right)?))), Ty::Bool))
            }
            (op::LOGICAL_OR, [left, right]) => {
                Ok((Node::Or(Box::new((self.bool(left)?, self.bool(right)?))), Ty::Bool))
            }
            (op::LOGICAL_NOT, [inner]) => Ok((Node::Not(Box::new(self.bool(inner)?)), Ty::Bool)),
            (op::NEGATE, [inner]) => {
                let (inner, ty) = self.number(inner)?;
                Ok((Node::Negate(Box::new(inner)), ty))
            }
            (op::IN, [item, list]) => self.membership(node, item, list),
            (name, [left, right]) => {
                if let Some(how) = comparison(name) {
                    self.compare(node, how, left, right)
                } else if let Some(how) = arithmetic(name) {
                    self.math(node, how, left, right)
                } else {
                    call::lower(self, node, call)
                }
            }
            _ => call::lower(self, node, call),
        }
    }

    fn conditional(
        &mut self,
        node: &IdedExpr,
        condition: &IdedExpr,
        yes: &IdedExpr,
        no: &IdedExpr,
    ) -> Result<Typed, ExprError> {
        let condition = self.bool(condition)?;
        let (yes, yes_ty) = self.node(yes)?;
        let (no, no_ty) = self.node(no)?;
        let Some(ty) = yes_ty.join(no_ty) else {
            return self.error(node, format!("`? :` yields {yes_ty} on one side and {no_ty} on the other"));
        };
        Ok((Node::If(Box::new((condition, yes, no))), ty))
    }

    fn compare(
        &mut self,
        node: &IdedExpr,
        how: Compare,
        left: &IdedExpr,
        right: &IdedExpr,
    ) -> Result<Typed, ExprError> {
        let (left_node, left_ty) = self.node(left)?;
        let (right_node, right_ty) = self.node(right)?;
        if left_ty.join(right_ty).is_none() || left_ty.is_list() {
            return self.error(node, format!("{left_ty} cannot be compared with {right_ty}"));
        }
        self.check_choice(&left_node, &right_node, right)?;
        self.check_choice(&right_node, &left_node, left)?;
        Ok((Node::Compare(how, Box::new((left_node, right_node))), Ty::Bool))
    }

    /// Text compared with a fact of fixed choices must be one of them.
    fn check_choice(&self, fact: &Node, other: &Node, at: &IdedExpr) -> Result<(), ExprError> {
        let Node::Fact(id) = fact else { return Ok(()) };
        let spec = self.scope.catalogue.spec(*id);
        let written = match other {
            Node::Lit(lit) => std::slice::from_ref(lit),
            Node::List(items) => items.as_slice(),
            _ => return Ok(()),
        };
        for lit in written {
            if let Lit::Text(text) = lit
                && !spec.choices.is_empty()
                && !spec.choices.contains(text)
            {
                let message =
                    format!("`{}` is never \"{text}\"; it is one of {}", spec.name, spec.choices.join(", "));
                let suggestion = nearest(text, spec.choices.iter().map(String::as_str)).map(str::to_owned);
                return Err(ExprError { at: self.at(at), message, suggestion });
            }
        }
        Ok(())
    }

    fn math(
        &mut self,
        node: &IdedExpr,
        how: Math,
        left: &IdedExpr,
        right: &IdedExpr,
    ) -> Result<Typed, ExprError> {
        let (left, left_ty) = self.number(left)?;
        let (right, right_ty) = self.number(right)?;
        let whole = left_ty == Ty::Int && right_ty == Ty::Int;
        if how == Math::Remainder && !whole {
            return self.error(node, "`%` needs whole numbers on both sides");
        }
        let ty = if whole && how != Math::Divide { Ty::Int } else { Ty::Num };
        Ok((Node::Math(how, Box::new((left, right))), ty))
    }

    fn membership(&mut self, node: &IdedExpr, item: &IdedExpr, list: &IdedExpr) -> Result<Typed, ExprError> {
        let (item_node, item_ty) = self.node(item)?;
        let (list_node, list_ty) = self.node(list)?;
        if !list_ty.is_list() {
            return self.error(list, format!("`in` looks into a list, and this is {list_ty}"));
        }
        if list_ty != Ty::Empty && list_ty.element().join(item_ty).is_none() {
            return self.error(node, format!("{list_ty} never holds {item_ty}"));
        }
        self.check_choice(&item_node, &list_node, list)?;
        Ok((Node::In(Box::new((item_node, list_node))), Ty::Bool))
    }

    /// `list.exists(x, ..)`, `all` and `exists_one`, which the parser writes as loops.
    fn quantifier(&mut self, node: &IdedExpr, each: &ComprehensionExpr) -> Result<Typed, ExprError> {
        let how = match &each.accu_init.expr {
            Ast::Literal(LiteralValue::Boolean(value)) if *value.inner() => Some(Quantifier::All),
            Ast::Literal(LiteralValue::Boolean(_)) => Some(Quantifier::Exists),
            Ast::Literal(LiteralValue::Int(_)) => Some(Quantifier::ExistsOne),
            _ => None,
        };
        let body = match (&each.loop_step.expr, how) {
            (Ast::Call(step), Some(Quantifier::ExistsOne)) => step.args.first(),
            (Ast::Call(step), Some(_)) => step.args.get(1),
            _ => None,
        };
        let (Some(how), Some(body)) = (how, body) else {
            return self.error(node, "of the list macros, rules know exists, exists_one and all");
        };
        if self.element.is_some() {
            return self.error(node, "one list macro cannot stand inside another");
        }
        let (list, list_ty) = self.node(&each.iter_range)?;
        if !list_ty.is_list() {
            return self.error(&each.iter_range, format!("this needs a list, and it is {list_ty}"));
        }
        self.element = Some((each.iter_var.clone(), list_ty.element()));
        let body = self.bool(body);
        self.element = None;
        Ok((Node::Each(how, Box::new((list, body?))), Ty::Bool))
    }

    fn bool(&mut self, node: &IdedExpr) -> Result<Node, ExprError> {
        match self.node(node)? {
            (lowered, Ty::Bool) => Ok(lowered),
            (_, ty) => self.error(node, format!("a bool is needed here, and this is {ty}")),
        }
    }

    pub(super) fn number(&mut self, node: &IdedExpr) -> Result<Typed, ExprError> {
        match self.node(node)? {
            (lowered, ty) if ty.is_number() => Ok((lowered, ty)),
            (_, ty) => self.error(node, format!("a number is needed here, and this is {ty}")),
        }
    }
}

fn dotted(node: &IdedExpr) -> Option<String> {
    match &node.expr {
        Ast::Ident(name) => Some(name.clone()),
        Ast::Select(select) => Some(format!("{}.{}", dotted(&select.operand)?, select.field)),
        _ => None,
    }
}

fn type_of(kind: FactType) -> Ty {
    match kind {
        FactType::Bool => Ty::Bool,
        FactType::Int => Ty::Int,
        FactType::Number => Ty::Num,
        FactType::Text => Ty::Text,
        FactType::List => Ty::Texts,
    }
}

fn comparison(name: &str) -> Option<Compare> {
    Some(match name {
        op::EQUALS => Compare::Equal,
        op::NOT_EQUALS => Compare::Differ,
        op::LESS => Compare::Less,
        op::LESS_EQUALS => Compare::LessEqual,
        op::GREATER => Compare::Greater,
        op::GREATER_EQUALS => Compare::GreaterEqual,
        _ => return None,
    })
}

fn arithmetic(name: &str) -> Option<Math> {
    Some(match name {
        op::ADD => Math::Add,
        op::SUBSTRACT => Math::Subtract,
        op::MULTIPLY => Math::Multiply,
        op::DIVIDE => Math::Divide,
        op::MODULO => Math::Remainder,
        _ => return None,
    })
}
