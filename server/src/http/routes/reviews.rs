//! The calls of reviews.

use super::media::JSON;
use super::{Access, Route, get, json, route};
use crate::app::reviews as uses;
use crate::http::api::reviews;
use crate::http::openapi::{json_of, page_of};
use crate::http::query::{CURSOR, LIMIT};

const OWNER: Access = Access::Whole("catalog:write");

/// Every call of reviews.
pub(super) const ROUTES: &[Route] = &[
    get("/api/v1/reviews", |r| r.to(reviews::list))
        .only(OWNER)
        .doc(
            "reviews",
            "What looks as if a grade was played for, as questions, newest first; for persons with the role owner or \
             admin, and tokens with the scope admin",
        )
        .query(&[reviews::STATE, reviews::KIND, LIMIT, CURSOR])
        .gives(&[json(200, "A page of reviews.", page_of::<uses::ReviewView>)]),
    get("/api/v1/reviews/{id}", |r| r.to(reviews::one))
        .only(OWNER)
        .doc("reviews", "A review with its evidence")
        .gives(&[json(200, "The review.", json_of::<uses::ReviewDetail>)]),
    route("PATCH", "/api/v1/reviews/{id}", OWNER, |r| r.to(reviews::answer))
        .doc("reviews", "Closes a review with what was found, or opens it again")
        .takes(JSON, json_of::<uses::AnswerReview>)
        .example(uses::EXAMPLE)
        .gives(&[json(200, "The review.", json_of::<uses::ReviewDetail>)]),
];
