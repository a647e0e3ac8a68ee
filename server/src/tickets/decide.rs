//! What a ticket means for one call.

use std::fmt;

use ring::digest::{SHA256, digest};

use super::claims::{Audience, Claims, Fault};

/// What to do with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Let it be.
    None,
    /// Answer it with this HTTP status instead of making it.
    Abort(u16),
    /// Wait so many milliseconds, then make it.
    Delay(u32),
    /// Do not answer it, for at most [`super::HOLD_MS`].
    Timeout,
}

/// A call that is about to be made, or that has arrived.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// Who calls; none where the one who is called does not know: then every edge to it counts.
    pub from: Option<&'a str>,
    /// Who is called.
    pub to: &'a str,
    /// On whose behalf, if that is known.
    pub member: Option<&'a str>,
    /// Id of the request, for shares of calls on nobody's behalf.
    pub request_id: Option<&'a str>,
    /// A header of the call.
    pub header: &'a dyn Fn(&str) -> Option<String>,
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({:?} -> {})", self.from, self.to)
    }
}

/// What a verified ticket means for `call`.
pub fn decide(ticket: &Claims, call: &Call<'_>) -> Decision {
    let meant = |from: &str, to: &str| to == call.to && call.from.is_none_or(|caller| caller == from);
    if !ticket.drill.edges.iter().any(|edge| meant(&edge.from, &edge.to)) || !is_for(ticket, call) {
        return Decision::None;
    }
    match ticket.drill.fault() {
        Some(Fault::Error(status)) => Decision::Abort(status),
        Some(Fault::Delay(ms)) => Decision::Delay(ms),
        Some(Fault::Timeout) => Decision::Timeout,
        None => Decision::None,
    }
}

fn is_for(ticket: &Claims, call: &Call<'_>) -> bool {
    match &ticket.drill.audience {
        Audience::Holder(holder) => *holder,
        Audience::Header { name, value } => (call.header)(name).is_some_and(|found| found == *value),
        Audience::Members(members) => {
            call.member.is_some_and(|member| members.iter().any(|listed| listed == member))
        }
        // Nobody to throw the dice for: no fault.
        Audience::Percentage(share) => call
            .member
            .or(call.request_id)
            .is_some_and(|unit| hundredth(&ticket.jti, unit) < u128::from(*share)),
    }
}

/// In which hundredth of all units this one falls: 0 to 99, for ever the same for one ticket.
fn hundredth(ticket: &str, unit: &str) -> u128 {
    // A byte that neither can hold keeps ("ab", "c") and ("a", "bc") apart.
    let digest = digest(&SHA256, format!("{ticket}\u{0}{unit}").as_bytes());
    let mut first = [0_u8; 8];
    first.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    // The upper half of a product spreads evenly over 0 to 99, where a remainder would not quite.
    (u128::from(u64::from_be_bytes(first)) * 100) >> 64
}
