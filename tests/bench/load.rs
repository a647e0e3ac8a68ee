//! Load: closed (each connection asks again once it is answered) or paced (asked by the clock, answered or not).

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::client::Client;

/// Connections of the generator.
pub const CONNECTIONS: usize = 64;

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Answers a second, of the statuses that were hoped for.
    pub rate: f64,
    /// Milliseconds within which so many of a hundred answers came.
    pub p50: f64,
    /// The same for 99 of a hundred.
    pub p99: f64,
    /// Good answers.
    pub good: usize,
    /// All others by status; 0 for a broken connection.
    pub bad: BTreeMap<u16, usize>,
}

/// The n-th request to send.
pub type Requests = Rc<dyn Fn(u64) -> Rc<[u8]>>;

struct Shared {
    next: Cell<u64>,
    micros: RefCell<Vec<u32>>,
    bad: RefCell<BTreeMap<u16, usize>>,
}

/// Each of [`CONNECTIONS`] sends again as soon as it is answered, for `time`.
pub fn closed(address: &str, time: Duration, requests: &Requests) -> Outcome {
    run(address, time, requests, None)
}

/// So many requests a second in all, whatever the answers do; a late answer is counted from when it was due to be asked.
pub fn paced(address: &str, time: Duration, rate: f64, requests: &Requests) -> Outcome {
    run(address, time, requests, Some(rate))
}

fn run(address: &str, time: Duration, requests: &Requests, rate: Option<f64>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let local = tokio::task::LocalSet::new();
    let shared = Rc::new(Shared {
        next: Cell::new(0),
        micros: RefCell::new(Vec::with_capacity(1 << 20)),
        bad: RefCell::default(),
    });
    let began = Instant::now();
    local.block_on(&runtime, async {
        let tasks: Vec<_> = (0..CONNECTIONS)
            .map(|n| {
                let (address, requests) = (address.to_owned(), Rc::clone(requests));
                let shared = Rc::clone(&shared);
                tokio::task::spawn_local(async move {
                    // Spread over one interval, so that the connections do not ask in step.
                    let step = rate.map(|rate| Duration::from_secs_f64(CONNECTIONS as f64 / rate));
                    let first = began + step.unwrap_or_default().mul_f64(n as f64 / CONNECTIONS as f64);
                    connection(&address, began + time, first, step, &requests, &shared).await;
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("a connection of the generator");
        }
    });
    outcome(&shared, time)
}

async fn connection(
    address: &str,
    end: Instant,
    first: Instant,
    step: Option<Duration>,
    requests: &Requests,
    shared: &Shared,
) {
    let mut client = None;
    let mut due = first;
    loop {
        if step.is_some() {
            tokio::time::sleep_until(due.into()).await;
        }
        let began = if step.is_some() { due } else { Instant::now() };
        if Instant::now() >= end {
            return;
        }
        let n = shared.next.replace(shared.next.get() + 1);
        let request = requests(n);
        let status = ask(&mut client, address, &request).await.unwrap_or(0);
        if status == 0 {
            client = None;
        }
        if (200..300).contains(&status) {
            shared.micros.borrow_mut().push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
        } else {
            *shared.bad.borrow_mut().entry(status).or_default() += 1;
        }
        due += step.unwrap_or_default();
    }
}

async fn ask(client: &mut Option<Client>, address: &str, request: &[u8]) -> std::io::Result<u16> {
    let open = match client {
        Some(open) => open,
        none => none.insert(Client::connect(address).await?),
    };
    Ok(open.send(request).await?.0)
}

fn outcome(shared: &Shared, time: Duration) -> Outcome {
    let mut micros = shared.micros.take();
    micros.sort_unstable();
    let at = |part: f64| {
        let place = ((micros.len() as f64 * part) as usize).min(micros.len().saturating_sub(1));
        micros.get(place).map_or(f64::NAN, |us| f64::from(*us) / 1000.0)
    };
    Outcome {
        rate: micros.len() as f64 / time.as_secs_f64(),
        p50: at(0.5),
        p99: at(0.99),
        good: micros.len(),
        bad: shared.bad.take(),
    }
}

/// The same request again and again.
pub fn same(request: Vec<u8>) -> Requests {
    let request: Rc<[u8]> = request.into();
    Rc::new(move |_| Rc::clone(&request))
}
