use std::net::IpAddr;

use http::{Extensions, HeaderMap};
use tonic::transport::server::{TcpConnectInfo, TlsConnectInfo};

/// Where a call comes from: as the gateway says, if the house believes one,
/// and else whoever holds the connection. Only the last address counts, which
/// the gateway itself has seen; those before it were sent along.
pub(super) fn address(extensions: &Extensions, headers: &HeaderMap, believed: &str) -> Option<IpAddr> {
    let said = || {
        let value = headers.get_all(believed).iter().next_back()?.to_str().ok()?;
        value.rsplit(',').next()?.trim().parse().ok()
    };
    (!believed.is_empty())
        .then(said)
        .flatten()
        .or_else(|| holder(extensions))
}

fn holder(extensions: &Extensions) -> Option<IpAddr> {
    let plain = extensions.get::<TcpConnectInfo>();
    let sealed = extensions
        .get::<TlsConnectInfo<TcpConnectInfo>>()
        .map(TlsConnectInfo::get_ref);
    plain
        .or(sealed)
        .and_then(TcpConnectInfo::remote_addr)
        .map(|at| at.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(headers: &[&str], believed: &str) -> Option<String> {
        let mut extensions = Extensions::new();
        extensions.insert(TcpConnectInfo {
            local_addr: None,
            remote_addr: "10.0.0.1:5".parse().ok(),
        });
        let mut map = HeaderMap::new();
        for value in headers {
            map.append("x-forwarded-for", value.parse().unwrap());
        }
        address(&extensions, &map, believed).map(|at| at.to_string())
    }

    #[test]
    fn what_a_caller_says_of_its_address_counts_only_where_a_gateway_adds_to_it() {
        assert_eq!(from(&["192.0.2.7"], "").as_deref(), Some("10.0.0.1"));
        let believed = "x-forwarded-for";
        assert_eq!(from(&[], believed).as_deref(), Some("10.0.0.1"));
        assert_eq!(
            from(&["1.1.1.1, 192.0.2.7"], believed).as_deref(),
            Some("192.0.2.7")
        );
        assert_eq!(
            from(&["1.1.1.1", "192.0.2.7"], believed).as_deref(),
            Some("192.0.2.7")
        );
        assert_eq!(from(&["nonsense"], believed).as_deref(), Some("10.0.0.1"));
    }
}
