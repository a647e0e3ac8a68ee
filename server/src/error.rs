//! One error for the whole server: few variants, each with a stable code. Its HTTP form is in `http/problem.rs`.

use std::fmt;

/// One thing wrong with a request, at a place in its body (a JSON pointer, or a query parameter's name).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FieldError {
    /// JSON pointer such as `/started_at`, or `?kind` for a query parameter.
    pub pointer: String,
    /// What is wrong and what was expected.
    pub detail: String,
}

impl FieldError {
    /// An error at `pointer`.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

/// What can go wrong. A new variant only where some program must tell the case apart.
#[derive(Debug)]
pub enum Error {
    /// The body cannot be read at all; `detail` names line and column where there are any.
    Malformed { detail: String },
    /// No such thing, or none the caller may know of.
    NotFound { what: &'static str, key: String, nearest: Option<String> },
    /// Readable, but wrong; all the fields at once.
    Invalid { fields: Vec<FieldError> },
    /// No credential, or a bad one.
    Unauthenticated { detail: String },
    /// A good credential that may not do this.
    Forbidden { detail: String },
    /// Collides with what is there.
    Conflict { detail: String },
    /// More than the caller may send in this time.
    TooMany { detail: String, retry_after_seconds: u32 },
    /// Larger than the limit.
    TooLarge { limit_bytes: u64, detail: String },
    /// A media type that is not taken here.
    UnsupportedMedia { detail: String },
    /// The database (or the process) cannot take this now.
    Unavailable { detail: String, retry_after_seconds: u32 },
    /// A defect or a broken environment; the context is logged and never sent.
    Internal(anyhow::Error),
}

/// Result of the server's own functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// One wrong field.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid { fields: vec![FieldError::new(pointer, detail)] }
    }

    /// A body that cannot be read.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::Malformed { detail: detail.into() }
    }

    /// A thing that is not there.
    pub fn not_found(what: &'static str, key: impl Into<String>) -> Self {
        Self::NotFound { what, key: key.into(), nearest: None }
    }

    /// The error as the command line tells it: of a defect, the whole of it.
    pub fn into_anyhow(self) -> anyhow::Error {
        match self {
            Self::Internal(inner) => inner,
            other => anyhow::Error::new(other),
        }
    }

    /// The HTTP status of the case.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed { .. } => 400,
            Self::Unauthenticated { .. } => 401,
            Self::Forbidden { .. } => 403,
            Self::NotFound { .. } => 404,
            Self::Conflict { .. } => 409,
            Self::TooLarge { .. } => 413,
            Self::UnsupportedMedia { .. } => 415,
            Self::Invalid { .. } => 422,
            Self::TooMany { .. } => 429,
            Self::Unavailable { .. } => 503,
            Self::Internal(_) => 500,
        }
    }

    /// Stable, machine-readable name of the case.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "malformed",
            Self::NotFound { .. } => "not_found",
            Self::Invalid { .. } => "invalid",
            Self::Unauthenticated { .. } => "unauthenticated",
            Self::Forbidden { .. } => "forbidden",
            Self::Conflict { .. } => "conflict",
            Self::TooMany { .. } => "too_many_requests",
            Self::TooLarge { .. } => "too_large",
            Self::UnsupportedMedia { .. } => "unsupported_media_type",
            Self::Unavailable { .. } => "unavailable",
            Self::Internal(_) => "internal",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { detail }
            | Self::Unauthenticated { detail }
            | Self::Forbidden { detail }
            | Self::Conflict { detail }
            | Self::TooMany { detail, .. }
            | Self::TooLarge { detail, .. }
            | Self::UnsupportedMedia { detail }
            | Self::Unavailable { detail, .. } => f.write_str(detail),
            Self::NotFound { what, key, nearest } => {
                write!(f, "There is no {what} `{key}`.")?;
                match nearest {
                    Some(near) => write!(f, " Did you mean `{near}`?"),
                    None => Ok(()),
                }
            }
            Self::Invalid { fields } => {
                for (i, field) in fields.iter().enumerate() {
                    if i > 0 {
                        f.write_str("; ")?;
                    }
                    write!(f, "{}: {}", field.pointer, field.detail)?;
                }
                Ok(())
            }
            Self::Internal(_) => f.write_str("Something went wrong on our side; it has been logged."),
        }
    }
}

impl std::error::Error for Error {}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}
