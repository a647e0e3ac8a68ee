//! A web server of a test's own that answers as the test says: slowly, wrongly, too much.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// `POST`.
    pub method: String,
    /// With its query.
    pub path: String,
    /// Headers, names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body, form-decoded where it is a form.
    pub body: String,
    /// The body as it came.
    pub raw: String,
}

impl Asked {
    /// A header; empty without it.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub struct Told {
    /// Status code.
    pub status: u16,
    /// One more header line, or nothing.
    pub header: String,
    /// Body.
    pub body: Vec<u8>,
    /// How long nothing is said first.
    pub pause: Duration,
}

impl Told {
    /// An answer without delay.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, header: String::new(), body: body.into(), pause: Duration::ZERO }
    }
}

/// The server; it ends when this is dropped.
#[derive(Debug)]
pub struct Stub {
    base: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    over: Arc<AtomicBool>,
}

impl Stub {
    /// Starts one on loopback.
    pub fn start(tell: impl Fn(&Asked) -> Told + Send + Sync + 'static) -> Self {
        Self::serve(tell, |mut stream, answer| answer(&mut stream))
    }

    /// Starts one whose connections `open` wraps, for instance in TLS.
    pub fn serve(
        tell: impl Fn(&Asked) -> Told + Send + Sync + 'static,
        open: impl Fn(TcpStream, &dyn Fn(&mut dyn Stream)) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|e| panic!("no port: {e}"));
        let address = listener.local_addr().unwrap_or_else(|e| panic!("no address: {e}"));
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let over = Arc::new(AtomicBool::new(false));
        let (list, end, tell, open) = (Arc::clone(&asked), Arc::clone(&over), Arc::new(tell), Arc::new(open));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if end.load(Ordering::SeqCst) {
                    return;
                }
                let (list, tell, open) = (Arc::clone(&list), Arc::clone(&tell), Arc::clone(&open));
                std::thread::spawn(move || open(stream, &|stream| answer(stream, &list, tell.as_ref())));
            }
        });
        Self { base: format!("http://{address}"), asked, over }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Everything that was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // The listener waits for a connection: the last one ends it.
        let _ = TcpStream::connect(self.base.trim_start_matches("http://"));
    }
}

/// Something to read from and to write to.
pub trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

fn answer(stream: &mut dyn Stream, list: &Mutex<Vec<Asked>>, tell: &dyn Fn(&Asked) -> Told) {
    let Some(asked) = read(stream) else { return };
    let told = tell(&asked);
    list.lock().unwrap().push(asked);
    std::thread::sleep(told.pause);
    let head = format!(
        "HTTP/1.1 {} Told\r\nContent-Type: application/json\r\nConnection: close\r\n{}Content-Length: {}\r\n\r\n",
        told.status,
        told.header,
        told.body.len()
    );
    // Who asked may have gone away.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&told.body));
    let _ = stream.flush();
}

fn read(stream: &mut dyn Stream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let mut asked = Asked { method: words.next()?, path: words.next()?, ..Asked::default() };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        asked.headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length: usize = asked.header("content-length").parse().unwrap_or(0);
    let mut body = vec![0; length.min(1 << 20)];
    reader.read_exact(&mut body).ok()?;
    asked.body = decoded(&body);
    asked.raw = String::from_utf8_lossy(&body).into_owned();
    Some(asked)
}

/// A form's text without its escapes.
fn decoded(form: &[u8]) -> String {
    let mut out = Vec::with_capacity(form.len());
    let mut bytes = form.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let hex: String = bytes.by_ref().take(2).map(char::from).collect();
                out.push(u8::from_str_radix(&hex, 16).unwrap_or(b'?'));
            }
            other => out.push(other),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
