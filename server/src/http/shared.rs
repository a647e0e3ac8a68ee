//! The application as handlers are given it: whatever they read, they read as whoever asks.

use std::future::{Ready, ready};
use std::ops::Deref;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::Installed;
use super::auth::Caller;
use crate::app::{Actor, App, Tx};
use crate::error::{Error, Result};

/// The application, and who asks. So no handler can forget for whom it reads: of what is hidden from them there is
/// nothing to be found.
#[derive(Clone)]
pub struct Shared {
    app: Arc<App>,
    reader: Actor,
}

impl Shared {
    /// Runs a read for who asks, on a blocking thread.
    pub async fn read<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.app.read_for(self.reader.clone(), f).await
    }
}

impl Deref for Shared {
    type Target = Arc<App>;

    fn deref(&self) -> &Arc<App> {
        &self.app
    }
}

impl FromRequest for Shared {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let lacking = || Error::Internal(anyhow::anyhow!("a request without the application"));
        let app = req.app_data::<Installed>().map(|app| Arc::clone(app.get_ref())).ok_or_else(lacking);
        ready(app.map(|app| Self { app, reader: Caller::of(req).0 }))
    }
}
