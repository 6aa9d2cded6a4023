//! Requests: redirects, and who gets to see the token.

use std::io::ErrorKind;
use std::time::Duration;

use ureq::http::header::{AUTHORIZATION, LOCATION, RETRY_AFTER};
use ureq::http::{Method, Response, Uri};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, Timeout};

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

/// What speaks to the hub.
#[derive(Debug, Clone)]
pub(super) struct Client {
    agent: Agent,
    endpoint: String,
    authorization: Option<String>,
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
            authorization: options.token.as_ref().map(|t| format!("Bearer {t}")),
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
    pub fn head(&self, url: &str, known: &[&str]) -> Result<Response<Body>, Trouble> {
        self.follow(Method::HEAD, url, None, |response| {
            known
                .iter()
                .all(|name| response.headers().contains_key(*name))
        })
    }

    /// Asks for a file from a byte on.
    pub fn get(&self, url: &str, from: u64) -> Result<Response<Body>, Trouble> {
        let range = (from > 0).then(|| format!("bytes={from}-"));
        self.follow(Method::GET, url, range, |_| false)
    }

    fn follow(
        &self,
        method: Method,
        url: &str,
        range: Option<String>,
        enough: impl Fn(&Response<Body>) -> bool,
    ) -> Result<Response<Body>, Trouble> {
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
                .map_err(|e| unusable(&url, &e.to_string()))?;
            let response = self.agent.run(request).map_err(|e| trouble(&e))?;
            if !response.status().is_redirection() {
                return busy(response);
            }
            if enough(&response) {
                return Ok(response);
            }
            let location = response.headers().get(LOCATION);
            let location = location.and_then(|l| l.to_str().ok()).unwrap_or("");
            url = join(&url, location).ok_or_else(|| unusable(&url, location))?;
        }
        Err(unusable(&url, &format!("{REDIRECTS} redirects")))
    }
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

fn unusable(url: &str, found: &str) -> Trouble {
    Trouble::Final(HubError::Response {
        url: shown(url),
        expected: "an answer, or a redirect to one",
        found: shown(found),
    })
}

/// What it is worth to say of an address or an answer: no signature, no
/// control characters.
pub(super) fn shown(text: &str) -> String {
    let text = text.split('?').next().unwrap_or("");
    let plain = text.chars().filter(|c| !c.is_control());
    let plain: String = plain.take(200).collect();
    match plain.is_empty() {
        true => "nothing".into(),
        false => plain,
    }
}

fn trouble(error: &ureq::Error) -> Trouble {
    use ureq::Error;
    let text = match error {
        Error::Io(e) => e.to_string(),
        _ => error.to_string(),
    };
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

/// Scheme, host and port.
fn origin(url: &str) -> Option<(String, String, u16)> {
    let uri: Uri = url.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let usual = if scheme == "https" { 443 } else { 80 };
    let port = uri.port_u16().unwrap_or(usual);
    Some((scheme, uri.host()?.to_ascii_lowercase(), port))
}

fn same_origin(a: &str, b: &str) -> bool {
    origin(a).is_some() && origin(a) == origin(b)
}

/// Where a redirect leads.
fn join(url: &str, location: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let next = if location.starts_with("https://") || location.starts_with("http://") {
        location.to_owned()
    } else if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        let host = rest.split(['/', '?', '#']).next()?;
        format!("{scheme}://{host}{location}")
    } else {
        // No hub redirects relative to a folder.
        return None;
    };
    origin(&next).map(|_| next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_are_joined() {
        let url = "https://hub.example:8443/a/b/resolve/main/c?x=1";
        for (location, next) in [
            (
                "https://cdn.example/f?s=1",
                Some("https://cdn.example/f?s=1"),
            ),
            ("/api/f?e=%22", Some("https://hub.example:8443/api/f?e=%22")),
            ("//cdn.example/f", Some("https://cdn.example/f")),
            ("", None),
            ("c", None),
            ("file:///etc/passwd", None),
            ("https://", None),
        ] {
            assert_eq!(join(url, location).as_deref(), next, "{location}");
        }
    }

    #[test]
    fn only_the_same_scheme_host_and_port_is_the_same_origin() {
        let hub = "https://hub.example/prefix";
        for (url, same) in [
            ("https://hub.example/x", true),
            ("https://HUB.example:443/x", true),
            ("http://hub.example/x", false),
            ("https://hub.example:8443/x", false),
            ("https://cdn.hub.example/x", false),
            ("https://hub.example@evil.example/x", false),
            ("nonsense", false),
        ] {
            assert_eq!(same_origin(url, hub), same, "{url}");
        }
    }
}
