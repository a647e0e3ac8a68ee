//! Waterbear grades every service of an engineering organisation on how it survives failure.
//!
//! `app` holds the use cases, `store` the database, `formats` the foreign documents, `http` the web, `integrations`
//! other systems, `jobs` what runs by itself; `scoring-rules` judges. Dependencies point one way: http, jobs -> app ->
//! store.

pub mod app;
pub mod clock;
pub mod config;
pub mod demo;
pub mod error;
pub mod formats;
pub mod http;
pub mod integrations;
pub mod jobs;
pub mod openbadges;
pub mod plans;
pub mod store;
pub mod tickets;
pub mod types;
