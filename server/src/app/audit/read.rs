//! Reading the audit: newest first, filtered, a bounded number of events looked at for a page.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

use crate::app::views::Page;
use crate::app::{Tx, owners};
use crate::error::{Error, Result};
use crate::store;
use crate::store::events::EventRow;
use crate::store::trail::{self, Walk};
use crate::types::Timestamp;

/// Events looked at in one go.
const CHUNK: i64 = 500;
/// Goes for a page; where few fit, a page is short, and `next` says where to go on.
const GOES: usize = 10;
/// Events are in the order of their commits, and their instants are those of the begins: so far, in ms, one may lie
/// before or after its neighbours, clocks of several machines included.
const SLACK_MS: i64 = 60 * 60 * 1000;

/// Which part of the audit; everything given must hold.
#[derive(Clone, Debug, Default)]
pub struct AskAudit {
    /// Who acted: the name shown, or the id.
    pub actor: Option<String>,
    /// Through which credential: its id.
    pub credential: Option<String>,
    /// Kind of event.
    pub kind: Option<String>,
    /// What happened to a service: slug or reference.
    pub service: Option<String>,
    /// What happened to a team itself and to its own services: slug.
    pub team: Option<String>,
    /// From which address.
    pub address: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Not after.
    pub to: Option<Timestamp>,
}

/// A bound of time, as it is typed: an instant, or a day in UTC, of which `end` means its last millisecond.
///
/// # Errors
///
/// [`Error::Invalid`] at `pointer`.
pub fn bound(pointer: &str, text: &str, end: bool) -> Result<Timestamp> {
    let text = text.trim();
    let clock = if end { "T23:59:59.999Z" } else { "T00:00:00Z" };
    // A plus sign of an offset arrives as a space when it is not escaped.
    let instant = if text.len() == 10 { format!("{text}{clock}") } else { text.replace(' ', "+") };
    Timestamp::parse(&instant).map_err(|_| {
        Error::invalid(
            pointer,
            "expected a day such as 2026-11-26, or an instant such as 2026-11-26T09:00:00Z",
        )
    })
}

/// Who acted.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct AuditActor {
    /// person, token, publisher, hook, machine or anonymous.
    pub kind: String,
    /// Id of the account, token, publisher; name of the hook; `cli` or `schedule`.
    pub id: Option<String>,
    /// Name as shown.
    pub name: String,
    /// Name to sign in with, of a person.
    pub login: Option<String>,
}

/// How it was known who acted.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct AuditCredential {
    /// session, token, ci, hook, proxy, machine or none.
    pub kind: String,
    /// Its id.
    pub id: Option<String>,
}

/// One thing that was done.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AuditView {
    /// Position in the event log.
    pub seq: i64,
    /// Id of the event.
    pub id: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Kind.
    pub kind: String,
    /// Who.
    pub actor: AuditActor,
    /// Through what.
    pub credential: AuditCredential,
    /// From where; null at the command line.
    pub address: Option<String>,
    /// Id of the request in the server's log.
    pub request_id: Option<String>,
    /// What was called.
    pub action: Option<String>,
    /// Service concerned.
    pub service: Option<String>,
    /// Team concerned.
    pub team: Option<String>,
    /// For people.
    pub sentence: String,
    /// As it was; of what changed only what differs.
    #[schema(value_type = Option<Object>)]
    pub before: Option<Json>,
    /// As it is.
    #[schema(value_type = Option<Object>)]
    pub after: Option<Json>,
    /// Details of the event.
    #[schema(value_type = Object)]
    pub data: Json,
}

/// An ask with every name looked up.
struct Filter {
    name: Option<String>,
    actor_id: Option<String>,
    credential: Option<String>,
    kind: Option<String>,
    service: Option<String>,
    team: Option<String>,
    address: Option<String>,
    from: i64,
    to: i64,
}

impl Filter {
    fn of(tx: &mut Tx<'_>, ask: &AskAudit) -> Result<Self> {
        let mut filter = Self {
            name: ask.actor.clone(),
            actor_id: None,
            credential: ask.credential.clone(),
            kind: ask.kind.clone(),
            service: ask.service.as_deref().map(|s| owners::service(tx, s)).transpose()?.map(|s| s.id),
            team: ask.team.as_deref().map(|t| owners::team(tx, t)).transpose()?.map(|t| t.id),
            address: ask.address.clone(),
            from: ask.from.map_or(i64::MIN, |t| t.0),
            to: ask.to.map_or(i64::MAX, |t| t.0),
        };
        if let Some(actor) = &ask.actor {
            let all = (0, i64::MAX);
            if !trail::before(tx.conn, Walk::Actor(actor), all, 1)?.is_empty() {
                (filter.actor_id, filter.name) = (filter.name.take(), None);
            } else if filter.credential.is_none()
                && !trail::before(tx.conn, Walk::Credential(actor), all, 1)?.is_empty()
            {
                // A token is its own actor.
                (filter.credential, filter.name) = (filter.name.take(), None);
            }
        }
        Ok(filter)
    }

    /// The index with the fewest events, as far as one can know.
    fn walk(&self) -> Walk<'_> {
        if let Some(id) = &self.actor_id {
            Walk::Actor(id)
        } else if let Some(address) = &self.address {
            Walk::Address(address)
        } else if let Some(id) = &self.credential {
            Walk::Credential(id)
        } else if let Some(id) = &self.service {
            Walk::Service(id)
        } else if let Some(kind) = self.kind.as_deref().filter(|kind| *kind != "drill_recorded") {
            Walk::Kind(kind)
        } else if let Some(name) = &self.name {
            Walk::Name(name)
        } else if let Some(id) = &self.team {
            Walk::Team(id)
        } else {
            Walk::All
        }
    }

    fn takes(&self, row: &EventRow, audit: &Json) -> bool {
        let is = |wanted: &Option<String>, found: &Json| {
            wanted.as_deref().is_none_or(|wanted| found.as_str() == Some(wanted))
        };
        let same = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        (self.from..=self.to).contains(&row.at)
            && same(&self.name, Some(&row.actor))
            && same(&self.kind, Some(&row.kind))
            && same(&self.service, row.service_id.as_deref())
            && same(&self.team, row.team_id.as_deref())
            && is(&self.actor_id, &audit["actor"]["id"])
            && is(&self.credential, &audit["credential"]["id"])
            && is(&self.address, &audit["address"])
    }

    /// The positions between which events of its time can lie.
    fn bounds(&self, tx: &mut Tx<'_>) -> Result<(i64, i64)> {
        let last = store::events::newest_seq(tx.conn)?;
        let from = match self.from {
            i64::MIN => 0,
            from => first_since(tx, from.saturating_sub(SLACK_MS), last)?,
        };
        let below = match self.to {
            i64::MAX => last + 1,
            to => first_since(tx, to.saturating_add(SLACK_MS), last)?,
        };
        Ok((from, below))
    }
}

/// The first position whose event is not older than `at`: halving, some twenty reads of one row.
fn first_since(tx: &mut Tx<'_>, at: i64, last: i64) -> Result<i64> {
    let (mut low, mut high) = (0, last + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        match trail::instant(tx.conn, middle)? {
            Some(found) if found < at => low = middle + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// A page of the audit, newest first; `cursor` is `next` of the page before.
///
/// # Errors
///
/// [`Error::NotFound`] where the service or the team is not known, [`Error::Invalid`] for a cursor of another list.
pub fn page(tx: &mut Tx<'_>, ask: &AskAudit, cursor: Option<&str>, limit: i64) -> Result<Page<AuditView>> {
    let bad = |_| Error::invalid("?cursor", "not a cursor of this list: take `next` of the page before");
    let cursor: Option<i64> = cursor.map(str::parse).transpose().map_err(bad)?;
    let filter = Filter::of(tx, ask)?;
    let (from, mut below) = filter.bounds(tx)?;
    below = below.min(cursor.unwrap_or(i64::MAX));
    let wanted = usize::try_from(limit).unwrap_or(1).max(1);
    let mut found: Vec<(EventRow, Json)> = Vec::new();
    let mut more = false;
    'goes: for _ in 0..GOES {
        let rows = trail::before(tx.conn, filter.walk(), (from, below), CHUNK)?;
        more = rows.len() as i64 == CHUNK;
        for row in rows {
            if found.len() == wanted {
                more = true;
                break 'goes;
            }
            below = row.seq;
            let audit = row.audit.as_deref().and_then(|text| serde_json::from_str::<Json>(text).ok());
            if let Some(audit) = audit
                && filter.takes(&row, &audit)
            {
                found.push((row, audit));
            }
        }
        if !more {
            break;
        }
    }
    Ok(Page { items: views(tx, found)?, next: more.then(|| below.to_string()) })
}

fn views(tx: &mut Tx<'_>, found: Vec<(EventRow, Json)>) -> Result<Vec<AuditView>> {
    let distinct = |pick: fn(&EventRow) -> Option<&String>| -> Vec<String> {
        found.iter().filter_map(|(row, _)| pick(row)).collect::<BTreeSet<_>>().into_iter().cloned().collect()
    };
    let ids = distinct(|row| row.service_id.as_ref());
    let slugs: HashMap<String, String> =
        store::services::by_ids(tx.conn, &ids)?.into_iter().map(|s| (s.id, s.slug)).collect();
    let ids = distinct(|row| row.team_id.as_ref());
    let teams: HashMap<String, String> =
        store::fleet::team_names(tx.conn, &ids)?.into_iter().map(|(id, slug, _)| (id, slug)).collect();
    Ok(found.into_iter().map(|(row, audit)| view(row, &audit, &slugs, &teams)).collect())
}

fn view(
    row: EventRow,
    audit: &Json,
    slugs: &HashMap<String, String>,
    teams: &HashMap<String, String>,
) -> AuditView {
    let text = |value: &Json| value.as_str().map(str::to_owned);
    AuditView {
        seq: row.seq,
        id: row.id,
        at: Timestamp(row.at),
        kind: row.kind,
        actor: AuditActor {
            kind: text(&audit["actor"]["kind"]).unwrap_or_default(),
            id: text(&audit["actor"]["id"]),
            name: row.actor,
            login: text(&audit["actor"]["login"]),
        },
        credential: AuditCredential {
            kind: text(&audit["credential"]["kind"]).unwrap_or_default(),
            id: text(&audit["credential"]["id"]),
        },
        address: text(&audit["address"]),
        request_id: text(&audit["request_id"]),
        action: text(&audit["action"]),
        service: row.service_id.as_ref().and_then(|id| slugs.get(id)).cloned(),
        team: row.team_id.as_ref().and_then(|id| teams.get(id)).cloned(),
        sentence: row.sentence,
        before: audit.get("before").cloned(),
        after: audit.get("after").cloned(),
        data: serde_json::from_str(&row.data).unwrap_or_default(),
    }
}
