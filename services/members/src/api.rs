//! Everything that members can be asked, one line a call, and how each refusal
//! is told.

mod cards;
mod challenges;
mod checkins;
mod imports;
mod organisation;
mod people;
mod place;
mod refusal;
mod staff;
mod token;

use std::sync::Arc;

use platform::answer;
use proto::studio::members::v1 as pb;
use proto::studio::members::v1::card_service_server::CardService;
use proto::studio::members::v1::challenge_service_server::ChallengeService;
use proto::studio::members::v1::check_in_service_server::CheckInService;
use proto::studio::members::v1::dev_issuer_service_server::DevIssuerService;
use proto::studio::members::v1::import_service_server::ImportService;
use proto::studio::members::v1::organisation_service_server::OrganisationService;
use proto::studio::members::v1::people_service_server::PeopleService;
use proto::studio::members::v1::staff_service_server::StaffService;
use proto::studio::members::v1::token_service_server::TokenService;
use tonic::{Request, Response, Status};

use crate::App;

pub(crate) use organisation::node_view;
pub(crate) use place::{open_place, zone_of};

/// The door of members.
pub struct Api(pub Arc<App>);

#[tonic::async_trait]
impl OrganisationService for Api {
    async fn get_node(
        &self,
        r: Request<pb::GetNodeRequest>,
    ) -> Result<Response<pb::GetNodeResponse>, Status> {
        answer(&self.0, r, organisation::get_node::handle).await
    }
    async fn list_nodes(
        &self,
        r: Request<pb::ListNodesRequest>,
    ) -> Result<Response<pb::ListNodesResponse>, Status> {
        answer(&self.0, r, organisation::list_nodes::handle).await
    }
}

#[tonic::async_trait]
impl StaffService for Api {
    async fn list_staff(
        &self,
        r: Request<pb::ListStaffRequest>,
    ) -> Result<Response<pb::ListStaffResponse>, Status> {
        answer(&self.0, r, staff::list_staff::handle).await
    }
    async fn grant_role(
        &self,
        r: Request<pb::GrantRoleRequest>,
    ) -> Result<Response<pb::GrantRoleResponse>, Status> {
        answer(&self.0, r, staff::grant_role::handle).await
    }
    async fn revoke_grant(
        &self,
        r: Request<pb::RevokeGrantRequest>,
    ) -> Result<Response<pb::RevokeGrantResponse>, Status> {
        answer(&self.0, r, staff::revoke_grant::handle).await
    }
    async fn list_grants(
        &self,
        r: Request<pb::ListGrantsRequest>,
    ) -> Result<Response<pb::ListGrantsResponse>, Status> {
        answer(&self.0, r, staff::list_grants::handle).await
    }
    async fn review_grants(
        &self,
        r: Request<pb::ReviewGrantsRequest>,
    ) -> Result<Response<pb::ReviewGrantsResponse>, Status> {
        answer(&self.0, r, staff::review_grants::handle).await
    }
    async fn certify_grant(
        &self,
        r: Request<pb::CertifyGrantRequest>,
    ) -> Result<Response<pb::CertifyGrantResponse>, Status> {
        answer(&self.0, r, staff::certify_grant::handle).await
    }
}

#[tonic::async_trait]
impl TokenService for Api {
    async fn exchange_token(
        &self,
        r: Request<pb::ExchangeTokenRequest>,
    ) -> Result<Response<pb::ExchangeTokenResponse>, Status> {
        answer(&self.0, r, staff::exchange_token::handle).await
    }
    async fn request_sign_in_code(
        &self,
        r: Request<pb::RequestSignInCodeRequest>,
    ) -> Result<Response<pb::RequestSignInCodeResponse>, Status> {
        answer(&self.0, r, challenges::request_sign_in_code::handle).await
    }
    async fn sign_in(&self, r: Request<pb::SignInRequest>) -> Result<Response<pb::SignInResponse>, Status> {
        answer(&self.0, r, challenges::sign_in::handle).await
    }
    async fn get_verify_keys(
        &self,
        r: Request<pb::GetVerifyKeysRequest>,
    ) -> Result<Response<pb::GetVerifyKeysResponse>, Status> {
        answer(&self.0, r, staff::get_verify_keys::handle).await
    }
}

#[tonic::async_trait]
impl DevIssuerService for Api {
    async fn issue_id_token(
        &self,
        r: Request<pb::IssueIdTokenRequest>,
    ) -> Result<Response<pb::IssueIdTokenResponse>, Status> {
        answer(&self.0, r, staff::issue_id_token::handle).await
    }
}

#[tonic::async_trait]
impl ChallengeService for Api {
    async fn reveal_challenge_code(
        &self,
        r: Request<pb::RevealChallengeCodeRequest>,
    ) -> Result<Response<pb::RevealChallengeCodeResponse>, Status> {
        answer(&self.0, r, challenges::reveal_challenge_code::handle).await
    }
    async fn mark_challenge_sent(
        &self,
        r: Request<pb::MarkChallengeSentRequest>,
    ) -> Result<Response<pb::MarkChallengeSentResponse>, Status> {
        answer(&self.0, r, challenges::mark_challenge_sent::handle).await
    }
}

#[tonic::async_trait]
impl PeopleService for Api {
    async fn register_person(
        &self,
        r: Request<pb::RegisterPersonRequest>,
    ) -> Result<Response<pb::RegisterPersonResponse>, Status> {
        answer(&self.0, r, people::register_person::handle).await
    }
    async fn get_person(
        &self,
        r: Request<pb::GetPersonRequest>,
    ) -> Result<Response<pb::GetPersonResponse>, Status> {
        answer(&self.0, r, people::get_person::handle).await
    }
    async fn look_up_person(
        &self,
        r: Request<pb::LookUpPersonRequest>,
    ) -> Result<Response<pb::LookUpPersonResponse>, Status> {
        answer(&self.0, r, people::look_up_person::handle).await
    }
    async fn list_people(
        &self,
        r: Request<pb::ListPeopleRequest>,
    ) -> Result<Response<pb::ListPeopleResponse>, Status> {
        answer(&self.0, r, people::list_people::handle).await
    }
    async fn reveal_personal_data(
        &self,
        r: Request<pb::RevealPersonalDataRequest>,
    ) -> Result<Response<pb::RevealPersonalDataResponse>, Status> {
        answer(&self.0, r, people::reveal_personal_data::handle).await
    }
    async fn resolve_contact(
        &self,
        r: Request<pb::ResolveContactRequest>,
    ) -> Result<Response<pb::ResolveContactResponse>, Status> {
        answer(&self.0, r, people::resolve_contact::handle).await
    }
    async fn resolve_name(
        &self,
        r: Request<pb::ResolveNameRequest>,
    ) -> Result<Response<pb::ResolveNameResponse>, Status> {
        answer(&self.0, r, people::resolve_name::handle).await
    }
    async fn record_consent(
        &self,
        r: Request<pb::RecordConsentRequest>,
    ) -> Result<Response<pb::RecordConsentResponse>, Status> {
        answer(&self.0, r, people::record_consent::handle).await
    }
}

#[tonic::async_trait]
impl CardService for Api {
    async fn open_card(
        &self,
        r: Request<pb::OpenCardRequest>,
    ) -> Result<Response<pb::OpenCardResponse>, Status> {
        answer(&self.0, r, cards::open_card::handle).await
    }
    async fn get_card(
        &self,
        r: Request<pb::GetCardRequest>,
    ) -> Result<Response<pb::GetCardResponse>, Status> {
        answer(&self.0, r, cards::get_card::handle).await
    }
    async fn list_cards(
        &self,
        r: Request<pb::ListCardsRequest>,
    ) -> Result<Response<pb::ListCardsResponse>, Status> {
        answer(&self.0, r, cards::list_cards::handle).await
    }
    async fn request_activation_code(
        &self,
        r: Request<pb::RequestActivationCodeRequest>,
    ) -> Result<Response<pb::RequestActivationCodeResponse>, Status> {
        answer(&self.0, r, cards::request_activation_code::handle).await
    }
    async fn activate_card(
        &self,
        r: Request<pb::ActivateCardRequest>,
    ) -> Result<Response<pb::ActivateCardResponse>, Status> {
        answer(&self.0, r, cards::activate_card::handle).await
    }
    async fn activate_card_at_desk(
        &self,
        r: Request<pb::ActivateCardAtDeskRequest>,
    ) -> Result<Response<pb::ActivateCardAtDeskResponse>, Status> {
        answer(&self.0, r, cards::activate_card_at_desk::handle).await
    }
    async fn get_benefits(
        &self,
        r: Request<pb::GetBenefitsRequest>,
    ) -> Result<Response<pb::GetBenefitsResponse>, Status> {
        answer(&self.0, r, cards::get_benefits::handle).await
    }
    async fn check_benefit(
        &self,
        r: Request<pb::CheckBenefitRequest>,
    ) -> Result<Response<pb::CheckBenefitResponse>, Status> {
        answer(&self.0, r, cards::check_benefit::handle).await
    }
    async fn hold_benefit(
        &self,
        r: Request<pb::HoldBenefitRequest>,
    ) -> Result<Response<pb::HoldBenefitResponse>, Status> {
        answer(&self.0, r, cards::hold_benefit::handle).await
    }
    async fn redeem_benefit(
        &self,
        r: Request<pb::RedeemBenefitRequest>,
    ) -> Result<Response<pb::RedeemBenefitResponse>, Status> {
        answer(&self.0, r, cards::redeem_benefit::handle).await
    }
    async fn release_benefit(
        &self,
        r: Request<pb::ReleaseBenefitRequest>,
    ) -> Result<Response<pb::ReleaseBenefitResponse>, Status> {
        answer(&self.0, r, cards::release_benefit::handle).await
    }
    async fn revoke_benefits(
        &self,
        r: Request<pb::RevokeBenefitsRequest>,
    ) -> Result<Response<pb::RevokeBenefitsResponse>, Status> {
        answer(&self.0, r, cards::revoke_benefits::handle).await
    }
}

#[tonic::async_trait]
impl CheckInService for Api {
    async fn check_in(
        &self,
        r: Request<pb::CheckInRequest>,
    ) -> Result<Response<pb::CheckInResponse>, Status> {
        answer(&self.0, r, checkins::check_in::handle).await
    }
    async fn list_check_ins(
        &self,
        r: Request<pb::ListCheckInsRequest>,
    ) -> Result<Response<pb::ListCheckInsResponse>, Status> {
        answer(&self.0, r, checkins::list_check_ins::handle).await
    }
}

#[tonic::async_trait]
impl ImportService for Api {
    async fn import_organisation(
        &self,
        r: Request<pb::ImportOrganisationRequest>,
    ) -> Result<Response<pb::ImportOrganisationResponse>, Status> {
        answer(&self.0, r, imports::import_organisation::handle).await
    }
    async fn import_staff(
        &self,
        r: Request<pb::ImportStaffRequest>,
    ) -> Result<Response<pb::ImportStaffResponse>, Status> {
        answer(&self.0, r, imports::import_staff::handle).await
    }
    async fn import_members(
        &self,
        r: Request<pb::ImportMembersRequest>,
    ) -> Result<Response<pb::ImportMembersResponse>, Status> {
        answer(&self.0, r, imports::import_members::handle).await
    }
}
