//! What a document and its sender claim about a drill's identity, each claim with its place, settled into one.

use super::redact::shown;
use super::{Hints, utf8};
use crate::error::FieldError;
use crate::types::{DrillKind, Failure, MAX_NAME_BYTES};

/// One word and where it stands (a JSON pointer, a query parameter, a property).
#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) text: String,
    pub(super) place: String,
}

impl Claim {
    pub(super) fn new(text: impl Into<String>, place: impl Into<String>) -> Self {
        Self { text: text.into(), place: place.into() }
    }
}

/// The five parts of a drill's identity.
#[derive(Clone, Debug, Default)]
pub(super) struct Claims {
    pub(super) service: Option<Claim>,
    pub(super) kind: Option<Claim>,
    pub(super) failure: Option<Claim>,
    pub(super) target: Option<Claim>,
    pub(super) environment: Option<Claim>,
}

/// Claims that were checked.
#[derive(Debug, Default)]
pub(super) struct Settled {
    pub(super) service: Option<String>,
    pub(super) kind: Option<DrillKind>,
    pub(super) failure: Option<String>,
    pub(super) target: Option<String>,
    pub(super) environment: Option<String>,
}

impl Claims {
    /// These claims where they say something, `weaker` elsewhere.
    pub(super) fn or(self, weaker: Self) -> Self {
        Self {
            service: self.service.or(weaker.service),
            kind: self.kind.or(weaker.kind),
            failure: self.failure.or(weaker.failure),
            target: self.target.or(weaker.target),
            environment: self.environment.or(weaker.environment),
        }
    }

    /// Every text claimed.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        [&self.service, &self.kind, &self.failure, &self.target, &self.environment]
            .into_iter()
            .flatten()
            .map(|claim| claim.text.as_str())
    }

    /// The document's claims under the sender's.
    pub(super) fn under(self, hints: &Hints) -> Self {
        let hint = |word: &Option<String>, name: &str| {
            let word = word.as_deref().map(str::trim).filter(|w| !w.is_empty())?;
            Some(Claim::new(word, format!("?{name}")))
        };
        Self {
            service: hint(&hints.service, "service"),
            kind: hint(&hints.kind, "kind"),
            failure: hint(&hints.failure, "failure"),
            target: hint(&hints.target, "target"),
            environment: hint(&hints.environment, "environment"),
        }
        .or(self)
    }

    /// Checks every claim; what is wrong goes to `errors`.
    pub(super) fn settle(self, errors: &mut Vec<FieldError>) -> Settled {
        let kind_place = self.kind.as_ref().map(|c| c.place.clone());
        let kind = self.kind.and_then(|claim| read_kind(&claim, errors));
        let failure = self.failure.and_then(|claim| read_failure(&claim, errors));
        let implied = failure.as_ref().map(|(_, failure)| failure.kind());
        if let (Some(said), Some((word, failure)), Some(place)) = (kind, &failure, kind_place)
            && said != failure.kind()
        {
            let fit: Vec<&str> =
                Failure::ALL.iter().filter(|f| f.kind() == said).map(|f| f.as_str()).collect();
            let detail = format!(
                "the kind `{said}` contradicts the failure `{word}`, which is of kind `{}`; failures of kind `{said}`: {}",
                failure.kind(),
                fit.join(", ")
            );
            errors.push(FieldError::new(place, detail));
        }
        Settled {
            service: self.service.and_then(|c| name(&c.text, &c.place, errors)),
            kind: kind.or(implied),
            failure: failure.map(|(word, _)| word),
            target: self.target.and_then(|c| name(&c.text, &c.place, errors)),
            environment: self.environment.and_then(|c| name(&c.text, &c.place, errors)),
        }
    }
}

fn read_kind(claim: &Claim, errors: &mut Vec<FieldError>) -> Option<DrillKind> {
    let word = claim.text.trim().to_lowercase();
    let kind = DrillKind::parse(&word);
    if kind.is_none() {
        let words: Vec<&str> = DrillKind::ALL.iter().map(|k| k.as_str()).collect();
        errors.push(FieldError::new(&claim.place, unknown_word(&claim.text, "drill kind", &words)));
    }
    kind
}

/// The word in lower snake case, and the failure it names.
fn read_failure(claim: &Claim, errors: &mut Vec<FieldError>) -> Option<(String, Failure)> {
    let failure = Failure::from_loose(&claim.text);
    if failure.is_none() {
        let words: Vec<&str> = Failure::ALL.iter().map(|f| f.as_str()).collect();
        errors.push(FieldError::new(&claim.place, unknown_word(&claim.text, "failure", &words)));
    }
    let word = claim.text.trim().to_lowercase().replace(['-', ' '], "_");
    failure.map(|failure| (word, failure))
}

/// "`x` is not a known ...; use one of: ...", with the nearest word where one is near.
pub(super) fn unknown_word(given: &str, what: &str, words: &[&str]) -> String {
    let near = nearest(given, words).map(|w| format!(" Did you mean `{w}`?")).unwrap_or_default();
    format!("`{}` is not a known {what}; use one of: {}.{near}", shown(given), words.join(", "))
}

/// The word nearest to `given`, unless none is near.
pub(super) fn nearest<'a>(given: &str, words: &[&'a str]) -> Option<&'a str> {
    let given = utf8::cut(given.trim(), 64).to_lowercase().replace(['-', ' '], "_");
    words
        .iter()
        .map(|word| (strsim::damerau_levenshtein(&given, word), *word))
        .filter(|(distance, word)| *distance <= (word.len() / 3).max(1) && *distance < given.len().max(1))
        .min()
        .map(|(_, word)| word)
}

/// A bounded name without control characters.
pub(super) fn name(text: &str, place: &str, errors: &mut Vec<FieldError>) -> Option<String> {
    let controls = utf8::has_control(text, &[]);
    let text = text.trim();
    let wrong = if text.is_empty() {
        "must not be empty".to_owned()
    } else if text.len() > MAX_NAME_BYTES {
        format!("is {} bytes long; at most {MAX_NAME_BYTES} are taken", text.len())
    } else if controls {
        "must not contain control characters".to_owned()
    } else {
        return Some(text.to_owned());
    };
    errors.push(FieldError::new(place, wrong));
    None
}
