//! The only file of this program with `unsafe` code: calls to Vulkan. wgpu cannot report the
//! statistics of a pipeline, so this file opens a device exactly as wgpu does, with one extension
//! in addition, and creates the pipelines itself.

use std::ffi::{CStr, c_char};
use std::fmt;
use std::time::{Duration, Instant};

use ash::khr::pipeline_executable_properties as extension;
use ash::vk;
use wgpu::hal::{OpenDevice, api::Vulkan};

use crate::Error;

/// A resource that a pipeline binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// The parameters.
    Uniform,
    /// A value in a buffer.
    Buffer,
    /// A value that is read from a texture.
    Texture,
    /// A value that is written to a texture.
    StorageTexture,
}

/// The value of a statistic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// A count.
    Integer(i64),
    /// A figure with a fraction.
    Float(f64),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(n) => n.fmt(f),
            Self::Float(x) => x.fmt(f),
        }
    }
}

/// A pipeline as the driver compiled it.
#[derive(Debug)]
pub struct Compiled {
    /// The time that the driver took.
    pub time: Duration,
    /// The size of a subgroup in lanes.
    pub subgroup: u32,
    /// The driver's statistics, by name.
    pub statistics: Vec<(String, Value)>,
    /// The driver's listings, by name: intermediate code and assembly.
    pub listings: Vec<(String, String)>,
}

/// A Vulkan device that reports statistics of its pipelines.
pub struct Compiler {
    functions: extension::Device,
    /// The version of SPIR-V that wgpu writes for the device.
    pub spirv_version: (u8, u8),
    /// On devices with subgroups, wgpu permits the driver to choose their size.
    stage_flags: vk::PipelineShaderStageCreateFlags,
    opened: OpenDevice<Vulkan>,
}

impl Compiler {
    /// Opens the adapter with the features and limits of `descriptor`.
    ///
    /// # Errors
    /// [`Error::NotVulkan`] and [`Error::NoStatistics`] if the adapter cannot report statistics;
    /// [`Error::Vulkan`] if it cannot be opened.
    #[allow(unsafe_code)]
    pub fn open(
        adapter: &wgpu::Adapter,
        descriptor: &wgpu::DeviceDescriptor<'_>,
    ) -> Result<Self, Error> {
        let name = || adapter.get_info().name;
        // SAFETY: the adapter is only read, and not destroyed.
        let hal = unsafe { adapter.as_hal::<Vulkan>() };
        let hal = hal.ok_or_else(|| Error::NotVulkan { adapter: name() })?;
        let instance = hal.shared_instance().raw_instance();
        let physical = hal.raw_physical_device();
        // SAFETY: the physical device belongs to the instance.
        let properties = unsafe { instance.get_physical_device_properties(physical) };
        let mut offered = vk::PhysicalDevicePipelineExecutablePropertiesFeaturesKHR::default();
        let mut features = vk::PhysicalDeviceFeatures2::default().push_next(&mut offered);
        // SAFETY: the physical device belongs to the instance. wgpu requires Vulkan 1.1 or the
        // extension that has this call.
        unsafe { instance.get_physical_device_features2(physical, &mut features) };
        if offered.pipeline_executable_info == vk::FALSE {
            return Err(Error::NoStatistics { adapter: name() });
        }
        let mut enabled = vk::PhysicalDevicePipelineExecutablePropertiesFeaturesKHR::default()
            .pipeline_executable_info(true);
        let enable: Box<wgpu::hal::vulkan::CreateDeviceCallback<'_>> = Box::new(|arguments| {
            arguments.extensions.push(extension::NAME);
            *arguments.create_info = arguments.create_info.push_next(&mut enabled);
        });
        // SAFETY: the device offers the extension, and the callback removes nothing.
        let opened = unsafe {
            hal.open_with_callback(
                descriptor.required_features,
                &descriptor.required_limits,
                &descriptor.memory_hints,
                Some(enable),
            )
        };
        let opened = opened.map_err(|e| Error::vulkan("a device", e))?;
        let functions = extension::Device::new(instance, opened.device.raw_device());
        let subgroups = descriptor
            .required_features
            .contains(wgpu::Features::SUBGROUP);
        Ok(Self {
            functions,
            stage_flags: if subgroups {
                vk::PipelineShaderStageCreateFlags::ALLOW_VARYING_SUBGROUP_SIZE
            } else {
                vk::PipelineShaderStageCreateFlags::empty()
            },
            spirv_version: match properties.api_version {
                vk::API_VERSION_1_3.. => (1, 6),
                vk::API_VERSION_1_2.. => (1, 5),
                vk::API_VERSION_1_1.. => (1, 3),
                _ => (1, 0),
            },
            opened,
        })
    }

    /// Creates a compute pipeline from SPIR-V with the entry point `main`, and returns the
    /// statistics of its executable.
    ///
    /// # Errors
    /// [`Error::Vulkan`] if the driver refuses the pipeline.
    #[allow(unsafe_code)]
    pub fn compile(&self, spirv: &[u32], bindings: &[Binding]) -> Result<Compiled, Error> {
        let device = self.opened.device.raw_device();
        let layout_bindings: Vec<_> = (0..).zip(bindings).map(layout_binding).collect();
        let set_layout = vk::DescriptorSetLayoutCreateInfo::default().bindings(&layout_bindings);
        let mut created = Created {
            device,
            module: vk::ShaderModule::null(),
            set_layout: vk::DescriptorSetLayout::null(),
            layout: vk::PipelineLayout::null(),
            pipeline: vk::Pipeline::null(),
        };
        let refused = |e: vk::Result| Error::vulkan("a pipeline", e);
        // SAFETY: every handle belongs to `device`, is used while it is alive, and is destroyed
        // by `Created`. The module is what naga wrote for a validated shader, and the layout has
        // the shader's bindings.
        unsafe {
            let module = vk::ShaderModuleCreateInfo::default().code(spirv);
            created.module = device
                .create_shader_module(&module, None)
                .map_err(refused)?;
            created.set_layout = device
                .create_descriptor_set_layout(&set_layout, None)
                .map_err(refused)?;
            let set_layouts = [created.set_layout];
            let layout = vk::PipelineLayoutCreateInfo::default().set_layouts(&set_layouts);
            created.layout = device
                .create_pipeline_layout(&layout, None)
                .map_err(refused)?;
            let stage = vk::PipelineShaderStageCreateInfo::default()
                .flags(self.stage_flags)
                .stage(vk::ShaderStageFlags::COMPUTE)
                .module(created.module)
                .name(c"main");
            let pipeline = vk::ComputePipelineCreateInfo::default()
                .flags(
                    vk::PipelineCreateFlags::CAPTURE_STATISTICS_KHR
                        | vk::PipelineCreateFlags::CAPTURE_INTERNAL_REPRESENTATIONS_KHR,
                )
                .layout(created.layout)
                .stage(stage);
            let begun = Instant::now();
            let pipelines = device
                .create_compute_pipelines(vk::PipelineCache::null(), &[pipeline], None)
                .map_err(|(_, e)| refused(e))?;
            let time = begun.elapsed();
            created.pipeline = pipelines[0];
            self.examine(created.pipeline, time).map_err(refused)
        }
    }

    /// Reads the statistics and listings of a pipeline's last executable. A driver that compiles a
    /// compute shader several times lists the one that it dispatches last.
    ///
    /// # Safety
    /// `pipeline` is a pipeline of this device, created with both capture flags.
    #[allow(unsafe_code)]
    unsafe fn examine(
        &self,
        pipeline: vk::Pipeline,
        time: Duration,
    ) -> Result<Compiled, vk::Result> {
        let info = vk::PipelineInfoKHR::default().pipeline(pipeline);
        // SAFETY: as this function's.
        let executables = unsafe { self.functions.get_pipeline_executable_properties(&info) }?;
        let last = executables.last().ok_or(vk::Result::ERROR_UNKNOWN)?;
        let executable = vk::PipelineExecutableInfoKHR::default()
            .pipeline(pipeline)
            .executable_index(executables.len() as u32 - 1);
        // SAFETY: the index is below the number of executables.
        let statistics = unsafe {
            self.functions
                .get_pipeline_executable_statistics(&executable)
        }?;
        let value = |s: &vk::PipelineExecutableStatisticKHR<'_>| {
            use vk::PipelineExecutableStatisticFormatKHR as Format;
            // SAFETY: the format says which member of the union the driver wrote.
            unsafe {
                match s.format {
                    Format::BOOL32 => Value::Integer(s.value.b32.into()),
                    Format::INT64 => Value::Integer(s.value.i64),
                    Format::FLOAT64 => Value::Float(s.value.f64),
                    _ => Value::Integer(i64::try_from(s.value.u64).unwrap_or(i64::MAX)),
                }
            }
        };
        Ok(Compiled {
            time,
            subgroup: last.subgroup_size,
            statistics: statistics
                .iter()
                .map(|s| (text(&s.name), value(s)))
                .collect(),
            // SAFETY: as this function's; the index is below the number of executables.
            listings: unsafe { self.listings(&executable) }?,
        })
    }

    /// Reads the listings of an executable: first their sizes, then their text.
    ///
    /// # Safety
    /// `executable` names an executable of a pipeline of this device, created with both capture
    /// flags.
    #[allow(unsafe_code)]
    unsafe fn listings(
        &self,
        executable: &vk::PipelineExecutableInfoKHR<'_>,
    ) -> Result<Vec<(String, String)>, vk::Result> {
        let call = self
            .functions
            .fp()
            .get_pipeline_executable_internal_representations_khr;
        let device = self.functions.device();
        let mut count = 0;
        // SAFETY: a null pointer asks for the number of listings.
        unsafe { call(device, executable, &mut count, std::ptr::null_mut()) }.result()?;
        let mut listings =
            vec![vk::PipelineExecutableInternalRepresentationKHR::default(); count as usize];
        // SAFETY: `listings` has `count` elements, whose null data asks for the sizes.
        unsafe { call(device, executable, &mut count, listings.as_mut_ptr()) }.result()?;
        let mut texts: Vec<Vec<u8>> = listings.iter().map(|l| vec![0; l.data_size]).collect();
        for (listing, text) in listings.iter_mut().zip(&mut texts) {
            listing.p_data = text.as_mut_ptr().cast();
        }
        // SAFETY: each listing's data is as large as the driver said.
        unsafe { call(device, executable, &mut count, listings.as_mut_ptr()) }.result()?;
        Ok(listings
            .iter()
            .zip(texts)
            .filter(|(listing, _)| listing.is_text == vk::TRUE)
            .map(|(listing, data)| {
                let end = data
                    .iter()
                    .position(|byte| *byte == 0)
                    .unwrap_or(data.len());
                let data = String::from_utf8_lossy(&data[..end]).into_owned();
                (text(&listing.name), data)
            })
            .collect())
    }
}

/// Objects that are destroyed together.
struct Created<'a> {
    device: &'a ash::Device,
    module: vk::ShaderModule,
    set_layout: vk::DescriptorSetLayout,
    layout: vk::PipelineLayout,
    pipeline: vk::Pipeline,
}

impl Drop for Created<'_> {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: the handles belong to `device` or are null, and nothing uses them any more.
        unsafe {
            self.device.destroy_pipeline(self.pipeline, None);
            self.device.destroy_pipeline_layout(self.layout, None);
            self.device
                .destroy_descriptor_set_layout(self.set_layout, None);
            self.device.destroy_shader_module(self.module, None);
        }
    }
}

fn layout_binding((number, binding): (u32, &Binding)) -> vk::DescriptorSetLayoutBinding<'static> {
    vk::DescriptorSetLayoutBinding::default()
        .binding(number)
        .descriptor_count(1)
        .stage_flags(vk::ShaderStageFlags::COMPUTE)
        .descriptor_type(match binding {
            Binding::Uniform => vk::DescriptorType::UNIFORM_BUFFER,
            Binding::Buffer => vk::DescriptorType::STORAGE_BUFFER,
            Binding::Texture => vk::DescriptorType::SAMPLED_IMAGE,
            Binding::StorageTexture => vk::DescriptorType::STORAGE_IMAGE,
        })
}

/// Returns the text of a name of fixed size.
fn text(name: &[c_char]) -> String {
    let bytes: Vec<u8> = name.iter().map(|c| *c as u8).collect();
    CStr::from_bytes_until_nul(&bytes)
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}
