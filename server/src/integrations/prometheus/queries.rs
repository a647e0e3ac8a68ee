//! What is asked of which family of metrics, filled in for one service.

use std::collections::BTreeMap;

use crate::config::{Family, OwnQueries, SourceConfig};

/// What is asked for one service.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Queries {
    /// Calls a second by bucket and instance.
    pub(super) buckets: String,
    /// Failed calls a second by instance; none: not known.
    pub(super) errors: Option<String>,
    /// How many hosts serve, where instances are callers.
    pub(super) hosts: Option<String>,
    /// How many clients call, where instances are hosts.
    pub(super) clients: Option<String>,
    /// Label of the instance.
    pub(super) instance: String,
    /// Milliseconds in the unit of the bounds.
    pub(super) ms: f64,
    /// Instances are callers, not hosts.
    pub(super) by_caller: bool,
}

/// How a family names things.
struct Names {
    /// Histogram, without `_bucket`.
    histogram: &'static str,
    /// Matchers it always has.
    always: &'static str,
    /// Matcher of a service.
    service: &'static str,
    /// Label of an instance.
    instance: &'static str,
    /// Counter of failed calls, with matchers; the histogram's own count where it begins with a comma.
    failed: &'static str,
    /// Hosts behind the callers.
    hosts: Option<&'static str>,
    in_ms: bool,
    by_caller: bool,
}

const fn names(family: Family) -> Names {
    let server = Names {
        histogram: "http_server_request_duration_seconds",
        always: "",
        service: "job=\"{service}\"",
        instance: "instance",
        failed: ",http_response_status_code=~\"5..\"",
        hosts: None,
        in_ms: false,
        by_caller: false,
    };
    match family {
        Family::Otel | Family::Own => server,
        Family::Grpc => Names {
            histogram: "grpc_server_call_duration_seconds",
            failed: ",grpc_status=~\"UNKNOWN|DEADLINE_EXCEEDED|UNIMPLEMENTED|INTERNAL|UNAVAILABLE|DATA_LOSS\"",
            ..server
        },
        Family::Istio => Names {
            histogram: "istio_request_duration_milliseconds",
            always: "reporter=\"destination\",",
            service: "destination_canonical_service=\"{service}\"",
            instance: "pod",
            failed: "istio_requests_total{response_code=~\"5..\",",
            in_ms: true,
            ..server
        },
        Family::Linkerd => Names {
            histogram: "response_latency_ms",
            always: "direction=\"inbound\",",
            service: "deployment=\"{service}\"",
            instance: "pod",
            failed: "response_total{classification=\"failure\",",
            in_ms: true,
            ..server
        },
        Family::Envoy => Names {
            histogram: "envoy_cluster_upstream_rq_time",
            service: "envoy_cluster_name=\"{service}\"",
            failed: "envoy_cluster_upstream_rq_xx{envoy_response_code_class=\"5\",",
            hosts: Some("max(envoy_cluster_membership_total{{match}})"),
            in_ms: true,
            by_caller: true,
            ..server
        },
        Family::Resilience4j => Names {
            histogram: "resilience4j_circuitbreaker_calls_seconds",
            service: "name=\"{service}\"",
            failed: ",kind=\"failed\"",
            by_caller: true,
            ..server
        },
    }
}

/// What the catalog says of a service, as far as queries use it.
#[derive(Clone, Debug, Default)]
pub struct Words<'a> {
    /// Slug.
    pub slug: &'a str,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

/// The queries for a service. None when the catalog lacks a word that the matcher needs: then the source does not know
/// the service.
///
/// # Errors
///
/// A word that must not stand in a query.
pub(super) fn for_service(
    source: &SourceConfig,
    words: &Words<'_>,
    window_s: f64,
) -> Result<Option<Queries>, String> {
    let names = names(source.metrics);
    let Some(service) = filled(source.matcher.as_deref().unwrap_or(names.service), words)? else {
        return Ok(None);
    };
    let matcher = format!("{}{service}", names.always);
    let instance = source.instance.as_deref().unwrap_or(names.instance);
    let window = format!("{window_s}s");
    let fill = |text: &str| -> Result<Option<String>, String> {
        let text =
            text.replace("{match}", &matcher).replace("{instance}", instance).replace("{window}", &window);
        filled(&text, words)
    };
    let own = &source.queries;
    let templates = Templates::of(source.metrics, &names, own);
    let optional = |text: &Option<String>| text.as_deref().map_or(Ok(None), &fill);
    let Some(buckets) = fill(&templates.buckets)? else { return Ok(None) };
    Ok(Some(Queries {
        buckets,
        errors: optional(&templates.errors)?,
        hosts: optional(&templates.hosts)?,
        clients: optional(&own.clients)?,
        instance: instance.to_owned(),
        ms: if own.in_ms.unwrap_or(names.in_ms) { 1.0 } else { 1_000.0 },
        by_caller: own.by_caller.unwrap_or(names.by_caller),
    }))
}

struct Templates {
    buckets: String,
    errors: Option<String>,
    hosts: Option<String>,
}

impl Templates {
    fn of(family: Family, names: &Names, own: &OwnQueries) -> Self {
        let h = names.histogram;
        // Whichever kind of histogram there is; an instance that has both is read by its native one.
        let buckets = format!(
            "sum by (le, {{instance}}) (rate({h}_bucket{{{{match}}}}[{{window}}])) or \
             sum by ({{instance}}) (rate({h}{{{{match}}}}[{{window}}]))"
        );
        let failed = match names.failed.strip_prefix(',') {
            Some(label) => format!(
                "sum by ({{instance}}) (rate({h}_count{{{{match}},{label}}}[{{window}}])) or \
                 histogram_count(sum by ({{instance}}) (rate({h}{{{{match}},{label}}}[{{window}}])))"
            ),
            None => format!("sum by ({{instance}}) (rate({}{{match}}}}[{{window}}]))", names.failed),
        };
        // Own buckets are of other metrics than the family's errors.
        let of_family = family != Family::Own && own.buckets.is_none();
        Self {
            buckets: own.buckets.clone().unwrap_or(buckets),
            errors: own.errors.clone().or_else(|| of_family.then_some(failed)),
            hosts: own.hosts.clone().or_else(|| names.hosts.filter(|_| of_family).map(str::to_owned)),
        }
    }
}

/// A text with `{service}`, `{annotation:KEY}` and `{label:KEY}` filled in; none when the catalog lacks one of them.
fn filled(text: &str, words: &Words<'_>) -> Result<Option<String>, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let word = after.split_once('}').and_then(|(name, tail)| {
            let found = match name.split_once(':') {
                None if name == "service" => Some(words.slug),
                Some(("annotation", key)) => Some(words.annotations.get(key).map_or("", String::as_str)),
                Some(("label", key)) => Some(words.labels.get(key).map_or("", String::as_str)),
                _ => None,
            };
            found.map(|value| (name, value, tail))
        });
        match word {
            Some((_, "", _)) => return Ok(None),
            Some((name, value, tail)) => {
                out.push_str(harmless(name, value)?);
                rest = tail;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Ok(Some(out))
}

/// A word that means nothing else in a query than itself.
fn harmless<'a>(name: &str, value: &'a str) -> Result<&'a str, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.:/@-".contains(c);
    if value.len() <= 253 && value.chars().all(plain) {
        return Ok(value);
    }
    Err(format!("the value of {{{name}}} in the catalog has characters that a query must not hold"))
}
