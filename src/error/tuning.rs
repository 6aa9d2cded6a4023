//! Tunings that cannot be used, read or written.

/// The version of the layout. It grows with every change of it.
pub const SCHEMA_VERSION: u32 = 1;

/// A tuning that is not this device's, or not as it is now.
///
/// ```
/// use resnet_wgpu::Tuning;
/// use resnet_wgpu::low_level::tune::{Origin, Stale};
///
/// # let made = Origin {
/// #     adapter: "Some GPU".into(),
/// #     vendor: 1,
/// #     device: 1,
/// #     backend: "Vulkan".into(),
/// #     driver: "somedrv".into(),
/// #     driver_info: "1.0".into(),
/// #     crate_version: "0.1.0".into(),
/// #     kernels: "0".into(),
/// # };
/// let here = Origin { driver_info: "2.0".into(), ..made.clone() };
/// let Err(Stale(differences)) = Tuning::new(made).check(&here) else {
///     panic!("the driver is another");
/// };
/// assert_eq!(differences, ["driver version `1.0`, here `2.0`"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("measured with {}; tune again with `resnet tune`", .0.join(", "))]
pub struct Stale(
    /// What differs, with what it was and what it is here.
    pub Vec<String>,
);

/// A tuning that cannot be had or kept.
///
/// ```
/// use std::io::ErrorKind;
///
/// use resnet_wgpu::Tuning;
/// use resnet_wgpu::low_level::tune::TuningError;
///
/// let tuning = match Tuning::read("no/such/tuning.json") {
///     Ok(tuning) => Some(tuning),
///     // Not tuned yet: the built-in rules will do.
///     Err(TuningError::Read { source, .. }) if source.kind() == ErrorKind::NotFound => None,
///     Err(error) => panic!("{error}"),
/// };
/// assert!(tuning.is_none());
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TuningError {
    /// The operating system refused to read.
    #[error("{file}: cannot be read: {source}; check the path and its permissions")]
    Read {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// No tuning, or not all of one.
    #[error(
        "{file}: expected a tuning as `resnet tune` writes it, found {problem}; tune again with \
         `resnet tune`"
    )]
    Damaged {
        /// The file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// A tuning in another layout.
    #[error(
        "{file}: expected schema_version {SCHEMA_VERSION}, found {found}; tune again with \
         `resnet tune`"
    )]
    Version {
        /// The file.
        file: String,
        /// Its version.
        found: u32,
    },
    /// A tuning of another device, driver or version.
    #[error("{file}: {source}")]
    Stale {
        /// The file.
        file: String,
        /// What differs.
        source: Stale,
    },
    /// The operating system refused to write.
    #[error(
        "{file}: cannot be written: {source}; check that its folder can be made and written to"
    )]
    Write {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
}
