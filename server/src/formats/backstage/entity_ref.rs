//! References to entities by Backstage's rules: `[kind:][namespace/]name`.

/// The namespace of an entity that names none.
pub(super) const DEFAULT_NAMESPACE: &str = "default";

/// A complete reference, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityRef {
    /// Its kind.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl EntityRef {
    /// The one form to compare by: lower case, nothing left out.
    pub fn canonical(&self) -> String {
        format!("{}:{}/{}", self.kind.to_lowercase(), self.namespace.to_lowercase(), self.name.to_lowercase())
    }
}

/// What the place of a reference says about the parts it leaves out.
#[derive(Clone, Copy, Debug, Default)]
pub struct RefContext<'a> {
    /// The kind when none is written.
    pub default_kind: Option<&'a str>,
    /// The namespace when none is written; `default` otherwise.
    pub default_namespace: Option<&'a str>,
}

/// Reads a reference; the error is a sentence.
///
/// The first colon ends the kind unless a slash comes before it; the first slash ends the namespace. Anything else
/// is part of the name.
pub fn parse_entity_ref(text: &str, context: RefContext<'_>) -> Result<EntityRef, String> {
    if text.is_empty() {
        return Err("an entity reference must not be empty".to_owned());
    }
    let slash = text.find('/');
    let colon = text.find(':').filter(|colon| slash.is_none_or(|slash| *colon < slash));
    let kind = colon.and_then(|at| text.get(..at));
    let after_kind = colon.map_or(0, |at| at + 1);
    let namespace = slash.and_then(|at| text.get(after_kind..at));
    let name = text.get(slash.map_or(after_kind, |at| at + 1)..).unwrap_or_default();
    if kind == Some("") || namespace == Some("") || name.is_empty() {
        return Err(format!("the entity reference `{text}` is not of the form [kind:][namespace/]name"));
    }
    let Some(kind) = kind.or(context.default_kind).filter(|kind| !kind.is_empty()) else {
        return Err(format!(
            "the entity reference `{text}` names no kind; write for example `component:{text}`"
        ));
    };
    let fallback = context.default_namespace.filter(|namespace| !namespace.is_empty());
    let namespace = namespace.or(fallback).unwrap_or(DEFAULT_NAMESPACE);
    Ok(EntityRef { kind: kind.to_owned(), namespace: namespace.to_owned(), name: name.to_owned() })
}
