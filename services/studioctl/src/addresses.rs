//! Where the platform listens: the ports of a local installation, moved like
//! those of `deploy/local/up`, or addresses of one's own.

use clap::{Args, ValueEnum};

/// The services, as they can be named on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Service {
    Members,
    Orders,
    Payments,
    Wallet,
    Refunds,
    Notifications,
    Oversight,
}

impl Service {
    pub const ALL: [Self; 7] = [
        Self::Members,
        Self::Orders,
        Self::Payments,
        Self::Wallet,
        Self::Refunds,
        Self::Notifications,
        Self::Oversight,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::Orders => "orders",
            Self::Payments => "payments",
            Self::Wallet => "wallet",
            Self::Refunds => "refunds",
            Self::Notifications => "notifications",
            Self::Oversight => "oversight",
        }
    }

    /// The service whose contract a method belongs to, as `/studio.orders.v1.OrderService/Apply`.
    pub fn of_method(method: &str) -> Option<Self> {
        let name = method.trim_start_matches("/studio.").split('.').next()?;
        Self::ALL.into_iter().find(|service| service.name() == name)
    }
}

/// Addresses: each flag has an environment variable of the same name.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Addresses")]
pub struct Addresses {
    /// The host of every service.
    #[arg(
        long,
        global = true,
        env = "STUDIO_HOST",
        default_value = "127.0.0.1",
        hide_env_values = true
    )]
    pub host: String,
    /// Moves every default port by this much.
    #[arg(long, global = true, env = "STUDIO_PORT_OFFSET", default_value_t = 0)]
    pub port_offset: u16,
    /// Port of members [default: 7101].
    #[arg(long, global = true, env = "STUDIO_PORT_MEMBERS", hide = true)]
    pub members_port: Option<u16>,
    /// Port of orders [default: 7102].
    #[arg(long, global = true, env = "STUDIO_PORT_ORDERS", hide = true)]
    pub orders_port: Option<u16>,
    /// Port of payments [default: 7103].
    #[arg(long, global = true, env = "STUDIO_PORT_PAYMENTS", hide = true)]
    pub payments_port: Option<u16>,
    /// Port of wallet [default: 7104].
    #[arg(long, global = true, env = "STUDIO_PORT_WALLET", hide = true)]
    pub wallet_port: Option<u16>,
    /// Port of refunds [default: 7105].
    #[arg(long, global = true, env = "STUDIO_PORT_REFUNDS", hide = true)]
    pub refunds_port: Option<u16>,
    /// Port of notifications [default: 7106].
    #[arg(long, global = true, env = "STUDIO_PORT_NOTIFICATIONS", hide = true)]
    pub notifications_port: Option<u16>,
    /// Port of oversight [default: 7107].
    #[arg(long, global = true, env = "STUDIO_PORT_OVERSIGHT", hide = true)]
    pub oversight_port: Option<u16>,
    /// Port of the channel simulator [default: 7120].
    #[arg(long, global = true, env = "STUDIO_PORT_SIMULATOR", hide = true)]
    pub simulator_port: Option<u16>,
    /// Port of the simulator of Alipay [default: 7121].
    #[arg(long, global = true, env = "STUDIO_PORT_ALIPAY", hide = true)]
    pub alipay_port: Option<u16>,
    /// HTTP port of the SMTP sink [default: 7131].
    #[arg(long, global = true, env = "STUDIO_PORT_SMTP_HTTP", hide = true)]
    pub smtp_http_port: Option<u16>,
    /// HTTP port of the OTLP sink [default: 7141].
    #[arg(long, global = true, env = "STUDIO_PORT_OTLP_HTTP", hide = true)]
    pub otlp_http_port: Option<u16>,
}

impl Addresses {
    fn at(&self, given: Option<u16>, default: u16) -> String {
        let port = given.unwrap_or_else(|| default.saturating_add(self.port_offset));
        format!("http://{}:{port}", self.host)
    }

    pub fn of(&self, service: Service) -> String {
        match service {
            Service::Members => self.at(self.members_port, 7101),
            Service::Orders => self.at(self.orders_port, 7102),
            Service::Payments => self.at(self.payments_port, 7103),
            Service::Wallet => self.at(self.wallet_port, 7104),
            Service::Refunds => self.at(self.refunds_port, 7105),
            Service::Notifications => self.at(self.notifications_port, 7106),
            Service::Oversight => self.at(self.oversight_port, 7107),
        }
    }

    pub fn simulator(&self) -> String {
        self.at(self.simulator_port, 7120)
    }

    pub fn alipay(&self) -> String {
        self.at(self.alipay_port, 7121)
    }

    pub fn mails(&self) -> String {
        self.at(self.smtp_http_port, 7131)
    }

    pub fn traces(&self) -> String {
        self.at(self.otlp_http_port, 7141)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::Call as _;

    #[test]
    fn a_method_names_its_service() {
        assert_eq!(
            Service::of_method(proto::studio::orders::v1::ApplyRequest::METHOD),
            Some(Service::Orders)
        );
        assert_eq!(
            Service::of_method("/studio.operations.v1.OperationsService/GetClock"),
            None
        );
    }
}
