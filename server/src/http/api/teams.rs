//! Teams: the tree, and one by one.

use actix_web::{HttpRequest, HttpResponse};

use super::whole;
use crate::app::boards::left::{self, TakesPart};
use crate::app::teams::{self as uses, TeamListRow};
use crate::app::{Tx, catalog};
use crate::error::Result;
use crate::http::auth::Caller;
use crate::http::body::Body;
use crate::http::csv::{cell, table};
use crate::http::query::{Name, Query};
use crate::http::{Shared, conditional};

/// `GET /api/v1/teams`
pub async fn list(app: Shared, req: HttpRequest, query: Query) -> Result<HttpResponse> {
    let teams = app.read(uses::list).await?;
    if !query.wants_csv() {
        return conditional::json(&req, &whole(teams));
    }
    let columns = &["slug", "name", "parent", "depth", "services", "score", "grade", "regressions"];
    table(&req, "teams", columns, teams.iter().map(cells).collect())
}

fn cells(team: &TeamListRow) -> Vec<String> {
    vec![
        team.slug.clone(),
        team.name.clone(),
        cell(team.parent.as_ref()),
        team.depth.to_string(),
        team.services.to_string(),
        cell(team.score),
        cell(team.grade.as_ref()),
        team.regressions.to_string(),
    ]
}

/// `GET /api/v1/teams/{slug}`
pub async fn one(app: Shared, req: HttpRequest, Name(slug): Name, _: Query) -> Result<HttpResponse> {
    let view = app.read(move |tx| uses::team(tx, &slug)).await?;
    conditional::json(&req, &view)
}

/// `PUT /api/v1/teams/{slug}`
pub async fn put(
    app: Shared,
    Caller(actor): Caller,
    Name(slug): Name,
    _: Query,
    body: Body,
) -> Result<HttpResponse> {
    let cmd: catalog::PutTeam = body.json()?;
    let work = move |tx: &mut Tx<'_>| {
        let created = catalog::put_team(tx, &slug, &cmd)?;
        Ok((created, uses::team(tx, &slug)?))
    };
    let (created, view) = app.write(actor, work).await?;
    Ok(if created { HttpResponse::Created().json(view) } else { HttpResponse::Ok().json(view) })
}

/// `DELETE /api/v1/teams/{slug}`
pub async fn remove(app: Shared, Caller(actor): Caller, Name(slug): Name, _: Query) -> Result<HttpResponse> {
    app.write(actor, move |tx| catalog::remove_team(tx, &slug)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `PUT /api/v1/teams/{slug}/boards`
pub async fn boards(
    app: Shared,
    Caller(actor): Caller,
    Name(slug): Name,
    _: Query,
    body: Body,
) -> Result<HttpResponse> {
    let wanted: TakesPart = body.json()?;
    let now = app.write(actor, move |tx| left::set(tx, &slug, &wanted)).await?;
    Ok(HttpResponse::Ok().json(now))
}
