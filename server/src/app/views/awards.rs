//! Certificates and badges as readers see them.

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::types::Timestamp;

/// A certificate or badge on a scorecard, held or still to be earned.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AwardView {
    /// Its id in the rulebook.
    pub award: String,
    /// certificate or badge.
    pub kind: String,
    /// Title.
    pub title: String,
    /// practice, upkeep or recognition.
    pub medal: String,
    /// Practice it is of.
    pub practice: Option<String>,
    /// certified, on_hold or suspended; null while it is not held.
    pub state: Option<String>,
    /// Id of the certificate or badge that is held.
    pub id: Option<String>,
    /// Earned.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub earned_at: Option<Timestamp>,
    /// Holds until then; null: for as long as what earns it is true.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub valid_until: Option<Timestamp>,
    /// Why it is not in force.
    pub reason: Option<String>,
    /// What whoever holds it has shown.
    pub why: String,
    /// How to come by it.
    pub fix: String,
    /// What is lacking, while it is not held.
    pub lacking: Vec<String>,
}

/// A certificate, from earning to its end.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CertificateView {
    /// Id.
    pub id: String,
    /// Its id in the rulebook.
    pub award: String,
    /// certificate or badge.
    pub kind: String,
    /// Title.
    pub title: String,
    /// What whoever holds it has shown.
    pub why: Option<String>,
    /// Slug of the service.
    pub service: String,
    /// Name of the service.
    pub service_name: String,
    /// Slug of the owner team.
    pub team: Option<String>,
    /// Name of the owner team.
    pub team_name: Option<String>,
    /// certified, on_hold, suspended, revoked or lapsed.
    pub state: String,
    /// Why it is not in force.
    pub reason: Option<String>,
    /// Earned.
    #[schema(value_type = String, format = DateTime)]
    pub earned_at: Timestamp,
    /// Renewed last.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub renewed_at: Option<Timestamp>,
    /// Holds until then.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub valid_until: Option<Timestamp>,
    /// From then on it is renewed by itself, if what earns it is true.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub renews_from: Option<Timestamp>,
    /// Since when it is not in force.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub not_in_force_since: Option<Timestamp>,
    /// Ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// Score when it was earned or renewed last.
    pub score: Option<i16>,
    /// Grade when it was earned or renewed last.
    pub grade: String,
    /// Percent of points whose facts were known then.
    pub coverage: i16,
    /// Hash of the rulebook by which it was earned or renewed last.
    pub rulebook: String,
    /// SHA-256 of `evidence`: of its bytes as they stand here, from `{` to `}`, which are those that
    /// `/api/v1/certificates/{id}/evidence` answers. The signed credential names the same.
    pub evidence_sha256: Option<String>,
    /// What it rests on: every rule that applied, what it decided, and the facts with their class and drill.
    #[schema(value_type = Option<Object>)]
    pub evidence: Option<Box<RawValue>>,
    /// Rules that were waived.
    pub waivers: Vec<String>,
    /// Anybody may see it.
    pub public: bool,
    /// Address of the signed credential; null while it is not in force.
    pub credential_url: Option<String>,
    /// Address of the status list on which the signed credential stands; null while it is not in force.
    pub status_list_url: Option<String>,
}

/// What a service's team shows to everybody.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SharingView {
    /// Slug.
    pub service: String,
    /// Anybody may see its certificates.
    pub certificates: bool,
    /// Its badge can be had under an address that nobody guesses.
    pub badge: bool,
    /// That address, for who may change it; null where there is none.
    pub badge_url: Option<String>,
}
