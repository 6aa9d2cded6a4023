//! Requests: redirects, and who gets to see the token.

use std::io::ErrorKind;
use std::time::Duration;

use ureq::http::header::{AUTHORIZATION, HeaderValue, LOCATION, RETRY_AFTER};
use ureq::http::{Method, Response};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, Timeout};

use super::address::{EXPECTED, address, authority, join, same_origin, shown};
use super::{HubError, HubOptions};

/// How long it may take to find a server and to get through to it.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a server may think about its answer.
const ANSWER: Duration = Duration::from_secs(30);

/// Redirects that are followed: the hub needs two.
const REDIRECTS: usize = 8;

/// Why a request brought nothing.
#[derive(Debug)]
pub(super) enum Trouble {
    /// There was no getting through.
    Unreachable(String),
    /// It broke off, and may go better the next time.
    Cut(String),
    /// The server has no time now, and may have said when to come back.
    Busy(String, Option<Duration>),
    /// Asking again would not help.
    Final(HubError),
}

impl Trouble {
    /// What went wrong.
    pub fn why(self) -> String {
        match self {
            Self::Unreachable(why) | Self::Cut(why) | Self::Busy(why, _) => why,
            Self::Final(error) => error.to_string(),
        }
    }
}

impl From<HubError> for Trouble {
    fn from(error: HubError) -> Self {
        Self::Final(error)
    }
}

/// An answer, and who gave it.
#[derive(Debug)]
pub(super) struct Reply {
    pub response: Response<Body>,
    /// Where it came from, after all redirects.
    pub url: String,
}

/// What speaks to the hub.
#[derive(Debug, Clone)]
pub(super) struct Client {
    agent: Agent,
    endpoint: String,
    authorization: Option<HeaderValue>,
}

impl Client {
    pub fn new(options: &HubOptions) -> Self {
        // Whatever the system trusts: proxies that look into connections have
        // their own certificates.
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier);
        let config = Agent::config_builder()
            .tls_config(tls.build())
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // A compressed answer tells neither size nor hash.
            .accept_encoding("identity")
            .user_agent(concat!("resnet-wgpu/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(CONNECT))
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(ANSWER.max(options.patience)))
            .timeout_per_read(Some(options.patience))
            .timeout_per_write(Some(options.patience));
        Self {
            agent: config.build().new_agent(),
            endpoint: options.endpoint.clone(),
            authorization: options.token.as_deref().and_then(bearer),
        }
    }

    /// Where a repository has a file of a revision.
    pub fn url(&self, repo: &str, revision: &str, file: &str) -> String {
        // The only characters of a revision that addresses write otherwise.
        let revision = revision.replace('/', "%2F").replace('+', "%2B");
        format!("{}/{repo}/resolve/{revision}/{file}", self.endpoint)
    }

    /// Asks what a file is. A redirect that has all `known` headers is the
    /// answer; another is followed.
    pub fn head(&self, url: &str, known: &[&str]) -> Result<Reply, Trouble> {
        self.follow(Method::HEAD, url, None, |response| {
            known
                .iter()
                .all(|name| response.headers().contains_key(*name))
        })
    }

    /// Asks for a file from a byte on.
    pub fn get(&self, url: &str, from: u64) -> Result<Reply, Trouble> {
        let range = (from > 0).then(|| format!("bytes={from}-"));
        self.follow(Method::GET, url, range, |_| false)
    }

    fn follow(
        &self,
        method: Method,
        url: &str,
        range: Option<String>,
        enough: impl Fn(&Response<Body>) -> bool,
    ) -> Result<Reply, Trouble> {
        let mut url = url.to_owned();
        for _ in 0..REDIRECTS {
            let own = same_origin(&url, &self.endpoint);
            let mut request = ureq::http::Request::builder().method(&method).uri(&url);
            if let Some(range) = &range {
                request = request.header("Range", range);
            }
            if let Some(token) = self.authorization.as_ref().filter(|_| own) {
                request = request.header(AUTHORIZATION, token);
            }
            let request = request
                .body(())
                .map_err(|e| unusable(&url, EXPECTED, &e.to_string()))?;
            let elsewhere = (!own).then(|| authority(&url));
            let response = self.agent.run(request);
            let response = response.map_err(|e| trouble(&e, elsewhere))?;
            if !response.status().is_redirection() {
                let response = busy(response)?;
                return Ok(Reply { response, url });
            }
            if enough(&response) {
                return Ok(Reply { response, url });
            }
            let location = response.headers().get(LOCATION);
            let location = location.and_then(|l| l.to_str().ok()).unwrap_or("");
            let next = join(&url, location);
            url = next.map_err(|expected| unusable(&url, expected, &address(location)))?;
        }
        Err(unusable(&url, EXPECTED, &format!("{REDIRECTS} redirects")))
    }
}

/// The header that says who asks; whatever prints it, for debugging or into a
/// log, leaves the token out.
fn bearer(token: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// An answer, unless it is that there is none now.
fn busy(response: Response<Body>) -> Result<Response<Body>, Trouble> {
    let status = response.status();
    if !(status.is_server_error() || matches!(status.as_u16(), 408 | 429)) {
        return Ok(response);
    }
    let after = response.headers().get(RETRY_AFTER);
    let after = after.and_then(|text| text.to_str().ok()?.parse().ok());
    Err(Trouble::Busy(
        format!("HTTP {}", status.as_u16()),
        after.map(Duration::from_secs),
    ))
}

fn unusable(url: &str, expected: &str, found: &str) -> Trouble {
    Trouble::Final(HubError::Response {
        url: address(url),
        expected: expected.to_owned(),
        found: shown(found),
    })
}

/// `elsewhere` is the host, if it is not the hub's own.
fn trouble(error: &ureq::Error, elsewhere: Option<&str>) -> Trouble {
    use ureq::Error;
    let mut text = match error {
        Error::Io(e) => e.to_string(),
        _ => error.to_string(),
    };
    if let Some(host) = elsewhere {
        text = format!("{}: {text}", address(host));
    }
    match error {
        Error::Io(e) if is_cut(e.kind()) => Trouble::Cut(text),
        Error::Timeout(Timeout::Resolve | Timeout::Connect) => Trouble::Unreachable(text),
        Error::Timeout(_) | Error::Protocol(_) => Trouble::Cut(text),
        _ => Trouble::Unreachable(text),
    }
}

/// Whether a connection that stood came to its end.
fn is_cut(kind: ErrorKind) -> bool {
    use ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof, WouldBlock,
    };
    matches!(
        kind,
        BrokenPipe | ConnectionAborted | ConnectionReset | TimedOut | UnexpectedEof | WouldBlock
    )
}
