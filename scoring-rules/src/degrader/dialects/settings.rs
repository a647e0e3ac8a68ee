//! Settings of any dialect, behind one interface.

use serde::{Deserialize, Serialize};

use serde_json::Value;

use super::super::{D2, Group, Problem, Relative};
use super::table::{Spec, Table, Unit};
use super::text::Style;
use super::{
    Dialect, Envoy, Finagle, Grpc, Istio, Reading, Resilience4j, d2, envoy, finagle, grpc, istio,
    resilience4j,
};

/// Does the same with the settings of whichever dialect.
macro_rules! each {
    ($settings:expr, $of:ident => $do:expr) => {
        match $settings {
            $crate::degrader::Settings::D2($of) => $do,
            $crate::degrader::Settings::Relative($of) => $do,
            $crate::degrader::Settings::Envoy($of) => $do,
            $crate::degrader::Settings::Grpc($of) => $do,
            $crate::degrader::Settings::Istio($of) => $do,
            $crate::degrader::Settings::Resilience4j($of) => $do,
            $crate::degrader::Settings::Finagle($of) => $do,
        }
    };
}
pub(super) use each;

/// The settings of one client of a service, in one dialect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "dialect", content = "settings", rename_all = "lowercase")]
pub enum Settings {
    /// Rest.li's strategy "degrader".
    D2(D2),
    /// Rest.li's strategy "relative".
    Relative(Relative),
    /// Envoy.
    Envoy(Envoy),
    /// gRPC clients.
    Grpc(Grpc),
    /// Istio.
    Istio(Istio),
    /// Resilience4j.
    Resilience4j(Resilience4j),
    /// Finagle.
    Finagle(Finagle),
}

/// One value of some settings, to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The tool's own key.
    pub key: &'static str,
    /// The value as the tool writes it; a dash: absent.
    pub value: String,
    /// Its unit, where the value does not name it; may be empty.
    pub unit: &'static str,
    /// What it belongs to.
    pub group: Group,
}

/// What a written block is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Name of the service that is called: cluster, host, instance or service name in the block.
    pub service: String,
}

impl Settings {
    /// The defaults of a dialect's tool.
    pub fn defaults(dialect: Dialect) -> Self {
        match dialect {
            Dialect::D2 => Self::D2(D2::default()),
            Dialect::Relative => Self::Relative(Relative::default()),
            Dialect::Envoy => Self::Envoy(Envoy::default()),
            Dialect::Grpc => Self::Grpc(Grpc::default()),
            Dialect::Istio => Self::Istio(Istio::default()),
            Dialect::Resilience4j => Self::Resilience4j(Resilience4j::default()),
            Dialect::Finagle => Self::Finagle(Finagle::default()),
        }
    }

    /// Whose settings they are.
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::D2(_) => Dialect::D2,
            Self::Relative(_) => Dialect::Relative,
            Self::Envoy(_) => Dialect::Envoy,
            Self::Grpc(_) => Dialect::Grpc,
            Self::Istio(_) => Dialect::Istio,
            Self::Resilience4j(_) => Dialect::Resilience4j,
            Self::Finagle(_) => Dialect::Finagle,
        }
    }

    /// Reads a tool's own document; what is not in it is at the tool's defaults.
    ///
    /// # Errors
    ///
    /// Everything that the tool would refuse, or takes silently and should not, each with its place.
    pub fn read(dialect: Dialect, document: &Value) -> Result<Reading, Vec<Problem>> {
        fn kept<T>((of, notes): (T, Vec<Problem>), wrap: fn(T) -> Settings) -> Reading {
            Reading { settings: wrap(of), notes }
        }
        Ok(match dialect {
            Dialect::D2 => kept(d2::read(document)?, Self::D2),
            Dialect::Relative => kept(d2::read_relative(document)?, Self::Relative),
            Dialect::Envoy => kept(envoy::read(document)?, Self::Envoy),
            Dialect::Grpc => kept(grpc::read(document)?, Self::Grpc),
            Dialect::Istio => kept(istio::read(document)?, Self::Istio),
            Dialect::Resilience4j => kept(resilience4j::read(document)?, Self::Resilience4j),
            Dialect::Finagle => kept(finagle::read(document)?, Self::Finagle),
        })
    }

    /// The block to paste, in the [`Dialect::format`]; [`Settings::read`] reads it back.
    pub fn write(&self, context: &Context) -> String {
        match self {
            Self::D2(of) => d2::write(of),
            Self::Relative(of) => d2::write_relative(of),
            Self::Envoy(of) => envoy::write(of, context),
            Self::Grpc(of) => grpc::write(of),
            Self::Istio(of) => istio::write(of, context),
            Self::Resilience4j(of) => resilience4j::write(of, context),
            Self::Finagle(of) => finagle::write(of, context),
        }
    }

    /// What the tool would refuse, or takes silently and should not, with places in a document that is nothing but
    /// the block.
    pub fn check(&self) -> Vec<Problem> {
        each!(self, of => of.problems())
    }

    /// Every value, in the tool's names and always in the same order.
    pub fn rows(&self) -> Vec<Row> {
        let style = self.style();
        self.cells(|spec, value| Row {
            key: spec.key,
            value: value.map_or_else(|| "-".to_owned(), |value| style.show(spec.unit, value)),
            unit: if matches!(style, Style::Strings | Style::Bare) || spec.unit != Unit::Ms {
                spec.unit.name()
            } else {
                ""
            },
            group: spec.group,
        })
    }

    fn cells<T>(&self, shown: impl Fn(&Spec, Option<f64>) -> T) -> Vec<T> {
        each!(self, of => of.specs().iter().enumerate().map(|(i, spec)| shown(spec, of.get(i))).collect())
    }

    /// How the tool writes durations.
    pub(super) fn style(&self) -> Style {
        match self.dialect() {
            Dialect::D2 => Style::Strings,
            Dialect::Relative => Style::Bare,
            Dialect::Envoy | Dialect::Grpc => Style::Proto,
            Dialect::Istio => Style::Units,
            Dialect::Resilience4j => Style::Spring,
            Dialect::Finagle => Style::Lenient,
        }
    }
}
