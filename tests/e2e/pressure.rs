//! More than it can take: refused at once and with a reason, nobody else held up, nothing held for ever.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use harness::{SMALL_CATALOG, Server, Setup, connect, passed, raw_request};

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// Whether the other side has ended the connection; what it still says is read and dropped.
fn is_over(stream: &mut TcpStream) -> bool {
    let mut buffer = vec![0_u8; 1 << 20];
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => {
                return !matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                );
            }
        }
    }
}

#[test]
fn too_many_reads_at_once_are_told_to_come_back() {
    let server = Setup::default().env("WATERBEAR_MAX_WAITING", "1").start();
    server.import(SMALL_CATALOG);
    let (served, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                // Until the line was too long once: how many that takes is the machine's affair.
                for n in 0..400 {
                    if n >= 20 && refused.load(Ordering::Relaxed) > 0 {
                        break;
                    }
                    let reply = server.get("/api/v1/rulebook");
                    if reply.status == 200 {
                        served.fetch_add(1, Ordering::Relaxed);
                        continue;
                    }
                    reply.problem(503, "unavailable");
                    assert!(reply.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
                    refused.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for _ in 0..20 {
            let started = Instant::now();
            assert_eq!(server.get("/healthz").status, 200);
            assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
        }
    });
    let (served, refused) = (served.into_inner(), refused.into_inner());
    assert!(served > 0 && refused > 0, "{served} served, {refused} refused");
    let _ = server.get("/api/v1/rulebook").expect(200);
}

#[test]
fn the_bodies_held_at_once_are_bounded() {
    let server =
        Setup::default().env("WATERBEAR_MAX_IN_FLIGHT_MIB", "1").env("WATERBEAR_MAX_BODY_MIB", "1").start();
    server.import(SMALL_CATALOG);
    let head = |length: usize| {
        format!(
            "POST /api/v1/drills HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}",
            server.token()
        )
    };
    let mut slow = connect(server.address());
    slow.write_all(format!("{}\r\n\r\n", head(1_000_000)).as_bytes()).unwrap();
    slow.write_all(&vec![b' '; 900_000]).unwrap();
    // Refused by its head alone, once the slow one has arrived so far.
    let started = Instant::now();
    let refused = loop {
        let mut probe = connect(server.address());
        probe.write_all(format!("{}\r\n\r\n", head(300_000)).as_bytes()).unwrap();
        probe.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let mut answer = Vec::new();
        // Ends with the time-out: the connection itself stays open for a while.
        let _ = probe.read_to_end(&mut answer);
        if !answer.is_empty() {
            break String::from_utf8_lossy(&answer).into_owned();
        }
        assert!(started.elapsed() < Duration::from_secs(20), "never refused");
    };
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    assert!(refused.to_lowercase().contains("retry-after: ") && refused.contains("unavailable"), "{refused}");
    // A small one still finds room, and all do once the slow one is gone.
    let _ = server.post_drill(&passed("checkout", "dns")).expect(201);
    drop(slow);
    let mut large = passed("checkout", "cpu");
    large["hypothesis"] = harness::json!("x".repeat(400_000));
    let started = Instant::now();
    while server.post_drill(&large).status == 503 {
        assert!(started.elapsed() < Duration::from_secs(20), "what was held is never given back");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_head_without_end_is_refused_and_cut_off() {
    let server = Server::start();
    let mut stream = connect(server.address());
    let mut sent = 0;
    let piece = format!("X-Filler: {}\r\n", "x".repeat(8_000));
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n").unwrap();
    while sent < 4_000_000 && stream.write_all(piece.as_bytes()).is_ok() {
        sent += piece.len();
    }
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(sent < 4_000_000 || !answer.contains(" 200 "), "{sent} bytes of head were taken: {answer}");
    let whole = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Filler: {}", "x".repeat(200_000));
    let reply = raw_request(server.address(), &whole, std::iter::empty());
    assert!(matches!(reply.status, 0 | 400 | 431), "{}", reply.text);
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn who_does_not_keep_up_is_cut_off_and_holds_nobody_up() {
    let server = Server::with_checkout();
    let page = server.get("/").expect(200).text();
    let css = page.split('"').find(|part| part.starts_with("/static/app.") && part.contains(".css"));
    let css = css.unwrap_or_else(|| panic!("the page names no style sheet: {page}"));
    // A first head that never ends.
    let mut first = connect(server.address());
    first.write_all(b"GET /healthz HTTP/1.1\r\nHost: loc").unwrap();
    // A second one that never ends.
    let mut second = connect(server.address());
    second.write_all(get("/healthz").as_bytes()).unwrap();
    let mut some = [0_u8; 16];
    second.read_exact(&mut some).unwrap();
    second.write_all(b"GET /healthz HTTP/1.1\r\nHost: loc").unwrap();
    // A thousand answers that nobody reads.
    let mut deaf = connect(server.address());
    deaf.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    for _ in 0..1_000 {
        if deaf.write_all(get(css).as_bytes()).is_err() {
            break;
        }
    }
    let began = Instant::now();
    let rest =
        [b"a".as_slice(), b"l", b"h", b"o", b"s", b"t", b".", b"e", b"x", b"a", b"m", b"p", b"l", b"e"];
    for letter in rest {
        // One letter every two seconds: both are busy, and neither gets anywhere.
        let _ = first.write_all(letter);
        let _ = second.write_all(letter);
        assert_eq!(server.get("/healthz").status, 200);
        std::thread::sleep(Duration::from_secs(2));
    }
    std::thread::sleep(Duration::from_secs(35).saturating_sub(began.elapsed()));
    assert!(is_over(&mut first), "a first head may take for ever");
    assert!(is_over(&mut second), "a second head may take for ever");
    // Not read: that would be progress. It is cut after 25 s, or after twice that where a busy server was still at work on
    // one of its requests when the first 25 were over.
    let cut = || deaf.take_error().unwrap().is_some();
    while !cut() {
        assert!(
            began.elapsed() < Duration::from_secs(90),
            "answers wait for ever for who does not read them"
        );
        std::thread::sleep(Duration::from_millis(200));
    }
    let _ = server.post_drill(&passed("checkout", "dns")).expect(201);
}

#[test]
fn idle_connections_leave_room_and_a_full_house_opens_again() {
    let server = Setup::default().env("WATERBEAR_MAX_CONNECTIONS", "16").start();
    let mut idle: Vec<TcpStream> = (0..40).map(|_| connect(server.address())).collect();
    std::thread::sleep(Duration::from_millis(300));
    let mut late = connect(server.address());
    late.write_all(get("/healthz").as_bytes()).unwrap();
    late.set_read_timeout(Some(Duration::from_millis(700))).unwrap();
    let mut head = [0_u8; 12];
    assert!(late.read_exact(&mut head).is_err(), "it waits while the house is full");
    idle.clear();
    late.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    late.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
}

#[test]
fn many_idle_connections_do_not_stop_it() {
    let server = Server::with_checkout();
    let idle: Vec<TcpStream> = (0..600).map(|_| connect(server.address())).collect();
    let _ = server.post_drill(&passed("checkout", "dns")).expect(201);
    let _ = server.get("/services/checkout").expect(200);
    assert!(server.peak_memory_kb() < 200_000, "{} kB", server.peak_memory_kb());
    drop(idle);
}
