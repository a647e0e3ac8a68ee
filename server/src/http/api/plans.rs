//! Drill plans that are ready to run, what is due, and both as a calendar.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};

use crate::app::plans::{self as uses, AskPlans};
use crate::app::views::DueRow;
use crate::app::{Tx, owners};
use crate::error::Result;
use crate::http::ical::{self, About, MEDIA};
use crate::http::query::{Name, Query};
use crate::http::{Shared, conditional};

/// `GET /api/v1/services/{slug}/drill-plan`
pub async fn of_service(
    app: Shared,
    req: HttpRequest,
    Name(name): Name,
    query: Query,
) -> Result<HttpResponse> {
    let ask = AskPlans::read(
        query.text("format").as_deref(),
        query.text("failure").as_deref(),
        query.text("target"),
        query.text("environment"),
    )?;
    let file = query.text("file");
    if !query.flag("download") && file.is_none() {
        let plans = app.read(move |tx| uses::due_plans(tx, &name, &ask)).await?;
        return conditional::json(&req, &plans);
    }
    let file = app.read(move |tx| uses::plan_file(tx, &name, &ask, file.as_deref())).await?;
    let mut answer = conditional::bytes(&req, file.media, file.text.into_bytes());
    // The name is made of letters, digits, dashes and dots.
    let place = format!("attachment; filename=\"{}\"", file.name);
    if let Ok(value) = header::HeaderValue::from_str(&place) {
        answer.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(answer)
}

/// `GET /api/v1/teams/{slug}/drills-due`
pub async fn of_team(app: Shared, req: HttpRequest, Name(slug): Name, _: Query) -> Result<HttpResponse> {
    let due = app.read(move |tx| uses::team_due(tx, Some(&slug), false)).await?;
    conditional::json(&req, &due)
}

/// `GET /services/{slug}/drills.ics`
pub async fn service_calendar(
    app: Shared,
    req: HttpRequest,
    Name(name): Name,
    _: Query,
) -> Result<HttpResponse> {
    let work = move |tx: &mut Tx<'_>| {
        let service = owners::service(tx, &name)?;
        Ok((service.name, tx.now, uses::due_rows(tx, &name)?))
    };
    let (name, now, rows) = app.read(work).await?;
    let about = About { base: app.base_url(), name: format!("Drills of {name}"), now };
    Ok(answer(&req, &about, rows))
}

/// `GET /teams/{slug}/drills.ics`
pub async fn team_calendar(
    app: Shared,
    req: HttpRequest,
    Name(slug): Name,
    _: Query,
) -> Result<HttpResponse> {
    let work = move |tx: &mut Tx<'_>| {
        let name = owners::team(tx, &slug)?.name;
        Ok((name, tx.now, uses::team_due(tx, Some(&slug), true)?.items))
    };
    let (name, now, rows) = app.read(work).await?;
    let about = About { base: app.base_url(), name: format!("Drills of {name}"), now };
    Ok(answer(&req, &about, rows))
}

/// What a rule asks for and what was ever drilled; dependencies that were not would fill one day with events.
fn answer(req: &HttpRequest, about: &About, mut rows: Vec<DueRow>) -> HttpResponse {
    rows.retain(|row| row.rule.is_some() || row.state != "never_run");
    conditional::bytes(req, MEDIA, ical::drills(about, &rows).into_bytes())
}
