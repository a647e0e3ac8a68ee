//! Forms that write: read whole, checked to be from a page of this session, then given to their handler.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;

use super::session::Session;
use crate::error::{Error, Result};

/// A form of the session it was shown in, with its field `csrf` found right.
#[derive(Debug)]
pub struct Checked(pub Fields);

/// The fields of a form, of which some may come several times.
pub type Fields = Vec<(String, String)>;

/// The value of a field, without spaces around it; none when empty or absent.
pub fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    let value = fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim());
    value.filter(|value| !value.is_empty())
}

/// The words of a field, with commas or spaces between them.
pub fn listed<'a>(fields: &'a Fields, name: &str) -> impl Iterator<Item = &'a str> {
    field(fields, name)
        .unwrap_or_default()
        .split([',', ' ', '\n'])
        .map(str::trim)
        .filter(|word| !word.is_empty())
}

/// All values of a field that are not empty.
pub fn values<'a>(fields: &'a Fields, name: &'a str) -> impl Iterator<Item = &'a str> {
    fields.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.trim()).filter(|v| !v.is_empty())
}

fn read(req: &HttpRequest, payload: &mut Payload) -> impl Future<Output = Result<Fields>> + use<> {
    // The limit is that of all pages: see `http::pages::configure`.
    let form = web::Form::<Fields>::from_request(req, payload);
    async move {
        let fields = form.await.map_err(|e| Error::malformed(format!("the form cannot be read: {e}")))?;
        Ok(fields.into_inner())
    }
}

impl FromRequest for Checked {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let session = Session::of(req);
        let fields = read(req, payload);
        Box::pin(async move {
            let fields = fields.await?;
            // Whoever comes with a token has no session, and no page that could be forged.
            if let Some(session) = session {
                session.require_form_token(field(&fields, "csrf"))?;
            }
            Ok(Self(fields))
        })
    }
}
