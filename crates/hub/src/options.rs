//! The options of a hub: endpoint, cache and token. They are read from the environment variables of
//! `huggingface_hub`.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::HubError;
use super::address::{address, authority};
use super::token::{TOKEN, clean, describe_invalid, is_visible, stored};

/// Options for access to the hub and the cache.
///
/// ```
/// use resnet_wgpu_hub::HubOptions;
///
/// let mut options = HubOptions::new("models");
/// assert_eq!(options.endpoint, "https://huggingface.co");
/// options.offline = true;
/// options.token = Some("hf_secret".into());
/// // The debug output does not contain the token.
/// assert!(!format!("{options:?}").contains("hf_secret"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct HubOptions {
    /// The hub's address, with `http://` or `https://`.
    pub endpoint: String,
    /// The folder of the cache, in `huggingface_hub`'s layout.
    pub cache: PathBuf,
    /// The access token. It is sent only to the endpoint, never to another host.
    pub token: Option<String>,
    /// True if only the cache is used, without any request.
    pub offline: bool,
    /// True if snapshots are symbolic links to the blobs. Snapshots contain the files themselves if
    /// this is false or if the file system has no symbolic links.
    pub symlinks: bool,
    /// The longest time without data from a server. After that the connection counts as broken.
    pub read_timeout: Duration,
}

impl HubOptions {
    /// Creates options for the public hub and the given cache, without a token.
    pub fn new(cache: impl Into<PathBuf>) -> Self {
        Self {
            endpoint: "https://huggingface.co".into(),
            cache: cache.into(),
            token: None,
            offline: false,
            symlinks: true,
            read_timeout: Duration::from_secs(10),
        }
    }

    /// Reads the options from the environment in the same way as `huggingface_hub`, so that both
    /// programs share a cache and a token:
    ///
    /// - the cache: `HF_HUB_CACHE`, else `$HF_HOME/hub`, else
    ///   `$XDG_CACHE_HOME/huggingface/hub`, else `~/.cache/huggingface/hub`;
    /// - the token: `HF_TOKEN`, else the file at `HF_TOKEN_PATH`, else
    ///   `$HF_HOME/token`; no token with `HF_HUB_DISABLE_IMPLICIT_TOKEN`;
    /// - `HF_ENDPOINT`, `HF_HUB_OFFLINE` (or `TRANSFORMERS_OFFLINE`),
    ///   `HF_HUB_DISABLE_SYMLINKS`, and `HF_HUB_DOWNLOAD_TIMEOUT` in seconds.
    ///
    /// # Errors
    /// [`HubError::Setting`] for an invalid variable, [`HubError::TokenFile`] for a file without a
    /// valid token, [`HubError::NoHome`] if no folder for the cache is known.
    pub fn from_env() -> Result<Self, HubError> {
        Self::read(&|name| std::env::var_os(name), std::env::home_dir())
    }

    fn read(
        variable: &dyn Fn(&str) -> Option<OsString>,
        user: Option<PathBuf>,
    ) -> Result<Self, HubError> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let text = |name| set(name).map(|value| value.to_string_lossy().into_owned());
        let path = |value: OsString| {
            let below = value.to_str().and_then(|text| text.strip_prefix("~/"));
            match (below, &user) {
                (Some(below), Some(user)) => user.join(below),
                _ => PathBuf::from(value),
            }
        };
        let caches = || {
            let user = user.as_ref().map(|user| user.join(".cache"));
            set("XDG_CACHE_HOME").map(&path).or(user)
        };
        let home = || match set("HF_HOME") {
            Some(home) => Some(path(home)),
            None => Some(caches()?.join("huggingface")),
        };
        let cache = match set("HF_HUB_CACHE").or_else(|| set("HUGGINGFACE_HUB_CACHE")) {
            Some(cache) => path(cache),
            None => home().ok_or(HubError::NoHome)?.join("hub"),
        };
        let mut options = Self::new(cache);
        if let Some(endpoint) = text("HF_ENDPOINT") {
            options.endpoint = endpoint.trim_end_matches('/').to_owned();
        }
        options.offline =
            is_enabled(text("HF_HUB_OFFLINE").or_else(|| text("TRANSFORMERS_OFFLINE")));
        options.symlinks = !is_enabled(text("HF_HUB_DISABLE_SYMLINKS"));
        if let Some(seconds) = text("HF_HUB_DOWNLOAD_TIMEOUT") {
            let read = seconds.parse().ok().filter(|s| (1..=3600).contains(s));
            options.read_timeout = Duration::from_secs(read.ok_or(HubError::Setting {
                name: "HF_HUB_DOWNLOAD_TIMEOUT",
                expected: "seconds, from 1 to 3600",
                found: seconds.chars().take(100).collect(),
            })?);
        }
        if !is_enabled(text("HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
            let file = || match set("HF_TOKEN_PATH") {
                Some(file) => Some(path(file)),
                None => Some(home()?.join("token")),
            };
            let given = text("HF_TOKEN").or_else(|| text("HUGGING_FACE_HUB_TOKEN"));
            options.token = match given.as_deref().and_then(clean) {
                Some(given) => Some(given),
                None => file().map_or(Ok(None), |file| stored(&file))?,
            };
        }
        options.check()?;
        Ok(options)
    }

    /// Rejects options that cannot be used in a request.
    pub(super) fn check(&self) -> Result<(), HubError> {
        let host = (self.endpoint.strip_prefix("https://"))
            .or_else(|| self.endpoint.strip_prefix("http://"));
        if !host.is_some_and(|host| !authority(host).is_empty() && is_visible(host)) {
            let found = self.endpoint.chars().take(100).collect::<String>();
            return Err(HubError::Setting {
                name: "HF_ENDPOINT",
                expected: "an address such as https://huggingface.co",
                // The text before an @ may be a password.
                found: if self.endpoint.contains('@') {
                    "another with an @".into()
                } else {
                    format!("`{found}`")
                },
            });
        }
        if authority(&self.endpoint).contains('@') {
            // The credentials would appear in every message that names the hub.
            return Err(HubError::Setting {
                name: "HF_ENDPOINT",
                expected: "an address without a user and a password (HF_TOKEN says who asks)",
                found: "an @ before the host".into(),
            });
        }
        match &self.token {
            Some(token) if !is_visible(token) => Err(HubError::Setting {
                name: "HF_TOKEN",
                expected: TOKEN,
                found: describe_invalid(token),
            }),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for HubOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The token is left out, because debug output ends up in bug reports.
        f.debug_struct("HubOptions")
            .field("endpoint", &address(&self.endpoint))
            .field("cache", &self.cache)
            .field("token", &self.token.as_ref().map(|_| "…"))
            .field("offline", &self.offline)
            .finish_non_exhaustive()
    }
}

fn is_enabled(value: Option<String>) -> bool {
    let yes = ["1", "ON", "YES", "TRUE"];
    value.is_some_and(|value| yes.contains(&value.to_ascii_uppercase().as_str()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<HubOptions, HubError> {
        let variable = |name: &str| {
            let found = set.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| value.into())
        };
        HubOptions::read(&variable, Some("/home/me".into()))
    }

    #[test]
    fn the_cache_is_where_huggingface_hub_has_it() {
        for (set, cache) in [
            (&[][..], "/home/me/.cache/huggingface/hub"),
            (&[("XDG_CACHE_HOME", "/x")], "/x/huggingface/hub"),
            (&[("XDG_CACHE_HOME", "/x"), ("HF_HOME", "/h")], "/h/hub"),
            (&[("HF_HOME", "/h"), ("HF_HUB_CACHE", "/c")], "/c"),
            (
                &[("HF_HOME", ""), ("HF_HUB_CACHE", "")],
                "/home/me/.cache/huggingface/hub",
            ),
            (&[("HF_HOME", "~/hf")], "/home/me/hf/hub"),
        ] {
            assert_eq!(read(set).unwrap().cache, Path::new(cache), "{set:?}");
        }
        let nowhere = HubOptions::read(&|_| None, None);
        assert!(matches!(nowhere, Err(HubError::NoHome)));
    }

    #[test]
    fn switches_and_addresses() {
        let plain = read(&[]).unwrap();
        assert_eq!(plain.endpoint, "https://huggingface.co");
        assert!(!plain.offline && plain.symlinks);
        assert!(read(&[("HF_HUB_OFFLINE", "yes")]).unwrap().offline);
        assert!(read(&[("TRANSFORMERS_OFFLINE", "1")]).unwrap().offline);
        assert!(!read(&[("HF_HUB_OFFLINE", "0")]).unwrap().offline);
        let mirror = read(&[("HF_ENDPOINT", "http://localhost:1/hf/")]).unwrap();
        assert_eq!(mirror.endpoint, "http://localhost:1/hf");
        let at = read(&[("HF_ENDPOINT", "http://localhost/@hf")]).unwrap();
        assert_eq!(at.endpoint, "http://localhost/@hf");
        for (name, value) in [
            ("HF_ENDPOINT", "huggingface.co"),
            ("HF_ENDPOINT", "https:///hf"),
            ("HF_HUB_DOWNLOAD_TIMEOUT", "soon"),
        ] {
            let error = read(&[(name, value)]).unwrap_err().to_string();
            assert!(error.starts_with(name) && error.contains(value), "{error}");
        }
    }

    #[test]
    fn no_password_of_an_endpoint_is_shown() {
        for endpoint in [
            "http://u:secret@host",
            "https://secret@host:1/hf",
            "https://u:secret@",
            "u:secret@host",
            "ftp://u:secret@host",
            "https:/u:secret@host",
            "https://u:secret @host",
        ] {
            let error = read(&[("HF_ENDPOINT", endpoint)]).unwrap_err().to_string();
            let says = error.starts_with("HF_ENDPOINT: expected an address");
            assert!(says && !error.contains("secret"), "{error}");
            let mut options = HubOptions::new("/cache");
            options.endpoint = endpoint.into();
            assert!(super::super::Hub::new(options).is_err());
        }
        let mut options = HubOptions::new("/cache");
        options.endpoint = "http://u:secret@host".into();
        assert!(!format!("{options:?}").contains("secret"));
    }

    #[test]
    fn tokens_are_read_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap();
        assert_eq!(read(&[("HF_HOME", home)]).unwrap().token, None);
        std::fs::write(folder.path().join("token"), "hf_file\n").unwrap();
        let token = |set: &[(&str, &str)]| read(set).unwrap().token;
        assert_eq!(token(&[("HF_HOME", home)]).as_deref(), Some("hf_file"));
        std::fs::write(folder.path().join("token"), "hf a").unwrap();
        let bad = read(&[("HF_HOME", home)]);
        assert!(matches!(bad, Err(HubError::TokenFile { .. })), "{bad:?}");
        // The file is not read if the environment gives a token.
        let both = [("HF_HOME", home), ("HF_TOKEN", " hf_own ")];
        assert_eq!(token(&both).as_deref(), Some("hf_own"));
        let silent = [("HF_HOME", home), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")];
        assert_eq!(token(&silent), None);

        let options = read(&both).unwrap();
        assert!(!format!("{options:?}").contains("hf_own"));
        let hub = super::super::Hub::new(options).unwrap();
        assert!(!format!("{hub:?}").contains("hf_own"));
        let error = read(&[("HF_TOKEN", "hf_a b")]).unwrap_err().to_string();
        assert!(
            error.starts_with("HF_TOKEN") && !error.contains("hf_a"),
            "{error}"
        );
    }
}
