//! Requested precision, and the precision that it becomes on a device.

use std::str::FromStr;

use super::{DeviceClass, DeviceProfile, PlanError};
use crate::kernels::Scalar;

/// Requested storage format of activations and weights. Sums are always f32.
///
/// ```
/// use resnet_wgpu::low_level::plan::Scalar;
/// use resnet_wgpu::Precision;
/// use resnet_wgpu::low_level::plan::DeviceProfile;
///
/// assert_eq!("auto".parse(), Ok(Precision::Auto));
/// // A device without f16 in shaders.
/// let profile = DeviceProfile::default();
/// assert_eq!(Precision::Auto.on(&profile)?.scalar, Scalar::F32);
/// assert!(Precision::F16.on(&profile).is_err());
/// # Ok::<(), resnet_wgpu::low_level::plan::PlanError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Precision {
    /// 32-bit floating point.
    #[default]
    F32,
    /// 16-bit floating point. f16 needs half the memory and traffic, and has about three decimal
    /// digits. Planning fails if shaders have no f16.
    F16,
    /// f16 if it is faster, else f32. f16 is faster on hardware whose shaders support f16, and
    /// applies only if the weights fit its range.
    Auto,
}

/// Resolved precision: the precision that a request becomes on a device.
///
/// ```
/// use resnet_wgpu::low_level::plan::Scalar;
/// use resnet_wgpu::{Device, Model, Precision, Session, SessionOptions};
///
/// let options = SessionOptions {
///     precision: Precision::Auto,
///     ..SessionOptions::default()
/// };
/// let session = Session::new(Device::Cpu, &Model::embedded()?, &options)?;
/// let resolved = session.precision();
/// assert_eq!(resolved.scalar, Scalar::F32);
/// println!("f32, as {}", resolved.why.as_deref().unwrap_or("asked for"));
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedPrecision {
    /// Stored scalar type of activations and weights.
    pub scalar: Scalar,
    /// The reason why [`Precision::Auto`] became f32, if it did.
    pub why: Option<String>,
}

impl ResolvedPrecision {
    /// f32 as requested.
    pub const F32: Self = Self {
        scalar: Scalar::F32,
        why: None,
    };

    /// Returns f32 with the reason for the fallback.
    pub fn fallback(why: impl Into<String>) -> Self {
        Self {
            scalar: Scalar::F32,
            why: Some(why.into()),
        }
    }
}

impl Precision {
    /// Resolves the precision for a device with the given profile.
    ///
    /// # Errors
    /// [`PlanError::NoF16`] for [`Precision::F16`] if shaders have no f16.
    pub fn on(self, profile: &DeviceProfile) -> Result<ResolvedPrecision, PlanError> {
        let f16 = ResolvedPrecision {
            scalar: Scalar::F16,
            why: None,
        };
        match self {
            Self::F32 => Ok(ResolvedPrecision::F32),
            Self::F16 if profile.f16 => Ok(f16),
            Self::F16 => Err(PlanError::NoF16),
            Self::Auto if !profile.f16 => {
                Ok(ResolvedPrecision::fallback("it has no f16 in shaders"))
            }
            Self::Auto if profile.class == DeviceClass::Software => Ok(
                ResolvedPrecision::fallback("a software driver is no faster in f16"),
            ),
            Self::Auto => Ok(f16),
        }
    }
}

impl From<Scalar> for Precision {
    fn from(scalar: Scalar) -> Self {
        match scalar {
            Scalar::F16 => Self::F16,
            Scalar::F32 => Self::F32,
        }
    }
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "f32" => Ok(Self::F32),
            "f16" => Ok(Self::F16),
            "auto" => Ok(Self::Auto),
            _ => Err("expected f32, f16, or auto (f16 where it is faster)".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_takes_f16_where_it_helps() {
        let profile = |class, f16| DeviceProfile {
            class,
            f16,
            ..DeviceProfile::default()
        };
        let auto = |class, f16| Precision::Auto.on(&profile(class, f16)).unwrap();
        assert_eq!(auto(DeviceClass::Discrete, true).scalar, Scalar::F16);
        for resolved in [
            auto(DeviceClass::Discrete, false),
            auto(DeviceClass::Software, true),
        ] {
            assert!(resolved.scalar == Scalar::F32 && resolved.why.is_some());
        }
        let none = profile(DeviceClass::Discrete, false);
        assert_eq!(Precision::F16.on(&none), Err(PlanError::NoF16));
        assert_eq!(Precision::F32.on(&none), Ok(ResolvedPrecision::F32));
    }

    #[test]
    fn precisions_are_read() {
        assert_eq!("F16".parse(), Ok(Precision::F16));
        assert_eq!(" auto".parse(), Ok(Precision::Auto));
        assert!("f64".parse::<Precision>().unwrap_err().contains("auto"));
    }
}
