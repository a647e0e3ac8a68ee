//! What a catalog file says, whichever form it has: one reading a document or row.

use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// All documents of one catalog file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogReading {
    /// In the order of the file.
    pub documents: Vec<DocumentReading>,
    /// Whether a limit was reached, so that the rest of the file was not read.
    pub truncated: bool,
}

/// One document of a catalog, sound or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentReading {
    /// Its place in the file, from 0, empty documents counted.
    pub index: usize,
    /// The line of the file where its content begins, from 1.
    pub line: usize,
    /// Its kind as written, where it can be read.
    pub kind: Option<String>,
    /// Its name as written, where it can be read.
    pub name: Option<String>,
    /// Its canonical reference, when accepted.
    pub entity_ref: Option<String>,
    /// Its relations by field name, when accepted; a list that is present but empty is present here too.
    pub relations: BTreeMap<String, Vec<Relation>>,
    /// Whether it can be imported.
    pub accepted: bool,
    /// Why not; `None` for an empty document, which is nothing to complain about.
    pub problem: Option<String>,
    /// What is odd about it.
    pub warnings: Vec<String>,
    /// The entity, when accepted.
    pub entity: Option<Entity>,
    /// The document, when it is a core flow and accepted.
    pub flow: Option<serde_json::Value>,
}

/// One end of a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relation {
    /// A canonical reference.
    Ref(String),
    /// Why the text is no reference.
    Error(String),
}

impl Serialize for Relation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Ref(reference) => serializer.serialize_str(reference),
            Self::Error(error) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("error", error)?;
                map.end()
            }
        }
    }
}

/// A link of an entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Where it leads.
    pub url: String,
    /// What it is called.
    pub title: Option<String>,
}

/// An accepted entity. References are canonical; texts that are no references are left out here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entity {
    /// Canonical: `kind:namespace/name`, lower case.
    pub entity_ref: String,
    /// As written, e.g. `Component`.
    pub kind: String,
    /// As written; `default` when not given.
    pub namespace: String,
    /// As written.
    pub name: String,
    /// A name for people.
    pub title: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// Links.
    pub links: Vec<Link>,
    /// `spec.type`.
    pub spec_type: Option<String>,
    /// `spec.lifecycle`, any word.
    pub lifecycle: Option<String>,
    /// Who owns it.
    pub owner: Option<String>,
    /// Its system.
    pub system: Option<String>,
    /// Its domain.
    pub domain: Option<String>,
    /// A group's parent.
    pub parent: Option<String>,
    /// A group's children.
    pub children: Vec<String>,
    /// A group's members.
    pub members: Vec<String>,
    /// A user's groups.
    pub member_of: Vec<String>,
    /// What it needs.
    pub depends_on: Vec<String>,
    /// What needs it.
    pub dependency_of: Vec<String>,
    /// The APIs it offers.
    pub provides_apis: Vec<String>,
    /// The APIs it calls.
    pub consumes_apis: Vec<String>,
    /// The component it is part of.
    pub subcomponent_of: Option<String>,
    /// A group's or user's name for people.
    pub display_name: Option<String>,
    /// A group's or user's address.
    pub email: Option<String>,
    /// A location's targets, never fetched.
    pub targets: Vec<String>,
    /// Hash of the whole document's canonical form.
    pub content_sha256: [u8; 32],
}
