//! Measures all kernels, or those of one network's plan, on one GPU.

use std::path::{Path, PathBuf};

use resnet_wgpu::low_level::kernels::{KERNELS, Kernel, KernelOutputs, KernelVariant, ScalarTypes};
use resnet_wgpu::low_level::passes::lower;
use resnet_wgpu::low_level::plan::{Plan, PlanOptions};
use resnet_wgpu::{Gpu, Model, Network};

use crate::Error;
use crate::audited::{Compiled, Compiler};
use crate::figures::Figures;
use crate::result::{KernelStatistics, Statistics, VERSION};
use crate::spirv::{bindings, spirv};

/// A GPU whose compiler is examined.
pub struct Device {
    info: wgpu::AdapterInfo,
    /// The GPU, opened for sessions.
    gpu: Gpu,
    compiler: Compiler,
}

impl Device {
    /// Opens the adapter of that number among Vulkan's.
    ///
    /// # Errors
    /// [`Error::NoAdapter`], and as [`Compiler::open`].
    pub fn open(index: usize) -> Result<Self, Error> {
        let mut instance = wgpu::InstanceDescriptor::new_without_display_handle();
        instance.backends = wgpu::Backends::VULKAN;
        instance.flags = wgpu::InstanceFlags::empty();
        let instance = wgpu::Instance::new(instance);
        let mut adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::VULKAN));
        if index >= adapters.len() {
            let found = adapters.len();
            return Err(Error::NoAdapter { index, found });
        }
        let adapter = adapters.swap_remove(index);
        let descriptor = Gpu::device_descriptor(&adapter);
        let compiler = Compiler::open(&adapter, &descriptor)?;
        let opened = pollster::block_on(adapter.request_device(&descriptor));
        let (device, queue) = opened.map_err(|e| Error::vulkan("a device", e))?;
        let gpu = Gpu::from_device(&adapter, device, queue).map_err(resnet_wgpu::Error::from)?;
        Ok(Self {
            info: adapter.get_info(),
            gpu,
            compiler,
        })
    }

    /// Compiles all kernels that the device can run, or those of a network's plan at a batch size.
    /// A kernel that the driver refuses is part of the result.
    ///
    /// # Errors
    /// [`Error::Shader`] if a kernel does not translate; [`Error::Network`]; [`Error::File`] if a
    /// listing cannot be written.
    pub fn statistics(
        &self,
        network: Option<(&str, usize)>,
        listings: Option<&Listings>,
    ) -> Result<Statistics, Error> {
        let kernels: Vec<(KernelVariant, Option<f64>)> = match network {
            Some((network, batch)) => self.chosen(network, batch)?,
            None => self.all().map(|kernel| (kernel, None)).collect(),
        };
        let mut rows = vec![];
        for (variant, share) in kernels {
            let mut row = KernelStatistics {
                kernel: name(variant),
                share,
                compile_ms: 0.0,
                refused: None,
                figures: Figures::default(),
            };
            let storage = self.gpu.profile().storage;
            let code = spirv(variant, storage, self.compiler.spirv_version)?;
            let bindings = bindings(variant, storage);
            match self.compiler.compile(&code, &bindings) {
                Ok(compiled) => {
                    row.compile_ms = compiled.time.as_secs_f64() * 1e3;
                    row.figures = Figures::of(&compiled);
                    if let Some(listings) = listings {
                        listings.write(&row.kernel, &compiled)?;
                    }
                }
                Err(error) => row.refused = Some(error.to_string()),
            }
            rows.push(row);
        }
        Ok(Statistics {
            version: VERSION,
            gpu: self.info.name.clone(),
            driver: format!("{} {}", self.info.driver, self.info.driver_info),
            network: network.map(|(name, batch)| format!("{name}, batch {batch}")),
            kernels: rows,
        })
    }

    /// Returns the kernels that the device chooses for a network with seeded weights, in the order
    /// in which the plan first uses them, each with its share of the multiply-adds.
    ///
    /// # Errors
    /// [`Error::Network`].
    fn chosen(
        &self,
        network: &str,
        batch: usize,
    ) -> Result<Vec<(KernelVariant, Option<f64>)>, Error> {
        let network: Network = network.parse().map_err(resnet_wgpu::Error::from)?;
        let model = Model::synthetic(network, 0)?;
        let plan = self.plan(&model, batch)?;
        let steps = &plan.steps;
        let total: u64 = steps.iter().map(|step| step.macs).sum();
        let mut kernels: Vec<(KernelVariant, Option<f64>)> = vec![];
        for step in steps {
            let share = step.macs as f64 / total as f64;
            match kernels.iter_mut().find(|(k, _)| *k == step.variant()) {
                Some((_, sum)) => *sum = sum.map(|sum| sum + share),
                None => kernels.push((step.variant(), Some(share))),
            }
        }
        Ok(kernels)
    }

    /// Returns the network's plan. A session would also compile its kernels and upload its weights.
    fn plan(&self, model: &Model, batch: usize) -> Result<Plan, resnet_wgpu::Error> {
        let side = model.input_size();
        let graph = model.graph(side, side)?;
        let lowered = lower(&graph, model.params(), &[])?;
        let (profile, options) = (self.gpu.profile(), PlanOptions::default());
        Ok(Plan::new(&lowered, batch, profile, &[], &options)?)
    }

    /// Returns all kernels that the device can run, in their table's order.
    fn all(&self) -> impl Iterator<Item = KernelVariant> {
        let profile = self.gpu.profile();
        let kernels = KERNELS.iter().filter(|kernel| profile.runs(kernel));
        let variants = kernels.flat_map(Kernel::variants);
        variants.filter(|variant| !variant.types.half() || profile.f16)
    }
}

/// Returns the kernel's name, with its types unless they are f32, and its outputs unless it stores
/// a sum.
fn name(variant: KernelVariant) -> String {
    let mut name = variant.kernel.name.to_owned();
    if variant.types != ScalarTypes::F32 {
        let ScalarTypes { reads, writes } = variant.types;
        name += &format!(" {reads:?}-{writes:?}");
    }
    if variant.outputs != KernelOutputs::Sum {
        name += &format!(" {:?}", variant.outputs);
    }
    name
}

/// A folder for the driver's statistics and listings.
pub struct Listings {
    folder: PathBuf,
}

impl Listings {
    /// Creates the folder if it does not exist.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn new(folder: &Path) -> Result<Self, Error> {
        let folder = folder.to_owned();
        std::fs::create_dir_all(&folder).map_err(|source| Error::File {
            path: folder.clone(),
            source,
        })?;
        Ok(Self { folder })
    }

    fn write(&self, kernel: &str, compiled: &Compiled) -> Result<(), Error> {
        let lines = compiled.statistics.iter();
        let statistics = lines.map(|(name, value)| format!("{name}: {value}\n"));
        let statistics = ("statistics".to_owned(), statistics.collect());
        for (listing, text) in compiled.listings.iter().chain([&statistics]) {
            let file = format!("{kernel}.{listing}.txt").replace([' ', '/'], "_");
            let path = self.folder.join(file);
            std::fs::write(&path, text).map_err(|source| Error::File { path, source })?;
        }
        Ok(())
    }
}
