//! Toy services that take drill tickets: an example of the verifying side, for those who build their own.
//!
//! `storefront` shows a page with ads, or without them where `ads` fails: that is its fallback. `middleware` verifies
//! tickets as they arrive, `filter` makes calls that fail for whoever holds one.

mod filter;
mod middleware;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock, mpsc};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use harness::{Server, now};
use waterbear::tickets::{HEADER, Jwks, Verifier};

pub use filter::DrillClient;
pub use middleware::Carried;

/// How long the storefront waits for ads.
const PATIENCE: Duration = Duration::from_millis(400);

/// What all services of a place know: how to verify tickets, and what time it is.
pub struct Drills {
    verifier: RwLock<Verifier>,
    ahead: AtomicI64,
}

impl Drills {
    /// Knows the keys of `waterbear` and which tickets it took back.
    pub fn of(waterbear: &Server, environment: &str) -> Arc<Self> {
        let verifier = Verifier::new(waterbear.base(), environment, Jwks::default());
        let drills = Arc::new(Self { verifier: RwLock::new(verifier), ahead: AtomicI64::new(0) });
        drills.refresh(waterbear);
        drills
    }

    /// Reads the keys and the revoked tickets again, as a service does every minute or so.
    pub fn refresh(&self, waterbear: &Server) {
        let keys = Jwks::parse(&waterbear.get("/.well-known/jwks.json").expect(200).text()).unwrap();
        let revoked = waterbear.json("/api/v1/drill-tickets/revoked");
        let ids =
            revoked["revoked"].as_array().unwrap().iter().filter_map(|id| id.as_str().map(str::to_owned));
        let mut verifier = self.verifier.write().unwrap();
        verifier.set_keys(keys);
        verifier.set_revoked(ids);
    }

    /// Lets time pass for these services.
    pub fn move_ahead(&self, seconds: i64) {
        self.ahead.store(seconds, Ordering::SeqCst);
    }

    /// What a request carries, if it carries a ticket that holds.
    pub fn verify(&self, token: &str) -> Option<Carried> {
        let seconds = now().timestamp() + self.ahead.load(Ordering::SeqCst);
        let claims = self.verifier.read().unwrap().verify(token, seconds).ok()?;
        Some(Carried { token: token.to_owned(), claims })
    }
}

/// A running toy service; it ends when this is dropped.
pub struct Toy {
    addr: SocketAddr,
    handle: ServerHandle,
    calls: Arc<AtomicUsize>,
    last_ticket: Arc<Mutex<Option<String>>>,
}

impl Toy {
    /// The storefront: it calls `ads` through the filter.
    pub fn storefront(drills: &Arc<Drills>, ads: &Self) -> Self {
        let client = web::Data::new(DrillClient::new("storefront", PATIENCE));
        let ads = web::Data::new(ads.url());
        let drills = Arc::clone(drills);
        Self::start(move |config, _, _| {
            let guard = middleware::Guard::carrying(Arc::clone(&drills));
            config
                .app_data(client.clone())
                .app_data(ads.clone())
                .service(web::resource("/").wrap(guard.layer()).route(web::get().to(page)));
        })
    }

    /// The service that is called; with `guarded` it makes calls fail itself, for callers without a filter.
    pub fn ads(drills: &Arc<Drills>, guarded: bool) -> Self {
        let drills = Arc::clone(drills);
        Self::start(move |config, calls, last| {
            let guard = if guarded {
                middleware::Guard::of_called(Arc::clone(&drills), "ads")
            } else {
                middleware::Guard::carrying(Arc::clone(&drills))
            };
            let (calls, last) = (Arc::clone(calls), Arc::clone(last));
            let answer = move |req: HttpRequest| {
                calls.fetch_add(1, Ordering::SeqCst);
                let ticket = req.headers().get(HEADER).and_then(|v| v.to_str().ok()).map(str::to_owned);
                *last.lock().unwrap() = ticket;
                async { HttpResponse::Ok().body("3 ads") }
            };
            config.service(web::resource("/").wrap(guard.layer()).route(web::get().to(answer)));
        })
    }

    fn start(
        routes: impl Fn(&mut web::ServiceConfig, &Arc<AtomicUsize>, &Arc<Mutex<Option<String>>>)
        + Clone
        + Send
        + 'static,
    ) -> Self {
        let (calls, last_ticket) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(None)));
        let (found, wait) = mpsc::channel();
        let (counted, kept) = (Arc::clone(&calls), Arc::clone(&last_ticket));
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    let (routes, counted, kept) = (routes.clone(), Arc::clone(&counted), Arc::clone(&kept));
                    App::new().configure(move |config| routes(config, &counted, &kept))
                })
                .workers(1)
                .disable_signals()
                .bind("127.0.0.1:0")
                .unwrap();
                let addr = server.addrs()[0];
                let server = server.run();
                found.send((addr, server.handle())).unwrap();
                let _ = server.await;
            });
        });
        let (addr, handle) = wait.recv_timeout(Duration::from_secs(20)).unwrap();
        Self { addr, handle, calls, last_ticket }
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}/", self.addr)
    }

    /// How often it was really called.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// The ticket that the last call carried.
    pub fn last_ticket(&self) -> Option<String> {
        self.last_ticket.lock().unwrap().clone()
    }
}

impl Drop for Toy {
    fn drop(&mut self) {
        // The command is sent at once; nobody need wait for its end.
        drop(self.handle.stop(false));
    }
}

/// The page, with its fallback.
async fn page(req: HttpRequest, client: web::Data<DrillClient>, ads: web::Data<String>) -> HttpResponse {
    let member = req.headers().get("x-member-id").and_then(|v| v.to_str().ok()).map(str::to_owned);
    match client.get("ads", ads.get_ref(), &req, member.as_deref()).await {
        Ok(text) => HttpResponse::Ok().body(format!("a page with {text}")),
        Err(why) => HttpResponse::Ok().insert_header(("x-fallback", why.as_str())).body("a page without ads"),
    }
}
