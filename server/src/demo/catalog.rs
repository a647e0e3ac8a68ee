//! The made-up catalog: 6 divisions, 24 teams, 200 services.

use std::fmt::Write;

use super::dice::Dice;

/// Slug, name, stems of service names, diligence at the start and at the end of the year.
type MadeTeam = (&'static str, &'static str, &'static str, f64, f64);

/// Division, then its teams.
const TEAMS: &[(&str, &[MadeTeam])] = &[
    (
        "Commerce",
        &[
            ("checkout-platform", "Checkout Platform", "checkout tax-engine order-writer promo", 0.62, 0.80),
            ("cart-pricing", "Cart & Pricing", "cart pricing discount inventory", 0.45, 0.66),
            ("payments-core", "Payments Core", "payments ledger refunds fraud-score", 0.85, 0.97),
            ("merchant-tools", "Merchant Tools", "merchant-portal listing payout catalog-feed", 0.40, 0.45),
        ],
    ),
    (
        "Discovery",
        &[
            ("search-relevance", "Search Relevance", "search query-rewrite ranker indexer", 0.50, 0.90),
            ("feed-mixer", "Feed Mixer", "feed mixer follow-graph trending", 0.60, 0.68),
            ("recommendations", "Recommendations", "recs candidate-gen embeddings similar-items", 0.55, 0.50),
            ("content-catalog", "Content Catalog", "content metadata taxonomy", 0.30, 0.35),
        ],
    ),
    (
        "Messaging",
        &[
            ("messaging-core", "Messaging Core", "messages inbox threads presence", 0.55, 0.78),
            ("notifications", "Notifications", "notify push-gateway digest", 0.50, 0.64),
            ("realtime", "Realtime Delivery", "realtime fanout socket-edge", 0.70, 0.74),
            ("mail-delivery", "Mail Delivery", "mailer bounce-handler", 0.35, 0.20),
        ],
    ),
    (
        "Identity",
        &[
            ("profile-graph", "Profile Graph", "profile connections graph-store", 0.90, 0.98),
            ("sign-in", "Sign-in", "login session token-issuer device-trust", 0.80, 0.92),
            ("privacy", "Privacy & Consent", "consent data-export erasure", 0.65, 0.60),
            ("member-data", "Member Data", "member-store preferences settings", 0.50, 0.62),
        ],
    ),
    (
        "Platform",
        &[
            ("edge-gateway", "Edge Gateway", "edge api-gateway rate-limiter", 0.88, 0.93),
            (
                "media-delivery",
                "Media Delivery",
                "media image-resize video-transcode cdn-control",
                0.75,
                0.85,
            ),
            (
                "developer-platform",
                "Developer Platform",
                "build-farm artifact-store deployer config-server",
                0.60,
                0.72,
            ),
            (
                "observability",
                "Observability",
                "metrics-store trace-collector alert-router log-search",
                0.80,
                0.82,
            ),
        ],
    ),
    (
        "Data",
        &[
            ("data-ingest", "Data Ingest", "ingest schema-registry dedupe", 0.40, 0.55),
            ("streaming", "Streaming", "stream-broker stream-sql connector", 0.65, 0.70),
            ("experimentation", "Experimentation", "experiments assignment analysis", 0.45, 0.58),
            ("warehouse", "Warehouse", "warehouse scheduler query-engine backfill", 0.20, 0.12),
        ],
    ),
];

const SUFFIXES: &[&str] = &["api", "worker", "store"];
const COUNT: usize = 200;

/// One made-up service.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub name: String,
    pub team: &'static str,
    pub tier: i64,
    pub lifecycle: &'static str,
    pub database: bool,
    /// How well its team keeps at it, at the start and at the end of the year, 0 to 1.
    pub diligence: (f64, f64),
    /// The team stops drilling on this day, if it does.
    pub quiet_from: Option<i64>,
}

/// All made-up services, in the order of their teams.
pub(super) fn services() -> Vec<Made> {
    let mut all = Vec::new();
    'suffix: for suffix in SUFFIXES {
        for (_, teams) in TEAMS {
            for (slug, _, stems, from, to) in *teams {
                for stem in stems.split(' ') {
                    if all.len() == COUNT {
                        break 'suffix;
                    }
                    all.push(made(slug, stem, suffix, (*from, *to)));
                }
            }
        }
    }
    all
}

fn made(team: &'static str, stem: &str, suffix: &str, team_diligence: (f64, f64)) -> Made {
    let name = format!("{stem}-{suffix}");
    let mut dice = Dice::of(1, &name);
    let own = (dice.unit() - 0.5) * 0.24;
    let tier = match suffix {
        "api" => dice.range(1, 2),
        "worker" => dice.range(2, 3),
        _ => dice.range(2, 4),
    };
    let lifecycle = match dice.range(1, 20) {
        1 => "experimental",
        2 => "deprecated",
        _ => "production",
    };
    let quiet_from = match team {
        "warehouse" => Some(dice.range(120, 180)),
        "mail-delivery" => Some(dice.range(220, 280)),
        _ => None,
    };
    Made {
        database: suffix == "store" || dice.chance(0.3),
        name,
        team,
        tier,
        lifecycle,
        diligence: ((team_diligence.0 + own).clamp(0.05, 0.99), (team_diligence.1 + own).clamp(0.05, 0.99)),
        quiet_from,
    }
}

/// The catalog as a file somebody could have written.
pub(super) fn yaml(services: &[Made]) -> String {
    let mut out = String::with_capacity(200_000);
    let group = |out: &mut String, name: &str, title: &str, kind: &str, parent: Option<&str>| {
        let parent = parent.map_or_else(String::new, |p| format!("  parent: {p}\n"));
        let _ = write!(
            out,
            "---\napiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata:\n  name: {name}\nspec:\n  type: {kind}\n  \
             profile:\n    displayName: \"{title}\"\n{parent}  children: []\n"
        );
    };
    group(&mut out, "acme", "Acme", "organization", None);
    for (division, teams) in TEAMS {
        let slug = division.to_lowercase();
        group(&mut out, &slug, division, "division", Some("acme"));
        for (team, title, ..) in *teams {
            group(&mut out, team, title, "team", Some(&slug));
        }
    }
    for (i, service) in services.iter().enumerate() {
        component(&mut out, service, services, i);
    }
    out
}

fn component(out: &mut String, service: &Made, services: &[Made], at: usize) {
    let mut dice = Dice::of(2, &service.name);
    let _ = write!(
        out,
        "---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\n  labels:\n    \
         waterbear.dev/tier: \"{tier}\"\n  annotations:\n    waterbear.dev/has-database: \"{database}\"\nspec:\n  \
         type: service\n  lifecycle: {lifecycle}\n  owner: {team}\n  dependsOn:\n",
        name = service.name,
        tier = service.tier,
        database = service.database,
        lifecycle = service.lifecycle,
        team = service.team,
    );
    for _ in 0..dice.range(2, 5) {
        let other = usize::try_from(dice.range(0, services.len() as i64 - 1)).unwrap_or(0);
        if let Some(target) = services.get(other).filter(|_| other != at) {
            let _ = writeln!(out, "    - component:{}", target.name);
        }
    }
    let _ = writeln!(out, "    - resource:{}-queue", service.name);
}
