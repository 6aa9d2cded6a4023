//! The device and the versions that a tuning was measured with.

use serde::{Deserialize, Serialize};

use crate::gpu::{Gpu, backend_name};
use crate::kernels;
use crate::weights::fnv1a64;

/// The conditions on which times depend, other than the shape. A tuning is valid only if all of
/// them are unchanged.
///
/// ```no_run
/// use resnet_wgpu::{DeviceSelector, Gpu, Tuning};
/// use resnet_wgpu::low_level::tune::TuningProvenance;
///
/// let here = TuningProvenance::of(&Gpu::new(DeviceSelector::Auto)?);
/// let tuning = Tuning::read(here.file_name())?;
/// for difference in tuning.provenance().differences(&here) {
///     println!("tune again: measured with {difference}");
/// }
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TuningProvenance {
    /// The adapter's name.
    pub adapter: String,
    /// The PCI id of the vendor.
    pub vendor: u32,
    /// The PCI id of the device.
    pub device: u32,
    /// The backend: Vulkan, Metal, Direct3D 12 or OpenGL.
    pub backend: String,
    /// The driver's name.
    pub driver: String,
    /// The driver's version, in the driver's own format.
    pub driver_info: String,
    /// The version of this crate.
    pub crate_version: String,
    /// The fingerprint of this crate's kernels, which may change within a version during
    /// development.
    pub kernels: String,
}

impl TuningProvenance {
    /// Returns the provenance of measurements on this device.
    pub fn of(gpu: &Gpu) -> Self {
        let info = gpu.info();
        Self {
            adapter: info.name.clone(),
            vendor: info.vendor,
            device: info.device,
            backend: backend_name(info).to_owned(),
            driver: info.driver.clone(),
            driver_info: info.driver_info.clone(),
            crate_version: env!("CARGO_PKG_VERSION").to_owned(),
            kernels: format!("{:016x}", kernels::fingerprint(fnv1a64)),
        }
    }

    /// Returns the name of the tuning file for this adapter and backend. The name does not depend
    /// on the driver, so that a file from another driver version is found and reported as stale.
    pub fn file_name(&self) -> String {
        let Self {
            adapter,
            vendor,
            device,
            backend,
            ..
        } = self;
        let whose = format!("{adapter}\n{vendor}\n{device}\n{backend}");
        format!("tuning-{:016x}.json", fnv1a64(whose.as_bytes()))
    }

    /// Describes each difference between the tuning's provenance and `here`.
    pub fn differences(&self, here: &Self) -> Vec<String> {
        let hex = |id: u32| format!("{id:#06x}");
        let pairs = [
            ("adapter", self.adapter.clone(), here.adapter.clone()),
            ("vendor", hex(self.vendor), hex(here.vendor)),
            ("device", hex(self.device), hex(here.device)),
            ("backend", self.backend.clone(), here.backend.clone()),
            ("driver", self.driver.clone(), here.driver.clone()),
            (
                "driver version",
                self.driver_info.clone(),
                here.driver_info.clone(),
            ),
            (
                "resnet",
                self.crate_version.clone(),
                here.crate_version.clone(),
            ),
            ("kernels", self.kernels.clone(), here.kernels.clone()),
        ];
        let differ = pairs.into_iter().filter(|(_, made, now)| made != now);
        differ
            .map(|(what, made, now)| format!("{what} `{made}`, here `{now}`"))
            .collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Returns the provenance of an invented device.
    pub fn provenance() -> TuningProvenance {
        TuningProvenance {
            adapter: "Some GPU 9000".into(),
            vendor: 0x10de,
            device: 0x1234,
            backend: "Vulkan".into(),
            driver: "somedrv".into(),
            driver_info: "1.2.3".into(),
            crate_version: "0.1.0".into(),
            kernels: "0123456789abcdef".into(),
        }
    }

    #[test]
    fn every_difference_is_reported() {
        assert!(provenance().differences(&provenance()).is_empty());
        type Change = fn(&mut TuningProvenance);
        let changes: [(Change, &str); 8] = [
            (|o| o.adapter.push('x'), "adapter `Some GPU 9000`, here"),
            (|o| o.vendor = 0x8086, "vendor `0x10de`, here `0x8086`"),
            (|o| o.device = 1, "device `0x1234`, here `0x0001`"),
            (|o| o.backend = "Metal".into(), "backend `Vulkan`"),
            (|o| o.driver.clear(), "driver `somedrv`, here ``"),
            (|o| o.driver_info.push('4'), "driver version `1.2.3`"),
            (|o| o.crate_version = "0.2.0".into(), "resnet `0.1.0`"),
            (|o| o.kernels = "0".into(), "kernels `0123456789abcdef`"),
        ];
        for (change, says) in changes {
            let mut here = provenance();
            change(&mut here);
            let found = provenance().differences(&here);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].contains(says), "{found:?}");
        }
    }

    #[test]
    fn a_new_driver_finds_the_old_file_and_another_adapter_does_not() {
        let mut newer = provenance();
        newer.driver_info = "9".into();
        newer.crate_version = "9".into();
        assert_eq!(newer.file_name(), provenance().file_name());
        let mut other = provenance();
        other.adapter = "Another".into();
        assert_ne!(other.file_name(), provenance().file_name());
    }
}
