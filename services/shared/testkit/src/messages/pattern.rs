use rand::Rng as _;
use rand::rngs::StdRng;
use regex_syntax::hir::{Class, Hir, HirKind};

/// More repetitions than this nobody needs.
const MOST: u32 = 12;

/// A text that matches the pattern.
///
/// # Panics
/// When the pattern is none: the contracts cannot be tested then.
pub(super) fn matching(pattern: &str, rng: &mut StdRng) -> String {
    let hir = regex_syntax::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    let mut text = String::new();
    write(&hir, rng, &mut text);
    text
}

fn write(hir: &Hir, rng: &mut StdRng, text: &mut String) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(class) => text.extend(one_of(class, rng)),
        HirKind::Repetition(repetition) => {
            let most = repetition.max.unwrap_or(u32::MAX).min(repetition.min.max(MOST));
            for _ in 0..rng.random_range(repetition.min..=most) {
                write(&repetition.sub, rng, text);
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, rng, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write(part, rng, text)),
        HirKind::Alternation(ways) => write(&ways[rng.random_range(0..ways.len())], rng, text),
    }
}

fn one_of(class: &Class, rng: &mut StdRng) -> Option<char> {
    match class {
        Class::Unicode(class) => {
            let ranges = class.ranges();
            let range = ranges.get(rng.random_range(0..ranges.len().max(1)))?;
            Some(rng.random_range(range.start()..=range.end()))
        }
        Class::Bytes(class) => {
            let range = class.ranges().first()?;
            Some(char::from(range.start()))
        }
    }
}
