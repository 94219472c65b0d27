//! The register of what opens the company's accounts.

use std::time::SystemTime;

use chrono::{Duration, NaiveTime};
use comfy_table::Table;
use proto::studio::payments::v1 as pb;

use super::Desk;
use crate::cli::Credentials;
use crate::failure::Failure;
use crate::house::request_id;
use crate::output::{table, time, word};

/// Who keeps the register.
const KEEPER: &str = "technician";
/// Who sees that it is true.
const SUPERVISOR: &str = "finance-supervisor";
/// China's time is ahead by so much.
const AHEAD: Duration = Duration::hours(8);
/// The longest page that a list has.
const PAGE: i32 = 200;

pub async fn run(desk: &Desk, command: Credentials) -> Result<(), Failure> {
    match command {
        Credentials::List { overdue, all } => {
            let request = pb::ListCredentialsRequest {
                overdue_only: overdue,
                with_retired: all,
                page_size: PAGE,
                ..Default::default()
            };
            let reply = desk.enter(KEEPER).await?.ask(request).await?;
            desk.output
                .reply::<pb::ListCredentialsRequest>(&reply, |r| listed(&r.credentials))
        }
        Credentials::Show { credential_id } => {
            let request = pb::GetCredentialRequest { credential_id };
            let reply = desk.enter(KEEPER).await?.ask(request).await?;
            desk.output
                .reply::<pb::GetCredentialRequest>(&reply, |r| renewals(&r.rotations))
        }
        step => act(desk, step).await,
    }
}

/// Steps of persons, each under its own name.
async fn act(desk: &Desk, step: Credentials) -> Result<(), Failure> {
    let request_id = request_id();
    let credential = match step {
        Credentials::Register {
            legal_entity_id,
            kind,
            account,
            name,
            holder,
            every_days,
            rotated,
        } => {
            let at = rotated.and_time(NaiveTime::MIN).and_utc() - AHEAD;
            let request = pb::RegisterCredentialRequest {
                request_id,
                legal_entity_id,
                kind: pb::CredentialKind::from(kind).into(),
                account,
                name,
                holder_id: holder,
                rotate_every_days: every_days,
                rotated_at: Some(SystemTime::from(at).into()),
            };
            desk.enter(KEEPER).await?.ask(request).await?.credential
        }
        Credentials::Change {
            credential_id,
            version,
            holder,
            every_days,
        } => {
            let request = pb::ChangeCredentialRequest {
                request_id,
                credential_id,
                version,
                holder_id: holder,
                rotate_every_days: every_days,
            };
            desk.enter(KEEPER).await?.ask(request).await?.credential
        }
        Credentials::Rotated { credential_id, note } => {
            let request = pb::RecordRotationRequest {
                request_id,
                credential_id,
                rotated_at: Some(SystemTime::now().into()),
                note,
            };
            eprintln!("another person has to confirm it: `studioctl credentials confirm`");
            desk.enter(KEEPER).await?.ask(request).await?.credential
        }
        Credentials::Confirm { rotation_id, decline } => {
            let request = pb::ConfirmRotationRequest {
                request_id,
                rotation_id,
                confirm: !decline,
            };
            desk.enter(SUPERVISOR).await?.ask(request).await?.credential
        }
        Credentials::Retire {
            credential_id,
            version,
        } => {
            let request = pb::RetireCredentialRequest {
                request_id,
                credential_id,
                version,
            };
            desk.enter(KEEPER).await?.ask(request).await?.credential
        }
        Credentials::List { .. } | Credentials::Show { .. } => None,
    };
    let reply = pb::GetCredentialResponse {
        credential,
        ..Default::default()
    };
    desk.output
        .reply::<pb::GetCredentialRequest>(&reply, |r| listed(r.credential.as_slice()))
}

fn listed(credentials: &[pb::Credential]) -> Table {
    let mut rows = table([
        "credential",
        "account",
        "name",
        "kind",
        "holder",
        "renewed",
        "renew by",
        "state",
        "waits",
        "version",
    ]);
    for one in credentials {
        let state = if one.overdue {
            "OVERDUE".to_owned()
        } else {
            word(one.state().as_str_name(), "CREDENTIAL_STATE_")
        };
        let waits = one.recorded.as_ref().map(|rotation| rotation.rotation_id.clone());
        rows.add_row([
            one.credential_id.clone(),
            one.account.clone(),
            one.name.clone(),
            word(one.kind().as_str_name(), "CREDENTIAL_KIND_"),
            one.holder_id.clone(),
            time(one.rotated_at.as_ref()),
            time(one.rotate_by.as_ref()),
            state,
            waits.unwrap_or_default(),
            one.version.to_string(),
        ]);
    }
    rows
}

fn renewals(rotations: &[pb::Rotation]) -> Table {
    let mut rows = table(["rotation", "renewed", "by", "note", "state", "checked by", "at"]);
    for one in rotations {
        rows.add_row([
            one.rotation_id.clone(),
            time(one.rotated_at.as_ref()),
            one.recorded_by.clone(),
            one.note.clone(),
            word(one.state().as_str_name(), "ROTATION_STATE_"),
            one.checked_by.clone(),
            time(one.checked_at.as_ref()),
        ]);
    }
    rows
}
