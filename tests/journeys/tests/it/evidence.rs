//! Every service's chain after a journey, held against what the others
//! witnessed, as `studioctl audit verify` does it.

use std::collections::BTreeSet;

use platform::Service;
use platform::access::Rules;
use platform::audit::collect::Reader;
use platform::audit::seal::Keys;
use platform::audit::verify::{Report, What, verify};
use proto::studio::access::v1::Role;
use testkit::{At, Door, Running};

use crate::world::World;

fn operations<S: Service>(it: &Running<S>) -> Door {
    it.as_staff(Role::Operations, At::Everywhere)
}

/// Signs what there is and hands it to a service that may be called.
async fn signs<S: Service>(it: &Running<S>) {
    it.app().sign_head().await.unwrap();
    it.app().record_heads(0).await.unwrap();
}

/// Every write and every reveal of a service that is on record has its entry.
async fn has_its_entries<S: Service>(it: &Running<S>) {
    let bare: Vec<String> = sqlx::query_scalar(
        "select rpc from claims c where outcome <> 'open' and not exists (
             select from audit a where a.request_id = c.request_id and a.rpc = c.rpc)",
    )
    .fetch_all(it.pool())
    .await
    .unwrap();
    assert_eq!(bare, Vec::<String>::new(), "{} wrote without an entry", S::NAME);
}

impl World {
    async fn everybody_signs(&self) {
        signs(&self.members).await;
        signs(&self.payments).await;
        signs(&self.wallet).await;
        signs(&self.orders).await;
        signs(&self.refunds).await;
        signs(&self.notifications).await;
        signs(self.oversight.as_ref().unwrap()).await;
        self.settle().await;
    }

    fn doors(&self) -> Vec<(&'static str, Door)> {
        vec![
            ("members", operations(&self.members)),
            ("payments", operations(&self.payments)),
            ("wallet", operations(&self.wallet)),
            ("orders", operations(&self.orders)),
            ("refunds", operations(&self.refunds)),
            ("notifications", operations(&self.notifications)),
            ("oversight", operations(self.oversight.as_ref().unwrap())),
        ]
    }

    async fn reports(&self) -> Vec<Report> {
        let keys = Keys::from_folder(&testkit::house::keys().verify()).unwrap();
        let mut reports = Vec::new();
        for (service, door) in self.doors() {
            let mut held = Vec::new();
            for (witness, door) in self
                .doors()
                .into_iter()
                .filter(|(witness, _)| *witness != service)
            {
                let heads = Reader::new(door).witnessed(service).await.unwrap();
                held.extend(heads.into_iter().map(|head| (witness.to_owned(), head)));
            }
            let evidence = Reader::new(door).chain(service, held).await.unwrap();
            reports.push(verify(&evidence, Some(&keys)));
        }
        reports
    }
}

#[tokio::test]
async fn after_a_purchase_every_chain_is_whole_and_witnessed_and_a_superusers_hand_shows() {
    let world = World::open().await;
    let (product, _) = world.sells().await;
    let lin = world.registers(1).await;
    let order = world.confirmed_order(&lin, &product).await;
    world.pays_by_qr(&lin, &order).await;
    world.settle().await;
    has_its_entries(&world.members).await;
    has_its_entries(&world.payments).await;
    has_its_entries(&world.wallet).await;
    has_its_entries(&world.orders).await;
    has_its_entries(&world.refunds).await;
    has_its_entries(&world.notifications).await;
    has_its_entries(world.oversight.as_ref().unwrap()).await;

    world.everybody_signs().await;
    for report in world.reports().await {
        assert_eq!(report.findings, [], "{}", report.service);
        let wanted = report.entries == 0 || report.service == "oversight" || !report.witnesses.is_empty();
        assert!(wanted, "nobody witnessed {report:?}");
    }
    // A restored or retold past shows in the ledger of receipts and in the steps of orders.
    let hand = "begin; set local session_replication_role = replica; \
                update receipts set amount_minor = amount_minor - 1; commit";
    sqlx::raw_sql(hand).execute(world.payments.pool()).await.unwrap();
    let hand = "begin; set local session_replication_role = replica; \
                delete from order_steps where to_state = 'approved'; commit";
    sqlx::raw_sql(hand).execute(world.orders.pool()).await.unwrap();
    let found: BTreeSet<(String, What, String)> = world
        .reports()
        .await
        .into_iter()
        .flat_map(|report| {
            let service = report.service;
            report
                .findings
                .into_iter()
                .map(move |f| (service.clone(), f.what, f.source))
        })
        .collect();
    let wanted = [
        ("orders", What::Removed, "order_steps"),
        ("payments", What::Changed, "receipts"),
    ];
    assert_eq!(
        found,
        wanted
            .map(|(service, what, table)| (service.to_owned(), what, table.to_owned()))
            .into()
    );
}

/// A file of calls with those of the folder that it opens.
fn api_of(file: &std::path::Path) -> String {
    let mut text = std::fs::read_to_string(file).unwrap();
    for further in std::fs::read_dir(file.with_extension("")).into_iter().flatten() {
        let further = further.unwrap().path();
        if further.extension().is_some_and(|kind| kind == "rs") {
            text += &std::fs::read_to_string(further).unwrap();
        }
    }
    text
}

/// Every call goes through platform's answer, which sees to the entries of
/// writes and reveals: read from the contracts and from the services' own text.
#[test]
fn every_call_that_writes_or_reveals_is_answered_by_platform() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut seen = 0;
    for call in Rules::of_house().unwrap().calls() {
        if !call.rule.writes && !call.rule.personal_data {
            continue;
        }
        let package = call.service.split('.').nth(1).unwrap();
        let verb = call.span.split_once('.').unwrap().1;
        let file = match call.service.as_str() {
            "studio.operations.v1.OperationsService" => {
                "services/shared/platform/src/operations.rs".to_owned()
            }
            "studio.operations.v1.AuditService" => "services/shared/platform/src/audit/serve.rs".to_owned(),
            _ => format!("services/{package}/src/api.rs"),
        };
        let text = api_of(&root.join(&file));
        let body = text.split(&format!("async fn {verb}(")).nth(1);
        let body = body.unwrap_or_else(|| panic!("{file} has no {verb}"));
        let answered = body.split("async fn ").next().unwrap().contains("answer");
        assert!(answered, "{file}: {verb} is answered past platform");
        seen += 1;
    }
    assert!(seen > 60, "{seen}");
}
