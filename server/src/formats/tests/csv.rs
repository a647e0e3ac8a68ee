//! Service lists as CSV.

use super::super::{DocumentReading, read_csv};
use crate::error::Error;

fn rows(text: &str) -> Vec<DocumentReading> {
    read_csv(text.as_bytes()).unwrap().documents
}

#[test]
fn a_row_becomes_a_component() {
    let rows = rows(
        "\u{feff}Slug,Title,Team,Tier,Depends On,Tags,labels\nshop,The Shop,storefront,1,payments; component:pay/ledger resource:db,Web;rust,zone=eu\n",
    );
    let entity = rows[0].entity.as_ref().unwrap();
    assert_eq!(entity.entity_ref, "component:default/shop");
    assert_eq!(entity.title.as_deref(), Some("The Shop"));
    assert_eq!(entity.owner.as_deref(), Some("group:default/storefront"));
    assert_eq!(entity.labels["waterbear.dev/tier"], "1");
    assert_eq!(entity.labels["zone"], "eu");
    assert_eq!(entity.tags, ["web", "rust"]);
    assert_eq!(
        entity.depends_on,
        ["component:default/payments", "component:pay/ledger", "resource:default/db"]
    );
    assert_eq!(rows[0].line, 2);
}

#[test]
fn semicolons_and_tabs_separate_too() {
    let semicolons = rows("name;owner;tier\nshop;a;2\n");
    assert_eq!(semicolons[0].entity.as_ref().unwrap().labels["waterbear.dev/tier"], "2");
    assert!(rows("name\towner\nshop\ta\n")[0].accepted);
}

#[test]
fn bad_rows_are_reported_with_their_line_and_good_ones_kept() {
    let rows = rows(
        "ref,owner,tier,colour\nshop,a,1,red\n\nno name,a,1,red\n,a,1,red\nads,,1,red\npay,a,9,red\ngroup:x,a,1,red\nb,a,1,red,extra\nlast,a,tier-3,x\n",
    );
    let lines: Vec<_> = rows.iter().map(|r| (r.line, r.accepted)).collect();
    assert_eq!(
        lines,
        [(2, true), (4, false), (5, false), (6, false), (7, false), (8, false), (9, false), (10, true)]
    );
    assert!(rows[0].warnings[0].contains("colour"), "{:?}", rows[0].warnings);
    assert!(rows[3].problem.as_deref().unwrap().contains("owner"));
    assert!(rows[4].problem.as_deref().unwrap().contains("tier"));
}

#[test]
fn quoted_cells_may_hold_lines_and_lines_still_count() {
    let rows = rows("name,owner,description\na,x,\"two\nlines, here\"\nb,x,c\n");
    assert_eq!(rows[0].entity.as_ref().unwrap().description.as_deref(), Some("two\nlines, here"));
    assert_eq!(rows[1].line, 4);
}

#[test]
fn a_header_is_required() {
    for text in ["", "shop,a,1\n", "owner,tier\na,1\n"] {
        assert!(matches!(read_csv(text.as_bytes()), Err(Error::Invalid { .. })), "{text}");
    }
}

#[test]
fn the_same_service_twice_is_noted() {
    let rows = rows("name,owner\nshop,a\nSHOP,b\n");
    assert!(rows[1].warnings[0].contains("component:default/shop"));
}
