use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use kernel::PersonId;

use super::bucket::Buckets;
use super::shared::Shared;
use super::{Class, Measure, Shed};
use crate::config::{Limits, RatesOf, SecretUrl};
use crate::{Caller, Error};

/// Who pays for a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Payer {
    /// Nobody who is known, at an address.
    Stranger(Option<IpAddr>),
    Member(PersonId),
    Staff(PersonId),
    /// A service, also for the persons whose calls it carries on: at its own
    /// door they have paid.
    Service(String),
}

impl Payer {
    pub(crate) fn of(caller: &Caller, address: Option<IpAddr>) -> Self {
        match (caller.service(), caller.person()) {
            (Some(service), _) => Self::Service(service.to_owned()),
            (None, Some(person)) if caller.is_member() => Self::Member(person),
            (None, Some(person)) => Self::Staff(person),
            (None, None) => Self::Stranger(address),
        }
    }
}

/// The measure of every caller, over all processes of the service where Redis
/// answers, and a stricter one in this process where it does not.
pub(crate) struct Callers {
    limits: Limits,
    retry_after: Duration,
    local: Buckets,
    shared: Arc<Shared>,
    /// Makes a name of an address that tells nobody the address.
    addresses: hmac::Key,
}

impl Callers {
    pub(crate) fn new(service: &str, limits: &Limits, addresses: hmac::Key) -> Self {
        let patience = Duration::from_millis(limits.redis_wait_ms);
        Self {
            limits: limits.clone(),
            retry_after: Duration::from_millis(limits.retry_after_ms),
            local: Buckets::default(),
            shared: Arc::new(Shared::new(service, patience)),
            addresses,
        }
    }

    /// Keeps in touch with Redis until the process ends.
    pub(crate) fn follow(&self, redis: SecretUrl) -> impl Future<Output = ()> + use<> {
        self.shared.clone().follow(redis)
    }

    /// Charges the payer for one call, or says that they must wait.
    pub(crate) async fn charge(&self, class: Class, payer: &Payer) -> Result<(), Error> {
        let Some(measure) = self.measure(class, payer) else {
            return Ok(());
        };
        let name = format!("{}:{}", self.name(payer), class.word());
        let everywhere = !matches!(payer, Payer::Service(_));
        let known = everywhere && self.shared.is_there();
        // What one process alone may give is more than Redis need be asked for.
        let here = if known || !everywhere {
            measure
        } else {
            measure.percent(self.limits.without_redis_percent)
        };
        let mut taken = self.local.take(&name, here);
        if known && taken.is_ok() {
            taken = match self.shared.take(&name, measure).await {
                Some(taken) => taken,
                // Redis went away just now.
                None => Ok(()),
            };
        }
        taken.map_err(|wait| Shed::Caller.refuse(class, wait.max(self.retry_after)))
    }

    /// None when there is no limit.
    fn measure(&self, class: Class, payer: &Payer) -> Option<Measure> {
        let rates = &self.limits.rates;
        let of = |rates: &RatesOf, class: Class| match class {
            Class::Money => Some(rates.money),
            Class::Read => Some(rates.read),
            Class::Report => Some(rates.report),
            Class::House => None,
        };
        let rate = match payer {
            // A stranger has no business with the house, and is refused there; that is not free.
            Payer::Stranger(_) if class == Class::House => of(&rates.stranger, Class::Read),
            Payer::Stranger(_) => of(&rates.stranger, class),
            Payer::Member(_) => of(&rates.member, class),
            Payer::Staff(_) => of(&rates.staff, class),
            Payer::Service(_) => of(&rates.service, class),
        };
        rate.and_then(Measure::of)
    }

    /// Ids only: an address is personal data.
    fn name(&self, payer: &Payer) -> String {
        match payer {
            Payer::Stranger(None) => "stranger".to_owned(),
            Payer::Stranger(Some(address)) => {
                let tag = hmac::sign(&self.addresses, network(*address).to_string().as_bytes());
                let tag: String = hex::encode(tag.as_ref()).chars().take(16).collect();
                format!("stranger:{tag}")
            }
            Payer::Member(person) | Payer::Staff(person) => format!("person:{person}"),
            Payer::Service(service) => format!("service:{service}"),
        }
    }
}

/// One household: of IPv6 everybody has a whole network of addresses.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Rate;

    fn callers() -> Callers {
        let mut limits = Limits::of_house();
        let rate = |burst| Rate { per_second: 1, burst };
        limits.rates.member.money = rate(10);
        limits.rates.stranger.read = rate(4);
        limits.rates.service.money = rate(10);
        limits.without_redis_percent = 50;
        Callers::new("wallet", &limits, hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]))
    }

    async fn served(callers: &Callers, class: Class, payer: &Payer) -> usize {
        let mut served = 0;
        while served < 1000 && callers.charge(class, payer).await.is_ok() {
            served += 1;
        }
        served
    }

    fn at(address: &str) -> Payer {
        Payer::Stranger(Some(address.parse().unwrap()))
    }

    #[tokio::test]
    async fn without_redis_everybody_has_less_but_services() {
        let callers = callers();
        let member = Payer::Member(PersonId::fresh());
        assert_eq!(served(&callers, Class::Money, &member).await, 5);
        assert_eq!(
            served(&callers, Class::Money, &Payer::Service("orders".to_owned())).await,
            10
        );
    }

    #[tokio::test]
    async fn a_class_that_is_used_up_leaves_the_others() {
        let callers = callers();
        let member = Payer::Member(PersonId::fresh());
        served(&callers, Class::Money, &member).await;
        assert!(callers.charge(Class::Read, &member).await.is_ok());
    }

    #[tokio::test]
    async fn strangers_are_told_apart_by_their_network() {
        let callers = callers();
        assert_eq!(served(&callers, Class::Read, &at("192.0.2.1")).await, 2);
        assert_eq!(served(&callers, Class::Read, &at("192.0.2.2")).await, 2);
        assert_eq!(served(&callers, Class::Read, &at("2001:db8::1")).await, 2);
        assert_eq!(served(&callers, Class::Read, &at("2001:db8::2")).await, 0);
        assert_eq!(served(&callers, Class::Read, &at("::ffff:192.0.2.1")).await, 0);
    }

    #[tokio::test]
    async fn the_house_is_free_for_services_and_not_for_strangers() {
        let callers = callers();
        let service = Payer::Service("orders".to_owned());
        assert_eq!(served(&callers, Class::House, &service).await, 1000);
        assert_eq!(served(&callers, Class::House, &at("192.0.2.1")).await, 2);
    }

    #[test]
    fn an_address_is_nowhere_to_be_read() {
        let name = callers().name(&at("192.0.2.1"));
        assert!(!name.contains("192"), "{name}");
    }

    #[tokio::test]
    async fn who_asked_too_much_learns_when_to_come_back() {
        let callers = callers();
        let member = Payer::Member(PersonId::fresh());
        served(&callers, Class::Money, &member).await;
        let Err(Error::Refused(refused)) = callers.charge(Class::Money, &member).await else {
            panic!("served")
        };
        assert_eq!(refused.reason, "OVERLOADED");
        assert!(
            refused
                .retry_after
                .is_some_and(|wait| wait >= Duration::from_millis(500))
        );
        assert_eq!(refused.metadata, [("limit".to_owned(), "caller".to_owned())]);
    }
}
