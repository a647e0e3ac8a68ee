//! The behaviour of the crate through its public API.

#[cfg(test)]
mod errors;
#[cfg(test)]
mod grading;
#[cfg(test)]
mod pack;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tuner;
