//! Errors of planning, each with a remedy.

/// The reason why a network cannot be planned for a device.
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
    /// A buffer is larger than the device supports.
    #[error(
        "layer `{layer}` needs a buffer of {needed} bytes, and this device binds at most {limit}; \
         use a smaller batch or input size"
    )]
    TooLarge {
        /// Name of the layer.
        layer: String,
        /// Required size in bytes.
        needed: u64,
        /// The device's limit in bytes.
        limit: u64,
    },
    /// A weight is larger than the device supports, and cannot be split.
    #[error(
        "layer `{layer}` has weights of {needed} bytes, and this device binds at most {limit}; \
         open the device with higher limits where it has them, use another one, or the CPU"
    )]
    WeightTooLarge {
        /// Name of the layer.
        layer: String,
        /// Required size in bytes.
        needed: u64,
        /// The device's limit in bytes.
        limit: u64,
    },
    /// A node is to be kept, but the graph was lowered without keeping it.
    #[error("node {0} is to be kept: lower the graph with it")]
    NotKept(usize),
    /// A dispatch has more workgroups than the device supports.
    #[error(
        "layer `{layer}` needs {needed} workgroups, and this device dispatches at most {limit}² \
         at once; use a smaller batch or input size"
    )]
    TooManyWorkgroups {
        /// Name of the layer.
        layer: String,
        /// Required number of workgroups.
        needed: u64,
        /// The device's limit along one dimension.
        limit: u32,
    },
    /// A shader would need more loop iterations than every driver supports. Mesa's llvmpipe ends an
    /// invocation's loops after 65,535 iterations in total, without an error.
    #[error(
        "layer `{layer}` needs {needed} turns of a shader's loops, and some drivers end them after \
         {limit}; use a smaller input size, or the CPU"
    )]
    LoopTooLong {
        /// Name of the layer.
        layer: String,
        /// Required number of iterations.
        needed: u64,
        /// Number of iterations that every driver supports.
        limit: u64,
    },
    /// No kernel for an operation runs on this device.
    #[error(
        "layer `{layer}` ({op}): no kernel runs within this device's limits ({limits}); \
         open the device with higher ones where it has them, use another one, or the CPU"
    )]
    NoKernel {
        /// Name of the layer.
        layer: String,
        /// Name of the operation.
        op: &'static str,
        /// Description of the device's limits.
        limits: String,
    },
    /// An operation without a kernel is left after the passes.
    #[error("layer `{layer}`: a {op} that no pass could absorb has no kernel")]
    Unsupported {
        /// Name of the layer.
        layer: String,
        /// Name of the operation.
        op: &'static str,
    },
    /// f16 was requested on a device without f16 in shaders.
    #[error(
        "this device has no f16 in shaders (the feature SHADER_F16); use f32, or another \
         device"
    )]
    NoF16,
    /// Byte images (red, green and blue) were requested for a network without three input channels.
    #[error(
        "expected a network of 3 input channels for images of bytes, found {0}; pass them as f32"
    )]
    NotRgb(usize),
    /// The batch contains no images.
    #[error("a batch needs at least one image")]
    EmptyBatch,
}
