//! Books, packs and facts for tests.

use std::sync::LazyLock;

use scoring_rules::{EvidenceClass, Fact, Facts, PackFiles, Rulebook, Value, default_pack};

/// A moment in 2026.
pub(crate) const NOW_MS: i64 = 1_790_000_000_000;
pub(crate) const DAY_MS: i64 = 86_400_000;

pub(crate) static DEFAULT: LazyLock<Rulebook> = LazyLock::new(|| load(&default_pack()));

/// Loads a pack that must be sound.
pub(crate) fn load(files: &PackFiles) -> Rulebook {
    match Rulebook::load(files) {
        Ok(book) => book,
        Err(errors) => {
            let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
            panic!("the pack is refused:\n{}", lines.join("\n"));
        }
    }
}

pub(crate) const GRADES: &str = "[bands]\n\"A+\" = 97\nA = 90\nB = 80\nC = 70\nD = 60\nF = 0\n\
    [practices.one]\ntitle = \"One\"\n[practices.two]\ntitle = \"Two\"\n";

/// A pack of these rules, each given by id and by what follows its texts.
pub(crate) fn pack(rules: &[(&str, &str)]) -> PackFiles {
    let mut files = PackFiles::from([("grades.toml".to_owned(), GRADES.to_owned())]);
    for (id, rest) in rules {
        let practice = if rest.contains("practice = ") { "" } else { "practice = \"one\"\n" };
        let effort = if rest.contains("effort = ") { "" } else { "effort = \"hours\"\n" };
        let text =
            format!("title = \"{id}\"\nwhy = \"because\"\nfix = \"do it\"\n{practice}{effort}{rest}\n");
        files.insert(format!("rules/{id}.toml"), text);
    }
    files
}

pub(crate) fn book(rules: &[(&str, &str)]) -> Rulebook {
    load(&pack(rules))
}

pub(crate) fn fact(value: Value) -> Fact {
    Fact { value, as_of_ms: NOW_MS, evidence: EvidenceClass::ExecutedCi, source_error: None }
}

pub(crate) fn put(book: &Rulebook, facts: &mut Facts, name: &str, value: impl Into<Value>) {
    facts.set(book.catalogue().id(name).expect(name), fact(value.into()));
}

pub(crate) fn facts(book: &Rulebook, values: &[(&str, Value)]) -> Facts {
    let mut facts = Facts::new(book.catalogue().len());
    for (name, value) in values {
        put(book, &mut facts, name, value.clone());
    }
    facts
}

/// The lines of a file of reference vectors, which lie beside the repository in `../shared/vectors`.
pub(crate) fn vectors(file: &str) -> Vec<serde_json::Value> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| {
        panic!("{}: {e}: the reference vectors belong beside the repository", path.display())
    });
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
