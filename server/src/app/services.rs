//! Lists of services, and one service with what the catalog says of it.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Tx;
use super::drills::{shown_grade, shown_score};
use super::owners;
use super::veil::HIDDEN;
use super::views::{DependencyView, Page, ServiceDetail, ServiceRow as View, TeamRef};
use crate::error::{Error, Result};
use crate::store;
use crate::store::boards::{ListCursor, ListedRow, ServiceFilter, ServiceSort};
use crate::store::grades::ScoreRow;
use crate::store::services::ServiceRow;
use crate::types::Timestamp;

/// What a list asks for, as the query of the URL says it.
#[derive(Clone, Debug, Default)]
pub struct ListServices {
    /// Team slug; its whole subtree counts.
    pub team: Option<String>,
    /// 1..4.
    pub tier: Option<i16>,
    /// Letter, or `none` for "not graded".
    pub grade: Option<String>,
    /// Practice id: services with points left to earn in it.
    pub practice: Option<String>,
    /// Part of name or slug.
    pub q: Option<String>,
    /// score, -score, name, coverage, tier, changed.
    pub sort: Option<String>,
    /// Removed services instead of living ones.
    pub removed: bool,
    /// From the page before.
    pub cursor: Option<String>,
    /// 1..500.
    pub limit: i64,
}

/// Services with a text in their name that are few enough to be put in order by themselves.
const FEW: i64 = 2_000;

/// Sort words and what they mean.
pub const SORTS: &[(&str, ServiceSort)] = &[
    ("-score", ServiceSort::ScoreDesc),
    ("score", ServiceSort::ScoreAsc),
    ("name", ServiceSort::Name),
    ("coverage", ServiceSort::CoverageAsc),
    ("tier", ServiceSort::Tier),
    ("changed", ServiceSort::ChangedDesc),
];

/// One page of services.
pub fn list(tx: &mut Tx<'_>, ask: &ListServices) -> Result<Page<View>> {
    let word = ask.sort.as_deref().filter(|s| !s.is_empty()).unwrap_or("-score");
    let Some((_, sort)) = SORTS.iter().find(|(w, _)| *w == word) else {
        let words: Vec<&str> = SORTS.iter().map(|(w, _)| *w).collect();
        return Err(Error::invalid("?sort", format!("`{word}` is not one of: {}", words.join(", "))));
    };
    let mut filter = filter_of(tx, ask)?;
    if let Some(text) = &filter.text
        && let Some(ids) = store::boards::ids_with(tx.conn, text, FEW)?
    {
        (filter.ids, filter.text) = (Some(ids), None);
    }
    let cursor = ask.cursor.as_deref().map(|c| read_cursor(c, word)).transpose()?;
    let limit = ask.limit.clamp(1, store::MAX_PAGE);
    let mut rows = store::boards::list_services(tx.conn, &filter, *sort, cursor.as_ref(), limit + 1)?;
    let more = rows.len() as i64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    let next =
        rows.last().filter(|_| more).map(|(service, score, _)| write_cursor(word, *sort, service, score));
    let items = views(tx, &rows)?;
    Ok(Page { items, next })
}

/// The list form of services, with how their scores moved in a month.
pub fn views(tx: &mut Tx<'_>, rows: &[ListedRow]) -> Result<Vec<View>> {
    let ids: Vec<String> = rows.iter().map(|(s, ..)| s.id.clone()).collect();
    let month_ago = scores_at(tx, &ids, tx.now.plus_days(-30))?;
    let of = |(service, score, team): &ListedRow| {
        let team = team.clone().map(|(slug, name)| TeamRef { slug, name });
        view(service, Some(score), team, month_ago.get(&service.id).copied())
    };
    Ok(rows.iter().map(of).collect())
}

fn filter_of(tx: &mut Tx<'_>, ask: &ListServices) -> Result<ServiceFilter> {
    let text = |t: &Option<String>| t.as_deref().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned);
    let team_ids = match text(&ask.team) {
        None => None,
        Some(slug) => {
            let team = owners::team(tx, &slug)?;
            Some(store::fleet::team_ids_below(tx.conn, &team.path)?)
        }
    };
    if let Some(tier) = ask.tier.filter(|t| !(1..=4).contains(t)) {
        return Err(Error::invalid("?tier", format!("{tier} is not a tier: expected 1 to 4")));
    }
    let book = Arc::clone(&tx.book);
    let grade = match text(&ask.grade) {
        None => None,
        Some(g) if g == "none" => Some(String::new()),
        Some(g) if book.rulebook.bands().iter().any(|b| b.letter == g) => Some(g),
        Some(g) => {
            let letters: Vec<&str> = book.rulebook.bands().iter().map(|b| b.letter.as_str()).collect();
            let detail = format!("`{g}` is not one of: {}, none", letters.join(", "));
            return Err(Error::invalid("?grade", detail));
        }
    };
    let practice = text(&ask.practice);
    if let Some(p) = practice.as_ref().filter(|p| !book.rulebook.practices().iter().any(|x| x.id == **p)) {
        let ids: Vec<&str> = book.rulebook.practices().iter().map(|x| x.id.as_str()).collect();
        return Err(Error::invalid("?practice", format!("`{p}` is not one of: {}", ids.join(", "))));
    }
    let text = text(&ask.q).map(|q| q.to_lowercase());
    let unseen = tx.veil()?.unseen().clone();
    let (tier, removed) = (ask.tier, ask.removed);
    Ok(ServiceFilter { team_ids, tier, grade, practice, text, ids: None, removed, unseen })
}

/// Scores at an instant, by service id.
pub fn scores_at(tx: &mut Tx<'_>, ids: &[String], at: Timestamp) -> Result<HashMap<String, i16>> {
    Ok(store::fleet::scores_at(tx.conn, ids, at.0)?.into_iter().collect())
}

/// The list form of a service.
pub fn view(
    service: &ServiceRow,
    score: Option<&ScoreRow>,
    team: Option<TeamRef>,
    score_before: Option<i16>,
) -> View {
    let now = score.and_then(shown_score);
    View {
        slug: service.slug.clone(),
        entity_ref: service.entity_ref.clone(),
        name: service.name.clone(),
        team,
        tier: service.tier,
        lifecycle: service.lifecycle.clone(),
        score: now,
        grade: score.and_then(shown_grade),
        coverage: score.map_or(0, |s| s.coverage),
        trend: now.zip(score_before).map(|(now, then)| now - then),
        regressions: score.map_or(0, |s| s.regressions),
        changed_at: score.map(|s| Timestamp(s.changed_at)),
        removed: service.removed_at.is_some(),
    }
}

/// One service with what the catalog says of it.
pub fn detail(tx: &mut Tx<'_>, name: &str) -> Result<ServiceDetail> {
    let service = owners::service(tx, name)?;
    detail_of(tx, &service)
}

/// [`detail`] of a service already found.
pub fn detail_of(tx: &mut Tx<'_>, service: &ServiceRow) -> Result<ServiceDetail> {
    let team = match &service.team_id {
        Some(id) => store::fleet::team(tx.conn, id)?.map(|t| TeamRef { slug: t.slug, name: t.name }),
        None => None,
    };
    let score = store::grades::one(tx.conn, &service.id)?;
    let ids = [service.id.clone()];
    let before = scores_at(tx, &ids, tx.now.plus_days(-30))?.get(&service.id).copied();
    let veil = tx.veil()?;
    let refs = store::services::dependencies(tx.conn, &service.id)?;
    let known = store::catalog::existing(tx.conn, &refs)?;
    let mut dependencies = Vec::with_capacity(refs.len());
    for entity_ref in refs {
        let service = store::services::by_ref(tx.conn, &entity_ref)?;
        if service.as_ref().is_some_and(|s| veil.hides(s)) {
            dependencies.push(DependencyView { entity_ref: HIDDEN.to_owned(), slug: None, dangling: false });
            continue;
        }
        let slug = service.map(|s| s.slug);
        let dangling = !known.contains(&entity_ref);
        dependencies.push(DependencyView { entity_ref, slug, dangling });
    }
    Ok(ServiceDetail {
        row: view(service, score.as_ref(), team, before),
        description: service.description.clone(),
        service_type: service.service_type.clone(),
        system: service.system_ref.clone(),
        labels: serde_json::from_str(&service.labels).unwrap_or_default(),
        dependencies,
        dependents: store::services::dependents(tx.conn, &service.entity_ref, veil.unseen())?,
        source: service.source.clone(),
        tier_from: service.tier_from.clone(),
        created_at: Timestamp(service.created_at),
        removed_at: service.removed_at.map(Timestamp),
    })
}

fn write_cursor(word: &str, sort: ServiceSort, service: &ServiceRow, score: &ScoreRow) -> String {
    let number = match sort {
        ServiceSort::ScoreDesc | ServiceSort::ScoreAsc => i64::from(score.score),
        ServiceSort::CoverageAsc => i64::from(score.coverage),
        ServiceSort::Tier => i64::from(service.tier),
        ServiceSort::ChangedDesc => score.changed_at,
        ServiceSort::Name => 0,
    };
    let text = if sort == ServiceSort::Name { service.name_lc.as_str() } else { "" };
    let json = serde_json::json!([word, number, text, service.id]).to_string();
    URL_SAFE_NO_PAD.encode(json)
}

fn read_cursor(cursor: &str, word: &str) -> Result<ListCursor> {
    let bad = || Error::invalid("?cursor", "not a cursor of this list: take `next` of the page before");
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad())?;
    let (sort, number, text, id): (String, i64, String, String) =
        serde_json::from_slice(&bytes).map_err(|_| bad())?;
    if sort != word {
        return Err(bad());
    }
    Ok(ListCursor { number, text, id })
}
