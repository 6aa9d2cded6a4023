//! Lists the adapters of the machine and selects one of them.

use std::fmt;
use std::str::FromStr;

use super::GpuError;

/// A device to use.
///
/// The CPU path is not a device of this list: a classifier without a [`Gpu`](crate::Gpu) runs on
/// the CPU.
///
/// ```
/// use resnet_wgpu::DeviceSelector;
///
/// assert_eq!("auto".parse(), Ok(DeviceSelector::Auto));
/// assert_eq!("1".parse(), Ok(DeviceSelector::Index(1)));
/// assert_eq!("nvidia".parse(), Ok(DeviceSelector::Name("nvidia".into())));
/// ```
///
/// ```no_run
/// use resnet_wgpu::{DeviceSelector, Gpu};
///
/// let gpu = Gpu::new(DeviceSelector::Name("nvidia".into()))?;
/// # Ok::<(), resnet_wgpu::low_level::gpu::GpuError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum DeviceSelector {
    /// The best adapter: discrete before integrated before software adapters. Among equal adapters,
    /// Vulkan, Metal and Direct3D precede OpenGL.
    #[default]
    Auto,
    /// The adapter with this index in the list that [`adapters`] returns. An index beyond the list
    /// selects the first adapter whose name contains the number.
    Index(usize),
    /// The first adapter whose name, driver or backend contains this text, without regard to case.
    Name(String),
}

impl FromStr for DeviceSelector {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.parse() {
            Ok(index) => Self::Index(index),
            Err(_) if text.eq_ignore_ascii_case("auto") => Self::Auto,
            Err(_) => Self::Name(text.to_owned()),
        })
    }
}

impl fmt::Display for DeviceSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Index(index) => write!(f, "{index}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// An adapter in the list of [`adapters`] and `resnet devices`.
///
/// ```no_run
/// use resnet_wgpu::adapters;
/// use resnet_wgpu::wgpu::Features;
///
/// for adapter in adapters() {
///     let f16 = adapter.features.contains(Features::SHADER_F16);
///     println!("{}: {}, f16 in shaders: {f16}", adapter.index, adapter.describe());
/// }
/// ```
#[derive(Debug, Clone)]
pub struct AdapterSummary {
    /// The position in the list, as `--device INDEX` expects it.
    pub index: usize,
    /// Name, vendor, driver, backend, kind and subgroup sizes.
    pub info: wgpu::AdapterInfo,
    /// The limits that the adapter offers.
    pub limits: wgpu::Limits,
    /// The features that the adapter offers.
    pub features: wgpu::Features,
}

impl AdapterSummary {
    /// Returns one line with name, backend and kind of the adapter.
    pub fn describe(&self) -> String {
        describe(&self.info)
    }
}

/// Returns the adapter's name, backend and kind, as in
/// `llvmpipe (LLVM 15.0.6, 256 bits) (Vulkan, software)`.
pub(super) fn describe(info: &wgpu::AdapterInfo) -> String {
    let (backend, kind) = (backend_name(info), kind_name(info));
    // Browsers do not reveal the name.
    let name = match info.name.as_str() {
        "" => "unnamed",
        name => name,
    };
    format!("{name} ({backend}, {kind})")
}

/// Returns this program's word for the adapter's kind: discrete, integrated, virtual, software or
/// other.
pub fn kind_name(info: &wgpu::AdapterInfo) -> &'static str {
    match info.device_type {
        wgpu::DeviceType::DiscreteGpu => "discrete",
        wgpu::DeviceType::IntegratedGpu => "integrated",
        wgpu::DeviceType::VirtualGpu => "virtual",
        wgpu::DeviceType::Cpu => "software",
        wgpu::DeviceType::Other => "other",
    }
}

/// Returns the common name of an adapter's backend.
pub fn backend_name(info: &wgpu::AdapterInfo) -> &'static str {
    match info.backend {
        wgpu::Backend::Vulkan => "Vulkan",
        wgpu::Backend::Metal => "Metal",
        wgpu::Backend::Dx12 => "Direct3D 12",
        wgpu::Backend::Gl => "OpenGL",
        wgpu::Backend::BrowserWebGpu => "WebGPU",
        wgpu::Backend::Noop => "no-op",
    }
}

/// Returns all adapters of all backends, best first; the environment variable `WGPU_BACKEND`
/// restricts the backends. [`DeviceSelector::Auto`] selects the first adapter.
#[cfg(not(target_arch = "wasm32"))]
pub fn adapters() -> Vec<AdapterSummary> {
    pollster::block_on(enumerate(wgpu::Backends::all()))
        .into_iter()
        .enumerate()
        .map(|(index, adapter)| AdapterSummary {
            index,
            info: adapter.get_info(),
            limits: adapter.limits(),
            features: adapter.features(),
        })
        .collect()
}

/// Returns the adapters of `backends` that can compute, best first.
async fn enumerate(backends: wgpu::Backends) -> Vec<wgpu::Adapter> {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
    descriptor.backends &= backends;
    // If a debug build finds validation layers, they print to stdout and stderr. A library prints
    // nothing.
    descriptor.flags = wgpu::InstanceFlags::empty().with_env();
    let backends = descriptor.backends;
    let instance = wgpu::Instance::new(descriptor);
    let mut adapters = instance.enumerate_adapters(backends).await;
    adapters.retain(|a| {
        let flags = a.get_downlevel_capabilities().flags;
        flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS)
            && a.get_info().backend != wgpu::Backend::Noop
    });
    // The sort is stable: equal adapters keep the order of the drivers.
    adapters.sort_by_key(|a| rank(&a.get_info()));
    adapters
}

fn rank(info: &wgpu::AdapterInfo) -> (u8, u8) {
    let kind = match info.device_type {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        // OpenGL often does not report the kind. A GPU with a name is better than a software
        // adapter.
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    };
    let backend = match info.backend {
        wgpu::Backend::Gl => 1,
        _ => 0,
    };
    (kind, backend)
}

/// Returns the adapter that `selector` describes.
pub(super) async fn select(selector: &DeviceSelector) -> Result<wgpu::Adapter, GpuError> {
    let mut adapters = enumerate(wgpu::Backends::all() - wgpu::Backends::GL).await;
    // OpenGL is slow to initialize. Its adapters are enumerated only if the other backends offer no
    // hardware adapter, or if the list must be complete.
    let hardware = |a: &wgpu::Adapter| a.get_info().device_type != wgpu::DeviceType::Cpu;
    if *selector != DeviceSelector::Auto || !adapters.first().is_some_and(hardware) {
        adapters.extend(enumerate(wgpu::Backends::GL).await);
        adapters.sort_by_key(|a| rank(&a.get_info()));
    }
    if adapters.is_empty() {
        return Err(GpuError::NoAdapter);
    }
    let index = match selector {
        DeviceSelector::Auto => Some(0),
        DeviceSelector::Index(index) if *index < adapters.len() => Some(*index),
        // A number beyond the list may be part of a name, such as `4090`.
        DeviceSelector::Index(number) => named(&adapters, &number.to_string()),
        DeviceSelector::Name(name) => named(&adapters, name),
    };
    match index {
        Some(index) => Ok(adapters.swap_remove(index)),
        None => Err(GpuError::UnknownDevice {
            wanted: selector.to_string(),
            found: adapters
                .iter()
                .enumerate()
                .map(|(i, a)| format!("{i}: {}", describe(&a.get_info())))
                .collect::<Vec<_>>()
                .join(", "),
        }),
    }
}

/// Returns the index of the first adapter whose description or driver contains `name`.
fn named(adapters: &[wgpu::Adapter], name: &str) -> Option<usize> {
    let wanted = name.to_lowercase();
    adapters.iter().position(|a| {
        let info = a.get_info();
        let text = format!("{} {} {}", describe(&info), info.driver, info.driver_info);
        text.to_lowercase().contains(&wanted)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_parse() {
        let parse = |text: &str| text.parse::<DeviceSelector>().unwrap();
        assert_eq!(parse("auto"), DeviceSelector::Auto);
        assert_eq!(parse("2"), DeviceSelector::Index(2));
        assert_eq!(parse("NVIDIA"), DeviceSelector::Name("NVIDIA".into()));
    }
}
