//! Alipay in certificate mode: all that key mode does, and certificates that are
//! followed by newer ones, which only Alipay itself can bring.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kernel::RefundLegId;
use payments::channel::alipay::certificates::{Certificates, Unbelieved};
use proto::studio::payments::v1 as pb;
use rstest::rstest;
use testkit::alipay::{Authority, Payer, Script, Simulator};
use testkit::house;

use crate::charging::At;
use crate::reconciling::fetching::fetched;
use crate::world::{PRICE, Told, World};

/// Who stands behind the certificates, and where they lie while the service starts.
pub struct Folder {
    pub authority: Arc<Authority>,
    path: PathBuf,
}

impl Folder {
    fn make() -> Self {
        let path = std::env::temp_dir().join(format!("studio-alipay-{}", kernel::fresh_uuid()));
        std::fs::create_dir(&path).unwrap();
        Self {
            authority: authority(),
            path,
        }
    }

    /// What an account is told instead of a public key.
    pub fn settings(&self, sim: &Simulator) -> String {
        let put = |name: &str, pem: &str| {
            let path = self.path.join(name);
            std::fs::write(&path, pem).unwrap();
            path.display().to_string()
        };
        format!(
            "app_certificate_file = '{}'\nroot_certificates_file = '{}'\ncertificate_files = ['{}']\n",
            put("app.crt", self.authority.app()),
            put("roots.crt", self.authority.roots()),
            put("alipay.crt", &sim.certificate().unwrap()),
        )
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.path).unwrap();
    }
}

fn authority() -> Arc<Authority> {
    let app = std::fs::read_to_string(house::keys().alipay("app-private.pem")).unwrap();
    Arc::new(Authority::new(&app).unwrap())
}

async fn open() -> World {
    World::open_told(Told {
        certificates: Some(Folder::make()),
        ..Told::default()
    })
    .await
}

impl World {
    /// A QR is paid, and only a query can tell.
    async fn paid_untold(&self) -> pb::Intent {
        self.alipay.script_next(Script {
            lose_notice: true,
            ..Script::default()
        });
        let intent = self.intent().await;
        let attempt = self.alipay_qr(&intent).await;
        self.alipay_pay(&attempt).await;
        intent
    }
}

/// Years on, when every certificate has ended.
const LATER: Duration = Duration::from_hours(24 * 365 * 3_000);

#[test]
fn a_newer_certificate_is_held_by_its_own_name_subject_and_chain_until_it_ends() {
    let authority = authority();
    let (old, new) = (authority.issue().unwrap(), authority.issue().unwrap());
    let held = Certificates::new(authority.roots(), &[&old.pem]).unwrap();
    let now = kernel::Clock::real();
    assert!(held.get(&old.name, now).is_some() && held.get(&new.name, now).is_none());
    let other = authority.issue_to("somebody else").unwrap();
    assert_eq!(
        held.take_in(&other.name, &other.pem, now),
        Err(Unbelieved::Subject)
    );
    assert_eq!(held.take_in(&old.name, &new.pem, now), Err(Unbelieved::Name));
    assert_eq!(held.take_in(&new.name, "", now), Err(Unbelieved::None));
    assert_eq!(
        held.take_in(&new.name, &new.pem, now + LATER),
        Err(Unbelieved::Chain)
    );
    assert!(held.get(&new.name, now).is_none());
    assert_eq!(held.take_in(&new.name, &new.pem, now), Ok(()));
    assert!(held.get(&new.name, now).is_some() && held.get(&new.name, now + LATER).is_none());
    assert_eq!((held.all(now).len(), held.all(now + LATER).len()), (2, 0));
    assert!(Certificates::new("", &[&old.pem]).is_none());
    assert!(Certificates::new(authority.roots(), &[]).is_none());
}

#[tokio::test]
async fn a_payment_is_told_refunded_and_found_in_the_bills_with_certificates() {
    let world = open().await;
    let payment = world.alipay_payment(Script::default()).await;
    assert!(world.alipay.sent().iter().all(|sent| sent.acknowledged));
    let leg = RefundLegId::fresh();
    world.refund(&payment, leg, 1_000).await.unwrap();
    world.refunds_done().await;
    assert_eq!(world.refund_now(leg).await.state(), pb::RefundState::Succeeded);
    assert_eq!(world.alipay_gave_back(), 1_000);
    fetched(&world).await;
    let lines = "select count(*) from statement_lines l join statements s using (statement_id)
         join books b on b.book_id = s.book_id where b.party = 'alipay' and $1 = ''";
    assert!(world.count(lines, "").await >= 2);
    world.books_balance().await;
}

#[tokio::test]
async fn a_shown_code_is_charged_and_asked_about_with_certificates() {
    let world = open().await;
    world.alipay.script_next(Script {
        payer: Payer::Agrees,
        ..Script::default()
    });
    let intent = world.intent().await;
    let attempt = world.charge(At::Alipay, &intent, 1).await.unwrap();
    world.alipay.pay(&attempt.channel_number).unwrap();
    for _ in 0..4 {
        world.later(Duration::from_secs(5)).await;
    }
    assert_eq!(world.intent_now(&intent).await.state(), pb::IntentState::Paid);
    world.books_balance().await;
}

/// The answer that names the newer certificate is itself believed, once that is held.
#[tokio::test]
async fn an_answer_by_a_newer_certificate_brings_it_and_is_believed() {
    let world = open().await;
    let intent = world.paid_untold().await;
    world.alipay.rotate().unwrap();
    world.later(Duration::from_secs(3)).await;
    assert_eq!(world.intent_now(&intent).await.state(), pb::IntentState::Paid);
    assert_eq!(world.payment_of(&intent).await.amount.unwrap().minor, PRICE);
    let told = world.alipay_payment(Script::default()).await;
    assert_eq!(told.method(), pb::Method::AlipayQr);
    assert!(world.alipay.sent().iter().all(|sent| sent.acknowledged));
    world.books_balance().await;
}

/// What has another root, and what ends at ours as every merchant's does, and is
/// somebody else's.
#[rstest]
#[case::another_root(true)]
#[case::another_subject(false)]
#[tokio::test]
async fn a_strangers_certificate_is_not_taken_in_and_proves_nothing(#[case] another_root: bool) {
    let world = open().await;
    let intent = world.paid_untold().await;
    let issued = if another_root {
        authority().issue()
    } else {
        world
            .alipay
            .authority()
            .unwrap()
            .issue_to("2088000000000666-2021000000000666")
    };
    world.alipay.sign_as(issued.unwrap()).unwrap();
    for _ in 0..3 {
        world.later(Duration::from_secs(15)).await;
    }
    assert_ne!(world.intent_now(&intent).await.state(), pb::IntentState::Paid);
    assert_eq!(world.facts("payment_captured").await, 0);
}
