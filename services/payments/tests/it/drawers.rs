mod days;
mod races;
mod refunds;
mod taking;

use kernel::PersonId;
use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::drawer_service_client::DrawerServiceClient;
use testkit::{Door, Identity};
use tonic::Status;

use crate::world::{PRICE, World, fen, request_id};

type Client = DrawerServiceClient<Door>;

/// Somebody at the desk of Chaoyang; a person of their own.
fn clerk(world: &World) -> Client {
    let posts = [(Role::FrontDesk, world.chain.chaoyang.into())];
    DrawerServiceClient::new(world.it.door(Identity::posts(PersonId::fresh(), &posts)))
}

fn finance(world: &World) -> Client {
    DrawerServiceClient::new(world.it.as_staff(Role::FinanceStaff, world.chain.chaoyang))
}

/// A clerk with a drawer that holds ten yuan.
struct Desk {
    client: Client,
    drawer: pb::Drawer,
}

impl Desk {
    async fn open(world: &World) -> Self {
        let mut client = clerk(world);
        let drawer = open(&mut client, world).await.unwrap();
        Self { client, drawer }
    }

    fn cash(&self, intent: &pb::Intent, minor: i64) -> pb::TakeMoneyRequest {
        pb::TakeMoneyRequest {
            request_id: request_id(),
            drawer_id: self.drawer.drawer_id.clone(),
            intent_id: intent.intent_id.clone(),
            tendered: Some(fen(minor)),
            card: None,
        }
    }

    fn card(&self, intent: &pb::Intent, number: &str) -> pb::TakeMoneyRequest {
        pb::TakeMoneyRequest {
            tendered: None,
            card: Some(slip(number)),
            ..self.cash(intent, 1)
        }
    }

    async fn take(&self, request: pb::TakeMoneyRequest) -> Result<pb::TakeMoneyResponse, Status> {
        Ok(self.client.clone().take_money(request).await?.into_inner())
    }

    /// Takes a due in cash, and answers its payment.
    async fn takes_cash(&self, world: &World) -> pb::Payment {
        let intent = world.intent().await;
        self.take(self.cash(&intent, PRICE)).await.unwrap();
        world.payment_of(&intent).await
    }

    async fn moves(&self, direction: pb::CashDirection, minor: i64) -> Result<(), Status> {
        let request = pb::MoveCashRequest {
            request_id: request_id(),
            drawer_id: self.drawer.drawer_id.clone(),
            direction: direction.into(),
            amount: Some(fen(minor)),
            reason: "送银行".to_owned(),
        };
        self.client.clone().move_cash(request).await.map(drop)
    }

    async fn count(&self, pieces: &[(i32, i32)], reason: &str) -> Result<pb::Drawer, Status> {
        let piece = |&(denomination_minor, pieces): &(i32, i32)| pb::Pieces {
            denomination_minor,
            pieces,
        };
        let request = pb::CountDrawerRequest {
            request_id: request_id(),
            drawer_id: self.drawer.drawer_id.clone(),
            pieces: pieces.iter().map(piece).collect(),
            reason: reason.to_owned(),
        };
        let reply = self.client.clone().count_drawer(request).await?;
        Ok(reply.into_inner().drawer.unwrap())
    }
}

async fn open(client: &mut Client, world: &World) -> Result<pb::Drawer, Status> {
    let request = pb::OpenDrawerRequest {
        request_id: request_id(),
        studio_id: world.chain.chaoyang.to_string(),
        opening: Some(fen(1_000)),
    };
    Ok(client.open_drawer(request).await?.into_inner().drawer.unwrap())
}

fn slip(number: &str) -> pb::CardSlip {
    pb::CardSlip {
        terminal: "T0017".to_owned(),
        slip: number.to_owned(),
        last_four: "6225".to_owned(),
    }
}

/// Nothing that must hold of drawers is broken.
async fn drawers_add_up(world: &World) {
    let broken: i64 = sqlx::query_scalar(
        "select count(*) from drawers d
         where cash_minor <> opening_minor + (
             select coalesce(sum(case when kind in ('cash_taken', 'paid_in') then amount_minor
                                      when kind in ('paid_out', 'cash_refunded') then -amount_minor else 0 end), 0)
             from drawer_entries e where e.drawer_id = d.drawer_id)",
    )
    .fetch_one(world.it.pool())
    .await
    .unwrap();
    assert_eq!(broken, 0);
    let unproven: i64 = sqlx::query_scalar(
        "select count(*) from payments p
         where method in ('cash', 'card_terminal')
           and not exists (select from drawer_entries e where e.attempt_id = p.attempt_id and e.amount_minor = p.paid_minor)",
    )
    .fetch_one(world.it.pool())
    .await
    .unwrap();
    assert_eq!(unproven, 0);
    world.books_balance().await;
}
