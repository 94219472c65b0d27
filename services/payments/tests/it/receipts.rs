//! A receipt as a page.

use kernel::{PersonId, RefundLegId};
use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;
use testkit::Door;
use tonic::{Code, Status};

use crate::world::{PRICE, Told, World, fen, reason, receipts, request_id};

async fn page(who: Door, receipt_id: &str) -> Result<String, Status> {
    let request = pb::GetReceiptPageRequest {
        receipt_id: receipt_id.to_owned(),
    };
    let answer = receipts(who).get_receipt_page(request).await?;
    Ok(answer.into_inner().html)
}

/// A payment of something whose name means harm, and its receipt.
async fn paid(world: &World) -> (pb::Payment, pb::Receipt) {
    let intent = world
        .create(pb::CreateIntentRequest {
            request_id: request_id(),
            description: "<script>alert('卡')</script>".to_owned(),
            ..world.asked()
        })
        .await
        .unwrap();
    let attempt = world.qr(&intent).await;
    world.pay(&attempt).await;
    let payment = world.payment_of(&intent).await;
    let request = pb::GetReceiptRequest {
        payment_id: payment.payment_id.clone(),
        ..Default::default()
    };
    let found = receipts(world.it.as_service("orders")).get_receipt(request).await;
    (payment, found.unwrap().into_inner().receipt.unwrap())
}

#[tokio::test]
async fn a_member_prints_the_receipt_of_their_payment_and_nobody_elses() {
    let world = World::open().await;
    let (_, receipt) = paid(&world).await;
    let owner: PersonId = receipt.person_id.parse().unwrap();
    let html = page(world.it.as_member(owner), &receipt.receipt_id)
        .await
        .unwrap();
    for shown in [
        receipt.receipt_number.as_str(),
        receipt.channel_transaction.as_str(),
        "91350100M000100Y43",
        "人民币叁仟陆佰捌拾元整",
        "¥3,680.00",
        "400-000-0000 &lt;b&gt;前台&lt;/b&gt;",
        "&lt;script&gt;alert(&#39;卡&#39;)&lt;/script&gt;",
    ] {
        assert!(html.contains(shown), "{shown}");
    }
    assert!(!html.contains("<script") && !html.contains(&receipt.person_id));

    let stranger = world.it.as_member(PersonId::fresh());
    let elsewhere = world.it.as_staff(Role::FrontDesk, world.chain.xuhui);
    for who in [stranger, elsewhere] {
        let refused = page(who, &receipt.receipt_id).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
    }
    let desk = world.it.as_staff(Role::FrontDesk, world.chain.chaoyang);
    assert_eq!(page(desk, &receipt.receipt_id).await.unwrap(), html);
}

#[tokio::test]
async fn an_invoice_is_for_what_did_not_go_back_and_is_not_taxed() {
    let world = World::open().await;
    let (payment, receipt) = paid(&world).await;
    let owner: PersonId = receipt.person_id.parse().unwrap();
    let data = async || {
        let request = pb::GetInvoiceDataRequest {
            receipt_id: receipt.receipt_id.clone(),
        };
        let mut who = receipts(world.it.as_member(owner));
        let answer = who.get_invoice_data(request).await.unwrap();
        answer.into_inner().invoice_data.unwrap()
    };
    let before = data().await;
    assert_eq!(before.receipt.as_ref(), Some(&receipt));
    assert_eq!(
        (
            before.tax_category_code.as_str(),
            before.item.as_str(),
            before.tax_treatment()
        ),
        ("601", "预付卡销售和充值", pb::TaxTreatment::NotTaxed)
    );
    assert_eq!(before.seller_credit_code, "91350100M000100Y43");
    assert_eq!(before.invoiceable, Some(fen(PRICE)));

    world.refund(&payment, RefundLegId::fresh(), 1_000).await.unwrap();
    assert_eq!(
        data().await.invoiceable,
        Some(fen(PRICE - 1_000)),
        "it is on its way back"
    );
    world.refunds_done().await;
    assert_eq!(data().await.invoiceable, Some(fen(PRICE - 1_000)), "it is back");
}

#[tokio::test]
async fn a_seller_whose_proofs_nobody_configured_has_none() {
    let world = World::open_told(Told {
        nameless: true,
        ..Told::default()
    })
    .await;
    let (_, receipt) = paid(&world).await;
    let desk = || world.it.as_staff(Role::FrontDesk, world.chain.chaoyang);
    let refused = page(desk(), &receipt.receipt_id).await.unwrap_err();
    assert_eq!(reason(&refused), "SELLER_NOT_SET_UP");
    let request = pb::GetInvoiceDataRequest {
        receipt_id: receipt.receipt_id.clone(),
    };
    let refused = receipts(desk()).get_invoice_data(request).await.unwrap_err();
    assert_eq!(reason(&refused), "SELLER_NOT_SET_UP");
}
