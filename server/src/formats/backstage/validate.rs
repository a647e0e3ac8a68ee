//! What a catalog document must hold, kind by kind, as Backstage's own catalog model asks for it.

use serde_json::{Map, Value};

use super::super::redact::shown;
use super::super::{claims, json};
use super::forms;

/// The shape of one field of a `spec`.
#[derive(Clone, Copy)]
enum Shape {
    /// Text that is not empty.
    Text,
    /// A list of texts that are not empty.
    Texts,
    /// `displayName`, `email`, `picture`.
    Profile,
    /// `required` or `optional`.
    Presence,
}
use Shape::{Presence, Profile, Text, Texts};

/// One field: name, shape, whether it must be there.
type Field = (&'static str, Shape, bool);

/// The kinds that are read, and what their `spec` holds. Fields not named here are nobody's business.
const KINDS: &[(&str, &[Field])] = &[
    (
        "Component",
        &[
            ("type", Text, true),
            ("lifecycle", Text, true),
            ("owner", Text, true),
            ("system", Text, false),
            ("subcomponentOf", Text, false),
            ("providesApis", Texts, false),
            ("consumesApis", Texts, false),
            ("dependsOn", Texts, false),
        ],
    ),
    (
        "API",
        &[
            ("type", Text, true),
            ("lifecycle", Text, true),
            ("owner", Text, true),
            ("system", Text, false),
            ("definition", Text, true),
        ],
    ),
    (
        "Resource",
        &[("type", Text, true), ("owner", Text, true), ("dependsOn", Texts, false), ("system", Text, false)],
    ),
    ("System", &[("owner", Text, true), ("domain", Text, false), ("type", Text, false)]),
    ("Domain", &[("owner", Text, true), ("subdomainOf", Text, false), ("type", Text, false)]),
    (
        "Group",
        &[
            ("type", Text, true),
            ("profile", Profile, false),
            ("parent", Text, false),
            ("children", Texts, true),
            ("members", Texts, false),
        ],
    ),
    ("User", &[("profile", Profile, false), ("memberOf", Texts, true)]),
    (
        "Location",
        &[
            ("type", Text, false),
            ("target", Text, false),
            ("targets", Texts, false),
            ("presence", Presence, false),
        ],
    ),
    (
        "AiResource",
        &[("type", Text, true), ("lifecycle", Text, true), ("owner", Text, true), ("system", Text, false)],
    ),
];

/// Everything wrong with a document, each as a clause that names field and cure.
#[derive(Default)]
struct Problems {
    found: Vec<String>,
}

impl Problems {
    fn add(&mut self, field: &str, what: &str) {
        self.found.push(format!("`{field}` {what}"));
    }

    /// A text that is there, has something in it and meets `rule`.
    fn text<'a>(
        &mut self,
        map: &'a Map<String, Value>,
        key: &str,
        field: &str,
        required: bool,
    ) -> Option<&'a str> {
        match map.get(key) {
            None if required => self.add(field, "is missing; add it"),
            None => {}
            Some(Value::String(text)) if text.is_empty() => {
                self.add(field, "is empty; write something or leave it out");
            }
            Some(Value::String(text)) => return Some(text),
            Some(other) => self.wrong_type(field, "text", other),
        }
        None
    }

    fn wrong_type(&mut self, field: &str, expected: &str, found: &Value) {
        let cure = match found {
            Value::Bool(_) | Value::Number(_) if expected == "text" => "; put it in quotes",
            Value::Null => "; leave it out or fill it in",
            Value::String(_) if expected.starts_with("a list") => "; write it as `[...]`",
            _ => "",
        };
        self.add(field, &format!("must be {expected}, not {}{cure}", json::kind_of(found)));
    }

    fn texts(&mut self, map: &Map<String, Value>, key: &str, field: &str, required: bool) {
        match map.get(key) {
            None if required => self.add(field, "is missing; add it, `[]` if there is none"),
            None => {}
            Some(Value::Array(items)) => {
                for (at, item) in items.iter().enumerate() {
                    match item {
                        Value::String(text) if text.is_empty() => {
                            self.add(&format!("{field}.{at}"), "is empty; remove it");
                        }
                        Value::String(_) => {}
                        other => self.wrong_type(&format!("{field}.{at}"), "text", other),
                    }
                }
            }
            Some(other) => self.wrong_type(field, "a list of texts", other),
        }
    }
}

/// `Ok` when the document is an entity; otherwise one text that says everything that is wrong.
pub(super) fn check(root: &Map<String, Value>) -> Result<(), String> {
    let mut problems = Problems::default();
    for key in root.keys().filter(|key| !matches!(key.as_str(), "apiVersion" | "kind" | "metadata" | "spec"))
    {
        problems.add(
            &shown(key),
            "is not a root field of an entity; remove it (apiVersion, kind, metadata, spec)",
        );
    }
    let version = problems.text(root, "apiVersion", "apiVersion", true);
    let kind = problems.text(root, "kind", "kind", true);
    match root.get("metadata") {
        None => problems.add("metadata", "is missing; add it with at least a `name`"),
        Some(Value::Object(metadata)) => check_metadata(metadata, &mut problems),
        Some(other) => problems.wrong_type("metadata", "a mapping", other),
    }
    if let Some(version) = version.filter(|version| !forms::is_api_version(version)) {
        problems
            .add("apiVersion", &format!("`{}` is malformed; write `backstage.io/v1alpha1`", shown(version)));
    } else if let (Some(version), Some(kind)) = (version, kind) {
        check_kind(root, version, kind, &mut problems);
    }
    if problems.found.is_empty() { Ok(()) } else { Err(problems.found.join("; ")) }
}

fn check_kind(root: &Map<String, Value>, version: &str, kind: &str, problems: &mut Problems) {
    let known: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
    let Some((kind, fields)) = KINDS.iter().find(|(known, _)| *known == kind) else {
        let same = known.iter().copied().find(|known| known.eq_ignore_ascii_case(kind));
        let near = same.map_or_else(
            || {
                claims::nearest(kind, &known)
                    .map(|near| format!(" did you mean `{near}`?"))
                    .unwrap_or_default()
            },
            |same| format!(" kinds are case-sensitive: write `{same}`"),
        );
        let what = if forms::is_kind(kind) { "is not a kind that is read" } else { "is malformed" };
        problems.add("kind", &format!("`{}` {what} ({});{near}", shown(kind), known.join(", ")));
        return;
    };
    let versions: &[&str] = if *kind == "AiResource" {
        &["backstage.io/v1alpha1"]
    } else {
        &["backstage.io/v1alpha1", "backstage.io/v1beta1"]
    };
    if !versions.contains(&version) {
        let what =
            format!("`{}` is not a version of {kind}; write `{}`", shown(version), versions.join("` or `"));
        problems.add("apiVersion", &what);
    }
    match root.get("spec") {
        None => problems.add("spec", &format!("is missing; a {kind} needs one")),
        Some(Value::Object(spec)) => check_spec(kind, fields, spec, problems),
        Some(other) => problems.wrong_type("spec", "a mapping", other),
    }
}

fn check_spec(kind: &str, fields: &[Field], spec: &Map<String, Value>, problems: &mut Problems) {
    // An MCP server is described by where it runs instead of a definition.
    let remote = kind == "API" && spec.get("type").and_then(Value::as_str) == Some("mcp-server");
    for (key, shape, required) in fields {
        let field = format!("spec.{key}");
        let replaced = *key == "definition"
            && (spec.get(*key).is_some_and(is_placeholder) || (remote && spec.contains_key("remotes")));
        match shape {
            Text if replaced => {}
            Text => {
                problems.text(spec, key, &field, *required);
            }
            Texts => problems.texts(spec, key, &field, *required),
            Profile => match spec.get(*key) {
                None => {}
                Some(Value::Object(profile)) => {
                    for part in ["displayName", "email", "picture"] {
                        problems.text(profile, part, &format!("{field}.{part}"), false);
                    }
                }
                Some(other) => problems.wrong_type(&field, "a mapping", other),
            },
            Presence => {
                let word = problems.text(spec, key, &field, false);
                if word.is_some_and(|word| !matches!(word, "required" | "optional")) {
                    problems.add(&field, "must be `required` or `optional`");
                }
            }
        }
    }
}

/// `{$text: ./file}`: content of another file, which is never fetched.
pub(super) fn is_placeholder(value: &Value) -> bool {
    value.as_object().is_some_and(|map| map.len() == 1 && map.keys().all(|key| placeholder_key(key)))
}

/// `$text` and its like.
pub(super) fn placeholder_key(key: &str) -> bool {
    matches!(key, "$text" | "$json" | "$yaml" | "$openapi" | "$asyncapi")
}

fn check_metadata(metadata: &Map<String, Value>, problems: &mut Problems) {
    if let Some(name) = problems.text(metadata, "name", "metadata.name", true)
        && !forms::is_object_name(name)
    {
        let rule = "use letters and digits with `-`, `_` or `.` between, at most 63 characters";
        problems.add("metadata.name", &format!("`{}` is not a name; {rule}", shown(name)));
    }
    if let Some(namespace) = problems.text(metadata, "namespace", "metadata.namespace", false)
        && !forms::is_dns_label(namespace)
    {
        let rule = "use small letters and digits with `-` between, at most 63 characters";
        problems.add("metadata.namespace", &format!("`{}` is not a namespace; {rule}", shown(namespace)));
    }
    for key in ["uid", "etag", "title"] {
        problems.text(metadata, key, &format!("metadata.{key}"), false);
    }
    if let Some(other) =
        metadata.get("description").filter(|value| !value.is_string() && !is_placeholder(value))
    {
        problems.wrong_type("metadata.description", "text", other);
    }
    check_map(metadata, "labels", problems, |value| {
        let rule = "use letters and digits with `-`, `_` or `.` between, at most 63 characters, or nothing";
        (!forms::is_label_value(value)).then(|| format!("has the value `{}`; {rule}", shown(value)))
    });
    check_map(metadata, "annotations", problems, |_| None);
    check_tags(metadata, problems);
    check_links(metadata, problems);
}

fn check_map(
    metadata: &Map<String, Value>,
    part: &str,
    problems: &mut Problems,
    wrong: impl Fn(&str) -> Option<String>,
) {
    let map = match metadata.get(part) {
        None => return,
        Some(Value::Object(map)) => map,
        Some(other) => return problems.wrong_type(&format!("metadata.{part}"), "a mapping", other),
    };
    for (key, value) in map {
        let field = format!("metadata.{part}.{}", shown(key));
        if !forms::is_key(key) {
            problems.add(&field, "is not a key; write `name` or `dns.prefix/name`");
        }
        match value {
            Value::String(text) => {
                if let Some(what) = wrong(text) {
                    problems.add(&field, &what);
                }
            }
            other => problems.wrong_type(&field, "text", other),
        }
    }
}

fn check_tags(metadata: &Map<String, Value>, problems: &mut Problems) {
    problems.texts(metadata, "tags", "metadata.tags", false);
    let tags = metadata.get("tags").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for (at, tag) in tags.iter().enumerate() {
        if let Some(tag) = tag.as_str().filter(|tag| !tag.is_empty() && !forms::is_tag(tag)) {
            let rule = "use small letters, digits and `:+#`, joined by `-`, at most 63 characters";
            problems.add(&format!("metadata.tags.{at}"), &format!("`{}` is not a tag; {rule}", shown(tag)));
        }
    }
}

fn check_links(metadata: &Map<String, Value>, problems: &mut Problems) {
    let links = match metadata.get("links") {
        None => return,
        Some(Value::Array(links)) => links,
        Some(other) => return problems.wrong_type("metadata.links", "a list of mappings", other),
    };
    for (at, link) in links.iter().enumerate() {
        let field = format!("metadata.links.{at}");
        let Value::Object(link) = link else {
            problems.wrong_type(&field, "a mapping with a `url`", link);
            continue;
        };
        let url = problems.text(link, "url", &format!("{field}.url"), true);
        if url.is_some_and(|url| !forms::is_url(url)) {
            problems.add(&format!("{field}.url"), "is not an absolute URL; begin it with `https://`");
        }
        for part in ["title", "icon", "type"] {
            let text = problems.text(link, part, &format!("{field}.{part}"), false);
            if part != "type" && text.is_some_and(|text| text.trim().is_empty()) {
                problems.add(&format!("{field}.{part}"), "is blank; write something or leave it out");
            }
        }
    }
}
