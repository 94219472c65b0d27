//! The same with the accounts and roles that the house itself gives out: two
//! accounts of one person, and a role for an hour.

use std::collections::BTreeMap;
use std::time::Duration;

use kernel::PersonId;
use proto::studio::access::v1::Role;
use proto::studio::members::v1::dev_issuer_service_client::DevIssuerServiceClient;
use proto::studio::members::v1::issue_id_token_request::Subject as Who;
use proto::studio::members::v1::staff_service_client::StaffServiceClient;
use proto::studio::members::v1::token_service_client::TokenServiceClient;
use proto::studio::members::v1::{
    ExchangeTokenRequest, GrantRoleRequest, ImportStaffRequest, IssueIdTokenRequest, PlatformToken,
};
use testkit::Identity;

use super::cases::{ask, reason};
use super::ground::{Ground, KINDS, Kind};
use crate::people::id;
use crate::world::{World, head_office};

const ACCOUNTS: [&str; 2] = ["wu@studio.example", "wu.min@studio.example"];

/// Wu, with two accounts and a role that decides nothing.
async fn hires_wu(world: &World) {
    let rows = ACCOUNTS.map(|account| format!("{account},吴敏,E-9,sales,OP"));
    let request = ImportStaffRequest {
        request_id: id(),
        content: format!("account,name,person,role,node\n{}\n", rows.join("\n")).into_bytes(),
        trial_run: false,
    };
    let report = world.imports().import_staff(request).await.unwrap();
    let report = report.into_inner().report.unwrap();
    assert!(report.imported, "{:?}", report.errors);
    world.settle().await;
}

async fn signs_in(world: &World, account: &str) -> (Identity, PlatformToken) {
    let nobody = Identity::anonymous();
    let request = IssueIdTokenRequest {
        subject: Some(Who::Account(account.to_owned())),
    };
    let mut issuer = DevIssuerServiceClient::new(world.at_members(&nobody));
    let id_token = issuer
        .issue_id_token(request)
        .await
        .unwrap()
        .into_inner()
        .id_token;
    let mut tokens = TokenServiceClient::new(world.at_members(&nobody));
    let reply = tokens.exchange_token(ExchangeTokenRequest { id_token }).await;
    let token = reply.unwrap().into_inner().token.unwrap();
    let person = token.person_id.parse().unwrap();
    (Identity::holding(person, &token.token), token)
}

/// Every role that decides anything, for an hour.
async fn delegates(world: &World, person: PersonId, roles: impl Iterator<Item = Role>) {
    let admin = head_office(Role::OperatorAdmin);
    let mut staff = StaffServiceClient::new(world.at_members(&admin));
    for role in roles {
        let end = world.members.clock().now() + chrono::TimeDelta::hours(1);
        let request = GrantRoleRequest {
            request_id: id(),
            person_id: person.to_string(),
            role: role.into(),
            node_id: world.chain.operator.to_string(),
            expire_at: Some(kernel::to_proto_time(end)),
        };
        staff.grant_role(request).await.unwrap();
    }
    world.settle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_delegation_decides_until_it_ends_and_never_what_its_holder_made() {
    let world = World::with_accounts().await;
    hires_wu(&world).await;
    let mut ground = Ground::open(&world).await;
    let (first, token) = signs_in(&world, ACCOUNTS[0]).await;
    let wu: PersonId = token.person_id.parse().unwrap();
    let mut subjects = BTreeMap::new();
    for kind in KINDS {
        for subject in ground.prepare(kind).await {
            subjects.insert(subject.path, subject);
        }
    }
    for (path, subject) in &subjects {
        let refused = ask(&world, subject, &first).await.unwrap_err();
        assert_eq!(reason(&refused), "ROLE_MISSING", "{path} before the delegation");
    }

    let deciding: BTreeMap<i32, Role> = subjects.values().map(|s| (s.role.into(), s.role)).collect();
    let maker = Role::CustomerService;
    let roles = deciding.into_values().filter(|role| *role != maker);
    delegates(&world, wu, roles.chain([maker])).await;
    let (first, token) = signs_in(&world, ACCOUNTS[0]).await;
    assert!(token.roles.contains(&Role::Reviewer.into()));
    let (second, _) = signs_in(&world, ACCOUNTS[1]).await;
    ground.staff.second = first.clone();
    for subject in ground.prepare(Kind::Review).await {
        let refused = ask(&world, &subject, &second).await.unwrap_err();
        assert_eq!(reason(&refused), "SAME_PERSON", "{}", subject.path);
    }
    ground.staff.second = head_office(Role::CustomerService);
    let theirs = ground.prepare(Kind::Review).await;
    ask(&world, &theirs[0], &second).await.unwrap();

    world.advance(Duration::from_hours(2));
    world.settle().await;
    for account in ACCOUNTS {
        let (late, token) = signs_in(&world, account).await;
        assert_eq!(token.roles, [i32::from(Role::Sales)], "{account}");
        for (path, subject) in &subjects {
            let refused = ask(&world, subject, &late).await.unwrap_err();
            assert_eq!(reason(&refused), "ROLE_MISSING", "{path} after the delegation");
        }
    }
}
