//! What a team shows of its service elsewhere: badges to embed, and what anybody may see.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;

use super::admin::back;
use super::chrome::Chrome;
use super::frame::{self, Frame};
use super::parts::{Code, Link};
use super::words;
use crate::app::services;
use crate::app::sharing::{self, PutSharing};
use crate::app::views::SharingView;
use crate::error::Result;
use crate::http::Shared;
use crate::http::auth::Caller;
use crate::http::form::{Checked, field};
use crate::http::query::Name;

/// What a team shows elsewhere.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: &'static str,
    name: String,
    action: String,
    certificates: bool,
    badge: bool,
    may: bool,
    previews: Vec<Preview>,
    endpoint: Code,
    closed: bool,
}

/// What the page takes beside what is shown.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// The name of the service.
    pub name: String,
    /// The address of this installation.
    pub base: String,
    /// Reading takes signing in.
    pub closed: bool,
    /// The reader may change what is shown.
    pub may: bool,
    /// The practice of which a badge is shown: its id and title.
    pub practice: Option<(String, String)>,
}

/// A badge, with what embeds it.
#[derive(Serialize)]
struct Preview {
    label: String,
    src: String,
    code: Code,
}

/// `GET /services/{slug}/sharing`
pub async fn page(app: Shared, frame: Frame, Name(slug): Name) -> Result<HttpResponse> {
    let context = app
        .read(move |tx| {
            let view = sharing::get(tx, &slug)?;
            let practice = tx.book.rulebook.practices().first().map(|p| (p.id.clone(), p.title.clone()));
            let around = Around {
                name: services::detail(tx, &slug)?.row.name,
                base: tx.base_url.clone(),
                closed: tx.config.reading_takes_sign_in(),
                may: tx.actor.person.is_some() && sharing::may_change(tx, &slug)?,
                practice,
            };
            Ok(context(frame.chrome(tx)?, &view, &around))
        })
        .await?;
    frame::answer(StatusCode::OK, "sharing", &context)
}

/// The page of what is shown.
pub fn context(chrome: Chrome, view: &SharingView, around: &Around) -> Ctx {
    let Around { name, base, .. } = around;
    let slug = words::encode(&view.service);
    // The name under which everybody can have it, where there is one and the reader may know it.
    let key = view.badge_url.as_ref().and_then(|url| url.rsplit('/').next()?.strip_suffix(".svg"));
    let file = key.map_or_else(|| slug.clone(), str::to_owned);
    let preview = |label: &str, query: &str| {
        let picture = format!("/badges/{file}.svg{query}");
        let text = format!("[![{name}]({base}{picture})]({base}/services/{slug})");
        Preview { label: label.to_owned(), src: picture, code: Code::new(format!("Markdown: {label}"), text) }
    };
    let mut previews = vec![preview("Grade", ""), preview("Certified", "?show=certified")];
    if let Some((id, title)) = &around.practice {
        previews.push(preview(title, &format!("?practice={}", words::encode(id))));
    }
    previews.push(preview("Large", "?style=for-the-badge"));
    Ctx {
        crumbs: vec![Link::to("Services", "/services"), Link::to(name, format!("/services/{slug}"))],
        here: "Shown elsewhere",
        name: name.clone(),
        action: format!("/services/{slug}/sharing"),
        certificates: view.certificates,
        badge: view.badge,
        may: around.may,
        endpoint: Code::new("address for a badge service", format!("{base}/badges/{file}.json")),
        previews,
        closed: around.closed,
        chrome: chrome.titled(format!("{name} elsewhere")),
    }
}

/// `POST /services/{slug}/sharing`: `certificates`, `badge`
pub async fn share(
    app: Shared,
    caller: Caller,
    Name(slug): Name,
    Checked(form): Checked,
) -> Result<HttpResponse> {
    let on = |name: &str| field(&form, name).is_some();
    let cmd = PutSharing { certificates: on("certificates"), badge: on("badge") };
    let to = format!("/services/{}/sharing", words::encode(&slug));
    app.write(caller.0, move |tx| sharing::put(tx, &slug, &cmd)).await?;
    Ok(back(&to, None))
}
