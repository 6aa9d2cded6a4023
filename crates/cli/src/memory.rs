//! The peak memory of this process.

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// Tracks the peak memory of this process.
#[derive(Debug, Default)]
pub struct PeakMemory {
    largest: Option<u64>,
}

impl PeakMemory {
    /// Samples the memory and returns the peak so far in bytes, if the system reports it. Linux
    /// records the peak itself. On other systems, the result is the largest sample, so call this
    /// method after each phase.
    pub fn sample(&mut self) -> Option<u64> {
        let bytes = high_water().or_else(resident);
        self.largest = self.largest.max(bytes);
        self.largest
    }
}

/// Returns Linux's `VmHWM`, the largest resident set since the process started, in bytes.
fn high_water() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

fn resident() -> Option<u64> {
    let pid = Pid::from_u32(std::process::id());
    let mut system = System::new().ok()?;
    let what = ProcessRefreshKind::nothing().with_memory();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, what);
    Some(system.process(pid)?.memory())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_holds_memory() {
        let mut peak = PeakMemory::default();
        let bytes = peak.sample().unwrap();
        assert!((1 << 20..1 << 40).contains(&bytes), "{bytes}");
        let resident = resident().unwrap();
        assert!((1 << 20..1 << 40).contains(&resident), "{resident}");
    }
}
