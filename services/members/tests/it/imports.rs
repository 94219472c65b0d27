use proto::studio::members::v1 as pb;
use proto::studio::members::v1::organisation_service_client::OrganisationServiceClient;

use crate::world::{World, id, id_number, imports, people, phone, reason};

const NODES: &str = "code,kind,parent,name\n\
    GZ-1,studio,R-GZ,天河馆\nR-GZ,region,C-GZ,广州\nC-GZ,legal_entity,B-1,广州晴空\nB-1,brand,OP,晴空\n";

fn nodes(file: &[u8], trial_run: bool) -> pb::ImportOrganisationRequest {
    pb::ImportOrganisationRequest {
        request_id: id(),
        content: file.to_vec(),
        trial_run,
    }
}

fn members(file: &str, trial_run: bool) -> pb::ImportMembersRequest {
    pb::ImportMembersRequest {
        request_id: id(),
        content: file.into(),
        trial_run,
    }
}

async fn import_nodes(world: &World, file: &[u8], trial: bool) -> pb::ImportReport {
    let reply = imports(world.admin())
        .import_organisation(nodes(file, trial))
        .await
        .unwrap();
    reply.into_inner().report.unwrap()
}

async fn import_members(world: &World, file: &str, trial: bool) -> pb::ImportReport {
    let reply = imports(world.admin())
        .import_members(members(file, trial))
        .await
        .unwrap();
    reply.into_inner().report.unwrap()
}

fn row(n: u32, name: &str, studio: &str) -> String {
    format!(
        "{name},{},{},lin{n}@example.com,{studio},2025-03-31\n",
        phone(n),
        id_number(n)
    )
}

const HEAD: &str = "name,phone,id_number,email,studio,registered_on\n";

#[tokio::test(flavor = "multi_thread")]
async fn the_tree_comes_in_from_a_file_parents_first_and_is_told_of() {
    let world = World::open().await;
    let report = import_nodes(&world, NODES.as_bytes(), false).await;
    assert_eq!((report.rows, report.created, report.imported), (4, 4, true));
    let told: Vec<String> = sqlx::query_scalar(
        "select n.code from outbox o join org_nodes n on n.node_id = o.aggregate where type = 'organisation_node_changed' order by o.id",
    )
    .fetch_all(world.it.pool())
    .await
    .unwrap();
    assert_eq!(told, ["B-1", "C-GZ", "R-GZ", "GZ-1"]);
    let mut anybody = OrganisationServiceClient::new(world.it.anonymous());
    let studios = pb::ListNodesRequest {
        kind: pb::NodeKind::Studio.into(),
        ..Default::default()
    };
    let studios = anybody.list_nodes(studios).await.unwrap().into_inner().nodes;
    assert_eq!(studios.len(), 4);
    let new = studios.iter().find(|node| node.code == "GZ-1").unwrap();
    let shown = anybody
        .get_node(pb::GetNodeRequest {
            node_id: new.node_id.clone(),
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(shown.ancestors.len(), 4);
    let unknown = anybody.get_node(pb::GetNodeRequest { node_id: id() }).await;
    assert_eq!(reason(unknown), "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_import_updates_by_code() {
    let world = World::open().await;
    import_nodes(&world, NODES.as_bytes(), false).await;
    let again = import_nodes(&world, NODES.replace("天河馆", "珠江馆").as_bytes(), false).await;
    assert_eq!((again.created, again.updated, again.unchanged), (0, 1, 3));
    assert_eq!(
        world
            .count("org_nodes where name = '珠江馆' and version = 2")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_gb18030_is_read_like_one_in_utf_8() {
    let world = World::open().await;
    let (gbk, _, _) = encoding_rs::GB18030.encode(NODES);
    import_nodes(&world, &gbk, false).await;
    assert_eq!(world.count("org_nodes where name = '天河馆'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_run_reports_the_same_and_changes_nothing() {
    let world = World::open().await;
    let report = import_nodes(&world, NODES.as_bytes(), true).await;
    assert_eq!((report.created, report.imported), (4, false));
    let people = import_members(&world, &format!("{HEAD}{}", row(1, "林晓", "BJ-CY")), true).await;
    assert_eq!((people.created, people.imported), (1, false));
    assert_eq!((world.count("people").await, world.count("outbox").await), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_row_is_reported_with_line_and_field_and_nothing_is_half_imported() {
    let world = World::open().await;
    let bad = format!("{NODES}GZ-1,studio,R-GZ,again\nX-1,studio,NOWHERE,x\nX-2,studio,OP,x\n");
    let report = import_nodes(&world, bad.as_bytes(), false).await;
    let errors: Vec<(i32, &str)> = report.errors.iter().map(|e| (e.line, e.field.as_str())).collect();
    assert_eq!(errors, [(6, "code"), (7, "parent"), (8, "parent")]);
    assert_eq!((report.imported, world.count("org_nodes").await), (false, 8));

    let people = format!(
        "{HEAD}{}{}{}",
        row(1, "林晓", "BJ-CY"),
        row(1, "王芳", "BJ-CY"),
        row(2, "", "NOWHERE")
    );
    let report = import_members(&world, &people, false).await;
    let errors: Vec<(i32, &str)> = report.errors.iter().map(|e| (e.line, e.field.as_str())).collect();
    assert_eq!(
        errors,
        [(3, "phone"), (3, "id_number"), (4, "name"), (4, "studio")]
    );
    assert_eq!((world.count("people").await, world.count("claims").await), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrected_file_may_be_sent_with_the_same_request_id() {
    let world = World::open().await;
    let mut admin = imports(world.admin());
    let bad = members(&format!("{HEAD}{}", row(1, "", "BJ-CY")), false);
    let good = pb::ImportMembersRequest {
        content: format!("{HEAD}{}", row(1, "林晓", "BJ-CY")).into(),
        ..bad.clone()
    };
    assert!(
        !admin
            .import_members(bad)
            .await
            .unwrap()
            .into_inner()
            .report
            .unwrap()
            .imported
    );
    let first = admin.import_members(good.clone()).await.unwrap().into_inner();
    assert!(first.report.as_ref().unwrap().imported);
    assert_eq!(admin.import_members(good).await.unwrap().into_inner(), first);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_come_in_from_a_file_and_are_found_by_phone() {
    let world = World::open().await;
    let file = format!("{HEAD}{}{}", row(1, "林晓", "BJ-CY"), row(2, "王芳", "SH-XH"));
    assert_eq!(import_members(&world, &file, false).await.created, 2);
    assert_eq!(world.told("person_registered").await, 2);
    assert_eq!(import_members(&world, &file, false).await.unchanged, 2);
    let moved = format!("{HEAD}{}{}", row(1, "林小", "BJ-HD"), row(2, "王芳", "SH-XH"));
    let report = import_members(&world, &moved, false).await;
    assert_eq!((report.updated, report.unchanged), (1, 1));
    let ask = pb::LookUpPersonRequest { phone: phone(1) };
    let found = people(world.desk(world.chain.xuhui))
        .look_up_person(ask)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        found.person.unwrap().home_studio_id,
        world.chain.haidian.to_string()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_takes_another_persons_id_number_is_reported() {
    let world = World::open().await;
    world.lin(1).await;
    world.lin(2).await;
    let swapped = format!(
        "name,phone,id_number,studio\n林晓,{},{},BJ-CY\n赵静,{},{},BJ-CY\n",
        phone(1),
        id_number(2),
        phone(3),
        id_number(1)
    );
    let report = import_members(&world, &swapped, false).await;
    let errors: Vec<(i32, &str)> = report.errors.iter().map(|e| (e.line, e.field.as_str())).collect();
    assert_eq!(errors, [(2, "id_number"), (3, "id_number")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_its_columns_and_a_caller_without_the_post_are_refused() {
    let world = World::open().await;
    let mut admin = imports(world.admin());
    assert_eq!(
        reason(admin.import_members(members("name,phone\nx,y\n", false)).await),
        "FILE_UNREADABLE"
    );
    assert_eq!(
        reason(admin.import_organisation(nodes(&[0, 1, 2], false)).await),
        "FILE_UNREADABLE"
    );
    let director = world.it.as_staff(
        proto::studio::access::v1::Role::StudioDirector,
        world.chain.chaoyang,
    );
    assert_eq!(
        reason(imports(director).import_members(members(HEAD, false)).await),
        "ROLE_MISSING"
    );
    let service = imports(world.it.as_service("orders"))
        .import_members(members(HEAD, false))
        .await;
    assert_eq!(reason(service), "PERSON_REQUIRED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_many_members_fits_through_the_door() {
    let world = World::open().await;
    let rows: String = (0..600).map(|n| row(n, "林晓", "BJ-CY")).collect();
    let mut request = tonic::Request::new(members(&format!("{HEAD}{rows}"), false));
    request.set_timeout(std::time::Duration::from_secs(30));
    let report = imports(world.admin())
        .import_members(request)
        .await
        .unwrap()
        .into_inner()
        .report
        .unwrap();
    assert_eq!((report.created, report.imported), (600, true));
}
