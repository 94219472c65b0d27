//! A fact that cannot be applied: the wallet may not write wallets for a
//! while, and dies just before it has put the fact aside for a person. Once it
//! may again, the person lets the fact be applied.

use anyhow::{Context as _, Result};
use journeys::people;
use kernel::fresh_uuid;
use proto::studio::access::v1::Role;
use proto::studio::operations::v1::ReleaseParkedRequest;
use sqlx::AssertSqlSafe;
use testkit::{At, Identity};

use crate::house::House;
use crate::patience::{asked, until_so};

/// The number of the person whose fact it is.
const NUMBER: u32 = 300_001;

pub async fn crash_while_parking(house: &House) -> Result<()> {
    let told = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    // A fact is given up after two tries instead of half a minute.
    let hasty = told("WALLET__TASKS__ATTEMPTS", "2");
    wallets_may_be_written(house, false).await?;
    let dying = [
        hasty.clone(),
        told("STUDIO_CRASH_AT", "park.before_commit members"),
    ];
    house.restart("wallet", dying.to_vec()).await?;
    let request = people::application(fresh_uuid().to_string(), NUMBER, house.chain.chaoyang);
    let registered = asked(house, "members", &Identity::anonymous(), request).await??;
    until_so("the wallet dies while it parks", async || {
        Ok(house.service("wallet")?.lock().await.ended()?.is_some())
    })
    .await?;
    house.restart("wallet", vec![hasty]).await?;
    until_so("the fact is parked", async || Ok(parked(house).await? == 1)).await?;
    wallets_may_be_written(house, true).await?;
    house.restart("wallet", Vec::new()).await?;
    house.start_all().await?;
    let release = ReleaseParkedRequest {
        request_id: fresh_uuid().to_string(),
        source: "members".to_owned(),
        aggregate: registered.person_id,
    };
    let person = Identity::staff(Role::Operations, At::Everywhere);
    asked(house, "wallet", &person, release).await??;
    anyhow::ensure!(parked(house).await? == 0, "what was released is still parked");
    Ok(())
}

async fn wallets_may_be_written(house: &House, may: bool) -> Result<()> {
    let change = if may {
        "grant insert on wallets to wallet_run"
    } else {
        "revoke insert on wallets from wallet_run"
    };
    let changed = sqlx::raw_sql(AssertSqlSafe(change)).execute(house.pool("wallet")?);
    changed.await.context(change)?;
    Ok(())
}

async fn parked(house: &House) -> Result<i64> {
    let count = sqlx::query_scalar("select count(*) from parked_events");
    Ok(count.fetch_one(house.pool("wallet")?).await?)
}
