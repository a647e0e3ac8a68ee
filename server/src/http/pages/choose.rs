//! The two forms in the frame of every page: the theme, and the reader's team. Both set a cookie and go back.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::{admin, frame};
use crate::app::boards::left::{self, TakesPart};
use crate::error::{Error, Result};
use crate::http::Shared;
use crate::http::auth::Caller;
use crate::http::form::{Checked, field};
use crate::http::query::Name;

/// A year.
const MAX_AGE_SECONDS: u32 = 31_536_000;

/// `POST /theme`: `theme` is `light` or `dark`, `back` the page to return to.
#[derive(Deserialize)]
pub struct ThemeForm {
    theme: String,
    #[serde(default)]
    back: String,
}

/// `POST /team`: `slug` of the reader's team (empty: none), `back` the page to return to.
#[derive(Deserialize)]
pub struct TeamForm {
    #[serde(default)]
    slug: String,
    #[serde(default)]
    back: String,
}

/// Keeps the theme.
pub async fn theme(app: Shared, form: web::Form<ThemeForm>) -> Result<HttpResponse> {
    let word = frame::theme(&form.theme).ok_or_else(|| Error::invalid("/theme", "expected light or dark"))?;
    Ok(kept(&app, "theme", word, &form.back))
}

/// Keeps the team.
pub async fn team(app: Shared, form: web::Form<TeamForm>) -> Result<HttpResponse> {
    let slug = form.slug.trim().to_owned();
    if slug.is_empty() {
        return Ok(kept(&app, "team", "", &form.back));
    }
    let team = app
        .read(move |tx| frame::find_team(tx, &slug)?.ok_or_else(|| Error::not_found("team", slug)))
        .await?;
    Ok(kept(&app, "team", &team.slug, &form.back))
}

/// `POST /teams/{slug}/boards`: `on` is `yes` or `no`.
pub async fn boards(app: Shared, caller: Caller, Name(slug): Name, form: Checked) -> Result<HttpResponse> {
    let on_boards = match field(&form.0, "on") {
        Some("yes") => true,
        Some("no") => false,
        _ => return Err(Error::invalid("/on", "expected yes or no")),
    };
    let back = format!("/teams/{slug}");
    app.write(caller.0, move |tx| left::set(tx, &slug, &TakesPart { on_boards })).await?;
    Ok(admin::back(&back, None))
}

fn kept(app: &Shared, name: &str, value: &str, back: &str) -> HttpResponse {
    let secure = if app.base_url().starts_with("https://") { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; Max-Age={MAX_AGE_SECONDS}; SameSite=Lax; HttpOnly{secure}");
    HttpResponse::SeeOther()
        .insert_header((header::SET_COOKIE, cookie))
        .insert_header((header::LOCATION, local(back)))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}

/// A path of this site, or Home: nobody may be sent elsewhere by a form.
pub fn local(back: &str) -> &str {
    let odd = |c: char| c.is_control() || c == '\\' || !c.is_ascii();
    let fine = back.starts_with('/') && !back.starts_with("//") && !back.contains(odd) && back.len() <= 2_000;
    if fine { back } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_back_to_this_site_only() {
        assert_eq!(local("/services?q=a%20b"), "/services?q=a%20b");
        for elsewhere in ["//evil.example", "https://evil.example", "/\\evil", "/a\r\nSet-Cookie: x=y", ""] {
            assert_eq!(local(elsewhere), "/");
        }
    }
}
