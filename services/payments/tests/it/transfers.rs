//! Dues that are paid by bank transfer, and money at banks that no due explains.

mod matching;
mod races;
mod refunds;
mod slips;

use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::suspense_service_client::SuspenseServiceClient;
use proto::studio::payments::v1::transfer_service_client::TransferServiceClient;
use testkit::Door;
use tonic::Status;

use crate::books::the_day;
use crate::reconciling::banks::{bank_file, import};
use crate::world::{World, request_id};

fn matcher(world: &World, role: Role) -> SuspenseServiceClient<Door> {
    SuspenseServiceClient::new(world.it.as_staff(role, world.chain.operator))
}

fn desk(world: &World) -> TransferServiceClient<Door> {
    TransferServiceClient::new(world.it.as_staff(Role::FrontDesk, world.chain.chaoyang))
}

async fn request(world: &World, intent: &pb::Intent) -> Result<pb::RequestTransferResponse, Status> {
    let request = pb::RequestTransferRequest {
        request_id: request_id(),
        intent_id: intent.intent_id.clone(),
    };
    Ok(desk(world).request_transfer(request).await?.into_inner())
}

/// So much came to the bank, with this remark.
async fn came(world: &World, serial: &str, minor: i64, remark: &str) {
    import(world, bank_file(&[(the_day(world), serial, minor, remark)]))
        .await
        .unwrap();
    world.it.settle().await;
}

/// As [`came`], under the reference of an intent.
async fn came_for(world: &World, intent: &pb::Intent, serial: &str, minor: i64) -> pb::SuspenseItem {
    let reference = request(world, intent).await.unwrap().reference;
    came(world, serial, minor, &format!("李雷 {reference}")).await;
    of_serial(world, serial).await
}

pub async fn items(world: &World, request: pb::ListSuspenseRequest) -> Vec<pb::SuspenseItem> {
    let reply = matcher(world, Role::FinanceAuditor).list_suspense(request).await;
    reply.unwrap().into_inner().items
}

/// The item of a bank's line as it stands.
async fn of_serial(world: &World, serial: &str) -> pb::SuspenseItem {
    let all = items(world, pb::ListSuspenseRequest::default()).await;
    let mut found = all
        .into_iter()
        .filter(|item| item.transaction == serial && item.origin() == pb::SuspenseOrigin::BankLine);
    found.next().unwrap()
}

pub async fn propose(
    world: &World,
    item: &pb::SuspenseItem,
    end: pb::SuspenseEnd,
    intent: Option<&pb::Intent>,
) -> Result<pb::SuspenseItem, Status> {
    let request = pb::ProposeSuspenseEndRequest {
        request_id: request_id(),
        suspense_id: item.suspense_id.clone(),
        version: item.version,
        end: end.into(),
        intent_id: intent.map(|intent| intent.intent_id.clone()).unwrap_or_default(),
        note: "对过流水".to_owned(),
    };
    let reply = matcher(world, Role::FinanceStaff)
        .propose_suspense_end(request)
        .await?;
    Ok(reply.into_inner().item.unwrap())
}

async fn decide(
    world: &World,
    role: Role,
    item: &pb::SuspenseItem,
    confirm: bool,
) -> Result<pb::ConfirmSuspenseEndResponse, Status> {
    let request = pb::ConfirmSuspenseEndRequest {
        request_id: request_id(),
        suspense_id: item.suspense_id.clone(),
        version: item.version,
        confirm,
    };
    let reply = matcher(world, role).confirm_suspense_end(request).await?;
    Ok(reply.into_inner())
}

pub async fn confirm(
    world: &World,
    item: &pb::SuspenseItem,
) -> Result<pb::ConfirmSuspenseEndResponse, Status> {
    decide(world, Role::FinanceSupervisor, item, true).await
}

/// Has an intent paid by transfer, and answers its payment.
async fn paid(world: &World, serial: &str) -> pb::Payment {
    let intent = world.intent().await;
    let item = came_for(world, &intent, serial, crate::world::PRICE).await;
    let proposed = propose(world, &item, pb::SuspenseEnd::Assign, Some(&intent)).await;
    confirm(world, &proposed.unwrap()).await.unwrap();
    world.payment_of(&intent).await
}

/// Every transfer is money of a bank's line, to the fen.
async fn transfers_proven(world: &World) {
    let broken: i64 = sqlx::query_scalar(
        "select count(*) from payments p full join (select * from suspense_items where state = 'assigned') s using (attempt_id)
         left join suspense_items r on r.remains_of = s.suspense_id
         where (p.method = 'transfer' or p.method is null or s.suspense_id is not null)
           and p.paid_minor + coalesce(r.amount_minor, 0) is distinct from s.amount_minor",
    )
    .fetch_one(world.it.pool())
    .await
    .unwrap();
    assert_eq!(broken, 0);
    world.books_balance().await;
}
