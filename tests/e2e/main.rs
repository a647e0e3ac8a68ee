//! Behaviour of the product from outside: one file a noun, one sentence a test.

mod access;
mod bad_input;
mod batch;
mod catalog;
mod cli;
mod crash;
mod drills;
mod grading;
mod hostile;
mod idempotency;
mod ingest;
mod kept;
mod lists;
mod migrations;
mod openapi;
mod operation;
mod pages;
mod pressure;
mod readme;
mod rules;
mod scorecard;
mod snapshots;
mod tidy;
mod tokens;
