//! Measures all kernels, or those of one network's plan, on one GPU.

use std::path::{Path, PathBuf};

use resnet_wgpu::low_level::kernels::{KERNELS, Kernel, KernelOutputs, KernelVariant, ScalarTypes};
use resnet_wgpu::{Gpu, Model, Network, Session, SessionOptions};

use crate::Error;
use crate::audited::{Compiled, Compiler, VaryingSubgroups};
use crate::figures::Figures;
use crate::result::{KernelStatistics, Statistics, VERSION};
use crate::spirv::{bindings, spirv};

/// A GPU whose compiler is examined.
pub struct Device {
    info: wgpu::AdapterInfo,
    /// The GPU, opened for sessions.
    gpu: Gpu,
    compiler: Compiler,
    varying_subgroups: VaryingSubgroups,
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
        let subgroups = descriptor
            .required_features
            .contains(wgpu::Features::SUBGROUP);
        let compiler = Compiler::open(&adapter, &descriptor)?;
        let opened = pollster::block_on(adapter.request_device(&descriptor));
        let (device, queue) = opened.map_err(|e| Error::vulkan("a device", e))?;
        let gpu = Gpu::from_device(&adapter, device, queue).map_err(resnet_wgpu::Error::from)?;
        Ok(Self {
            info: adapter.get_info(),
            gpu,
            compiler,
            varying_subgroups: if subgroups {
                VaryingSubgroups::Allowed
            } else {
                VaryingSubgroups::Refused
            },
        })
    }

    /// Compiles all kernels that the device can run, or those of a network's plan at a batch size.
    /// A kernel that the driver refuses is part of the result.
    ///
    /// # Errors
    /// [`Error::Shader`] if a kernel does not translate; [`Error::NoPreset`]; [`Error::File`] if a
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
            match self
                .compiler
                .compile(&code, &bindings, self.varying_subgroups)
            {
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
    /// As [`Session::new`].
    fn chosen(
        &self,
        network: &str,
        batch: usize,
    ) -> Result<Vec<(KernelVariant, Option<f64>)>, Error> {
        let network = Network::preset(network).ok_or_else(|| Error::NoPreset {
            name: network.to_owned(),
        })?;
        let model = Model::synthetic(network, 0)?;
        let options = SessionOptions {
            batch,
            exact_batch: true,
            ..Default::default()
        };
        let session = Session::new(&self.gpu, &model, &options)?;
        let steps = session.plan().map_or(&[][..], |plan| &plan.steps[..]);
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
        match std::fs::create_dir_all(&folder) {
            Ok(()) => Ok(Self { folder }),
            Err(source) => Err(Error::File {
                path: folder,
                source,
            }),
        }
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
