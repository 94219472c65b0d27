//! What belongs to a person leaves the services by their answers to whoever
//! may ask, and by mail to that person. Somebody whose every detail is a
//! canary goes through all of them; then every log, span, metric, fact, hint,
//! error text and row is searched for it. Mail is not: it is where a person's
//! own codes and notices belong. Why somebody was revealed goes into the audit
//! as it is written, and the contract says so to whoever writes it.

mod captured;
mod leaks;
mod life;
mod refused;

use proto::studio::members::v1::people_service_client::PeopleServiceClient;
use proto::studio::members::v1::{MemberErased, MembersEvent, members_event::Fact};
use testkit::Identity;
use tonic::{Response, Status};

use journeys::people::application;

use crate::people::{Member, id};
use crate::world::World;
use captured::{Captured, dump};
use leaks::{Canary, Leaks};

const NAME: &str = "欧阳蔷薇珂";
const NUMBER: u32 = 73_190_462;
const ADDRESS: &str = "金丝雀胡同乙47号院3门";
const BANK: &str = "6222021377190486553";

/// Somebody, what they wrote where, and every error that they were told.
struct Flock {
    world: World,
    member: Member,
    canaries: Vec<Canary>,
    errors: Vec<u8>,
    refusals: usize,
    /// What should have gone through and did not.
    trouble: Vec<String>,
}

#[tokio::test]
async fn personal_data_is_nowhere_but_where_it_belongs() {
    let captured = Captured::start().await;
    let redis = captured
        .redis
        .as_ref()
        .map(|redis| format!("[redis]\nurl = '{}'\n", redis.url));
    let world = World::told(&redis.unwrap_or_default()).await;
    let mut flock = Box::pin(Flock::new(world)).await;
    let (order_id, card_id) = flock.buys().await;
    flock.signs_in().await;
    flock.is_refused(&order_id, &card_id).await;
    flock.writes(&order_id).await;
    assert!(flock.refusals >= 7, "few errors: {}", flock.refusals);
    flock.world.settle().await;

    let mut everything = captured.everything().await;
    everything.push(("errors".to_owned(), std::mem::take(&mut flock.errors)));
    everything.extend(flock.dumps().await);
    let leaks = Leaks::of(std::mem::take(&mut flock.canaries));
    let found: Vec<String> = everything
        .iter()
        .flat_map(|(place, bytes)| leaks.find(place, bytes))
        .collect();
    assert!(found.is_empty(), "{} leaks:\n{}", found.len(), found.join("\n"));
    assert!(flock.trouble.is_empty(), "{:?}", flock.trouble);
    flock.is_forgotten().await;
}

impl Flock {
    async fn new(world: World) -> Self {
        let mut request = application(id(), NUMBER, world.chain.chaoyang);
        NAME.clone_into(&mut request.name);
        request.email = "canary.k7q2@example.com".to_owned();
        let (phone, id_number, email) = (
            request.phone.clone(),
            request.id_number.clone(),
            request.email.clone(),
        );
        let mut people = PeopleServiceClient::new(world.at_members(&Identity::anonymous()));
        let person = people
            .register_person(request)
            .await
            .unwrap()
            .into_inner()
            .person_id;
        let person: kernel::PersonId = person.parse().unwrap();
        let who = Identity::member(person);
        let member = Member {
            id: person,
            studio: world.chain.chaoyang,
            who,
            phone,
            id_number,
            email,
        };
        let mut flock = Self {
            world,
            member,
            canaries: Vec::new(),
            errors: Vec::new(),
            refusals: 0,
            trouble: Vec::new(),
        };
        for (name, text) in [
            ("name", NAME),
            ("phone", &flock.member.phone.clone()),
            ("ID number", &flock.member.id_number.clone()),
            ("e-mail", &flock.member.email.clone()),
            ("address", ADDRESS),
            ("bank account", BANK),
        ] {
            flock.knows(name, text);
        }
        let token = flock
            .member
            .who
            .bearer()
            .unwrap()
            .rsplit('.')
            .next()
            .unwrap()
            .to_owned();
        flock.knows("token of a test", &token);
        flock.knows_keys();
        flock
    }

    fn knows(&mut self, name: &str, text: &str) {
        self.canaries.push(Canary {
            name: name.to_owned(),
            text: text.to_owned(),
        });
    }

    /// Every secret file of the house.
    fn knows_keys(&mut self) {
        let mut folders = vec![testkit::house::keys().verify().parent().unwrap().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() && !path.ends_with("verify") {
                    folders.push(path);
                } else if path.is_file() {
                    self.knows_key(&path);
                }
            }
        }
    }

    fn knows_key(&mut self, path: &std::path::Path) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.contains("public") || name.contains("serial") || name.contains("key-id") {
            return;
        }
        let text = std::fs::read_to_string(path).unwrap();
        let secret = text
            .lines()
            .filter(|l| !l.contains("-----"))
            .max_by_key(|l| l.len())
            .unwrap();
        let secret = secret.rsplit(':').next().unwrap().trim().to_owned();
        self.knows(&format!("key {name}"), &secret);
    }

    /// A text that somebody writes at this place, with all that people tell.
    fn text(&mut self, place: &str) -> String {
        let mark = format!("丹顶鹤 {place} 林间");
        self.knows(&format!("text of {place}"), &mark);
        format!(
            "{mark}，{NAME}，电话 {}，住{ADDRESS}，卡 {BANK}",
            self.member.phone
        )
    }

    /// Notes what should have gone through.
    fn went<T>(&mut self, what: &str, answer: Result<Response<T>, Status>) {
        if let Err(status) = answer {
            self.trouble.push(format!("{what}: {status:?}"));
        }
    }

    /// Keeps what somebody is told who is refused. Some calls hide from
    /// strangers that they refuse.
    fn failed<T>(&mut self, answer: Result<Response<T>, Status>) {
        let Err(status) = answer else { return };
        self.refusals += 1;
        self.errors.extend(format!("{status:?}\n").into_bytes());
        self.errors.extend(status.message().as_bytes());
        self.errors.extend(status.details());
    }
    async fn dumps(&self) -> Vec<(String, Vec<u8>)> {
        let world = &self.world;
        let mut dumped = dump("members", world.members.pool()).await;
        dumped.extend(dump("payments", world.payments.pool()).await);
        dumped.extend(dump("wallet", world.wallet.pool()).await);
        dumped.extend(dump("orders", world.orders.pool()).await);
        dumped.extend(dump("refunds", world.refunds.pool()).await);
        dumped.extend(dump("notifications", world.notifications.pool()).await);
        dumped.extend(dump("oversight", world.oversight.as_ref().unwrap().pool()).await);
        dumped
    }

    /// Once members says that somebody is erased, no service has a key left
    /// that opens what it keeps of them.
    async fn is_forgotten(&self) {
        let app = self.world.members.app();
        let mut tx = app.begin_beside("test", "canary").await.unwrap();
        app.vault().shred(&mut tx, self.member.id).await.unwrap();
        let erased = MembersEvent {
            fact: Some(Fact::MemberErased(MemberErased {
                person_id: self.member.id.to_string(),
            })),
        };
        tx.publish(platform::Fact::new(self.member.id, 1_000, erased))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        self.world.settle().await;
        let world = &self.world;
        let pools = [
            world.members.pool(),
            world.payments.pool(),
            world.wallet.pool(),
            world.orders.pool(),
            world.refunds.pool(),
            world.notifications.pool(),
            world.oversight.as_ref().unwrap().pool(),
        ];
        let mut kept = 0;
        for pool in pools {
            let (all, open): (i64, i64) =
                sqlx::query_as("select count(*), count(wrapped) from vault_keys where owner_id = $1")
                    .bind(self.member.id.0)
                    .fetch_one(pool)
                    .await
                    .unwrap();
            assert_eq!(
                open,
                0,
                "a key is left in {:?}",
                pool.connect_options().get_database()
            );
            kept += all;
        }
        assert!(
            kept >= 4,
            "too few services kept anything to say something: {kept}"
        );
    }
}
