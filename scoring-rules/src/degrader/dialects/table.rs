//! Settings as a table: one row a key of the tool, so that reading, checking, writing and comparing are written once.

use super::super::problems::short;
use super::super::{Group, LatencyMetric, Problem};

/// What a value is, and so how it is read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// A duration, kept in ms.
    Ms,
    /// A whole number.
    Count,
    /// A whole percentage.
    Percent,
    /// Thousandths of a standard deviation.
    Thousandths,
    /// A fraction, or a percentage with decimals.
    Number,
    /// Yes or no, kept as 1 or 0.
    Flag,
    /// Whether the block of this name is there, kept as 1 or 0.
    Present,
    /// One of some words, kept as its place among them.
    Word(&'static [&'static str]),
}

impl Unit {
    /// In words, for a panel; empty where the value says enough.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ms => "ms",
            Self::Percent => "%",
            Self::Thousandths => "thousandths of a standard deviation",
            Self::Count | Self::Number | Self::Flag | Self::Present | Self::Word(_) => "",
        }
    }

    /// Whether a value must be whole.
    fn whole(self) -> bool {
        self != Self::Number
    }
}

/// One row: a key, what its value is, and which values the tool bears.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spec {
    /// The tool's own key; where it lies in a block within its block, with that one's name and a dot before it.
    pub key: &'static str,
    /// The block that it lies in, where the key does not say so.
    pub block: Option<&'static str>,
    pub unit: Unit,
    pub group: Group,
    /// Least and greatest value.
    pub range: (f64, f64),
    /// Whether it may be absent.
    pub optional: bool,
    /// Whether it is written only where it differs from the default: nobody sets it, or old releases do not know it.
    pub rare: bool,
}

impl Spec {
    /// The same row in a block whose name is no part of the key.
    pub(super) const fn within(self, block: &'static str) -> Self {
        Self { block: Some(block), ..self }
    }

    /// The same row, written only where it differs from the default.
    pub(super) const fn rare(self) -> Self {
        Self { rare: true, ..self }
    }

    /// The block that it lies in, empty for the outermost, and its key there.
    pub(super) fn split(&self) -> (&'static str, &'static str) {
        match self.block {
            Some(block) => (block, self.key),
            None => self.key.rsplit_once('.').unwrap_or(("", self.key)),
        }
    }

    /// Where it lies in a document that is nothing but its block.
    pub(super) fn pointer(&self) -> String {
        let (block, leaf) = self.split();
        let block = block.replace('.', "/");
        if block.is_empty() { format!("/{leaf}") } else { format!("/{block}/{leaf}") }
    }
}

/// A row that must have a value.
pub(super) const fn row(key: &'static str, unit: Unit, group: Group, range: (f64, f64)) -> Spec {
    Spec { key, block: None, unit, group, range, optional: false, rare: false }
}

/// A row that may be absent.
pub(super) const fn maybe(key: &'static str, unit: Unit, group: Group, range: (f64, f64)) -> Spec {
    Spec { key, block: None, unit, group, range, optional: true, rare: false }
}

/// Seven days: no tool is tuned with anything longer.
pub(super) const LONG_MS: f64 = 604_800_000.0;
/// What fits an unsigned number of 32 bits, which the tools keep counts in.
pub(super) const MOST: f64 = 4_294_967_295.0;
/// Any duration but none.
pub(super) const SOME_TIME: (f64, f64) = (1.0, LONG_MS);
/// Any duration.
pub(super) const ANY_TIME: (f64, f64) = (0.0, LONG_MS);
/// A percentage.
pub(super) const PERCENT: (f64, f64) = (0.0, 100.0);
/// One or more.
pub(super) const SOME: (f64, f64) = (1.0, MOST);
/// None or more.
pub(super) const ANY: (f64, f64) = (0.0, MOST);

/// Settings that are a table. Values go through `f64`: all of them are far below 2^53.
pub(super) trait Table: Clone + Default {
    /// Its rows, always the same.
    fn specs(&self) -> &'static [Spec];
    /// The value of a row; none: absent.
    fn get(&self, row: usize) -> Option<f64>;
    /// Sets a row. A value that the type cannot hold is brought to the nearest that it can.
    fn set(&mut self, row: usize, value: Option<f64>);
    /// What is wrong though each value by itself is not: keys, each with what is wrong with it.
    fn contradictions(&self) -> Vec<(&'static str, String)>;

    /// Everything that is wrong, by key.
    fn mistakes(&self) -> Vec<(&'static str, String)> {
        let mut wrong: Vec<_> = self
            .specs()
            .iter()
            .enumerate()
            .filter_map(|(i, spec)| {
                let detail = match self.get(i) {
                    Some(value) => outside(spec, value)?,
                    None if spec.optional => return None,
                    None => "is missing".to_owned(),
                };
                Some((spec.key, detail))
            })
            .collect();
        if wrong.is_empty() {
            wrong = self.contradictions();
        }
        wrong
    }

    /// Everything that is wrong, with places in a document that is nothing but the block.
    fn problems(&self) -> Vec<Problem> {
        let place = |key: &str| {
            self.specs().iter().find(|spec| spec.key == key).map_or_else(String::new, Spec::pointer)
        };
        self.mistakes().into_iter().map(|(key, detail)| Problem::new(place(key), detail)).collect()
    }

    /// Takes over the rows of a group.
    fn take_group(&mut self, group: Group, other: &Self) {
        for (i, spec) in self.specs().iter().enumerate() {
            if spec.group == group {
                self.set(i, other.get(i));
            }
        }
    }
}

/// What is wrong with the value, if anything is.
pub(super) fn outside(spec: &Spec, value: f64) -> Option<String> {
    if !value.is_finite() {
        return Some(format!("must be a finite number, is {value}"));
    }
    let (least, most) = spec.range;
    if !(least..=most).contains(&value) {
        let unit = if spec.unit == Unit::Ms { " ms" } else { "" };
        let is = short(value);
        // The least positive number stands for "more than nothing", and has 300 digits.
        return Some(if least > 0.0 && least <= f64::MIN_POSITIVE {
            format!("must be above 0{unit} and at most {most}{unit}, is {is}{unit}")
        } else {
            format!("must be between {least}{unit} and {most}{unit}, is {is}{unit}")
        });
    }
    (spec.unit.whole() && value.fract() != 0.0)
        .then(|| format!("must be a whole number, is {}", short(value)))
}

/// A value of a field, through `f64`.
pub(super) trait Cell {
    fn load(&self) -> Option<f64>;
    fn store(&mut self, value: Option<f64>);
}

impl Cell for u64 {
    fn load(&self) -> Option<f64> {
        Some(*self as f64)
    }

    fn store(&mut self, value: Option<f64>) {
        *self = value.unwrap_or_default() as Self;
    }
}

impl Cell for f64 {
    fn load(&self) -> Option<f64> {
        Some(*self)
    }

    fn store(&mut self, value: Option<f64>) {
        *self = value.unwrap_or_default();
    }
}

impl Cell for i64 {
    fn load(&self) -> Option<f64> {
        Some(*self as f64)
    }

    fn store(&mut self, value: Option<f64>) {
        *self = value.unwrap_or_default() as Self;
    }
}

impl Cell for LatencyMetric {
    fn load(&self) -> Option<f64> {
        METRICS.iter().position(|metric| metric == self).map(|place| place as f64)
    }

    fn store(&mut self, value: Option<f64>) {
        *self = value.and_then(|value| METRICS.get(value as usize)).copied().unwrap_or_default();
    }
}

/// In the order of the words of `degrader.latencyToUse`.
const METRICS: [LatencyMetric; 5] = [
    LatencyMetric::Average,
    LatencyMetric::Pct50,
    LatencyMetric::Pct90,
    LatencyMetric::Pct95,
    LatencyMetric::Pct99,
];

impl Cell for bool {
    fn load(&self) -> Option<f64> {
        Some(f64::from(u8::from(*self)))
    }

    fn store(&mut self, value: Option<f64>) {
        *self = value.is_some_and(|value| value != 0.0);
    }
}

impl<T: Cell + Default> Cell for Option<T> {
    fn load(&self) -> Option<f64> {
        self.as_ref().and_then(Cell::load)
    }

    fn store(&mut self, value: Option<f64>) {
        *self = value.map(|value| {
            let mut cell = T::default();
            cell.store(Some(value));
            cell
        });
    }
}

/// Makes a struct a table: for each row its field, and the row.
macro_rules! table {
    ($name:ident, $contradictions:path, { $( $($field:ident).+ => $spec:expr; )* }) => {
        impl $crate::degrader::dialects::table::Table for $name {
            fn specs(&self) -> &'static [$crate::degrader::dialects::table::Spec] {
                const SPECS: &[$crate::degrader::dialects::table::Spec] = &[$($spec),*];
                SPECS
            }

            fn get(&self, row: usize) -> Option<f64> {
                let cells: &[&dyn $crate::degrader::dialects::table::Cell] = &[$(&self.$($field).+),*];
                cells.get(row).and_then(|cell| cell.load())
            }

            fn set(&mut self, row: usize, value: Option<f64>) {
                let cells: &mut [&mut dyn $crate::degrader::dialects::table::Cell] =
                    &mut [$(&mut self.$($field).+),*];
                if let Some(cell) = cells.get_mut(row) {
                    cell.store(value);
                }
            }

            fn contradictions(&self) -> Vec<(&'static str, String)> {
                $contradictions(self)
            }
        }
    };
}
pub(super) use table;

/// Declares a settings struct with its defaults and its table.
macro_rules! settings {
    ($(#[$doc:meta])* $name:ident, $contradictions:path, {
        $( $(#[$field_doc:meta])* $field:ident: $kind:ty = $default:expr => $spec:expr; )*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name { $( $(#[$field_doc])* pub $field: $kind, )* }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $default, )* }
            }
        }

        $crate::degrader::dialects::table::table! {
            $name, $contradictions, { $($field => $spec;)* }
        }
    };
}
pub(super) use settings;
