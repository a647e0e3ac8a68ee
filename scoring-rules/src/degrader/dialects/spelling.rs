//! In which spellings a tool takes its keys.

/// How exact a key must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As the table has it, and no other.
    Exact,
    /// As the table has it, or in protobuf's JSON form: `base_ejection_time` and `baseEjectionTime`.
    Proto,
    /// Any case, with or without dashes and underscores.
    Any,
}

impl Spelling {
    /// Whether the tool takes `key` for `leaf`.
    pub(super) fn takes(self, leaf: &str, key: &str) -> bool {
        leaf == key
            || match self {
                Self::Exact => false,
                Self::Proto => is_camel_of(leaf, key),
                Self::Any => same(leaf, key),
            }
    }

    /// Whether somebody who wrote `key` meant `leaf`, be it taken or refused.
    pub(super) fn resembles(self, leaf: &str, key: &str) -> bool {
        if self == Self::Exact { leaf == key } else { same(leaf, key) }
    }
}

/// Whether two spellings name the same key: `base_ejection_time`, `base-ejection-time` and `baseEjectionTime` do.
pub(super) fn same(a: &str, b: &str) -> bool {
    fn letters(text: &str) -> impl Iterator<Item = u8> {
        text.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase())
    }
    a == b || (letters(a).next().is_some() && letters(a).eq(letters(b)))
}

/// Whether `key` is what protobuf's JSON form makes of `leaf`: no underscores, and a capital after each.
fn is_camel_of(leaf: &str, key: &str) -> bool {
    let mut after = false;
    let camel = leaf.bytes().filter_map(|b| {
        let letter = if after { b.to_ascii_uppercase() } else { b };
        after = b == b'_';
        (b != b'_').then_some(letter)
    });
    camel.eq(key.bytes())
}
