//! What if some rules were passed, or some facts otherwise: the state is in the query, nothing is stored.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::app::what_if::{AskWhatIf, what_if};
use crate::error::{Error, FieldError, Result};
use crate::http::query::Name;
use crate::http::{Shared, conditional};

/// `GET /api/v1/services/{slug}/what-if?pass=RULE&FACT=VALUE`
pub async fn of_service(app: Shared, req: HttpRequest, Name(name): Name) -> Result<HttpResponse> {
    let ask = read(req.query_string())?;
    let view = app.read(move |tx| what_if(tx, &name, &ask)?.whole()).await?;
    conditional::json(&req, &view)
}

/// Reads a query: `pass` names rules (again and again, or separated by commas), `fact` and `value` a fact of a form,
/// every other name a fact. A parameter without a value says nothing.
pub fn read(query: &str) -> Result<AskWhatIf> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(query)
        .map_err(|error| Error::malformed(format!("the query cannot be read: {error}")))?;
    let mut ask = AskWhatIf::default();
    let mut wrong = Vec::new();
    let (mut fact, mut typed) = (None, None);
    for (name, value) in pairs.into_inner() {
        let value = value.trim();
        if value.is_empty() {
            continue;
        }
        if name.chars().chain(value.chars()).any(char::is_control) {
            let shown: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
            wrong.push(FieldError::new(format!("?{shown}"), "holds control characters"));
            continue;
        }
        match name.as_str() {
            "pass" => {
                ask.pass
                    .extend(value.split(',').map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned));
            }
            "fact" => fact = Some(value.to_owned()),
            "value" => typed = Some(value.to_owned()),
            _ => ask.facts.push((name, value.to_owned())),
        }
    }
    match (fact, typed) {
        (Some(fact), Some(value)) => ask.facts.push((fact, value)),
        (None, Some(_)) => wrong.push(FieldError::new("?value", "is of no fact: name it in `fact`")),
        // A fact chosen in a form, and no value typed yet.
        (_, None) => {}
    }
    if wrong.is_empty() { Ok(ask) } else { Err(Error::Invalid { fields: wrong }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_rules_and_facts() {
        let ask = read("pass=a&pass=b%2Cc&drills.regressed=no&fact=service.tier&value=+2&x=").unwrap();
        assert_eq!(ask.pass, ["a", "b", "c"]);
        let facts: Vec<(&str, &str)> = ask.facts.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(facts, [("drills.regressed", "no"), ("service.tier", "2")]);
        assert_eq!(read("").unwrap(), AskWhatIf::default());
        assert!(read("value=2").is_err() && read("a=%00b").is_err());
    }
}
