//! The behaviour of the crate through its public API.

#[cfg(test)]
mod awards;
mod boards;
#[cfg(test)]
mod dialect_judging;
#[cfg(test)]
mod dialect_refusals;
#[cfg(test)]
mod dialect_round_trips;
#[cfg(test)]
mod dialect_routes;
#[cfg(test)]
mod dialect_spring;
#[cfg(test)]
mod dialect_texts;
#[cfg(test)]
mod dialects;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod fairness;
#[cfg(test)]
mod flows;
#[cfg(test)]
mod grading;
#[cfg(test)]
mod pack;
#[cfg(test)]
mod profiles;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod steps;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tuner;
#[cfg(test)]
mod tuner_properties;
#[cfg(test)]
mod worth;
