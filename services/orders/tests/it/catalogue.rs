//! C12, E26: the catalogue comes from a file, whole or not at all, and nobody
//! who sells can touch it.

use kernel::PersonId;
use proto::studio::access::v1::Role;
use proto::studio::orders::v1 as pb;
use testkit::{At, Identity};
use tonic::Code;

use crate::world::{HEADER, PRODUCTS, World, code, id, reason};

fn file(text: &str) -> String {
    format!("{HEADER}{text}")
}

const ONE: &str = "SEASON,季卡,term_card,999.90,90,payment,0,at_once,ENTRY:入馆训练:studio:0,,\n";

#[tokio::test]
async fn a_file_with_one_bad_cell_is_reported_by_line_and_field_and_takes_nothing_in() {
    let world = World::bare(0).await;
    let bad = "BAD,坏卡,annual_card,12.345,365,activation,90,by_identity,ENTRY:入馆:moon:0,NOWHERE,\n";
    let reply = world.import(&file(&format!("{PRODUCTS}{bad}")), false).await;
    assert!(!reply.applied);
    let mut places: Vec<(i32, &str)> = reply.errors.iter().map(|e| (e.line, e.field.as_str())).collect();
    places.sort_unstable();
    assert_eq!(places, [(5, "benefits"), (5, "price"), (5, "sold_at")]);
    assert_eq!(world.count("products").await, 0);
    assert_eq!(world.count("outbox").await, 0);
}

#[tokio::test]
async fn a_trial_run_says_what_would_happen_and_does_nothing() {
    let world = World::bare(0).await;
    let reply = world.import(&file(PRODUCTS), true).await;
    assert_eq!((reply.applied, reply.rows, reply.created), (false, 3, 3));
    assert!(reply.errors.is_empty());
    assert_eq!(world.count("product_versions").await, 0);
}

#[tokio::test]
async fn gb18030_is_read_like_utf_8() {
    let world = World::bare(0).await;
    let text = file(PRODUCTS);
    let (content, _, _) = encoding_rs::GB18030.encode(&text);
    let ask = pb::ImportCatalogueRequest {
        request_id: id(),
        content: content.into_owned(),
        trial_run: false,
    };
    let mut catalogue = world.catalogue(world.product_manager());
    assert!(
        catalogue
            .import_catalogue(ask)
            .await
            .unwrap()
            .into_inner()
            .applied
    );
    assert_eq!(
        world
            .product("YEAR-BJ")
            .await
            .current
            .unwrap()
            .terms
            .unwrap()
            .name,
        "北京年卡"
    );
}

#[tokio::test]
async fn another_price_is_another_version_from_its_date_and_the_old_one_never_changes() {
    let world = World::bare(0).await;
    assert!(world.import(&file(ONE), false).await.applied);
    let same = world.import(&file(ONE), false).await;
    assert_eq!((same.unchanged, same.changed, same.created), (1, 0, 0));

    let day = (world.it.clock().now() + chrono::Duration::days(10))
        .format("%Y-%m-%d")
        .to_string();
    let dearer = file(
        &ONE.replace("999.90", "1099.00")
            .replace(",,\n", &format!(",,{day}\n")),
    );
    let reply = world.import(&dearer, false).await;
    assert_eq!((reply.applied, reply.changed), (true, 1));

    let price = |product: pb::Product| product.current.unwrap().terms.unwrap().price.unwrap().minor;
    assert_eq!(price(world.product("SEASON").await), 99_990);
    world.advance_hours(11 * 24);
    let product = world.product("SEASON").await;
    assert_eq!(product.versions.len(), 2);
    assert_eq!(price(product), 109_900);
    assert!(
        sqlx::query("update product_versions set price_minor = 1")
            .execute(world.it.pool())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_version_that_would_begin_in_the_past_is_refused() {
    let world = World::bare(0).await;
    assert!(world.import(&file(ONE), false).await.applied);
    let back = file(&ONE.replace("999.90", "1.00").replace(",,\n", ",,2026-01-01\n"));
    let reply = world.import(&back, false).await;
    assert!(!reply.applied);
    assert_eq!(
        (reply.errors[0].line, reply.errors[0].field.as_str()),
        (2, "effective_from")
    );
    assert_eq!(world.count("product_versions").await, 1);
}

#[tokio::test]
async fn what_is_no_such_file_is_refused_whole() {
    let world = World::bare(0).await;
    for content in [b"PK\x03\x04\x00".to_vec(), b"code,name\nA,B\n".to_vec()] {
        let ask = pb::ImportCatalogueRequest {
            request_id: id(),
            content,
            trial_run: false,
        };
        let answer = world
            .catalogue(world.product_manager())
            .import_catalogue(ask)
            .await;
        assert_eq!(reason(answer), "UNREADABLE_FILE");
    }
}

#[tokio::test]
async fn sales_and_directors_cannot_alter_what_is_sold() {
    let world = World::open().await;
    for role in [
        Role::Sales,
        Role::StudioDirector,
        Role::FrontDesk,
        Role::CustomerService,
        Role::Reviewer,
    ] {
        let ask = pb::ImportCatalogueRequest {
            request_id: id(),
            content: file(ONE).into_bytes(),
            trial_run: true,
        };
        let who = Identity::staff(role, At::Everywhere);
        assert_eq!(
            reason(world.catalogue(who).import_catalogue(ask).await),
            "ROLE_MISSING",
            "{role:?}"
        );
    }
    let ask = pb::ImportCatalogueRequest {
        request_id: id(),
        content: vec![b'x'],
        trial_run: true,
    };
    let member = Identity::member(PersonId::fresh());
    assert_eq!(
        code(world.catalogue(member).import_catalogue(ask).await),
        Code::PermissionDenied
    );
}

#[tokio::test]
async fn a_list_shows_what_is_sold_at_the_studio() {
    let world = World::open().await;
    let list = async |studio: String| {
        let ask = pb::ListProductsRequest {
            studio_id: studio,
            ..Default::default()
        };
        let reply = world
            .catalogue(Identity::anonymous())
            .list_products(ask)
            .await
            .unwrap()
            .into_inner();
        reply.products.into_iter().map(|p| p.code).collect::<Vec<_>>()
    };
    assert_eq!(list(String::new()).await, ["YEAR-ALL", "YEAR-BJ", "YEAR-SH"]);
    assert_eq!(
        list(world.chain.chaoyang.to_string()).await,
        ["YEAR-ALL", "YEAR-BJ"]
    );
    assert_eq!(list(world.chain.xuhui.to_string()).await, ["YEAR-ALL", "YEAR-SH"]);
}

#[tokio::test]
async fn products_are_paged_by_code() {
    let world = World::open().await;
    let mut token = String::new();
    let mut codes = Vec::new();
    loop {
        let ask = pb::ListProductsRequest {
            page_size: 2,
            page_token: token,
            ..Default::default()
        };
        let reply = world
            .catalogue(Identity::anonymous())
            .list_products(ask)
            .await
            .unwrap()
            .into_inner();
        codes.extend(reply.products.into_iter().map(|p| p.code));
        token = reply.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(codes, ["YEAR-ALL", "YEAR-BJ", "YEAR-SH"]);
}

#[tokio::test]
async fn the_demo_catalogue_is_taken_in_apart_from_its_places() {
    let world = World::bare(0).await;
    let demo = include_str!("../../../../deploy/local/demo/catalogue.csv");
    let reply = world.import(demo, true).await;
    assert_eq!(reply.rows, 8);
    assert!(
        reply.errors.iter().all(|e| e.field == "sold_at"),
        "{:?}",
        reply.errors
    );
}
