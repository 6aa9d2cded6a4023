//! HTTP requests: redirects, and the rule that only the hub receives the token.

use std::io::ErrorKind;
use std::time::Duration;

use ureq::http::header::{AUTHORIZATION, HeaderValue, LOCATION, RETRY_AFTER};
use ureq::http::{Method, Response};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, Timeout};

use super::address::{EXPECTED, address, authority, join, printable, same_origin};
use super::{HubError, HubOptions};

/// The time limit for resolving a host name, and for connecting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The time limit for the start of a response.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

/// The number of redirects that are followed. The hub needs two.
const MAX_REDIRECTS: usize = 8;

/// The reason why a request failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// No connection was made.
    Unreachable(String),
    /// The connection broke. Another attempt may succeed.
    Cut(String),
    /// The server is busy. It may have given the time to wait.
    Busy(String, Option<Duration>),
    /// Another attempt would not help.
    Final(HubError),
}

impl Failure {
    /// Returns the reason for the failure as text.
    pub fn why(self) -> String {
        match self {
            Self::Unreachable(why) | Self::Cut(why) | Self::Busy(why, _) => why,
            Self::Final(error) => error.to_string(),
        }
    }
}

impl From<HubError> for Failure {
    fn from(error: HubError) -> Self {
        Self::Final(error)
    }
}

/// A response and the address that sent it.
#[derive(Debug)]
pub(super) struct FileResponse {
    pub response: Response<Body>,
    /// The address of the response, after all redirects.
    pub url: String,
}

/// The HTTP client for the hub.
#[derive(Debug, Clone)]
pub(super) struct Client {
    agent: Agent,
    endpoint: String,
    authorization: Option<HeaderValue>,
}

impl Client {
    pub fn new(options: &HubOptions) -> Self {
        // The client trusts the certificates of the system: proxies that inspect connections have
        // their own certificates.
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier);
        let config = Agent::config_builder()
            .tls_config(tls.build())
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // A compressed response has another size and another hash than the file.
            .accept_encoding("identity")
            .user_agent(concat!("resnet-wgpu/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(CONNECT_TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_recv_response(Some(RESPONSE_TIMEOUT.max(options.read_timeout)))
            .timeout_per_read(Some(options.read_timeout))
            .timeout_per_write(Some(options.read_timeout));
        Self {
            agent: config.build().new_agent(),
            endpoint: options.endpoint.clone(),
            authorization: options.token.as_deref().and_then(bearer),
        }
    }

    /// Returns the URL of a repository's file at a revision.
    pub fn url(&self, repo: &str, revision: &str, file: &str) -> String {
        // A revision has no other characters that a URL must encode.
        let revision = revision.replace('/', "%2F").replace('+', "%2B");
        format!("{}/{repo}/resolve/{revision}/{file}", self.endpoint)
    }

    /// Requests a file's headers. A redirect that has all `known` headers is returned; other
    /// redirects are followed.
    pub fn head(&self, url: &str, known: &[&str]) -> Result<FileResponse, Failure> {
        self.follow(Method::HEAD, url, None, |response| {
            known
                .iter()
                .all(|name| response.headers().contains_key(*name))
        })
    }

    /// Requests a file, starting at byte `from`.
    pub fn get(&self, url: &str, from: u64) -> Result<FileResponse, Failure> {
        let range = (from > 0).then(|| format!("bytes={from}-"));
        self.follow(Method::GET, url, range, |_| false)
    }

    fn follow(
        &self,
        method: Method,
        url: &str,
        range: Option<String>,
        is_final: impl Fn(&Response<Body>) -> bool,
    ) -> Result<FileResponse, Failure> {
        let mut url = url.to_owned();
        for _ in 0..MAX_REDIRECTS {
            let to_hub = same_origin(&url, &self.endpoint);
            let mut request = ureq::http::Request::builder().method(&method).uri(&url);
            if let Some(range) = &range {
                request = request.header("Range", range);
            }
            if let Some(token) = self.authorization.as_ref().filter(|_| to_hub) {
                request = request.header(AUTHORIZATION, token);
            }
            let request = request
                .body(())
                .map_err(|e| unexpected(&url, EXPECTED, &e.to_string()))?;
            let elsewhere = (!to_hub).then(|| authority(&url));
            let response = self.agent.run(request);
            let response = response.map_err(|e| classify(&e, elsewhere))?;
            if !response.status().is_redirection() {
                let response = reject_busy(response)?;
                return Ok(FileResponse { response, url });
            }
            if is_final(&response) {
                return Ok(FileResponse { response, url });
            }
            let location = response.headers().get(LOCATION);
            let location = location.and_then(|l| l.to_str().ok()).unwrap_or("");
            let next = join(&url, location);
            url = next.map_err(|expected| unexpected(&url, expected, &address(location)))?;
        }
        Err(unexpected(
            &url,
            EXPECTED,
            &format!("{MAX_REDIRECTS} redirects"),
        ))
    }
}

/// Returns the authorization header. The header is marked as sensitive, so that debug output and
/// logs do not contain the token.
fn bearer(token: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// Converts responses with the statuses 408, 429 and 5xx into `Failure::Busy`.
fn reject_busy(response: Response<Body>) -> Result<Response<Body>, Failure> {
    let status = response.status();
    if !(status.is_server_error() || matches!(status.as_u16(), 408 | 429)) {
        return Ok(response);
    }
    let retry_after = response.headers().get(RETRY_AFTER);
    let retry_after = retry_after.and_then(|text| text.to_str().ok()?.parse().ok());
    Err(Failure::Busy(
        format!("HTTP {}", status.as_u16()),
        retry_after.map(Duration::from_secs),
    ))
}

fn unexpected(url: &str, expected: &str, found: &str) -> Failure {
    Failure::Final(HubError::Response {
        url: address(url),
        expected: expected.to_owned(),
        found: printable(found),
    })
}

/// Converts an error of `ureq`. `elsewhere` is the host if the request did not go to the hub's own
/// origin.
fn classify(error: &ureq::Error, elsewhere: Option<&str>) -> Failure {
    use ureq::Error;
    let mut text = match error {
        Error::Io(e) => e.to_string(),
        _ => error.to_string(),
    };
    if let Some(host) = elsewhere {
        text = format!("{}: {text}", address(host));
    }
    match error {
        Error::Io(e) if is_cut(e.kind()) => Failure::Cut(text),
        Error::Timeout(Timeout::Resolve | Timeout::Connect) => Failure::Unreachable(text),
        Error::Timeout(_) | Error::Protocol(_) => Failure::Cut(text),
        _ => Failure::Unreachable(text),
    }
}

/// Returns whether the error means that an established connection ended.
fn is_cut(kind: ErrorKind) -> bool {
    use ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof, WouldBlock,
    };
    matches!(
        kind,
        BrokenPipe | ConnectionAborted | ConnectionReset | TimedOut | UnexpectedEof | WouldBlock
    )
}
