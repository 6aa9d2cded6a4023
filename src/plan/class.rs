//! Kinds of device, and the assumptions about each that apply when no tuning exists.
//!
//! The table has one row for each kind. A vendor has a row of its own only if its devices differ
//! from others of their kind.

use super::DeviceProfile;

/// Kind of a device, used to choose kernels.
///
/// ```
/// use resnet_wgpu::low_level::plan::{DeviceClass, Vendor};
///
/// // Drivers of phones report an integrated GPU.
/// let (reported, name) = (DeviceClass::Integrated, "Adreno (TM) 740");
/// let vendor = Vendor::of(0x5143, name);
/// assert_eq!(DeviceClass::of(reported, vendor, name), DeviceClass::Mobile);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeviceClass {
    /// A graphics card with memory of its own.
    Discrete,
    /// A GPU that shares the processor's memory.
    Integrated,
    /// A GPU of a phone or tablet, or of the same design. It shares the processor's memory.
    Mobile,
    /// A driver that computes on the processor (llvmpipe, SwiftShader, WARP).
    Software,
    /// A device whose driver does not report the kind.
    Other,
}

/// Manufacturer of a device.
///
/// ```
/// use resnet_wgpu::low_level::plan::Vendor;
///
/// assert_eq!(Vendor::of(0x10de, "NVIDIA H200"), Vendor::Nvidia);
/// assert_eq!(Vendor::of(0, "Apple M1"), Vendor::Apple);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Vendor {
    /// AMD.
    Amd,
    /// Apple.
    Apple,
    /// ARM (Mali, Immortalis).
    Arm,
    /// Imagination (PowerVR).
    Imagination,
    /// Intel.
    Intel,
    /// NVIDIA.
    Nvidia,
    /// Qualcomm (Adreno).
    Qualcomm,
    /// Another or unknown manufacturer.
    #[default]
    Other,
}

impl Vendor {
    /// Finds the vendor by its PCI number, or by the adapter's name if the backend reports no
    /// number.
    pub fn of(id: u32, name: &str) -> Self {
        let named = |part: &str| name.to_ascii_lowercase().contains(part);
        match id {
            0x1002 | 0x1022 => Self::Amd,
            0x106b => Self::Apple,
            0x13b5 => Self::Arm,
            0x1010 => Self::Imagination,
            0x8086 => Self::Intel,
            0x10de => Self::Nvidia,
            0x5143 => Self::Qualcomm,
            _ if named("apple") => Self::Apple,
            _ if named("mali") || named("immortalis") => Self::Arm,
            _ if named("powervr") => Self::Imagination,
            _ if named("adreno") => Self::Qualcomm,
            _ if named("nvidia") || named("geforce") => Self::Nvidia,
            _ if named("radeon") => Self::Amd,
            _ if named("intel") => Self::Intel,
            _ => Self::Other,
        }
    }
}

impl DeviceClass {
    /// Determines the kind of an adapter that its driver reports as `reported`. GPUs designed for
    /// phones count as mobile, because all of them share the processor's memory.
    pub fn of(reported: Self, vendor: Vendor, name: &str) -> Self {
        let maker = matches!(vendor, Vendor::Arm | Vendor::Imagination | Vendor::Qualcomm);
        // Apple's phones have an A chip, its computers an M chip.
        let phone = vendor == Vendor::Apple && name.starts_with("Apple A");
        match reported {
            Self::Integrated | Self::Other if maker || phone => Self::Mobile,
            reported => reported,
        }
    }
}

/// Assumptions about a kind of device. Only the order of the resulting costs matters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CostModel {
    class: DeviceClass,
    /// The vendor that the row is limited to, if any.
    vendor: Option<Vendor>,
    /// Number of workgroups that occupy the whole device. With fewer, a part of it is idle.
    pub fill: f64,
    /// Cost of reading or writing four channels in a Winograd transform or in the sum of a split
    /// reduction. The unit is one multiply-add on four channels.
    pub moved_quad: f64,
    /// Cost of kernels that keep tiles in workgroup memory, relative to kernels that shuffle within
    /// subgroups of 8 or 16.
    pub workgroup_memory: f64,
    /// Source of these numbers.
    pub why: &'static str,
}

/// The assumptions by kind. The first matching row applies.
const TABLE: &[CostModel] = &[
    CostModel {
        class: DeviceClass::Software,
        vendor: None,
        fill: 4.0,
        moved_quad: 1.0,
        // High enough that tiles in workgroup memory never win: on llvmpipe they took seven times
        // as long.
        workgroup_memory: 100.0,
        why: "measured on llvmpipe: a load costs far more than arithmetic, and workgroup memory \
              and barriers most of all, so subgroups shuffle; transforms are cheap beside that",
    },
    CostModel {
        class: DeviceClass::Discrete,
        vendor: Some(Vendor::Amd),
        fill: 256.0,
        moved_quad: 4.0,
        workgroup_memory: 1.0,
        why: "an estimate: large tiles while there are enough for two on each of some 100 cores; \
              the last cache is large enough for Winograd's scratch",
    },
    CostModel {
        class: DeviceClass::Discrete,
        vendor: None,
        fill: 256.0,
        moved_quad: 6.0,
        workgroup_memory: 1.0,
        why: "an estimate: large tiles while there are enough for two on each of some 100 cores; \
              10 to 40 operations for each byte of memory",
    },
    CostModel {
        class: DeviceClass::Integrated,
        vendor: Some(Vendor::Apple),
        fill: 64.0,
        moved_quad: 6.0,
        workgroup_memory: 1.0,
        why: "an estimate: 8 to 80 cores, and memory as fast as a card's for its arithmetic",
    },
    CostModel {
        class: DeviceClass::Integrated,
        vendor: None,
        fill: 32.0,
        moved_quad: 6.0,
        workgroup_memory: 1.0,
        why: "an estimate: few cores, which smaller layers fill with large tiles, too",
    },
    CostModel {
        class: DeviceClass::Mobile,
        vendor: None,
        fill: 16.0,
        moved_quad: 8.0,
        workgroup_memory: 8.0,
        why: "an estimate: few cores, slow memory, and on Mali workgroup memory that is no \
              faster, so that subgroups shuffle where their size is fixed",
    },
    CostModel {
        class: DeviceClass::Other,
        vendor: None,
        fill: 256.0,
        moved_quad: 6.0,
        workgroup_memory: 1.0,
        why: "as a card: whoever passes a GPU on to a virtual machine passes on a large one",
    },
];

impl DeviceProfile {
    /// Returns the assumptions about the kind of this device.
    pub(super) fn cost_model(&self) -> &'static CostModel {
        let of = |t: &&CostModel| {
            t.class == self.class && t.vendor.is_none_or(|vendor| vendor == self.vendor)
        };
        // The last row applies to all vendors, too.
        TABLE.iter().find(of).unwrap_or(&TABLE[TABLE.len() - 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_row_and_vendors_come_before_the_rest() {
        use DeviceClass::*;
        for class in [Discrete, Integrated, Mobile, Software, Other] {
            let profile = DeviceProfile {
                class,
                ..Default::default()
            };
            assert_eq!(profile.cost_model().class, class);
            assert_eq!(profile.cost_model().vendor, None);
        }
        for (i, row) in TABLE.iter().enumerate() {
            let vendor = row.vendor.unwrap_or_default();
            let class = row.class;
            let profile = DeviceProfile {
                class,
                vendor,
                ..Default::default()
            };
            assert_eq!(profile.cost_model(), row, "row {i} is hidden by another");
            assert!(!row.why.is_empty());
        }
    }

    #[test]
    fn phones_are_known_by_their_makers() {
        let class =
            |reported, id, name: &str| DeviceClass::of(reported, Vendor::of(id, name), name);
        use DeviceClass::*;
        assert_eq!(class(Integrated, 0x5143, "Adreno (TM) 740"), Mobile);
        assert_eq!(class(Other, 0, "Mali-G78"), Mobile);
        assert_eq!(class(Integrated, 0, "Apple A17 Pro GPU"), Mobile);
        assert_eq!(class(Integrated, 0, "Apple M2 Max"), Integrated);
        assert_eq!(class(Integrated, 0x8086, "Intel(R) UHD 770"), Integrated);
        assert_eq!(class(Discrete, 0x10de, "NVIDIA H200"), Discrete);
        assert_eq!(class(Software, 0x10005, "llvmpipe (LLVM 15)"), Software);
    }

    #[test]
    fn vendors_are_known_by_number_or_name() {
        for (id, name, vendor) in [
            (0x10de, "NVIDIA H200", Vendor::Nvidia),
            (0x1002, "AMD Radeon RX 7900 XTX", Vendor::Amd),
            (0, "AMD Radeon Pro 5500M", Vendor::Amd),
            (0, "Apple M1", Vendor::Apple),
            (0, "NVIDIA GeForce GTX 1050/PCIe/SSE2", Vendor::Nvidia),
            (0x13b5, "Mali-G715-Immortalis MC11", Vendor::Arm),
            (0x10005, "llvmpipe (LLVM 15.0.6, 256 bits)", Vendor::Other),
        ] {
            assert_eq!(Vendor::of(id, name), vendor, "{name}");
        }
    }
}
