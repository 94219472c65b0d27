mod confirm_day;
mod count;
mod day;
mod export_day;
mod move_cash;
mod open;
mod pay_refund;
mod take;

use kernel::{DrawerId, PersonId};
use platform::{Error, WriteTx, answer};
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::drawer_service_server::DrawerService;
use tonic::{Request, Response, Status};

use super::Api;
use crate::domain::drawer::{Drawer, Entry};
use crate::store;

#[tonic::async_trait]
impl DrawerService for Api {
    async fn open_drawer(
        &self,
        r: Request<pb::OpenDrawerRequest>,
    ) -> Result<Response<pb::OpenDrawerResponse>, Status> {
        answer(&self.0, r, open::handle).await
    }
    async fn take_money(
        &self,
        r: Request<pb::TakeMoneyRequest>,
    ) -> Result<Response<pb::TakeMoneyResponse>, Status> {
        answer(&self.0, r, take::handle).await
    }
    async fn move_cash(
        &self,
        r: Request<pb::MoveCashRequest>,
    ) -> Result<Response<pb::MoveCashResponse>, Status> {
        answer(&self.0, r, move_cash::handle).await
    }
    async fn pay_refund(
        &self,
        r: Request<pb::PayRefundRequest>,
    ) -> Result<Response<pb::PayRefundResponse>, Status> {
        answer(&self.0, r, pay_refund::handle).await
    }
    async fn count_drawer(
        &self,
        r: Request<pb::CountDrawerRequest>,
    ) -> Result<Response<pb::CountDrawerResponse>, Status> {
        answer(&self.0, r, count::handle).await
    }
    async fn confirm_drawer_day(
        &self,
        r: Request<pb::ConfirmDrawerDayRequest>,
    ) -> Result<Response<pb::ConfirmDrawerDayResponse>, Status> {
        answer(&self.0, r, confirm_day::handle).await
    }
    async fn get_drawer_day(
        &self,
        r: Request<pb::GetDrawerDayRequest>,
    ) -> Result<Response<pb::GetDrawerDayResponse>, Status> {
        answer(&self.0, r, day::handle).await
    }
    async fn export_drawer_day(
        &self,
        r: Request<pb::ExportDrawerDayRequest>,
    ) -> Result<Response<pb::ExportDrawerDayResponse>, Status> {
        answer(&self.0, r, export_day::handle).await
    }
}

/// The drawer that its holder works, with its row held.
async fn work(tx: &mut WriteTx, id: DrawerId, by: PersonId) -> Result<Drawer, Error> {
    let drawer = store::drawer::lock(tx, id)
        .await?
        .ok_or_else(|| Error::not_found("drawer"))?;
    drawer.work(by)?;
    Ok(drawer)
}

/// Puts an entry through a drawer, and answers the drawer after it.
async fn pass(tx: &mut WriteTx, drawer: &Drawer, entry: &Entry) -> Result<Drawer, Error> {
    let after = drawer.after(entry.kind, entry.amount)?;
    store::drawer::enter(tx, entry).await?;
    store::drawer::save(tx, &after).await?;
    Ok(after)
}
