//! Parses the values of options. Each error message states the expectation.

use std::path::Path;

use resnet_wgpu::low_level::graph::ZeroChannels;
use resnet_wgpu::low_level::kernels::{Candidate, KernelFamily, candidate, candidates};
use resnet_wgpu::low_level::models::{UnknownPreset, anti_aliased};
use resnet_wgpu::{DeviceSelector, Interpolation, Network, Precision};
use resnet_wgpu_bench::Source;

use crate::options::tuning_choice::TuningChoice;

/// The device that computes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The CPU.
    Cpu,
    /// An adapter.
    Gpu(DeviceSelector),
}

/// Parses `auto`, `cpu`, an index or a part of a name.
pub fn device(text: &str) -> Result<DeviceChoice, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("expected auto, cpu, or an index or name of `resnet devices`".into());
    }
    if text.eq_ignore_ascii_case("cpu") {
        return Ok(DeviceChoice::Cpu);
    }
    let Ok(selector) = text.parse();
    Ok(DeviceChoice::Gpu(selector))
}

/// The devices to measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BenchDevice {
    /// Every adapter of every backend.
    All,
    /// One device.
    One(DeviceSelector),
}

/// Parses `auto`, `all`, an index or a part of a name.
pub fn bench_device(text: &str) -> Result<BenchDevice, String> {
    if text.trim().eq_ignore_ascii_case("all") {
        return Ok(BenchDevice::All);
    }
    match device(text)? {
        DeviceChoice::Gpu(selector) => Ok(BenchDevice::One(selector)),
        DeviceChoice::Cpu => Err(
            "expected a GPU, which is measured against the CPU; name one of `resnet devices`"
                .into(),
        ),
    }
}

/// Parses a preset's name or the path of an existing file.
pub fn source(text: &str) -> Result<Source, String> {
    match preset(text) {
        Ok(network) => Ok(Source::Preset(network.name)),
        Err(_) if Path::new(text).exists() => Ok(Source::File(text.into())),
        Err(_) if Path::new(text).extension().is_some() => {
            Err("expected a checkpoint or a preset, and there is no such file".into())
        }
        Err(message) => Err(message),
    }
}

/// Parses `auto`, `off`, or the path of an existing file.
pub fn tuning(text: &str) -> Result<TuningChoice, String> {
    match text {
        "auto" => Ok(TuningChoice::Auto),
        "off" => Ok(TuningChoice::Off),
        file if Path::new(file).is_file() => Ok(TuningChoice::File(file.into())),
        _ => {
            Err("expected auto, off, or a file of `resnet tune`, and there is no such file".into())
        }
    }
}

/// Parses the name of a candidate for convolutions.
pub fn kernel(text: &str) -> Result<Candidate, String> {
    let convolves =
        |c: &Candidate| matches!(c.family(), KernelFamily::Conv | KernelFamily::GroupedConv);
    candidate(text).filter(convolves).ok_or_else(|| {
        let names = candidates().filter(convolves).map(|c| c.name);
        let names: Vec<&str> = names.collect();
        format!("expected one of {}", names.join(", "))
    })
}

/// Parses a duration from 0.001 to 86,400 seconds.
pub fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.001..=86_400.0).contains(&seconds) => Ok(seconds),
        _ => Err("expected seconds, from 0.001 to 86400".into()),
    }
}

/// Parses a fraction of the largest logit, from 0 to 1.
pub fn tolerance(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(error) if (0.0..=1.0).contains(&error) => Ok(error),
        _ => Err("expected a part of the largest logit, from 0 to 1, such as 1e-3".into()),
    }
}

/// Parses `f32`, `f16` or `auto`.
pub fn precision(text: &str) -> Result<Precision, String> {
    text.parse()
}

/// Parses a preset's name.
pub fn preset(text: &str) -> Result<Network, String> {
    text.parse().map_err(|unknown: UnknownPreset| {
        if anti_aliased(text) {
            return unknown.to_string();
        }
        let near = unknown.near.join(", ");
        format!("expected a preset, such as {near}; `resnet summary --help` lists all")
    })
}

/// Parses `half` or `after`.
pub fn zero_channels(text: &str) -> Result<ZeroChannels, String> {
    match text {
        "half" => Ok(ZeroChannels::HalfBefore),
        "after" => Ok(ZeroChannels::After),
        _ => Err("expected half (half before the copied channels, half after) or after".into()),
    }
}

/// Parses `bilinear` or `bicubic`.
pub fn interpolation(text: &str) -> Result<Interpolation, String> {
    text.parse()
        .map_err(|_| "expected bilinear or bicubic".into())
}

/// Parses three numbers, `R,G,B`.
pub fn mean(text: &str) -> Result<[f32; 3], String> {
    triple(text).ok_or_else(|| {
        "expected three numbers for red, green and blue on the scale 0 to 1, \
         such as .485,.456,.406"
            .into()
    })
}

/// Parses three numbers above 0, `R,G,B`.
pub fn std(text: &str) -> Result<[f32; 3], String> {
    let above = |values: &[f32; 3]| values.iter().all(|v| *v > 0.0);
    triple(text).filter(above).ok_or_else(|| {
        "expected three numbers above 0 for red, green and blue on the scale 0 to 1, \
         such as .229,.224,.225"
            .into()
    })
}

fn triple(text: &str) -> Option<[f32; 3]> {
    let numbers: Vec<f32> = (text.split(','))
        .map(|part| part.trim().parse().ok().filter(|v: &f32| v.is_finite()))
        .collect::<Option<_>>()?;
    numbers.try_into().ok()
}

/// Parses a fraction from 0.01 to 1.
pub fn crop_pct(text: &str) -> Result<f64, String> {
    match text.trim().parse() {
        Ok(value) if (0.01..=1.0).contains(&value) => Ok(value),
        _ => Err("expected a fraction from 0.01 to 1, such as 0.875".into()),
    }
}

/// Parses the number between 0 and 1 that batch norm adds to the variance.
pub fn eps(text: &str) -> Result<f64, String> {
    match text.trim().parse() {
        Ok(value) if value > 0.0 && value < 1.0 => Ok(value),
        _ => Err("expected a number between 0 and 1, such as 1e-5".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read() {
        assert_eq!(mean(".485,.456,.406"), Ok([0.485, 0.456, 0.406]));
        assert_eq!(mean("-1, 0, 1e-3"), Ok([-1.0, 0.0, 0.001]));
        assert_eq!(std("1,2,3"), Ok([1.0, 2.0, 3.0]));
        assert_eq!(device("CPU"), Ok(DeviceChoice::Cpu));
        assert_eq!(device("1"), Ok(DeviceChoice::Gpu(DeviceSelector::Index(1))));
        assert_eq!(crop_pct("0.875"), Ok(0.875));
        assert_eq!(precision("F32"), Ok(Precision::F32));
        assert_eq!(precision("auto"), Ok(Precision::Auto));
        assert_eq!(preset("ResNet50").map(|n| n.name), Ok("resnet50".into()));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "1,2", "1,2,3,4", "1,x,3", "1,nan,3", "1,inf,3"] {
            assert!(mean(text).is_err(), "{text}");
        }
        assert!(std("1,0,1").is_err());
        for text in ["0", "1.1", "NaN", "-1", "half"] {
            assert!(crop_pct(text).is_err(), "{text}");
            assert!(eps(text).is_err(), "{text}");
        }
        assert!(precision("f64").unwrap_err().contains("f32"));
        assert!(device(" ").is_err());
    }

    #[test]
    fn unknown_presets_have_near_ones() {
        assert!(preset("resnet51").unwrap_err().contains("resnet50"));
        assert!(
            preset("resnext50_32x4")
                .unwrap_err()
                .contains("such as resnext50-32x4d")
        );
    }
}
