//! Refused writes of somebody known go into the audit; what proves nothing is counted against its address.

use std::sync::Arc;

use actix_web::HttpMessage;
use actix_web::dev::{ServiceRequest, ServiceResponse};

use super::routes::{Access, Route};
use super::{Installed, limits, origin};
use crate::app::actor::Credential;
use crate::app::{Actor, App, audit, blocking, tokens};

/// Looks at what a handler refused.
pub async fn after<B>(res: &ServiceResponse<B>, route: &'static Route) {
    let status = res.status().as_u16();
    if !matches!(status, 401 | 403) || route.method == "GET" {
        return;
    }
    let req = res.request();
    let Some(app) = req.app_data::<Installed>().map(|app| Arc::clone(app.get_ref())) else { return };
    if route.access == Access::Signed && status == 401 {
        // The answer is made; what is too much is refused the next time.
        let _ = limits::count_failure(&app, req).await;
        return;
    }
    let actor = req.extensions().get::<Actor>().cloned();
    let reason = res.response().error().map(ToString::to_string).unwrap_or_default();
    if let Some(actor) = actor.filter(|actor| actor.credential != Credential::None) {
        note(app, actor, status, reason);
    }
}

/// Notes a write with a token that has ended; of a text that never was a token there is nothing to note.
pub fn note_ended(req: &ServiceRequest, app: &Arc<App>, token: String) {
    let (app, origin) = (Arc::clone(app), origin::of(req.request()));
    actix_web::rt::spawn(async move {
        match app.read_for(Actor::anonymous(), move |tx| tokens::holder(tx, &token)).await {
            Ok(Some(actor)) => {
                let reason = "The token was revoked or has expired.".to_owned();
                note(app, actor.calling_from(origin), 401, reason);
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "looking for a token that has ended"),
        }
    });
}

/// Notes a refusal; nobody waits for it.
pub fn note(app: Arc<App>, actor: Actor, status: u16, reason: String) {
    actix_web::rt::spawn(async move {
        let app = Arc::clone(&app);
        let done = blocking(move || {
            audit::note_refused(&app, &actor, status, &reason);
            Ok(())
        });
        if let Err(error) = done.await {
            tracing::warn!(%error, "noting a write that was refused");
        }
    });
}
