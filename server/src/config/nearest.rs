//! "Did you mean".

/// "; did you mean `x`?" for the nearest of `known`, or nothing.
pub fn nearest(word: &str, known: &[&str]) -> String {
    known
        .iter()
        .map(|k| (strsim::damerau_levenshtein(word, k), k))
        .filter(|(distance, k)| *distance <= 1 + k.len() / 3)
        .min()
        .map_or_else(String::new, |(_, k)| format!("; did you mean `{k}`?"))
}
