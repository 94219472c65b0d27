use proto::studio::access::v1::Role;
use proto::studio::members::v1 as pb;
use proto::studio::members::v1::dev_issuer_service_client::DevIssuerServiceClient;
use proto::studio::members::v1::issue_id_token_request::Subject;

use crate::staff::{import, staff_file};
use crate::world::{World, people, reason};

pub const DEV: &str = "service.dev_issuer.enabled = true\nservice.first_admin = 'first@example.com'";

async fn id_token(world: &World, subject: Subject) -> Result<String, tonic::Status> {
    let mut issuer = DevIssuerServiceClient::new(world.it.anonymous());
    let reply = issuer
        .issue_id_token(pb::IssueIdTokenRequest {
            subject: Some(subject),
        })
        .await?;
    Ok(reply.into_inner().id_token)
}

pub async fn sign_in(world: &World, subject: Subject) -> Result<pb::PlatformToken, tonic::Status> {
    let id_token = id_token(world, subject).await?;
    let reply = world
        .tokens()
        .exchange_token(pb::ExchangeTokenRequest { id_token })
        .await?;
    Ok(reply.into_inner().token.unwrap())
}

pub fn account(text: &str) -> Subject {
    Subject::Account(text.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_exchange_an_id_token_for_one_that_carries_their_roles() {
    let world = World::open_with(DEV).await;
    import(&world, staff_file()).await;
    let token = sign_in(&world, account("Wu@example.com")).await.unwrap();
    assert_eq!(token.roles, [i32::from(Role::FrontDesk), i32::from(Role::Coach)]);

    let lin = world.lin(1).await;
    let mut request = tonic::Request::new(pb::LookUpPersonRequest { phone: lin.phone });
    request.metadata_mut().insert(
        "authorization",
        format!("Bearer {}", token.token).parse().unwrap(),
    );
    assert!(people(world.it.anonymous()).look_up_person(request).await.is_ok());
    let second = sign_in(&world, account("wu2@example.com")).await.unwrap();
    assert_eq!(second.person_id, token.person_id);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signs_in_gets_their_token_also_when_the_use_cannot_be_noted() {
    let world = World::open_with(DEV).await;
    import(&world, staff_file()).await;
    let frozen = "create trigger frozen before update on grants execute function refuse_change()";
    sqlx::query(frozen).execute(world.it.pool()).await.unwrap();
    let token = sign_in(&world, account("wu@example.com")).await.unwrap();
    assert_eq!(token.roles.len(), 2);
    assert_eq!(world.count("grants where used_on is not null").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_nobody_has_and_a_token_that_nobody_signed_are_refused() {
    let world = World::open_with(DEV).await;
    assert_eq!(
        reason(sign_in(&world, account("who@example.com")).await),
        "ACCOUNT_UNKNOWN"
    );
    let forged = pb::ExchangeTokenRequest {
        id_token: "e30.e30.e30".to_owned(),
    };
    assert_eq!(
        reason(world.tokens().exchange_token(forged).await),
        "ID_TOKEN_REJECTED"
    );
    let other = World::open_with(DEV).await;
    let id_token = id_token(&other, account("first@example.com")).await.unwrap();
    let foreign = world
        .tokens()
        .exchange_token(pb::ExchangeTokenRequest { id_token })
        .await;
    assert_eq!(reason(foreign), "ID_TOKEN_REJECTED");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_development_issuer_is_off_unless_switched_on() {
    let world = World::open().await;
    assert_eq!(
        reason(id_token(&world, account("first@example.com")).await),
        "DEV_ISSUER_DISABLED"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_developer_can_be_a_member_by_id_or_by_phone() {
    let world = World::open_with(DEV).await;
    let lin = world.lin(1).await;
    for subject in [
        Subject::PersonId(lin.id.to_string()),
        Subject::Phone(lin.phone.clone()),
    ] {
        let token = sign_in(&world, subject).await.unwrap();
        assert_eq!(
            (token.person_id, token.roles),
            (lin.id.to_string(), vec![i32::from(Role::Member)])
        );
    }
    assert_eq!(
        reason(sign_in(&world, Subject::PersonId(crate::world::id())).await),
        "ACCOUNT_UNKNOWN"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_administrator_can_import_until_there_is_another() {
    let world = World::open_with(DEV).await;
    let token = sign_in(&world, account("first@example.com")).await.unwrap();
    assert_eq!(token.roles, [i32::from(Role::OperatorAdmin)]);
    import(&world, staff_file()).await;
    assert_eq!(
        reason(sign_in(&world, account("first@example.com")).await),
        "ACCOUNT_UNKNOWN"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_can_have_the_keys_that_verify_a_token() {
    let world = World::open().await;
    let keys = world
        .tokens()
        .get_verify_keys(pb::GetVerifyKeysRequest {})
        .await
        .unwrap()
        .into_inner()
        .keys;
    assert!(
        keys.iter()
            .any(|key| key.key_id == "person" && key.public_key.len() == 32)
    );
}
