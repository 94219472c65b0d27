//! A studio, or all those of a legal entity.

use std::collections::BTreeSet;

use futures::future::Either;
use kernel::{LegalEntityId, StudioId};
use platform::organisation::Studio;
use platform::{Caller, Error, Studios};
use uuid::Uuid;

use crate::App;
use crate::api::{given, one_of};
use crate::domain::limit::Place;

/// What a request names; as if it were not there when it, or any studio of it, is
/// beyond the caller's reach.
pub fn named(app: &App, caller: &Caller, studio: &str, entity: &str) -> Result<Place, Error> {
    let studio = given(studio, |id| StudioId::parse("studio_id", id))?;
    let entity = given(entity, |id| LegalEntityId::parse("legal_entity_id", id))?;
    match one_of(("studio_id", studio), ("legal_entity_id", entity))? {
        Either::Left(studio) => {
            app.organisation()
                .studio(studio)
                .ok_or_else(|| Error::not_found("studio"))?;
            caller.require_reach("studio", studio, None)?;
            Ok(Place::Studio(studio))
        }
        Either::Right(entity) => {
            let studios = of(app, entity);
            if studios.is_empty() || !studios.iter().all(|studio| caller.may_reach(studio.id)) {
                return Err(Error::not_found("legal entity"));
            }
            Ok(Place::LegalEntity(entity))
        }
    }
}

fn of(app: &App, entity: LegalEntityId) -> Vec<Studio> {
    let mut studios = app.organisation().studios();
    studios.retain(|studio| studio.legal_entity == entity);
    studios
}

/// The studios that a caller reaches and their legal entities; none for all.
pub fn within(app: &App, caller: &Caller) -> Option<Vec<Uuid>> {
    match caller.studios() {
        Studios::All => None,
        Studios::Some(studios) => {
            let entity = |studio: &StudioId| app.organisation().studio(*studio).map(|s| s.legal_entity.0);
            let entities: BTreeSet<Uuid> = studios.iter().filter_map(entity).collect();
            Some(studios.iter().map(|studio| studio.0).chain(entities).collect())
        }
    }
}

/// The one place that a list is narrowed to, if any.
pub fn narrowed(studio: &str, entity: &str) -> Result<Option<Uuid>, Error> {
    if studio.is_empty() && entity.is_empty() {
        return Ok(None);
    }
    let studio = given(studio, |id| StudioId::parse("studio_id", id))?;
    let entity = given(entity, |id| LegalEntityId::parse("legal_entity_id", id))?;
    Ok(Some(
        match one_of(("studio_id", studio), ("legal_entity_id", entity))? {
            Either::Left(studio) => studio.0,
            Either::Right(entity) => entity.0,
        },
    ))
}
