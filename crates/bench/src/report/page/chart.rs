//! Parts that several charts share: scales and kernel families.

use serde::Serialize;

/// A logarithmic axis of positive numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogAxis {
    low: f64,
    high: f64,
}

impl LogAxis {
    /// Makes an axis that covers all positive finite values, with a margin. Returns `None` if no
    /// such value exists.
    pub fn over(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let logs = values
            .into_iter()
            .filter(|&v| v > 0.0)
            .map(f64::log10)
            .filter(|log| log.is_finite());
        let (low, high) = logs.fold((f64::MAX, f64::MIN), |(low, high), v| {
            (low.min(v), high.max(v))
        });
        (low <= high).then_some(Self {
            low: low - 0.2,
            high: high + 0.2,
        })
    }

    /// Returns the position of a number on the axis, from 0 to 1.
    pub fn position(&self, value: f64) -> f64 {
        (value.log10() - self.low) / (self.high - self.low)
    }

    /// Returns the number at a position.
    pub fn at(&self, position: f64) -> f64 {
        10f64.powf(self.low + position * (self.high - self.low))
    }

    /// Returns a few round numbers on the axis: powers of ten, or 1 and 3 times powers of ten if
    /// the axis spans at most two of them.
    pub fn ticks(&self) -> Vec<f64> {
        let decades = self.decades();
        if decades.len() > 2 {
            return decades;
        }
        let first = self.low.floor() as i32;
        let between =
            (first..=first + 3).flat_map(|power| [1.0, 3.0].map(|step| step * 10f64.powi(power)));
        between
            .filter(|&tick| (0.0..=1.0).contains(&self.position(tick)))
            .collect()
    }

    fn decades(&self) -> Vec<f64> {
        let first = self.low.ceil() as i32;
        let last = self.high.floor() as i32;
        let every = 1 + (last - first).max(0) as usize / 7;
        (first..=last)
            .step_by(every)
            .map(|power| 10f64.powi(power))
            .collect()
    }
}

/// The kind of a kernel, derived from its name. Results of other versions may name kernels that
/// this version does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Family {
    /// The class in the style sheet that sets the colour of the family's bars.
    pub class: &'static str,
    pub name: &'static str,
}

/// All families, in the order of legends.
pub(super) const FAMILIES: [Family; 6] = [
    family("f1", "convolution"),
    family("f2", "1×1 convolution"),
    family("f3", "grouped convolution"),
    family("f4", "fully connected"),
    family("f5", "pooling"),
    family("f6", "other"),
];

const fn family(class: &'static str, name: &'static str) -> Family {
    Family { class, name }
}

/// Returns the family of the kernel with this name.
pub(super) fn family_of(kernel: &str) -> Family {
    let i = if kernel.starts_with("conv1x1") {
        1
    } else if kernel.contains("grouped") {
        2
    } else if kernel.starts_with("conv") || kernel.starts_with("winograd") {
        0
    } else if kernel.starts_with("linear") {
        3
    } else if kernel.contains("pool") {
        4
    } else {
        5
    };
    FAMILIES[i]
}

#[cfg(test)]
mod tests {
    use super::*;
    use resnet_wgpu::low_level::kernels::KERNELS;

    #[test]
    fn logarithmic_axes() {
        let axis = LogAxis::over([1.0, 1000.0, 0.0, -3.0, f64::NAN]).unwrap();
        assert_eq!(axis.decades(), [1.0, 10.0, 100.0, 1000.0]);
        assert!((axis.at(axis.position(20.0)) - 20.0).abs() < 1e-9);
        assert!(LogAxis::over([0.0]).is_none());
        let narrow = LogAxis::over([150.0, 900.0]).unwrap();
        assert_eq!(narrow.ticks(), [100.0, 300.0, 1000.0]);
        let wide = LogAxis::over([f64::MIN_POSITIVE, f64::MAX]).unwrap();
        assert!(wide.decades().len() <= 16);
    }

    #[test]
    fn every_kernel_has_its_family() {
        use resnet_wgpu::low_level::kernels::KernelFamily;
        for kernel in KERNELS {
            let class = family_of(kernel.name).class;
            match kernel.family {
                KernelFamily::Conv | KernelFamily::WinogradInput | KernelFamily::WinogradOutput => {
                    assert!(["f1", "f2"].contains(&class))
                }
                KernelFamily::GroupedConv => assert_eq!(class, "f3"),
                KernelFamily::Linear => assert_eq!(class, "f4"),
                KernelFamily::MaxPool | KernelFamily::AvgPool | KernelFamily::GlobalAvgPool => {
                    assert_eq!(class, "f5");
                }
                _ => assert_eq!(class, "f6"),
            }
        }
    }
}
