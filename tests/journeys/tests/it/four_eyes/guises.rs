//! Under how many names one person can come.

use kernel::PersonId;
use proto::studio::access::v1::Role;
use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use testkit::{At, Identity};

use crate::access::{SERVICES, roles};
use crate::world::World;

/// A name under which somebody comes.
pub struct Guise {
    pub name: String,
    pub who: Identity,
    /// The role is held at the head of the operator.
    pub widest: bool,
}

/// The person with the role: at any height of the organisation above the
/// studio, from one of several accounts, with this role alone or with others as
/// well, directly or through a service.
pub fn draw(world: &World, person: PersonId, role: Role, rng: &mut StdRng) -> Guise {
    let chain = world.chain;
    let heights: [(&str, At); 5] = [
        ("studio", chain.chaoyang.into()),
        ("region", chain.beijing.into()),
        ("company", chain.beijing_company.into()),
        ("operator", chain.operator.into()),
        ("everywhere", At::Everywhere),
    ];
    let (height, at) = heights[rng.random_range(0..heights.len())];
    let account = ["first", "second", "third"][rng.random_range(0..3)];
    let mut posts: Vec<(Role, At)> = roles()
        .filter(|any| *any == role || rng.random_ratio(1, 4))
        .map(|any| (any, at))
        .collect();
    // Where the role stands among the others says nothing.
    let turn = rng.random_range(0..posts.len());
    posts.rotate_left(turn);
    let mut who = Identity::account(&format!("{account}-{person}"), person, &posts);
    let through = SERVICES.choose(rng).filter(|_| rng.random_bool(0.5));
    if let Some(service) = through {
        who = who.through(service);
    }
    Guise {
        name: format!(
            "{account} account, {} roles at {height}, through {through:?}",
            posts.len()
        ),
        who,
        widest: matches!(height, "operator" | "everywhere"),
    }
}
