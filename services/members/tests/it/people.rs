use kernel::PersonId;
use proto::studio::access::v1::Role;
use proto::studio::members::v1 as pb;
use tonic::Code;

use crate::world::{Lin, World, code, fields, id, id_number, people, phone, reason};

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_registers_and_is_told_of_as_an_id() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    assert_eq!(world.told("person_registered").await, 1);
    let payload: Vec<u8> = sqlx::query_scalar("select payload from outbox")
        .fetch_one(world.it.pool())
        .await
        .unwrap();
    let payload = String::from_utf8_lossy(&payload).into_owned();
    assert!(payload.contains(&lin.id.to_string()) && !payload.contains(&lin.phone));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_with_bad_fields_names_each_of_them() {
    let world = World::open().await;
    let bad = pb::RegisterPersonRequest {
        name: "123".to_owned(),
        phone: "12345".to_owned(),
        id_number: "110105194912310021".to_owned(),
        email: "nobody".to_owned(),
        ..world.registration(1)
    };
    let answer = people(world.it.anonymous()).register_person(bad).await;
    assert_eq!(fields(answer), ["name", "phone", "id_number", "email"]);
    let empty = pb::RegisterPersonRequest {
        name: String::new(),
        phone: String::new(),
        ..world.registration(1)
    };
    let answer = people(world.it.anonymous()).register_person(empty).await;
    assert_eq!(fields(answer), ["name", "phone"]);
    assert_eq!(world.count("people").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_or_an_id_number_that_somebody_has_is_refused_without_saying_whose() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let mut stranger = people(world.it.anonymous());
    let same_phone = pb::RegisterPersonRequest {
        phone: format!("+86 {}", phone(1)),
        ..world.registration(2)
    };
    let same_id = pb::RegisterPersonRequest {
        id_number: id_number(1),
        ..world.registration(3)
    };
    for request in [same_phone, same_id] {
        let answer = stranger.register_person(request).await;
        assert!(
            !answer
                .as_ref()
                .unwrap_err()
                .message()
                .contains(&lin.id.to_string())
        );
        assert_eq!(reason(answer), "PERSON_ALREADY_REGISTERED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_registers_again_gets_their_own_id() {
    let world = World::open().await;
    let (lin, wang) = (world.lin(1).await, world.lin(2).await);
    let again = people(world.it.as_member(lin.id))
        .register_person(world.registration(1))
        .await
        .unwrap();
    assert_eq!(again.into_inner().person_id, lin.id.to_string());
    let other = people(world.it.as_member(wang.id))
        .register_person(world.registration(1))
        .await;
    assert_eq!(reason(other), "PERSON_ALREADY_REGISTERED");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_registrations_of_one_phone_racing_make_one_person() {
    let world = World::open().await;
    let (mut a, mut b) = (people(world.it.anonymous()), people(world.it.anonymous()));
    let other = pb::RegisterPersonRequest {
        id_number: id_number(2),
        ..world.registration(1)
    };
    let (a, b) = tokio::join!(a.register_person(world.registration(1)), b.register_person(other));
    let lost = if a.is_ok() { b } else { a };
    assert_eq!(reason(lost), "PERSON_ALREADY_REGISTERED");
    assert_eq!(world.count("people").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_registration_raced_against_itself_answers_alike() {
    let world = World::open().await;
    let request = world.registration(1);
    let (mut a, mut b) = (people(world.it.anonymous()), people(world.it.anonymous()));
    let (a, b) = tokio::join!(a.register_person(request.clone()), b.register_person(request));
    assert_eq!(a.unwrap().into_inner(), b.unwrap().into_inner());
    assert_eq!(world.count("people").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_used_for_another_registration_is_refused() {
    let world = World::open().await;
    let first = world.registration(1);
    let second = pb::RegisterPersonRequest {
        request_id: first.request_id.clone(),
        ..world.registration(2)
    };
    let mut stranger = people(world.it.anonymous());
    stranger.register_person(first).await.unwrap();
    assert_eq!(
        reason(stranger.register_person(second).await),
        "IDEMPOTENCY_KEY_REUSED"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_registers_at_a_studio_that_does_not_exist() {
    let world = World::open().await;
    let request = pb::RegisterPersonRequest {
        home_studio_id: id(),
        ..world.registration(1)
    };
    assert_eq!(
        reason(people(world.it.anonymous()).register_person(request).await),
        "STUDIO_UNKNOWN"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_holds_no_personal_value_in_the_clear() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    for column in [
        "name_sealed",
        "phone_sealed",
        "phone_index",
        "id_number_sealed",
        "id_number_index",
        "email_sealed",
    ] {
        let bytes: Vec<u8> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select {column} from people")))
            .fetch_one(world.it.pool())
            .await
            .unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for value in [
            lin.phone.as_str(),
            lin.id_number.as_str(),
            "林晓",
            "lin1@example.com",
        ] {
            assert!(!text.contains(value), "{column}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_see_a_person_masked_and_a_member_only_themselves() {
    let world = World::open().await;
    let (lin, wang) = (world.lin(1).await, world.lin(2).await);
    let get = |person: PersonId| pb::GetPersonRequest {
        person_id: person.to_string(),
    };
    let seen = people(world.desk(world.chain.haidian))
        .get_person(get(lin.id))
        .await
        .unwrap()
        .into_inner();
    let seen = seen.person.unwrap();
    assert_eq!(
        (seen.masked_name.as_str(), seen.masked_phone.as_str()),
        ("林*", "139****0001")
    );
    assert!(!seen.masked_id_number.contains("19900101"));
    assert!(
        people(world.it.as_member(lin.id))
            .get_person(get(lin.id))
            .await
            .is_ok()
    );
    assert_eq!(
        reason(people(world.it.as_member(wang.id)).get_person(get(lin.id)).await),
        "NOT_FOUND"
    );
    assert_eq!(
        code(people(world.it.anonymous()).get_person(get(lin.id)).await),
        Code::Unauthenticated
    );
    let technician = world.it.as_staff(Role::Technician, world.chain.chaoyang);
    assert_eq!(
        reason(people(technician).get_person(get(lin.id)).await),
        "ROLE_MISSING"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_by_phone_reaches_everywhere_and_is_audited() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let ask = |phone: String| pb::LookUpPersonRequest { phone };
    let mut desk = people(world.desk(world.chain.xuhui));
    let found = desk.look_up_person(ask(lin.phone)).await.unwrap().into_inner();
    assert_eq!(found.person.unwrap().person_id, lin.id.to_string());
    assert_eq!(
        world
            .count("audit where decision = 'looked' and rpc like '%LookUpPerson'")
            .await,
        1
    );
    assert_eq!(reason(desk.look_up_person(ask(phone(9))).await), "NOT_FOUND");
    let member = people(world.it.as_member(lin.id))
        .look_up_person(ask(phone(1)))
        .await;
    assert_eq!(reason(member), "ROLE_MISSING");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_people_ends_at_the_studios_within_reach() {
    let world = World::open().await;
    world.lin(1).await;
    world.lin(2).await;
    let list = |size| pb::ListPeopleRequest {
        page_size: size,
        ..Default::default()
    };
    let mut here = people(world.desk(world.chain.chaoyang));
    let first = here.list_people(list(1)).await.unwrap().into_inner();
    let next = pb::ListPeopleRequest {
        page_token: first.next_page_token,
        ..list(1)
    };
    let second = here.list_people(next).await.unwrap().into_inner();
    assert_eq!(
        (
            first.people.len(),
            second.people.len(),
            second.next_page_token.as_str()
        ),
        (1, 1, "")
    );
    let sibling = people(world.desk(world.chain.haidian))
        .list_people(list(0))
        .await
        .unwrap()
        .into_inner();
    assert!(sibling.people.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_data_are_revealed_for_a_reason_that_is_kept() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let ask = |reason: &str| pb::RevealPersonalDataRequest {
        person_id: lin.id.to_string(),
        fields: vec![pb::PersonalField::Phone.into()],
        reason: reason.to_owned(),
    };
    let service = |studio| people(world.it.as_staff(Role::CustomerService, studio));
    let mut here = service(world.chain.chaoyang);
    let shown = here
        .reveal_personal_data(ask("call back about the lost card"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((shown.phone, shown.id_number.as_str()), (lin.phone.clone(), ""));
    let why: String = sqlx::query_scalar(
        "select why from audit where rpc like '%RevealPersonalData' and why like 'person %'",
    )
    .fetch_one(world.it.pool())
    .await
    .unwrap();
    assert!(why.contains("lost card") && why.contains(&lin.id.to_string()) && why.contains("PHONE"));

    assert_eq!(reason(here.reveal_personal_data(ask("")).await), "INVALID_FIELDS");
    let sibling = service(world.chain.haidian)
        .reveal_personal_data(ask("curious"))
        .await;
    assert_eq!(reason(sibling), "NOT_FOUND");
    let desk = people(world.desk(world.chain.chaoyang))
        .reveal_personal_data(ask("curious"))
        .await;
    assert_eq!(reason(desk), "ROLE_MISSING");
    let own = people(world.it.as_member(lin.id))
        .reveal_personal_data(ask("mine"))
        .await;
    assert_eq!(own.unwrap().into_inner().phone, lin.phone);
}

async fn contact(world: &World, lin: &Lin) -> pb::ResolveContactResponse {
    let person_id = lin.id.to_string();
    let mut sender = people(world.it.as_service("notifications"));
    let reply = sender
        .resolve_contact(pb::ResolveContactRequest { person_id })
        .await;
    reply.unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_notifications_learns_where_to_write() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let known = contact(&world, &lin).await;
    assert_eq!(
        (known.email.as_str(), known.language()),
        ("lin1@example.com", pb::Language::ZhCn)
    );
    for who in [
        world.it.as_service("orders"),
        world.admin(),
        world.it.as_member(lin.id),
    ] {
        let person_id = lin.id.to_string();
        let answer = people(who)
            .resolve_contact(pb::ResolveContactRequest { person_id })
            .await;
        assert_eq!(reason(answer), "ROLE_MISSING");
    }
}

fn advertising(lin: &Lin, given: bool) -> pb::RecordConsentRequest {
    let consent = pb::Consent {
        document: pb::ConsentDocument::Marketing.into(),
        document_version: "2026-11".to_owned(),
        given,
    };
    pb::RecordConsentRequest {
        request_id: id(),
        person_id: lin.id.to_string(),
        consent: Some(consent),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_word_of_a_member_on_advertising_counts() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    assert!(!contact(&world, &lin).await.marketing_allowed);
    for said in [true, false] {
        let mut member = people(world.it.as_member(lin.id));
        member.record_consent(advertising(&lin, said)).await.unwrap();
        assert_eq!(contact(&world, &lin).await.marketing_allowed, said);
        world.days_pass(1);
    }
    let mut stranger = people(world.it.as_member(PersonId::fresh()));
    let answer = stranger.record_consent(advertising(&lin, true)).await;
    assert_eq!(reason(answer), "NOT_FOUND");
}
