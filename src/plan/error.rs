//! Why a network cannot be planned, each with a remedy.

/// A network that a device cannot run as planned.
///
/// ```
/// use resnet_wgpu::Model;
/// use resnet_wgpu::low_level::passes::lower;
/// use resnet_wgpu::low_level::plan::{DeviceProfile, Plan, PlanError, PlanOptions};
///
/// let model = Model::embedded()?;
/// let lowered = lower(&model.graph(32, 32)?, model.params(), &[])?;
/// let (profile, options) = (DeviceProfile::default(), PlanOptions::default());
/// let Err(error) = Plan::new(&lowered, 1 << 20, &profile, &[], &options) else {
///     panic!("its activations are larger than a binding may be");
/// };
/// assert!(matches!(error, PlanError::TooLarge { .. }));
/// assert!(error.to_string().ends_with("use a smaller batch or input size"));
/// assert!(Plan::max_batch(&lowered, 1 << 20, &profile, &[], &options) < 1 << 20);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A buffer is larger than the device binds.
    #[error(
        "layer `{layer}` needs a buffer of {needed} bytes, and this device binds at most {limit}; \
         use a smaller batch or input size"
    )]
    TooLarge {
        /// The layer.
        layer: String,
        /// Bytes that it needs.
        needed: u64,
        /// Bytes that the device binds.
        limit: u64,
    },
    /// A weight is larger than the device binds, and cannot be cut.
    #[error(
        "layer `{layer}` has weights of {needed} bytes, and this device binds at most {limit}; \
         open the device with higher limits where it has them, use another one, or the CPU"
    )]
    WeightTooLarge {
        /// The layer.
        layer: String,
        /// Bytes that they need.
        needed: u64,
        /// Bytes that the device binds.
        limit: u64,
    },
    /// A node to be kept that the graph was not lowered with.
    #[error("node {0} is to be kept: lower the graph with it")]
    NotKept(usize),
    /// A dispatch has more workgroups than the device takes.
    #[error(
        "layer `{layer}` needs {needed} workgroups, and this device dispatches at most {limit}² \
         at once; use a smaller batch or input size"
    )]
    TooManyWorkgroups {
        /// The layer.
        layer: String,
        /// Workgroups that it needs.
        needed: u64,
        /// Workgroups along a dimension.
        limit: u32,
    },
    /// A shader's loops are longer than every driver runs them: Mesa's llvmpipe
    /// ends them after 65,535 turns in all, without an error.
    #[error(
        "layer `{layer}` needs {needed} turns of a shader's loops, and some drivers end them after \
         {limit}; use a smaller input size, or the CPU"
    )]
    LoopTooLong {
        /// The layer.
        layer: String,
        /// Turns that it needs.
        needed: u64,
        /// Turns that every driver runs.
        limit: u64,
    },
    /// No kernel of a family runs on this device.
    #[error(
        "layer `{layer}` ({op}): no kernel runs within this device's limits ({limits}); \
         open the device with higher ones where it has them, use another one, or the CPU"
    )]
    NoKernel {
        /// The layer.
        layer: String,
        /// Its operation.
        op: &'static str,
        /// The limits, readably.
        limits: String,
    },
    /// An operation that stays after the passes and has no kernel.
    #[error("layer `{layer}`: a {op} that no pass could absorb has no kernel")]
    Unsupported {
        /// The layer.
        layer: String,
        /// Its operation.
        op: &'static str,
    },
    /// f16 on a device that has none.
    #[error(
        "this device has no f16 in shaders (the feature SHADER_F16); use f32, or another \
         device"
    )]
    NoF16,
    /// Bytes of red, green and blue for a network that reads other channels.
    #[error(
        "expected a network of 3 input channels for images of bytes, found {0}; pass them as f32"
    )]
    NotRgb(usize),
    /// A batch of no images.
    #[error("a batch needs at least one image")]
    EmptyBatch,
}
