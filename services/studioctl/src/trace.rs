//! A trace as a tree: services, names and times, parents above children.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Deserialize;

/// One span of a trace.
#[derive(Debug, Clone, Deserialize)]
pub struct Span {
    pub service: String,
    pub name: String,
    #[serde(rename = "span_id")]
    pub id: String,
    #[serde(rename = "parent_span_id")]
    pub parent: String,
    pub start_us: u64,
    pub end_us: u64,
    pub error: bool,
}

/// The services that took part, by name.
pub fn services(spans: &[Span]) -> BTreeSet<String> {
    spans.iter().map(|span| span.service.clone()).collect()
}

/// Draws the tree: a span whose parent is not there stands at the top.
pub fn draw(spans: &[Span]) -> String {
    let known: BTreeSet<&str> = spans.iter().map(|s| s.id.as_str()).collect();
    let mut children: BTreeMap<&str, Vec<&Span>> = BTreeMap::new();
    for span in spans {
        let parent = span.parent.as_str();
        children
            .entry(if known.contains(parent) { parent } else { "" })
            .or_default()
            .push(span);
    }
    for family in children.values_mut() {
        family.sort_by_key(|s| (s.start_us, s.end_us));
    }
    let start = spans.iter().map(|s| s.start_us).min().unwrap_or_default();
    let mut drawn = String::new();
    let tree = Tree {
        children: &children,
        start,
    };
    tree.branch(&mut drawn, "", "", 0);
    drawn
}

struct Tree<'a> {
    children: &'a BTreeMap<&'a str, Vec<&'a Span>>,
    start: u64,
}

impl Tree<'_> {
    fn branch(&self, drawn: &mut String, parent: &str, indent: &str, depth: usize) {
        // Bounded, so that a circle in bad data ends.
        let Some(family) = self.children.get(parent).filter(|_| depth < 64) else {
            return;
        };
        for (at, span) in family.iter().enumerate() {
            let last = at + 1 == family.len();
            let (twig, below) = if last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            self.line(drawn, &format!("{indent}{twig}"), span);
            self.branch(drawn, &span.id, &format!("{indent}{below}"), depth + 1);
        }
    }

    fn line(&self, drawn: &mut String, lead: &str, span: &Span) {
        let width = 78usize.saturating_sub(lead.chars().count());
        let name = format!("{} {}", span.service, short(&span.name));
        let failed = if span.error { "  failed" } else { "" };
        let (begin, long) = (
            ms(span.start_us - self.start),
            ms(span.end_us.saturating_sub(span.start_us)),
        );
        // Writing to a String cannot fail.
        writeln!(drawn, "{lead}{name:<width$} {begin:>10} {long:>10}{failed}").unwrap_or_default();
    }
}

/// `studio.orders.v1.OrderService/Apply` as `Apply`.
fn short(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Milliseconds with one decimal, exactly.
pub fn ms(us: u64) -> String {
    format!("{}.{} ms", us / 1000, us % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(service: &str, name: &str, id: &str, parent: &str, (start_us, end_us): (u64, u64)) -> Span {
        Span {
            service: service.to_owned(),
            name: name.to_owned(),
            id: id.to_owned(),
            parent: parent.to_owned(),
            start_us,
            end_us,
            error: false,
        }
    }

    #[test]
    fn children_stand_below_their_parents_in_order_of_time() {
        let spans = [
            span("wallet", "react", "c", "a", (5_000, 6_000)),
            span(
                "orders",
                "studio.orders.v1.OrderService/Apply",
                "a",
                "elsewhere",
                (1_000, 9_000),
            ),
            span("orders", "sql", "b", "a", (2_000, 2_500)),
        ];
        let drawn = draw(&spans);
        let lines: Vec<Vec<&str>> = drawn.lines().map(|l| l.split_whitespace().collect()).collect();
        assert_eq!(lines[0], ["└─", "orders", "Apply", "0.0", "ms", "8.0", "ms"]);
        assert_eq!(lines[1], ["├─", "orders", "sql", "1.0", "ms", "0.5", "ms"]);
        assert_eq!(lines[2], ["└─", "wallet", "react", "4.0", "ms", "1.0", "ms"]);
        assert_eq!(
            services(&spans).into_iter().collect::<Vec<_>>(),
            ["orders", "wallet"]
        );
    }

    #[test]
    fn a_circle_in_bad_data_ends() {
        let spans = [span("a", "x", "1", "2", (0, 1)), span("a", "y", "2", "1", (0, 1))];
        assert_eq!(draw(&spans), "");
    }
}
