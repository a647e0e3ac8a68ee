//! Function calls: which there are, what each takes, and what its constants must satisfy.

use cel::common::ast::{CallExpr, Expr as Ast, IdedExpr, LiteralValue};

use super::ExprError;
use super::eval::constant;
use super::lower::{Lower, NAMES, Typed};
use super::node::{Function, Lit, Node, Ty};
use crate::error::nearest;

pub(super) fn lower(to: &mut Lower<'_>, node: &IdedExpr, call: &CallExpr) -> Result<Typed, ExprError> {
    let arguments: Vec<&IdedExpr> = call.target.as_deref().into_iter().chain(&call.args).collect();
    let method = call.target.is_some();
    match (call.func_name.as_str(), method) {
        ("fresh", false) => fresh(to, node, &arguments),
        ("share", false) => {
            let nodes = numbers(to, node, "share(part, whole)", &arguments, 2)?;
            Ok((Node::Call(Function::Share, nodes), Ty::Num))
        }
        ("scale", false) => scale(to, node, &arguments),
        ("rank", false) => rank(to, node, &arguments),
        ("double", false) => {
            let nodes = numbers(to, node, "double(x)", &arguments, 1)?;
            Ok((Node::Call(Function::ToNum, nodes), Ty::Num))
        }
        ("int", false) => {
            let nodes = numbers(to, node, "int(x)", &arguments, 1)?;
            Ok((Node::Call(Function::ToInt, nodes), Ty::Int))
        }
        ("size", _) => size(to, node, &arguments),
        ("startsWith", true) => texts(to, node, Function::StartsWith, &arguments),
        ("endsWith", true) => texts(to, node, Function::EndsWith, &arguments),
        ("contains", true) => texts(to, node, Function::Contains, &arguments),
        (name, _) => {
            let named = name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
            if !named {
                return to.error(
                    node,
                    format!("the operator `{}` is not available in rules", name.replace('_', "")),
                );
            }
            let at = to.at(node);
            let suggestion = nearest(name, NAMES.into_iter()).map(str::to_owned);
            Err(ExprError { at, message: format!("unknown function `{name}`"), suggestion })
        }
    }
}

fn expect(
    to: &Lower<'_>,
    node: &IdedExpr,
    form: &str,
    arguments: &[&IdedExpr],
    wanted: usize,
) -> Result<(), ExprError> {
    if arguments.len() == wanted {
        return Ok(());
    }
    to.error(node, format!("{form} takes {wanted} arguments, and {} are given", arguments.len()))
}

fn numbers(
    to: &mut Lower<'_>,
    node: &IdedExpr,
    form: &str,
    arguments: &[&IdedExpr],
    wanted: usize,
) -> Result<Vec<Node>, ExprError> {
    expect(to, node, form, arguments, wanted)?;
    arguments.iter().map(|argument| Ok(to.number(argument)?.0)).collect()
}

fn fresh(to: &mut Lower<'_>, node: &IdedExpr, arguments: &[&IdedExpr]) -> Result<Typed, ExprError> {
    let nodes = numbers(to, node, "fresh(days, fresh_days, expires_days)", arguments, 3)?;
    if let [_, fresh, expires] = nodes.as_slice()
        && let (Some(fresh), Some(expires)) = (constant(fresh), constant(expires))
        && !(fresh >= 0.0 && expires > fresh)
    {
        return to
            .error(node, "fresh(days, fresh_days, expires_days): expires_days must be above fresh_days");
    }
    Ok((Node::Call(Function::Fresh, nodes), Ty::Num))
}

fn scale(to: &mut Lower<'_>, node: &IdedExpr, arguments: &[&IdedExpr]) -> Result<Typed, ExprError> {
    let nodes = numbers(to, node, "scale(x, worst, best)", arguments, 3)?;
    if let [_, worst, best] = nodes.as_slice()
        && constant(worst).is_some()
        && constant(worst) == constant(best)
    {
        return to.error(node, "scale(x, worst, best): worst and best must differ");
    }
    Ok((Node::Call(Function::Scale, nodes), Ty::Num))
}

/// A grade as a number, best highest; it is known while loading.
fn rank(to: &Lower<'_>, node: &IdedExpr, arguments: &[&IdedExpr]) -> Result<Typed, ExprError> {
    expect(to, node, "rank(grade)", arguments, 1)?;
    let letter = match arguments.first().map(|argument| &argument.expr) {
        Some(Ast::Literal(LiteralValue::String(letter))) => letter.inner(),
        _ => return to.error(node, "rank(grade) takes one grade as text, such as rank(\"B\")"),
    };
    let letters = to.scope.letters;
    if letters.is_empty() {
        // The bands are wrong, and reported where they are written.
        return Ok((Node::Lit(Lit::Int(0)), Ty::Int));
    }
    let Some(band) = letters.iter().position(|known| known == letter) else {
        let message = format!("no grade is called \"{letter}\"; there are {}", letters.join(", "));
        return to.error(arguments.first().unwrap_or(&node), message);
    };
    Ok((Node::Lit(Lit::Int((letters.len() - band) as i64)), Ty::Int))
}

fn size(to: &mut Lower<'_>, node: &IdedExpr, arguments: &[&IdedExpr]) -> Result<Typed, ExprError> {
    expect(to, node, "size(list)", arguments, 1)?;
    let mut nodes = Vec::with_capacity(1);
    for argument in arguments {
        let (lowered, ty) = to.node(argument)?;
        if !ty.is_list() && ty != Ty::Text {
            return to.error(argument, format!("size(list) needs a list or a text, and this is {ty}"));
        }
        nodes.push(lowered);
    }
    Ok((Node::Call(Function::Size, nodes), Ty::Int))
}

fn texts(
    to: &mut Lower<'_>,
    node: &IdedExpr,
    function: Function,
    arguments: &[&IdedExpr],
) -> Result<Typed, ExprError> {
    expect(to, node, "a test on text", arguments, 2)?;
    let mut nodes = Vec::with_capacity(2);
    for argument in arguments {
        let (lowered, ty) = to.node(argument)?;
        if ty != Ty::Text {
            return to.error(argument, format!("a text is needed here, and this is {ty}"));
        }
        nodes.push(lowered);
    }
    Ok((Node::Call(function, nodes), Ty::Bool))
}
