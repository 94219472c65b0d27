//! What comes in from files: the organisation and the staff.

use kernel::{PersonId, StudioId};
use proto::studio::access::v1::Role;
use proto::studio::members::v1::import_service_client::ImportServiceClient;
use proto::studio::members::v1::organisation_service_client::OrganisationServiceClient;
use proto::studio::members::v1::staff_service_client::StaffServiceClient;
use proto::studio::members::v1::{
    ImportOrganisationRequest, ImportReport, ImportStaffRequest, ListNodesRequest, ListStaffRequest,
};
use testkit::{Door, Identity};

use crate::people::id;
use crate::world::{World, head_office};

impl World {
    pub fn imports(&self) -> ImportServiceClient<Door> {
        ImportServiceClient::new(self.at_members(&head_office(Role::OperatorAdmin)))
    }

    async fn import_organisation(&self, content: &[u8], trial_run: bool) -> ImportReport {
        let request = ImportOrganisationRequest {
            request_id: id(),
            content: content.to_vec(),
            trial_run,
        };
        self.imports()
            .import_organisation(request)
            .await
            .unwrap()
            .into_inner()
            .report
            .unwrap()
    }

    /// Somebody new who holds the post, from a staff file, known to every service.
    pub async fn hires(&self, role: Role, node: &str, studio: StudioId) -> Identity {
        let role_name = role.as_str_name().trim_start_matches("ROLE_").to_lowercase();
        let number = format!("E-{}", role_name.to_uppercase());
        let content = format!(
            "account,name,person,role,node\n{role_name}@studio.example,王芳,{number},{role_name},{node}\n"
        );
        let request = ImportStaffRequest {
            request_id: id(),
            content: content.into_bytes(),
            trial_run: false,
        };
        let report = self
            .imports()
            .import_staff(request)
            .await
            .unwrap()
            .into_inner()
            .report
            .unwrap();
        assert!(report.imported, "{:?}", report.errors);
        self.settle().await;
        let mut staff = StaffServiceClient::new(self.at_members(&head_office(Role::OperatorAdmin)));
        let request = ListStaffRequest {
            role: role.into(),
            page_size: 200,
            ..ListStaffRequest::default()
        };
        let listed = staff.list_staff(request).await.unwrap().into_inner().staff;
        let person: PersonId = listed
            .iter()
            .find(|s| s.staff_number == number)
            .unwrap()
            .person_id
            .parse()
            .unwrap();
        Identity::posts(person, &[(role, studio.into())])
    }
}

#[tokio::test]
async fn a_studio_from_a_file_is_known_to_every_service() {
    let world = World::open().await;
    let file = "code,kind,parent,name\nBJ-DC,studio,RG-BJ,东城馆\n";
    // As Chinese office programs save it.
    let gb18030 = encoding_rs::GB18030.encode(file).0.into_owned();
    let trial = world.import_organisation(&gb18030, true).await;
    assert_eq!((trial.created, trial.imported), (1, false));
    let real = world.import_organisation(&gb18030, false).await;
    assert_eq!((real.created, real.imported), (1, true));
    world.settle().await;
    for known in [
        world.orders.app().organisation(),
        world.wallet.app().organisation(),
        world.refunds.app().organisation(),
    ] {
        let studio = known.by_code("BJ-DC").expect("the studio is unknown");
        assert_eq!(studio.name, "东城馆");
        assert_eq!(
            known.studio(StudioId(studio.id.0)).unwrap().legal_entity,
            world.chain.beijing_company
        );
    }
}

#[tokio::test]
async fn a_file_with_bad_rows_names_each_and_brings_nothing_in() {
    let world = World::open().await;
    let file = "code,kind,parent,name\nBJ-DC,studio,RG-BJ,东城馆\nBJ-??,studio,RG-BJ,坏馆\nBJ-XC,studio,NOWHERE,西城馆\n";
    let report = world.import_organisation(file.as_bytes(), false).await;
    assert!(!report.imported);
    let lines: Vec<_> = report.errors.iter().map(|e| (e.line, e.field.as_str())).collect();
    assert_eq!(lines, [(3, "code"), (4, "parent")]);
    let mut nodes = OrganisationServiceClient::new(world.at_members(&head_office(Role::OperatorAdmin)));
    let request = ListNodesRequest {
        page_size: 200,
        ..ListNodesRequest::default()
    };
    let listed = nodes.list_nodes(request).await.unwrap().into_inner().nodes;
    assert!(listed.iter().all(|n| n.code != "BJ-DC"), "half a file came in");
}
