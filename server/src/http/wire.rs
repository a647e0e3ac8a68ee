//! Connections: how many, for how long without a whole request, at what pace; who does not keep up is cut off.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_http::{HttpService, Protocol};
use actix_server::{Server, ServerBuilder};
use actix_service::{IntoServiceFactory, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::rt::net::TcpStream;
use actix_web::web;
use anyhow::Context as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// How long requests in flight may take to finish once the server is told to stop.
const SHUTDOWN_SECONDS: u64 = 30;
/// How long a client may take to send the head of its first request.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long a client that was refused may go on sending before the connection is cut.
const LINGER_TIME: Duration = Duration::from_secs(5);
/// How long a connection may be open without a request at work and without [`PACE`] bytes of an answer taken.
/// Covers what the times above do not: the head of a second request that never ends, an answer nobody reads.
const PATIENCE: Duration = Duration::from_secs(25);
/// Bytes of an answer that count as progress.
const PACE: usize = 16 * 1024;
/// Threads a worker may block at once: as many as take turns at the database, and some to compress.
const BLOCKING_THREADS: usize = 32;
/// Connections the system holds for us while none is taken.
const BACKLOG: i32 = 1_024;
/// Files and sockets of the process beside its connections.
const OTHER_FILES: u64 = 256;

/// What the connection of a request does, shared by the connection and its requests.
#[derive(Debug)]
pub struct Meter {
    at_work: Cell<u32>,
    progress: Cell<Instant>,
    sent: Cell<usize>,
}

impl Meter {
    fn new() -> Rc<Self> {
        Rc::new(Self { at_work: Cell::new(0), progress: Cell::new(Instant::now()), sent: Cell::new(0) })
    }

    fn wrote(&self, bytes: usize, now: Instant) {
        let sent = self.sent.get() + bytes;
        if sent >= PACE {
            self.progress.set(now);
        }
        self.sent.set(sent % PACE);
    }

    /// When the connection is cut if nothing happens; later than now while a request is at work, unless what was
    /// answered before is not taken: a request behind that one is no excuse.
    fn deadline(&self, now: Instant, stalled: bool) -> Instant {
        let from = if self.at_work.get() > 0 && !stalled { now } else { self.progress.get() };
        from + PATIENCE
    }
}

/// A request at work on its connection.
struct AtWork(Rc<Meter>);

impl AtWork {
    fn begin(meter: &Rc<Meter>) -> Self {
        meter.at_work.set(meter.at_work.get() + 1);
        Self(Rc::clone(meter))
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.at_work.set(self.0.at_work.get().saturating_sub(1));
        self.0.progress.set(Instant::now());
    }
}

/// Middleware: notes on the connection that a request is at work.
pub async fn note_work<B: MessageBody>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let _at_work = req.conn_data::<Rc<Meter>>().map(AtWork::begin);
    next.call(req).await
}

/// A connection that is cut when its client does not keep up.
pub struct Line {
    io: TcpStream,
    meter: Rc<Meter>,
    alarm: Pin<Box<Sleep>>,
    /// The other side takes nothing at present.
    stalled: bool,
}

impl Drop for Line {
    fn drop(&mut self) {
        // Who does not read does not get the rest either, whoever ended the connection: the system would keep
        // megabytes of it, and for how long is its own affair.
        if self.stalled
            && let Err(error) = socket2::SockRef::from(&self.io).set_linger(Some(Duration::ZERO))
        {
            tracing::debug!(%error, "SO_LINGER");
        }
    }
}

impl Line {
    fn new(io: TcpStream) -> Self {
        let meter = Meter::new();
        let alarm = Box::pin(tokio::time::sleep_until(Instant::now() + PATIENCE));
        Self { io, meter, alarm, stalled: false }
    }

    /// Passes on what the socket says, unless it waits and patience is at its end.
    fn watched<T>(&mut self, polled: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            return polled;
        }
        while self.alarm.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            let deadline = self.meter.deadline(now, self.stalled);
            if deadline <= now {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.alarm.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_read(cx, buf);
        self.watched(polled, cx)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write(cx, buf);
        self.stalled = polled.is_pending();
        if let Poll::Ready(Ok(bytes)) = &polled {
            self.meter.wrote(*bytes, Instant::now());
        }
        self.watched(polled, cx)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// Opens the port; the server runs while it is awaited, and ends gracefully when `stop` resolves.
pub fn open(
    listen: &str,
    max_connections: usize,
    configure: impl FnOnce(&mut web::ServiceConfig) + Clone + Send + 'static,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<(SocketAddr, Server)> {
    let workers = std::thread::available_parallelism().map_or(2, usize::from).max(2);
    let socket = bind(listen).with_context(|| format!("cannot listen on {listen}"))?;
    let bound = socket.local_addr()?;
    let builder = ServerBuilder::new()
        .workers(workers)
        .worker_max_blocking_threads(BLOCKING_THREADS)
        .max_concurrent_connections(room_for(max_connections).div_ceil(workers))
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .disable_signals()
        .shutdown_signal(stop);
    let ending = builder.graceful_shutdown_signal();
    let server = builder.listen("http", socket, move || {
        let ending = ending.clone();
        let app = actix_web::App::new().configure(configure.clone());
        let settings = AppConfig::default();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let ending = ending.clone();
                async move { ending.notified().await }
            })
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(HEAD_TIME)
            .client_disconnect_timeout(LINGER_TIME)
            .local_addr(bound)
            .on_connect_ext(|line: &Line, data| {
                data.insert(Rc::clone(&line.meter));
            })
            .finish(map_config(app.into_factory(), move |()| settings.clone()));
        fn_service(|io: TcpStream| async move {
            // Answers are whole when they are written: waiting to join them with more gains nothing.
            if let Err(error) = io.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY");
            }
            let peer = io.peer_addr().ok();
            Ok((Line::new(io), Protocol::Http1, peer))
        })
        .and_then(http)
    })?;
    Ok((bound, server.run()))
}

fn bind(listen: &str) -> anyhow::Result<std::net::TcpListener> {
    let address: SocketAddr = listen.parse()?;
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, Some(socket2::Protocol::TCP))?;
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// The connections there are files for, `wanted` at most; asks the system for as many as it grants.
fn room_for(wanted: usize) -> usize {
    let needed = wanted as u64 + OTHER_FILES;
    let granted = match rlimit::increase_nofile_limit(needed) {
        Ok(granted) => granted,
        Err(error) => {
            tracing::warn!(%error, "asking for more open files");
            return wanted;
        }
    };
    let room = granted.saturating_sub(OTHER_FILES).max(64).min(wanted as u64) as usize;
    if room < wanted {
        tracing::warn!(
            "the system allows {granted} open files: no more than {room} connections at once \
             (server.max_connections is {wanted})"
        );
    }
    room
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_ends_without_work_or_progress() {
        let meter = Meter::new();
        let opened = meter.progress.get();
        let later = opened + Duration::from_secs(20);
        assert_eq!(meter.deadline(later, false), opened + PATIENCE);
        meter.wrote(PACE - 1, later);
        assert_eq!(meter.deadline(later, false), opened + PATIENCE, "a trickle is no progress");
        meter.wrote(1, later);
        assert_eq!(meter.deadline(later, false), later + PATIENCE);
        let much_later = later + Duration::from_mins(5);
        assert!(meter.deadline(much_later, false) < much_later);
        let work = AtWork::begin(&meter);
        assert_eq!(
            meter.deadline(much_later, false),
            much_later + PATIENCE,
            "a request at work is waited for"
        );
        assert!(meter.deadline(much_later, true) < much_later, "unless nothing is taken");
        let ended = Instant::now();
        drop(work);
        assert!(
            meter.deadline(much_later, false) >= ended + PATIENCE
                && meter.deadline(much_later, false) < much_later
        );
    }
}
