use kernel::PersonId;
use proto::studio::access::v1::Role;
use proto::studio::members::v1 as pb;
use proto::studio::members::v1::staff_service_client::StaffServiceClient;
use testkit::{At, Door, Identity};

use crate::world::{World, id, imports, phone, reason};

/// Two people: Wu with two accounts and two roles, and an administrator.
pub fn staff_file() -> &'static str {
    "account,name,person,role,node\n\
     wu@example.com,吴敏,E1,front_desk,BJ-CY\n\
     wu@example.com,吴敏,E1,coach,BJ-CY\n\
     wu2@example.com,吴敏,E1,coach,BJ-CY\n\
     li@example.com,李伟,E2,operator_admin,OP\n"
}

pub async fn import(world: &World, file: &str) -> pb::ImportReport {
    let request = pb::ImportStaffRequest {
        request_id: id(),
        content: file.into(),
        trial_run: false,
    };
    imports(world.admin())
        .import_staff(request)
        .await
        .unwrap()
        .into_inner()
        .report
        .unwrap()
}

fn staff(who: Door) -> StaffServiceClient<Door> {
    StaffServiceClient::new(who)
}

async fn listed(world: &World, who: Door) -> Vec<pb::StaffMember> {
    let _ = world;
    staff(who)
        .list_staff(pb::ListStaffRequest::default())
        .await
        .unwrap()
        .into_inner()
        .staff
}

async fn person_of(world: &World, number: &str) -> PersonId {
    let all = listed(world, world.admin()).await;
    all.iter()
        .find(|s| s.staff_number == number)
        .unwrap()
        .person_id
        .parse()
        .unwrap()
}

fn grant(person: PersonId, role: Role, node: impl Into<uuid::Uuid>) -> pb::GrantRoleRequest {
    pb::GrantRoleRequest {
        request_id: id(),
        person_id: person.to_string(),
        role: role.into(),
        node_id: node.into().to_string(),
        expire_at: None,
    }
}

fn revoke(grant: &str) -> pb::RevokeGrantRequest {
    pb::RevokeGrantRequest {
        request_id: id(),
        grant_id: grant.to_owned(),
        reason: "left the studio".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_with_grants_come_in_from_a_file_and_importing_it_again_changes_nothing() {
    let world = World::open().await;
    let report = import(&world, staff_file()).await;
    assert_eq!((report.rows, report.created, report.imported), (4, 4, true));
    assert_eq!(
        (
            world.count("staff").await,
            world.count("accounts").await,
            world.count("grants").await
        ),
        (2, 3, 3)
    );
    assert_eq!(world.told("staff_granted").await, 3);
    let again = import(&world, staff_file()).await;
    assert_eq!((again.created, again.updated, again.unchanged), (0, 0, 4));
    let renamed = import(&world, &staff_file().replace("李伟", "李卫")).await;
    assert_eq!((renamed.updated, renamed.unchanged), (1, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_contradict_what_is_known_are_named_and_nothing_is_imported() {
    let world = World::open().await;
    import(&world, staff_file()).await;
    let bad = "account,name,person,role,node\n\
        new@example.com,赵静,E9,coach,BJ-HD\n\
        li@example.com,王芳,E8,coach,BJ-HD\n\
        x@example.com,王芳,E7,member,NOWHERE\n";
    let report = import(&world, bad).await;
    let errors: Vec<(i32, &str)> = report.errors.iter().map(|e| (e.line, e.field.as_str())).collect();
    assert_eq!(errors, [(3, "account"), (4, "role"), (4, "node")]);
    assert!(!report.imported);
    assert_eq!(world.count("staff").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_does_not_pass_over_a_role_that_is_only_delegated() {
    let world = World::open().await;
    import(&world, staff_file()).await;
    let wu = person_of(&world, "E1").await;
    let delegated = pb::GrantRoleRequest {
        expire_at: world.in_an_hour(),
        ..grant(wu, Role::Sales, world.chain.haidian)
    };
    let mut admin = staff(world.admin());
    let delegated = admin.grant_role(delegated).await.unwrap().into_inner().grant_id;
    let file = "account,name,person,role,node\nwu@example.com,吴敏,E1,sales,BJ-HD\n";
    let report = import(&world, file).await;
    assert_eq!((report.unchanged, report.imported), (0, false));
    assert_eq!(
        (report.errors[0].line, report.errors[0].field.as_str()),
        (2, "role")
    );

    admin.revoke_grant(revoke(&delegated)).await.unwrap();
    let report = import(&world, file).await;
    assert_eq!((report.created, report.imported), (1, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_joins_the_staff_stays_one_person() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let file = format!(
        "account,name,person,role,node,phone\nlin@example.com,林晓,E5,sales,BJ-CY,{}\n",
        phone(1)
    );
    import(&world, &file).await;
    assert_eq!(person_of(&world, "E5").await, lin.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_director_sees_the_staff_of_their_studio_and_no_other() {
    let world = World::open().await;
    import(&world, staff_file()).await;
    let director = |studio| world.it.as_staff(Role::StudioDirector, studio);
    let here = listed(&world, director(world.chain.chaoyang)).await;
    assert_eq!(here.len(), 1);
    assert_eq!(
        (
            here[0].name.as_str(),
            here[0].grants.len(),
            here[0].accounts.len()
        ),
        ("吴敏", 2, 2)
    );
    assert!(listed(&world, director(world.chain.haidian)).await.is_empty());
    let desk = staff(world.desk(world.chain.chaoyang))
        .list_staff(pb::ListStaffRequest::default())
        .await;
    assert_eq!(reason(desk), "ROLE_MISSING");
    let asked = pb::ListStaffRequest {
        node_id: world.chain.chaoyang.to_string(),
        ..Default::default()
    };
    let mut sibling = staff(director(world.chain.haidian));
    assert!(
        sibling
            .list_staff(asked)
            .await
            .unwrap()
            .into_inner()
            .staff
            .is_empty()
    );
}

async fn grants_of(world: &World, person: PersonId, include_revoked: bool) -> usize {
    let request = pb::ListGrantsRequest {
        person_id: person.to_string(),
        include_revoked,
        ..Default::default()
    };
    let reply = staff(world.admin()).list_grants(request).await;
    reply.unwrap().into_inner().grants.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_gives_a_role_and_takes_it_away_once() {
    let world = World::open().await;
    import(&world, staff_file()).await;
    let wu = person_of(&world, "E1").await;
    let mut admin = staff(world.admin());
    let request = || grant(wu, Role::Sales, world.chain.haidian);
    let given = admin.grant_role(request()).await.unwrap().into_inner().grant_id;
    assert_eq!(reason(admin.grant_role(request()).await), "GRANT_EXISTS");
    admin.revoke_grant(revoke(&given)).await.unwrap();
    assert_eq!(reason(admin.revoke_grant(revoke(&given)).await), "GRANT_REVOKED");
    assert_eq!(world.told("staff_grant_revoked").await, 1);
    assert_eq!(grants_of(&world, wu, false).await, 2);
    assert_eq!(grants_of(&world, wu, true).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_refused_to_oneself_to_strangers_for_no_post_and_at_no_node() {
    let world = World::open().await;
    import(&world, staff_file()).await;
    let (wu, li) = (person_of(&world, "E1").await, person_of(&world, "E2").await);
    let himself = Identity::posts(li, &[(Role::OperatorAdmin, At::Everywhere)]);
    let mut admin = staff(world.it.door(himself));
    let haidian = world.chain.haidian;
    for (request, why) in [
        (grant(li, Role::Sales, haidian), "SAME_PERSON"),
        (grant(wu, Role::Member, haidian), "ROLE_NOT_GRANTABLE"),
        (grant(wu, Role::Sales, kernel::fresh_uuid()), "NODE_UNKNOWN"),
        (grant(PersonId::fresh(), Role::Sales, haidian), "NOT_FOUND"),
    ] {
        assert_eq!(reason(admin.grant_role(request).await), why);
    }
    let desk = staff(world.desk(world.chain.chaoyang))
        .grant_role(grant(wu, Role::Sales, haidian))
        .await;
    assert_eq!(reason(desk), "ROLE_MISSING");
    let service = staff(world.it.as_service("orders"))
        .grant_role(grant(wu, Role::Sales, haidian))
        .await;
    assert_eq!(reason(service), "PERSON_REQUIRED");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_cannot_be_removed_even_by_two_at_once() {
    let world = World::open().await;
    import(&world, staff_file()).await;
    let (wu, li) = (person_of(&world, "E1").await, person_of(&world, "E2").await);
    let mut admin = staff(world.admin());
    let of = |person: PersonId| pb::ListGrantsRequest {
        person_id: person.to_string(),
        role: Role::OperatorAdmin.into(),
        ..Default::default()
    };
    let first = admin
        .list_grants(of(li))
        .await
        .unwrap()
        .into_inner()
        .grants
        .remove(0)
        .grant_id;
    assert_eq!(reason(admin.revoke_grant(revoke(&first)).await), "LAST_ADMIN");
    let second = admin
        .grant_role(grant(wu, Role::OperatorAdmin, world.chain.operator))
        .await
        .unwrap()
        .into_inner();
    let (mut a, mut b) = (staff(world.admin()), staff(world.admin()));
    let (a, b) = tokio::join!(
        a.revoke_grant(revoke(&first)),
        b.revoke_grant(revoke(&second.grant_id))
    );
    let lost = if a.is_ok() { b } else { a };
    assert_eq!(reason(lost), "LAST_ADMIN");
}
