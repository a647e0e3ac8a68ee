//! Accounts over HTTP.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::people::{self, ChangeUser, CreateUser, UserView, passwords};
use crate::app::views::Page;
use crate::app::{self, Actor};
use crate::error::{Error, Result};
use crate::http::Shared;
use crate::http::auth::Caller;
use crate::http::body::Body;
use crate::http::conditional;
use crate::http::credentials::Credentials;
use crate::http::query::{Name, Query};

/// A new account.
#[derive(Serialize, ToSchema)]
pub struct CreatedUser {
    /// The account.
    #[serde(flatten)]
    pub user: UserView,
    /// The password that was made up, if none was given; it is in this answer and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// `GET /api/v1/users?limit=&cursor=`
pub async fn list(app: Shared, req: HttpRequest, query: Query) -> Result<HttpResponse> {
    let (after, limit) = (query.text("cursor"), query.limit());
    let items = app.read(move |tx| people::list(tx, after.as_deref(), limit)).await?;
    let next = items.last().filter(|_| items.len() as i64 == limit).map(|user| user.login.clone());
    conditional::json(&req, &Page { items, next })
}

/// `GET /api/v1/users/{id}`
pub async fn one(app: Shared, req: HttpRequest, Name(id): Name, _: Query) -> Result<HttpResponse> {
    let user = app.read(move |tx| people::one(tx, &id)).await?;
    conditional::json(&req, &user)
}

/// `POST /api/v1/users`
pub async fn create(app: Shared, Caller(actor): Caller, _: Query, body: Body) -> Result<HttpResponse> {
    let cmd: CreateUser = body.json()?;
    let (user, password) = make(&app, actor, cmd).await?;
    let answer = CreatedUser { user, password };
    Ok(HttpResponse::Created().insert_header((header::CACHE_CONTROL, "no-store")).json(answer))
}

/// `PATCH /api/v1/users/{id}`
pub async fn change(
    app: Shared,
    Caller(actor): Caller,
    Name(id): Name,
    known: web::Data<Credentials>,
    _: Query,
    body: Body,
) -> Result<HttpResponse> {
    let cmd: ChangeUser = body.json()?;
    let user = alter(&app, actor, &known, id, cmd).await?;
    Ok(HttpResponse::Ok().json(user))
}

/// `DELETE /api/v1/users/{id}`: the account may not sign in any more; what it did stays with its name.
pub async fn remove(
    app: Shared,
    Caller(actor): Caller,
    Name(id): Name,
    known: web::Data<Credentials>,
    _: Query,
) -> Result<HttpResponse> {
    let cmd = ChangeUser { disabled: Some(true), ..ChangeUser::default() };
    alter(&app, actor, &known, id, cmd).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Makes an account; gives the password that was made up for it, if none was given.
pub async fn make(app: &Shared, actor: Actor, cmd: CreateUser) -> Result<(UserView, Option<String>)> {
    let made_up = if cmd.password.is_none() { Some(passwords::random()?) } else { None };
    let password = made_up.clone().or_else(|| cmd.password.clone()).unwrap_or_default();
    let hash = hashed(password, cmd.login.clone()).await?;
    let user = app.write(actor, move |tx| people::create(tx, &cmd, hash)).await?;
    Ok((user, made_up))
}

/// Changes an account; what is known of credentials here is looked up anew.
pub async fn alter(
    app: &Shared,
    actor: Actor,
    known: &Credentials,
    id: String,
    cmd: ChangeUser,
) -> Result<UserView> {
    let hash = match cmd.password.clone() {
        Some(password) => {
            let key = id.clone();
            let login = app.read(move |tx| Ok(people::one(tx, &key)?.login)).await?;
            Some(hashed(password, login).await?)
        }
        None => None,
    };
    let user = app.write(actor, move |tx| people::change(tx, &id, &cmd, hash)).await?;
    known.forget();
    Ok(user)
}

/// The hash of a password that is good enough.
async fn hashed(password: String, login: String) -> Result<String> {
    if let Some(weak) = passwords::weakness(&password, &login) {
        return Err(Error::invalid("/password", weak));
    }
    app::blocking(move || passwords::hash(&password)).await
}
