//! The calls of challenges.

use super::media::JSON;
use super::{Access, Route, get, json, route};
use crate::app::challenges as quests;
use crate::http::api::challenges;
use crate::http::openapi::{json_of, page_of};
use crate::http::query::{CURSOR, FORMAT, Kind, LIMIT, param};

const CATALOG_WRITE: Access = Access::Whole("catalog:write");

/// Every call of challenges.
pub(super) const ROUTES: &[Route] = &[
    get("/api/v1/challenges", |r| r.to(challenges::list))
        .doc("challenges", "Challenges, newest first; drafts for who may write them")
        .query(&[challenges::STATE, LIMIT, CURSOR, FORMAT])
        .gives(&[json(200, "A page of challenges.", page_of::<quests::ChallengeRow>)]),
    route("POST", "/api/v1/challenges", CATALOG_WRITE, |r| r.to(challenges::create))
        .doc("challenges", "Drafts a challenge; it starts by itself when its time has come")
        .takes(JSON, json_of::<quests::CreateChallenge>)
        .example(quests::EXAMPLE)
        .gives(&[
            json(201, "The challenge.", json_of::<quests::ChallengeView>),
            json(200, "It was made before, under the same key.", json_of::<quests::ChallengeView>),
        ]),
    get("/api/v1/challenges/{slug}", |r| r.to(challenges::one))
        .doc("challenges", "A challenge: how it stands, its pace, its milestones, day by day")
        .gives(&[json(200, "The challenge.", json_of::<quests::ChallengeView>)]),
    route("PATCH", "/api/v1/challenges/{slug}", CATALOG_WRITE, |r| r.to(challenges::change))
        .doc("challenges", "Changes a challenge; what teams rely on is fixed once it runs")
        .takes(JSON, json_of::<quests::ChangeChallenge>)
        .gives(&[json(200, "The challenge.", json_of::<quests::ChallengeView>)]),
    get("/api/v1/challenges/{slug}/standings", |r| r.to(challenges::standings))
        .doc("challenges", "Teams against their own goals; frozen once it is over")
        .query(&[
            param("limit", Kind::Whole(1, 500), "Teams of a page, 500 unless said otherwise"),
            CURSOR,
            FORMAT,
        ])
        .gives(&[json(200, "The standings.", json_of::<quests::StandingsView>)]),
    get("/api/v1/challenges/{slug}/items", |r| r.to(challenges::items))
        .doc("challenges", "Each item of the goal, open or closed, with the evidence that closed it")
        .query(&[
            param("team", Kind::Text, "Only items of this team and of those below it, by slug"),
            challenges::ITEM_STATE,
            LIMIT,
            CURSOR,
            FORMAT,
        ])
        .gives(&[json(200, "A page of items.", page_of::<quests::ItemView>)]),
    get("/api/v1/challenges/{slug}/rule", |r| r.to(challenges::rule))
        .doc("challenges", "The goal as a draft of a rule, with examples")
        .gives(&[json(200, "Its files, and what to know.", json_of::<quests::RuleDraft>)]),
];
