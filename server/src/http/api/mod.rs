//! JSON handlers, one file a noun: extract, one call of the application, answer.

pub mod audit;
pub mod badges;
pub mod boards;
pub mod catalog;
pub mod certificates;
pub mod challenges;
pub mod degrader;
pub mod deployments;
pub mod drill_tickets;
pub mod drills;
pub mod events;
pub mod facts;
pub mod flows;
pub mod ingest;
pub mod operation;
pub mod plans;
pub mod publishers;
pub mod reviews;
pub mod rollups;
pub mod rulebook;
pub mod runs;
pub mod services;
pub mod sources;
pub mod teams;
pub mod tokens;
pub mod users;
pub mod webhooks;
pub mod what_if;

use serde::Serialize;

/// A list that always comes whole.
fn whole<T>(items: Vec<T>) -> crate::app::views::Page<T>
where
    T: Serialize,
{
    crate::app::views::Page { items, next: None }
}
