//! Something to decide for each call with four eyes, and who must not.

use journeys::steps::{self, yuan};
use kernel::PersonId;
use prost_reflect::DynamicMessage;
use proto::Call;
use proto::studio::access::v1::Role;
use proto::studio::members::v1 as members;
use proto::studio::members::v1::staff_service_client::StaffServiceClient;
use proto::studio::operations::v1 as operations;
use proto::studio::operations::v1::operations_service_client::OperationsServiceClient;
use proto::studio::orders::v1 as orders;
use proto::studio::refunds::v1 as refunds;
use proto::studio::refunds::v1::refund_service_client::RefundServiceClient;
use proto::studio::wallet::v1 as wallet;
use proto::studio::wallet::v1::recharge_service_client::RechargeServiceClient;
use proto::studio::wallet::v1::wallet_service_client::WalletServiceClient;
use testkit::{Identity, messages};

use crate::people::{Member, id};
use crate::world::World;

/// A call that can be made now, once, by one of the role.
pub struct Subject {
    pub path: &'static str,
    pub request: Vec<u8>,
    pub role: Role,
    /// Made it, wants it, or gets something from it.
    pub barred: Vec<(&'static str, PersonId)>,
}

impl Subject {
    fn new<C: Call>(request: &C, role: Role, barred: &[(&'static str, PersonId)]) -> Self {
        Self {
            path: C::METHOD,
            request: request.encode_to_vec(),
            role,
            barred: barred.to_vec(),
        }
    }

    /// `wallet` of `/studio.wallet.v1.WalletService/Spend`; for what every
    /// service serves about itself, the one where it was prepared.
    pub fn service(&self) -> &'static str {
        match self.path.split('.').nth(1).unwrap() {
            "operations" => "oversight",
            own => own,
        }
    }

    pub fn message(&self) -> DynamicMessage {
        let methods = messages::methods();
        let method = methods
            .into_iter()
            .find(|method| messages::path(method) == self.path);
        DynamicMessage::decode(method.unwrap().input(), self.request.as_slice()).unwrap()
    }

    /// The same with another request.
    pub fn with(&self, request: Vec<u8>) -> Self {
        Self {
            request,
            barred: self.barred.clone(),
            ..*self
        }
    }
}

/// Staff of the studio who prepare what others decide.
pub struct Staff {
    pub desk: Identity,
    pub first: Identity,
    pub second: Identity,
    pub specialist: Identity,
    pub clerk: Identity,
    pub manager: Identity,
    pub operations: Identity,
}

pub fn staff(world: &World) -> Staff {
    let studio = world.chain.chaoyang;
    let at = |role| Identity::staff(role, studio);
    Staff {
        desk: at(Role::FrontDesk),
        first: at(Role::CustomerService),
        second: Identity::posts(PersonId::fresh(), &[(Role::CustomerService, studio.into())]),
        specialist: at(Role::RechargeSpecialist),
        clerk: at(Role::RefundClerk),
        manager: at(Role::RechargeManager),
        operations: crate::world::head_office(Role::Operations),
    }
}

/// Everything that can be decided about an application: first the review, then
/// the approval in its three ways.
pub async fn submitted(world: &World, staff: &Staff, member: &Member, product: &str) -> String {
    let mut desk = world.orders_as(&staff.desk);
    let request = orders::ApplyRequest {
        request_id: id(),
        person_id: member.id.to_string(),
        studio_id: member.studio.to_string(),
        product_id: product.to_owned(),
        channel: orders::Channel::Studio.into(),
        needs: "晚上练习".to_owned(),
    };
    let draft = desk.apply(request).await.unwrap().into_inner().order.unwrap();
    let confirm = steps::confirm(id(), &draft);
    desk.confirm_application(confirm).await.unwrap();
    draft.order_id
}

pub fn first_review(member: &Member, order_id: &str) -> Subject {
    let request = steps::pass_first_review(id(), order_id);
    Subject::new(&request, Role::CustomerService, &[("applicant", member.id)])
}

/// Checked by one person and handed over by another; returns the quote.
pub async fn quoted(world: &World, staff: &Staff, order_id: &str) -> orders::Quote {
    let passed = world
        .orders_as(&staff.first)
        .pass_first_review(steps::pass_first_review(id(), order_id))
        .await
        .unwrap();
    world
        .orders_as(&staff.second)
        .submit_for_approval(steps::submit(id(), order_id))
        .await
        .unwrap();
    passed.into_inner().order.unwrap().quote.unwrap()
}

/// Approve, Reject and SendBack of one order that waits for them.
pub async fn reviews(world: &World, staff: &Staff, member: &Member, order_id: &str) -> [Subject; 3] {
    let quote = quoted(world, staff, order_id).await;
    let order_id = order_id.to_owned();
    let barred = [
        ("applicant", member.id),
        ("who entered it", staff.desk.person()),
        ("first reviewer", staff.first.person()),
        ("who submitted it", staff.second.person()),
    ];
    let (policy_version, reason) = ("2026-1".to_owned(), "按政策".to_owned());
    let approve = steps::approve(id(), &order_id, &quote);
    let reject = orders::RejectRequest {
        request_id: id(),
        order_id: order_id.clone(),
        policy_version: policy_version.clone(),
        reason: reason.clone(),
    };
    let send_back = orders::SendBackRequest {
        request_id: id(),
        order_id,
        policy_version,
        reason,
    };
    [
        Subject::new(&approve, Role::Reviewer, &barred),
        Subject::new(&reject, Role::Reviewer, &barred),
        Subject::new(&send_back, Role::Reviewer, &barred),
    ]
}

/// The desk applies for a recharge in the member's name.
async fn applied(
    world: &World,
    staff: &Staff,
    member: &Member,
    amount: i64,
) -> wallet::ApplyRechargeResponse {
    let request = steps::apply_recharge(id(), &member.id.to_string(), member.studio, yuan(amount));
    let mut desk = RechargeServiceClient::new(world.at_wallet(&staff.desk));
    desk.apply_recharge(request).await.unwrap().into_inner()
}

/// Accept and decline of an application for a recharge.
pub async fn recharge_checks(world: &World, staff: &Staff, member: &Member) -> [Subject; 2] {
    let applied = applied(world, staff, member, 100).await;
    let accept = steps::accept_recharge(id(), &applied);
    let decline = wallet::DeclineRechargeRequest {
        request_id: id(),
        recharge_id: applied.recharge_id,
        version: applied.version,
        reason: wallet::RejectReason::Incomplete.into(),
        advice: wallet::Advice::ApplyAgain.into(),
        explanation: "资料不全".to_owned(),
    };
    let barred = [("member", member.id)];
    let role = Role::RechargeSpecialist;
    [
        Subject::new(&accept, role, &barred),
        Subject::new(&decline, role, &barred),
    ]
}

/// Posting and rejection of a recharge whose money is there.
pub async fn recharge_audits(world: &World, staff: &Staff, member: &Member) -> [Subject; 2] {
    let applied = applied(world, staff, member, 200).await;
    let received = world.receives(member, &applied, &staff.specialist).await;
    let barred = [
        ("member", member.id),
        ("who entered it", staff.desk.person()),
        ("specialist", staff.specialist.person()),
    ];
    let post = steps::post_recharge(id(), &received);
    let reject = wallet::RejectRechargeRequest {
        request_id: id(),
        recharge_id: received.recharge_id,
        version: received.version,
        reason: wallet::RejectReason::Suspicious.into(),
        advice: wallet::Advice::AskStudio.into(),
        explanation: "来源不明".to_owned(),
    };
    [
        Subject::new(&post, Role::FinanceAuditor, &barred),
        Subject::new(&reject, Role::FinanceAuditor, &barred),
    ]
}

pub async fn frozen(world: &World, staff: &Staff, member: &Member) -> Subject {
    let request = wallet::FreezeWalletRequest {
        request_id: id(),
        person_id: member.id.to_string(),
        reason: "可疑".to_owned(),
    };
    let mut wallets = WalletServiceClient::new(world.at_wallet(&staff.manager));
    wallets.freeze_wallet(request).await.unwrap();
    let unfreeze = wallet::UnfreezeWalletRequest {
        request_id: id(),
        person_id: member.id.to_string(),
        reason: "已核实".to_owned(),
    };
    let barred = [("owner", member.id), ("who froze it", staff.manager.person())];
    Subject::new(&unfreeze, Role::RechargeManager, &barred)
}

/// Something bought and paid by QR.
pub async fn bought(world: &World, member: &Member, product: &str) -> String {
    let order = world.confirmed_order(member, product).await;
    world.pays_by_qr(member, &order).await;
    world
        .until("the order is fulfilled", async || {
            let order = world.order(member, &order.order_id).await;
            order.state() == orders::OrderState::Fulfilled
        })
        .await;
    order.order_id
}

/// Approval and rejection of a refund of part of it.
pub async fn refund_decisions(world: &World, staff: &Staff, member: &Member, product: &str) -> [Subject; 2] {
    let order_id = bought(world, member, product).await;
    let request = steps::open_case(id(), &order_id, yuan(50));
    let mut cases = RefundServiceClient::new(world.at_refunds(&staff.clerk));
    let opened = cases.open_case(request).await.unwrap().into_inner();
    let approve = steps::approve_case(id(), &opened);
    let reject = refunds::RejectCaseRequest {
        request_id: id(),
        case_id: opened.case_id,
        version: opened.version,
        reason: refunds::CaseRejectReason::NotProven.into(),
        note: "无凭证".to_owned(),
    };
    let barred = [("member", member.id), ("who opened it", staff.clerk.person())];
    let role = Role::RefundApprover;
    [
        Subject::new(&approve, role, &barred),
        Subject::new(&reject, role, &barred),
    ]
}

/// A role for somebody of staff.
pub fn grant(world: &World, person: PersonId) -> Subject {
    let request = members::GrantRoleRequest {
        request_id: id(),
        person_id: person.to_string(),
        role: Role::Coach.into(),
        node_id: world.chain.chaoyang.to_string(),
        expire_at: None,
    };
    Subject::new(&request, Role::OperatorAdmin, &[("who gets it", person)])
}

/// Somebody's role, to be certified.
pub async fn certification(world: &World, person: PersonId) -> Subject {
    let admin = crate::world::head_office(Role::OperatorAdmin);
    let mut staff = StaffServiceClient::new(world.at_members(&admin));
    let request = members::ListGrantsRequest {
        person_id: person.to_string(),
        ..Default::default()
    };
    let grants = staff.list_grants(request).await.unwrap().into_inner().grants;
    let request = members::CertifyGrantRequest {
        request_id: id(),
        grant_id: grants[0].grant_id.clone(),
        version: grants[0].version,
    };
    Subject::new(&request, Role::OperatorAdmin, &[("who holds it", person)])
}

/// A card that its owner, who works at the desk, wants activated there.
pub async fn activation(world: &World, member: &Member, order_id: &str) -> Subject {
    let card = world.card_of(member, order_id).await;
    let request = members::ActivateCardAtDeskRequest {
        request_id: id(),
        card_id: card.card_id,
        studio_id: member.studio.to_string(),
        id_number: member.id_number.clone(),
        proof: members::ActivationProof::Order.into(),
        proof_number: "P-1".to_owned(),
    };
    Subject::new(&request, Role::FrontDesk, &[("owner", member.id)])
}

/// A source that came apart from what was applied of it, and one person's
/// reason for following it again.
pub async fn resumption(world: &World, staff: &Staff) -> Subject {
    let divergence = kernel::fresh_uuid();
    let oversight = world.oversight.as_ref().unwrap();
    sqlx::query(
        "insert into divergences (divergence_id, source, kind, state, why, cursor_seq, common_seq,
                                  common_event_id, orphans, parked)
         values ($1, $2, 'diverged', 'open', 'a rehearsal', 0, 0, '', 1, 0)",
    )
    .bind(divergence)
    .bind(format!("rehearsal-{divergence}"))
    .execute(oversight.pool())
    .await
    .unwrap();
    let proposal = operations::ProposeResumptionRequest {
        request_id: id(),
        divergence_id: divergence.to_string(),
        version: 1,
        reason: "compared by hand".to_owned(),
    };
    let mut theirs = OperationsServiceClient::new(world.at_oversight(&staff.operations));
    let proposed = theirs.propose_resumption(proposal).await.unwrap().into_inner();
    let resume = operations::ResumeFeedRequest {
        request_id: id(),
        divergence_id: divergence.to_string(),
        version: proposed.divergence.unwrap().version,
    };
    let barred = [("who proposed it", staff.operations.person())];
    Subject::new(&resume, Role::Operations, &barred)
}
