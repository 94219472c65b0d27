//! I5 between services: what a subscriber took is what was published, position
//! by position. Digests of ranges are compared, and only the parts that differ
//! are cut again, until single positions are left.

use std::collections::BTreeMap;

use proto::studio::operations::v1 as pb;
use tonic::service::Interceptor;

use crate::house::{House, Unreachable};
use crate::{Invariant, Violation};

/// Into how many parts a range that differs is cut.
const PARTS: i32 = 64;
/// Most positions that are named of one stream.
const NAMED: usize = 20;

/// The highest position of every service's feed.
pub(crate) async fn heads<I>(house: &House<I>) -> Result<BTreeMap<String, i64>, Unreachable>
where
    I: Interceptor + Clone + Send + Sync + 'static,
{
    let mut heads = BTreeMap::new();
    for service in house.services() {
        let reply = house.digest(service, range("", 0, 0, 1)).await?;
        heads.insert(service.to_owned(), reply.highest_seq);
    }
    Ok(heads)
}

/// Every subscription: `sources` says whose facts a service takes.
pub(crate) async fn compare<I>(
    house: &House<I>,
    heads: &BTreeMap<String, i64>,
    sources: &BTreeMap<String, Vec<String>>,
) -> Result<Vec<Violation>, Unreachable>
where
    I: Interceptor + Clone + Send + Sync + 'static,
{
    let mut found = Vec::new();
    for (subscriber, sources) in sources {
        for source in sources.iter().filter(|source| house.has(source)) {
            let head = heads.get(source).copied().unwrap_or_default();
            found.extend(stream(house, source, subscriber, head).await?);
        }
    }
    Ok(found)
}

fn range(source: &str, first_seq: i64, last_seq: i64, parts: i32) -> pb::DigestFactsRequest {
    pb::DigestFactsRequest {
        source: source.to_owned(),
        first_seq,
        last_seq,
        parts,
    }
}

async fn stream<I>(
    house: &House<I>,
    source: &str,
    subscriber: &str,
    head: i64,
) -> Result<Vec<Violation>, Unreachable>
where
    I: Interceptor + Clone + Send + Sync + 'static,
{
    let told = |key: String, what: String| Violation::new(Invariant::FactsOnce, subscriber, &key, what);
    let taken = house.digest(subscriber, range(source, 0, 0, 1)).await?;
    let made = house.digest(source, range("", 0, 0, 1)).await?;
    let mut found = Vec::new();
    if taken.highest_seq < head {
        let what = format!("took {} of {head} facts", taken.highest_seq);
        found.push(told(source.to_owned(), what));
    }
    if taken.highest_seq > made.highest_seq {
        let what = format!(
            "took {} facts and {} were published",
            taken.highest_seq, made.highest_seq
        );
        found.push(told(source.to_owned(), what));
    }
    // What one side has pruned cannot be compared.
    let lowest = taken.lowest_seq.max(made.lowest_seq);
    let highest = taken.highest_seq.min(made.highest_seq);
    if lowest == 0 || lowest > highest {
        return Ok(found);
    }
    for seq in differing(house, source, subscriber, (lowest, highest)).await? {
        let what = "the fact that was taken is not the one that was published".to_owned();
        found.push(told(format!("{source} {seq}"), what));
    }
    Ok(found)
}

async fn differing<I>(
    house: &House<I>,
    source: &str,
    subscriber: &str,
    whole: (i64, i64),
) -> Result<Vec<i64>, Unreachable>
where
    I: Interceptor + Clone + Send + Sync + 'static,
{
    let (mut open, mut found) = (vec![whole], Vec::new());
    while let Some((first, last)) = open.pop() {
        if found.len() >= NAMED {
            break;
        }
        let taken = house
            .digest(subscriber, range(source, first, last, PARTS))
            .await?;
        let made = house.digest(source, range("", first, last, PARTS)).await?;
        for (first, last) in unequal(&made.parts, &taken.parts) {
            if first == last {
                found.push(first);
            } else {
                open.push((first, last));
            }
        }
    }
    Ok(found)
}

/// The parts in which two sides differ. Both cut a range alike.
fn unequal(made: &[pb::FactsDigest], taken: &[pb::FactsDigest]) -> Vec<(i64, i64)> {
    let pairs = made.iter().zip(taken);
    pairs
        .filter(|(made, taken)| made != taken)
        .map(|(made, _)| (made.first_seq, made.last_seq))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(first_seq: i64, facts: i64, digest: &str) -> pb::FactsDigest {
        pb::FactsDigest {
            first_seq,
            last_seq: first_seq + 9,
            facts,
            digest: digest.to_owned(),
        }
    }

    #[test]
    fn parts_that_differ_in_number_or_content_are_looked_into() {
        let made = [digest(1, 10, "a"), digest(11, 10, "b"), digest(21, 10, "c")];
        let taken = [digest(1, 10, "a"), digest(11, 9, "b"), digest(21, 10, "x")];
        assert_eq!(unequal(&made, &taken), [(11, 20), (21, 30)]);
        assert_eq!(unequal(&made, &made), []);
    }
}
