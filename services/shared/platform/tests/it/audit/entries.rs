use std::sync::Arc;

use platform::{Caller, Claim, Error, answer};
use proto::studio::wallet::v1::{FreezeWalletRequest, FreezeWalletResponse};
use testkit::Running;
use tonic::Request;

use crate::toy::{Toy, act, command, staff};

async fn decisions(it: &Running<Toy>, caller: &Caller) -> Vec<String> {
    sqlx::query_scalar("select decision from audit where actor = $1 order by audit_id")
        .bind(format!("person:{}", caller.person().unwrap()))
        .fetch_all(it.pool())
        .await
        .unwrap()
}

async fn forgetful(_: &Toy, _: &Caller, _: FreezeWalletRequest) -> Result<FreezeWalletResponse, Error> {
    Ok(FreezeWalletResponse { state: 1 })
}

async fn undone(
    toy: &Toy,
    caller: &Caller,
    request: FreezeWalletRequest,
) -> Result<FreezeWalletResponse, Error> {
    let Claim::Fresh(tx) = toy.claim(caller, &request).await? else {
        panic!("claimed before")
    };
    drop(tx);
    Ok(FreezeWalletResponse { state: 1 })
}

async fn orderly(
    toy: &Toy,
    caller: &Caller,
    request: FreezeWalletRequest,
) -> Result<FreezeWalletResponse, Error> {
    act(toy, caller, &request).await
}

fn asked(caller: &Caller) -> Request<FreezeWalletRequest> {
    let mut request = Request::new(FreezeWalletRequest {
        person_id: kernel::fresh_uuid().to_string(),
        ..command("asked")
    });
    request.extensions_mut().insert(caller.clone());
    request
}

#[tokio::test]
async fn no_call_that_writes_is_answered_without_an_entry_whatever_its_handler_does() {
    let it = Running::<Toy>::start().await;
    let toy: &Arc<Toy> = it.app();
    let caller = staff(&[]);
    answer(toy, asked(&caller), forgetful).await.unwrap();
    assert_eq!(decisions(&it, &caller).await, ["tried"]);

    let caller = staff(&[]);
    answer(toy, asked(&caller), undone).await.unwrap();
    assert_eq!(decisions(&it, &caller).await, ["tried"]);

    let caller = staff(&[]);
    answer(toy, asked(&caller), orderly).await.unwrap();
    assert_eq!(decisions(&it, &caller).await, ["done"]);
}

#[tokio::test]
async fn a_write_through_a_door_beside_grpc_names_the_door_and_who_knocked() {
    let it = Running::<Toy>::start().await;
    let kept = it.app().begin_beside("callbacks", "channel:test").await.unwrap();
    kept.commit().await.unwrap();
    drop(
        it.app()
            .begin_beside("callbacks", "channel:undone")
            .await
            .unwrap(),
    );
    let entries: Vec<(String, String)> =
        sqlx::query_as("select actor, rpc from audit where rpc = 'callbacks'")
            .fetch_all(it.pool())
            .await
            .unwrap();
    assert_eq!(entries, [("channel:test".to_owned(), "callbacks".to_owned())]);
}
