//! A mail server of a test's own: it takes what it is told to take, and keeps it.

use std::io::{BufRead, BufReader, Read, Write};
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

/// How a mail server encrypts what is said.
#[derive(Clone, Debug, Default)]
pub enum Encrypted {
    /// Not at all.
    #[default]
    Never,
    /// From the first byte.
    AtOnce(Arc<rustls::ServerConfig>),
    /// After `STARTTLS`; before it, it takes no mail.
    WhenAsked(Arc<rustls::ServerConfig>),
}

/// The server; it ends when this is dropped.
#[derive(Debug)]
pub struct MailServer {
    port: u16,
    logins: Arc<Mutex<Vec<String>>>,
    letters: Arc<Mutex<Vec<Letter>>>,
    answer: Arc<Mutex<String>>,
    over: Arc<AtomicBool>,
}

impl MailServer {
    /// Starts one on loopback.
    pub fn start() -> Self {
        Self::speaking(&Encrypted::Never)
    }

    /// Starts one that encrypts.
    pub fn speaking(encrypted: &Encrypted) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|e| panic!("no port: {e}"));
        let port = listener.local_addr().unwrap_or_else(|e| panic!("no address: {e}")).port();
        let letters: Arc<Mutex<Vec<Letter>>> = Arc::default();
        let answer = Arc::new(Mutex::new("250 taken".to_owned()));
        let over = Arc::new(AtomicBool::new(false));
        let logins: Arc<Mutex<Vec<String>>> = Arc::default();
        let end = Arc::clone(&over);
        let room = Room {
            letters: Arc::clone(&letters),
            answer: Arc::clone(&answer),
            logins: Arc::clone(&logins),
            encrypted: encrypted.clone(),
        };
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if end.load(Ordering::SeqCst) {
                    return;
                }
                let room = room.clone();
                std::thread::spawn(move || room.welcome(stream));
            }
        });
        Self { port, logins, letters, answer, over }
    }

    /// What was said to prove who sends, in base64, as it came.
    pub fn logins(&self) -> Vec<String> {
        self.logins.lock().unwrap().clone()
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

/// What the conversations of a server share.
#[derive(Clone)]
struct Room {
    letters: Arc<Mutex<Vec<Letter>>>,
    answer: Arc<Mutex<String>>,
    logins: Arc<Mutex<Vec<String>>>,
    encrypted: Encrypted,
}

impl Room {
    fn welcome(&self, stream: TcpStream) {
        let secure = |stream: TcpStream, config: &Arc<rustls::ServerConfig>| {
            let session = rustls::ServerConnection::new(Arc::clone(config)).ok()?;
            Some(rustls::StreamOwned::new(session, stream))
        };
        match &self.encrypted {
            Encrypted::Never => drop(self.talk(stream, true, false)),
            Encrypted::AtOnce(config) => drop(secure(stream, config).map(|s| self.talk(s, true, false))),
            Encrypted::WhenAsked(config) => {
                let asked = self.talk(stream, true, true).and_then(|stream| secure(stream, config));
                drop(asked.map(|stream| self.talk(stream, false, false)));
            }
        }
    }

    /// One conversation; whoever hangs up ends it. Gives the stream back that is to be encrypted.
    fn talk<S: Read + Write>(&self, stream: S, greet: bool, bare: bool) -> Option<S> {
        let mut stream = BufReader::new(stream);
        let mut letter = Letter::default();
        if greet {
            stream.get_mut().write_all(b"220 test\r\n").ok()?;
        }
        loop {
            let line = next(&mut stream)?;
            let word = line.to_uppercase();
            let path = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
            let said = if word.starts_with("EHLO") {
                let more = if bare { "STARTTLS" } else { "AUTH PLAIN" };
                format!("250-test\r\n250-8BITMIME\r\n250 {more}")
            } else if word == "STARTTLS" && bare {
                stream.get_mut().write_all(b"220 go on\r\n").ok()?;
                return Some(stream.into_inner());
            } else if word == "QUIT" {
                let _ = stream.get_mut().write_all(b"221 bye\r\n");
                return None;
            } else if bare {
                "530 encrypt first".to_owned()
            } else if word.starts_with("AUTH PLAIN") {
                self.logins.lock().unwrap().push(line.rsplit(' ').next().unwrap_or_default().to_owned());
                "235 well".to_owned()
            } else if word.starts_with("MAIL FROM") {
                letter = Letter { from: path(), ..Letter::default() };
                "250 go on".to_owned()
            } else if word.starts_with("RCPT TO") {
                letter.to = path();
                self.answer.lock().unwrap().clone()
            } else if word == "DATA" {
                stream.get_mut().write_all(b"354 go on\r\n").ok()?;
                while let Some(part) = next(&mut stream).filter(|line| line != ".") {
                    letter.raw.push_str(part.strip_prefix('.').unwrap_or(&part));
                    letter.raw.push('\n');
                }
                self.letters.lock().unwrap().push(letter.clone());
                "250 kept".to_owned()
            } else {
                "250 well".to_owned()
            };
            stream.get_mut().write_all(format!("{said}\r\n").as_bytes()).ok()?;
            stream.get_mut().flush().ok()?;
        }
    }
}

/// The next line, without its end.
fn next<S: Read>(stream: &mut BufReader<S>) -> Option<String> {
    let mut line = Vec::new();
    let read = stream.read_until(b'\n', &mut line).ok()?;
    (read > 0).then(|| String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
}
