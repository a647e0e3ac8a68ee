//! The drill console of a flow in each of its states.

use serde_json::json;

use super::super::flow_drill::{Ask, Flow, Line, context};
use super::{HOSTILE, Sample, chrome, days_ago, drills, stranger};
use crate::app::drill_tickets::{TicketDetail, TicketView};
use crate::tickets::{Audience, Edge};
use crate::types::Failure;

const BASE: &str = "https://waterbear.example";

pub(super) fn all() -> Vec<Sample> {
    let path = "/flows/checkout/drill";
    let flow = flow(
        "Checkout",
        &[
            ("storefront", "ads", "never"),
            ("storefront", "cart", "core"),
            ("cart", "pricing", "verified"),
            ("cart", "tax", "stale"),
            ("cart", "gifts", "failed"),
        ],
    );
    let none = self::flow("Nothing yet", &[]);
    let hostile = self::flow(HOSTILE, &[(HOSTILE, "ads", "never"), ("ads", HOSTILE, "core")]);
    let tickets = [ticket("live", HOSTILE, 2), ticket("revoked", "tests", 0), ticket("expired", "tests", 1)];
    let ask = |pairs: &[(&str, &str)]| {
        Ask::read(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    };
    let chosen = ask(&[
        ("edge", "storefront->ads"),
        ("edge", "cart->tax"),
        ("failure", "delay"),
        ("delay_ms", "250"),
        ("who", "members"),
        ("members", "m1, m2"),
    ]);
    let wrong = ask(&[
        ("edge", "storefront->ads"),
        ("edge", "gone->too"),
        ("who", "header"),
        ("header_name", HOSTILE),
        ("minutes", "soon"),
        ("status", "200"),
    ]);
    let id = format!("{HOSTILE}->ads");
    let named = ask(&[
        ("edge", &id),
        ("who", "header"),
        ("header_name", "x-team"),
        ("header_value", "</pre><script>alert(1)</script>"),
    ]);
    vec![
        Sample::new(
            "flow_drill",
            "nothing is ticked",
            context(stranger(path), &flow, &Ask::default(), &[], BASE),
        ),
        Sample::new("flow_drill", "two calls", context(chrome(path), &flow, &chosen, &tickets, BASE)),
        Sample::new(
            "flow_drill",
            "a choice that makes no sense",
            context(chrome(path), &flow, &wrong, &[], BASE),
        ),
        Sample::new("flow_drill", "no call at all", context(chrome(path), &none, &Ask::default(), &[], BASE)),
        Sample::new("flow_drill", "hostile names", context(chrome(path), &hostile, &named, &tickets, BASE)),
    ]
}

fn flow(title: &str, edges: &[(&str, &str, &str)]) -> Flow {
    Flow {
        slug: "checkout".to_owned(),
        title: title.to_owned(),
        edges: edges
            .iter()
            .map(|(from, to, state)| Line {
                id: format!("{from}->{to}"),
                from: (*from).to_owned(),
                to: (*to).to_owned(),
                state: (*state).to_owned(),
            })
            .collect(),
    }
}

fn ticket(state: &str, by: &str, results: usize) -> TicketDetail {
    let outcome = ["passed", "failed"];
    TicketDetail {
        view: TicketView {
            id: format!("0199-{state}"),
            state: state.to_owned(),
            flow: Some("checkout".to_owned()),
            edges: vec![Edge { from: by.to_owned(), to: "ads".to_owned() }; 2],
            failure: "error".to_owned(),
            status: Some(503),
            delay_ms: None,
            audience: Audience::Holder(true),
            environment: "staging".to_owned(),
            issued_by: by.to_owned(),
            created_at: days_ago(1),
            expires_at: days_ago(0),
            revoked_at: (state == "revoked").then(|| days_ago(0)),
        },
        results: (0..results)
            .map(|n| drills::drill(&format!("{state}-{n}"), Failure::Error, outcome[n % 2], 1))
            .collect(),
    }
}

#[test]
fn the_page_shows_what_does_it_only_for_a_choice_that_makes_sense() {
    let shown = |sample: &Sample| sample.context["take"].clone();
    let all = all();
    assert!(shown(&all[0]).is_null() && shown(&all[2]).is_null() && shown(&all[3]).is_null());
    let take = shown(&all[1]);
    let text = |key: &str| take[key]["text"].as_str().unwrap().to_owned();
    assert!(
        text("issue").contains(r#""delay_ms":250"#) && text("issue").contains(r#""members":["m1","m2"]"#)
    );
    assert!(text("command").contains("--edge 'cart->tax'") && text("command").contains("--member 'm2'"));
    assert!(text("headers").contains("x-waterbear-drill: TICKET"));
    assert_eq!(all[2].context["wrong"].as_array().unwrap().len(), 5, "{}", all[2].context["wrong"]);
    let flag: serde_json::Value = serde_json::from_str(&text("flagd")).unwrap();
    assert_eq!(flag["flags"]["waterbear-fault"]["state"], json!("ENABLED"));
}
