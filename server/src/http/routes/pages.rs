//! The table of the pages: path, access, handler, and what the help says of each.

use super::{Access, Route, form, page};
use crate::http::api::{audit as records, reviews as questions};
use crate::http::assets;
use crate::http::pages::{
    account, admin, audit, certificates, challenges, choose, flow_drill, flows, help_roles, overview,
    publishers, reviews, routes as shown, sharing, sign_in, sign_in_elsewhere, sources, what_if,
};
use crate::http::query::{CURSOR, Param};

const RECORDS: &[Param] = records::PARAMS;
const REVIEWS: &[Param] = &[questions::STATE, CURSOR];
const CATALOG_WRITE: Access = Access::Whole("catalog:write");
const ADMIN: Access = Access::Whole("admin");
const LEADS: Access = Access::Scope("evidence:write");

/// Every page and every form, the static files. A path with a name in it comes after its neighbours without.
pub const PAGES: &[Route] = &[
    page("/", "Home", |r| r.to(shown::home)),
    page("/services", "Services", |r| r.to(shown::services)),
    page("/services/{slug}", "Scorecard of a service", |r| r.to(shown::service)),
    page("/services/{slug}/why", "How a grade comes about", |r| r.to(shown::why)),
    page("/services/{slug}/what-if", "What if a rule passed, or a fact changed", |r| r.to(what_if::page)),
    page("/services/{slug}/drills", "Drills of a service", |r| r.to(shown::drills)),
    page("/services/{slug}/degrader", "Degrader of a service", |r| r.to(shown::degrader)),
    page("/services/{slug}/sharing", "What is shown elsewhere", |r| r.to(sharing::page)),
    form(
        "/services/{slug}/sharing",
        "Shows it to everybody, or no more",
        Access::Scope("evidence:write"),
        |r| r.to(sharing::share),
    ),
    page("/certificates", "The calendar of renewals", |r| r.to(certificates::list)),
    page("/certificates/{id}", "A certificate", |r| r.to(certificates::one)).only(Access::Anyone),
    page("/drills", "What is due", |r| r.to(shown::due)),
    page("/flows", "Core flows", |r| r.to(flows::list)),
    page("/flows/new", "Editor of a new flow", |r| r.to(flows::create)),
    form("/flows/new", "Checks a flow and stores nothing", Access::Open, |r| r.to(flows::preview)),
    page("/flows/{slug}", "A core flow", |r| r.to(flows::one)),
    page("/flows/{slug}/drill", "Drill console of a flow", |r| r.to(flow_drill::page)),
    page("/flows/{slug}/edit", "Editor of a flow", |r| r.to(flows::edit)),
    form("/flows/{slug}/edit", "Checks a flow and stores nothing", Access::Open, |r| r.to(flows::preview_of)),
    page("/teams", "Teams", |r| r.to(shown::teams)),
    page("/teams/{slug}", "A team", |r| r.to(shown::team)),
    page("/challenges", "Challenges", |r| r.to(challenges::list)),
    page("/challenges/new", "Form of a new challenge", |r| r.to(challenges::new)).only(CATALOG_WRITE),
    form("/challenges/new", "Drafts a challenge", CATALOG_WRITE, |r| r.to(challenges::create)),
    page("/challenges/{slug}", "A challenge", |r| r.to(challenges::page)),
    page("/challenges/{slug}/edit", "Form of a challenge", |r| r.to(challenges::edit)).only(CATALOG_WRITE),
    form("/challenges/{slug}/edit", "Changes a challenge", CATALOG_WRITE, |r| r.to(challenges::change)),
    page("/challenges/{slug}/rule", "The goal of a challenge as a rule", |r| r.to(challenges::rule)),
    form("/teams/{slug}/boards", "Takes a team off the boards, or puts it on them", LEADS, |r| {
        r.to(choose::boards)
    }),
    page("/leaderboards/{board}", "A leaderboard", |r| r.to(shown::leaderboard)),
    page("/overview", "Where all services stand, now or on a past day", |r| r.to(overview::page)),
    page("/rules", "The rulebook", |r| r.to(shown::rules)),
    page("/rules/{id}", "A rule", |r| r.to(shown::rule)),
    page("/activity", "What happened", |r| r.to(shown::activity)),
    page("/search", "Search", |r| r.to(shown::search)),
    page("/sources", "Sources of telemetry", |r| r.to(sources::page)),
    page("/help", "Help", |r| r.to(shown::help_index)),
    page("/help/drills", "How to send a drill", |r| r.to(shown::help_drills)),
    page("/help/rollback", "How to rehearse the way back", |r| r.to(shown::help_rollback)),
    page("/help/degrader", "How degraders are graded", |r| r.to(shown::help_degrader)),
    page("/help/challenges", "How challenges work", |r| r.to(challenges::help)),
    page("/help/flows", "Core flows and fallbacks", |r| r.to(shown::help_flows)),
    page("/help/boards", "How boards are ranked", |r| r.to(shown::help_boards)),
    page("/help/catalog", "How to load a catalog", |r| r.to(shown::help_catalog)),
    // Where the criteria of every credential lead.
    page("/help/certificates", "Certificates and badges", |r| r.to(shown::help_certificates))
        .only(Access::Anyone),
    page("/help/facts", "Facts", |r| r.to(shown::help_facts)),
    page("/help/errors", "Errors", |r| r.to(shown::help_errors)),
    page("/help/roles", "Who may do what", |r| r.to(help_roles::page)),
    page("/api/docs", "The API", |r| r.to(shown::api_docs)),
    page("/static/{file}", "Styles, scripts, pictures", |r| r.to(assets::serve)).public(),
    form("/theme", "Keeps the theme in a cookie", Access::Public, |r| r.to(choose::theme)),
    form("/team", "Keeps the reader's team in a cookie", Access::Open, |r| r.to(choose::team)),
    page("/sign-in", "Sign in", |r| r.to(sign_in::page)).public(),
    page("/sign-in/elsewhere", "Goes to the identity provider", |r| r.to(sign_in_elsewhere::start)).public(),
    page("/sign-in/back", "Comes back from the identity provider", |r| r.to(sign_in_elsewhere::back))
        .public(),
    form("/sign-in", "Signs in", Access::Public, |r| r.to(sign_in::sent)),
    form("/sign-out", "Signs out", Access::Person, |r| r.to(sign_in::out)),
    page("/account", "Your account", |r| r.to(account::page)).only(Access::Person),
    form("/account/password", "Changes your password", Access::Person, |r| r.to(account::password)),
    form("/account/sessions", "Ends your sessions", Access::Person, |r| r.to(account::end)),
    page("/reviews", "What looks as if a grade was played for", |r| r.to(reviews::list))
        .only(CATALOG_WRITE)
        .query(REVIEWS),
    page("/reviews/{id}", "A review", |r| r.to(reviews::page)).only(CATALOG_WRITE),
    form("/reviews/{id}", "Answers a review", CATALOG_WRITE, |r| r.to(reviews::answer)),
    page("/admin/users", "Accounts", |r| r.to(admin::users::page)).only(ADMIN),
    form("/admin/users", "Makes an account", ADMIN, |r| r.to(admin::users::create)),
    page("/admin/users/{id}", "An account", |r| r.to(admin::user::page)).only(ADMIN),
    form("/admin/users/{id}", "Changes an account", ADMIN, |r| r.to(admin::user::change)),
    page("/admin/audit", "Who did what", |r| r.to(audit::page)).only(ADMIN).query(RECORDS),
    page("/admin/tokens", "API tokens", |r| r.to(admin::tokens::page)).only(ADMIN),
    form("/admin/tokens", "Makes a token", ADMIN, |r| r.to(admin::tokens::create)),
    page("/admin/publishers", "Trusted publishers", |r| r.to(publishers::page)).only(ADMIN),
    form("/admin/publishers", "Trusts the jobs of a workflow", ADMIN, |r| r.to(publishers::add)),
    form("/admin/publishers/{id}/remove", "Trusts a publisher no more", ADMIN, |r| r.to(publishers::remove)),
    page("/admin/notifications", "Whom is told", |r| r.to(admin::notifications::page)).only(ADMIN),
    form("/admin/notifications", "Adds whom to tell", ADMIN, |r| r.to(admin::notifications::add)),
    page("/admin/notifications/{id}", "One who is told", |r| r.to(admin::notifications::one)).only(ADMIN),
    form("/admin/notifications/{id}", "Tests, pauses, resumes, removes", ADMIN, |r| {
        r.to(admin::notifications::act)
    }),
    form("/admin/tokens/{id}/revoke", "Ends a token", ADMIN, |r| r.to(admin::tokens::revoke)),
];
