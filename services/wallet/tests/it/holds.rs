//! Value that is reserved: what it keeps from being spent, how it ends, and
//! that it ends once.

use std::time::Duration;

use kernel::{DueId, PersonId, to_proto_time};
use proto::studio::access::v1::Role;
use proto::studio::wallet::v1 as pb;
use proto::studio::wallet::v1::hold_service_client::HoldServiceClient;
use testkit::Door;
use tokio::task::JoinSet;
use tonic::Code;

use crate::world::{World, back, code, fen, id, minor, reason, wallet};

const HOUR: Duration = Duration::from_hours(1);

impl World {
    fn holds(&self) -> HoldServiceClient<Door> {
        HoldServiceClient::new(self.it.as_service("orders"))
    }

    fn holding(&self, person: PersonId, amount: i64) -> pb::PlaceHoldRequest {
        pb::PlaceHoldRequest {
            request_id: id(),
            person_id: person.to_string(),
            due_id: DueId::fresh().to_string(),
            order_id: id(),
            amount: fen(amount),
            studio_id: self.chain.chaoyang.to_string(),
            expire_at: Some(to_proto_time(self.it.clock().now() + HOUR)),
            acting_person_id: String::new(),
        }
    }

    async fn held(&self, person: PersonId, amount: i64) -> pb::Hold {
        let placed = self
            .holds()
            .place_hold(self.holding(person, amount))
            .await
            .unwrap();
        self.hold(&placed.into_inner().hold_id).await
    }

    async fn hold(&self, hold_id: &str) -> pb::Hold {
        let hold_id = hold_id.to_owned();
        let got = self.holds().get_hold(pb::GetHoldRequest { hold_id }).await;
        got.unwrap().into_inner().hold.unwrap()
    }
}

fn capture(hold: &pb::Hold, amount: i64) -> pb::CaptureHoldRequest {
    pb::CaptureHoldRequest {
        request_id: id(),
        hold_id: hold.hold_id.clone(),
        amount: fen(amount),
    }
}

fn release(hold: &pb::Hold) -> pb::ReleaseHoldRequest {
    pb::ReleaseHoldRequest {
        request_id: id(),
        hold_id: hold.hold_id.clone(),
    }
}

#[tokio::test]
async fn what_is_held_counts_against_the_balance_and_a_part_of_it_pays_the_due() {
    let world = World::open().await;
    let person = world.member_with(&[600, 400]).await;
    let hold = world.held(person, 700).await;
    assert_eq!(
        (hold.state(), minor(hold.principal.clone())),
        (pb::HoldState::Active, 700)
    );
    let purse = world.purse(person).await;
    assert_eq!((minor(purse.spendable), minor(purse.held)), (300, 700));
    let more = world.orders().spend(world.spend(person, 301)).await;
    assert_eq!(reason(more), "INSUFFICIENT_FUNDS");

    let ask = capture(&hold, 650);
    let first = world
        .holds()
        .capture_hold(ask.clone())
        .await
        .unwrap()
        .into_inner();
    let again = world.holds().capture_hold(ask).await.unwrap().into_inner();
    assert_eq!((minor(first.spendable.clone()), &first), (350, &again));
    let ended = world.hold(&hold.hold_id).await;
    assert_eq!(
        (ended.state(), minor(ended.captured)),
        (pb::HoldState::Captured, 650)
    );
    assert_eq!(ended.ended_by, "service:orders");

    // The due counts as paid, and comes back like any other.
    let spend = pb::SpendRequest {
        due_id: hold.due_id.clone(),
        ..world.spend(person, 1)
    };
    assert_eq!(
        reason(world.orders().spend(spend.clone()).await),
        "DUE_ALREADY_PAID"
    );
    world.refunds().return_spend(back(&spend, 650)).await.unwrap();
    assert_eq!(world.spendable(person).await, 1_000);
    world.books_agree().await;
}

#[tokio::test]
async fn a_hold_that_is_released_or_runs_out_leaves_everything_free() {
    let world = World::open().await;
    let person = world.member_with(&[1_000]).await;
    let (given_up, forgotten) = (world.held(person, 300).await, world.held(person, 200).await);
    let released = world.holds().release_hold(release(&given_up)).await.unwrap();
    assert_eq!(minor(released.into_inner().spendable), 800);
    world.it.settle().await;
    assert_eq!(
        world.hold(&forgotten.hold_id).await.state(),
        pb::HoldState::Active
    );

    world.it.advance(HOUR);
    let late = world.holds().capture_hold(capture(&forgotten, 200)).await;
    assert_eq!(reason(late), "HOLD_EXPIRED");
    world.it.settle().await;
    let ended = world.hold(&forgotten.hold_id).await;
    assert_eq!(
        (ended.state(), ended.ended_by.as_str()),
        (pb::HoldState::Expired, "service:wallet")
    );
    assert_eq!(
        world.hold(&given_up.hold_id).await.state(),
        pb::HoldState::Released
    );
    assert_eq!(world.spendable(person).await, 1_000);
    assert_eq!(world.it.violations().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_hold_that_cannot_be_is_refused_with_its_reason() {
    let world = World::open().await;
    let person = world.member_with(&[1_000]).await;
    let ask = |change: fn(&mut pb::PlaceHoldRequest)| {
        let mut ask = world.holding(person, 100);
        change(&mut ask);
        let mut holds = world.holds();
        async move { holds.place_hold(ask).await }
    };
    assert_eq!(
        reason(ask(|ask| ask.amount = fen(1_001)).await),
        "INSUFFICIENT_FUNDS"
    );
    assert_eq!(reason(ask(|ask| ask.studio_id = id()).await), "STUDIO_UNKNOWN");
    assert_eq!(code(ask(|ask| ask.person_id = id()).await), Code::NotFound);
    assert_eq!(code(ask(|ask| ask.amount = fen(0)).await), Code::InvalidArgument);
    assert_eq!(code(ask(|ask| ask.expire_at = None).await), Code::InvalidArgument);
    for ahead in [Duration::ZERO, HOUR * 169] {
        let ask = pb::PlaceHoldRequest {
            expire_at: Some(to_proto_time(world.it.clock().now() + ahead)),
            ..world.holding(person, 100)
        };
        let refused = world.holds().place_hold(ask).await;
        // What is now is over when it arrives.
        assert_eq!(reason(refused), "EXPIRY_OUT_OF_RANGE");
    }

    let spend = world.spend(person, 100);
    world.orders().spend(spend.clone()).await.unwrap();
    let paid = pb::PlaceHoldRequest {
        due_id: spend.due_id,
        ..world.holding(person, 100)
    };
    assert_eq!(reason(world.holds().place_hold(paid).await), "DUE_ALREADY_PAID");
    let hold = world.held(person, 100).await;
    let twice = pb::PlaceHoldRequest {
        due_id: hold.due_id.clone(),
        ..world.holding(person, 100)
    };
    assert_eq!(
        reason(world.holds().place_hold(twice.clone()).await),
        "DUE_ALREADY_HELD"
    );
    let more = world.holds().capture_hold(capture(&hold, 101)).await;
    assert_eq!(reason(more), "CAPTURE_EXCEEDS_HOLD");
    world.holds().release_hold(release(&hold)).await.unwrap();
    assert_eq!(
        reason(world.holds().capture_hold(capture(&hold, 1)).await),
        "WRONG_STATE"
    );
    assert_eq!(
        reason(world.holds().release_hold(release(&hold)).await),
        "WRONG_STATE"
    );
    world.holds().place_hold(twice).await.unwrap();
    world.books_agree().await;
}

#[tokio::test]
async fn a_frozen_wallet_pays_nothing_from_a_hold_and_lets_go_of_it() {
    let world = World::open().await;
    let person = world.member_with(&[1_000]).await;
    let hold = world.held(person, 400).await;
    let freeze = pb::FreezeWalletRequest {
        request_id: id(),
        person_id: person.to_string(),
        reason: "可疑".to_owned(),
    };
    let mut manager = wallet(world.it.as_staff(Role::RechargeManager, world.chain.chaoyang));
    manager.freeze_wallet(freeze).await.unwrap();
    let placed = world.holds().place_hold(world.holding(person, 1)).await;
    assert_eq!(reason(placed), "WALLET_FROZEN");
    let captured = world.holds().capture_hold(capture(&hold, 400)).await;
    assert_eq!(reason(captured), "WALLET_FROZEN");
    assert_eq!(minor(world.purse(person).await.held), 400);
    let manager = world.it.as_staff(Role::RechargeManager, world.chain.chaoyang);
    HoldServiceClient::new(manager)
        .release_hold(release(&hold))
        .await
        .unwrap();
    assert_eq!(world.spendable(person).await, 1_000);
    world.books_agree().await;
}

#[tokio::test]
async fn holds_are_listed_for_their_owner_and_the_studio_in_pages() {
    let world = World::open().await;
    let person = world.member_with(&[1_000]).await;
    let mut placed = Vec::new();
    for _ in 0..3 {
        placed.push(world.held(person, 100).await.hold_id);
    }
    let first = world.hold(&placed[0]).await;
    world.holds().release_hold(release(&first)).await.unwrap();
    let list = |door: Door, active_only, page_token: String| async move {
        let ask = pb::ListHoldsRequest {
            person_id: person.to_string(),
            active_only,
            page_size: 2,
            page_token,
        };
        HoldServiceClient::new(door)
            .list_holds(ask)
            .await
            .unwrap()
            .into_inner()
    };
    let ids = |page: &pb::ListHoldsResponse| -> Vec<String> {
        page.holds.iter().map(|hold| hold.hold_id.clone()).collect()
    };
    let own = list(world.it.as_member(person), false, String::new()).await;
    assert_eq!(ids(&own), [placed[2].clone(), placed[1].clone()]);
    let rest = list(world.it.as_member(person), false, own.next_page_token).await;
    assert_eq!(
        (ids(&rest), rest.next_page_token.as_str()),
        (vec![placed[0].clone()], "")
    );
    let desk = || world.it.as_staff(Role::FrontDesk, world.chain.chaoyang);
    assert_eq!(
        ids(&list(desk(), true, String::new()).await),
        [placed[2].clone(), placed[1].clone()]
    );
    let elsewhere = world.it.as_staff(Role::FrontDesk, world.chain.xuhui);
    assert_eq!(
        ids(&list(elsewhere, false, String::new()).await),
        Vec::<String>::new()
    );
    let stranger = world.it.as_member(PersonId::fresh());
    assert_eq!(
        ids(&list(stranger, false, String::new()).await),
        Vec::<String>::new()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_captures_and_releases_racing_for_one_hold_one_wins() {
    let world = World::open().await;
    let person = world.member_with(&[1_000]).await;
    for _ in 0..4 {
        let hold = world.held(person, 200).await;
        let before = world.spendable(person).await;
        let mut asks = JoinSet::new();
        for turn in 0..16 {
            let (mut holds, capture, release) = (world.holds(), capture(&hold, 150), release(&hold));
            asks.spawn(async move {
                if turn % 2 == 0 {
                    holds.capture_hold(capture).await.map(|_| 150)
                } else {
                    holds.release_hold(release).await.map(|_| 0)
                }
            });
        }
        let answers = asks.join_all().await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1, "{lost:?}");
        let took = won[0].as_ref().unwrap();
        for refused in lost {
            assert_eq!(reason(refused), "WRONG_STATE");
        }
        assert_eq!(world.spendable(person).await, before + 200 - took);
    }
    world.books_agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn holds_and_spends_racing_for_one_balance_never_pass_it() {
    let world = World::open().await;
    let person = world.member_with(&[500, 500]).await;
    let mut asks = JoinSet::new();
    for turn in 0..64 {
        let (mut holds, mut orders) = (world.holds(), world.orders());
        let (hold, spend) = (world.holding(person, 90), world.spend(person, 90));
        asks.spawn(async move {
            if turn % 2 == 0 {
                holds.place_hold(hold).await.map(drop)
            } else {
                orders.spend(spend).await.map(drop)
            }
        });
    }
    let answers = asks.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 11);
    for refused in answers.into_iter().filter(Result::is_err) {
        assert_eq!(reason(refused), "INSUFFICIENT_FUNDS");
    }
    assert_eq!(world.spendable(person).await, 10);
    world.books_agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_due_raced_by_two_holds_is_held_once() {
    let world = World::open().await;
    let person = world.member_with(&[1_000]).await;
    let ask = world.holding(person, 400);
    let other = pb::PlaceHoldRequest {
        request_id: id(),
        ..ask.clone()
    };
    let (mut a, mut b) = (world.holds(), world.holds());
    let (a, b) = tokio::join!(a.place_hold(ask), b.place_hold(other));
    let lost = if a.is_ok() { b } else { a };
    assert_eq!(reason(lost), "DUE_ALREADY_HELD");
    assert_eq!(world.spendable(person).await, 600);
}

#[tokio::test]
async fn the_database_itself_keeps_what_is_held_and_how_a_hold_ends() {
    let world = World::open().await;
    let person = world.member_with(&[1_000]).await;
    let hold = world.held(person, 400).await;
    world.holds().release_hold(release(&hold)).await.unwrap();
    let kept = world.held(person, 300).await;
    for (edit, constraint) in [
        (
            "update holds set state = 'active', ended_at = null, ended_by = null, version = version + 1 where state = 'released'",
            "holds cannot go from released to active",
        ),
        (
            "update holds set state = 'captured', captured_minor = 301, ended_at = now(), ended_by = 'x', version = version + 1 where state = 'active'",
            "holds_never_over_captured",
        ),
        (
            "update wallets set principal_held_minor = 1001, version = version + 1",
            "wallets_never_overdrawn",
        ),
    ] {
        let refused = sqlx::query(edit)
            .execute(world.it.pool())
            .await
            .unwrap_err()
            .to_string();
        assert!(refused.contains(constraint), "{edit}: {refused}");
    }
    world
        .it
        .plant("update wallets set principal_held_minor = principal_held_minor + 1, version = version + 1")
        .await;
    world
        .it
        .plant(
            "update holds set expire_at = now() - interval '9 days', placed_at = now() - interval '10 days'
                    where state = 'active'",
        )
        .await;
    let found = world.it.violations().await;
    for check in ["holds", "holds_stuck"] {
        assert!(
            found.iter().any(|line| line.split(' ').nth(1) == Some(check)),
            "{check}: {found:?}"
        );
    }
    assert_eq!(world.hold(&kept.hold_id).await.state(), pb::HoldState::Active);
}
