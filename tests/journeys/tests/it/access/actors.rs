//! Everybody who may knock.

use proto::studio::access::v1::Role;
use testkit::Identity;

use super::places::Places;

/// Somebody, and the name of their column.
pub struct Actor {
    pub code: String,
    pub who: Identity,
}

/// Every service of the house, in the order of the columns.
pub const SERVICES: [&str; 7] = [
    "members",
    "payments",
    "wallet",
    "orders",
    "refunds",
    "notifications",
    "oversight",
];

/// Nobody, the member whose things they are, a member to whom nothing
/// belongs, each role at the own studio, each service by itself, and some
/// roles at the head of the operator.
pub fn all(places: &Places) -> Vec<Actor> {
    let actor = |code: &str, who| Actor {
        code: code.to_owned(),
        who,
    };
    let mut actors = vec![
        actor("nobody", Identity::anonymous()),
        actor("owner", Identity::member(places.own.person)),
        actor("member", Identity::member(kernel::PersonId::fresh())),
    ];
    actors.extend(roles().map(|role| Actor {
        code: short(role),
        who: Identity::staff(role, places.own.studio),
    }));
    actors.extend(
        SERVICES
            .iter()
            .map(|name| actor(&format!("={}", &name[..3]), Identity::service(name))),
    );
    // Those whose calls are about the whole operator, with the role for it.
    actors.extend(
        [
            Role::OperatorAdmin,
            Role::ProductManager,
            Role::FinanceSupervisor,
            Role::Operations,
        ]
        .map(|role| Actor {
            code: format!("*{}", short(role)),
            who: Identity::staff(role, places.operator),
        }),
    );
    actors
}

/// The posts of the chain, all that the contract knows.
pub fn roles() -> impl Iterator<Item = Role> {
    (0..1000)
        .filter_map(|number| Role::try_from(number).ok())
        .filter(|role| !matches!(role, Role::Unspecified | Role::Anonymous | Role::Member))
}

/// `recharge_supervisor` is `rec.supe`: short, and still one of a kind.
fn short(role: Role) -> String {
    let name = role.as_str_name().trim_start_matches("ROLE_").to_lowercase();
    match name.split_once('_') {
        Some((first, second)) => format!("{}.{}", &first[..3], &second[..second.len().min(4)]),
        None => name[..name.len().min(8)].to_owned(),
    }
}
