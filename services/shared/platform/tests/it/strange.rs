//! What nobody should send, and what they are told.

use proto::studio::access::v1::Role;
use testkit::{At, Running, raw};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::toy::{Toy, act, command, staff};

#[tokio::test]
async fn a_message_that_cannot_be_read_is_the_callers_mistake_and_has_a_reason() {
    let it = Running::<Toy>::start().await;
    let door = it.as_staff(Role::Operations, At::Everywhere);
    let path = "/studio.operations.v1.OperationsService/ListTasks";
    for garbage in [
        &b"\x0a\xff"[..],
        b"\x0a\x02\xff\xfe",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        let status = raw::call(&door, path, garbage.into()).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
        let reason = status
            .get_error_details()
            .error_info()
            .map(|info| info.reason.clone());
        assert_eq!(reason.as_deref(), Some("INVALID_FIELDS"));
    }
}

#[tokio::test]
async fn text_with_the_character_nul_is_the_callers_mistake_and_leaves_nothing() {
    let it = Running::<Toy>::start().await;
    let (caller, request) = (staff(&[]), command("a\0b"));
    let refused = act(it.app(), &caller, &request).await.unwrap_err();
    assert_eq!(refused.to_status("studio.toy").code(), Code::InvalidArgument);
    let claims: i64 = sqlx::query_scalar("select count(*) from claims")
        .fetch_one(it.pool())
        .await
        .unwrap();
    assert_eq!(claims, 0);
}
