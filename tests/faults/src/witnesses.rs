//! What all services hold of one service's audit chain, and what a person
//! declares after a restore, as `studioctl audit` does both.

use anyhow::Result;
use kernel::fresh_uuid;
use platform::audit::collect::Reader;
use platform::audit::verify::{Report, verify};
use proto::studio::access::v1::Role;
use proto::studio::operations::v1::{AuditHead, ResealRequest, WitnessedHead};
use testkit::{At, Identity};

use crate::house::{House, SERVICES};
use crate::patience::{asked, until};

fn operations() -> Identity {
    Identity::staff(Role::Operations, At::Everywhere)
}

async fn witnessed(house: &House, subject: &str) -> Result<Vec<(String, WitnessedHead)>> {
    let mut held = Vec::new();
    for witness in SERVICES.into_iter().filter(|other| *other != subject) {
        let heads = until("a witness answers", async || {
            let mut reader = Reader::new(house.door(witness, &operations())?);
            Ok(Some(reader.witnessed(subject).await?))
        });
        held.extend(heads.await?.into_iter().map(|head| (witness.to_owned(), head)));
    }
    Ok(held)
}

/// The highest entry of a service's chain that somebody else knows of.
pub async fn highest(house: &House, subject: &str) -> Result<i64> {
    let held = witnessed(house, subject).await?;
    let sound = held.iter().filter(|(_, seen)| seen.conflict.is_empty());
    let heads = sound.filter_map(|(_, seen)| seen.head.as_ref());
    Ok(heads.map(|head| head.seq).max().unwrap_or_default())
}

/// Holds a chain against its rows and against its witnesses.
pub async fn report(house: &House, subject: &str) -> Result<Report> {
    let held = witnessed(house, subject).await?;
    let chain = until("the chain is read", async || {
        let mut reader = Reader::new(house.door(subject, &operations())?);
        Ok(Some(reader.chain(subject, held.clone()).await?))
    });
    Ok(verify(&chain.await?, None))
}

/// A person declares lost what the witnesses hold and the chain does not.
/// Returns up to where.
pub async fn reseal(house: &House, subject: &str) -> Result<i64> {
    let held = witnessed(house, subject).await?.into_iter();
    let sound = held.filter(|(_, seen)| seen.conflict.is_empty());
    let mut evidence: Vec<AuditHead> = sound.filter_map(|(_, seen)| seen.head).collect();
    evidence.sort_by_key(|head| std::cmp::Reverse(head.seq));
    evidence.dedup_by_key(|head| head.seq);
    evidence.truncate(100);
    let request = ResealRequest {
        request_id: fresh_uuid().to_string(),
        reason: "restored to an earlier time".to_owned(),
        evidence,
    };
    Ok(asked(house, subject, &operations(), request).await??.lost_until)
}
