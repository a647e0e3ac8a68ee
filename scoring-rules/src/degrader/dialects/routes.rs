//! Which of a document's routes leads to the service whose settings were read: only its timeouts count.

use super::blocks::Block;
use super::reader::Reader;

/// A route that sets a timeout, and where it leads.
#[derive(Clone, Debug)]
pub(super) struct Route<'a> {
    pub block: Block<'a>,
    /// Names as the document has them; none: it does not say.
    pub to: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    /// The route to `target`, the first of several. Where nothing says which one it is, it is the only one, or none.
    /// Whatever is passed over is told.
    pub(super) fn route_to(
        &mut self,
        target: Option<&str>,
        routes: Vec<Route<'a>>,
        alike: fn(&str, &str) -> bool,
    ) -> Option<Block<'a>> {
        let goal = target.or_else(|| common(&routes));
        let leads = |route: &Route<'a>| goal.is_some_and(|goal| route.to.iter().any(|to| alike(to, goal)));
        let (here, elsewhere): (Vec<_>, Vec<_>) = routes.into_iter().partition(leads);
        if here.is_empty()
            && let [only] = elsewhere.as_slice()
            && (target.is_none() || only.to.is_empty())
        {
            return Some(only.block.clone());
        }
        for route in elsewhere {
            let detail = match (route.to.first(), target) {
                (Some(to), Some(target)) => {
                    format!("leads to {} and not to {}: its timeouts were not read", cut(to), cut(target))
                }
                (Some(_), None) => {
                    "is one of several routes, and the settings do not say whose they are: its timeouts \
                                    were not read"
                        .to_owned()
                }
                (None, _) => {
                    "does not say where it leads, and there are others: its timeouts were not read".to_owned()
                }
            };
            self.note(route.block.at, detail);
        }
        self.first(here.into_iter().map(|route| route.block).collect())
    }
}

/// The one name that all routes lead to.
fn common<'a>(routes: &[Route<'a>]) -> Option<&'a str> {
    let name = routes.first()?.to.first().copied()?;
    routes.iter().all(|route| route.to.iter().all(|to| *to == name) && !route.to.is_empty()).then_some(name)
}

/// A name in a message: cut, as it may be long.
pub(super) fn cut(name: &str) -> String {
    let short: String = name.chars().take(60).collect();
    if short.len() < name.len() { format!("`{short}...`") } else { format!("`{short}`") }
}
