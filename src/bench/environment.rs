//! Where figures come from: the machine, the device, the versions.

use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

use super::result::{Device, Host, Limits, Power};
use crate::gpu::{Gpu, backend_name, kind_name};

/// Version of this crate.
pub const CRATE_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The lock file of the build: wgpu does not tell its version otherwise.
const LOCK: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock"));

/// The version of wgpu that this was locked to, which is the one built with
/// unless Cargo was told to update it.
pub fn wgpu_version() -> &'static str {
    locked(LOCK, "wgpu").unwrap_or("unknown")
}

/// The version of a package in a lock file.
fn locked<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines.next()?;
    let version = lines.next()?.strip_prefix("version = \"")?;
    version.strip_suffix('"')
}

/// Now, UTC, RFC 3339, to the second.
pub fn now() -> String {
    let now = jiff::Timestamp::now();
    let whole = jiff::Timestamp::from_second(now.as_second());
    whole.unwrap_or(now).to_string()
}

impl Host {
    /// This machine.
    pub fn here() -> Self {
        let what = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing())
            .with_memory(MemoryRefreshKind::nothing().with_ram());
        let system = System::new_with_specifics(what).ok();
        let cpu = system.as_ref().and_then(|system| system.cpus().first());
        let known = |text: Option<String>| text.unwrap_or_else(|| "unknown".into());
        Self {
            os: known(System::long_os_version().ok()),
            kernel: known(System::kernel_version().ok()),
            cpu: known(cpu.map(|cpu| cpu.brand().trim().to_owned())),
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: system.as_ref().map_or(0, System::total_memory),
            power: power(),
        }
    }
}

/// What feeds this machine.
fn power() -> Power {
    use starship_battery::{Manager, State};

    let batteries = Manager::new().and_then(|manager| manager.batteries());
    let states: Vec<State> = match batteries {
        Ok(batteries) => batteries.flatten().map(|battery| battery.state()).collect(),
        Err(_) => vec![],
    };
    if states.contains(&State::Discharging) || states.contains(&State::Empty) {
        Power::Battery
    } else if states.is_empty() {
        Power::Unknown
    } else {
        Power::Mains
    }
}

impl Limits {
    /// Those of wgpu's limits.
    pub fn of(limits: &wgpu::Limits) -> Self {
        Self {
            max_buffer_size: limits.max_buffer_size,
            max_storage_buffer_binding_size: limits.max_storage_buffer_binding_size,
            max_storage_buffers_per_shader_stage: limits.max_storage_buffers_per_shader_stage,
            max_compute_workgroup_storage_size: limits.max_compute_workgroup_storage_size,
            max_compute_invocations_per_workgroup: limits.max_compute_invocations_per_workgroup,
            max_compute_workgroups_per_dimension: limits.max_compute_workgroups_per_dimension,
        }
    }
}

impl Device {
    /// A device as it is in use.
    pub fn of(gpu: &Gpu) -> Self {
        let info = gpu.info();
        Self {
            name: info.name.clone(),
            vendor: vendor(info.vendor),
            vendor_id: info.vendor,
            device_id: info.device,
            driver: info.driver.clone(),
            driver_info: info.driver_info.clone(),
            backend: backend_name(info).into(),
            kind: kind_name(info).into(),
            subgroup_sizes: [info.subgroup_min_size, info.subgroup_max_size],
            limits: Limits::of(&gpu.device().limits()),
            features: (gpu.device().features().iter_names())
                .map(|(name, _)| name.to_owned())
                .collect(),
            warnings: warnings(info),
            peaks: None,
        }
    }
}

fn warnings(info: &wgpu::AdapterInfo) -> Vec<String> {
    let mut warnings = vec![];
    if info.device_type == wgpu::DeviceType::Cpu {
        warnings.push(
            "a software adapter: the processor computes, and other programs slow it down".into(),
        );
    }
    if cfg!(debug_assertions) {
        warnings.push("a debug build of resnet-wgpu: host times are not those of a release".into());
    }
    warnings
}

/// The vendor's name by its PCI or Khronos number.
fn vendor(id: u32) -> String {
    let name = match id {
        0x1002 | 0x1022 => "AMD",
        0x1010 => "Imagination",
        0x106b => "Apple",
        0x10de => "NVIDIA",
        0x13b5 => "Arm",
        0x1414 => "Microsoft",
        0x14e4 => "Broadcom",
        0x1af4 => "Red Hat (virtio)",
        0x5143 | 0x4d4f_4351 => "Qualcomm",
        0x8086 => "Intel",
        0x1_0003 => "Mesa's V3D",
        0x1_0005 => "Mesa",
        0x1_0006 => "POCL",
        0 => "unknown",
        other => return format!("{other:#06x}"),
    };
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_the_lock() {
        let lock = "[[package]]\nname = \"wgpu\"\nversion = \"30.0.1\"\nsource = \"x\"\n";
        assert_eq!(locked(lock, "wgpu"), Some("30.0.1"));
        assert_eq!(locked(lock, "naga"), None);
        assert!(wgpu_version().starts_with("30."), "{}", wgpu_version());
    }

    #[test]
    fn this_machine_is_described() {
        let host = Host::here();
        assert!(host.cpus > 0 && host.memory_bytes > 1 << 20, "{host:?}");
        assert!(now().ends_with('Z') && now().len() == 20, "{}", now());
    }
}
