//! Errors of tunings: stale tunings, and tunings that cannot be read or written.

/// The version of the file's layout. Every change of the layout increases it.
pub const SCHEMA_VERSION: u32 = 1;

/// A tuning from another device, or from another state of this device.
///
/// ```
/// use resnet_wgpu::Tuning;
/// use resnet_wgpu::low_level::tune::{TuningProvenance, StaleTuning};
///
/// # let made = TuningProvenance {
/// #     adapter: "Some GPU".into(),
/// #     vendor: 1,
/// #     device: 1,
/// #     backend: "Vulkan".into(),
/// #     driver: "somedrv".into(),
/// #     driver_info: "1.0".into(),
/// #     crate_version: "0.1.0".into(),
/// #     kernels: "0".into(),
/// # };
/// let here = TuningProvenance { driver_info: "2.0".into(), ..made.clone() };
/// let Err(StaleTuning(differences)) = Tuning::new(made).check(&here) else {
///     panic!("the driver is another");
/// };
/// assert_eq!(differences, ["driver version `1.0`, here `2.0`"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("measured with {}; tune again with `resnet tune`", .0.join(", "))]
pub struct StaleTuning(
    /// The differences, each with the old and the current value.
    pub Vec<String>,
);

/// A tuning that cannot be read, used or written.
///
/// ```
/// use std::io::ErrorKind;
///
/// use resnet_wgpu::Tuning;
/// use resnet_wgpu::low_level::tune::TuningError;
///
/// let tuning = match Tuning::read("no/such/tuning.json") {
///     Ok(tuning) => Some(tuning),
///     // Not tuned yet: use the built-in rules.
///     Err(TuningError::Read { source, .. }) if source.kind() == ErrorKind::NotFound => None,
///     Err(error) => panic!("{error}"),
/// };
/// assert!(tuning.is_none());
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TuningError {
    /// The operating system refused to read the file.
    #[error("{file}: cannot be read: {source}; check the path and its permissions")]
    Read {
        /// The file.
        file: String,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// The file is not a tuning, or not a complete one.
    #[error(
        "{file}: expected a tuning as `resnet tune` writes it, found {problem}; tune again with \
         `resnet tune`"
    )]
    Damaged {
        /// The file.
        file: String,
        /// The fault in the file.
        problem: String,
    },
    /// The file has another version of the layout.
    #[error(
        "{file}: expected schema_version {SCHEMA_VERSION}, found {found}; tune again with \
         `resnet tune`"
    )]
    Version {
        /// The file.
        file: String,
        /// The version of the file.
        found: u32,
    },
    /// The tuning is of another device, driver or version.
    #[error("{file}: {source}")]
    Stale {
        /// The file.
        file: String,
        /// The differences.
        source: StaleTuning,
    },
    /// The operating system refused to write the file.
    #[error(
        "{file}: cannot be written: {source}; check that its folder can be made and written to"
    )]
    Write {
        /// The file.
        file: String,
        /// The operating system's error.
        source: std::io::Error,
    },
}
