//! What reads return: one set of structs, serialised as the JSON of the API and rendered by the pages.

mod awards;
mod drills;
mod flows;
mod plans;
mod rollups;
mod rules;
mod scorecard;
mod services;
mod what_if;

pub use awards::*;
pub use drills::*;
pub use flows::*;
pub use plans::*;
pub use rollups::*;
pub use rules::*;
pub use scorecard::*;
pub use services::*;
pub use what_if::*;

use serde::Serialize;
use utoipa::ToSchema;

/// One page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items, in order.
    pub items: Vec<T>,
    /// Pass as `?cursor=` for the next page; `null` on the last.
    pub next: Option<String>,
}

/// A number of points kept in thousandths, written as a plain decimal (`7.5`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, ToSchema)]
#[schema(value_type = f64, example = 7.5)]
pub struct Points(pub i64);

impl Serialize for Points {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % 1000 == 0 {
            serializer.serialize_i64(self.0 / 1000)
        } else {
            serializer.serialize_f64(self.0 as f64 / 1000.0)
        }
    }
}
