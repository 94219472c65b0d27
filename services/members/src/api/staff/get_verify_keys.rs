use platform::{Caller, Error};
use proto::studio::members::v1 as pb;

use crate::App;
use crate::identity::public_key_bytes;

/// Returns the public keys of platform tokens.
pub async fn handle(
    app: &App,
    _caller: &Caller,
    _request: pb::GetVerifyKeysRequest,
) -> Result<pb::GetVerifyKeysResponse, Error> {
    let keys = app.person_keys().iter().map(|(kid, pem)| {
        let public_key = public_key_bytes(pem)
            .ok_or_else(|| Error::Internal(format!("the verify key {kid} is no Ed25519 key")))?;
        Ok(pb::VerifyKey {
            key_id: kid.clone(),
            public_key,
        })
    });
    Ok(pb::GetVerifyKeysResponse {
        keys: keys.collect::<Result<_, Error>>()?,
    })
}
