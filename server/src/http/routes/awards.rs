//! The lines of certificates and badges: for readers, for verifiers outside, to embed.

use super::media::JSON;
use super::{Access, Given, Route, get, json, route, text};
use crate::app::sharing::{EXAMPLE as SHARE, PutSharing};
use crate::app::views;
use crate::http::api::{badges, certificates};
use crate::http::openapi::{json_of, nothing, page_of};
use crate::http::query::{CURSOR, FORMAT, Kind, LIMIT, Param, param};

const SHOW: Param = param(
    "show",
    Kind::Text,
    "What it says: grade, certified, or practice with `practice`; grade unless said otherwise, and a grey badge for what \
     is not known",
);
const PRACTICE: Param = param("practice", Kind::Text, "Id of the practice to show");
const STYLE: Param = param(
    "style",
    Kind::Text,
    "How it looks: flat, flat-square or for-the-badge; flat unless said otherwise, and for what is not known",
);
const TOKEN: &[Given] = &[text("text/plain", "The signed token.")];

/// Certificates and badges.
pub(super) const AWARDS: &[Route] = &[
    get("/api/v1/certificates", |r| r.to(certificates::list))
        .doc(
            "certificates",
            "Certificates that are held, in the order of their end: the calendar of renewals",
        )
        .query(&[
            param("team", Kind::Text, "Of this team and those below it"),
            param("until", Kind::Instant, "Only those that end by then unless they are renewed"),
            FORMAT,
            LIMIT,
            CURSOR,
        ])
        .gives(&[
            json(200, "A page of certificates.", page_of::<views::CertificateView>),
            text("text/csv", "The same as a table."),
        ]),
    get("/certificates.ics", |r| r.to(certificates::renewals))
        .doc("certificates", "When certificates end unless they are renewed, as a calendar (iCalendar); the first 1,000 to end")
        .query(&[param("team", Kind::Text, "Of this team and those below it")])
        .gives(&[text("text/calendar", "The calendar.")]),
    get("/api/v1/certificates/{id}", |r| r.to(certificates::one))
        .only(Access::Anyone)
        .doc(
            "certificates",
            "One certificate or badge, from earning to its end; open to everybody where its team says so",
        )
        .gives(&[json(200, "The certificate.", json_of::<views::CertificateView>)]),
    get("/api/v1/certificates/{id}/evidence", |r| r.to(certificates::evidence))
        .only(Access::Anyone)
        .doc(
            "certificates",
            "What a certificate rests on, byte for byte: the SHA-256 of this answer is `evidence_sha256` of the certificate \
             and stands in its signed credential",
        )
        .gives(&[json(200, "The evidence.", nothing)]),
    get("/certificates/{id}.jwt", |r| r.to(certificates::credential))
        .only(Access::Anyone)
        .doc("certificates", "A certificate in force as a signed credential (Open Badges 3.0, VC-JWT, RS256)")
        .gives(TOKEN),
    get("/issuer", |r| r.to(certificates::issuer))
        .public()
        .doc("certificates", "Who issues certificates: an Open Badges profile")
        .gives(&[json(200, "The profile.", nothing)]),
    get("/achievements/{id}", |r| r.to(certificates::achievement))
        .public()
        .doc("certificates", "What a certificate is for: an Open Badges achievement")
        .gives(&[json(200, "The achievement.", nothing)]),
    get("/status/{number}", |r| r.to(certificates::status))
        .public()
        .doc("certificates", "Which credentials hold no more: a bitstring status list, signed")
        .gives(TOKEN),
    get("/keys/{id}", |r| r.to(certificates::key))
        .public()
        .doc("certificates", "One public key (JWK): where the `kid` of a credential leads")
        .gives(&[json(200, "The key.", nothing)]),
    get("/api/v1/services/{slug}/sharing", |r| r.to(certificates::sharing))
        .doc("certificates", "What the team of a service shows to everybody")
        .gives(&[json(200, "What is shown.", json_of::<views::SharingView>)]),
    route("PUT", "/api/v1/services/{slug}/sharing", Access::Scope("evidence:write"), |r| {
        r.to(certificates::share)
    })
    .doc("certificates", "Shows certificates and badge of a service to everybody, or no more")
    .takes(JSON, json_of::<PutSharing>)
    .example(SHARE)
    .gives(&[json(200, "What is shown.", json_of::<views::SharingView>)]),
    get("/badges/{slug}.svg", |r| r.to(badges::picture))
        .only(Access::Anyone)
        .doc("certificates", "A badge to embed, as a picture; never an error: of a service that is not known it says so, and parameters that are \
             not known are passed over")
        .query(&[STYLE, SHOW, PRACTICE])
        .gives(&[text("image/svg+xml", "The badge.")]),
    get("/badges/{slug}.json", |r| r.to(badges::endpoint))
        .only(Access::Anyone)
        .doc("certificates", "The same for a badge service (shields endpoint, schema version 1)")
        .query(&[SHOW, PRACTICE])
        .gives(&[json(200, "What the badge says.", nothing)]),
];
