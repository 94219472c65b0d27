//! The register of what opens the company's accounts.

use chrono::Duration;
use kernel::{PersonId, Timestamp, to_proto_time};
use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::credential_service_client::CredentialServiceClient;
use testkit::Door;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::world::{World, reason, request_id};

impl World {
    fn register(&self, role: Role) -> CredentialServiceClient<Door> {
        CredentialServiceClient::new(self.it.as_staff(role, self.chain.operator))
    }

    fn days_ago(&self, days: i64) -> Timestamp {
        self.it.clock().now() - Duration::days(days)
    }

    fn entry(&self, name: &str, days_ago: i64) -> pb::RegisterCredentialRequest {
        pb::RegisterCredentialRequest {
            request_id: request_id(),
            legal_entity_id: self.chain.beijing_company.to_string(),
            kind: pb::CredentialKind::ApiKey.into(),
            account: "微信支付 1900000001".to_owned(),
            name: name.to_owned(),
            holder_id: PersonId::fresh().to_string(),
            rotate_every_days: 90,
            rotated_at: Some(to_proto_time(self.days_ago(days_ago))),
        }
    }

    async fn entered(&self, name: &str, days_ago: i64) -> pb::Credential {
        let request = self.entry(name, days_ago);
        let reply = self.register(Role::Technician).register_credential(request).await;
        reply.unwrap().into_inner().credential.unwrap()
    }

    async fn record(
        &self,
        role: Role,
        credential: &pb::Credential,
        at: Timestamp,
    ) -> Result<pb::Rotation, Status> {
        let request = pb::RecordRotationRequest {
            request_id: request_id(),
            credential_id: credential.credential_id.clone(),
            rotated_at: Some(to_proto_time(at)),
            note: "商户平台里换过".to_owned(),
        };
        let reply = self.register(role).record_rotation(request).await?.into_inner();
        Ok(reply.credential.unwrap().recorded.unwrap())
    }

    async fn confirm(
        &self,
        role: Role,
        rotation: &pb::Rotation,
        confirm: bool,
    ) -> Result<pb::Credential, Status> {
        let request = pb::ConfirmRotationRequest {
            request_id: request_id(),
            rotation_id: rotation.rotation_id.clone(),
            confirm,
        };
        let reply = self.register(role).confirm_rotation(request).await?;
        Ok(reply.into_inner().credential.unwrap())
    }

    async fn overdue(&self) -> Vec<String> {
        let request = pb::ListCredentialsRequest {
            overdue_only: true,
            page_size: 1,
            ..Default::default()
        };
        self.all(request).await.into_iter().map(|one| one.name).collect()
    }

    /// Page by page.
    async fn all(&self, mut request: pb::ListCredentialsRequest) -> Vec<pb::Credential> {
        let mut all = Vec::new();
        loop {
            let mut finance = self.register(Role::FinanceStaff);
            let reply = finance
                .list_credentials(request.clone())
                .await
                .unwrap()
                .into_inner();
            all.extend(reply.credentials);
            if reply.next_page_token.is_empty() {
                return all;
            }
            request.page_token = reply.next_page_token;
        }
    }
}

#[tokio::test]
async fn a_credential_is_overdue_until_two_persons_say_that_it_was_renewed() {
    let world = World::open().await;
    world.entered("证书", 80).await;
    let old = world.entered("API v3", 91).await;
    let older = world.entered("登录密码", 120).await;
    assert!(old.overdue);
    assert_eq!(world.overdue().await, ["登录密码", "API v3"]);

    let rotation = world
        .record(Role::Technician, &old, world.days_ago(1))
        .await
        .unwrap();
    assert_eq!(world.overdue().await.len(), 2, "one person's word renews nothing");
    let renewed = world
        .confirm(Role::FinanceSupervisor, &rotation, true)
        .await
        .unwrap();
    assert!(!renewed.overdue && renewed.recorded.is_none());
    assert_eq!(world.overdue().await, [older.name]);
}

#[tokio::test]
async fn who_records_a_renewal_does_not_confirm_it() {
    let world = World::open().await;
    let kept = world.entered("API v3", 91).await;
    let now = world.days_ago(0);
    let rotation = world.record(Role::FinanceSupervisor, &kept, now).await.unwrap();
    let refused = world
        .confirm(Role::FinanceSupervisor, &rotation, true)
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "SAME_PERSON");
    let declined = world.confirm(Role::Technician, &rotation, false).await.unwrap();
    assert!(declined.overdue && declined.recorded.is_none());
    let ended = world
        .confirm(Role::Technician, &rotation, true)
        .await
        .unwrap_err();
    assert_eq!(reason(&ended), "ROTATION_ENDED");
    world.record(Role::Technician, &kept, now).await.unwrap();
    let waits = world.record(Role::FinanceStaff, &kept, now).await.unwrap_err();
    assert_eq!(reason(&waits), "ROTATION_RECORDED");

    let request = pb::GetCredentialRequest {
        credential_id: kept.credential_id,
    };
    let got = world.register(Role::FinanceAuditor).get_credential(request).await;
    let states: Vec<_> = got
        .unwrap()
        .into_inner()
        .rotations
        .iter()
        .map(pb::Rotation::state)
        .collect();
    assert_eq!(states, [pb::RotationState::Recorded, pb::RotationState::Declined]);
}

#[tokio::test]
async fn who_takes_a_credential_over_renews_it_at_once() {
    let world = World::open().await;
    let kept = world.entered("API v3", 5).await;
    let change = |holder: String, version| pb::ChangeCredentialRequest {
        request_id: request_id(),
        credential_id: kept.credential_id.clone(),
        version,
        holder_id: holder,
        rotate_every_days: 30,
    };
    let mut desk = world.register(Role::FinanceSupervisor);
    let same = desk
        .change_credential(change(kept.holder_id.clone(), 1))
        .await
        .unwrap();
    assert!(!same.into_inner().credential.unwrap().overdue);
    let stale = desk
        .change_credential(change(PersonId::fresh().to_string(), 1))
        .await;
    assert_eq!(reason(&stale.unwrap_err()), "VERSION_CONFLICT");
    desk.change_credential(change(PersonId::fresh().to_string(), 2))
        .await
        .unwrap();
    world.it.advance(std::time::Duration::from_secs(1));
    assert_eq!(world.overdue().await, ["API v3"]);
}

#[tokio::test]
async fn a_retired_credential_is_changed_no_more_and_its_name_is_free() {
    let world = World::open().await;
    let kept = world.entered("API v3", 91).await;
    let again = world
        .register(Role::Technician)
        .register_credential(world.entry("API v3", 1))
        .await;
    assert_eq!(reason(&again.unwrap_err()), "CREDENTIAL_EXISTS");
    let retire = || pb::RetireCredentialRequest {
        request_id: request_id(),
        credential_id: kept.credential_id.clone(),
        version: 1,
    };
    let mut desk = world.register(Role::FinanceSupervisor);
    desk.retire_credential(retire()).await.unwrap();
    assert_eq!(world.overdue().await, Vec::<String>::new());
    let late = world.record(Role::Technician, &kept, world.days_ago(0)).await;
    assert_eq!(reason(&late.unwrap_err()), "CREDENTIAL_RETIRED");
    world.entered("API v3", 1).await;
    let both = pb::ListCredentialsRequest {
        with_retired: true,
        ..Default::default()
    };
    assert_eq!(world.all(both).await.len(), 2);
}

#[tokio::test]
async fn every_bad_field_of_an_entry_is_named_and_nobody_else_enters_one() {
    let world = World::open().await;
    let bad = pb::RegisterCredentialRequest {
        account: "  ".to_owned(),
        name: " ".to_owned(),
        rotated_at: Some(to_proto_time(world.days_ago(-1))),
        ..world.entry("API v3", 1)
    };
    let refused = world
        .register(Role::Technician)
        .register_credential(bad)
        .await
        .unwrap_err();
    let details = refused.get_error_details();
    let fields: Vec<_> = details
        .bad_request()
        .unwrap()
        .field_violations
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    assert_eq!(fields, ["account", "name", "rotated_at"]);
    let stranger = pb::RegisterCredentialRequest {
        legal_entity_id: PersonId::fresh().to_string(),
        ..world.entry("API v3", 1)
    };
    let unknown = world
        .register(Role::Technician)
        .register_credential(stranger)
        .await;
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);
    let desk = world
        .register(Role::FrontDesk)
        .register_credential(world.entry("API v3", 1))
        .await;
    assert_eq!(desk.unwrap_err().code(), Code::PermissionDenied);
    let kept = world.entered("API v3", 5).await;
    for at in [world.days_ago(6), world.days_ago(-1)] {
        let refused = world.record(Role::Technician, &kept, at).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
}
