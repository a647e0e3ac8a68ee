//! Reviews in each of their states.

use super::super::chrome::{Chrome, Me, Waiting};
use super::super::reviews::{context, one_context};
use super::{HOSTILE, Sample, chrome, days_ago, stranger};
use crate::app::reviews::{AnswerReview, ReviewDetail, ReviewEvidence, ReviewKind, ReviewView};
use crate::app::views::Page;

pub(super) fn all() -> Vec<Sample> {
    let some: Vec<ReviewView> =
        ReviewKind::ALL.iter().map(|kind| review(*kind, "open", "checkout")).collect();
    let closed = vec![review(ReviewKind::LateEdit, "closed", "checkout")];
    let page = |items: Vec<ReviewView>| Page { next: (items.len() > 1).then(|| "0193".to_owned()), items };
    let one = |kind, state| one_context(owner("/reviews/0193"), &detail(kind, state), None, Vec::new());
    let wrong = AnswerReview { note: Some(HOSTILE.into()), ..AnswerReview::default() };
    let again = one_context(
        owner("/reviews/0193"),
        &detail(ReviewKind::NoOpDrill, "open"),
        Some(&wrong),
        vec![HOSTILE.to_owned()],
    );
    vec![
        Sample::new("reviews", "some", context(owner("/reviews"), true, &page(some))),
        Sample::new("reviews", "closed", context(stranger("/reviews"), false, &page(closed))),
        Sample::new("reviews", "none", context(stranger("/reviews"), true, &page(Vec::new()))),
        Sample::new("review", "open", one(ReviewKind::RetriedUntilGreen, "open")),
        Sample::new("review", "closed", one(ReviewKind::ServiceSplit, "closed")),
        Sample::new("review", "wrong", again),
    ]
}

fn owner(path: &str) -> Chrome {
    let mut chrome = chrome(path);
    chrome.me = Some(Me { name: HOSTILE.into(), admin: true, csrf: "x".into() });
    chrome.reviews = Some(Waiting::new(3));
    chrome
}

fn review(kind: ReviewKind, state: &str, slug: &str) -> ReviewView {
    let over = state == "closed";
    ReviewView {
        id: "0193".into(),
        kind: kind.as_str().into(),
        title: kind.title().into(),
        question: kind.question().into(),
        service: (kind != ReviewKind::ServiceSplit).then(|| slug.to_owned()),
        team: Some("checkout-platform".into()),
        state: state.into(),
        opened_at: days_ago(3),
        changed_at: days_ago(1),
        noticed: 2,
        finding: over.then(|| "nothing_wrong".into()),
        note: if over { HOSTILE.into() } else { String::new() },
        closed_at: over.then(|| days_ago(1)),
        closed_by: over.then(|| HOSTILE.into()),
    }
}

fn detail(kind: ReviewKind, state: &str) -> ReviewDetail {
    let evidence = |seq: Option<i64>| ReviewEvidence {
        at: days_ago(4),
        sentence: HOSTILE.into(),
        drill: seq.is_none().then(|| "0192".into()),
        seq,
    };
    ReviewDetail {
        review: review(kind, state, "checkout"),
        evidence: vec![evidence(None), evidence(Some(42))],
        looks_for: kind.looks_for().into(),
        often: kind.often().iter().map(|s| (*s).to_owned()).collect(),
    }
}
