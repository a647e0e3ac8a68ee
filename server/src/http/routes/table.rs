//! The one route table: method, path, access, handler, and what the OpenAPI document says of each.

use super::media::{CATALOG, DOCUMENT, HINTS, JSON, NDJSON, PLANS, REPEATED, STORED, TAKEN_IN};
use super::{Access, Given, Route, empty, get, json, route, text};
use crate::app::audit::AuditView;
use crate::app::boards::left::TakesPart;
use crate::app::degrader::{DegraderView, EXAMPLE as PUT_DEGRADER, PutDegrader};
use crate::app::deployments::{DeploymentView, PostDeployment};
use crate::app::drill_tickets::{
    CreateTicket, EXAMPLE as CREATE_TICKET, IssuedTicket, RevokedTickets, TicketDetail, TicketView,
};
use crate::app::flows::{EXAMPLE as PUT_FLOW, SeenAnswer, SeenCall};
use crate::app::ingest::LineResult;
use crate::app::kept::KeptView;
use crate::app::keys::KeySet;
use crate::app::people::{ChangeUser, CreateUser, UserView};
use crate::app::posted::{FactsAnswer, PostFact};
use crate::app::publishers::{CreatePublisher, EXAMPLE as CREATE_PUBLISHER, Exchanged, PublisherView};
use crate::app::sources::{SourceView, TelemetryView};
use crate::app::teams::TeamListRow;
use crate::app::tokens::{CreateToken, TokenView};
use crate::app::{catalog as books, views};
use crate::http::api::{
    audit, boards, catalog, degrader, deployments, drill_tickets, drills, events, facts, flows, ingest,
    operation, plans, publishers, rulebook, runs, services, sources, teams, tokens, users, what_if,
};
use crate::http::openapi::{json_of, list_of, nothing, page_of};
use crate::http::query::{CURSOR, FORMAT, Kind, LIMIT, Param, param};
use crate::plans::Engine;

const DRILLS: Access = Access::Scope("drills:write");
const CATALOG_WRITE: Access = Access::Whole("catalog:write");
const ADMIN: Access = Access::Whole("admin");
const BY: Param =
    param("by", Kind::Word(&["team", "service"]), "Who is compared; team unless said otherwise");
const AFTER: Param = param("after", Kind::Whole(0, i64::MAX), "Position (`seq`) to go on from");
/// Every call of the API.
pub(super) const ROUTES: &[Route] = &[
    route("POST", "/api/v1/drills", DRILLS, |r| r.to(drills::record))
        .doc("drills", "Records one drill result and judges its service")
        .takes(JSON, json_of::<drills::DrillResult>)
        .example(drills::EXAMPLE)
        .gives(&[STORED, REPEATED]),
    route("POST", "/api/v1/drills/batch", DRILLS, |r| r.to(drills::batch))
        .doc("drills", "Records up to 10,000 results, one JSON object a line; each good line is stored")
        .takes(NDJSON, json_of::<drills::DrillResult>)
        .may_be_empty()
        .gives(&[Given {
            status: 200,
            about: "One line for each line, in order.",
            media: "application/x-ndjson",
            shape: json_of::<LineResult>,
        }]),
    get("/api/v1/drills/{id}", |r| r.to(drills::one))
        .doc("drills", "One drill")
        .gives(&[json(200, "The drill.", json_of::<views::DrillView>)]),
    route("POST", "/api/v1/ingest/{format}", DRILLS, |r| r.to(ingest::ingest))
        .doc(
            "drills",
            "Takes a tool's own document, unchanged: chaostoolkit, junit, litmus, chaos-mesh, aws-fis, k6, steadybit, \
             gremlin, cloudevents (CDEvents), alertmanager, pagerduty. A list is answered line by line",
        )
        .query(HINTS)
        .takes(DOCUMENT, nothing)
        .gives(TAKEN_IN),
    route("POST", "/hooks/{name}", Access::Signed, |r| r.to(ingest::hook))
        .doc("drills", "Takes a message of a sender that signs it, or shows its key in a header")
        .query(HINTS)
        .takes(DOCUMENT, nothing)
        .gives(TAKEN_IN),
    route("POST", "/hooks/{name}/{key}", Access::Signed, |r| r.to(ingest::hook))
        .doc("drills", "Takes a message of a sender that can only be told an address")
        .query(HINTS)
        .takes(DOCUMENT, nothing)
        .gives(TAKEN_IN),
    get("/api/v1/kept-messages", |r| r.to(deployments::kept))
        .only(ADMIN)
        .doc("operation", "Messages that are not understood yet, redacted, newest first")
        .query(&[LIMIT, CURSOR])
        .gives(&[json(200, "A page of messages.", page_of::<KeptView>)]),
    route("POST", "/api/v1/deployments", DRILLS, |r| r.to(deployments::post))
        .doc("drills", "Records that a version came into service, so that a drill that breaks names it")
        .takes(JSON, json_of::<PostDeployment>)
        .example(deployments::EXAMPLE)
        .gives(&[
            json(201, "The deployment is stored.", json_of::<DeploymentView>),
            json(200, "The same was stored before.", json_of::<DeploymentView>),
        ]),
    route("POST", "/api/v1/drill-tickets", DRILLS, |r| r.to(drill_tickets::create))
        .doc("drill tickets", "Issues a signed ticket whose holders meet a fault; its token is in this answer and never again")
        .takes(JSON, json_of::<CreateTicket>)
        .example(CREATE_TICKET)
        .gives(&[json(201, "The ticket, and how to use it.", json_of::<IssuedTicket>)]),
    get("/api/v1/drill-tickets", |r| r.to(drill_tickets::list))
        .doc("drill tickets", "Tickets, newest first, without their tokens")
        .query(&[LIMIT, CURSOR])
        .gives(&[json(200, "A page of tickets.", page_of::<TicketView>)]),
    get("/api/v1/drill-tickets/revoked", |r| r.to(drill_tickets::revoked))
        .public()
        .doc("drill tickets", "Ids of revoked tickets that have not ended, for verifiers")
        .gives(&[json(200, "The ids.", json_of::<RevokedTickets>)]),
    get("/api/v1/drill-tickets/{id}", |r| r.to(drill_tickets::one))
        .doc("drill tickets", "One ticket with the results that were got under it")
        .gives(&[json(200, "The ticket.", json_of::<TicketDetail>)]),
    route("DELETE", "/api/v1/drill-tickets/{id}", DRILLS, |r| r.to(drill_tickets::revoke))
        .doc("drill tickets", "Takes a ticket back")
        .gives(&[empty(204, "It is revoked.")]),
    get("/.well-known/jwks.json", |r| r.to(drill_tickets::jwks))
        .public()
        .doc("drill tickets", "Public keys that verify tickets: a JWK set (RFC 7517)")
        .gives(&[json(200, "The keys.", json_of::<KeySet>)]),
    get("/api/v1/services/{slug}/deployments", |r| r.to(deployments::of_service))
        .doc("services", "Deployments of a service, newest first")
        .query(&[LIMIT, CURSOR])
        .gives(&[json(200, "A page of deployments.", page_of::<DeploymentView>)]),
    route("POST", "/api/v1/facts", Access::Scope("evidence:write"), |r| r.to(facts::post))
        .doc("facts", "Stores facts measured elsewhere: one, or up to 1,000 in a list; all or none")
        .takes(JSON, list_of::<PostFact>)
        .gives(&[json(200, "What became of them.", json_of::<FactsAnswer>)]),
    get("/api/v1/facts", |r| r.to(facts::catalogue))
        .doc("facts", "The fact catalogue of the rulebook in force")
        .gives(&[json(200, "Every fact.", page_of::<views::FactSpecView>)]),
    route("POST", "/api/v1/catalog/import", CATALOG_WRITE, |r| r.to(catalog::import))
        .doc("catalog", "Takes over a catalog file: multi-document YAML (Backstage, core flows) or CSV")
        .query(&[
            param("dry_run", Kind::Flag, "Say what would happen, and do nothing"),
            param(
                "source",
                Kind::Text,
                "Name of the source, `api:` and the token's name otherwise. What its last import named and this one does not is marked as removed",
            ),
            param("format", Kind::Word(&["yaml", "csv"]), "Form of the body, if its media type does not say"),
        ])
        .takes(CATALOG, nothing)
        .gives(&[json(200, "What changed, and what could not be read.", json_of::<books::ImportReport>)]),
    get("/api/v1/services", |r| r.to(services::list))
        .doc("services", "Services with score, grade, coverage and trend")
        .query(&[
            param("team", Kind::Text, "Team slug; its whole subtree counts"),
            param("tier", Kind::Whole(1, 4), "Tier"),
            param("grade", Kind::Text, "Letter, or none for not graded"),
            param("practice", Kind::Text, "Practice with points left to earn"),
            param("q", Kind::Text, "Part of name or slug"),
            param("sort", Kind::Text, "-score (as is), score, name, coverage, tier, changed"),
            param("removed", Kind::Flag, "Removed services instead of living ones"),
            LIMIT,
            CURSOR,
            FORMAT,
        ])
        .gives(&[json(200, "A page of services.", page_of::<views::ServiceRow>)]),
    get("/api/v1/services/{slug}", |r| r.to(services::one))
        .doc("services", "One service with what the catalog says of it")
        .gives(&[json(200, "The service.", json_of::<views::ServiceDetail>)]),
    route("PUT", "/api/v1/services/{slug}", CATALOG_WRITE, |r| r.to(services::put))
        .doc("services", "Writes one service")
        .takes(JSON, json_of::<books::PutService>)
        .gives(&[
            json(200, "It was there already.", json_of::<views::ServiceDetail>),
            json(201, "It is new.", json_of::<views::ServiceDetail>),
        ]),
    route("DELETE", "/api/v1/services/{slug}", CATALOG_WRITE, |r| r.to(services::remove))
        .doc("services", "Marks a service as removed; its history stays")
        .gives(&[empty(204, "It is marked as removed.")]),
    get("/api/v1/services/{slug}/what-if", |r| r.to(what_if::of_service))
        .doc(
            "services",
            "A scorecard as it would be: `pass` names rules to take as passed, any other parameter is a fact with its \
             value (`rollback.config_days_since_passed=3`, or `unknown`). Nothing is stored",
        )
        .query(&[param("pass", Kind::Text, "Ids of rules, separated by commas or given again, at most 60")])
        .gives(&[json(200, "Now and then.", json_of::<views::WhatIfView>)]),
    get("/api/v1/services/{slug}/scorecard", |r| r.to(services::scorecard))
        .doc("services", "The grade of a service with everything behind it")
        .query(&[param("as_of", Kind::Instant, "As it was then")])
        .gives(&[json(200, "The scorecard.", json_of::<views::ScorecardView>)]),
    get("/api/v1/services/{slug}/history", |r| r.to(services::history))
        .doc("services", "Score and grade at each change, with its cause, newest first")
        .query(&[
            param("from", Kind::Instant, "Not before"),
            param("to", Kind::Instant, "Not after"),
            FORMAT,
        ])
        .gives(&[json(200, "The changes.", page_of::<views::ChangeView>)]),
    get("/api/v1/services/{slug}/drills", |r| r.to(services::drills))
        .doc("services", "Drills of a service, newest first")
        .query(&[LIMIT, CURSOR, FORMAT])
        .gives(&[json(200, "A page of drills.", page_of::<views::DrillView>)]),
    get("/api/v1/services/{slug}/drill-matrix", |r| r.to(services::matrix))
        .doc("services", "What the rulebook expects of a service's drills, and where each stands")
        .gives(&[json(200, "The matrix.", json_of::<views::DrillMatrix>)]),
    get("/api/v1/services/{slug}/drill-plan", |r| r.to(plans::of_service))
        .doc("drills", "What is due of a service, each drill with a plan that is ready to run and posts its own result")
        .query(&[
            param("format", Kind::Word(Engine::WORDS), "What runs the plans; chaostoolkit unless said otherwise"),
            param("failure", Kind::Text, "Only this failure class, due or not"),
            param("target", Kind::Text, "Only this target"),
            param("environment", Kind::Text, "Where the plans run; where the drill ran last unless said otherwise"),
            param("download", Kind::Flag, "The first plan as a file"),
            param("file", Kind::Text, "Another file of that plan, by its name"),
        ])
        .gives(PLANS),
    get("/api/v1/teams/{slug}/drills-due", |r| r.to(plans::of_team))
        .doc("drills", "What is due over the services of a team and of the teams below it")
        .gives(&[json(200, "The drills, the most urgent first.", json_of::<views::TeamDue>)]),
    get("/services/{slug}/drills.ics", |r| r.to(plans::service_calendar))
        .doc("drills", "When the drills of a service are due, as a calendar (iCalendar)")
        .gives(&[text("text/calendar", "The calendar.")]),
    get("/teams/{slug}/drills.ics", |r| r.to(plans::team_calendar))
        .doc("drills", "When the drills of a team's services are due, as a calendar (iCalendar)")
        .gives(&[text("text/calendar", "The calendar.")]),
    route("PUT", "/api/v1/services/{slug}/degrader", Access::Scope("evidence:write"), |r| r.to(degrader::put))
        .doc("degrader", "Stores the degrader settings in force, the traffic, or both, and judges the service")
        .takes(JSON, json_of::<PutDegrader>)
        .example(PUT_DEGRADER)
        .gives(&[json(200, "What follows from them.", json_of::<DegraderView>)]),
    get("/api/v1/services/{slug}/degrader", |r| r.to(degrader::one))
        .doc("degrader", "What is known of a service's degrader: settings, traffic, score, what to change")
        .gives(&[json(200, "What is known.", json_of::<DegraderView>)]),
    get("/api/v1/services/{slug}/fallbacks", |r| r.to(flows::of_service))
        .doc("flows", "The calls of a service in all core flows: core or not, their fallbacks, what drills proved")
        .gives(&[json(200, "Its calls, the gaps first.", json_of::<views::ServiceFallbacks>)]),
    get("/api/v1/flows", |r| r.to(flows::list))
        .doc("flows", "Core flows by slug, each with how well its fallbacks are proved")
        .query(&[LIMIT, CURSOR])
        .gives(&[json(200, "A page of flows.", page_of::<views::FlowRow>)]),
    get("/api/v1/flows/{slug}", |r| r.to(flows::one))
        .doc("flows", "A core flow with its findings, its proofs and what breaks it")
        .gives(&[json(200, "The flow.", json_of::<views::FlowView>)]),
    route("PUT", "/api/v1/flows/{slug}", CATALOG_WRITE, |r| r.to(flows::put))
        .doc("flows", "Declares a core flow and judges its services; what is odd about it comes back as findings")
        .takes(JSON, json_of::<views::FlowDocument>)
        .example(PUT_FLOW)
        .gives(&[
            json(200, "It was there already.", json_of::<views::FlowView>),
            json(201, "It is new.", json_of::<views::FlowView>),
        ]),
    route("DELETE", "/api/v1/flows/{slug}", CATALOG_WRITE, |r| r.to(flows::remove))
        .doc("flows", "Removes a core flow; what it declared counts no longer")
        .gives(&[empty(204, "It is gone.")]),
    route("POST", "/api/v1/dependencies", Access::Scope("evidence:write"), |r| r.to(flows::seen))
        .doc("flows", "Stores calls between services that traces showed: one, or up to 1,000 in a list; all or none")
        .takes(JSON, list_of::<SeenCall>)
        .gives(&[json(200, "What became of them.", json_of::<SeenAnswer>)]),
    get("/api/v1/services/{slug}/telemetry", |r| r.to(sources::of_service))
        .doc("services", "What each source of telemetry said last of a service")
        .gives(&[json(200, "One for each source.", page_of::<TelemetryView>)]),
    get("/api/v1/services/{slug}/events", |r| r.to(services::events))
        .doc("services", "What happened to a service, newest first")
        .query(&[LIMIT, CURSOR])
        .gives(&[json(200, "A page of events.", page_of::<views::EventView>)]),
    get("/api/v1/services/{slug}/gate", |r| r.to(services::gate))
        .doc("services", "Whether a policy of the rulebook lets a service pass, for pipelines")
        .query(&[
            param("policy", Kind::Text, "Name of the policy; deploy unless said otherwise"),
            param("strict", Kind::Flag, "Answer 403 when denied"),
        ])
        .gives(&[json(200, "Allowed or not, with the reasons.", json_of::<services::GateAnswer>)]),
    get("/api/v1/teams", |r| r.to(teams::list))
        .doc("teams", "Every team, root first")
        .query(&[FORMAT])
        .gives(&[json(200, "The teams.", page_of::<TeamListRow>)]),
    get("/api/v1/teams/{slug}", |r| r.to(teams::one))
        .doc("teams", "A team with its services, its standing and its next steps")
        .gives(&[json(200, "The team.", json_of::<views::TeamView>)]),
    route("PUT", "/api/v1/teams/{slug}", CATALOG_WRITE, |r| r.to(teams::put))
        .doc("teams", "Writes one team")
        .takes(JSON, json_of::<books::PutTeam>)
        .gives(&[
            json(200, "It was there already.", json_of::<views::TeamView>),
            json(201, "It is new.", json_of::<views::TeamView>),
        ]),
    route("DELETE", "/api/v1/teams/{slug}", CATALOG_WRITE, |r| r.to(teams::remove))
        .doc("teams", "Marks a team as removed, once it owns nothing")
        .gives(&[empty(204, "It is marked as removed.")]),
    route("PUT", "/api/v1/teams/{slug}/boards", Access::Scope("evidence:write"), |r| r.to(teams::boards))
        .doc("teams", "Takes a team off the boards, or puts it on them again; it is graded as ever")
        .takes(JSON, json_of::<TakesPart>)
        .gives(&[json(200, "Whether it takes part.", json_of::<TakesPart>)]),
    get("/api/v1/leaderboards/{board}", |r| r.to(boards::board))
        .doc("boards", "A leaderboard: improved, score, streak, drills or fallbacks; standard competition ranks, none below the top half")
        .query(&[
            BY,
            param("league", Kind::Text, "all, tier-1 to tier-4, or a league of teams: the answer lists them"),
            param("season", Kind::Text, "A quarter such as 2026-Q4, of past ones the final standings; the current one unless said otherwise"),
            param("limit", Kind::Whole(1, 500), "Rows of a page, 500 unless said otherwise"),
            CURSOR,
            FORMAT,
        ])
        .gives(&[json(200, "The board.", json_of::<views::BoardView>)]),
    get("/api/v1/sources", |r| r.to(sources::list))
        .doc("operation", "Where telemetry is read, and whether each source answers")
        .gives(&[json(200, "Every source of the settings.", page_of::<SourceView>)]),
    get("/api/v1/rulebook", |r| r.to(rulebook::view))
        .doc("rules", "The rulebook in force, with how all services do on each rule")
        .gives(&[json(200, "The rulebook.", json_of::<views::RulebookView>)]),
    route("POST", "/api/v1/grading-runs", ADMIN, |r| r.to(runs::request))
        .doc("grading", "Asks for a grading of all services")
        .takes(JSON, json_of::<runs::Nothing>)
        .may_be_empty()
        .gives(&[json(202, "It is queued; `Location` says where to look.", json_of::<views::GradingRunView>)]),
    get("/api/v1/grading-runs", |r| r.to(runs::list))
        .doc("grading", "Grading runs, newest first")
        .query(&[LIMIT, CURSOR])
        .gives(&[json(200, "A page of runs.", page_of::<views::GradingRunView>)]),
    get("/api/v1/grading-runs/{id}", |r| r.to(runs::one))
        .doc("grading", "One grading run")
        .gives(&[json(200, "The run.", json_of::<views::GradingRunView>)]),
    get("/api/v1/events", |r| r.to(events::list))
        .doc("events", "What happened, oldest first; `next` (or the last `seq`) is where to go on")
        .query(&[AFTER, LIMIT])
        .gives(&[json(200, "A page of events.", page_of::<views::EventView>)]),
    route("GET", "/api/v1/audit", ADMIN, |r| r.to(audit::list))
        .doc("events", "Who did what, when, from where and through which credential, newest first; a page may be short: go on while there is `next` (or a `Link`)")
        .query(audit::PARAMS)
        .gives(&[json(200, "A page of records.", page_of::<AuditView>)]),
    get("/feed.atom", |r| r.to(events::feed))
        .doc("events", "What happened, as an Atom feed")
        .gives(&[text("application/atom+xml", "The feed.")]),
    get("/teams/{slug}/feed.atom", |r| r.to(events::team_feed))
        .doc("events", "What happened to a team's services, as an Atom feed")
        .gives(&[text("application/atom+xml", "The feed.")]),
    route("POST", "/api/v1/tokens", ADMIN, |r| r.to(tokens::create))
        .doc("tokens", "Makes a token; its text is in this answer and never again")
        .takes(JSON, json_of::<CreateToken>)
        .gives(&[json(201, "The token.", json_of::<tokens::CreatedToken>)]),
    get("/api/v1/tokens", |r| r.to(tokens::list))
        .only(ADMIN)
        .doc("tokens", "All tokens, newest first, without their text")
        .gives(&[json(200, "The tokens.", page_of::<TokenView>)]),
    route("DELETE", "/api/v1/tokens/{id}", ADMIN, |r| r.to(tokens::revoke))
        .doc("tokens", "Ends a token at once")
        .gives(&[empty(204, "It is revoked.")]),
    get("/api/v1/users", |r| r.to(users::list))
        .only(ADMIN)
        .doc("people", "Accounts by login, without their secrets")
        .query(&[LIMIT, CURSOR])
        .gives(&[json(200, "A page of accounts.", page_of::<UserView>)]),
    route("POST", "/api/v1/users", ADMIN, |r| r.to(users::create))
        .doc("people", "Makes a local account; a password that is made up for it is in this answer and never again")
        .takes(JSON, json_of::<CreateUser>)
        .gives(&[json(201, "The account.", json_of::<users::CreatedUser>)]),
    get("/api/v1/users/{id}", |r| r.to(users::one))
        .only(ADMIN)
        .doc("people", "One account")
        .gives(&[json(200, "The account.", json_of::<UserView>)]),
    route("PATCH", "/api/v1/users/{id}", ADMIN, |r| r.to(users::change))
        .doc("people", "Changes an account; its sessions end when its rights or its password change")
        .takes(JSON, json_of::<ChangeUser>)
        .gives(&[json(200, "The account.", json_of::<UserView>)]),
    route("DELETE", "/api/v1/users/{id}", ADMIN, |r| r.to(users::remove))
        .doc("people", "Disables an account and ends its sessions; what it did stays")
        .gives(&[empty(204, "It may not sign in any more.")]),
    route("POST", "/api/v1/oidc/exchange", Access::Signed, |r| r.to(publishers::exchange))
        .doc("ci", "Gives a CI job that a trusted publisher means a token for 15 minutes, for its identity token")
        .takes(JSON, json_of::<publishers::Exchange>)
        .gives(&[json(200, "The token.", json_of::<Exchanged>)]),
    route("DELETE", "/api/v1/oidc/token", Access::Scope("read"), |r| r.to(publishers::end))
        .doc("ci", "Ends the token that a CI job was given; for the job itself, at its end")
        .gives(&[empty(204, "It is revoked.")]),
    route("POST", "/api/v1/trusted-publishers", ADMIN, |r| r.to(publishers::create))
        .doc("ci", "Trusts the jobs of a workflow: they may send results for some services without a secret")
        .takes(JSON, json_of::<CreatePublisher>)
        .example(CREATE_PUBLISHER)
        .gives(&[json(201, "The publisher.", json_of::<PublisherView>)]),
    get("/api/v1/trusted-publishers", |r| r.to(publishers::list))
        .only(ADMIN)
        .doc("ci", "All trusted publishers, newest first")
        .gives(&[json(200, "The publishers.", page_of::<PublisherView>)]),
    route("DELETE", "/api/v1/trusted-publishers/{id}", ADMIN, |r| r.to(publishers::remove))
        .doc("ci", "Trusts a publisher no more; the tokens of its jobs end at once")
        .gives(&[empty(204, "It is removed.")]),
    get("/healthz", |r| r.to(operation::health))
        .public()
        .doc("operation", "Whether the process answers")
        .gives(&[json(200, "It does.", json_of::<operation::Health>)]),
    get("/readyz", |r| r.to(operation::ready))
        .public()
        .doc("operation", "Whether the database answers and has the right schema; 503 if not")
        .gives(&[json(200, "It does.", json_of::<operation::Health>)]),
    get("/metrics", |r| r.to(operation::metrics))
        .doc("operation", "Metrics for Prometheus; with a token, also one series a service")
        .gives(&[text("text/plain", "The metrics.")]),
    get("/api/openapi.json", |r| r.to(operation::openapi))
        .public()
        .doc("operation", "This document")
        .gives(&[json(200, "OpenAPI 3.1.", nothing)]),
];
