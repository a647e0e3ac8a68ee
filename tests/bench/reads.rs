//! Reads: what a page costs by itself, to hold the server's answers against.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use waterbear::app::{App, degrader, scorecard};
use waterbear::http::pages::frame::{self, Frame};
use waterbear::http::pages::service;

use crate::client;
use crate::load::Requests;
use crate::place::slug;

/// GETs of one kind for all services in turn, at most so many different ones.
pub fn of_services(prefix: &'static str, suffix: &'static str, different: usize, token: &str) -> Requests {
    let requests: Vec<Rc<[u8]>> =
        (0..different).map(|n| client::get(&format!("{prefix}{}{suffix}", slug(n)), token).into()).collect();
    Rc::new(move |n| Rc::clone(&requests[n as usize % requests.len()]))
}

/// Scorecard pages a second that the template alone gives, on every core, from a context made once.
pub fn template_alone(app: &Arc<App>, time: Duration) -> f64 {
    let pages = AtomicU64::new(0);
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                let context = app
                    .read_now(|tx| {
                        let name = slug(0);
                        let card = scorecard::scorecard(tx, &name, None)?;
                        let history = scorecard::history(tx, &name, None, None)?;
                        let study = degrader::study(tx, &name, &degrader::Ask::default())?;
                        let calls = waterbear::app::flows::of_service(tx, &name)?;
                        Ok(service::context(Frame::default().chrome(tx)?, &card, &history, &study, &calls))
                    })
                    .expect("a scorecard");
                while began.elapsed() < time {
                    let page = frame::html("service", &context).expect("a page");
                    assert_eq!(page.status().as_u16(), 200);
                    pages.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    pages.into_inner() as f64 / began.elapsed().as_secs_f64()
}
