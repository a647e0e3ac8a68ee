//! A mail server of a test's own: it takes what it is told to take, and keeps it.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A mail as it came.
#[derive(Clone, Debug, Default)]
pub struct Letter {
    /// Of the envelope.
    pub from: String,
    /// Of the envelope.
    pub to: String,
    /// Headers and body, with line feeds.
    pub raw: String,
}

impl Letter {
    /// A header with its folded lines joined; empty without it.
    pub fn header(&self, name: &str) -> String {
        let head = self.raw.split("\n\n").next().unwrap_or_default().replace("\n ", " ").replace("\n\t", " ");
        let found = head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        });
        found.unwrap_or_default()
    }

    /// Everything with quoted-printable undone.
    pub fn text(&self) -> String {
        let joined = self.raw.replace("=\n", "");
        let mut out = Vec::with_capacity(joined.len());
        let mut rest = joined.as_bytes();
        while let [byte, after @ ..] = rest {
            let code = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
            match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                Some(decoded) if *byte == b'=' => {
                    out.push(decoded);
                    rest = &after[2..];
                }
                _ => {
                    out.push(*byte);
                    rest = after;
                }
            }
        }
        String::from_utf8_lossy(&out).into_owned()
    }
}

/// The server; it ends when this is dropped.
#[derive(Debug)]
pub struct MailServer {
    port: u16,
    letters: Arc<Mutex<Vec<Letter>>>,
    answer: Arc<Mutex<String>>,
    over: Arc<AtomicBool>,
}

impl MailServer {
    /// Starts one on loopback.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|e| panic!("no port: {e}"));
        let port = listener.local_addr().unwrap_or_else(|e| panic!("no address: {e}")).port();
        let letters: Arc<Mutex<Vec<Letter>>> = Arc::default();
        let answer = Arc::new(Mutex::new("250 taken".to_owned()));
        let over = Arc::new(AtomicBool::new(false));
        let (list, said, end) = (Arc::clone(&letters), Arc::clone(&answer), Arc::clone(&over));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if end.load(Ordering::SeqCst) {
                    return;
                }
                let (list, said) = (Arc::clone(&list), Arc::clone(&said));
                std::thread::spawn(move || talk(stream, &list, &said));
            }
        });
        Self { port, letters, answer, over }
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it says to a recipient from now on, such as `550 no such user`.
    pub fn say(&self, answer: &str) {
        answer.clone_into(&mut self.answer.lock().unwrap());
    }

    /// Every mail so far.
    pub fn letters(&self) -> Vec<Letter> {
        self.letters.lock().unwrap().clone()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // The listener waits for a connection: the last one ends it.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// One conversation; whoever hangs up ends it.
fn talk(stream: TcpStream, list: &Mutex<Vec<Letter>>, answer: &Mutex<String>) {
    let Ok(mut out) = stream.try_clone() else { return };
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let mut letter = Letter::default();
    if out.write_all(b"220 test\r\n").is_err() {
        return;
    }
    while let Some(line) = lines.next() {
        let word = line.to_uppercase();
        let path = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let said = if word.starts_with("EHLO") {
            "250-test\r\n250 8BITMIME".to_owned()
        } else if word.starts_with("MAIL FROM") {
            letter = Letter { from: path(), ..Letter::default() };
            "250 go on".to_owned()
        } else if word.starts_with("RCPT TO") {
            letter.to = path();
            answer.lock().unwrap().clone()
        } else if word == "DATA" {
            if out.write_all(b"354 go on\r\n").is_err() {
                return;
            }
            for part in lines.by_ref().take_while(|line| line != ".") {
                letter.raw.push_str(part.strip_prefix('.').unwrap_or(&part));
                letter.raw.push('\n');
            }
            list.lock().unwrap().push(letter.clone());
            "250 kept".to_owned()
        } else if word == "QUIT" {
            let _ = out.write_all(b"221 bye\r\n");
            return;
        } else {
            "250 well".to_owned()
        };
        if out.write_all(format!("{said}\r\n").as_bytes()).is_err() {
            return;
        }
    }
}
