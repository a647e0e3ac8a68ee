//! What a Prometheus answers, read whole or refused with a reason.
//!
//! Numbers are texts there, `NaN` and infinities among them; a series may hold `values` beside `histograms`; errors come
//! as JSON of their own, and as plain text from whatever stands in front.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny};

/// Labels of a series.
pub type Labels = BTreeMap<String, String>;

/// A query's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What was asked for.
    pub data: Data,
    /// What Prometheus remarks: warnings, then infos.
    pub remarks: Vec<String>,
}

/// What a query gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Series over time, or of one instant: the same, with one sample each.
    Series(Vec<Series>),
    /// One number.
    Scalar(f64),
    /// One text.
    Text(String),
}

/// One series, samples in the order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Its labels.
    pub labels: Labels,
    /// Numbers, each with its time in seconds since the epoch. What is not there is a gap.
    pub values: Vec<(f64, f64)>,
    /// Native histograms, each with its time.
    pub histograms: Vec<(f64, Native)>,
}

/// A native histogram.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Native {
    /// Observations, those among them that are no number.
    pub count: f64,
    /// Their sum.
    pub sum: f64,
    /// Buckets with something in them, lowest first.
    pub buckets: Vec<NativeBucket>,
}

/// A bucket of a native histogram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NativeBucket {
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
    /// Observations in it alone.
    pub count: f64,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The query or its range is wrong (400 `bad_data`).
    BadData(String),
    /// The query cannot be made for this service.
    NoQuery(String),
    /// The query cannot be computed (422 `execution`).
    Execution(String),
    /// It took too long, there or here.
    Timeout(String),
    /// The answer is larger than what is read.
    TooLarge(usize),
    /// Nobody answers, or not as Prometheus does, or not to us: no other query would fare better.
    Away(String),
    /// It cannot answer at the moment.
    Busy(String),
}

impl Fault {
    /// Whether the next query would fail as well.
    pub fn ends_all(&self) -> bool {
        matches!(self, Self::Away(_))
    }

    /// Whether the source, rather than the query, seems to be in trouble.
    pub fn of_the_source(&self) -> bool {
        matches!(self, Self::Away(_) | Self::Busy(_) | Self::Timeout(_))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadData(text) => write!(f, "Prometheus refuses the query: {text}"),
            Self::Execution(text) => write!(f, "Prometheus cannot compute the query: {text}"),
            Self::NoQuery(text) | Self::Timeout(text) | Self::Away(text) | Self::Busy(text) => {
                f.write_str(text)
            }
            Self::TooLarge(most) => write!(
                f,
                "the answer is larger than {} MiB: narrow the query, or raise max_answer_mib",
                most / (1024 * 1024)
            ),
        }
    }
}

/// Reads what came with `status`.
///
/// # Errors
///
/// The error that Prometheus tells, or that this is no answer of one.
pub fn read(status: u16, body: &[u8]) -> Result<Answer, Fault> {
    let envelope: Envelope<Found> = envelope(status, body)?;
    let Some(data) = envelope.data else { return Err(not_prometheus(status, body)) };
    Ok(Answer { data: data.0, remarks: [envelope.warnings, envelope.infos].concat() })
}

/// Reads the version out of an answer of `/api/v1/status/buildinfo`.
///
/// # Errors
///
/// As [`read`].
pub fn version(status: u16, body: &[u8]) -> Result<String, Fault> {
    #[derive(Deserialize)]
    struct Build {
        version: String,
    }
    let envelope: Envelope<Build> = envelope(status, body)?;
    envelope.data.map(|build| clip(&build.version)).ok_or_else(|| not_prometheus(status, body))
}

#[derive(Deserialize)]
struct Envelope<T> {
    status: String,
    data: Option<T>,
    #[serde(rename = "errorType", default)]
    error_type: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    warnings: Vec<String>,
    #[serde(default)]
    infos: Vec<String>,
}

fn envelope<T: for<'de> Deserialize<'de>>(status: u16, body: &[u8]) -> Result<Envelope<T>, Fault> {
    let told = |kind: &str, text: &str| told_error(kind, clip(text), status);
    if status != 200 {
        return Err(match serde_json::from_slice::<Envelope<IgnoredAny>>(body) {
            Ok(envelope) if envelope.status == "error" => told(&envelope.error_type, &envelope.error),
            _ => not_prometheus(status, body),
        });
    }
    match serde_json::from_slice::<Envelope<T>>(body) {
        Ok(envelope) if envelope.status == "success" => Ok(envelope),
        Ok(envelope) if envelope.status == "error" => Err(told(&envelope.error_type, &envelope.error)),
        Err(error)
            if serde_json::from_slice::<Envelope<IgnoredAny>>(body).is_ok_and(|e| e.status == "success") =>
        {
            Err(Fault::Execution(format!("its answer has another form: {error}")))
        }
        _ => Err(not_prometheus(status, body)),
    }
}

fn told_error(kind: &str, text: String, status: u16) -> Fault {
    match (kind, status) {
        ("bad_data", _) => Fault::BadData(text),
        ("execution", _) => Fault::Execution(text),
        ("timeout" | "canceled", _) => Fault::Timeout(format!("Prometheus gave up ({kind}): {text}")),
        (_, 401 | 403) => Fault::Away(format!("it does not let us in ({status}): {text}")),
        (_, 429 | 500..) => Fault::Busy(format!("Prometheus answers {status} {kind}: {text}")),
        _ => Fault::Execution(format!("{kind}: {text}")),
    }
}

/// An answer that no Prometheus gives: of a proxy, of a sign-in page, of a wrong path.
fn not_prometheus(status: u16, body: &[u8]) -> Fault {
    let said = clip(&String::from_utf8_lossy(body.get(..400).unwrap_or(body)));
    let said = if said.is_empty() { String::new() } else { format!(": \"{said}\"") };
    match status {
        401 | 403 => {
            Fault::Away(format!("it does not let us in ({status}); look at user, password, token and header"))
        }
        404 => Fault::Away(format!(
            "there is no Prometheus API at this address (404{said}); the URL ends before /api/v1/query"
        )),
        300..=399 => {
            Fault::Away(format!("it answers with a redirect ({status}), and redirects are not followed"))
        }
        429 | 500.. => Fault::Busy(format!("it answers {status}{said}")),
        _ => Fault::Away(format!("this is not how a Prometheus answers ({status}{said})")),
    }
}

/// A foreign text, short and in one line.
fn clip(text: &str) -> String {
    let clean = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short: String = clean.chars().filter(|c| !c.is_control()).take(300).collect();
    if short.len() < clean.len() {
        short.push('…');
    }
    short
}

/// A number that is written as a text.
struct Number(f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        number(&text).map(Self).ok_or_else(|| D::Error::custom(format!("`{}` is no number", clip(&text))))
    }
}

/// `1`, `1.5e3`, `NaN`, `+Inf`, `-Inf`.
pub(super) fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

#[derive(Deserialize)]
struct WireHistogram {
    count: Number,
    sum: Number,
    #[serde(default)]
    buckets: Vec<(i64, Number, Number, Number)>,
}

impl From<WireHistogram> for Native {
    fn from(wire: WireHistogram) -> Self {
        let bucket = |(_, lower, upper, count): (i64, Number, Number, Number)| NativeBucket {
            lower: lower.0,
            upper: upper.0,
            count: count.0,
        };
        let mut buckets: Vec<NativeBucket> = wire.buckets.into_iter().map(bucket).collect();
        buckets.sort_by(|a, b| a.upper.total_cmp(&b.upper));
        Self { count: wire.count.0, sum: wire.sum.0, buckets }
    }
}

/// A series as it is sent: `values` and `histograms` over a range, `value` or `histogram` of an instant.
#[derive(Deserialize)]
struct WireSeries {
    metric: Labels,
    #[serde(default)]
    values: Vec<(f64, Number)>,
    #[serde(default)]
    value: Option<(f64, Number)>,
    #[serde(default)]
    histograms: Vec<(f64, WireHistogram)>,
    #[serde(default)]
    histogram: Option<(f64, WireHistogram)>,
}

impl From<WireSeries> for Series {
    fn from(wire: WireSeries) -> Self {
        let values = wire.values.into_iter().chain(wire.value).map(|(at, n)| (at, n.0)).collect();
        let histograms =
            wire.histograms.into_iter().chain(wire.histogram).map(|(at, h)| (at, h.into())).collect();
        Self { labels: wire.metric, values, histograms }
    }
}

/// The `data` of a query's answer: `resultType` says what `result` is, and comes before or after it.
struct Found(Data);

impl<'de> Deserialize<'de> for Found {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wire {
            #[serde(rename = "resultType")]
            kind: String,
            result: Box<serde_json::value::RawValue>,
        }
        let wire = Wire::deserialize(deserializer)?;
        let text = wire.result.get();
        let series = || serde_json::from_str::<Vec<WireSeries>>(text).map_err(D::Error::custom);
        let pair = || serde_json::from_str::<(f64, String)>(text).map_err(D::Error::custom);
        Ok(Self(match wire.kind.as_str() {
            "matrix" | "vector" => Data::Series(series()?.into_iter().map(Series::from).collect()),
            "scalar" => {
                let (_, text) = pair()?;
                Data::Scalar(number(&text).ok_or_else(|| D::Error::custom("the scalar is no number"))?)
            }
            "string" => Data::Text(pair()?.1),
            other => return Err(D::Error::custom(format!("`{}` is no kind of result", clip(other)))),
        }))
    }
}
