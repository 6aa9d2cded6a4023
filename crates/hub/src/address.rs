//! Addresses: targets of redirects, comparison of origins, and text that is safe to print.

use ureq::http::Uri;

/// Returns scheme, host and port.
fn origin(url: &str) -> Option<(String, String, u16)> {
    let uri: Uri = url.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let usual = if scheme == "https" { 443 } else { 80 };
    let port = uri.port_u16().unwrap_or(usual);
    Some((scheme, uri.host()?.to_ascii_lowercase(), port))
}

pub(super) fn same_origin(a: &str, b: &str) -> bool {
    origin(a).is_some() && origin(a) == origin(b)
}

/// The expectation shown when a response is neither a file nor a redirect.
pub(super) const EXPECTED: &str = "an answer, or a redirect to one";

/// Returns the target of a redirect from `url`. Returns the expectation as an error if the redirect
/// must not be followed.
pub(super) fn join(url: &str, location: &str) -> Result<String, &'static str> {
    let (scheme, rest) = url.split_once("://").ok_or(EXPECTED)?;
    let next = if location.starts_with("https://") || location.starts_with("http://") {
        location.to_owned()
    } else if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        let host = rest.split(['/', '?', '#']).next().ok_or(EXPECTED)?;
        format!("{scheme}://{host}{location}")
    } else {
        // No hub redirects to a relative path.
        return Err(EXPECTED);
    };
    let (to, ..) = origin(&next).ok_or(EXPECTED)?;
    if scheme == "https" && to != "https" {
        // A user who chose https does not want others on the network to read or change the file.
        return Err("a redirect that stays with https");
    }
    Ok(next)
}

/// Returns the part of an address that names the host, including a user and a password if present.
/// An address without a scheme starts with this part.
pub(super) fn authority(url: &str) -> &str {
    let rest = match url.split_once("//") {
        Some((scheme, rest)) if scheme.is_empty() || scheme.ends_with(':') => rest,
        _ => url,
    };
    rest.split(['/', '?', '#']).next().unwrap_or("")
}

/// Returns an address that is safe to print: without credentials and without a signature.
pub(super) fn address(url: &str) -> String {
    let named = authority(url);
    let host = named.rsplit_once('@').map_or(named, |(_, host)| host);
    let (before, behind) = url.split_once(named).unwrap_or((url, ""));
    printable(&format!("{before}{host}{behind}"))
}

/// Returns text that is safe to print: without the query after a question mark and without control
/// characters. The library has a function `printable`, but this crate does not depend on the
/// library.
pub(super) fn printable(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or("");
    let plain = text.chars().filter(|c| !c.is_control());
    let plain: String = plain.take(200).collect();
    if plain.is_empty() {
        "nothing".into()
    } else {
        plain
    }
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
            ("http://cdn.example/f", None),
            ("http://hub.example:8443/f", None),
            ("", None),
            ("c", None),
            ("file:///etc/passwd", None),
            ("https://", None),
        ] {
            assert_eq!(join(url, location).ok().as_deref(), next, "{location}");
        }
        let down = join(url, "http://cdn.example/f");
        assert_eq!(down, Err("a redirect that stays with https"));
        for next in ["https://hub.example/f", "http://cdn.example/f"] {
            assert_eq!(join("http://hub.example/f", next).as_deref(), Ok(next));
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

    #[test]
    fn addresses_are_printed_without_secrets() {
        for (url, said) in [
            ("https://cdn.example/f?signature=x", "https://cdn.example/f"),
            ("https://u:p@cdn.example/f#x", "https://cdn.example/f"),
            ("http://u:p@x@h:80", "http://h:80"),
            ("//u:p@h/f", "//h/f"),
            ("u:p@h/f", "h/f"),
            ("/api/@x", "/api/@x"),
            ("https://h/a@b", "https://h/a@b"),
            ("https://", "https://"),
            ("?x", "nothing"),
        ] {
            assert_eq!(address(url), said, "{url}");
        }
    }
}
