use kernel::NodeId;
use proto::studio::access::v1::{Reach, Role};

use super::CallRule;
use crate::Error;
use crate::caller::{Person, Studios};
use crate::organisation::Organisation;
use crate::token::{GrantNode, PersonKind, PersonToken};

/// On what ground a caller passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admitted {
    /// A role of the person.
    Person,
    /// The service by itself.
    Service,
    /// Anybody may.
    Anybody,
}

/// Whether the rule lets the caller pass, and on what ground.
pub(super) fn admit(
    call: &CallRule,
    person: Option<&PersonToken>,
    service: Option<&str>,
) -> Result<Admitted, Error> {
    let rule = &call.rule;
    let permitted = |role: Role| rule.roles().any(|r| r == role);
    if person.is_some_and(|person| roles(person).any(permitted)) {
        return Ok(Admitted::Person);
    }
    if service.is_some_and(|service| rule.services.iter().any(|s| s == service)) {
        return if rule.person_must_act {
            Err(Error::person_required())
        } else {
            Ok(Admitted::Service)
        };
    }
    if permitted(Role::Anonymous) {
        return if rule.person_must_act {
            Err(Error::person_required())
        } else {
            Ok(Admitted::Anybody)
        };
    }
    match (person, service) {
        (None, None) => Err(Error::unauthenticated("sign in first")),
        (None, Some(_)) if rule.person_must_act => Err(Error::person_required()),
        _ => Err(Error::role_missing()),
    }
}

/// Refuses staff whose role holds at part of the operator only where the call
/// is about the whole of it: who administers one studio gives no roles at others.
pub(super) fn wide_enough(
    call: &CallRule,
    admitted: Admitted,
    person: Option<&PersonToken>,
    organisation: &Organisation,
) -> Result<(), Error> {
    let staff = person.filter(|person| person.kind == PersonKind::Staff);
    match (call.rule.reach(), admitted, staff) {
        (Reach::Operator, Admitted::Person, Some(staff))
            if below_grants(call, staff, organisation) != Studios::All =>
        {
            Err(Error::role_missing())
        }
        _ => Ok(()),
    }
}

/// The studios that the rule opens to the caller, and whether what is their
/// own is within reach.
pub(super) fn reach(
    call: &CallRule,
    admitted: Admitted,
    person: Option<&PersonToken>,
    organisation: &Organisation,
) -> (Studios, bool) {
    let nothing = Studios::Some(Vec::new());
    let member = person.is_some_and(|p| p.kind == PersonKind::Member);
    match (call.rule.reach(), admitted) {
        (Reach::None | Reach::Unspecified, _) => (nothing, false),
        (_, Admitted::Service) | (Reach::Operator, Admitted::Person) => (Studios::All, member),
        (Reach::Studio, Admitted::Person) => match person {
            Some(person) if person.kind == PersonKind::Staff => {
                (below_grants(call, person, organisation), false)
            }
            _ => (nothing, true),
        },
        (Reach::Own, _) | (Reach::Studio | Reach::Operator, Admitted::Anybody) => (nothing, person.is_some()),
    }
}

/// The studios below the nodes at which the person holds a permitted role.
fn below_grants(call: &CallRule, person: &PersonToken, organisation: &Organisation) -> Studios {
    let mut nodes: Vec<NodeId> = Vec::new();
    for grant in person
        .grants
        .iter()
        .filter(|grant| call.rule.roles().any(|role| role == grant.role))
    {
        match grant.node {
            GrantNode::All => return Studios::All,
            GrantNode::Node(node) => nodes.push(node),
        }
    }
    organisation.reach(&nodes)
}

fn roles(person: &PersonToken) -> impl Iterator<Item = Role> {
    let member = (person.kind == PersonKind::Member).then_some(Role::Member);
    member.into_iter().chain(
        person
            .grants
            .iter()
            .map(|grant| grant.role)
            .filter(|_| person.kind == PersonKind::Staff),
    )
}

/// What a handler learns of the person.
pub(super) fn identity(person: &PersonToken) -> Person {
    let mut roles: Vec<Role> = roles(person).collect();
    roles.dedup();
    Person {
        id: person.person,
        account: person.account.clone(),
        roles,
    }
}

#[cfg(test)]
mod tests {
    use kernel::PersonId;
    use proto::studio::access::v1::Rule;

    use super::*;
    use crate::token::Grant;

    fn call(change: impl FnOnce(&mut Rule)) -> CallRule {
        let mut rule = Rule::default();
        rule.set_reach(Reach::Studio);
        rule.push_roles(Role::FrontDesk);
        change(&mut rule);
        CallRule {
            path: "/studio.test.v1.TestService/TurnOver",
            service: "studio.test.v1.TestService".to_owned(),
            method: "TurnOver".to_owned(),
            span: "test.turn_over".to_owned(),
            rule,
            streams: false,
        }
    }

    fn staff(role: Role, node: GrantNode) -> PersonToken {
        let grants = vec![Grant { role, node }];
        PersonToken {
            account: "wu".to_owned(),
            person: PersonId::fresh(),
            kind: PersonKind::Staff,
            grants,
        }
    }

    fn member() -> PersonToken {
        PersonToken {
            account: "lin".to_owned(),
            person: PersonId::fresh(),
            kind: PersonKind::Member,
            grants: Vec::new(),
        }
    }

    fn reason(result: Result<Admitted, Error>) -> String {
        result.unwrap_err().reason().unwrap_or_default()
    }

    #[test]
    fn a_permitted_role_passes_and_another_does_not() {
        let call = call(|_| ());
        assert_eq!(
            admit(&call, Some(&staff(Role::FrontDesk, GrantNode::All)), None).unwrap(),
            Admitted::Person
        );
        assert_eq!(
            reason(admit(&call, Some(&staff(Role::Coach, GrantNode::All)), None)),
            "ROLE_MISSING"
        );
        assert_eq!(reason(admit(&call, Some(&member()), None)), "ROLE_MISSING");
    }

    #[test]
    fn a_stranger_is_asked_to_sign_in_unless_anybody_may() {
        assert_eq!(reason(admit(&call(|_| ()), None, None)), "UNAUTHENTICATED");
        let open = call(|rule| rule.push_roles(Role::Anonymous));
        assert_eq!(admit(&open, None, None).unwrap(), Admitted::Anybody);
    }

    #[test]
    fn a_service_passes_where_it_is_listed_and_no_person_must_act() {
        let listed = |person| {
            call(|rule| {
                rule.services.push("orders".to_owned());
                rule.person_must_act = person;
            })
        };
        assert_eq!(
            admit(&listed(false), None, Some("orders")).unwrap(),
            Admitted::Service
        );
        assert_eq!(
            reason(admit(&listed(false), None, Some("wallet"))),
            "ROLE_MISSING"
        );
        assert_eq!(
            reason(admit(&listed(true), None, Some("orders"))),
            "PERSON_REQUIRED"
        );
        let wu = staff(Role::FrontDesk, GrantNode::All);
        assert_eq!(
            admit(&listed(true), Some(&wu), Some("orders")).unwrap(),
            Admitted::Person
        );
    }

    #[test]
    fn staff_reach_the_studios_of_their_grants_and_members_their_own() {
        let organisation = Organisation::default();
        let studio = call(|rule| rule.push_roles(Role::Member));
        let everywhere = staff(Role::FrontDesk, GrantNode::All);
        assert_eq!(
            reach(&studio, Admitted::Person, Some(&everywhere), &organisation),
            (Studios::All, false)
        );
        let elsewhere = staff(Role::FrontDesk, GrantNode::Node(NodeId::fresh()));
        let nothing = Studios::Some(Vec::new());
        assert_eq!(
            reach(&studio, Admitted::Person, Some(&elsewhere), &organisation),
            (nothing.clone(), false)
        );
        assert_eq!(
            reach(&studio, Admitted::Person, Some(&member()), &organisation),
            (nothing, true)
        );
    }

    #[test]
    fn a_grant_of_a_role_that_is_not_permitted_adds_no_reach() {
        let mut person = staff(Role::FrontDesk, GrantNode::Node(NodeId::fresh()));
        person.grants.push(Grant {
            role: Role::Coach,
            node: GrantNode::All,
        });
        let (studios, _) = reach(
            &call(|_| ()),
            Admitted::Person,
            Some(&person),
            &Organisation::default(),
        );
        assert_eq!(studios, Studios::Some(Vec::new()));
    }

    #[test]
    fn a_role_at_one_studio_opens_no_call_on_the_whole_operator() {
        let organisation = Organisation::default();
        let call = call(|rule| rule.set_reach(Reach::Operator));
        let asks = |node| {
            let person = staff(Role::FrontDesk, node);
            wide_enough(&call, Admitted::Person, Some(&person), &organisation)
        };
        assert!(asks(GrantNode::All).is_ok());
        let refused = asks(GrantNode::Node(NodeId::fresh())).unwrap_err();
        assert_eq!(refused.reason().unwrap_or_default(), "ROLE_MISSING");
        assert!(wide_enough(&call, Admitted::Service, None, &organisation).is_ok());
    }

    #[test]
    fn a_call_without_reach_sees_nothing_whoever_makes_it() {
        let blind = call(|rule| rule.set_reach(Reach::None));
        let everywhere = staff(Role::FrontDesk, GrantNode::All);
        let seen = reach(
            &blind,
            Admitted::Person,
            Some(&everywhere),
            &Organisation::default(),
        );
        assert_eq!(seen, (Studios::Some(Vec::new()), false));
    }

    #[test]
    fn a_members_token_holds_no_post_even_if_it_names_grants() {
        let mut lin = member();
        lin.grants.push(Grant {
            role: Role::FrontDesk,
            node: GrantNode::All,
        });
        assert_eq!(reason(admit(&call(|_| ()), Some(&lin), None)), "ROLE_MISSING");
    }
}
