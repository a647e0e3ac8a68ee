//! Evaluation: total, bounded, and precise about which absent fact mattered.

use super::node::{Compare, Function, Lit, Math, Node, Quantifier};
use super::{as_number, capped};
use crate::catalogue::Catalogue;
use crate::fact::{EvidenceClass, FactId, Facts, Value};
use crate::outcome::{Missing, MissingWhy};

const DAY_MS: i64 = 86_400_000;

/// Why an evaluation has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// A fact is missing; the notes name it.
    Missing,
    /// The expression cannot be computed on these values.
    Fault,
}

/// What an evaluation learned about the facts it read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Note {
    Missing(Missing),
    /// The source of the fact is broken: its value is the last one known.
    Broken,
}

/// Reads facts for one rule of one service.
pub(crate) struct Reader<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) now_ms: i64,
    pub(crate) least: EvidenceClass,
    pub(crate) notes: Vec<Note>,
}

#[derive(Clone, Copy)]
pub(super) enum Val<'a> {
    Bool(bool),
    Int(i64),
    Num(f64),
    Text(&'a str),
    Texts(&'a [String]),
    Lits(&'a [Lit]),
}

type Out<'a> = Result<Val<'a>, Stop>;

impl<'a> Reader<'a> {
    pub(crate) fn new(facts: &'a Facts, catalogue: &'a Catalogue, now_ms: i64, least: EvidenceClass) -> Self {
        Self { facts, catalogue, now_ms, least, notes: Vec::new() }
    }

    fn find(&self, id: FactId) -> Result<&'a crate::fact::Fact, MissingWhy> {
        let (Some(fact), Some(limits)) = (self.facts.get(id), self.catalogue.limits(id)) else {
            return Err(MissingWhy::NoData);
        };
        if !fact.value.fits(limits.kind) {
            return Err(MissingWhy::NoData);
        }
        let age_ms = self.now_ms.saturating_sub(fact.as_of_ms);
        if age_ms > limits.ttl_ms {
            let age_days = age_ms / DAY_MS;
            return Err(MissingWhy::Stale { age_days, limit_days: (limits.ttl_ms / DAY_MS) as u32 });
        }
        if limits.classed && fact.evidence < self.least {
            return Err(MissingWhy::TooWeak { have: fact.evidence });
        }
        Ok(fact)
    }

    fn read(&mut self, id: FactId) -> Out<'a> {
        let fact = self.find(id).map_err(|why| {
            self.notes.push(Note::Missing(Missing { fact: id, why }));
            Stop::Missing
        })?;
        if fact.source_error.is_some() {
            self.notes.push(Note::Broken);
        }
        Ok(match &fact.value {
            Value::Bool(value) => Val::Bool(*value),
            Value::Int(value) => Val::Int(*value),
            Value::Num(value) => Val::Num(*value),
            Value::Text(value) => Val::Text(value),
            Value::List(items) => Val::Texts(capped(items)),
        })
    }
}

pub(super) fn truth<'a>(node: &'a Node, reader: &mut Reader<'a>) -> Result<bool, Stop> {
    as_truth(eval(node, reader, None))
}

pub(super) fn number<'a>(node: &'a Node, reader: &mut Reader<'a>) -> Result<f64, Stop> {
    let value = as_f64(eval(node, reader, None)?)?;
    if value.is_nan() { Err(Stop::Fault) } else { Ok(value) }
}

fn as_truth(value: Out<'_>) -> Result<bool, Stop> {
    match value? {
        Val::Bool(truth) => Ok(truth),
        _ => Err(Stop::Fault),
    }
}

fn as_f64(value: Val<'_>) -> Result<f64, Stop> {
    match value {
        Val::Int(number) => Ok(number as f64),
        Val::Num(number) => Ok(number),
        _ => Err(Stop::Fault),
    }
}

fn of_lit(lit: &Lit) -> Val<'_> {
    match lit {
        Lit::Bool(value) => Val::Bool(*value),
        Lit::Int(value) => Val::Int(*value),
        Lit::Num(value) => Val::Num(*value),
        Lit::Text(value) => Val::Text(value),
    }
}

fn eval<'a>(node: &'a Node, reader: &mut Reader<'a>, element: Option<Val<'a>>) -> Out<'a> {
    match node {
        Node::Lit(lit) => Ok(of_lit(lit)),
        Node::List(items) => Ok(Val::Lits(items)),
        Node::Fact(id) => reader.read(*id),
        Node::Has(id) => Ok(Val::Bool(reader.find(*id).is_ok())),
        Node::Element => element.ok_or(Stop::Fault),
        Node::Not(inner) => as_truth(eval(inner, reader, element)).map(|truth| Val::Bool(!truth)),
        Node::Negate(inner) => match eval(inner, reader, element)? {
            Val::Int(number) => Ok(Val::Int(number.saturating_neg())),
            Val::Num(number) => Ok(Val::Num(-number)),
            _ => Err(Stop::Fault),
        },
        Node::And(pair) => either(pair, reader, element, false),
        Node::Or(pair) => either(pair, reader, element, true),
        Node::If(parts) => {
            let branch = if as_truth(eval(&parts.0, reader, element))? { &parts.1 } else { &parts.2 };
            eval(branch, reader, element)
        }
        Node::Compare(how, pair) => {
            let (left, right) = both(pair, reader, element)?;
            compare(*how, left, right).map(Val::Bool)
        }
        Node::Math(how, pair) => {
            let (left, right) = both(pair, reader, element)?;
            math(*how, left, right)
        }
        Node::In(pair) => {
            let (item, list) = both(pair, reader, element)?;
            Ok(Val::Bool(any(list, |other| compare(Compare::Equal, item, other) == Ok(true))?))
        }
        Node::Each(how, pair) => {
            let list = eval(&pair.0, reader, element)?;
            each(*how, list, &pair.1, reader).map(Val::Bool)
        }
        Node::Call(function, arguments) => call(*function, arguments, reader, element),
    }
}

/// `&&` and `||`: a side that decides makes whatever the other lacks irrelevant.
fn either<'a>(
    pair: &'a (Node, Node),
    reader: &mut Reader<'a>,
    element: Option<Val<'a>>,
    deciding: bool,
) -> Out<'a> {
    let before = reader.notes.len();
    let left = as_truth(eval(&pair.0, reader, element));
    if left == Ok(deciding) {
        return Ok(Val::Bool(deciding));
    }
    let between = reader.notes.len();
    let right = as_truth(eval(&pair.1, reader, element));
    if right == Ok(deciding) {
        reader.notes.drain(before..between);
        return Ok(Val::Bool(deciding));
    }
    match (left, right) {
        (Ok(_), Ok(_)) => Ok(Val::Bool(!deciding)),
        (left, right) => Err(worse(left.err(), right.err())),
    }
}

/// A missing fact is named before a fault: it can be sent.
fn worse(left: Option<Stop>, right: Option<Stop>) -> Stop {
    if left == Some(Stop::Missing) || right == Some(Stop::Missing) { Stop::Missing } else { Stop::Fault }
}

/// Both values; when both are missing, both are named.
fn both<'a>(
    pair: &'a (Node, Node),
    reader: &mut Reader<'a>,
    element: Option<Val<'a>>,
) -> Result<(Val<'a>, Val<'a>), Stop> {
    let left = eval(&pair.0, reader, element);
    let right = eval(&pair.1, reader, element);
    match (left, right) {
        (Ok(left), Ok(right)) => Ok((left, right)),
        (left, right) => Err(worse(left.err(), right.err())),
    }
}

fn compare(how: Compare, left: Val<'_>, right: Val<'_>) -> Result<bool, Stop> {
    let order = match (left, right) {
        (Val::Int(left), Val::Int(right)) => Some(left.cmp(&right)),
        (Val::Text(left), Val::Text(right)) => Some(left.cmp(right)),
        (Val::Bool(left), Val::Bool(right)) => Some(left.cmp(&right)),
        (left, right) => as_f64(left)?.partial_cmp(&as_f64(right)?),
    };
    let Some(order) = order else { return Err(Stop::Fault) };
    Ok(match how {
        Compare::Equal => order.is_eq(),
        Compare::Differ => order.is_ne(),
        Compare::Less => order.is_lt(),
        Compare::LessEqual => order.is_le(),
        Compare::Greater => order.is_gt(),
        Compare::GreaterEqual => order.is_ge(),
    })
}

fn math<'a>(how: Math, left: Val<'a>, right: Val<'a>) -> Out<'a> {
    if let (Val::Int(left), Val::Int(right)) = (left, right) {
        return match how {
            Math::Add => Ok(Val::Int(left.saturating_add(right))),
            Math::Subtract => Ok(Val::Int(left.saturating_sub(right))),
            Math::Multiply => Ok(Val::Int(left.saturating_mul(right))),
            Math::Divide => divide(left as f64, right as f64),
            Math::Remainder => left.checked_rem(right).map(Val::Int).ok_or(Stop::Fault),
        };
    }
    let (left, right) = (as_f64(left)?, as_f64(right)?);
    match how {
        Math::Add => Ok(Val::Num(left + right)),
        Math::Subtract => Ok(Val::Num(left - right)),
        Math::Multiply => Ok(Val::Num(left * right)),
        Math::Divide => divide(left, right),
        Math::Remainder => Err(Stop::Fault),
    }
}

fn divide<'a>(left: f64, right: f64) -> Out<'a> {
    if right == 0.0 { Err(Stop::Fault) } else { Ok(Val::Num(left / right)) }
}

fn any<'a>(list: Val<'a>, mut holds: impl FnMut(Val<'a>) -> bool) -> Result<bool, Stop> {
    match list {
        Val::Texts(items) => Ok(items.iter().any(|item| holds(Val::Text(item)))),
        Val::Lits(items) => Ok(items.iter().any(|item| holds(of_lit(item)))),
        _ => Err(Stop::Fault),
    }
}

fn each<'a>(how: Quantifier, list: Val<'a>, body: &'a Node, reader: &mut Reader<'a>) -> Result<bool, Stop> {
    let before = reader.notes.len();
    let (mut count, mut stopped, mut first_stop) = (0_usize, None, before);
    let decided = any(list, |item| match as_truth(eval(body, reader, Some(item))) {
        Ok(truth) => {
            count += usize::from(truth);
            (how == Quantifier::Exists && truth) || (how == Quantifier::All && !truth)
        }
        Err(stop) => {
            // The same facts are missing for each element: name them once.
            match stopped {
                None => first_stop = reader.notes.len(),
                Some(_) => reader.notes.truncate(first_stop),
            }
            stopped = Some(worse(stopped, Some(stop)));
            false
        }
    })?;
    match (decided, stopped) {
        (true, _) => {
            reader.notes.truncate(before);
            Ok(how == Quantifier::Exists)
        }
        (false, Some(stop)) => Err(stop),
        (false, None) => Ok(how == Quantifier::All || (how == Quantifier::ExistsOne && count == 1)),
    }
}

fn call<'a>(
    function: Function,
    arguments: &'a [Node],
    reader: &mut Reader<'a>,
    element: Option<Val<'a>>,
) -> Out<'a> {
    let mut values = [Val::Bool(false); 3];
    let mut stopped = None;
    for (argument, place) in arguments.iter().zip(values.iter_mut()) {
        match eval(argument, reader, element) {
            Ok(value) => *place = value,
            Err(stop) => stopped = Some(worse(stopped, Some(stop))),
        }
    }
    if let Some(stop) = stopped {
        return Err(stop);
    }
    let [first, second, third] = values;
    match function {
        Function::Fresh => Ok(Val::Num(fresh(as_f64(first)?, as_f64(second)?, as_f64(third)?))),
        Function::Share => Ok(Val::Num(share(as_f64(first)?, as_f64(second)?))),
        Function::Scale => scale(as_f64(first)?, as_f64(second)?, as_f64(third)?).map(Val::Num),
        Function::Size => match first {
            Val::Texts(items) => Ok(Val::Int(items.len() as i64)),
            Val::Lits(items) => Ok(Val::Int(items.len() as i64)),
            Val::Text(text) => Ok(Val::Int(text.chars().count() as i64)),
            _ => Err(Stop::Fault),
        },
        Function::ToNum => as_f64(first).map(Val::Num),
        Function::ToInt => as_f64(first).map(|number| Val::Int(number as i64)),
        Function::StartsWith => texts(first, second, |text, part| text.starts_with(part)),
        Function::EndsWith => texts(first, second, |text, part| text.ends_with(part)),
        Function::Contains => texts(first, second, |text, part| text.contains(part)),
    }
}

fn texts<'a>(text: Val<'a>, part: Val<'a>, holds: impl Fn(&str, &str) -> bool) -> Out<'a> {
    match (text, part) {
        (Val::Text(text), Val::Text(part)) => Ok(Val::Bool(holds(text, part))),
        _ => Err(Stop::Fault),
    }
}

/// 1 while fresh, then a straight line down to 0 at the expiry.
fn fresh(days: f64, fresh_days: f64, expires_days: f64) -> f64 {
    if days <= fresh_days {
        1.0
    } else if days >= expires_days {
        0.0
    } else {
        (expires_days - days) / (expires_days - fresh_days)
    }
}

/// The part of the whole, 0 to 1; of nothing, all is done.
fn share(part: f64, whole: f64) -> f64 {
    if whole <= 0.0 { 1.0 } else { (part / whole).clamp(0.0, 1.0) }
}

/// 0 at the worst value, 1 at the best, a straight line between.
fn scale(value: f64, worst: f64, best: f64) -> Result<f64, Stop> {
    let span = best - worst;
    if span == 0.0 { Err(Stop::Fault) } else { Ok(((value - worst) / span).clamp(0.0, 1.0)) }
}

/// The number a constant stands for, where constants are compared while loading.
pub(super) fn constant(node: &Node) -> Option<f64> {
    match node {
        Node::Lit(lit) => as_number(lit),
        Node::Negate(inner) => constant(inner).map(|number| -number),
        _ => None,
    }
}
