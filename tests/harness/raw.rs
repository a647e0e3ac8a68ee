//! HTTP by hand, for what a polite client cannot send: half a body, too much of it, a wrong encoding.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// What came back; `status` 0 when the connection closed without an answer.
#[derive(Debug)]
pub struct RawReply {
    /// Status code.
    pub status: u16,
    /// Everything received.
    pub text: String,
    /// Bytes of the body that could be written before the server had enough.
    pub sent: u64,
}

/// A connection to `address` (`127.0.0.1:PORT`).
pub fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap_or_else(|e| panic!("cannot connect to {address}: {e}"));
    let limit = Some(Duration::from_mins(1));
    stream.set_read_timeout(limit).and_then(|()| stream.set_write_timeout(limit)).unwrap_or_default();
    stream
}

/// Writes `head` (request line and headers, without the empty line), then `body` piece by piece, while reading what
/// comes back. Stops writing when the server closes.
pub fn raw_request(address: &str, head: &str, body: impl Iterator<Item = Vec<u8>>) -> RawReply {
    let mut stream = connect(address);
    let reader = stream.try_clone().unwrap_or_else(|e| panic!("cloning the connection: {e}"));
    let answer = std::thread::spawn(move || read_answer(reader));
    let mut sent = 0;
    if stream.write_all(format!("{head}\r\n\r\n").as_bytes()).is_ok() {
        for piece in body {
            if answer.is_finished() || stream.write_all(&piece).is_err() {
                break;
            }
            sent += piece.len() as u64;
        }
    }
    let text = answer.join().unwrap_or_default();
    let status = text.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    RawReply { status, text, sent }
}

/// Reads one answer: until it is complete by its content length, or the connection ends.
fn read_answer(mut stream: TcpStream) -> String {
    let mut all = Vec::new();
    let mut buffer = [0_u8; 16 * 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(n) => all.extend_from_slice(&buffer[..n]),
        }
        if complete(&all) {
            break;
        }
    }
    String::from_utf8_lossy(&all).into_owned()
}

fn complete(all: &[u8]) -> bool {
    let text = String::from_utf8_lossy(all).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    if head.starts_with("http/1.1 100") {
        return false;
    }
    let length = head.lines().find_map(|l| l.strip_prefix("content-length:"));
    match length.and_then(|l| l.trim().parse::<usize>().ok()) {
        Some(length) => body.len() >= length,
        None => body.ends_with("0\r\n\r\n"),
    }
}
