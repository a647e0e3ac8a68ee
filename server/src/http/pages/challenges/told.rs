//! What is wrong with the form for a challenge, in words, at its fields.

use serde::Serialize;

use crate::error::FieldError;

/// What is said at each field; none where nothing is wrong.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Told {
    title: Option<String>,
    badge: Option<String>,
    starts: Option<String>,
    ends: Option<String>,
    why: Option<String>,
    teams: Option<String>,
    tiers: Option<String>,
    lifecycles: Option<String>,
    labels: Option<String>,
    services: Option<String>,
    kind: Option<String>,
    target_pct: Option<String>,
    failures: Option<String>,
    fresh_days: Option<String>,
    per: Option<String>,
    count: Option<String>,
    grade: Option<String>,
    flow: Option<String>,
    pass: Option<String>,
    milestones: Option<String>,
    retrospective: Option<String>,
}

/// One line of what is wrong, with a link to its field.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Line {
    /// Id of the field; none where there is no field for it.
    field: Option<&'static str>,
    /// What it is called.
    label: &'static str,
    detail: String,
}

/// Places of the API, the field of the form, and what it is called.
const PLACES: &[(&str, &str, &str)] = &[
    ("/title", "title", "Title"),
    ("/badge", "badge", "Badge"),
    ("/starts_at", "starts", "First day"),
    ("/ends_at", "ends", "Last day"),
    ("/why", "why", "Why"),
    ("/scope/teams", "teams", "Teams"),
    ("/scope/tiers", "tiers", "Tiers"),
    ("/scope/lifecycles", "lifecycles", "Lifecycles"),
    ("/scope/labels", "labels", "Labels"),
    ("/scope/services", "services", "Services"),
    ("/scope", "teams", "Who takes part"),
    ("/goal/kind", "kind", "Kind of goal"),
    ("/goal/failures", "failures", "Failure classes"),
    ("/goal/fresh_days", "fresh_days", "Fresh for so many days"),
    ("/goal/per", "per", "How drills are counted"),
    ("/goal/count", "count", "How many drills"),
    ("/goal/grade", "grade", "Grade"),
    ("/goal/flow", "flow", "Core flow"),
    ("/goal/pass", "pass", "What must hold"),
    ("/goal", "kind", "Goal"),
    ("/target_pct", "target_pct", "Percent of all items"),
    ("/milestones", "milestones", "Milestones"),
    ("/retrospective", "retrospective", "Retrospective"),
];

impl Told {
    /// What is said at each field, and all of it as a list.
    pub(super) fn of(errors: &[FieldError]) -> (Self, Vec<Line>) {
        let mut told = Self::default();
        let mut lines = Vec::new();
        for error in errors {
            let below = |place: &str| {
                error.pointer.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            let place = PLACES.iter().find(|(place, ..)| below(place));
            let (field, label) = place.map_or((None, ""), |(_, field, label)| (Some(*field), *label));
            let detail = words(error);
            if let Some(slot) = field.and_then(|field| told.slot(field)) {
                match slot {
                    Some(said) => {
                        said.push_str("; ");
                        said.push_str(&detail);
                    }
                    None => *slot = Some(detail.clone()),
                }
            }
            lines.push(Line { field, label, detail });
        }
        (told, lines)
    }

    fn slot(&mut self, field: &str) -> Option<&mut Option<String>> {
        Some(match field {
            "title" => &mut self.title,
            "badge" => &mut self.badge,
            "starts" => &mut self.starts,
            "ends" => &mut self.ends,
            "why" => &mut self.why,
            "teams" => &mut self.teams,
            "tiers" => &mut self.tiers,
            "lifecycles" => &mut self.lifecycles,
            "labels" => &mut self.labels,
            "services" => &mut self.services,
            "kind" => &mut self.kind,
            "target_pct" => &mut self.target_pct,
            "failures" => &mut self.failures,
            "fresh_days" => &mut self.fresh_days,
            "per" => &mut self.per,
            "count" => &mut self.count,
            "grade" => &mut self.grade,
            "flow" => &mut self.flow,
            "pass" => &mut self.pass,
            "milestones" => &mut self.milestones,
            "retrospective" => &mut self.retrospective,
            _ => return None,
        })
    }
}

/// What the API says in its own words, said in those of the form; elements of lists are told by their number.
fn words(error: &FieldError) -> String {
    let said = match (error.pointer.as_str(), error.detail.as_str()) {
        ("/ends_at", detail) if detail.contains("`starts_at`") => "comes before the first day".to_owned(),
        ("/goal/flow", detail) if detail.starts_with("expected") => {
            "choose one; where there is none, declare it first: see Flows".to_owned()
        }
        ("/goal/per", detail) if detail.contains("`count`") => {
            "say whether so many are meant in each service or in all".to_owned()
        }
        ("/goal/count", detail) if detail.contains("`per`") => "say how many".to_owned(),
        (_, detail) => detail.to_owned(),
    };
    // Marks of code are for the API.
    let said = said.replace('`', "");
    let number = error.pointer.split('/').skip(1).find_map(|part| part.parse::<usize>().ok());
    let of_list = error.pointer.starts_with("/scope/") || error.pointer.starts_with("/goal/failures");
    match number {
        Some(n) if of_list => format!("entry {}: {said}", n + 1),
        Some(n) => format!("line {}: {said}", n + 1),
        None => said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_stands_at_its_field_in_words() {
        let errors = [
            FieldError::new("/goal/flow", "expected the slug of a core flow: see /flows"),
            FieldError::new("/scope/teams/1", "There is no team x."),
            FieldError::new("/milestones/0/at", "is given twice"),
            FieldError::new("/scope", "holds no service"),
            FieldError::new("/slug", "is taken"),
        ];
        let (told, lines) = Told::of(&errors);
        assert!(told.flow.as_deref().is_some_and(|said| said.starts_with("choose one")));
        assert_eq!(told.teams.as_deref(), Some("entry 2: There is no team x.; holds no service"));
        assert_eq!(told.milestones.as_deref(), Some("line 1: is given twice"));
        assert_eq!(lines.iter().filter(|line| line.field.is_none()).count(), 1);
        assert!(lines.iter().all(|line| !line.detail.contains("/goal")));
    }

    #[test]
    fn every_place_has_a_field() {
        for (place, field, _) in PLACES {
            assert!(Told::default().slot(field).is_some(), "{place}");
        }
    }
}
