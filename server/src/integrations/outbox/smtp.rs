//! One mail over SMTP.

use std::time::{Duration, SystemTime};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::response::Severity;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message as Mail, Tokio1Executor};

use super::away;
use crate::app::outbox::{Answer, Fault, Message};
use crate::config::{MailConfig, MailTls};
use crate::types::Timestamp;

/// Sends a mail; `limit` is the longest that the whole exchange may take.
pub(super) async fn send(settings: Option<&MailConfig>, limit: Duration, message: Message) -> Answer {
    let Some(settings) = settings else {
        return away("no mail server is set: see mail.host in the settings".to_owned());
    };
    let (mail, transport) =
        match compose(settings, message).and_then(|mail| Ok((mail, transport(settings, limit)?))) {
            Ok(both) => both,
            Err(why) => return away(why),
        };
    match tokio::time::timeout(limit, transport.send(mail)).await {
        Err(_) => away(format!("{}: no answer within {} s", settings.host, limit.as_secs())),
        Ok(Ok(taken)) => Answer { status: Some(taken.code().into()), fault: None, retry_after_ms: None },
        Ok(Err(error)) => refused(settings, &error),
    }
}

/// What a refusal means: whether it is the message, the recipient or the server.
fn refused(settings: &MailConfig, error: &lettre::transport::smtp::Error) -> Answer {
    let why = format!("{}: {}", settings.host, crate::integrations::net::cause(error));
    let code = error.status();
    let status = code.map(u16::from);
    let fault = match (code.map(|code| code.severity), status) {
        (Some(Severity::PermanentNegativeCompletion), Some(550 | 551 | 553 | 556)) => Fault::Ended,
        (Some(Severity::PermanentNegativeCompletion), Some(552 | 554)) => Fault::Message,
        _ => Fault::Target,
    };
    Answer { status, fault: Some((fault, why)), retry_after_ms: None }
}

fn compose(settings: &MailConfig, message: Message) -> Result<Mail, String> {
    let Message::Mail { to, id, at, leave, letter } = message else {
        return Err("a request is no mail".to_owned());
    };
    let from: Mailbox = settings.from.parse().map_err(|e| format!("mail.from: {e}"))?;
    let to: Address = to.parse().map_err(|_| "the address is none that mail can be sent to".to_owned())?;
    let domain = from.email.domain().to_owned();
    let raw = |name: &'static str, value: String| {
        HeaderName::new_from_ascii(name.to_owned())
            .map(|name| HeaderValue::new(name, value))
            .map_err(|e| e.to_string())
    };
    let builder = Mail::builder()
        .from(from)
        .to(Mailbox::new(None, to))
        .subject(letter.subject)
        .date(instant(at))
        .message_id(Some(format!("<{id}@{domain}>")))
        .raw_header(raw("List-Unsubscribe", format!("<{leave}>"))?)
        .raw_header(raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned())?)
        .raw_header(raw("Auto-Submitted", "auto-generated".to_owned())?);
    builder
        .multipart(MultiPart::alternative_plain_html(letter.text, letter.html))
        .map_err(|e| format!("the mail: {e}"))
}

fn instant(at: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).unwrap_or(0))
}

fn transport(settings: &MailConfig, limit: Duration) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
    let tls = match settings.tls {
        MailTls::None => Tls::None,
        MailTls::StartTls => Tls::Required(parameters(settings)?),
        MailTls::Implicit => Tls::Wrapper(parameters(settings)?),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
        .port(settings.port)
        .tls(tls)
        .timeout(Some(limit));
    if let Some((user, password)) = &settings.login {
        builder = builder.credentials(Credentials::new(user.clone(), password.read()?));
    }
    Ok(builder.build())
}

fn parameters(settings: &MailConfig) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(file) = &settings.ca_file {
        let place = |e: &dyn std::fmt::Display| format!("mail.ca_file: {}: {e}", file.display());
        let pem = std::fs::read(file).map_err(|e| place(&e))?;
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|e| place(&e))?);
    }
    builder.build().map_err(|e| format!("TLS: {e}"))
}
