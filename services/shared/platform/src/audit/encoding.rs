//! What is hashed and signed, byte for byte: docs/decisions/0011 says the same
//! in words, so that anybody can compute it without this program.

use aws_lc_rs::digest::{Context, SHA256, digest};
use proto::studio::operations::v1 as pb;

/// What stands before the first entry.
pub const START: [u8; 32] = [0; 32];
/// How many bytes of an entry's hash a head carries for each entry below it.
pub const LINK: usize = 8;
const ENTRY: &[u8] = b"studio audit entry v1";
const HEAD: &[u8] = b"studio audit head v1";

/// A place in a chain and what it binds.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub service: &'a str,
    pub seq: i64,
    pub source: &'a str,
    pub row_id: i64,
    pub layout: i32,
}

/// A column of a chained row: its name, and the digest of its text, or None
/// where it is null.
pub type Column<'a> = (&'a str, Option<[u8; 32]>);

/// The digest of a column's text.
pub fn digest_of(text: &str) -> [u8; 32] {
    fixed(digest(&SHA256, text.as_bytes()).as_ref())
}

/// The hash of an entry.
pub fn entry_hash(place: Place<'_>, prev: &[u8], columns: &[Column<'_>]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(ENTRY);
    context.update(prev);
    text(&mut context, place.service);
    context.update(&place.seq.to_be_bytes());
    text(&mut context, place.source);
    context.update(&place.row_id.to_be_bytes());
    context.update(&place.layout.to_be_bytes());
    count(&mut context, columns.len());
    for (name, value) in columns {
        text(&mut context, name);
        match value {
            None => context.update(&[0]),
            Some(digest) => {
                context.update(&[1]);
                context.update(digest);
            }
        }
    }
    fixed(context.finish().as_ref())
}

/// What a service signs of a head: everything but the signature.
pub fn head_bytes(head: &pb::AuditHead) -> Vec<u8> {
    let at = head.signed_at.as_ref();
    let mut bytes = HEAD.to_vec();
    sized(&mut bytes, head.service.as_bytes());
    bytes.extend_from_slice(&head.seq.to_be_bytes());
    sized(&mut bytes, &head.hash);
    bytes.extend_from_slice(&head.from_seq.to_be_bytes());
    sized(&mut bytes, &head.links);
    bytes.extend_from_slice(&at.map_or(0, |at| at.seconds).to_be_bytes());
    bytes.extend_from_slice(&at.map_or(0, |at| at.nanos).to_be_bytes());
    sized(&mut bytes, head.key_id.as_bytes());
    bytes
}

fn text(context: &mut Context, text: &str) {
    count(context, text.len());
    context.update(text.as_bytes());
}

fn count(context: &mut Context, count: usize) {
    context.update(&u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
}

fn sized(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend_from_slice(part);
}

fn fixed(bytes: &[u8]) -> [u8; 32] {
    let mut fixed = START;
    for (to, from) in fixed.iter_mut().zip(bytes) {
        *to = *from;
    }
    fixed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place<'static> {
        Place {
            service: "wallet",
            seq: 7,
            source: "audit",
            row_id: 9,
            layout: 1,
        }
    }

    #[test]
    fn an_entry_is_hashed_as_the_decision_says_it() {
        let mut bytes = b"studio audit entry v1".to_vec();
        bytes.extend([0; 32]);
        bytes.extend([0, 0, 0, 6]);
        bytes.extend(b"wallet");
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 7]);
        bytes.extend([0, 0, 0, 5]);
        bytes.extend(b"audit");
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 9]);
        bytes.extend([0, 0, 0, 1, 0, 0, 0, 2]);
        bytes.extend([0, 0, 0, 3]);
        bytes.extend(b"rpc");
        bytes.push(1);
        bytes.extend(digest(&SHA256, b"/a/B").as_ref());
        bytes.extend([0, 0, 0, 3]);
        bytes.extend(b"why");
        bytes.push(0);
        let columns = [("rpc", Some(digest_of("/a/B"))), ("why", None)];
        assert_eq!(
            entry_hash(place(), &START, &columns),
            digest(&SHA256, &bytes).as_ref()
        );
    }

    #[test]
    fn whatever_an_entry_binds_changes_its_hash() {
        let columns = [("why", Some(digest_of("x")))];
        let one = entry_hash(place(), &START, &columns);
        let mut others = vec![
            entry_hash(place(), &[1; 32], &columns),
            entry_hash(place(), &START, &[("why", None)]),
            entry_hash(place(), &START, &[("why", Some(digest_of("")))]),
            entry_hash(place(), &START, &[("who", Some(digest_of("x")))]),
            entry_hash(place(), &START, &[]),
        ];
        for other in [
            Place {
                service: "orders",
                ..place()
            },
            Place { seq: 8, ..place() },
            Place {
                source: "transfers",
                ..place()
            },
            Place {
                row_id: 10,
                ..place()
            },
            Place { layout: 2, ..place() },
        ] {
            others.push(entry_hash(other, &START, &columns));
        }
        assert!(others.iter().all(|other| *other != one));
    }
}
