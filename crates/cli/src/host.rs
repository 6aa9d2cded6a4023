//! Provenance of measurements: the machine, the time and the version of wgpu.

use resnet_wgpu_bench::{Host, Power};
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

/// The version of wgpu in `Cargo.lock`, which is the version in use unless Cargo updated it. wgpu
/// does not export its version, so the build script reads it from the lock file.
pub const WGPU_VERSION: &str = env!("WGPU_VERSION");

/// Returns the current time in UTC, RFC 3339, to the second.
pub fn now() -> String {
    let now = jiff::Timestamp::now();
    let whole = jiff::Timestamp::from_second(now.as_second());
    whole.unwrap_or(now).to_string()
}

/// Describes this machine.
pub fn this_machine() -> Host {
    let what = RefreshKind::nothing()
        .with_cpu(CpuRefreshKind::nothing())
        .with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(what).ok();
    let cpu = system.as_ref().and_then(|system| system.cpus().first());
    let known = |text: Option<String>| text.unwrap_or_else(|| "unknown".into());
    Host {
        os: known(System::long_os_version().ok()),
        kernel: known(System::kernel_version().ok()),
        cpu: known(cpu.map(|cpu| cpu.brand().trim().to_owned())),
        cpus: std::thread::available_parallelism().map_or(1, usize::from),
        memory_bytes: system.as_ref().map_or(0, System::total_memory),
        power: power(),
    }
}

/// Returns the power source of this machine.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wgpu_has_a_version() {
        assert!(WGPU_VERSION.starts_with("30."), "{WGPU_VERSION}");
    }

    #[test]
    fn this_machine_is_described() {
        let host = this_machine();
        assert!(host.cpus > 0 && host.memory_bytes > 1 << 20, "{host:?}");
        assert!(now().ends_with('Z') && now().len() == 20, "{}", now());
    }
}
