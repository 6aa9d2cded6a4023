//! What a tuning was measured on, and what it is good for.

use serde::{Deserialize, Serialize};

use crate::gpu::{Gpu, backend_name};
use crate::kernels;
use crate::weights::fnv1a64;

/// What times depend on besides the shape: a tuning is good where all of it is
/// the same.
///
/// ```no_run
/// use resnet_wgpu::{DeviceSelector, Gpu, Tuning};
/// use resnet_wgpu::low_level::tune::Origin;
///
/// let here = Origin::of(&Gpu::new(DeviceSelector::Auto)?);
/// let tuning = Tuning::read(here.file_name())?;
/// for difference in tuning.origin().differences(&here) {
///     println!("tune again: measured with {difference}");
/// }
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The adapter's name.
    pub adapter: String,
    /// Its vendor's PCI id.
    pub vendor: u32,
    /// Its PCI id.
    pub device: u32,
    /// Vulkan, Metal, Direct3D 12 or OpenGL.
    pub backend: String,
    /// The driver.
    pub driver: String,
    /// Its version, as it gives it.
    pub driver_info: String,
    /// Version of this crate.
    pub crate_version: String,
    /// Fingerprint of this crate's kernels: they change within a version
    /// while it is developed.
    pub kernels: String,
}

impl Origin {
    /// What is measured on that device has this origin.
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

    /// A file's name for that adapter on that backend, whatever its driver: one
    /// that was made with another driver is found, and found to be stale.
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

    /// Where `here` is not what the tuning was made with.
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

    /// Some device.
    pub fn origin() -> Origin {
        Origin {
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
    fn whatever_differs_is_told() {
        assert!(origin().differences(&origin()).is_empty());
        type Change = fn(&mut Origin);
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
            let mut here = origin();
            change(&mut here);
            let found = origin().differences(&here);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].contains(says), "{found:?}");
        }
    }

    #[test]
    fn a_new_driver_finds_the_old_file_and_another_adapter_does_not() {
        let mut newer = origin();
        newer.driver_info = "9".into();
        newer.crate_version = "9".into();
        assert_eq!(newer.file_name(), origin().file_name());
        let mut other = origin();
        other.adapter = "Another".into();
        assert_ne!(other.file_name(), origin().file_name());
    }
}
